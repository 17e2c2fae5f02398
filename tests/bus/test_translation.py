"""Domain events as the bus names them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from podium.bus.events import (
    OrderFilled,
    OrderPartiallyFilled,
    PositionClosed,
    RiskLimitBreached,
    SignalRejected,
    StopLossHit,
    TradeExecuted,
)
from podium.bus.translation import events_of
from podium.core.events import Reason

D = Decimal
TIME = 1_643_500_800_000_000_000
HEAD = {"sequence": 7, "time": "2022-01-30T00:00:00Z", "strategy_id": "trend", "symbol": "BTC/USDT"}
ACCOUNT = {"cash": "50000", "used": "0", "reserved": "0", "allocated": "50000"}
SIGNAL = {"action": "enter_long", "price": "55187.3", "available": "50000", **ACCOUNT}
ORDER = {
    "order": 1, "order_kind": "market", "side": "buy", "is_exit": False, "quantity": "0.295", "price": "55187.3", **ACCOUNT,
}  # fmt: skip
FILL = ORDER | {"notional": "16283.528", "fee": "8.14", "realised": "0", "slippage": "3.27", "position": "0.295"}
POSITION = {"trade": 1, "side": "long", "quantity": "0.295", "position": "0.295", "price": "55198.4"}
CLOSED = {
    "trade": 1, "side": "long", "reason": "trailing_stop", "quantity": "0.295", "price": "57907.5", "pnl": "782.5",
    "fees": "16.68", "slippage": "3.2745", "highest": "62711.1", "lowest": "54709.2",
    "entry_time": "2022-01-30T21:00:00Z", "bars_held": 142,
}  # fmt: skip
REFUSED = {
    "reason": "capital_limit",
    "side": "buy",
    "is_exit": False,
    "quantity": "0.261",
    "price": "55345.1",
    **ACCOUNT,
}
LIMIT = {
    "scope": "portfolio", "limit": "gross_exposure", "action": "reduce", "maximum": "100", "value": "90",
    "asked": "120", "side": "buy", "quantity": "0.1", "price": "55345.1",
}  # fmt: skip
ENDED = ("expired", "cancelled", "position_closed", "end_of_data", "liquidation", "risk_limit")
REFUSALS = [reason.wire for reason in Reason if Reason.BOTH_SIDES <= reason <= Reason.MIN_NOTIONAL or 50 <= reason < 70]

#: Kind, members of the line, the names it stands for.
NAMES = [
    ("SIGNAL_GENERATED", SIGNAL, "SIGNAL_GENERATED SIGNAL_NEW"),
    ("SIGNAL_GENERATED", SIGNAL | {"action": "enter_short"}, "SIGNAL_GENERATED SIGNAL_NEW"),
    ("SIGNAL_GENERATED", SIGNAL | {"action": "exit_long", "reason": "time_exit"}, "SIGNAL_GENERATED EXIT_SIGNAL"),
    ("SIGNAL_REJECTED", REFUSED, "SIGNAL_REJECTED"),
    ("ORDER_CREATED", ORDER, "ORDER_CREATED SIGNAL_VALIDATED"),
    ("ORDER_FILLED", FILL, "ORDER_FILLED TRADE_EXECUTED"),
    ("ORDER_FILLED", FILL | {"reason": "strategy_signal"}, "ORDER_FILLED TRADE_EXECUTED"),
    ("ORDER_FILLED", FILL | {"reason": "stop_loss"}, "ORDER_FILLED STOP_LOSS_HIT TRADE_EXECUTED"),
    ("ORDER_FILLED", FILL | {"reason": "trailing_stop"}, "ORDER_FILLED STOP_LOSS_HIT TRADE_EXECUTED"),
    ("ORDER_FILLED", FILL | {"reason": "break_even"}, "ORDER_FILLED STOP_LOSS_HIT TRADE_EXECUTED"),
    ("ORDER_FILLED", FILL | {"reason": "take_profit"}, "ORDER_FILLED TAKE_PROFIT_HIT TRADE_EXECUTED"),
    ("ORDER_LIMITED", ORDER | {"filled": "0.1"}, "ORDER_PARTIALLY_FILLED"),
    ("ORDER_LIMITED", ORDER | {"filled": "0"}, ""),
    *(("ORDER_CANCELLED", ORDER | {"reason": reason}, "ORDER_CANCELLED") for reason in ENDED),
    *(("ORDER_CANCELLED", ORDER | {"reason": reason}, "ORDER_REJECTED TRADE_FAILED") for reason in REFUSALS),
    ("POSITION_OPENED", POSITION, "POSITION_OPENED"),
    ("POSITION_MODIFIED", POSITION, "POSITION_MODIFIED"),
    ("POSITION_ADJUSTED", POSITION | {"reason": "split"}, "POSITION_MODIFIED"),
    ("POSITION_CLOSED", CLOSED, "POSITION_CLOSED"),
    ("LIMIT_REACHED", LIMIT, "RISK_LIMIT_BREACHED"),
    ("LIMIT_RELEASED", LIMIT, ""),
    ("CAPITAL_MOVED", {}, ""),
]  # fmt: skip


def translated(kind, members, head=HEAD):
    line = {"sequence": head["sequence"], "time": head["time"], "kind": kind, **head, **members}
    return events_of(kind=kind, time=TIME, body=json.dumps(line).encode(), correlation_id="bar-9")


@pytest.mark.parametrize(("kind", "members", "names"), NAMES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_domain_event_stands_for_these_names(kind, members, names):
    """The event itself first, then what else it means. (C-16, C-20, C-21, C-22, C-23, A-37, A-40, A-41)"""
    events = translated(kind, members)
    assert " ".join(event.kind for event in events) == names
    for event in events:
        assert (event.sequence, event.time, event.correlation_id) == (7, TIME, "bar-9")
        assert (event.strategy_id, event.symbol) == ("trend", "BTC/USDT")


def test_amounts_are_exact():
    """Prices, quantities and money are decimals with the digits of the line. (C-20)"""
    filled, hit, executed = translated("ORDER_FILLED", FILL | {"reason": "stop_loss"})
    members = {
        "sequence": 7, "time": TIME, "symbol": "BTC/USDT", "strategy_id": "trend", "correlation_id": "bar-9",
        "order": 1, "order_kind": "market", "side": "buy", "is_exit": False, "quantity": D("0.295"),
        "price": D("55187.3"), "reason": "stop_loss", "notional": D("16283.528"), "fee": D("8.14"),
        "realised": D(0), "slippage": D("3.27"), "position": D("0.295"),
    }  # fmt: skip
    assert (filled, hit, executed) == (OrderFilled(**members), StopLossHit(**members), TradeExecuted(**members))


def test_a_refused_signal_has_its_reason():
    """Never silence. (C-16)"""
    (event,) = translated("SIGNAL_REJECTED", REFUSED)
    assert isinstance(event, SignalRejected)
    assert event.reason == "capital_limit"


def test_what_waits_and_what_was_filled_are_told_apart():
    """Of an order a part traded: the rest is its quantity. (C-20)"""
    (event,) = translated("ORDER_LIMITED", ORDER | {"filled": "0.1"})
    assert isinstance(event, OrderPartiallyFilled)
    assert (event.quantity, event.filled) == (D("0.295"), D("0.1"))


def test_a_closed_position_tells_its_result():
    """The whole trade. (C-21)"""
    (event,) = translated("POSITION_CLOSED", CLOSED)
    assert isinstance(event, PositionClosed)
    assert (event.pnl, event.bars_held, event.reason) == (D("782.5"), 142, "trailing_stop")


def test_a_limit_of_the_portfolio_is_about_no_single_strategy_or_symbol():
    """What the line leaves out is left out. (C-22)"""
    (event,) = translated("LIMIT_REACHED", LIMIT, {"sequence": 7, "time": "2022-01-30T00:00:00Z"})
    assert isinstance(event, RiskLimitBreached)
    assert (event.strategy_id, event.symbol, event.group, event.limit) == (None, None, None, "gross_exposure")
