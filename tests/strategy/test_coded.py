"""Coded strategies: every method and view, what is refused and how, and how failures are told."""

from __future__ import annotations

import math
import re
from collections import deque
from decimal import Decimal

import numpy as np
import pytest
from portfolios import configuration, events, named, orchestrate, prices, run_alone, walk

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.core.errors import ConfigurationError, StrategyFailed
from podium.rules import close, ema, sma

CAPITAL = Decimal(10_000)
FLAT = prices(*[100.0] * 12, spread=1)


def act(function, bars=FLAT, *, instrument=None, **options):
    """Run a function as ``on_bar`` on the symbol X."""
    code = type("Code", (Strategy,), {"on_bar": function})
    described = instrument or Instrument(tick=Decimal("0.01"), lot=Decimal("0.1"))
    config = OrchestratorConfig(instruments={"X": described}, **{"entry_buffer": Decimal(0), **options})
    return StrategyOrchestrator([(code(), Decimal(1))], config).run({"X": bars}, CAPITAL)


def at(row, **calls):
    """Make an ``on_bar`` that calls methods with their options at one bar."""

    def on_bar(self, bar):
        if bar.index == row:
            for method, options in calls.items():
                getattr(self, method)(**options)

    return on_bar


def first(result, kind):
    return events(result, kind)[0]


@pytest.mark.parametrize(
    ("options", "quantity"),
    [
        ({}, "100"),
        ({"quantity": 7}, "7"),
        ({"quantity": Decimal("7.25")}, "7.2"),
        ({"quantity": np.float64(7.3)}, "7.3"),
        ({"quantity": np.int64(7)}, "7"),
        ({"fraction": 0.25}, "25"),
        ({"fraction": Decimal("0.333")}, "33.3"),
        ({"money": 1234.5}, "12.3"),
        ({"money": Decimal(1000)}, "10"),
        ({"risk": 0.01, "stop": 95}, "20"),
    ],
)
@pytest.mark.parametrize("method", ["buy", "sell"])
def test_a_size_is_what_it_says(method, options, quantity):
    """All, quantity, share, money, or risk to the stop; down to whole lots; floats and NumPy numbers too. (B-14)"""
    if method == "sell" and "stop" in options:
        options = {**options, "stop": 105}
    result = act(at(2, **{method: options}))
    fill = first(result, "ORDER_FILLED")
    assert (fill["side"], fill["quantity"], fill["time"]) == (method, quantity, "2024-01-01T04:00:00Z")


def test_order_takes_a_sign():
    """A positive quantity buys, a negative one sells. (B-14)"""
    assert first(act(at(1, order={"quantity": 3})), "ORDER_FILLED")["side"] == "buy"
    assert first(act(at(1, order={"quantity": -3})), "ORDER_FILLED")["side"] == "sell"


@pytest.mark.parametrize(
    ("options", "filled"),
    [
        ({"limit": 99.5}, ("limit", "99.5")),
        ({"limit": Decimal("99.004")}, ("limit", "99")),
        ({"trigger": 100.5}, ("stop", "100.5")),
        ({}, ("market", "100")),
    ],
)
def test_an_order_waits_for_its_price(options, filled):
    """Market, limit and stop orders; prices go to the nearest tick. (B-14)"""
    fill = first(act(at(1, buy={"quantity": 1, **options})), "ORDER_FILLED")
    assert (fill["order_kind"], fill["price"]) == filled


def test_an_order_expires():
    """After so many bars it is cancelled, with the reason. (B-12)"""
    result = act(at(1, buy={"quantity": 1, "limit": 50, "expire_bars": 3}))
    cancelled = first(result, "ORDER_CANCELLED")
    assert (cancelled["reason"], cancelled["time"]) == ("expired", "2024-01-01T05:00:00Z")


def test_working_orders_can_be_seen_and_cancelled():
    """Oldest first, with kind, side, quantity and price; one by its view or number, or all. (B-14)"""
    seen = []

    def on_bar(self, bar):
        if bar.index == 1:
            for limit in (90, 91, 92, 93):
                self.buy(quantity=1, limit=limit)
            self.sell(quantity=2, trigger=80)
        if bar.index == 2:
            seen.append(self.orders)
            self.cancel(self.orders[1])
            self.cancel(self.orders[2].identifier)
        if bar.index == 3:
            seen.append([order.identifier for order in self.orders])
            self.cancel()
        if bar.index == 4:
            seen.append(self.orders)

    result = act(on_bar)
    described = [
        (order.identifier, order.kind, order.side, order.quantity, order.limit, order.trigger, order.is_exit)
        for order in seen[0]
    ]
    assert described == [
        (1, "limit", "buy", 1, 90, None, False),
        (2, "limit", "buy", 1, 91, None, False),
        (3, "limit", "buy", 1, 92, None, False),
        (4, "limit", "buy", 1, 93, None, False),
        (5, "stop", "sell", 2, None, 80, False),
    ]
    assert seen[1:] == [[1, 4, 5], ()]
    assert [event["reason"] for event in events(result, "ORDER_CANCELLED")] == ["cancelled"] * 5


def test_levels_protect_and_can_be_moved():
    """Stop, target, targets, trail and time of an entry; ``protect`` replaces those it names. (B-46)"""

    def on_bar(self, bar):
        if bar.index == 1:
            self.buy(quantity=10, stop=90, target=120)
        if bar.index == 3:
            assert self.position.stop == 90.0
            self.protect(stop=99.5)
        if bar.index == 4:
            raise AssertionError("closed by the moved stop")

    with pytest.raises(StrategyFailed, match="closed by the moved stop"):
        act(on_bar)
    result = act(at(1, buy={"quantity": 10, "targets": [(100.5, 0.25), (100.8, Decimal("0.75"))]}))
    assert [(fill["price"], fill["quantity"]) for fill in events(result, "ORDER_FILLED")[1:]] == [
        ("100.5", "2.5"),
        ("100.8", "7.5"),
    ]
    result = act(at(1, buy={"quantity": 10, "trail": 1.5, "trail_after": 0.005}))
    assert first(result, "POSITION_CLOSED")["reason"] == "trailing_stop"
    # The stop moved to 100.1 acts from the next bar on, which opens below it.
    result = act(at(1, buy={"quantity": 10, "break_even_after": 0.005, "break_even_offset": 0.001}))
    assert (first(result, "POSITION_CLOSED")["reason"], first(result, "POSITION_CLOSED")["price"]) == (
        "break_even",
        "100",
    )
    assert first(act(at(1, buy={"quantity": 10, "max_bars": 2})), "POSITION_CLOSED")["reason"] == "time_exit"


def test_a_close_is_whole_or_a_part():
    """By share or by quantity; ``close`` and ``sell`` in one step are a reversal. (B-14)"""
    result = act(
        lambda self, bar: [
            self.buy(quantity=10) if bar.index == 1 else None,
            self.close(fraction=0.3) if bar.index == 3 else None,
        ]
    )
    assert events(result, "ORDER_FILLED")[1]["quantity"] == "3"
    result = act(
        lambda self, bar: [
            self.buy(quantity=10) if bar.index == 1 else None,
            self.close(quantity=4) if bar.index == 3 else None,
        ]
    )
    assert events(result, "ORDER_FILLED")[1]["quantity"] == "4"

    def reverse(self, bar):
        if bar.index == 1:
            self.buy()
        if bar.index == 3:
            self.close()
            self.sell()

    fills = events(act(reverse), "ORDER_FILLED")
    assert [(fill["side"], fill["quantity"], fill["time"]) for fill in fills[:3]] == [
        ("buy", "100", "2024-01-01T03:00:00Z"),
        ("sell", "100", "2024-01-01T05:00:00Z"),
        ("sell", "100", "2024-01-01T05:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("fractions", "quantities"),
    [
        ([0.5], ["50"]),
        ([0.25, 0.5, 0.1], ["25", "25", "-40"]),
        ([-0.3, -0.1, 0], ["-30", "20", "10"]),
        ([0.2, -0.2], ["20", "-20", "-20"]),
        ([Decimal("0.333333"), 0.3333], ["33.3"]),
        ([0.0], []),
    ],
)
def test_a_share_of_the_equity_is_held(fractions, quantities):
    """What is missing is bought or sold, in whole lots; a position that changes its side is closed first. (B-12, B-14)"""

    def on_bar(self, bar):
        if bar.index % 2 == 1 and bar.index // 2 < len(fractions):
            self.hold(fractions[bar.index // 2])

    fills = events(act(on_bar, finish="keep"), "ORDER_FILLED")
    assert [("" if fill["side"] == "buy" else "-") + fill["quantity"] for fill in fills] == quantities


def test_a_share_is_of_the_equity_at_this_close():
    """100 of 10,000 gain 20 each: 12,000 of equity, half of which is 50 at 120. (B-12)"""
    market = prices(100, 100, 100, 120, 120, 120)
    result = act(at(1, buy={"quantity": 100}), market)
    assert result.final_equity == 12_000

    def on_bar(self, bar):
        if bar.index == 1:
            self.buy(quantity=100)
        elif bar.index == 3:
            self.hold(0.5)

    fills = events(act(on_bar, market, finish="keep"), "ORDER_FILLED")
    assert [(fill["side"], fill["quantity"], fill["price"]) for fill in fills] == [
        ("buy", "100", "100"),
        ("sell", "50", "120"),
    ]


NOT_A_NUMBER = float("nan")


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ({"buy": {"quantity": 1, "limit": NOT_A_NUMBER}}, "unknown_level"),
        ({"buy": {"quantity": 1, "trigger": math.inf}}, "unknown_level"),
        ({"buy": {"quantity": 1, "stop": NOT_A_NUMBER}}, "unknown_level"),
        ({"buy": {"quantity": 1, "target": Decimal("NaN")}}, "unknown_level"),
        ({"buy": {"quantity": 1, "trail": NOT_A_NUMBER}}, "unknown_level"),
        ({"buy": {"quantity": 1, "trail": -1}}, "unknown_level"),
        ({"buy": {"quantity": 1, "limit": -3}}, "unknown_level"),
        ({"buy": {"quantity": 1, "limit": 1e300}}, "unknown_level"),
        ({"buy": {"quantity": 1, "stop": 101}}, "wrong_side"),
        ({"sell": {"quantity": 1, "target": 101}}, "wrong_side"),
        ({"buy": {"risk": 0.01}}, "no_stop"),
        ({"buy": {"quantity": 0.01}}, "min_quantity"),
        ({"buy": {"money": 1}}, "min_quantity"),
        ({"buy": {"fraction": 1e-12}}, "min_quantity"),
        ({"buy": {"quantity": 101}}, "capital_limit"),
        ({"buy": {"quantity": 1e30}}, "capital_limit"),
        ({"buy": {"money": Decimal(10) ** 30}}, "capital_limit"),
        ({"close": {}}, "flat"),
        ({"protect": {"stop": 90}}, "flat"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(calls, reason):
    """An unknown price, a level on the wrong side, too little, too much: an event, and the run goes on. (B-12, B-07)"""
    result = act(at(3, **calls))
    (refused,) = events(result, "SIGNAL_REJECTED")
    assert refused["reason"] == reason
    assert result.is_complete
    assert result.final_equity == CAPITAL


def test_a_ninth_order_finds_no_slot():
    """Eight orders of a cell work at once. (B-12)"""
    result = act(lambda self, bar: [self.buy(quantity=1, limit=50) for _ in range(9)] if bar.index == 1 else None)
    assert [event["reason"] for event in events(result, "SIGNAL_REJECTED")] == ["no_slot"]
    assert len(events(result, "ORDER_CREATED")) == 8


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ({"buy": {"quantity": 1, "fraction": 0.5}}, "an order has both quantity and fraction"),
        ({"buy": {"quantity": 0}}, "quantity of an order is 0"),
        ({"buy": {"quantity": -1}}, "quantity of an order is -1"),
        ({"buy": {"quantity": NOT_A_NUMBER}}, "quantity of an order is nan"),
        ({"order": {"quantity": 0}}, "quantity of an order is 0"),
        ({"buy": {"fraction": 1.5}}, "fraction of an order is 1.5"),
        ({"buy": {"risk": 2, "stop": 90}}, "risk of an order is 2"),
        ({"buy": {"limit": 99, "trigger": 101}}, "an order has both limit and trigger"),
        ({"buy": {"targets": [(101, 0.5), (102, 0.6)]}}, "an order has targets with shares 0.5, 0.6"),
        ({"buy": {"targets": [(101, 0)]}}, "an order has targets with shares 0"),
        ({"buy": {"targets": [(101, 0.1)] * 5}}, "at most 4 targets"),
        ({"buy": {"max_bars": 0}}, "an order lives for 0 bars"),
        ({"buy": {"expire_bars": 1.5}}, "an order lives for 1.5 bars"),
        ({"buy": {"trail": 1, "trail_after": -0.1}}, "trail_after of an order is -0.1"),
        ({"buy": {"break_even_after": NOT_A_NUMBER}}, "break_even_after of an order is nan"),
        ({"buy": {"stopp": 90}}, "did you mean 'stop'?"),
        ({"protect": {"limit_up": 90}}, "an order has no 'limit_up'"),
        ({"close": {"fraction": 2}}, "fraction of an order is 2"),
        ({"hold": {"fraction": NOT_A_NUMBER}}, "the fraction to hold is nan"),
        ({"close": {"fraction": 1, "quantity": 1}}, "an order has both fraction and quantity"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(calls, said):
    """A mistake in the code is told with strategy, symbol, bar, and what was expected. (B-16, D-06)"""
    with pytest.raises(ConfigurationError) as caught:
        act(at(3, **calls))
    told = str(caught.value)
    assert re.match(r"\S*test_coded\.py:\d+: strategy 'Code' on X at 2024-01-01T04:00:00Z: ", told)
    assert said in str(caught.value)


def test_an_on_bar_without_a_bar_is_told_before_the_run():
    """With the line of its definition. (B-16, D-06)"""

    class Blind(Strategy):
        def on_bar(self):
            raise AssertionError

    with pytest.raises(
        ConfigurationError, match=r"test_coded\.py:\d+: strategy 'Blind': Blind\.on_bar cannot be called"
    ):
        run_alone(Blind(), walk())


def test_too_many_orders_in_one_step_are_told():
    """The number that fits is said. (B-16)"""
    with pytest.raises(ConfigurationError, match=r"(?s)more orders in one time step.*at most 512"):
        act(lambda self, bar: [self.cancel() for _ in range(513)])
    done = act(lambda self, bar: [self.cancel() for _ in range(512)])
    assert done.is_complete


class WithHandle(Strategy):
    def __init__(self, held):
        self.held = held

    def on_bar(self, bar):
        pass


@pytest.mark.parametrize(
    "held",
    [object(), deque(), open, lambda: None, [object()], {"a": {1: object()}}, np.array([object()]), Decimal],
)
def test_attributes_that_no_snapshot_can_hold_are_refused(held):
    """At construction, by name, with what would do. (B-19)"""
    with pytest.raises(
        ConfigurationError, match=r"strategy 'WithHandle': WithHandle\.held is a .*\n  expected: plain values"
    ):
        StrategyOrchestrator([(WithHandle(held), Decimal(1))])


@pytest.mark.parametrize(
    "held",
    [1, 1.5, "a", None, True, Decimal(1), b"x", [1, (2, 3)], {"a": {1, 2}}, np.zeros(3), np.float64(1), ema(close, 3)],
)
def test_plain_attributes_are_kept(held):
    """Numbers, texts, lists, maps, sets and arrays of them. (B-19)"""
    assert StrategyOrchestrator([(WithHandle(held), Decimal(1))]).members[0].form.held is held


def test_outside_of_a_run_there_is_no_position():
    """Reading or ordering before the run is told. (D-06)"""
    strategy = WithHandle(1)
    for look in (
        lambda: strategy.position,
        lambda: strategy.account,
        lambda: strategy.orders,
        strategy.buy,
        strategy.close,
        strategy.cancel,
        lambda: strategy.protect(stop=1),
    ):
        with pytest.raises(ConfigurationError, match="outside of a run"):
            look()


@pytest.mark.parametrize("raised", [KeyError("missing"), SystemExit("enough")])
def test_an_exception_is_told_with_strategy_symbol_and_time(raised):
    """The cause stays attached; to leave the program is a failure too. The command line ends with 1. (B-16)"""

    def on_bar(self, bar):
        if bar.index == 4:
            raise raised

    said = re.escape(f"strategy 'Code' failed on X at 2024-01-01T05:00:00Z: {type(raised).__name__}: {raised}")
    with pytest.raises(StrategyFailed, match=said) as caught:
        act(on_bar)
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [ValueError("here"), SystemExit("here")])
def test_among_several_the_one_that_raised_is_named(raised):
    """Not the first, not the last: the one whose code failed. (B-16)"""

    class Fails(Strategy):
        def on_bar(self, bar):
            if bar.symbol == "Y" and bar.index == 7:
                raise raised

    class Works(Strategy):
        def on_bar(self, bar):
            pass

    entries = [
        (Works(), Decimal("0.3"), None),
        (Fails(), Decimal("0.3"), None),
        (named(Works(), "last"), Decimal("0.3"), None),
    ]
    bars = {symbol: walk(symbol, 30, 1) for symbol in ("X", "Y", "Z")}
    said = f"strategy 'Fails' failed on Y at 2024-01-01T08:00:00Z: {type(raised).__name__}: here"
    with pytest.raises(StrategyFailed, match=said):
        orchestrate(entries, configuration(*bars)).run(bars, CAPITAL)


def test_the_bar_is_a_view_and_a_copy_stays():
    """``bar`` moves on; ``copy`` and ``at`` stay; prices are floats, times aware. (B-14, B-15)"""
    bars = walk("X", 30, 2)
    kept = []

    def on_bar(self, bar):
        if bar.index == 10:
            kept.extend([bar.copy(), bar.at(3), bar, repr(bar)])

    act(on_bar, bars)
    copied, early, view, text = kept
    assert (copied.index, early.index, view.index) == (10, 3, 29)
    assert [copied.open, copied.high, copied.low, copied.close, copied.volume] == [
        getattr(bars, name)[10] for name in ("open", "high", "low", "close", "volume")
    ]
    assert all(type(value) is float for value in (copied.open, copied.high, copied.low, copied.close, copied.volume))
    assert copied.time.isoformat() == "2024-01-01T11:00:00+00:00"
    assert text.startswith("Bar(X 2024-01-01T11:00:00+00:00 open=")


def test_declared_series_are_read_backwards():
    """``[0]`` is now, ``[n]`` is n bars ago, NaN or None before the first; parameters are bound. (B-14, B-15)"""
    bars = walk("X", 40, 2)
    expected = [float("nan")] * 4 + [float(np.mean(bars.close[row - 4 : row + 1])) for row in range(4, 40)]
    seen = {}

    class Reading(Strategy):
        length = 5
        mean = sma(close, "length")
        rises = close > close[1]

        def on_bar(self, bar):
            seen[bar.index] = (
                self.mean[0],
                self.mean[1],
                self.mean[100],
                self.rises[0],
                self.rises[2],
                self.rises[100],
            )

    run_alone(Reading(), bars)
    assert min(seen) == 4
    for row, (now, before, unknown, rises, risen, never) in seen.items():
        assert now == pytest.approx(expected[row], abs=1e-9)
        assert before == pytest.approx(expected[row - 1], abs=1e-9, nan_ok=True)
        assert math.isnan(unknown)
        assert rises is bool(bars.close[row] > bars.close[row - 1])
        assert risen is bool(bars.close[row - 2] > bars.close[row - 3])
        assert never is None


def test_a_strategy_waits_for_its_warm_up():
    """Until its series are known, or longer when it says so. (B-15)"""
    first_bars = []

    class Waiting(Strategy):
        mean = sma(close, 7)

        def on_bar(self, bar):
            first_bars.append(bar.index)

    class WaitingLonger(Waiting):
        warm_up = 20

    run_alone(Waiting(), walk("X", 30, 2))
    run_alone(WaitingLonger(), walk("X", 30, 2))
    assert (first_bars[0], first_bars[24]) == (6, 20)


def test_slow_code_decides_on_completed_bars_only():
    """Each slow bar is seen at the base bar that completes it, made of the base bars before; fills are on base bars. (B-15)"""
    bars = walk("X", 50, 2)
    seen = []

    class Slow(Strategy):
        timeframe = "4h"

        def on_bar(self, bar):
            seen.append((bar.time, bar.open, bar.high, bar.low, bar.close))
            if bar.index == 2:
                self.buy(quantity=1)

    result = run_alone(Slow(), bars)
    for number, (time, first_price, high, low, last) in enumerate(seen):
        rows = slice(4 * number, 4 * number + 4)
        assert time.timestamp() * 1e9 == bars.close_time[rows][-1]
        assert (first_price, last) == (bars.open[rows][0], bars.close[rows][-1])
        assert (high, low) == (bars.high[rows].max(), bars.low[rows].min())
    assert len(seen) == 12
    fill = first(result, "ORDER_FILLED")
    assert fill["time"] == "2024-01-01T13:00:00Z"
    assert float(fill["price"]) == bars.open[12]


class SlowRules(Strategy):
    timeframe = "4h"
    long_entry = close > close[1]
    long_exit = close < close[1]
    size = {"quantity": 1}  # noqa: RUF012  # as users write it


class SlowCode(Strategy):
    timeframe = "4h"
    now, before = close * 1, close[1] * 1

    def on_bar(self, bar):
        if self.now[0] < self.before[0]:
            self.close()
        elif self.now[0] > self.before[0] and self.position.is_flat:
            self.buy(quantity=1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lazy", [True, False])
def test_two_slow_bars_known_at_once_are_one_decision_in_both_forms(seed, lazy):
    """After a hole one base bar completes two slow ones: rules and code decide on the newer. (B-15)"""
    bars = walk("X", 200, seed)
    hour = np.arange(200)
    # The last hour of one slow bar and all of the next one but its last are missing.
    bars = bars.select((hour < 11) | (hour > 180) | ((hour - 11) % 16 >= 4))
    found = []
    for forms in ([SlowRules()], [SlowCode()], [SlowCode(), SlowCode()]):
        members = [(named(form, f"s{number}"), Decimal("0.5")) for number, form in enumerate(forms)]
        result = StrategyOrchestrator(members, configuration("X", lazy=lazy)).run({"X": bars}, CAPITAL)
        fills = [event for event in events(result, "ORDER_FILLED") if event["strategy_id"] == "s0"]
        found.append([(fill["time"], fill["side"], fill["price"], fill["quantity"]) for fill in fills])
    assert len(found[0]) > 10
    assert found[0] == found[1] == found[2]


def test_a_slow_bar_that_never_completes_is_never_decided_on():
    """Three hours make no bar of four: nothing happens, and nothing breaks. (B-15)"""
    assert events(run_alone(SlowCode(), walk("X", 3, 1)), "ORDER_FILLED") == []


def test_views_equal_the_engines_values():
    """Position and account say at every bar what the events and the tables say. (B-14, B-40)"""
    bars = walk("X", 200, 6)
    seen = []

    class Looking(Strategy):
        def on_bar(self, bar):
            position, account = self.position, self.account
            if bar.index % 23 == 5:
                self.buy(fraction=0.4, stop=bar.close * 0.95)
            elif bar.index % 23 == 9:
                self.buy(limit=bar.close * 0.995, quantity=2, expire_bars=4)
            elif bar.index % 23 == 15:
                self.close(fraction=0.5)
            elif bar.index % 23 == 20:
                self.close()
            seen.append(
                {
                    "quantity": position.quantity,
                    "entry": position.exact_entry_price,
                    "entry_float": position.entry_price,
                    "profit": position.open_profit,
                    "return": position.open_return,
                    "held": position.bars_held,
                    "sides": (position.is_flat, position.is_long, position.is_short),
                    "cash": account.cash,
                    "used": account.used,
                    "reserved": account.reserved,
                    "available": account.available,
                    "allocated": account.allocated,
                    "equity": account.equity,
                    "realised": account.realised,
                    "fees": account.fees,
                    "text": repr(position),
                }
            )

    result = run_alone(Looking(), bars, CAPITAL, finish="keep")
    curve = [equity for _, equity in result.aggregate_equity_curve]
    happened = events(result)
    state = {
        "position": Decimal(0),
        "cash": CAPITAL,
        "used": Decimal(0),
        "reserved": Decimal(0),
        "realised": Decimal(0),
        "fee": Decimal(0),
    }
    cursor = 0
    for row, view in enumerate(seen):
        time = result.aggregate_equity_curve[row][0].isoformat().replace("+00:00", "Z")
        # What a bar's close shows: everything before it, and the fills and cancellations of its own settling.
        while cursor < len(happened) and (
            happened[cursor]["time"] < time
            or (
                happened[cursor]["time"] == time
                and happened[cursor]["kind"]
                in (
                    "ORDER_FILLED",
                    "ORDER_CANCELLED",
                    "POSITION_OPENED",
                    "POSITION_MODIFIED",
                    "POSITION_CLOSED",
                    "ORDER_REDUCED",
                )
            )
        ):
            event = happened[cursor]
            cursor += 1
            for name in ("cash", "used", "reserved"):
                state[name] = Decimal(event.get(name, state[name]))
            if event["kind"] == "ORDER_FILLED":
                state["position"] = Decimal(event["position"])
                state["realised"] += Decimal(event["realised"])
                state["fee"] += Decimal(event["fee"])
        assert view["quantity"] == state["position"]
        assert view["sides"] == (state["position"] == 0, state["position"] > 0, state["position"] < 0)
        assert (view["cash"], view["used"], view["reserved"]) == (state["cash"], state["used"], state["reserved"])
        assert (view["realised"], view["fees"]) == (state["realised"], state["fee"])
        assert view["equity"] == curve[row]
        assert view["allocated"] == CAPITAL
        assert view["available"] == max(min(CAPITAL - state["used"], state["cash"]) - state["reserved"], 0)
        if state["position"]:
            mark = Decimal(repr(float(bars.close[row])))
            assert view["profit"] == view["quantity"] * mark - state["used"]
            assert abs(view["entry"] * view["quantity"] - state["used"]) < Decimal("1e-9")
            assert view["entry_float"] == pytest.approx(float(view["entry"]), rel=1e-12)
            assert view["return"] == pytest.approx(float(view["profit"] / state["used"]), abs=1e-12)
            assert view["held"] >= 1
        else:
            assert (view["entry"], view["profit"], view["return"], view["held"]) == (0, 0, 0, 0)
            assert math.isnan(view["entry_float"])
        assert str(view["quantity"]) in view["text"]
    assert len({view["quantity"] for view in seen}) > 5


def test_an_order_then_a_read_then_the_fill():
    """A position that is looked at right after an order is looked at anew at the next bar. (B-14)"""
    seen = []

    def on_bar(self, bar):
        if bar.index == 1:
            self.buy(quantity=5)
            _ = self.account.cash
            assert self.position.is_flat
        seen.append(self.position.quantity)

    act(on_bar)
    assert seen == [0, 0] + [5] * 10


def test_two_instances_of_one_class_do_not_meet():
    """Each cell has its own copy: attributes set on one symbol are not seen on another. (B-14, B-30)"""

    class Counting(Strategy):
        def __init__(self):
            self.count = 0
            self.rows = []

        def on_bar(self, bar):
            self.count += 1
            self.rows.append(bar.index)
            assert self.count == len(self.rows) == bar.index + 1

    strategy = Counting()
    run_alone(strategy, {symbol: walk(symbol, 30, 1) for symbol in ("X", "Y")})
    assert (strategy.count, strategy.rows) == (0, [])
