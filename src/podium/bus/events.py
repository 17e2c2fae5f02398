"""Every event that travels on a bus, with its fields; ``docs/reference/events.md`` is generated from here.

Events are facts: made once, never changed. ``kind`` is the name on the wire. There are three natures. A *message* goes
through the local bus, is counted and not stored. An *operational* event tells what happened to a part of the system; it
is journalled and not compared. A *domain* event was made by the engine, has a gapless sequence and is compared by
parity and reproduction. ``translation`` makes the domain events of this module from the lines that the journal holds;
one line may stand for several names. Events that are ``is_external`` go to other systems, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from podium.data.bars import Bar

__all__ = [
    "EVENTS",
    "ActionExecuted",
    "CandleRouted",
    "DataFetchFailed",
    "Event",
    "ExitSignal",
    "IndicatorsUpdated",
    "Nature",
    "NewCandle",
    "OrchestratorPaused",
    "OrchestratorResumed",
    "OrchestratorStarted",
    "OrchestratorStopped",
    "OrderCancelled",
    "OrderCreated",
    "OrderFilled",
    "OrderPartiallyFilled",
    "OrderRejected",
    "PositionClosed",
    "PositionModified",
    "PositionOpened",
    "RegimeChanged",
    "RiskLimitBreached",
    "ServiceError",
    "ServiceStarted",
    "ServiceStopped",
    "SignalGenerated",
    "SignalNew",
    "SignalRejected",
    "SignalValidated",
    "StopLossHit",
    "TakeProfitHit",
    "TradeExecuted",
    "TradeFailed",
]

Calculated_co = TypeVar("Calculated_co", covariant=True)


class Nature(StrEnum):
    """Say what becomes of an event."""

    MESSAGE = "message"
    """local bus only, counted, not stored"""
    OPERATIONAL = "operational"
    """journalled with a sequence of its own, not compared"""
    DOMAIN = "domain"
    """made by the engine, journalled, compared"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Hold what every event tells.

    Args:
        time: when it happened by the run's clock, nanoseconds since 1970 UTC; a bar's events happen at its close.
        symbol: the market it is about; ``None`` for the portfolio as a whole.
        strategy_id: the strategy it is about; ``None`` when it is about no single one.
        correlation_id: the same for everything that one bar brought about, from the candle to the trade.
    """

    kind: ClassVar[str]
    nature: ClassVar[Nature]
    is_external: ClassVar[bool] = False

    time: int
    symbol: str | None
    strategy_id: str | None = None
    correlation_id: str = ""


# Messages: a bar on its way through the services of its symbol.


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCandle(Event):
    """Tell that a bar closed and was fetched.

    Args:
        bar: the closed bar.
        is_late: whether its time step had been released without it.
        is_back_filled: whether it was fetched afterwards, to fill a gap.
    """

    kind: ClassVar[str] = "NEW_CANDLE"
    nature: ClassVar[Nature] = Nature.MESSAGE

    symbol: str
    bar: Bar
    is_late: bool = False
    is_back_filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleRouted(Event):
    """Tell that a bar was handed to a strategy."""

    kind: ClassVar[str] = "CANDLE_ROUTED"
    nature: ClassVar[Nature] = Nature.MESSAGE

    symbol: str
    strategy_id: str

    @property
    def timestamp(self) -> int:
        """Tell the close of the bar, nanoseconds since 1970 UTC."""
        return self.time


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorsUpdated(Event, Generic[Calculated_co]):
    """Tell that every indicator of the symbol was carried forward by a bar.

    Args:
        calculated: what was calculated; the bus does not look into it.
        rows: how many bars the indicators have seen, this one included.
    """

    kind: ClassVar[str] = "INDICATORS_UPDATED"
    nature: ClassVar[Nature] = Nature.MESSAGE

    symbol: str
    calculated: Calculated_co
    rows: int


# Operational events: what happened to a part of the system.


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFetchFailed(Event):
    """Tell that bars could not be fetched, after the last attempt.

    Args:
        attempts: how often it was tried.
        error: what the last attempt ended with.
    """

    kind: ClassVar[str] = "DATA_FETCH_FAILED"
    nature: ClassVar[Nature] = Nature.OPERATIONAL

    symbol: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeChanged(Event):
    """Tell that a strategy sees the market in another regime than at the bar before.

    Args:
        previous: the regime until now; ``None`` at the first one that is known.
        current: the regime from this bar on.
    """

    kind: ClassVar[str] = "REGIME_CHANGED"
    nature: ClassVar[Nature] = Nature.OPERATIONAL

    symbol: str
    previous: str | None
    current: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServiceEvent(Event):
    """Tell about a service.

    Args:
        service_name: which service of the symbol.
    """

    nature: ClassVar[Nature] = Nature.OPERATIONAL

    service_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(_ServiceEvent):
    """Tell that a service runs."""

    kind: ClassVar[str] = "SERVICE_STARTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(_ServiceEvent):
    """Tell that a service ended its work."""

    kind: ClassVar[str] = "SERVICE_STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceError(_ServiceEvent):
    """Tell that a service failed.

    Args:
        error: what it raised.
        error_count: how many errors it has had since it was created.
    """

    kind: ClassVar[str] = "SERVICE_ERROR"

    error: str
    error_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _OrchestratorEvent(Event):
    """Tell about an orchestrator: that of a symbol, or without a symbol that of the portfolio.

    Args:
        reason: why, such as ``closed_market``; empty when somebody asked for it.
    """

    nature: ClassVar[Nature] = Nature.OPERATIONAL

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorStarted(_OrchestratorEvent):
    """Tell that an orchestrator and its services run."""

    kind: ClassVar[str] = "ORCHESTRATOR_STARTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorStopped(_OrchestratorEvent):
    """Tell that an orchestrator and its services ended."""

    kind: ClassVar[str] = "ORCHESTRATOR_STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorPaused(_OrchestratorEvent):
    """Tell that no new entries are made; protective exits still work."""

    kind: ClassVar[str] = "ORCHESTRATOR_PAUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorResumed(_OrchestratorEvent):
    """Tell that entries are made again."""

    kind: ClassVar[str] = "ORCHESTRATOR_RESUMED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionExecuted(Event):
    """Tell that an action of a strategy's queue was carried out.

    Args:
        action: ``open``, ``close``, ``close_share``, ``update_stop``, ``cancel``, …
        order: the number of its order in the strategy on the symbol; ``None`` when there is no order.
        attempts: how often it was tried, the last time with success.
    """

    kind: ClassVar[str] = "ACTION_EXECUTED"
    nature: ClassVar[Nature] = Nature.OPERATIONAL

    symbol: str
    strategy_id: str
    action: str
    order: int | None
    attempts: int = 1


# Domain events. Prices are in quote currency, quantities in units of the symbol, money in the account currency.


@dataclass(frozen=True, slots=True, kw_only=True)
class _DomainEvent(Event):
    """Tell what the engine did.

    Args:
        sequence: the number of the domain event, gapless from 1; names that stand for one event share it.
    """

    nature: ClassVar[Nature] = Nature.DOMAIN

    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellEvent(_DomainEvent):
    """Tell what happened to one strategy on one symbol."""

    symbol: str
    strategy_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalGenerated(_CellEvent):
    """Tell that a strategy wants to enter or to exit; not yet an order.

    Args:
        action: ``enter_long``, ``enter_short``, ``exit_long`` or ``exit_short``.
        price: the close at which it decided.
        available: what the strategy could spend.
        reason: why it exits, such as ``time_exit``; ``None`` when its rules or its code say so.
    """

    kind: ClassVar[str] = "SIGNAL_GENERATED"

    action: str
    price: Decimal
    available: Decimal
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNew(SignalGenerated):
    """Tell that a strategy wants to enter."""

    kind: ClassVar[str] = "SIGNAL_NEW"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSignal(SignalGenerated):
    """Tell that a strategy wants to exit."""

    kind: ClassVar[str] = "EXIT_SIGNAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRejected(_CellEvent):
    """Tell that a signal became no order.

    Args:
        reason: why it was refused, such as ``capital_limit``.
        side: ``buy`` or ``sell``; ``both`` when the strategy wanted both at once.
        is_exit: whether it would have closed something.
        quantity: what was asked for.
        price: the close at which it was decided.
    """

    kind: ClassVar[str] = "SIGNAL_REJECTED"

    reason: str
    side: str
    is_exit: bool
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _OrderEvent(_CellEvent):
    """Tell about an order.

    Args:
        order: its number in the strategy on the symbol, from 1; 0 for a protective level, which is no order.
        order_kind: ``market``, ``limit``, ``stop``, …
        side: ``buy`` or ``sell``.
        is_exit: whether it closes something.
        quantity: how much, of what is told.
        price: the order's price, or the one at which it traded.
        reason: why, such as ``stop_loss`` or ``expired``; ``None`` when there is nothing to tell.
    """

    order: int
    order_kind: str
    side: str
    is_exit: bool
    quantity: Decimal
    price: Decimal
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalValidated(_OrderEvent):
    """Tell that a signal passed conflicts, sizing and limits and became an order."""

    kind: ClassVar[str] = "SIGNAL_VALIDATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCreated(_OrderEvent):
    """Tell that an order works from the next bar of its symbol on."""

    kind: ClassVar[str] = "ORDER_CREATED"
    is_external: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPartiallyFilled(_OrderEvent):
    """Tell that of an order a part traded and ``quantity`` waits for the volume of later bars.

    Args:
        filled: what traded of it in this bar.
    """

    kind: ClassVar[str] = "ORDER_PARTIALLY_FILLED"
    is_external: ClassVar[bool] = True

    filled: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(_OrderEvent):
    """Tell that an order was refused when it was to trade, with the ``reason``."""

    kind: ClassVar[str] = "ORDER_REJECTED"
    is_external: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFailed(_OrderEvent):
    """Tell that what was to be traded could not be; goes with ``ORDER_REJECTED``."""

    kind: ClassVar[str] = "TRADE_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(_OrderEvent):
    """Tell that an order ended without trading (the rest of) its quantity."""

    kind: ClassVar[str] = "ORDER_CANCELLED"
    is_external: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(_OrderEvent):
    """Tell that an order or a protective level traded ``quantity``.

    Args:
        notional: what the quantity was worth.
        fee: what the fill cost.
        realised: the result of what it closed, before fees.
        slippage: what it lost against the fair price.
        position: the position after it, negative when short.
    """

    kind: ClassVar[str] = "ORDER_FILLED"
    is_external: ClassVar[bool] = True

    notional: Decimal
    fee: Decimal
    realised: Decimal
    slippage: Decimal
    position: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeExecuted(OrderFilled):
    """Tell that something was traded; goes with every ``ORDER_FILLED``."""

    kind: ClassVar[str] = "TRADE_EXECUTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLossHit(OrderFilled):
    """Tell that a stop traded; ``reason`` is ``stop_loss``, ``trailing_stop`` or ``break_even``."""

    kind: ClassVar[str] = "STOP_LOSS_HIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeProfitHit(OrderFilled):
    """Tell that a target traded."""

    kind: ClassVar[str] = "TAKE_PROFIT_HIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class _PositionEvent(_CellEvent):
    """Tell about a position.

    Args:
        trade: the number of the trade in the strategy on the symbol, from 1.
        side: ``long`` or ``short``.
        quantity: by how much the position changed.
        price: the price at which it changed.
    """

    is_external: ClassVar[bool] = True

    trade: int
    side: str
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionOpened(_PositionEvent):
    """Tell that a position was opened.

    Args:
        position: the position after it, negative when short.
    """

    kind: ClassVar[str] = "POSITION_OPENED"

    position: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionModified(_PositionEvent):
    """Tell that more was entered, a part was closed, or a split changed what the position counts.

    Args:
        position: the position after it, negative when short.
        reason: ``split``; ``None`` after a fill.
    """

    kind: ClassVar[str] = "POSITION_MODIFIED"

    position: Decimal
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionClosed(_PositionEvent):
    """Tell that a position is flat again: the trade is complete.

    Args:
        reason: why, such as ``take_profit``.
        pnl: the result of the trade after fees and carry.
        fees: what its fills cost.
        slippage: what its fills lost against the fair price.
        highest: the highest price while it was held.
        lowest: the lowest price while it was held.
        entry_time: when it was opened, ISO 8601 UTC.
        bars_held: how many bars of its symbol it was held.
    """

    kind: ClassVar[str] = "POSITION_CLOSED"

    reason: str
    pnl: Decimal
    fees: Decimal
    slippage: Decimal
    highest: Decimal
    lowest: Decimal
    entry_time: str
    bars_held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimitBreached(_DomainEvent):
    """Tell that an entry or the account came to a limit of the portfolio.

    Args:
        limit: which limit, such as ``daily_loss``.
        scope: whom it is about: ``cell``, ``strategy``, ``symbol``, ``group`` or ``portfolio``.
        action: what it did: ``block``, ``reduce``, ``close`` or ``stop``.
        maximum: what is allowed.
        value: what it was before.
        asked: what it would have become.
        side: ``buy`` or ``sell``; ``None`` when no entry asked.
        quantity: what is left of the entry.
        price: the close at which it was decided.
        group: the group of symbols, where the limit is one of a group.
    """

    kind: ClassVar[str] = "RISK_LIMIT_BREACHED"
    is_external: ClassVar[bool] = True

    limit: str
    scope: str
    action: str
    maximum: Decimal
    value: Decimal
    asked: Decimal
    side: str | None = None
    quantity: Decimal
    price: Decimal
    group: str | None = None


#: Every event that is published somewhere, by its name on the wire.
EVENTS: Mapping[str, type[Event]] = {
    each.kind: each
    for each in (
        NewCandle,
        CandleRouted,
        IndicatorsUpdated,
        DataFetchFailed,
        RegimeChanged,
        ServiceStarted,
        ServiceStopped,
        ServiceError,
        OrchestratorStarted,
        OrchestratorStopped,
        OrchestratorPaused,
        OrchestratorResumed,
        ActionExecuted,
        SignalGenerated,
        SignalNew,
        ExitSignal,
        SignalValidated,
        SignalRejected,
        OrderCreated,
        OrderFilled,
        OrderPartiallyFilled,
        OrderRejected,
        OrderCancelled,
        TradeExecuted,
        TradeFailed,
        StopLossHit,
        TakeProfitHit,
        PositionOpened,
        PositionModified,
        PositionClosed,
        RiskLimitBreached,
    )
}
