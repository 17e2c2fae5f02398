"""Carry the indicators and rules of one symbol forward, one closed bar at a time.

It reads nothing but the bars of its symbol, so what goes wrong here concerns this symbol alone. The numbers are those
of a backtest, bit for bit: the same graph is carried that a backtest opens on all bars at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.backtest.members import Member
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit
from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import Bar, BarSeries
from podium.data.grid import bar_on_grid, from_ticks, to_lots, to_ticks
from podium.data.resample import Resampler, resample
from podium.engine.measures import Measurement, needs_measures
from podium.engine.stream import CellSignals, TickBar
from podium.engine.tables import BAR
from podium.rules.functions import Array
from podium.rules.graph import Graph
from podium.rules.nodes import Kind, Node
from podium.strategy.base import Strategy
from podium.strategy.coded import declared_expressions
from podium.strategy.compilation import CompiledPlan, plan_nodes
from podium.strategy.plan import RulePlan

__all__ = ["Calculated", "FrameBars", "SymbolRules"]

_PRICES = ("open", "high", "low", "close")
_ROOM = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calculated:
    """Hold what one bar of a symbol made known.

    Args:
        symbol: which one.
        close_time: of the bar, nanoseconds since 1970 UTC.
        bar: on the engine's grid.
        signals: by rules cell, of those that decide at this bar.
        coded: by coded cell the row of its own bars to decide at, of those that decide at this bar.
        values: what was computed, by expression, arrays of one, for whoever listens.
        has_grown: whether the columns of its frames were made anew, so that coded cells must be shown them.
    """

    symbol: str
    close_time: int
    bar: TickBar
    signals: Mapping[int, CellSignals]
    coded: Mapping[int, int]
    values: Mapping[str, Array]
    has_grown: bool


@dataclass(slots=True)
class FrameBars:
    """Hold the bars of one symbol and time frame as columns that grow; coded strategies look back at them.

    Args:
        symbol: the market.
        rows: how many bars there are; behind them the columns have room.
    """

    symbol: str
    rows: int = 0
    close_time: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_ROOM, np.int64))
    open: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_ROOM))
    high: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_ROOM))
    low: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_ROOM))
    close: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_ROOM))
    volume: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_ROOM))
    #: Expressions by their text, of the same length as the columns.
    values: dict[str, Array] = field(default_factory=dict)

    def fill(self, series: BarSeries, values: Mapping[str, Array]) -> None:
        """Begin with some bars.

        Args:
            series: the bars.
            values: expressions on them, by text.
        """
        self.rows = len(series)
        room = np.zeros(max(_ROOM, self.rows))
        for name in ("close_time", *_PRICES, "volume"):
            column = getattr(series, name)
            setattr(self, name, np.concatenate((column, room.astype(column.dtype))))
        self.values = {text: np.concatenate((column, room.astype(column.dtype))) for text, column in values.items()}

    def append(self, bar: Bar, values: Mapping[str, Array]) -> bool:
        """Add a bar.

        Args:
            bar: the next one.
            values: expressions on it, by text, arrays of one.

        Returns:
            Whether the columns were made anew, since there was no room.
        """
        is_new = self.rows == len(self.close)
        if is_new:
            for name in ("close_time", *_PRICES, "volume"):
                column = getattr(self, name)
                setattr(self, name, np.concatenate((column, np.zeros_like(column))))
            for text, column in self.values.items():
                self.values[text] = np.concatenate((column, np.zeros_like(column)))
        self.close_time[self.rows] = to_nanoseconds(bar.close_time)
        for name in (*_PRICES, "volume"):
            getattr(self, name)[self.rows] = getattr(bar, name)
        for text, column in self.values.items():
            column[self.rows] = values[text][0]
        self.rows += 1
        return is_new


class _Frame:
    """Carry the expressions of the cells that decide on one time frame."""

    def __init__(self, symbol: str, base: Timeframe, frame: Timeframe | None) -> None:
        self._base, self._timeframe = base, frame or base
        self._resampler = Resampler(base, self._timeframe)
        self._nodes: list[Node] = []
        self.bars = FrameBars(symbol)
        self.coded: dict[int, tuple[Mapping[str, Node], int]] = {}
        self.rules: dict[int, tuple[RulePlan, CompiledPlan]] = {}
        self.graph = Graph(())

    def build(self, members: Mapping[int, Member], instrument: Instrument, unit: MoneyUnit) -> None:
        """Make one graph of all its cells."""
        declared = {
            cell: declared_expressions(member.form)
            for cell, member in members.items()
            if isinstance(member.form, Strategy)
        }
        self._nodes = [
            node
            for cell, member in members.items()
            for node in (plan_nodes(member.form) if isinstance(member.form, RulePlan) else declared[cell].values())
        ]
        self.graph = Graph(self._nodes)
        for cell, member in members.items():
            if isinstance(member.form, RulePlan):
                compiled = CompiledPlan(member.form, self.graph, instrument=instrument, unit=unit)
                self.rules[cell] = (member.form, compiled)
            else:
                known = max((self.graph.warm_up(node) for node in declared[cell].values()), default=0)
                self.coded[cell] = (declared[cell], max(known, member.form.warm_up))
        self.open(BarSeries.of(self.bars.symbol, self._base, ()))

    def open(self, series: BarSeries) -> None:
        """Begin on the bars from the origin on, which nobody decides on any more."""
        completed, _ = resample(series, self._timeframe)
        self.graph = Graph(self._nodes)
        wanted = {node.text: node for nodes, _ in self.coded.values() for node in nodes.values()}
        self.bars = FrameBars(series.symbol)
        self.bars.fill(completed, self._values(completed, wanted))
        self.graph.prime(completed)
        self._resampler = Resampler(self._base, self._timeframe)
        # What has begun after the last completed bar.
        last = int(completed.close_time[-1]) if len(completed) else int(series.close_time[0]) if len(series) else 0
        first = np.searchsorted(series.close_time, last, side="right" if len(completed) else "left")
        for row in range(int(first), len(series)):
            self._resampler.update(series.bar(row))

    def _values(self, completed: BarSeries, wanted: Mapping[str, Node]) -> Mapping[str, Array]:
        if len(completed) and wanted:
            return self.graph.open(completed, wanted.values())
        return {
            text: np.zeros(0, np.uint8 if node.kind is Kind.CONDITION else np.float64) for text, node in wanted.items()
        }

    def extend(self, bar: Bar) -> tuple[dict[str, Array], bool] | None:
        """Take a base bar; give the values of the newest bar it completes, and whether columns were made anew."""
        found: dict[str, Array] | None = None
        is_new = False
        for completed in self._resampler.update(bar):
            found = self.graph.extend(completed)
            if self.coded:
                is_new |= self.bars.append(completed, found)
            else:
                self.bars.rows += 1
        return None if found is None else (found, is_new)


class SymbolRules:
    """Carry all cells of one symbol.

    Args:
        symbol: which one.
        members: by the index of the cell, those that trade it.
        instrument: its grid.
        timeframe: the base time frame.
        unit: the money unit.
    """

    def __init__(
        self, symbol: str, members: Mapping[int, Member], instrument: Instrument, timeframe: Timeframe, unit: MoneyUnit
    ) -> None:
        self.symbol, self._instrument, self._timeframe = symbol, instrument, timeframe
        self._frames: dict[Timeframe | None, _Frame] = {}
        for frame in dict.fromkeys(member.frame for member in members.values()):
            made = _Frame(symbol, timeframe, frame)
            mine = {cell: member for cell, member in members.items() if member.frame == frame}
            made.build(mine, instrument, unit)
            self._frames[frame] = made
        self._measurement = Measurement(instrument) if needs_measures([instrument]) else None
        #: How many bars it has seen since the origin.
        self.bars = 0

    @property
    def plans(self) -> Mapping[int, CompiledPlan]:
        """Give the compiled plan of each rules cell."""
        return {cell: compiled for frame in self._frames.values() for cell, (_, compiled) in frame.rules.items()}

    @property
    def coded(self) -> Mapping[int, tuple[FrameBars, Mapping[str, Node], int]]:
        """Give for each coded cell its bars, its expressions by attribute, and the bars it waits for."""
        return {
            cell: (frame.bars, nodes, warm_up)
            for frame in self._frames.values()
            for cell, (nodes, warm_up) in frame.coded.items()
        }

    def open(self, series: BarSeries) -> None:
        """Begin on the bars from the origin on; nothing is decided on them any more.

        Args:
            series: as the feed gave them, oldest first; there may be none.
        """
        rows, volumes = self._ticks(np.stack([getattr(series, name) for name in _PRICES], axis=1), series.volume)
        tick = self._instrument.tick
        first, high, low, last = (from_ticks(rows[name], tick) for name in _PRICES)
        on_grid = replace(series, open=first, high=high, low=low, close=last)
        for frame in self._frames.values():
            frame.open(on_grid)
        if self._measurement is not None:
            self._measurement = Measurement(self._instrument)
            self._measurement.extend(rows, volumes)
        self.bars = len(series)

    def extend(self, bar: Bar) -> Calculated:
        """Take the next closed bar.

        Args:
            bar: as the feed gave it.

        Returns:
            What it made known.

        Raises:
            DataError: when a price is no number.
        """
        ticks, prices = bar_on_grid((bar.open, bar.high, bar.low, bar.close), self._instrument.tick)
        first, high, low, last = prices
        on_grid = replace(bar, open=first, high=high, low=low, close=last)
        signals: dict[int, CellSignals] = {}
        coded: dict[int, int] = {}
        values: dict[str, Array] = {}
        has_grown = False
        for frame in self._frames.values():
            found = frame.extend(on_grid)
            if found is None:
                continue
            arrays, grew = found
            has_grown |= grew
            row = frame.bars.rows - 1
            for cell, (_, compiled) in frame.rules.items():
                wanted = compiled.signal(arrays, row)
                levels = [int(level[0]) for level in compiled.levels(arrays)] if wanted else ()
                signals[cell] = CellSignals(wanted, levels)
            coded |= {cell: row for cell, (_, warm_up) in frame.coded.items() if row >= warm_up}
            values |= arrays
        self.bars += 1
        return Calculated(
            symbol=self.symbol,
            close_time=to_nanoseconds(bar.close_time),
            bar=TickBar(**dict(zip(_PRICES, ticks, strict=True)), measure=self._measure(ticks, bar.volume)),
            signals=signals,
            coded=coded,
            values=values,
            has_grown=has_grown,
        )

    def _ticks(self, prices: NDArray[np.float64], volume: NDArray[np.float64]) -> tuple[NDArray[np.void], Any]:
        """Put prices on ticks and volumes on lots."""
        ticks, _ = to_ticks(prices, self._instrument.tick)
        rows = np.zeros(len(prices), BAR)
        for place, name in enumerate(_PRICES):
            rows[name] = ticks[:, place]
        return rows, to_lots(volume, self._instrument.lot)

    def _measure(self, ticks: Sequence[int], volume: float) -> np.void | None:
        """Measure the next bar, where the symbol's rules of execution need it."""
        if self._measurement is None:
            return None
        row = np.array([tuple(ticks)], BAR)
        measure: np.void = self._measurement.extend(row, to_lots(np.array([volume]), self._instrument.lot))[0]
        return measure
