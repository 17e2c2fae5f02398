"""The portfolio as a deterministic state machine: one time step goes in, domain events come out.

It is the engine and the graph of the backtest, advanced by one step at a time; it knows no clock, input or output. A
step has two halves: *settle* lets orders and protection act on its bars, *decide* lets strategies act on what these
made known. Between steps gates are closed and opened and capital moves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.backtest.cells import Cells, refuse_unknown_symbols
from podium.backtest.conversions import ConversionRates
from podium.backtest.engine_setup import deposits_of, make_engine, make_rebalancer, refuse_too_many
from podium.backtest.event_names import EventNames
from podium.backtest.flows import SymbolFlows, flow_rows
from podium.backtest.limit_translation import days_of
from podium.backtest.market import Market
from podium.backtest.members import Member
from podium.backtest.records import EventReader
from podium.core.errors import InputError, LedgerOverflow, StrategyFailed, invariant
from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit
from podium.core.times import NANOSECONDS_PER_DAY, Timeframe, iso
from podium.data.bars import Bar, BarSeries
from podium.data.grid import to_ticks
from podium.data.store import BarStore
from podium.engine.engine import CellInput, ConversionInput, EngineOverflow
from podium.engine.stream import StepStream
from podium.engine.tables import NO_LEVEL
from podium.engine.timeline import Timeline
from podium.live.symbol_rules import Calculated, SymbolRules
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.rebalancing import period_ends
from podium.strategy.base import Strategy
from podium.strategy.coded import CodedCell, CodedInput

__all__ = ["DomainEvent", "Equity", "Stepper", "StrategyFailure"]

_NANOSECONDS_PER_SECOND = 1_000_000_000
#: So many times of steps are remembered before those that nothing refers to are dropped.
_TIMES_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Be something that the engine did.

    Args:
        sequence: gapless from 1.
        time: the close of its step, nanoseconds since 1970 UTC.
        kind: its name on the wire.
        strategy_id: whose; ``None`` for what concerns several.
        symbol: on which; ``None`` for what concerns several.
        body: its line in ``events.jsonl``, without the end of the line.
    """

    sequence: int
    time: int
    kind: str
    strategy_id: str | None
    symbol: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Equity:
    """Be the equity at the end of a step, in money units.

    Args:
        time: the close of the step, nanoseconds since 1970 UTC.
        strategies: of each, in the file's order.
        netting: what netting saved so far.
        unallocated: cash that no strategy has.
    """

    time: int
    strategies: tuple[int, ...]
    netting: int
    unallocated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFailure:
    """Say that a strategy's code raised, and that it is quarantined.

    Args:
        strategy_id: which one.
        symbol: on which symbol.
        time: the close of the bar, nanoseconds since 1970 UTC.
        error: what it raised.
    """

    strategy_id: str
    symbol: str
    time: int
    error: StrategyFailed | InputError


class _DayEnds:
    """Remember the equity at the last step of each day, until rebalancing has read it."""

    def __init__(self) -> None:
        self.known: dict[int, list[int]] = {}

    def equities(self, day: int) -> Sequence[int] | None:
        return self.known.pop(day, None)


class Stepper:
    """Take a portfolio from one time step to the next.

    Args:
        members: its strategies, in the file's order.
        config: how it is run, with the instruments of all symbols.
        capital: at the start, in account currency.
        timeframe: of the bars.
        instruments: of all symbols, in portfolio order.

    Raises:
        ConfigurationError: when something does not fit.
    """

    def __init__(
        self,
        members: Sequence[Member],
        config: OrchestratorConfig,
        *,
        capital: Decimal,
        timeframe: Timeframe,
        instruments: Mapping[str, Instrument],
    ) -> None:
        self.members, self.config, self.timeframe = tuple(members), config, timeframe
        self.symbols = tuple(instruments)
        self.instruments = dict(instruments)
        self._number = {symbol: number for number, symbol in enumerate(self.symbols)}
        refuse_unknown_symbols(members, self.symbols)
        self.unit = MoneyUnit.for_instruments(instruments.items())
        market = Market(
            symbols=self.symbols,
            instruments=self.instruments,
            store=BarStore(timeframe),
            timeline=Timeline.of_one_step(len(self.symbols)),
            flaws=(),
        )
        self._rules, cells = self._make_cells()
        refuse_too_many(cells)
        deposits = deposits_of(members, capital, self.unit, market)
        self._unallocated = self.unit.to_units(capital) - sum(deposits)
        self._rates = ConversionRates.of(config, self.instruments, timeframe)
        self.engine = make_engine(
            config,
            members,
            market,
            cells,
            deposits=deposits,
            unallocated=self._unallocated,
            unit=self.unit,
            conversion=_first_rates(self._rates),
        )
        self._stream = StepStream(self.engine)
        self._cell_members, self._cell_symbols = cells.members, cells.symbols
        self._coded = self._make_coded()
        self._flows = {
            symbol: SymbolFlows(symbol, carry, self.instruments[symbol], timeframe, self.unit)
            for symbol, carry in config.carry.items()
        }
        self._day_ends = _DayEnds()
        self._rebalancer = make_rebalancer(config, members, self.engine, first_day=0, day_ends=self._day_ends)
        self._times: dict[int, int] = {}
        self._closes: dict[str, int] = {}
        self._reader = EventReader(self._names(cells))
        self._time: int | None = None
        self._calculated: Mapping[str, Calculated] = {}
        self._failures: list[StrategyFailure] = []
        self._equities: list[Equity] = []
        self._gates: dict[int, dict[Reason, None]] = {}
        self._unrated = [] if self._rates is None else self._rates.unknown_symbols()
        for symbol in self._unrated:
            self.close_gate(Reason.RATE_UNKNOWN, symbol=symbol)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Give the ids of its strategies, in the file's order."""
        return tuple(member.strategy_id for member in self.members)

    @property
    def time(self) -> int | None:
        """Tell the close of the last step, nanoseconds since 1970 UTC; ``None`` before the first."""
        return self._time

    @property
    def sequence(self) -> int:
        """Tell the sequence of the last event that was taken."""
        return self._reader.sequence - 1

    def _make_cells(self) -> tuple[dict[str, SymbolRules], Cells]:
        """Make the rules of each symbol, and what the engine needs to know of its cells."""
        rules: dict[str, SymbolRules] = {}
        inputs: list[CellInput] = []
        symbols: list[str] = []
        for number, symbol in enumerate(self.symbols):
            mine = [place for place, member in enumerate(self.members) if member.trades(symbol)]
            members = {len(inputs) + place: self.members[member] for place, member in enumerate(mine)}
            own = SymbolRules(symbol, members, self.instruments[symbol], self.timeframe, self.unit)
            for cell, member in zip(members, mine, strict=True):
                plan = own.plans.get(cell)
                if plan is None:
                    inputs.append(CellInput(strategy=member, symbol=number))
                else:
                    inputs.append(
                        CellInput(
                            strategy=member,
                            symbol=number,
                            signals=np.zeros(1, np.uint8),
                            plan=plan.row,
                            levels=[np.full(1, NO_LEVEL) for _ in range(plan.level_count)],
                        )
                    )
            rules[symbol] = own
            symbols += [symbol] * len(mine)
        return rules, Cells(
            inputs=tuple(inputs),
            coded=(),
            members=tuple(cell.strategy for cell in inputs),
            symbols=tuple(symbols),
            cold=(),
        )

    def _make_coded(self) -> dict[int, CodedCell]:
        """Make an instance of its strategy for each coded cell."""
        made: dict[int, CodedCell] = {}
        for symbol, rules in self._rules.items():
            for cell, (bars, nodes, warm_up) in rules.coded.items():
                member = self.members[self._cell_members[cell]]
                invariant(isinstance(member.form, Strategy), "a cell without rules has code", cell=cell)
                given = CodedInput(
                    strategy_id=member.strategy_id,
                    strategy=member.form,  # type: ignore[arg-type]  # the line above says it
                    cell_index=cell,
                    columns=bars,
                    values={name: bars.values[node.text] for name, node in nodes.items()},
                    steps=np.zeros(0, np.int64),
                    warm_up=warm_up,
                )
                made[cell] = CodedCell(given, self.engine, self.instruments[symbol])
        return made

    def _names(self, cells: Cells) -> EventNames:
        risk = self.config.risk
        return EventNames(
            strategies=self.strategies,
            members=cells.members,
            symbols=cells.symbols,
            instruments=tuple(self.instruments[symbol] for symbol in cells.symbols),
            groups=tuple(risk.group_exposure) if risk is not None else (),
            unit=self.unit,
            unallocated=self._unallocated,
            is_fine=self.timeframe.nanoseconds % _NANOSECONDS_PER_SECOND != 0,
            has_conflicts=True,
            times_of=lambda steps: np.array([self._times[step] for step in steps.tolist()], np.int64),
        )

    def open(self, history: Mapping[str, BarSeries]) -> None:
        """Begin behind bars that are known already; indicators are opened on them, and nothing is decided on them.

        Args:
            history: by symbol the bars from its origin on, checked; symbols without any may be left out.
        """
        for symbol, rules in self._rules.items():
            series = history.get(symbol)
            if series is not None and len(series):
                rules.open(series)
                self._closes[symbol] = int(series.close_time[-1])
                self._show(symbol)
                if self._rates is not None and symbol in self._rates.symbols:
                    closes, _ = to_ticks(series.close, self.instruments[symbol].tick)
                    self._rates.see(symbol, series.close_time, closes)

    def _show(self, symbol: str) -> None:
        """Let coded cells see columns that were made anew."""
        for cell, (bars, nodes, _) in self._rules[symbol].coded.items():
            self._coded[cell].show(bars, {name: bars.values[node.text] for name, node in nodes.items()})

    def calculate(self, symbol: str, bar: Bar) -> Calculated:
        """Carry the indicators and rules of one symbol by a bar; no other symbol is touched.

        Args:
            symbol: which one.
            bar: its next closed bar.

        Returns:
            What it made known.

        Raises:
            DataError: when a price cannot be put on the grid.
        """
        return self._rules[symbol].extend(bar)

    def settle(self, time: int, calculated: Mapping[str, Calculated]) -> None:
        """Begin a step: orders and protection act on its bars, marks and accounts follow.

        Args:
            time: the step's close, nanoseconds since 1970 UTC, not before that of the last one.
            calculated: by symbol what its bar made known.

        Raises:
            LedgerOverflow: when a position is worth more than the ledger holds.
        """
        before = self._time
        invariant(before is None or time >= before, "time does not go back", time=time, before=before)
        self._rebalance(before, time)
        if before is not None:
            self._equities.append(self.equity())
        for symbol, given in calculated.items():
            if given.has_grown:
                self._show(symbol)
        ordered = {self._number[symbol]: calculated[symbol] for symbol in self.symbols if symbol in calculated}
        risk = self.config.risk
        step = self._stream.present(
            time,
            {number: given.bar for number, given in ordered.items()},
            {cell: wanted for given in ordered.values() for cell, wanted in given.signals.items()},
            limit_day=0 if risk is None else int(days_of(np.array([time]), risk.timezone)[0]),
            flows=self._flows_of(calculated),
            rates=None if self._rates is None else self._rates_of(self._rates, time, calculated),
        )
        self._remember(step, time)
        self._time, self._calculated = (
            time,
            {symbol: calculated[symbol] for symbol in self.symbols if symbol in calculated},
        )
        self._advance(2 * step + 1)

    def decide(self) -> None:
        """End the step: strategies decide, in portfolio order; then conflicts, sizes, limits and orders.

        A strategy that raises is quarantined: what it asked for in this step falls away, it enters nothing more, and
        its positions stay protected.

        Raises:
            LedgerOverflow: when a position is worth more than the ledger holds.
        """
        step = self._stream.step
        failed: dict[int, StrategyFailure] = {}
        rows = {cell: row for given in self._calculated.values() for cell, row in given.coded.items()}
        for cell, row in sorted(rows.items()):
            member = self._cell_members[cell]
            if member not in failed and not self._is_quarantined(cell):
                failure = self._let_decide(cell, row, step)
                if failure is not None:
                    failed[member] = failure
        self._advance(2 * step + 2)
        for member, failure in failed.items():
            self._failures.append(failure)
            self.close_gate(Reason.QUARANTINED, strategy_id=self.members[member].strategy_id)
        equities = self.engine.equity[0].tolist()
        if self._rebalancer is not None and self._time is not None:
            self._day_ends.known[(self._time - 1) // NANOSECONDS_PER_DAY] = equities

    def _let_decide(self, cell: int, row: int, step: int) -> StrategyFailure | None:
        placed = self.engine.command_count
        try:
            self._coded[cell].decide(row, step)
        except (StrategyFailed, InputError) as error:
            self.engine.drop_commands(placed)
            return StrategyFailure(
                strategy_id=self.members[self._cell_members[cell]].strategy_id,
                symbol=self._cell_symbols[cell],
                time=self._time or 0,
                error=error,
            )
        return None

    def _is_quarantined(self, cell: int) -> bool:
        return Reason.QUARANTINED in self._gates.get(cell, {})

    def failures(self) -> list[StrategyFailure]:
        """Give the strategies that raised since the last call."""
        taken, self._failures = self._failures, []
        return taken

    def close_gate(self, reason: Reason, *, strategy_id: str | None = None, symbol: str | None = None) -> None:
        """Let cells enter nothing more, between two steps; their working entries are cancelled, exits go on.

        Args:
            reason: why; entries are refused with it. With ``STALE`` working entries are left alone.
            strategy_id: of this strategy only.
            symbol: on this symbol only.
        """
        for cell in self._cells_of(strategy_id, symbol):
            reasons = self._gates.setdefault(cell, {})
            is_open = not reasons
            reasons[reason] = None
            if reason is Reason.STALE:
                # Of one step only: what works already goes on.
                self.engine.set_gate(cell, next(iter(reasons)))
            elif is_open:
                self.engine.close_gate(cell, reason)

    def open_gate(self, reason: Reason, *, strategy_id: str | None = None, symbol: str | None = None) -> None:
        """Let cells enter again, unless there is another reason why they may not.

        Args:
            reason: why they could not.
            strategy_id: of this strategy only.
            symbol: on this symbol only.
        """
        for cell in self._cells_of(strategy_id, symbol):
            reasons = self._gates.get(cell, {})
            reasons.pop(reason, None)
            self.engine.set_gate(cell, next(iter(reasons), Reason.NONE))

    def _cells_of(self, strategy_id: str | None, symbol: str | None) -> list[int]:
        return [
            cell
            for cell, (member, own) in enumerate(zip(self._cell_members, self._cell_symbols, strict=True))
            if strategy_id in (None, self.members[member].strategy_id) and symbol in (None, own)
        ]

    def events(self) -> list[DomainEvent]:
        """Give the domain events since the last call, in order."""
        blocks = self.engine.take_events()
        if not any(map(len, blocks)):
            return []
        first = self._reader.sequence
        times = [time for block in blocks for time in self._reader.times_of(block)]
        lines = b"".join(self._reader.lines(blocks)).splitlines()
        found: list[DomainEvent] = []
        for place, (line, time) in enumerate(zip(lines, times, strict=True)):
            content = json.loads(line)
            found.append(
                DomainEvent(
                    sequence=first + place,
                    time=time,
                    kind=content["kind"],
                    strategy_id=content.get("strategy_id"),
                    symbol=content.get("symbol"),
                    body=line,
                )
            )
        return found

    def equities(self) -> list[Equity]:
        """Give the equity of the steps since the last call, of those that are past: capital may still move behind one.

        Returns:
            A point per step.
        """
        taken, self._equities = self._equities, []
        return taken

    def equity(self) -> Equity:
        """Give the equity as it is."""
        tables = self.engine.tables
        count = len(self.members)
        # Before the first step nothing was marked: what was put in is what there is.
        units = tables.accounts["deposited"] if self._time is None else self.engine.equity[0]
        moved = int(tables.run[0]["portfolio"]["transferred"])
        return Equity(
            time=self._time or 0,
            strategies=tuple(units[:count].tolist()),
            netting=int(tables.run[0]["netting"]["equity"]),
            unallocated=self._unallocated - moved,
        )

    def state(self) -> dict[str, Any]:  # Any: plain values
        """Give what it remembers beside the engine's tables, between two steps: plain values."""
        return {
            "time": self._time,
            "times": self._times,
            "closes": self._closes,
            "bars": {symbol: rules.bars for symbol, rules in self._rules.items()},
            "sequence": self._reader.sequence,
            "gates": {cell: [int(reason) for reason in reasons] for cell, reasons in self._gates.items()},
            "rebalancer": None if self._rebalancer is None else self._rebalancer.state(),
            "day_ends": self._day_ends.known,
            "coded": {cell: coded.state() for cell, coded in self._coded.items()},
        }

    def restore(self, state: Mapping[str, Any], history: Mapping[str, BarSeries]) -> None:  # Any: plain values
        """Go back to what it remembered; the engine's tables are back already.

        Args:
            state: what ``state`` gave.
            history: by symbol its bars from the origin on, at least as many as there were.
        """
        self.open({symbol: series.select(slice(0, state["bars"][symbol])) for symbol, series in history.items()})
        for symbol, rules in self._rules.items():
            invariant(rules.bars == state["bars"][symbol], "all bars of a snapshot are there", symbol=symbol)
        self._time, self._times, self._closes = state["time"], dict(state["times"]), dict(state["closes"])
        self._reader.sequence = state["sequence"]
        self._gates = {cell: {Reason(reason): None for reason in reasons} for cell, reasons in state["gates"].items()}
        if self._rebalancer is not None:
            self._rebalancer.restore(state["rebalancer"])
        self._day_ends.known = dict(state["day_ends"])
        if self._rates is not None:
            self._unrated = self._rates.unknown_symbols(self._time)
        for cell, remembered in state["coded"].items():
            self._coded[cell].restore(remembered)

    def finish(self) -> None:
        """End the run: cancel working orders and close every position at its last mark."""
        self.engine.finish(close_positions=True)
        self._equities.append(self.equity())

    def _advance(self, half_step: int) -> None:
        try:
            self.engine.advance(half_step)
        except EngineOverflow as error:
            raise LedgerOverflow(
                strategy_id=self.members[error.strategy].strategy_id,
                symbol=self.symbols[error.symbol],
                time=iso(self._time or 0),
            ) from error

    def _rebalance(self, before: int | None, time: int) -> None:
        """Let capital move before a step with which a new period begins."""
        options = self.config.rebalancing
        if self._rebalancer is None or options is None:
            return
        day = (time - 1) // NANOSECONDS_PER_DAY
        if before is None:
            self._rebalancer.begin(day)
        elif period_ends(np.array([before, time]), options.every):
            self._rebalancer.act(day)

    def _flows_of(self, calculated: Mapping[str, Calculated]) -> NDArray[np.void] | None:
        """Find what holding brings or costs in a step."""
        rows: list[tuple[int, ...]] = []
        for symbol, flows in self._flows.items():
            if symbol in calculated:
                before, close = self._closes.get(symbol), calculated[symbol].close_time
                closes = np.array([close] if before is None else [before, close], np.int64)
                number = self._number[symbol]
                rows += [(0, phase, number, *rest) for _, phase, *rest in flows.due(closes, len(closes) - 1)]
                self._closes[symbol] = close
        return flow_rows(rows) if rows else None

    def _rates_of(self, rates: ConversionRates, time: int, calculated: Mapping[str, Calculated]) -> NDArray[np.int64]:
        """Find the rates of a step, and let symbols be entered of whose currency the first one has come."""
        for symbol in rates.symbols:
            if symbol in calculated:
                given = calculated[symbol]
                rates.see(symbol, np.array([given.close_time]), np.array([given.bar.close]))
        rates.forget(time)
        if self._unrated:
            before, self._unrated = self._unrated, rates.unknown_symbols(time)
            for symbol in before:
                if symbol not in self._unrated:
                    self.open_gate(Reason.RATE_UNKNOWN, symbol=symbol)
        found: NDArray[np.int64] = rates.at(np.array([time]))[0]
        return found

    def _remember(self, step: int, time: int) -> None:
        """Keep the times of steps to which something refers: the present one, and those of entries."""
        if len(self._times) >= _TIMES_KEPT:
            needed = {*self.engine.tables.cells["entry_step"].tolist(), step - 1}
            self._times = {kept: at for kept, at in self._times.items() if kept in needed}
        self._times[step] = time


def _first_rates(rates: ConversionRates | None) -> ConversionInput | None:
    """Give the rates before the first step, in the place of which those of each step come."""
    return None if rates is None else ConversionInput(currencies=rates.numbers, rates=rates.at(np.zeros(1, np.int64)))
