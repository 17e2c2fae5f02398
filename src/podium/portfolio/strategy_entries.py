"""Build the strategies that a portfolio file names, each from its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from podium.core.documents import Item, merge
from podium.core.errors import ConfigurationError, InputError, Location, Problem, did_you_mean
from podium.core.times import Timeframe
from podium.core.validation import show
from podium.core.yaml_files import read_document
from podium.portfolio.overrides import CHOICES, Override
from podium.portfolio.sections import StrategySection, SymbolSection
from podium.strategy.class_file import create_strategy, load_class
from podium.strategy.file import plan_from_item, with_parameters
from podium.strategy.plan import RulePlan, SizeKind
from podium.strategy.rules_class import has_rules, params_of, plan_from_class
from podium.strategy.settings import read_number

__all__ = ["StrategyEntry", "read_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyEntry:
    """Hold one strategy of a portfolio file.

    Args:
        strategy_id: its id.
        weight: its share of the capital; ``None`` with equal weights.
        symbols: the symbols it trades, in portfolio order.
        priority: its rank.
        timeframe: on whose completed bars it decides; ``None`` means the base time frame.
        params: the values of its parameters.
        changed: those of them that its entry sets, for a class.
        path: the file that states it.
        plan: what it decides with, for a strategy file or a rules class.
        strategy_class: its class, for a Python file.
        modules: the files of modules that the Python file imported from its own folder.
        overrides: values that took the place of others while its layers were merged.
    """

    strategy_id: str
    weight: Decimal | None
    symbols: tuple[str, ...]
    priority: int
    timeframe: Timeframe | None
    params: Mapping[str, object]
    changed: Mapping[str, int | Decimal]
    path: Path
    plan: RulePlan | None
    strategy_class: type | None
    modules: tuple[Path, ...]
    overrides: tuple[Override, ...]

    def with_weight(self, weight: Decimal) -> StrategyEntry:
        """Give the entry with a weight.

        Args:
            weight: its share of the capital.

        Returns:
            The same entry otherwise.
        """
        return replace(self, weight=weight)

    def create(self) -> object:
        """Make the strategy: the plan of a strategy file, or an instance of the class with its parameters.

        Returns:
            A ``RulePlan`` or a new instance.
        """
        return self.plan if self.strategy_class is None else create_strategy(self.strategy_class, self.changed)


def read_entry(
    section: StrategySection, root: Item, position: int, folder: Path, symbols: Mapping[str, SymbolSection]
) -> StrategyEntry:
    """Build a strategy from ``defaults``, its file and its entry.

    Args:
        section: its entry.
        root: the portfolio file.
        position: which entry it is.
        folder: the portfolio file's folder.
        symbols: the symbols of the portfolio with their grids.

    Returns:
        The strategy.

    Raises:
        ConfigurationError: when the file, the class, a parameter or an expression is wrong.
    """
    entry = root.get("strategies", position) or root
    chosen = tuple(name for name in symbols if section.symbols is None or name in section.symbols)
    made = StrategyEntry(
        strategy_id=section.id,
        weight=section.weight,
        symbols=chosen,
        priority=section.priority,
        timeframe=Timeframe.parse(section.timeframe) if section.timeframe else None,
        params={},
        changed={},
        path=folder / (section.file or (section.class_ or "").rpartition(":")[0]),
        plan=None,
        strategy_class=None,
        modules=(),
        overrides=(),
    )
    try:
        if section.file is None:
            made = _from_class(made, section, entry)
            return _of_whole_lots(made, symbols, entry.locate(("class",)))
        made, item = _from_file(made, entry, root.get("defaults"))
        return _of_whole_lots(made, symbols, item.locate(("size", "quantity")))
    except InputError as error:
        raise ConfigurationError(error.problems) from error


def _of_whole_lots(entry: StrategyEntry, symbols: Mapping[str, SymbolSection], location: Location) -> StrategyEntry:
    size = entry.plan.size if entry.plan is not None else None
    if size is None or size.kind is not SizeKind.QUANTITY:
        return entry
    problems = [
        Problem(
            message=f"the size {size.value} of '{entry.strategy_id}' is no whole number of lots of {symbol}",
            location=location,
            expected=f"a multiple of its lot {symbols[symbol].lot}",
        )
        for symbol in entry.symbols
        if size.value % symbols[symbol].lot != 0
    ]
    if problems:
        raise ConfigurationError(problems)
    return entry


def _from_file(made: StrategyEntry, entry: Item, defaults: Item | None) -> tuple[StrategyEntry, Item]:
    item = _read_strategy(made.path, entry)
    overrides: list[Override] = []
    if defaults is not None and isinstance(defaults.value, Mapping):
        overrides += _replaced(defaults, item, made.strategy_id)
        item = merge(defaults, item, CHOICES)
    params = entry.get("params")
    values = params.value if params is not None and isinstance(params.value, Mapping) else {}
    changed = with_parameters(item, values)
    timeframe = entry.get("timeframe")
    if timeframe is not None and timeframe.value is not None:
        changed = changed.with_value(("timeframe",), timeframe)
    overrides += _replaced(item, Item(value=_laid_over(params, timeframe), location=entry.location), made.strategy_id)
    plan = plan_from_item(changed, made.path.stem)
    made = replace(made, plan=plan, params=plan.params, timeframe=plan.timeframe, overrides=tuple(overrides))
    return made, changed


def _laid_over(params: Item | None, timeframe: Item | None) -> dict[str, Item]:
    return {key: item for key, item in (("params", params), ("timeframe", timeframe)) if item is not None}


def _read_strategy(path: Path, entry: Item) -> Item:
    if path.is_file():
        return read_document(path)
    near = sorted(near.name for near in path.parent.glob("*.y*ml"))
    raise ConfigurationError(
        Problem(
            message=f"there is no strategy file {path}",
            location=entry.locate(("file",)),
            expected="a YAML file, seen from the portfolio file",
            hint=did_you_mean(path.name, near),
        )
    )


def _from_class(made: StrategyEntry, section: StrategySection, entry: Item) -> StrategyEntry:
    location = entry.locate(("class",))
    file = load_class(made.path, (section.class_ or "").rpartition(":")[2], location)
    loaded = file.strategy_class
    stated = params_of(loaded)
    params = _class_params(section, entry, stated)
    overrides = [
        Override(
            path=f"strategies.{made.strategy_id}.params.{name}",
            base=stated[name],
            value=value,
            source=str(entry.locate(("params", name))),
        )
        for name, value in params.items()
        if value != stated[name]
    ]
    try:
        created = create_strategy(loaded, params)
        plan = plan_from_class(created) if has_rules(loaded) else None
    except InputError as error:
        raise ConfigurationError([problem.located(location) for problem in error.problems]) from error
    timeframe = made.timeframe or (plan.timeframe if plan is not None else None)
    if plan is not None:
        plan = replace(plan, timeframe=timeframe)
    return replace(
        made,
        plan=plan,
        strategy_class=loaded,
        modules=file.modules,
        params={**stated, **params},
        changed=params,
        timeframe=timeframe,
        overrides=tuple(overrides),
    )


def _class_params(
    section: StrategySection, entry: Item, stated: Mapping[str, int | Decimal]
) -> dict[str, int | Decimal]:
    problems: list[Problem] = []
    params: dict[str, int | Decimal] = {}
    for name, value in section.params.items():
        if name not in stated:
            problems.append(
                Problem(
                    message=f"the strategy has no parameter '{name}'",
                    location=entry.locate(("params", name), key=True),
                    expected=f"one of {', '.join(stated)}" if stated else "no params: the strategy has none",
                    hint=did_you_mean(name, stated),
                )
            )
        elif (number := read_number(value)) is None:
            problems.append(
                Problem(
                    message=f"params.{name} is {show(value)}",
                    location=entry.locate(("params", name)),
                    expected="a number, such as 20, 0.5 or 2%",
                )
            )
        else:
            params[name] = number
    if problems:
        raise ConfigurationError(problems)
    return params


def _replaced(base: Item, over: Item, strategy_id: str) -> list[Override]:
    """Record which values of one layer take the place of others."""
    records: list[Override] = []
    for place, leaf in over.leaves():
        before = base.get(*place) if place else None  # without a place there was nothing to lay over
        if before is not None and before.plain() != leaf.plain():
            path = ".".join(str(step) for step in ("strategies", strategy_id, *place))
            source = str(leaf.location)
            records.append(Override(path=path, base=before.plain(), value=leaf.plain(), source=source))
    return records
