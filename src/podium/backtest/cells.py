"""Make the cells of a run: each member on each of its symbols, equal expressions of a symbol computed once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from podium.backtest.market import Market
from podium.backtest.members import Member
from podium.core.errors import refuse_unknown, within
from podium.core.money import MoneyUnit
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.data.resample import resample
from podium.engine.engine import CellInput
from podium.engine.tables import NO_LEVEL
from podium.rules.functions import Array
from podium.rules.graph import Graph
from podium.rules.nodes import Node
from podium.strategy.base import Strategy
from podium.strategy.coded import CodedInput, declared_expressions
from podium.strategy.compilation import CompiledPlan, plan_nodes
from podium.strategy.plan import RulePlan

__all__ = ["Cells", "ColdCell", "make_cells", "refuse_unknown_symbols"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdCell:
    """Name a cell that decides nothing, because its warm-up takes all bars.

    Args:
        strategy: the number of its member.
        symbol: on which symbol.
        timeframe: on whose bars it would decide.
        bars: how many of them there are.
        bars_needed: how many it needs for its first decision.
    """

    strategy: int
    symbol: str
    timeframe: Timeframe
    bars: int
    bars_needed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Hold the cells of a run, by (symbol, member).

    Args:
        inputs: what the engine gets.
        coded: what coded cells need; ``cell_index`` says which they are.
        members: the number of each cell's member.
        symbols: the symbol of each cell.
        cold: the cells that decide nothing.
    """

    inputs: tuple[CellInput, ...]
    coded: tuple[CodedInput, ...]
    members: tuple[int, ...]
    symbols: tuple[str, ...]
    cold: tuple[ColdCell, ...]

    def without_series(self) -> Cells:
        """Give the cells for the record: the engine has its own copy of their series.

        Returns:
            Who trades what, without inputs.
        """
        return replace(self, inputs=(), coded=())


@dataclass(frozen=True, slots=True, eq=False)
class _Bars:
    """Hold a symbol's bars in one time frame, and at which base row each of them is known."""

    series: BarSeries
    base_rows: NDArray[np.int64] | None

    def on_base(self, values: NDArray[np.generic], rows: int, fill: int) -> NDArray[np.generic]:
        """Place values at the base rows at which they are known."""
        if self.base_rows is None:
            return values
        placed = np.full(rows, fill, values.dtype)
        placed[self.base_rows] = values
        return placed


def make_cells(members: Sequence[Member], market: Market, unit: MoneyUnit) -> Cells:
    """Compute what every member wants on every symbol it trades.

    Args:
        members: in the file's order.
        market: the bars.
        unit: the money unit.

    Returns:
        The cells.

    Raises:
        ConfigurationError: when a member names an unknown symbol or a time frame that does not fit.
    """
    refuse_unknown_symbols(members, market.symbols)
    inputs: list[CellInput] = []
    coded: list[CodedInput] = []
    symbols: list[str] = []
    cold: list[ColdCell] = []
    groups: dict[tuple[int, ...], _Group] = {}
    for symbol_index, symbol in enumerate(market.symbols):
        mine = [(number, member) for number, member in enumerate(members) if member.trades(symbol)]
        made: dict[int, CellInput] = {}
        for frame in dict.fromkeys(member.frame for _, member in mine):
            group = [(number, member) for number, member in mine if member.frame == frame]
            with within("strategies", group[0][0], "timeframe"):
                bars = _bars(market, symbol, frame)
            # Symbols that the same members trade share one graph; it is opened on each of them.
            numbers = tuple(number for number, _ in group)
            shared = groups[numbers] = groups.get(numbers) or _Group(group)
            for number, content in shared.compute(bars, market, symbol, unit):
                if content.warm_up >= len(bars.series):
                    cold.append(_cold(number, symbol, bars.series, content.warm_up))
                if isinstance(content, _RulesContent):
                    made[number] = _rules_cell(number, symbol_index, content, bars, len(market.store.series(symbol)))
                else:
                    made[number] = CellInput(strategy=number, symbol=symbol_index)
                    rows = np.arange(len(bars.series)) if bars.base_rows is None else bars.base_rows
                    index = len(inputs) + [other for other, _ in mine].index(number)
                    coded.append(
                        CodedInput(
                            strategy_id=members[number].strategy_id,
                            strategy=content.strategy,
                            cell_index=index,
                            columns=bars.series,
                            values=content.values,
                            steps=_steps_of_rows(market, symbol_index)[rows],
                            warm_up=content.warm_up,
                        )
                    )
        inputs += [made[number] for number, _ in mine]
        symbols += [symbol] * len(mine)
    coded.sort(key=lambda given: given.cell_index)
    return Cells(
        inputs=tuple(inputs),
        coded=tuple(coded),
        members=tuple(cell.strategy for cell in inputs),
        symbols=tuple(symbols),
        cold=tuple(sorted(cold, key=lambda cell: cell.strategy)),
    )


def refuse_unknown_symbols(members: Sequence[Member], known: Sequence[str]) -> None:
    """Refuse members that trade what the market does not have.

    Args:
        members: the members.
        known: the market's symbols.

    Raises:
        ConfigurationError: naming strategy and symbol.
    """
    refuse_unknown(
        (
            (symbol, f"strategy '{member.strategy_id}' trades '{symbol}', of which there are no bars")
            for member in members
            for symbol in member.symbols or ()
        ),
        known,
    )


def _cold(number: int, symbol: str, series: BarSeries, warm_up: int) -> ColdCell:
    return ColdCell(
        strategy=number, symbol=symbol, timeframe=series.timeframe, bars=len(series), bars_needed=warm_up + 1
    )


@dataclass(frozen=True, slots=True, eq=False)
class _RulesContent:
    plan: CompiledPlan
    signals: NDArray[np.uint8]
    levels: Sequence[NDArray[np.int64]]

    @property
    def warm_up(self) -> int:
        return self.plan.warm_up


@dataclass(frozen=True, slots=True, eq=False)
class _CodedContent:
    strategy: Strategy
    values: Mapping[str, Array]
    warm_up: int


class _Group:
    """Compute the expressions of the members that share a time frame, equal ones once.

    Args:
        members: numbers with members.
    """

    def __init__(self, members: Sequence[tuple[int, Member]]) -> None:
        self._members = tuple(members)
        self._declared: dict[int, Mapping[str, Node]] = {
            number: declared_expressions(member.form) for number, member in members if isinstance(member.form, Strategy)
        }
        self._graph = Graph(
            node
            for number, member in members
            for node in (
                plan_nodes(member.form) if isinstance(member.form, RulePlan) else self._declared[number].values()
            )
        )

    def compute(
        self, bars: _Bars, market: Market, symbol: str, unit: MoneyUnit
    ) -> Iterator[tuple[int, _RulesContent | _CodedContent]]:
        """Open the graph on the bars of one symbol; give what each member needs of it."""
        values = self._graph.open(bars.series)
        for number, member in self._members:
            if isinstance(member.form, RulePlan):
                with within("strategies", number):
                    plan = CompiledPlan(member.form, self._graph, instrument=market.instruments[symbol], unit=unit)
                count = len(bars.series)
                yield number, _RulesContent(plan, plan.signals(values, 0, count), plan.levels(values))
            else:
                expressions = self._declared[number]
                warm_up = max((self._graph.warm_up(node) for node in expressions.values()), default=0)
                own = {name: values[node.text] for name, node in expressions.items()}
                yield number, _CodedContent(member.form, own, max(warm_up, member.form.warm_up))


def _rules_cell(number: int, symbol_index: int, content: _RulesContent, bars: _Bars, rows: int) -> CellInput:
    return CellInput(
        strategy=number,
        symbol=symbol_index,
        signals=bars.on_base(content.signals, rows, 0),  # type: ignore[arg-type]  # the same type comes back
        plan=content.plan.row,
        levels=[bars.on_base(level, rows, NO_LEVEL) for level in content.levels],  # type: ignore[misc]  # likewise
    )


def _bars(market: Market, symbol: str, frame: Timeframe | None) -> _Bars:
    series = market.store.series(symbol)
    if frame is None or frame == market.timeframe:
        return _Bars(series, None)
    return _Bars(*resample(series, frame))


def _steps_of_rows(market: Market, symbol_index: int) -> NDArray[np.int64]:
    """Tell at which step each bar of a symbol stands."""
    times = market.store.series(market.symbols[symbol_index]).close_time
    return np.searchsorted(market.timeline.times, times).astype(np.int64)
