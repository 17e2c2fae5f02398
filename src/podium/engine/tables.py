"""The state of the engine: NumPy structured arrays, every field with its unit.

Units: *ticks* of price, *lots* of quantity, *units* of money (10⁻ᵈ of the account currency; of the quote currency only
where it is said), *billionths* of a ratio, *steps* on the run's timeline. Prices are positive, so 0 means "none" where
a price is optional. A cell's index is (symbol, strategy) in portfolio order: symbols in the file's order and, within
one, strategies in the file's order.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from podium.core.events import Reason

__all__ = [
    "ACCOUNT",
    "BAR",
    "CANDIDATE",
    "CEILING_UNITS",
    "CELL",
    "CLOSED",
    "EVENT",
    "EVENTS_MAXIMUM",
    "EVENTS_PER_CODED_CELL",
    "EVENTS_PER_COMMAND",
    "EVENTS_PER_CONVERTED_CELL",
    "EVENTS_PER_FLOW",
    "EVENTS_PER_RULES_CELL",
    "FEE_TIERS_MAXIMUM",
    "FEE_WINDOW_DAYS",
    "FLOW",
    "GROUPS_MAXIMUM",
    "INSTRUMENT",
    "LIMIT",
    "LIMITS",
    "LIMIT_FIRST",
    "MEASURE",
    "MOVED",
    "NO_LEVEL",
    "OPENED",
    "ORDER",
    "OUTLOOK",
    "PLAN",
    "PLAN_LEVELS",
    "REACHED",
    "RUN",
    "SCHEDULE",
    "SCOPE",
    "SCOPES_MAXIMUM",
    "SLOTS_PER_CELL",
    "TARGETS_MAXIMUM",
    "Action",
    "ConflictMode",
    "EngineTables",
    "Interest",
    "LevelMode",
    "LimitAction",
    "LimitScope",
    "OrderKind",
    "Record",
    "Records",
    "SignalBit",
    "SizeMode",
    "Status",
]

#: A row of a structured array; the type checker does not know its fields.
Record: TypeAlias = Any
#: A structured array.
Records: TypeAlias = NDArray[np.void]

SLOTS_PER_CELL = 8
TARGETS_MAXIMUM = 4
FEE_TIERS_MAXIMUM = 16
#: Fee tiers look at the volume of so many UTC days before the present one.
FEE_WINDOW_DAYS = 30
#: The most events that half a step can make for a coded cell, for a rules cell (one exit and one entry work at most),
#: and for a command.
EVENTS_PER_CODED_CELL = 64
EVENTS_PER_RULES_CELL = 32
EVENTS_PER_COMMAND = 24
#: The most events that a flow can make for a cell: it is posted, or a split cancels its orders and closes it.
EVENTS_PER_FLOW = 18
#: What exits add to that where a symbol is not quoted in the account currency.
EVENTS_PER_CONVERTED_CELL = 16
#: The size of the event buffer: it bounds how many cells a portfolio can have. What is not written costs no memory.
EVENTS_MAXIMUM = 1 << 19
#: No position, balance or equity is worth more units; so sums and differences of a few stay within 64 bits.
CEILING_UNITS = 1 << 61
#: A level that is not known at this bar.
NO_LEVEL = -(1 << 62)


class OrderKind(IntEnum):
    """Say how an order waits."""

    MARKET = 1
    LIMIT = 2
    STOP = 3


class Action(IntEnum):
    """Say what a command asks for."""

    PLACE = 1
    """an order; an entry, or an exit when it is opposite to the position"""
    CLOSE = 2
    """a market order that closes the position, or a part of it"""
    CANCEL = 3
    """cancel the working order named by ``identifier``; 0 means all"""
    PROTECT = 4
    """replace the levels of the position that are given"""


class SizeMode(IntEnum):
    """Say what ``size`` of an order or a plan means."""

    EVERYTHING = 0
    """all that is available (an exit: the whole position)"""
    FRACTION = 1
    """billionths of the strategy's capital"""
    QUANTITY = 2
    """lots"""
    MONEY = 3
    """units of notional"""
    RISK = 4
    """billionths of the strategy's capital, lost when the stop is hit"""


class LevelMode(IntEnum):
    """Say what the number of a protective level means."""

    NONE = 0
    PRICE = 1
    """ticks"""
    DISTANCE = 2
    """ticks from the fill price"""
    RATIO = 3
    """billionths of the fill price"""


class SignalBit(IntEnum):
    """Name the bits of the byte that a rules strategy gives for one bar of one symbol."""

    LONG_ENTRY = 1
    LONG_EXIT = 2
    SHORT_ENTRY = 4
    SHORT_EXIT = 8


class ConflictMode(IntEnum):
    """Say what happens to the entries of both sides that strategies want on one symbol in one step."""

    ALLOW = 0
    """all of them act"""
    FIRST_WINS = 1
    """whoever has held a position there longest prevails, else the first in the file"""
    PRIORITY = 2
    """whoever has the highest number prevails, of equal ones the first in the file"""
    NET_SIGNAL = 3
    """the side that wants more keeps the difference, in proportion"""
    CANCEL_BOTH = 4
    """none of them acts"""


class Interest(IntEnum):
    """Name the bits of a cell's ``interest`` beside those of :class:`SignalBit` that can act now."""

    TIME_UP = 16
    """the time exit is due"""
    SETTLES = 32
    """a bar does something to the cell: there is a position, or orders work"""


class LimitAction(IntEnum):
    """Say what happens where a limit is reached."""

    NONE = 0
    """there is no such limit"""
    BLOCK = 1
    """entries are refused"""
    REDUCE = 2
    """entries are cut to what fits, or by a factor"""
    CLOSE = 3
    """what is open is closed, entries are refused until it is"""
    STOP = 4
    """what is open is closed, and nothing is entered any more"""


class LimitScope(IntEnum):
    """Say whom an event about a limit concerns."""

    CELL = 0
    PORTFOLIO = 1
    STRATEGY = 2
    SYMBOL = 3
    GROUP = 4


class Status(IntEnum):
    """Say why ``advance`` returned."""

    DONE = 0
    EVENTS_FULL = 1
    OVERFLOW = 2
    BROKEN = 3
    LATE_COMMAND = 4
    EVENTS_LOST = 5
    """half a step made more events than were reserved for it"""


#: What traded at market at one price, to be netted; side 0 are sells, 1 buys.
BOOK = np.dtype(
    [
        ("fills", "i8"),  # how many
        ("price", "i8"),  # ticks, without slippage and spread
        ("entered", "i8", (2,)),  # lots by side
        ("exited", "i8", (2,)),  # lots by side
        ("fees", "i8"),  # units that strategies paid
        ("slippage", "i8"),  # units that strategies lost to slippage and spread
        ("notional", "i8"),  # units that strategies traded
    ],
    align=True,
)

INSTRUMENT = np.dtype(
    [
        ("mark", "i8"),  # ticks; the last close
        ("money_per_tick_lot", "i8"),  # units of the quote currency that one lot is worth for one tick
        ("equity_per_tick_lot", "i8"),  # units by which a tick moves the equity of a lot; 0 where marks are converted
        ("currency", "i8"),  # quoted in the account currency: 0; else the number of its rates, from 1
        ("rate_numerator", "i8"),  # units of the account for ...
        ("rate_denominator", "i8"),  # ... so many of the quote currency, at present
        ("leverage", "i8"),  # billionths; 1 × is 1_000_000_000
        ("maintenance_rate", "i8"),  # billionths of its value that must stand behind a position; 0 none
        ("maintenance_per_lot", "i8"),  # units a lot that must stand behind it; 0 none
        ("margin_per_lot", "i8"),  # units bound by a lot whatever its price; 0: notional / leverage
        ("maker_fee", "i8"),  # billionths of the notional
        ("taker_fee", "i8"),  # billionths of the notional
        ("fee_per_lot_numerator", "i8"),  # units × billion per lot (so that a fraction of a unit a lot is kept)
        ("fee_minimum", "i8"),  # units an order
        ("slippage", "i8"),  # billionths, market orders
        ("spread", "i8"),  # billionths, market and stop orders
        ("volume_limit", "i8"),  # billionths of a bar's volume that may trade; 0 no limit
        ("room", "i8"),  # lots that may still trade in the last bar
        ("slipping", "i8"),  # bit 0 fills slip by a model, bit 1 stops do, too
        ("slippage_ticks", "i8"),  # billionths of a tick
        ("volatility_factor", "i8"),  # billionths of the volatility
        ("impact", "i8"),  # billionths, coefficient of the square-root law
        ("volatility", "i8"),  # billionths, see MEASURE; of the last closed bar
        ("mean_volume", "i8"),  # lots, see MEASURE; of the last closed bar
        ("quantity_minimum", "i8"),  # lots an order
        ("quantity_maximum", "i8"),  # lots an order
        ("notional_minimum", "i8"),  # units an entry
        ("tiered", "i8"),  # bit 0 the taker's fee is that of the fee tier, bit 1 the maker's
        ("first_cell", "i8"),  # its cells are first_cell .. last_cell - 1
        ("last_cell", "i8"),
        ("first_bar", "i8"),  # its bars are first_bar .. last_bar - 1
        ("last_bar", "i8"),
        ("next_bar", "i8"),  # the first that is not settled
        ("highest", "i8"),  # ticks; no bar is higher
        ("long_entries", "i8"),  # wanted in this step, to see conflicts
        ("short_entries", "i8"),
        ("entering_cell", "i8"),  # the first cell that wants one, from 1; 0 none
        ("entering_more", "i8"),  # 1: another cell wants one, too
        ("conflict_mode", "i8"),  # ConflictMode
        ("conflict_event", "i8"),  # where in the buffer the conflict stands whose entries are netted, from 1; 0 none
        ("book", BOOK),
    ],
    align=True,
)

ACCOUNT = np.dtype(
    [
        ("deposited", "i8"),  # units put in
        ("allocated", "i8"),  # units the strategy may use
        ("cash", "i8"),  # units not bound
        ("used", "i8"),  # units bound by positions
        ("reserved", "i8"),  # units that working entry orders would cost
        ("realised", "i8"),  # units earned by closed quantity, before fees
        ("fees", "i8"),  # units paid
        ("maintenance", "i8"),  # units that had to stand behind its positions when that was last looked at
        ("liquidated", "i8"),  # 1: they did not, and everything was closed
        ("carried", "i8"),  # units got (negative: paid) for holding positions, by conversions, too
        ("transferred", "i8"),  # units got from other strategies (negative: given to them)
        ("equity", "i8"),  # units: cash + used + open result at the last marks
    ],
    align=True,
)

ORDER = np.dtype(
    [
        ("step", "i8"),  # of the decision
        ("identifier", "i8"),  # the cell's own count, from 1
        ("slot", "i8"),  # where in the cell
        ("quantity", "i8"),  # lots; 0 until sized at the fill
        ("size", "i8"),  # see SizeMode
        ("limit", "i8"),  # ticks
        ("trigger", "i8"),  # ticks
        ("bars_left", "i8"),  # bars it still works; -1 until cancelled
        ("reserved", "i8"),  # units
        ("stop", "i8"),  # see LevelMode
        ("trail", "i8"),  # see LevelMode
        ("trail_after", "i8"),  # billionths of open return
        ("break_even_after", "i8"),  # billionths of open return; 0 none
        ("break_even_offset", "i8"),  # billionths of the fill price
        ("target", "i8", (TARGETS_MAXIMUM,)),  # see LevelMode
        ("target_share", "i8", (TARGETS_MAXIMUM,)),  # billionths of the entered quantity
        ("max_bars", "i8"),  # bars until the time exit; 0 none
        ("cell", "i8"),
        ("reason", "i8"),  # Reason of an exit
        ("kind", "i8"),  # OrderKind; 0 an empty slot
        ("side", "i8"),  # +1 buy, -1 sell
        ("exit", "i8"),  # 1: may only reduce the position
        ("size_mode", "i8"),
        ("stop_mode", "i8"),
        ("trail_mode", "i8"),
        ("target_count", "i8"),
        ("target_mode", "i8", (TARGETS_MAXIMUM,)),
        ("action", "i8"),  # Action, of a command
        ("met", "i8"),  # 1: it has met a bar, so it rests in the book
        ("filled", "i8"),  # lots of it that traded already
        ("limited", "i8"),  # the step, from 1, in which the volume limit was last told; 0 none
    ],
    align=True,
)

#: The numbers of a plan that may be a series: stop, trail, then the targets.
PLAN_LEVELS = 2 + TARGETS_MAXIMUM

PLAN = np.dtype(
    [
        ("size_mode", "i8"),
        ("size", "i8"),  # see SizeMode
        ("mode", "i8", (PLAN_LEVELS,)),  # LevelMode
        ("value", "i8", (PLAN_LEVELS,)),  # see LevelMode; used where there is no series
        ("series", "i8", (PLAN_LEVELS,)),  # where the level's series starts in `levels`; -1 none
        ("target_count", "i8"),
        ("target_share", "i8", (TARGETS_MAXIMUM,)),  # billionths
        ("trail_after", "i8"),  # billionths
        ("break_even_after", "i8"),  # billionths; 0 none
        ("break_even_offset", "i8"),  # billionths
        ("max_bars", "i8"),  # 0 none
    ],
    align=True,
)

CELL = np.dtype(
    [
        # What every bar looks at.
        ("interest", "i8"),  # see Interest, and which bits of SignalBit can act now
        ("signal_offset", "i8"),  # where this cell's signals start, less its symbol's first bar
        ("active", "i8"),  # 1: orders work or levels protect
        ("strategy", "i8"),
        ("quantity", "i8"),  # lots, signed
        ("ceiling", "i8"),  # ticks; beyond it the position would overflow the ledger
        ("bars_held", "i8"),  # bars closed since the entry, its own included
        ("bars_left", "i8"),  # bars until the time exit
        ("highest", "i8"),  # ticks since the entry
        ("lowest", "i8"),  # ticks since the entry
        ("entered", "i8"),  # in this bar: bit 0 the position was opened, bit 1 something was entered inside the bar
        ("index", "i8"),  # its own
        ("symbol", "i8"),
        ("working", "i8"),  # a bit for each slot whose order works
        ("coded", "i8"),  # 1: commands decide, not signals
        # The position.
        # Cost and what was settled are in units of the quote currency, as notionals are.
        ("cost", "i8"),  # units, signed: entry notional of what is open, and what was settled of its result
        ("settled", "i8"),  # units of the open result that daily settlements have paid already, part of `cost`
        ("margin", "i8"),  # units of the account in `used`
        # Protection.
        ("stop", "i8"),  # ticks
        ("stop_reason", "i8"),  # Reason
        ("stop_hit", "i8"),  # 1: the stop was hit and the volume did not do: the rest goes at the next opens
        ("limited", "i8"),  # the step, from 1, in which the volume limit of a level was last told; 0 none
        ("trail_distance", "i8"),  # ticks
        ("trail_from", "i8"),  # ticks; the trail sleeps until this price is seen; 0 when awake
        ("break_even_from", "i8"),  # ticks; 0 when done or none
        ("break_even_stop", "i8"),  # ticks
        ("target_count", "i8"),
        ("target_next", "i8"),
        ("target_price", "i8", (TARGETS_MAXIMUM,)),  # ticks, in the order they were given
        ("target_share", "i8", (TARGETS_MAXIMUM,)),  # billionths, cumulative
        ("target_base", "i8"),  # lots the shares refer to
        ("target_closed", "i8"),  # lots closed by targets
        # The trade, from flat to flat.
        ("trade", "i8"),  # its number in this cell, from 1
        ("entry_step", "i8"),
        ("entered_quantity", "i8"),  # lots
        ("entered_notional", "i8"),  # units of the quote currency
        ("exited_notional", "i8"),  # units of the quote currency
        ("trade_realised", "i8"),  # units before fees
        ("trade_fees", "i8"),  # units
        ("trade_slippage", "i8"),  # units lost to slippage and spread
        # Limits.
        ("exposure", "i8"),  # units: what the position is worth, at the marks when all were last added up
        ("risk", "i8"),  # units: what it loses when its stop is hit, likewise
        ("trade_carried", "i8"),  # units got for holding
        # Only where the symbol is not quoted in the account currency.
        ("collateral", "i8"),  # units of the quote currency that `margin` was exchanged into
        ("worth", "i8"),  # units: collateral and open result at the rate and the mark they were last valued at
        # Counters and what is only valid within one step.
        ("order_counter", "i8"),
        ("exiting", "i8"),  # lots that market exits decided in this step will close
        ("exit_reason", "i8"),  # Reason of the rule exit decided in this step; 0 none
        ("entry_side", "i8"),  # side of the rule entry decided in this step; 0 none
        ("priority", "i8"),  # its strategy's, where conflicts go by priority
        ("gate", "i8"),  # the Reason for which it may not enter; 0 when it may
        ("plan", PLAN),  # what a rules cell enters with
        ("orders", ORDER, (SLOTS_PER_CELL,)),
    ],
    align=True,
)

BAR = np.dtype(
    [
        ("open", "i8"),  # ticks
        ("high", "i8"),
        ("low", "i8"),
        ("close", "i8"),
    ],
    align=True,
)

#: What a bar tells beside its prices; measured only where a cost needs it.
MEASURE = np.dtype(
    [
        ("volume", "i8"),  # lots
        ("volatility", "i8"),  # billionths: the root mean square of returns over a window that ends with this bar
        ("mean_volume", "i8"),  # lots, over the same window
    ],
    align=True,
)

CANDIDATE = np.dtype(
    [
        ("cell", "i8"),
        ("row", "i8"),  # of the symbol's own series
        ("bits", "i8"),  # SignalBit
    ],
    align=True,
)

#: What was found when looking ahead in a cell's signals; a memory aid, no state.
OUTLOOK = np.dtype(
    [
        ("interest", "i8"),  # which bits were looked for
        ("bar", "i8"),  # none of them is set before this bar of the symbol
    ],
    align=True,
)

EVENT = np.dtype(
    [
        ("step", "i4"),
        # Order identifier; of a position: the trade's number; of a conflict: the winner; of a fee tier: its number.
        ("order", "i4"),
        ("cell", "i2"),  # of a conflict: the first cell of the symbol; of a fee tier: 0
        ("kind", "i1"),  # EventKind
        ("reason", "i1"),  # Reason
        ("side", "i1"),  # +1 buy or long, -1 sell or short; of a conflict: the side that prevails
        ("order_kind", "i1"),  # OrderKind; 0 none; of a conflict: ConflictMode
        ("exit", "i1"),  # 1: reduces a position
        ("maker", "i1"),  # 1: it rested in the book, and paid the maker's fee; of a carry: its FLOW's phase
        ("quantity", "i8"),  # lots, ≥ 0; of a closed position: all that was entered; of netted orders: what went out
        ("position", "i8"),  # lots after the event, signed; of netted orders: what crossed inside
        ("price", "i8"),  # ticks
        # Units; of a closed position: of all entries, of a split: what was paid, both in the quote currency; of a fee
        # tier: the volume; of a conversion: what came back; of a limited order: lots that traded. An opened position
        # has the fields of OPENED here; its fill just before has these.
        ("notional", "i8"),
        ("fee", "i8"),  # units; of a fee tier: billionths, the taker's
        ("realised", "i8"),  # units, before fees; of netted orders: saved; of a fee tier: billionths, the maker's
        ("slippage", "i8"),  # units
        # After the event, units; a closed position has the fields of CLOSED here, its fill just before has these.
        ("cash", "i8"),
        ("used", "i8"),
        ("reserved", "i8"),
        ("allocated", "i8"),
    ],
    align=True,
)

#: What holding a position brings or costs, and when: an input like bars, sorted by step, then phase.
FLOW = np.dtype(
    [
        ("step", "i8"),  # in which it is posted; its symbol has a bar there
        ("phase", "i8"),  # 0: before the bar acts, at the mark before it; 1: at the close, on what is held then
        ("symbol", "i8"),
        ("kind", "i8"),  # Reason: FUNDING, BORROW, DIVIDEND, SETTLEMENT, SPLIT
        # What one is multiplied with: value at the mark (funding: longs pay, borrow: shorts pay), lots (a dividend:
        # units), lots before the split. A settlement has no ratio.
        ("numerator", "i8"),
        ("denominator", "i8"),  # > 0
    ],
    align=True,
)

#: The same bytes as read for POSITION_CLOSED.
_OFFSETS: Any = {name: EVENT.fields[name][1] for name in EVENT.names}  # type: ignore[index,union-attr]  # a structured type
CLOSED = np.dtype(
    {
        "names": ["carried", "exit_notional", "highest", "lowest", "entry_step", "bars_held"],
        "formats": ["i8", "i8", "i8", "i8", "i4", "i4"],
        "offsets": [
            *(_OFFSETS[name] for name in ("position", "cash", "used", "reserved", "allocated")),
            _OFFSETS["allocated"] + 4,
        ],
        "itemsize": EVENT.itemsize,
    }
)

#: The same bytes as read for POSITION_OPENED: the levels that protect it from the entry on, in ticks, 0 for none.
OPENED = np.dtype(
    {
        "names": ["stop", "target"],
        "formats": ["i8", ("i8", (TARGETS_MAXIMUM,))],
        "offsets": [_OFFSETS["notional"], _OFFSETS["fee"]],
        "itemsize": EVENT.itemsize,
    }
)

#: Fee tiers, and the volume that decides between them.
SCHEDULE = np.dtype(
    [
        ("turns", "i8"),  # the step with which the next UTC day begins; beyond the run where there are no tiers
        ("count", "i8"),  # tiers
        ("tier", "i8"),  # the present one, from 0
        ("day", "i8"),  # the present UTC day, since 1970
        ("traded", "i8"),  # units of notional on this day
        ("volumes", "i8", (FEE_WINDOW_DAYS,)),  # units of notional on the days before, day d at d modulo the window
        ("threshold", "i8", (FEE_TIERS_MAXIMUM,)),  # units; growing
        ("taker_fee", "i8", (FEE_TIERS_MAXIMUM,)),  # billionths
        ("maker_fee", "i8", (FEE_TIERS_MAXIMUM,)),  # billionths
    ],
    align=True,
)
#: The same bytes as read for CAPITAL_MOVED: ``notional`` went, by ``side``, from or to the strategy of ``cell``, whose
#: account stands where it always does; ``order`` is a cell of the other strategy, -1 for cash that none has.
MOVED = np.dtype(
    {
        "names": ["equity", "other_equity", "other_cash", "other_used", "other_allocated"],
        "formats": ["i8"] * 5,
        "offsets": [_OFFSETS[name] for name in ("fee", "realised", "price", "quantity", "position")],
        "itemsize": EVENT.itemsize,
    }
)
#: The same bytes as read for LIMIT_REACHED and LIMIT_RELEASED; ``order_kind`` holds the LimitAction, ``maker`` the
#: LimitScope and ``exit`` the number of the group, from 1.
REACHED = np.dtype(
    {
        "names": ["maximum", "value", "asked"],
        "formats": ["i8", "i8", "i8"],
        "offsets": [_OFFSETS[name] for name in ("cash", "used", "reserved")],
        "itemsize": EVENT.itemsize,
    }
)

#: The reason that is the first limit; the others follow without a gap.
LIMIT_FIRST = int(Reason.DAILY_LOSS)
_LIMITS = int(Reason.GROUP_EXPOSURE) - LIMIT_FIRST + 1
GROUPS_MAXIMUM = 32
#: A portfolio, its strategies, symbols and groups.
SCOPES_MAXIMUM = 8192
_STREAKS_MAXIMUM = 8

#: Whatever a limit adds up over: the portfolio, a strategy, a symbol, a group of symbols.
SCOPE = np.dtype(
    [
        ("long", "i8"),  # units: what long positions are worth
        ("short", "i8"),  # units: what short positions are worth
        ("working_long", "i8"),  # units: what working entries would be worth
        ("working_short", "i8"),
        ("risk", "i8"),  # units lost when every stop is hit
        ("working_risk", "i8"),  # units that working entries would add
        ("action", "i8"),  # LimitAction of a group
        ("bound", "i8"),  # units: a group's limit
        ("ratio", "i8"),  # billionths of equity: a group's limit; 0 when it is money
        ("groups", "i8"),  # of a symbol: a bit for each group it belongs to
        ("closing", "i8"),  # the Reason for which everything is closed; 0 none
        ("closing_maximum", "i8"),  # units, when that limit was reached
        ("closing_value", "i8"),  # units
        ("losses", "i8"),  # trades lost in a row
        ("broken", "i8"),  # 1: since this was last looked at, a trade was no loss
        ("loss_time", "i8"),  # nanoseconds: when the last of them was lost
        ("loss_day", "i8"),
        ("streak", "i8"),  # how many steps of the limit they have reached
    ],
    align=True,
)

#: One limit; which one is said by its place: Reason - LIMIT_FIRST.
LIMIT = np.dtype(
    [
        ("action", "i8"),  # LimitAction; 0 none
        ("ratio", "i8"),  # billionths of the portfolio's equity (of the price); 0 when it is money or a count
        ("bound", "i8"),  # units, or how many
        ("factor", "i8"),  # billionths by which ``reduce`` cuts sizes
        ("cool_down", "i8"),  # nanoseconds for which it holds at least; 0 none
        ("daily_reset", "i8"),  # 1: it holds until the day is over
        ("reached", "i8"),  # 1: the account has come to it
        ("reached_time", "i8"),  # nanoseconds
        ("reached_day", "i8"),
        ("maximum", "i8"),  # units, when it was last reached
        ("value", "i8"),  # units, when it was last reached
    ],
    align=True,
)

LIMITS = np.dtype(
    [
        ("limit", LIMIT, (_LIMITS,)),
        ("watches_exposure", "i8"),  # 1: positions are held against their limits in every step
        ("unallocated", "i8"),  # units of the account that no strategy has
        ("one", "i8"),  # units of one of the account currency
        ("time", "i8"),  # nanoseconds of the present step
        ("equity", "i8"),  # units of the account when everything was last added up
        ("last_equity", "i8"),  # units of the account at the end of the last step
        ("peak", "i8"),  # units: the highest equity so far
        ("today", "i8"),  # the day of the present step
        ("day", "i8"),  # the day that was last watched
        ("day_start", "i8"),  # units: equity at the end of the day before
        ("stopped", "i8"),  # the Reason for which nothing is entered any more; 0 none
        ("stopped_group", "i8"),  # the group whose limit it was, from 1; 0 none
        ("closing", "i8"),  # scopes that are being closed
        ("cut", "i8"),  # the Reason of the last limit that cut an entry
        ("minute", "i8"),  # of the last order
        ("orders", "i8"),  # made in that minute
        ("positions", "i8"),  # cells with a position
        ("waiting", "i8"),  # flat cells with a working entry
        ("working", "i8"),  # entries that still work, at most
        ("marked", "i8"),  # the step at whose close everything was last added up
        ("weighing", "i8"),  # 1: wishes are sized to be weighed against each other; what is left of them is checked
        ("is_sized", "i8"),  # 1: what is entered now was cut by the factors of losses before
        ("streak_per_strategy", "i8"),  # 1: each strategy's own losses count
        ("streak_count", "i8"),
        ("streak_losses", "i8", (_STREAKS_MAXIMUM,)),  # from so many losses in a row on, growing
        ("streak_factor", "i8", (_STREAKS_MAXIMUM,)),  # billionths of the size
        # Scope 0 is the portfolio; strategies, symbols and groups follow.
        ("first_symbol", "i8"),
        ("first_group", "i8"),
        ("scope_count", "i8"),
        ("scopes", SCOPE, (SCOPES_MAXIMUM,)),
    ],
    align=True,
)

RUN = np.dtype(
    [
        # Where it is.
        ("half_step", "i8"),  # 2k: before settling step k; 2k + 1: settled, before deciding
        ("step", "i8"),  # the step that is settled or decided
        ("first_step", "i8"),  # the step of the timeline's first row; 0 where the timeline is known whole
        ("event_count", "i8"),  # events in the buffer
        ("event_limit", "i8"),  # a step starts only below this many, so that all its events fit
        ("dense", "i8"),  # 1: every symbol has a bar in every step
        ("active_cells", "i8"),  # cells with working orders or protective levels
        ("candidate_count", "i8"),  # cells whose signals or time ask for a decision in this step
        ("command", "i8"),  # the next command to consume
        ("command_count", "i8"),
        ("status", "i8"),  # Status
        ("cell", "i8"),  # where it went wrong
        ("conflicts", "i8"),  # counted once per (symbol, step)
        ("conflicts_to_net", "i8"),  # of this step, whose entries are yet to be sized together
        ("margined", "i8"),  # 1: positions must be covered by maintenance margins, so no step passes quietly
        ("converted", "i8"),  # 1: a symbol is not quoted in the account currency, so no step passes quietly
        ("flow", "i8"),  # the next flow to post
        ("next_flow", "i8"),  # its step; none is due before it
        # The conventions of the time step.
        ("entry_buffer", "i8"),  # billionths added to the price when a size is fixed at the decision
        ("fill_at_close", "i8"),  # market orders fill at the close of the decision
        ("size_at_fill", "i8"),  # entries are sized when they fill
        ("optimistic", "i8"),  # stop and target in one bar: the target wins
        ("protect_next_bar", "i8"),  # protection starts one bar after the entry
        ("compounding", "i8"),  # allocations follow equity at cost
        ("spread_on_exit", "i8"),  # exits pay the spread, too
        ("measured", "i8"),  # 1: bars have measures
        ("netted", "i8"),  # market orders of a symbol that trade together go out as one
        # What netting saved; no strategy's money.
        ("netting", ACCOUNT),
        # The sum of all strategies' accounts and that of netting, to which every movement is posted a second time.
        ("portfolio", ACCOUNT),
        ("schedule", SCHEDULE),
        ("limited", "i8"),  # 1: there are limits
        ("watchful", "i8"),  # 1: no step passes quietly, since limits look at every one
        ("limits", LIMITS),
        ("events", EVENT, (EVENTS_MAXIMUM,)),
    ],
    align=True,
)


class EngineTables(NamedTuple):
    """Hold all state and all inputs of the kernel, as one argument."""

    run: NDArray[np.void]
    instruments: NDArray[np.void]
    accounts: NDArray[np.void]
    cells: NDArray[np.void]
    bars: NDArray[np.void]
    measures: NDArray[np.void]
    bar_steps: NDArray[np.int64]
    days: NDArray[np.int64]
    rates: NDArray[np.int64]
    symbols: NDArray[np.int32]
    steps: NDArray[np.int64]
    times: NDArray[np.int64]
    limit_days: NDArray[np.int64]
    signals: NDArray[np.uint8]
    levels: NDArray[np.int64]
    commands: NDArray[np.void]
    flows: NDArray[np.void]
    candidates: NDArray[np.void]
    outlooks: NDArray[np.void]
    wishes: NDArray[np.int64]
    equity: NDArray[np.int64]
