"""The bars of a run: checked, on the grid of ticks, kept in the run's store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from podium.core.errors import DataError, Problem, refuse_unknown
from podium.core.instruments import Instrument
from podium.core.times import Timeframe
from podium.data.adjustment import adjust_prices
from podium.data.bars import BarSeries
from podium.data.flaws import Flaw
from podium.data.grid import from_ticks, infer_tick, to_lots, to_ticks
from podium.data.policy import Policy, apply_policy
from podium.data.quality import check_bars
from podium.data.readers import read_bars
from podium.data.store import BarStore
from podium.engine.measures import needs_measures
from podium.engine.timeline import SymbolTicks, Timeline
from podium.portfolio.configuration import OrchestratorConfig

__all__ = ["Market", "prepare_market", "with_defaults"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """Hold what a run trades on.

    Args:
        symbols: in portfolio order.
        instruments: by symbol.
        store: the bars, on the grid.
        timeline: all bars in steps.
        flaws: what is wrong with the bars and was let through or dropped.
    """

    symbols: tuple[str, ...]
    instruments: Mapping[str, Instrument]
    store: BarStore
    timeline: Timeline
    flaws: tuple[Flaw, ...]

    @property
    def timeframe(self) -> Timeframe:
        """Give the base time frame."""
        return self.store.timeframe

    def index(self, symbol: str) -> int:
        """Give a symbol's place in portfolio order.

        Args:
            symbol: one of ``symbols``.
        """
        return self.symbols.index(symbol)


def prepare_market(history: object, config: OrchestratorConfig) -> Market:
    """Read bars, check them, put them on the grid and merge them into steps.

    Args:
        history: whatever ``read_bars`` takes.
        config: instruments, time frame, label and the policy on flaws.

    Returns:
        The market; symbols with an instrument in ``config`` first, in that order.

    Raises:
        DataError: when bars cannot be read or may not be used.
        ConfigurationError: when an instrument or the benchmark has no bars.
    """
    read = read_bars(history, timeframe=config.timeframe, label=config.label)
    benchmark = [config.benchmark] if config.benchmark is not None else []
    wanted = dict.fromkeys([*config.instruments, *benchmark, *config.carry])
    refuse_unknown(((symbol, f"there are no bars of '{symbol}'") for symbol in wanted), read)
    symbols = tuple(dict.fromkeys([*config.instruments, *read]))
    policy = Policy.of(config.flaws)
    instruments: dict[str, Instrument] = {}
    checked: dict[str, BarSeries] = {}
    flaws: list[Flaw] = []
    problems: list[Problem] = []
    for symbol in symbols:
        stated = config.instruments.get(symbol)
        carry = config.carry.get(symbol)
        if carry is not None and carry.adjusted:
            tick = stated.tick if stated is not None else infer_tick(read[symbol])
            read = {**read, symbol: adjust_prices(read[symbol], carry.factors, tick)}
        try:
            series, told = apply_policy(read[symbol], check_bars(read[symbol], stated.tick if stated else None), policy)
        except DataError as error:
            problems += error.problems
            continue
        checked[symbol] = series
        flaws += told
        instrument = stated if stated is not None else Instrument(tick=infer_tick(series))
        instruments[symbol] = with_defaults(instrument, config)
        problems += _without_volume(series, instruments[symbol])
    if problems:
        raise DataError(problems)
    _refuse_mixed(checked)
    on_grid = {symbol: _on_grid(series, instruments[symbol]) for symbol, series in checked.items()}
    return Market(
        symbols=symbols,
        instruments=instruments,
        store=BarStore.of({symbol: series for symbol, (series, _) in on_grid.items()}),
        timeline=Timeline.merge([ticks for _, ticks in on_grid.values()]),
        flaws=tuple(flaws),
    )


def with_defaults(instrument: Instrument, config: OrchestratorConfig) -> Instrument:
    """Give an instrument the costs of the portfolio that it does not state itself.

    Args:
        instrument: as the file states it.
        config: how the run is run.

    Returns:
        The instrument.
    """
    defaults = {
        name: getattr(config, name) for name in ("slippage_model", "volume_limit") if getattr(instrument, name) is None
    }
    return replace(instrument, **defaults)


def _without_volume(series: BarSeries, instrument: Instrument) -> list[Problem]:
    """Refuse bars without any volume where a cost is reckoned by it."""
    model = instrument.slippage_model
    needs_volume = instrument.volume_limit is not None or (model is not None and model.impact != 0)
    if not needs_volume or series.volume.any():
        return []
    what = "its volume limit" if instrument.volume_limit is not None else "the impact of its slippage model"
    return [
        Problem(
            message=f"the bars of '{series.symbol}' have no volume, but {what} needs one",
            location=series.source.location(),
            expected="a column 'volume'",
            hint="or neither a volume limit nor an impact",
        )
    ]


def _on_grid(series: BarSeries, instrument: Instrument) -> tuple[BarSeries, SymbolTicks]:
    """Put prices on ticks; indicators read the same prices, as the nearest floats."""
    tick = instrument.tick
    try:
        first, high, low, last = (
            to_ticks(prices, tick)[0] for prices in (series.open, series.high, series.low, series.close)
        )
    except DataError as error:
        where = series.source.location()
        raise DataError(
            [
                replace(problem, message=f"{series.symbol}: {problem.message}", location=where)
                for problem in error.problems
            ]
        ) from None
    if (low <= 0).any():
        row = int(np.argmax(low <= 0))
        raise DataError(
            Problem(
                message=f"{series.symbol}: a price of {series.low[row]} is 0 on a tick of {tick}",
                location=series.source.location(row),
                expected="a tick finer than the prices",
            )
        )
    on_grid = replace(
        series,
        open=from_ticks(first, tick),
        high=from_ticks(high, tick),
        low=from_ticks(low, tick),
        close=from_ticks(last, tick),
    )
    volume = to_lots(series.volume, instrument.lot) if needs_measures([instrument]) else None
    return on_grid, SymbolTicks(close_time=series.close_time, open=first, high=high, low=low, close=last, volume=volume)


def _refuse_mixed(series: Mapping[str, BarSeries]) -> None:
    frames: dict[Timeframe, Sequence[str]] = {}
    for symbol, part in series.items():
        frames[part.timeframe] = [*frames.get(part.timeframe, []), symbol]
    if len(frames) > 1:
        found = "; ".join(f"{frame}: {', '.join(symbols)}" for frame, symbols in frames.items())
        raise DataError(
            Problem(
                message=f"the symbols have different time frames ({found})",
                expected="one time frame for all",
                hint="state `timeframe`, or give each its own run",
            )
        )
