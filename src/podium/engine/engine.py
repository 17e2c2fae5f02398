"""The engine: it advances through the timeline and hands out what happened.

It is synchronous and knows no input, output or clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_DOWN, Context, Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.arrays import numbers_of
from podium.core.errors import ConfigurationError, Problem, invariant, within
from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.core.money import LEDGER_LIMIT_UNITS, RATE_SCALE, MoneyUnit, to_rate
from podium.core.slippage import SlippageModel
from podium.engine.advance_kernel import advance, finish
from podium.engine.gate_kernel import close_gate
from podium.engine.limits import EngineLimits, write_limits
from podium.engine.measures import measure_rows, needs_measures
from podium.engine.money_kernel import muldiv
from podium.engine.plain import kernel_tables
from podium.engine.tables import (
    ACCOUNT,
    CANDIDATE,
    CEILING_UNITS,
    CELL,
    EVENT,
    EVENTS_MAXIMUM,
    EVENTS_PER_CODED_CELL,
    EVENTS_PER_COMMAND,
    EVENTS_PER_CONVERTED_CELL,
    EVENTS_PER_FLOW,
    EVENTS_PER_RULES_CELL,
    FLOW,
    INSTRUMENT,
    ORDER,
    OUTLOOK,
    RUN,
    SLOTS_PER_CELL,
    ConflictMode,
    EngineTables,
    Record,
    SignalBit,
    Status,
)
from podium.engine.timeline import Timeline
from podium.engine.transfer_kernel import move_capital

__all__ = ["CellInput", "ConversionInput", "Engine", "EngineOptions", "EngineOverflow", "TierInput", "events_of_a_step"]

_EXACT = Context(prec=80)
_FOREVER = 1 << 62
_UP = Context(prec=60, rounding=ROUND_CEILING)
_COMMANDS = 512
_DONE = int(Status.DONE)
_EVENTS = 4096
_BLOCK = 1 << 16
_BLOCK_MAXIMUM = 1 << 20
#: The bytes of a command that asks for nothing and lives until it is cancelled.
_NO_COMMAND = np.array([tuple(-1 if name == "bars_left" else 0 for name in ORDER.names or ())], ORDER).view(np.uint8)
_BYTES = np.dtype((np.void, EVENT.itemsize))
#: Equity larger than this is kept in a temporary file instead of memory.
_EQUITY_IN_MEMORY_BYTES = 1 << 28


class EngineOverflow(ArithmeticError):
    """Report that a cell's position left the range of the ledger.

    Args:
        step: at which step.
        strategy: index of the strategy.
        symbol: index of the symbol.
    """

    def __init__(self, *, step: int, strategy: int, symbol: int) -> None:
        self.step, self.strategy, self.symbol = step, strategy, symbol
        super().__init__(f"the ledger overflows in step {step}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Choose between the conventions of the time step.

    Args:
        entry_buffer: billionths added to the price when a size is fixed at the decision.
        fill_at_close: market orders fill at the close of the decision.
        size_at_fill: entries are sized when they fill.
        optimistic: stop and target in one bar: the target wins.
        protect_next_bar: protection starts one bar after the entry.
        compounding: allocations follow equity at cost.
        spread_on_exit: exits pay the spread, too.
        netted: market orders of a symbol that trade together go out as one.
    """

    entry_buffer: int = RATE_SCALE // 100
    fill_at_close: bool = False
    size_at_fill: bool = False
    optimistic: bool = False
    protect_next_bar: bool = False
    compounding: bool = False
    spread_on_exit: bool = True
    netted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellInput:
    """Say what one strategy brings to one symbol.

    Args:
        strategy: its index.
        symbol: its index.
        signals: a byte of :class:`~podium.engine.tables.SignalBit` for each bar of the symbol; ``None`` for coded
            cells.
        plan: one ``PLAN`` row; its ``series`` number the arrays of ``levels``; ``None`` for coded cells.
        levels: ticks for each bar of the symbol.
    """

    strategy: int
    symbol: int
    signals: NDArray[np.uint8] | None = None
    plan: Record = None
    levels: Sequence[NDArray[np.int64]] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class TierInput:
    """State the fees from a traded volume on.

    Args:
        volume: units of notional in the 30 UTC days before; 0 for the first tier, then growing.
        taker_fee: billionths of the notional.
        maker_fee: billionths of the notional.
    """

    volume: int
    taker_fee: int
    maker_fee: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConversionInput:
    """State which instruments are not quoted in the account currency, and at which rates they are converted.

    Args:
        currencies: of each instrument the number of its quote currency, from 1; 0 is the account currency.
        rates: money of the account for one of the quote currency, as numerator and denominator: what is known before
            the bars of a step, then at their closes; shape ``(steps, currencies, 2, 2)``, all > 0.
    """

    currencies: Sequence[int]
    rates: NDArray[np.int64]


class Engine:
    """Run cells over a timeline, from chunk to chunk.

    Args:
        timeline: all bars.
        instruments: in portfolio order.
        deposits: money units of each strategy, in the file's order.
        cells: sorted by (symbol, strategy).
        options: conventions of the time step.
        unit: the money unit.
        slippage: billionths, for instruments without their own.
        spread: billionths, for instruments without their own.
        fee_tiers: for instruments without fees of their own.
        conflicts: for each instrument what happens when strategies want both sides; by default all act.
        priorities: of each strategy, where conflicts go by them; the highest prevails.
        limits: the portfolio's limits; ``None`` when there are none.
        flows: ``FLOW`` rows by (step, phase): what holding brings or costs, and splits.
        conversion: rates of quote currencies; ``None`` when all instruments are quoted in the account currency.
    """

    def __init__(
        self,
        *,
        timeline: Timeline,
        instruments: Sequence[Instrument],
        deposits: Sequence[int],
        cells: Sequence[CellInput],
        options: EngineOptions,
        unit: MoneyUnit,
        slippage: int = 0,
        spread: int = 0,
        fee_tiers: Sequence[TierInput] = (),
        conflicts: Sequence[ConflictMode] = (),
        priorities: Sequence[int] = (),
        limits: EngineLimits | None = None,
        flows: NDArray[np.void] | None = None,
        conversion: ConversionInput | None = None,
    ) -> None:
        invariant(sum(deposits) < LEDGER_LIMIT_UNITS // 4, "capital fits the ledger", units=sum(deposits))
        self.timeline = timeline
        self.unit = unit
        commands = np.zeros(_COMMANDS, ORDER)
        flows = np.zeros(0, FLOW) if flows is None else flows
        self.tables = EngineTables(
            run=_with_tiers(_run_row(options, sum(deposits), cells, timeline, flows), fee_tiers, timeline),
            instruments=_with_fees(
                _with_bars(_instrument_rows(instruments, cells, unit, slippage, spread), timeline),
                instruments,
                fee_tiers,
            ),
            accounts=_account_rows(deposits),
            cells=_cell_rows(cells, timeline),
            bars=timeline.bars,
            measures=measure_rows(timeline, instruments),
            bar_steps=timeline.bar_steps,
            days=timeline.days if fee_tiers else np.zeros(1, np.int64),
            rates=_rate_rows(conversion),
            symbols=timeline.symbols,
            steps=timeline.steps,
            times=timeline.times,
            limit_days=np.zeros(0, np.int64) if limits is None else limits.days,
            signals=_signal_bytes(cells, timeline),
            levels=_level_series(cells),
            commands=commands,
            flows=flows,
            candidates=np.zeros(len(cells), CANDIDATE),
            outlooks=np.zeros(len(cells), OUTLOOK),
            wishes=np.zeros((len(cells) + _COMMANDS, 3), np.int64),
            # With netting, what it saved is the last row.
            equity=_equity_rows(len(deposits) + options.netted, len(timeline)),
        )
        if conflicts:
            sized_early = not (options.size_at_fill and ConflictMode.NET_SIGNAL in conflicts)
            invariant(sized_early, "conflicts whose sizes are netted are sized at the decision")
            self.tables.instruments["conflict_mode"] = conflicts
        if priorities:
            self.tables.cells["priority"] = np.array(priorities)[self.tables.cells["strategy"]]
        if limits is not None:
            write_limits(
                self.tables.run[0],
                limits,
                capital=sum(deposits),
                strategies=len(deposits),
                symbols=len(instruments),
                one=10**unit.digits,
            )
            # Every order may meet every limit, and tell so, when it is decided and when it fills.
            room = events_of_a_step(cells) + 2 * SLOTS_PER_CELL * len(cells) * limits.events_per_entry
            self.tables.run[0]["event_limit"] = max(min(_EVENTS, EVENTS_MAXIMUM - room), 1)
        if conversion is not None and any(conversion.currencies):
            self._convert(conversion, events_of_a_step(cells) + _events_of_flows(flows, cells))
        maintained = self.tables.instruments[["maintenance_rate", "maintenance_per_lot"]]
        self.tables.run[0]["margined"] = any(any(row) for row in maintained.tolist())
        self.tables.run[0]["measured"] = needs_measures(instruments)
        # Cleared as plain bytes: NumPy copies structured rows field by field, thirty times slower.
        self._command_bytes = commands.view(np.uint8).reshape(_COMMANDS, -1)
        self._kernel_tables = kernel_tables(self.tables)
        # A cell stands for its strategy; -1 for cash that none has.
        self._first_cells = {cell.strategy: index for index, cell in reversed(list(enumerate(cells)))} | {-1: -1}
        self._blocks = [np.empty(_BLOCK, EVENT)]
        self._filled = 0
        self._run = self.tables.run[0]
        # Looked at in every call, so not as fields of a row, which take ten times as long.
        self._status, self._consumed, self._commands = (
            numbers_of(self.tables.run[name]) for name in ("status", "command", "command_count")
        )
        self._finished = False

    def _convert(self, conversion: ConversionInput, events: int) -> None:
        instruments, run = self.tables.instruments, self.tables.run[0]
        instruments["currency"] = conversion.currencies
        foreign = instruments["currency"] > 0
        instruments["equity_per_tick_lot"][foreign] = 0
        # Before the first step nothing is held.
        instruments["rate_numerator"][foreign] = instruments["rate_denominator"][foreign] = 1
        run["converted"] = 1
        room = EVENTS_MAXIMUM - events - EVENTS_PER_CONVERTED_CELL * len(self.tables.cells)
        run["event_limit"] = max(min(int(run["event_limit"]), room), 1)

    @property
    def half_step(self) -> int:
        """Tell how far it is: 2k before settling step k, 2k + 1 before deciding it."""
        return int(self._run["half_step"])

    @property
    def equity(self) -> NDArray[np.int64]:
        """Give the equity of each strategy at the end of each step, units, shape ``(steps, strategies)``.

        With netting, the last column is what it saved.
        """
        return self.tables.equity.T

    def advance(self, stop: int) -> None:
        """Advance to a half step.

        Args:
            stop: 2k stands before settling step k; it may lie behind the present one, then nothing happens.

        Raises:
            EngineOverflow: when a position is worth more than the ledger holds.
            InvariantBroken: when an account does not add up.
        """
        while True:
            advance(self._kernel_tables, stop)
            status = self._status[0]
            if status == _DONE:
                break
            if status != Status.EVENTS_FULL:
                self._fail(status)
            self._drain()
        if self._consumed[0] == self._commands[0]:
            self._consumed[0] = self._commands[0] = 0

    def _fail(self, status: int) -> None:
        """Say why the kernel stopped, if it had to; it stands behind the half step in which it happened."""
        if status == Status.DONE:
            return
        cell = self.tables.cells[int(self._run["cell"])]
        step = max(self.half_step - 1, 0) // 2
        if status == Status.OVERFLOW:
            raise EngineOverflow(step=step, strategy=int(cell["strategy"]), symbol=int(cell["symbol"]))
        invariant(status != Status.LATE_COMMAND, "a command comes before its step is decided", half_step=self.half_step)
        invariant(status != Status.EVENTS_LOST, "the events of half a step fit the buffer", step=step)
        invariant(status != Status.BROKEN, "every account adds up at every event", step=step, cell=int(cell["index"]))

    def command(self) -> Record:
        """Give the next free command row, cleared; it is part of the input from here on.

        Returns:
            An ``ORDER`` row to fill.

        Raises:
            InvariantBroken: when one step brings more commands than the buffer holds.
        """
        count = self._commands[0]
        invariant(count < _COMMANDS, "a step brings no more commands than the buffer holds", count=count)
        self._commands[0] = count + 1
        self._command_bytes[count] = _NO_COMMAND
        return self.tables.commands[count]

    @property
    def command_count(self) -> int:
        """Tell how many commands wait to be consumed, or were and still have their row."""
        return self._commands[0]

    def drop_commands(self, count: int) -> None:
        """Forget the newest commands, which no step has consumed.

        Args:
            count: how many there were before them.
        """
        invariant(self._consumed[0] <= count, "a command that was consumed is not forgotten", count=count)
        self._commands[0] = min(count, self._commands[0])

    @property
    def command_room(self) -> int:
        """Tell how many commands fit before the engine must advance."""
        return _COMMANDS - self._commands[0]

    def make_room(self) -> None:
        """Drop commands that were consumed; those of the present step move to the front."""
        first, count = self._consumed[0], self._commands[0]
        self._command_bytes[: count - first] = self._command_bytes[first:count]
        self._consumed[0], self._commands[0] = 0, count - first

    def move_capital(self, giver: int, receiver: int, units: int, reason: Reason) -> None:
        """Move free cash between two strategies, behind a decided step and before the next one is settled.

        Args:
            giver: index of the strategy that gives; -1 is cash that no strategy has.
            receiver: index of the strategy that gets it, or -1.
            units: how much, above 0, and no more than what is free: the giver's cash − reserved.
            reason: why.

        Raises:
            InvariantBroken: when no step was decided yet, one is half done, or the cash is not free.
        """
        invariant(self.half_step > 0 and self.half_step % 2 == 0, "capital moves between steps", at=self.half_step)
        invariant(units > 0 and giver != receiver, "a move has an amount and two sides", units=units)
        self._drain()
        cell, other, signed = self._first_cells[giver], self._first_cells[receiver], units
        if giver < 0:
            cell, other, signed = other, cell, -units
        move_capital(self._kernel_tables, cell, other, signed, int(reason))
        self._fail(int(self._run["status"]))

    def close_gate(self, cell: int, reason: Reason) -> None:
        """Let a cell enter nothing more, between two steps; its working entries are cancelled, exits go on.

        Args:
            cell: its index.
            reason: why; entries are refused with it.
        """
        invariant(self.half_step % 2 == 0, "gates are closed between steps", at=self.half_step)
        self._drain()
        close_gate(self._kernel_tables, cell, int(reason))
        self._fail(int(self._run["status"]))

    def set_gate(self, cell: int, reason: Reason) -> None:
        """Let a cell enter again, or say anew why it may not.

        Args:
            cell: its index.
            reason: why; ``NONE`` opens the gate.
        """
        self.tables.cells[cell]["gate"] = reason

    def finish(self, *, close_positions: bool) -> None:
        """End the run.

        Args:
            close_positions: close every position at its last mark and cancel working orders; else leave them.

        Raises:
            EngineOverflow: when an account is worth more than the ledger holds.
        """
        invariant(not self._finished, "a run ends once")
        self._finished = True
        if close_positions and self.half_step > 0:
            self._drain()
            finish(self._kernel_tables)
            self._fail(int(self._run["status"]))
        self._drain()

    def rates(self, *, at_close: bool) -> dict[int, NDArray[np.int64]]:
        """Give the rates of the cells whose symbols are not quoted in the account currency.

        Args:
            at_close: those at the close of each step, instead of before its bars.

        Returns:
            By cell: money of the account for one of the quote currency, as numerator and denominator; ``(steps, 2)``.
        """
        currencies = self.tables.instruments["currency"][self.tables.cells["symbol"]]
        first = 4 * (currencies - 1) + 2 * at_close
        return {int(cell): self.tables.rates[:, first[cell] : first[cell] + 2] for cell in np.flatnonzero(currencies)}

    def converted(self, symbol: int, units: int) -> int:
        """Convert an amount of a symbol's quote currency at the last rate, half to even.

        Args:
            symbol: its index.
            units: of the quote currency.

        Returns:
            Units of the account currency.
        """
        row = self.tables.instruments[symbol]
        return muldiv(units, int(row["rate_numerator"]), int(row["rate_denominator"])) if row["currency"] else units

    def events(self) -> list[NDArray[np.void]]:
        """Give all events so far.

        Returns:
            Blocks of ``EVENT`` rows, in order; the first event of the first block has sequence 1.
        """
        self._drain()
        return [*self._blocks[:-1], self._blocks[-1][: self._filled]]

    def take_events(self) -> list[NDArray[np.void]]:
        """Give the events since the last call, and forget them.

        Returns:
            Blocks of ``EVENT`` rows, in order.
        """
        taken = [block.copy() for block in self.events()]
        del self._blocks[:-1]
        self._filled = 0
        return taken

    def take_flows(self, flows: NDArray[np.void]) -> None:
        """Put what the step ahead brings or costs in the place of earlier flows, which were posted.

        Args:
            flows: ``FLOW`` rows of that step, by phase.
        """
        self.tables = self.tables._replace(flows=flows)
        self._kernel_tables = kernel_tables(self.tables)
        self._run["flow"], self._run["next_flow"] = 0, flows["step"][0] if len(flows) else _FOREVER

    def _drain(self) -> None:
        """Move the kernel's events to where they stay: large blocks, since fresh memory costs more than the copy."""
        # Seen as plain bytes: NumPy copies structured rows field by field, twenty times slower.
        events = self._run["events"][: int(self._run["event_count"])].view(_BYTES)
        self._run["event_count"] = 0
        while len(events):
            room = len(self._blocks[-1]) - self._filled
            if room == 0:
                # Each block is twice the last: what is not written yet costs nothing.
                room = min(2 * len(self._blocks[-1]), _BLOCK_MAXIMUM)
                self._blocks.append(np.empty(room, EVENT))
                self._filled = 0
            part = events[:room]
            self._blocks[-1].view(_BYTES)[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            events = events[len(part) :]


def events_of_a_step(cells: Sequence[CellInput]) -> int:
    """Compute the most events that half a step can make; the buffer holds ``EVENTS_MAXIMUM``.

    Args:
        cells: all cells of a run.

    Returns:
        How many.
    """
    coded = sum(cell.signals is None for cell in cells)
    rules = len(cells) - coded
    return EVENTS_PER_CODED_CELL * coded + EVENTS_PER_RULES_CELL * rules + EVENTS_PER_COMMAND * _COMMANDS


def _run_row(
    options: EngineOptions,
    allocated: int,
    cells: Sequence[CellInput],
    timeline: Timeline,
    flows: NDArray[np.void],
) -> NDArray[np.void]:
    room = events_of_a_step(cells) + _events_of_flows(flows, cells)
    invariant(room < EVENTS_MAXIMUM, "the events of one step fit the buffer", cells=len(cells))
    row = np.empty(1, RUN)
    # Events are written before they are read: clearing their buffer, too, would take as long as thousands of steps.
    row.view(np.uint8)[: RUN.fields["events"][1]] = 0  # type: ignore[index]  # a structured type
    row["dense"] = all(length == len(timeline) for length in timeline.lengths)
    row["next_flow"] = flows["step"][0] if len(flows) else _FOREVER
    # Small enough to stay in the processor's cache.
    row["event_limit"] = min(_EVENTS, EVENTS_MAXIMUM - room)
    for name in options.__dataclass_fields__:
        row[name] = getattr(options, name)
    _deposit(row["portfolio"], allocated)
    return row


def _rate_rows(conversion: ConversionInput | None) -> NDArray[np.int64]:
    if conversion is None:
        return np.zeros((1, 1), np.int64)
    invariant(bool((conversion.rates > 0).all()), "rates are above 0")
    return np.ascontiguousarray(conversion.rates.reshape(len(conversion.rates), -1))


def _events_of_flows(flows: NDArray[np.void], cells: Sequence[CellInput]) -> int:
    """Compute the most events that the flows of one step can make."""
    invariant(bool((np.diff(2 * flows["step"] + flows["phase"]) >= 0).all()), "flows come by (step, phase)")
    if len(flows) == 0:
        return 0
    symbols = np.bincount([cell.symbol for cell in cells], minlength=int(flows["symbol"].max()) + 1)
    return int(np.bincount(flows["step"], weights=symbols[flows["symbol"]]).max()) * EVENTS_PER_FLOW


def _deposit(account: Record, units: int) -> None:
    for name in ("deposited", "allocated", "cash", "equity"):
        account[name] = units


def _instrument_rows(
    instruments: Sequence[Instrument], cells: Sequence[CellInput], unit: MoneyUnit, slippage: int, spread: int
) -> NDArray[np.void]:
    rows = np.zeros(len(instruments), INSTRUMENT)
    order = [(cell.symbol, cell.strategy) for cell in cells]
    invariant(order == sorted(order), "cells come by (symbol, strategy)")
    for index, (row, instrument) in enumerate(zip(rows, instruments, strict=True)):
        with within("instruments", index):
            _write_costs(row, instrument, unit, slippage, spread)
        row["quantity_minimum"] = int((instrument.quantity_minimum or instrument.lot) / instrument.lot)
        maximum = instrument.quantity_maximum
        row["quantity_maximum"] = _FOREVER if maximum is None else int(maximum / instrument.lot)
        mine = [position for position, cell in enumerate(cells) if cell.symbol == index]
        row["first_cell"] = mine[0] if mine else 0
        row["last_cell"] = mine[-1] + 1 if mine else 0
    return rows


def _write_costs(row: Record, instrument: Instrument, unit: MoneyUnit, slippage: int, spread: int) -> None:
    row["money_per_tick_lot"] = row["equity_per_tick_lot"] = unit.money_per_tick_lot(instrument)
    row["leverage"] = to_rate(instrument.leverage, "leverage")
    row["maintenance_rate"] = to_rate(instrument.maintenance_rate, "maintenance_rate")
    row["maintenance_per_lot"] = _margin(instrument.maintenance_margin, "maintenance_margin", instrument, unit)
    row["margin_per_lot"] = _margin(instrument.initial_margin, "initial_margin", instrument, unit)
    row["fee_per_lot_numerator"] = _fee(unit.fee_per_lot(instrument), instrument.fee_per_unit, "fee_per_unit", unit)
    minimum = unit.to_units(instrument.fee_minimum, "fee_minimum")
    row["fee_minimum"] = _fee(minimum, instrument.fee_minimum, "fee_minimum", unit)
    minimum = unit.to_units(instrument.notional_minimum, "notional_minimum")
    row["notional_minimum"] = _fee(minimum, instrument.notional_minimum, "notional_minimum", unit)
    row["slippage"] = slippage if instrument.slippage is None else to_rate(instrument.slippage, "slippage")
    row["spread"] = spread if instrument.spread is None else to_rate(instrument.spread, "spread")
    if instrument.volume_limit is not None:
        row["volume_limit"] = to_rate(instrument.volume_limit, "volume_limit")
    if instrument.slippage_model is not None:
        _slip_by(row, instrument, instrument.slippage_model)


def _slip_by(row: Record, instrument: Instrument, model: SlippageModel) -> None:
    row["slipping"] = 1 + 2 * model.stops
    row["volatility_factor"] = to_rate(model.volatility, "volatility")
    row["impact"] = to_rate(model.impact, "impact")
    # What is finer than a billionth of a tick is rounded up: against the trader, as everything here.
    ticks = _UP.divide(model.money, instrument.tick) + model.ticks
    billionths = min(ticks * RATE_SCALE, Decimal(CEILING_UNITS))
    row["slippage_ticks"] = int(billionths.to_integral_value(ROUND_CEILING))


def _with_bars(instruments: NDArray[np.void], timeline: Timeline) -> NDArray[np.void]:
    instruments["last_bar"] = np.cumsum(timeline.lengths)
    instruments["first_bar"] = instruments["next_bar"] = instruments["last_bar"] - timeline.lengths
    instruments["highest"] = timeline.highest
    return instruments


def _with_fees(
    rows: NDArray[np.void], instruments: Sequence[Instrument], tiers: Sequence[TierInput]
) -> NDArray[np.void]:
    """Write the fees that are stated, else those of the first tier, else none."""
    for row, instrument in zip(rows, instruments, strict=True):
        taker = instrument.taker_fee
        row["tiered"] = (taker is None) + 2 * (taker is None and instrument.maker_fee is None) if tiers else 0
        first = tiers[0] if tiers else TierInput(volume=0, taker_fee=0, maker_fee=0)
        row["taker_fee"] = first.taker_fee if taker is None else to_rate(taker, "taker_fee")
        row["maker_fee"] = first.maker_fee if taker is None else row["taker_fee"]
        if instrument.maker_fee is not None:
            row["maker_fee"] = to_rate(instrument.maker_fee, "maker_fee")
    return rows


def _with_tiers(run: NDArray[np.void], tiers: Sequence[TierInput], timeline: Timeline) -> NDArray[np.void]:
    schedule = run[0]["schedule"]
    schedule["turns"] = _FOREVER
    schedule["count"] = len(tiers)
    for index, tier in enumerate(tiers):
        schedule["threshold"][index] = min(tier.volume, CEILING_UNITS)
        schedule["taker_fee"][index] = tier.taker_fee
        schedule["maker_fee"][index] = tier.maker_fee
    if tiers and len(timeline):
        schedule["day"] = timeline.days[0]
        schedule["turns"] = np.searchsorted(timeline.days, timeline.days[0], side="right")
    return run


def _fee(units: int, fee: Decimal, name: str, unit: MoneyUnit) -> int:
    if units >= CEILING_UNITS:
        # Rounded down to two digits, so that what is said does fit.
        most = Context(prec=2, rounding=ROUND_DOWN).divide(fee * (CEILING_UNITS - 1), Decimal(units))
        raise ConfigurationError(
            Problem(
                message=f"the {name} of {fee:f} does not fit an exact ledger in units of 1e-{unit.digits}",
                expected=f"at most {most:f}",
                hint="a coarser tick or lot makes the unit coarser, here or for the portfolio's finest symbol",
                place=(name,),
            )
        )
    return units


def _margin(margin: Decimal | None, name: str, instrument: Instrument, unit: MoneyUnit) -> int:
    """Give the units that a lot binds, exactly."""
    if margin is None:
        return 0
    units = unit.to_units(_EXACT.multiply(margin, instrument.lot), f"{name} × lot")
    return _fee(units, margin, name, unit)


def _account_rows(deposits: Sequence[int]) -> NDArray[np.void]:
    rows = np.zeros(len(deposits), ACCOUNT)
    for row, units in zip(rows, deposits, strict=True):
        _deposit(row, units)
    return rows


def _cell_rows(cells: Sequence[CellInput], timeline: Timeline) -> NDArray[np.void]:
    rows = np.zeros(len(cells), CELL)
    offset = levels = 0
    first_bars = np.cumsum(timeline.lengths) - timeline.lengths
    for index, (row, cell) in enumerate(zip(rows, cells, strict=True)):
        row["index"], row["strategy"], row["symbol"] = index, cell.strategy, cell.symbol
        row["bars_left"] = row["ceiling"] = _FOREVER
        row["coded"] = cell.signals is None
        row["signal_offset"] = (0 if cell.signals is None else offset) - first_bars[cell.symbol]
        if cell.signals is not None:
            row["interest"] = SignalBit.LONG_ENTRY | SignalBit.SHORT_ENTRY
            offset += len(cell.signals)
        if cell.plan is not None:
            starts = np.cumsum([levels, *(len(level) for level in cell.levels)])
            row["plan"] = cell.plan
            row["plan"]["series"] = np.where(cell.plan["series"] >= 0, starts[cell.plan["series"]], -1)
            levels = int(starts[-1])
    return rows


def _signal_bytes(cells: Sequence[CellInput], timeline: Timeline) -> NDArray[np.uint8]:
    parts = [cell.signals for cell in cells if cell.signals is not None]
    for cell in cells:
        invariant(
            cell.signals is None or len(cell.signals) == timeline.lengths[cell.symbol],
            "a rules cell has a byte of signals for each bar of its symbol",
            strategy=cell.strategy,
            symbol=cell.symbol,
        )
    # Coded cells read behind their own offset 0 without interest in it; there must be something to read.
    longest = max(1, *timeline.lengths)
    if sum(len(part) for part in parts) < longest:
        parts.append(np.zeros(longest, np.uint8))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _level_series(cells: Sequence[CellInput]) -> NDArray[np.int64]:
    parts = [level for cell in cells for level in cell.levels]
    if not parts:
        return np.zeros(1, np.int64)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _equity_rows(strategies: int, steps: int) -> NDArray[np.int64]:
    if steps * strategies * 8 <= _EQUITY_IN_MEMORY_BYTES:
        return np.zeros((strategies, steps), np.int64)
    # The file has no name and goes with the array.
    from tempfile import TemporaryFile  # noqa: PLC0415  only the longest runs need it

    with TemporaryFile() as file:
        return np.memmap(file, np.int64, "w+", shape=(strategies, steps))
