# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Take the portfolio from one half step to another: settle a step, then decide it.

How the timeline is cut never changes the result: all state is in the tables, and nothing here knows where a call began.
"""

from __future__ import annotations

import numpy as np

from podium.core.events import Reason
from podium.core.kernels import compiled
from podium.engine.carry_kernel import post_flows
from podium.engine.conflicts_kernel import net_entries, resolve
from podium.engine.conversion_kernel import revalue, take_rates
from podium.engine.decide_kernel import (
    enter_by_rule,
    exit_by_limit,
    exit_by_rule,
    forget,
    place,
    see_conflict,
    signal_by_command,
    signal_by_rule,
    trade_at_close,
)
from podium.engine.exposure_kernel import equity_of_account, mark, refresh
from podium.engine.impact_kernel import remember
from podium.engine.ledger_kernel import apply, cancel, overflow
from podium.engine.limits_kernel import cancel_entries, watch
from podium.engine.margin_kernel import liquidate
from podium.engine.match_kernel import match
from podium.engine.netting_kernel import net_all_orders, net_orders
from podium.engine.protection_kernel import renew
from podium.engine.quiet_kernel import FEW_STEPS, pass_quietly, quiet_steps, settle
from podium.engine.tables import (
    CEILING_UNITS,
    SLOTS_PER_CELL,
    Action,
    EngineTables,
    Interest,
    OrderKind,
    Status,
)
from podium.engine.tiers_kernel import turn_day
from podium.engine.volume_kernel import open_room

__all__ = ["advance", "finish"]

_DONE, _EVENTS_FULL = int(Status.DONE), int(Status.EVENTS_FULL)
_OVERFLOW, _LATE_COMMAND = int(Status.OVERFLOW), int(Status.LATE_COMMAND)
_CEILING_UNITS = CEILING_UNITS
_MARKET = int(OrderKind.MARKET)
_PLACE = int(Action.PLACE)
_END_OF_DATA = int(Reason.END_OF_DATA)
_TIME_UP, _SETTLES = int(Interest.TIME_UP), int(Interest.SETTLES)
#: After at most so many steps it is looked for quiet ones again.
_PATIENCE = 256


@compiled
def advance(tables: EngineTables, stop: int) -> None:
    """Advance to a half step, or until the events of another might not fit; ``run.status`` tells which.

    The arrays are unpacked once: handing them to a function for every bar would cost more than the work.
    """
    run = tables.run[0]
    measures = tables.measures
    bars, symbols, steps = tables.bars, tables.symbols, tables.steps
    signals, levels = tables.signals, tables.levels
    instruments, accounts, cells = tables.instruments, tables.accounts, tables.cells
    flows = tables.flows
    commands, candidates, equity = tables.commands, tables.candidates, tables.equity
    wishes = tables.wishes
    run.status = _DONE
    half_step = run.half_step
    look_again, patience = 0, 1
    while half_step < stop and run.status == _DONE:
        if run.event_count >= run.event_limit:
            run.status = _EVENTS_FULL
            break
        step = half_step >> 1
        row = step - run.first_step
        if step >= run.schedule.turns:
            turn_day(run, instruments, cells, tables.days, step)
        if (
            run.active_cells == 0
            and run.command == run.command_count
            and not run.watchful
            and not run.margined
            and not run.converted
            and half_step & 1 == 0
            and step >= look_again
            and stop - half_step >= 2 * FEW_STEPS
        ):
            most = min((stop - half_step) >> 1, run.schedule.turns - step, run.next_flow - step)
            quiet = quiet_steps(run, instruments, accounts, cells, tables.outlooks, signals, most)
            if quiet >= FEW_STEPS:
                pass_quietly(
                    run, instruments, accounts, cells, bars, measures, tables.bar_steps, equity, row, row + quiet
                )
                half_step += 2 * quiet
                if run.limited:
                    run.limits.time = tables.times[row + quiet - 1]
                    run.limits.today = tables.limit_days[row + quiet - 1]
                patience = 1
                continue
            # Where it is seldom quiet, looking is in vain: look less and less often.
            patience = min(2 * patience, _PATIENCE)
            look_again = step + max(patience, quiet + 1)
        if run.limited:
            if half_step & 1 == 0:
                refresh(run, instruments, cells, step)
            run.limits.time = tables.times[row]
            run.limits.today = tables.limit_days[row]
        run.step = step
        # Where every symbol has a bar in every step, nothing needs to be looked up.
        first = 0 if run.dense else steps[row]
        last = len(instruments) if run.dense else steps[row + 1]
        if half_step & 1 == 0:
            # Settle: symbols in portfolio order. Who will want something is seen in the same pass.
            if run.converted:
                take_rates(instruments, tables.rates, row, 0)
            if step >= run.next_flow:
                post_flows(run, instruments, accounts, cells, flows, 0)
            total = 0
            count = 0
            for index in range(first, last):
                instrument = instruments[index if run.dense else symbols[index]]
                bar_index = instrument.next_bar
                instrument.next_bar = bar_index + 1
                bar = bars[bar_index]
                if run.measured:
                    open_room(instrument, measures[bar_index])
                for cell_index in range(instrument.first_cell, instrument.last_cell):
                    cell = cells[cell_index]
                    interest = cell.interest
                    if interest & _SETTLES:
                        account = accounts[cell.strategy]
                        if cell.active:
                            match(run, cell, account, instrument, bar)
                        total += settle(run, cell, account, instrument, bar)
                        if abs(total) >= _CEILING_UNITS:
                            overflow(run, cell)
                        interest = cell.interest
                    bits = np.int64(signals[cell.signal_offset + bar_index])
                    if (bits | _TIME_UP) & interest != 0:
                        candidates[count].cell = cell_index
                        candidates[count].row = bar_index - instrument.first_bar
                        candidates[count].bits = bits
                        count += 1
                if run.netted and instrument.book.fills > 0:
                    net_orders(run, cells[instrument.first_cell], instrument, 1)
                instrument.mark = bar.close
                if run.measured:
                    remember(instrument, measures[bar_index])
            run.candidate_count = count
            if total != 0:
                run.portfolio.equity += total
                if abs(run.portfolio.equity) >= _CEILING_UNITS:
                    run.status = _OVERFLOW
            if run.converted:
                take_rates(instruments, tables.rates, row, 1)
                beyond = revalue(run, instruments, accounts, cells)
                if beyond >= 0:
                    overflow(run, cells[beyond])
            if step >= run.next_flow:
                post_flows(run, instruments, accounts, cells, flows, 1)
            if run.margined:
                liquidate(run, instruments, accounts, cells, candidates)
                if run.netted:
                    net_all_orders(run, instruments, cells, 1)
                count = run.candidate_count
            half_step += 1
            if count > 0 or run.command < run.command_count or run.watchful or half_step == stop:
                continue
            # Nobody wants anything: the step is decided already.
        else:
            # Decide.
            count = run.candidate_count
            first_command = last_command = run.command
            while last_command < run.command_count and commands[last_command].step <= step:
                last_command += 1
            if first_command < last_command and commands[first_command].step < step:
                run.status = _LATE_COMMAND
            if run.watchful:
                watch(run, instruments, accounts, cells, tables.limit_days[row])
            if count > 0 or first_command < last_command:
                # First all signals, ...
                for index in range(count):
                    cell = cells[candidates[index].cell]
                    account, instrument = accounts[cell.strategy], instruments[cell.symbol]
                    signal_by_rule(run, cell, account, instrument, candidates[index].bits)
                for index in range(first_command, last_command):
                    cell = cells[commands[index].cell]
                    account, instrument = accounts[cell.strategy], instruments[cell.symbol]
                    signal_by_command(run, cell, account, instrument, commands[index])
                # ... then conflicts (a command may come without a bar of its symbol), ...
                for index in range(first, last):
                    instrument = instruments[index if run.dense else symbols[index]]
                    if see_conflict(run, cells[instrument.first_cell], instrument):
                        resolve(run, instrument, accounts, cells, commands, levels, wishes, first_command, last_command)
                for index in range(first_command, last_command):
                    instrument = instruments[cells[commands[index].cell].symbol]
                    if see_conflict(run, cells[instrument.first_cell], instrument):
                        resolve(run, instrument, accounts, cells, commands, levels, wishes, first_command, last_command)
                # ... then exits, ...
                for index in range(count):
                    cell = cells[candidates[index].cell]
                    account, instrument = accounts[cell.strategy], instruments[cell.symbol]
                    exit_by_rule(run, cell, account, instrument)
                    if run.fill_at_close:
                        trade_at_close(run, cell, account, instrument)
                for index in range(first_command, last_command):
                    if commands[index].exit:
                        cell = cells[commands[index].cell]
                        account, instrument = accounts[cell.strategy], instruments[cell.symbol]
                        place(run, cell, account, instrument, commands[index])
                        if run.fill_at_close:
                            trade_at_close(run, cell, account, instrument)
            if run.limited and run.limits.closing != 0:
                for index in range(len(cells)):
                    cell = cells[index]
                    exit_by_limit(run, cell, accounts[cell.strategy], instruments[cell.symbol])
            stopped = run.limits.stopped
            if count > 0 or first_command < last_command:
                if run.limited:
                    mark(run, instruments, cells, step)
                # ... then entries, first those of which only a difference is left.
                if run.conflicts_to_net > 0:
                    for index in range(len(instruments)):
                        instrument = instruments[index]
                        if instrument.conflict_event > 0:
                            net_entries(
                                run, instrument, accounts, cells, commands, levels, wishes, first_command, last_command
                            )
                            if run.limited and run.fill_at_close:
                                mark(run, instruments, cells, step)
                for index in range(count):
                    cell = cells[candidates[index].cell]
                    account, instrument = accounts[cell.strategy], instruments[cell.symbol]
                    enter_by_rule(run, cell, account, instrument, levels, candidates[index].row)
                    if run.fill_at_close:
                        trade_at_close(run, cell, account, instrument)
                        if run.limited:
                            mark(run, instruments, cells, step)
                for index in range(first_command, last_command):
                    cell = cells[commands[index].cell]
                    if commands[index].action == _PLACE and not commands[index].exit:
                        account, instrument = accounts[cell.strategy], instruments[cell.symbol]
                        place(run, cell, account, instrument, commands[index])
                        if run.fill_at_close:
                            trade_at_close(run, cell, account, instrument)
                            if run.limited:
                                mark(run, instruments, cells, step)
                for index in range(first_command, last_command):
                    forget(cells[commands[index].cell])
                run.command = last_command
            if run.limits.stopped != stopped:
                # An entry was the last one: what it stops is closed as if the account had come to the limit.
                cancel_entries(run, accounts, cells)
                for index in range(len(cells)):
                    cell = cells[index]
                    exit_by_limit(run, cell, accounts[cell.strategy], instruments[cell.symbol])
            if run.netted and run.fill_at_close:
                net_all_orders(run, instruments, cells, 1)
            if run.watchful:
                run.limits.last_equity = equity_of_account(run)
        for strategy in range(len(accounts)):
            equity[strategy, row] = accounts[strategy].equity
        if run.netted:
            equity[len(accounts), row] = run.netting.equity
        half_step += 1
    run.half_step = half_step


@compiled
def finish(tables: EngineTables) -> None:
    """End the run where it stands: cancel working orders, close every position at its last mark."""
    run = tables.run[0]
    run.status = _DONE
    # It stands behind the half step that was done last.
    run.step = (run.half_step - 1) >> 1
    for cell_index in range(len(tables.cells)):
        cell = tables.cells[cell_index]
        account, instrument = tables.accounts[cell.strategy], tables.instruments[cell.symbol]
        for slot in range(SLOTS_PER_CELL):
            if (cell.working >> slot) & 1:
                cancel(run, cell, account, cell.orders[slot], _END_OF_DATA)
        if cell.quantity != 0:
            side = -1 if cell.quantity > 0 else 1
            apply(
                run, cell, account, instrument, side, abs(cell.quantity), instrument.mark,
                instrument.mark, 0, _END_OF_DATA, 0, _MARKET, 1,
            )  # fmt: skip
        renew(run, cell)
    if run.netted:
        net_all_orders(run, tables.instruments, tables.cells, 0)
    row = run.step - run.first_step
    for strategy in range(len(tables.accounts)):
        tables.equity[strategy, row] = tables.accounts[strategy].equity
    if run.netted:
        tables.equity[len(tables.accounts), row] = run.netting.equity
