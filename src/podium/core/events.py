"""What happened: the kinds of domain events and the reasons they carry, with their names on the wire.

A domain event is made by the engine, has a gapless sequence, a time, a ``strategy_id`` and a symbol, and never changes.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["EventKind", "Reason"]


class EventKind(IntEnum):
    """Name what happened, in the past tense; ``name`` is the value on the wire."""

    SIGNAL_GENERATED = 1
    """a strategy wants to enter or to exit; not yet an order"""
    SIGNAL_REJECTED = 2
    """an expected refusal, with its reason"""
    CONFLICT_DETECTED = 3
    """entries of both sides on one symbol in one step"""
    ORDER_CREATED = 4
    """an order works from the next bar of its symbol on"""
    ORDER_REDUCED = 5
    """less than what was asked for: at the fill less was affordable, or there was less to close"""
    ORDER_FILLED = 6
    """an order or a protective level traded; the ledger moved"""
    ORDER_CANCELLED = 7
    """an order ended without trading (the rest of) its quantity"""
    POSITION_OPENED = 8
    POSITION_MODIFIED = 9
    """more was entered or a part was closed"""
    POSITION_CLOSED = 10
    """flat again: the trade is complete"""
    LIMIT_REACHED = 11
    """a limit of the portfolio refused or cut an entry, or the account came to one"""
    LIMIT_RELEASED = 12
    """a limit that the account had come to lets entries pass again"""
    ORDERS_NETTED = 13
    """market orders of a symbol crossed inside the portfolio; only their difference went out"""
    CAPITAL_MOVED = 14
    """free cash went from one strategy to another, or between a strategy and cash that none has"""
    FEE_TIER_CHANGED = 18
    """the volume of the last 30 days calls for other fees from here on"""
    ORDER_LIMITED = 19
    """of an order that the bar reached a part waits for the volume of later bars"""
    CARRY_POSTED = 15
    """holding a position earned or cost money: funding, borrow, a dividend, a daily settlement"""
    POSITION_ADJUSTED = 16
    """a split changed what a position counts"""
    CURRENCY_CONVERTED = 17
    """what a position bound came back from its quote currency at another rate than it went there"""


class Reason(IntEnum):
    """Name why; ``wire`` is the value on the wire. Refusals are checked in the order of their numbers."""

    NONE = 0
    # Why an exit happened.
    STRATEGY_SIGNAL = 1
    STOP_LOSS = 2
    TAKE_PROFIT = 3
    TRAILING_STOP = 4
    BREAK_EVEN = 5
    TIME_EXIT = 6
    END_OF_DATA = 7
    LIQUIDATION = 8
    """the strategy's equity no longer covered the maintenance margin of its positions"""
    RISK_LIMIT = 9
    """a limit closes what is open"""
    # Why a cell may not enter at all: its gate is closed.
    PAUSED = 10
    """somebody paused it; exits go on"""
    DORMANT = 11
    """its strategy is not active"""
    STALE = 12
    """the bar closed too long ago to enter on it"""
    QUARANTINED = 13
    """its strategy's code raised"""
    SYMBOL_DOWN = 14
    """the services of its symbol failed, and were taken out"""
    WARMING = 15
    """fewer bars of the symbol are known than the file asks for"""
    RATE_UNKNOWN = 16
    """no rate of the symbol's currency is known yet"""
    # Why something was refused, reduced or cancelled.
    BOTH_SIDES = 20
    """the same strategy wants to enter long and short at once"""
    FLAT = 21
    """there is nothing (left) to close"""
    NO_SLOT = 22
    """eight orders of the cell are working"""
    UNKNOWN_LEVEL = 23
    """a stop, target, trail or price is not known at this bar, or is not positive"""
    WRONG_SIDE = 24
    """a stop or target lies on the wrong side of the price"""
    NO_STOP = 25
    """a size by risk needs a stop"""
    MIN_QUANTITY = 26
    """below the least quantity"""
    MAX_QUANTITY = 27
    """above the largest quantity"""
    CAPITAL_LIMIT = 28
    """the strategy's own capital does not cover it"""
    CONFLICT = 29
    """another strategy wants the other side of the symbol in the same step, and prevails"""
    VOLUME_LIMIT = 32
    """the share of the bar's volume is used up"""
    MIN_NOTIONAL = 33
    """worth less than the least notional"""
    # Why an order ended.
    EXPIRED = 40
    CANCELLED = 41
    """the strategy asked for it"""
    POSITION_CLOSED = 42
    """an exit whose position is gone"""
    # Limits of the portfolio; entries are held against them in this order.
    DAILY_LOSS = 50
    DRAWDOWN = 51
    LOSS_STREAK = 52
    ORDERS_PER_MINUTE = 53
    OPEN_POSITIONS = 54
    PRICE_DEVIATION = 55
    ORDER_VALUE = 56
    TRADE_RISK = 57
    POSITION_RISK = 58
    TOTAL_RISK = 59
    GROSS_EXPOSURE = 60
    NET_EXPOSURE = 61
    SYMBOL_EXPOSURE = 62
    STRATEGY_EXPOSURE = 63
    GROUP_EXPOSURE = 64
    # Why holding a position earned or cost money, or changed what it counts.
    FUNDING = 70
    BORROW = 71
    DIVIDEND = 72
    SETTLEMENT = 73
    SPLIT = 74
    # Why capital moved.
    DRIFT = 80
    """a strategy's share of the capital was too far from what the rule wants"""
    SCHEDULE = 81
    """it was time"""

    @property
    def wire(self) -> str:
        """Give the name on the wire, such as ``stop_loss``."""
        return self.name.lower()
