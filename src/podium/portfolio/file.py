"""Read a portfolio file with everything it names, and tell all that is wrong with it in one pass.

1. The YAML is read with the place of every value (lives in ``core/yaml_files.py``).
2. Values of the environment and of ``--set`` are laid over it (``overrides.py``).
3. The sections are checked key by key (``sections.py``), then against each other (here).
4. Each strategy is built: ``defaults``, then its file, then its entry (``strategy_entries.py``).

Bars are not read here: whether a symbol has any is told by whoever reads them, at the place that ``locate`` gives.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from podium.core.carry import Carry
from podium.core.conversion import Conversion
from podium.core.documents import Item
from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean
from podium.core.places import Place, describe
from podium.core.times import Timeframe, parse_end, parse_time
from podium.core.validation import problems_of, show
from podium.core.yaml_files import read_document
from podium.portfolio.carry_sections import carry_files, read_carry
from podium.portfolio.configuration import AccountOptions, BarOptions, OrchestratorConfig, SimulationOptions
from podium.portfolio.conversion_section import conversion_files, read_conversion, stated_currencies
from podium.portfolio.overrides import Override, apply_environment, apply_settings
from podium.portfolio.sections import DataSection, PortfolioDocument, StrategySection, SymbolSection
from podium.portfolio.strategy_entries import StrategyEntry, read_entry

__all__ = ["PortfolioFile", "load_portfolio"]

#: In which section each option of a run stands.
_SECTIONS = {
    name: section
    for section, model in (("portfolio", AccountOptions), ("data", BarOptions), ("simulation", SimulationOptions))
    for name in model.model_fields
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioFile:
    """Hold a portfolio file that was read and checked.

    Args:
        path: the file.
        capital: the money at the start.
        equal_weights: whether every strategy gets the same share; then no entry has a weight.
        data: where the bars come from.
        data_path: the bars' file or folder, seen from here; ``None`` for the sample market.
        symbols: the symbols in file order, with their grid and costs.
        strategies: the enabled strategies in file order.
        overrides: every value that took the place of another, in the order in which they were applied.
        files: all files that were read, the portfolio file first, with the modules that Python files took from their
            own folders.
        settings: what the portfolio file says after overrides, as plain values, for the record.
        carry: what holding brings or costs, of the symbols that say something about it.
        conversion: where the rates of quote currencies come from that are not the account's.
    """

    path: Path
    capital: Decimal
    equal_weights: bool
    data: DataSection
    data_path: Path | None
    symbols: Mapping[str, SymbolSection]
    strategies: tuple[StrategyEntry, ...]
    overrides: tuple[Override, ...]
    files: tuple[Path, ...]
    settings: Mapping[str, object]
    carry: Mapping[str, Carry]
    conversion: Mapping[str, Conversion]
    document: PortfolioDocument
    root: Item

    @property
    def first(self) -> int | None:
        """Tell after which time bars that close are used, in nanoseconds since 1970 UTC."""
        return parse_time(self.data.first) if self.data.first else None

    @property
    def last(self) -> int | None:
        """Tell until which time bars that close are used, in nanoseconds since 1970 UTC."""
        return parse_end(self.data.last) if self.data.last else None

    def configuration(self, ticks: Mapping[str, Decimal]) -> OrchestratorConfig:
        """Give the options of the run.

        Args:
            ticks: the step of prices of the symbols for which the file states none.

        Returns:
            The options, with an instrument for every symbol.
        """
        named = {section: getattr(self.document, section) for section in set(_SECTIONS.values())}
        options: dict[str, object] = {
            name: getattr(named[section], name)
            for name, section in _SECTIONS.items()
            if name in named[section].model_fields_set
        }
        options["risk"] = self.document.risk
        options["instruments"] = {
            name: section.instrument(section.tick or ticks[name]) for name, section in self.symbols.items()
        }
        options["priorities"] = {entry.strategy_id: entry.priority for entry in self.strategies}
        options["carry"] = self.carry
        options["currencies"] = stated_currencies(self.document)
        options["conversion"] = self.conversion
        return OrchestratorConfig.model_validate(options)

    def locate(self, *place: str | int, key: bool = False) -> Location:
        """Tell where something stands in the file.

        Args:
            place: keys and positions, such as ``"symbols", "BTC/USDT"``.
            key: whether the key is meant instead of the value.

        Returns:
            The location; the nearest thing around it when it is not in the file.
        """
        return self.root.locate(place, key)

    def locate_option(self, place: Place) -> Location:
        """Tell where an option of the run stands in the file.

        Args:
            place: keys and positions of what ``configuration`` and this object give, such as ``"instruments", 0,
                "leverage"``; a symbol or a strategy is named or numbered.

        Returns:
            Where its key stands, or the nearest thing around it; the file alone without a place.
        """
        match place:
            case ():
                return Location(file=str(self.path))
            case ("initial_capital",):
                written: Place = ("portfolio", "capital")
            case ("instruments" | "carry", symbol, *rest):
                written = ("symbols", [*self.symbols][symbol] if isinstance(symbol, int) else symbol, *rest)
            case ("currencies", symbol):
                written = ("symbols", symbol, "currency")
            case ("strategies", int(number), *rest):
                enabled = [position for position, each in enumerate(self.document.strategies) if each.enabled]
                written = ("strategies", enabled[number], *rest)
            case (str(option), *_) if (section := _SECTIONS.get(option)) is not None:
                written = (section, *place)
            case _:
                written = place
        return self.root.locate(written, key=True)

    def missing_bars(self, found: Mapping[str, object]) -> list[Problem]:
        """Say which symbols of the file have no bars.

        Args:
            found: the symbols that were read.

        Returns:
            One problem per symbol, at its place in the file.
        """
        return [
            Problem(
                message=f"there are no bars of '{symbol}'" + (f" in {self.data_path}" if self.data_path else ""),
                location=self.locate("symbols", symbol, key=True),
                expected=f"one of {', '.join(sorted(found))}" if found else "bars of this symbol",
                hint=self._hint_at_bars(symbol, found),
            )
            for symbol in self.symbols
            if symbol not in found
        ]

    def _hint_at_bars(self, symbol: str, found: Mapping[str, object]) -> str | None:
        # Pairs with one quote currency always look alike: only those that begin alike may be meant.
        near = did_you_mean(symbol, [name for name in found if name[:1].upper() == symbol[:1].upper()])
        if near is not None or self.data.source == "sample":
            return near
        timeframe = f"_{self.data.timeframe}" if self.data.timeframe else ""
        return f"its file is called {symbol.replace('/', '-')}{timeframe}.{self.data.source}"


def load_portfolio(
    path: Path | str, overrides: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> PortfolioFile:
    """Read a portfolio file and everything it names, except bars.

    Args:
        path: the YAML file.
        overrides: values to set, such as ``{"strategies.trend.params.fast": "10"}``; they win over everything.
        environment: variables; those that start with ``PODIUM__`` set values. By default the process's own.

    Returns:
        The portfolio.

    Raises:
        ConfigurationError: with all problems of the file and of the strategy files it names.
    """
    path = Path(path)
    root = _with_map_of_symbols(read_document(path))
    root, from_environment = apply_environment(root, os.environ if environment is None else environment)
    root, from_settings = apply_settings(root, overrides or {})
    root = _with_map_of_symbols(root)
    try:
        document = PortfolioDocument.model_validate(root.plain())
    except ValidationError as error:
        raise ConfigurationError(problems_of(error, PortfolioDocument, root.locate, describe)) from None
    problems = [*_data_problems(document, root, path), *_strategy_problems(document, root)]
    carry, carry_problems = read_carry(document, root, path.parent)
    conversion, conversion_problems = read_conversion(document, root, path.parent)
    problems += [*carry_problems, *conversion_problems]
    entries: list[StrategyEntry] = []
    for position, section in enumerate(document.strategies):
        try:
            entry = read_entry(section, root, position, path.parent, document.symbols)
        except ConfigurationError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_timeframe_problems(entry, document, root, position))
        if section.enabled:
            entries.append(entry)
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return PortfolioFile(
        path=path,
        capital=document.portfolio.capital,
        equal_weights=document.portfolio.equal_weights,
        data=document.data,
        data_path=None if document.data.path is None else path.parent / document.data.path,
        symbols=document.symbols,
        strategies=tuple(_with_only_weight(entries, document)),
        overrides=_told_once(entries, [*from_environment, *from_settings]),
        files=_files(path, document, entries),
        settings=_record(root.plain()),
        carry=carry,
        conversion=conversion,
        document=document,
        root=root,
    )


def _files(path: Path, document: PortfolioDocument, entries: list[StrategyEntry]) -> tuple[Path, ...]:
    named = [file for entry in entries for file in (entry.path, *entry.modules)]
    series = (*carry_files(document, path.parent), *conversion_files(document, path.parent))
    return tuple(dict.fromkeys((path, *series, *named)))


def _with_map_of_symbols(root: Item) -> Item:
    """Read a list of symbols as a map without settings, so that each symbol keeps its place."""
    listed = root.get("symbols")
    if listed is None or not isinstance(listed.value, tuple):
        return root
    symbols: dict[str, Item] = {}
    for item in listed.value:
        if not isinstance(item.value, str) or item.value in symbols:
            return root  # what is wrong with the list is told by its section
        symbols[item.value] = Item(value={}, location=item.location, key_location=item.location)
    return root.with_value(
        ("symbols",), Item(value=symbols, location=listed.location, key_location=listed.key_location)
    )


def _told_once(entries: list[StrategyEntry], outside: list[Override]) -> tuple[Override, ...]:
    """Join the records; a parameter set from outside is told by its strategy, which knows what its file said."""
    merged = [override for entry in entries for override in entry.overrides]
    told = {override.source for override in merged}
    return (*merged, *(override for override in outside if override.source not in told))


def _with_only_weight(entries: list[StrategyEntry], document: PortfolioDocument) -> Iterator[StrategyEntry]:
    single = len(entries) == 1 and not document.portfolio.equal_weights
    for entry in entries:
        yield entry.with_weight(Decimal(1)) if single and entry.weight is None else entry


def _record(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _data_problems(document: PortfolioDocument, root: Item, path: Path) -> Iterator[Problem]:
    data = document.data
    if data.path is not None and not (path.parent / data.path).exists():
        folder = (path.parent / data.path).parent
        near = [entry.name for entry in sorted(folder.glob("*"))] if folder.is_dir() else []
        yield Problem(
            message=f"there is no file or folder {path.parent / data.path}",
            location=root.locate(("data", "path")),
            expected="a file or a folder of bars, seen from the portfolio file",
            hint=did_you_mean(Path(data.path).name, near),
        )
    benchmark = document.portfolio.benchmark
    if benchmark is not None and benchmark not in document.symbols:
        yield _unknown_symbol(benchmark, document, root.locate(("portfolio", "benchmark")))
    for symbol in document.portfolio.conflict_symbols:
        if symbol not in document.symbols:
            yield _unknown_symbol(symbol, document, root.locate(("portfolio", "conflicts", symbol), True))
    for name, symbols in (document.risk.groups if document.risk is not None else {}).items():
        for position, symbol in enumerate(symbols):
            if symbol not in document.symbols:
                yield _unknown_symbol(symbol, document, root.locate(("risk", "groups", name, position)))


def _unknown_symbol(symbol: str, document: PortfolioDocument, location: Location) -> Problem:
    return Problem(
        message=f"'{symbol}' is not a symbol of this portfolio",
        location=location,
        expected=f"one of {', '.join(document.symbols)}",
        hint=did_you_mean(symbol, document.symbols) or "add it to 'symbols'",
    )


def _strategy_problems(document: PortfolioDocument, root: Item) -> Iterator[Problem]:
    first_by_id: dict[str, int] = {}
    for position, section in enumerate(document.strategies):
        if (first := first_by_id.setdefault(section.id, position)) != position:
            yield Problem(
                message=f"strategies[{position}] has the id '{section.id}' of strategies[{first}]",
                location=root.locate(("strategies", position, "id")),
                expected="an id of its own for each strategy",
                hint=f"for example {section.id}_2",
            )
        for number, symbol in enumerate(section.symbols or []):
            if symbol not in document.symbols:
                yield _unknown_symbol(symbol, document, root.locate(("strategies", position, "symbols", number)))
    yield from _weight_problems(document, root)


def _weight_problems(document: PortfolioDocument, root: Item) -> Iterator[Problem]:
    enabled = [(position, section) for position, section in enumerate(document.strategies) if section.enabled]
    if not document.multi_strategy.enabled and len(enabled) > 1:
        yield Problem(
            message=f"multi_strategy.enabled is false, but {len(enabled)} strategies are enabled",
            location=root.locate(("multi_strategy", "enabled")),
            expected="one enabled strategy",
            hint="write enabled: true, or disable the other strategies with enabled: false",
        )
    if document.portfolio.equal_weights:
        yield from (_weight_beside_equal(section, position, root) for position, section in enabled if section.weight)
        return
    total = Decimal(0)
    for position, section in enabled:
        if section.weight is None:
            if len(enabled) > 1:
                yield Problem(
                    message=f"strategies[{position}] '{section.id}' has no 'weight'",
                    location=root.locate(("strategies", position)),
                    expected="weight: its share of the capital, such as 0.5",
                    hint="or write equal_weights: true in 'portfolio'",
                )
            continue
        if total <= 1 < total + section.weight:
            yield _weight_too_much(document, position, total, root)
        total += section.weight


def _weight_beside_equal(section: StrategySection, position: int, root: Item) -> Problem:
    return Problem(
        message=f"'{section.id}' has a weight beside equal_weights",
        location=root.locate(("strategies", position, "weight"), key=True),
        expected="weights or equal_weights: true",
        hint="remove one of them",
    )


def _weight_too_much(document: PortfolioDocument, position: int, before: Decimal, root: Item) -> Problem:
    section = document.strategies[position]
    weighted = [each for each in document.strategies if each.enabled and each.weight is not None]
    here = ", ".join(f"{each.id} {each.weight}" for each in weighted)
    total = before + (section.weight or 0)
    return Problem(
        message=f"the weight {section.weight} of '{section.id}' brings the sum of the weights to {total}",
        location=root.locate(("strategies", position, "weight")),
        expected=f"weights that sum to at most 1; here {here}",
        hint=f"at most {1 - before} is left for '{section.id}'"
        if before < 1
        else "nothing is left: lower another weight",
    )


def _timeframe_problems(
    entry: StrategyEntry, document: PortfolioDocument, root: Item, position: int
) -> Iterator[Problem]:
    base = document.data.timeframe
    if base is None or entry.timeframe is None:
        return
    if entry.timeframe.nanoseconds % Timeframe.parse(base).nanoseconds:
        place: Place = ("strategies", position, "timeframe")
        yield Problem(
            message=f"'{entry.strategy_id}' decides on bars of {show(str(entry.timeframe))}",
            location=root.locate(place),
            expected=f"a multiple of the portfolio's bars of {base}",
        )
