"""Limits of the portfolio: what is refused, cut, closed and stopped, and what the events tell of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from scene import HOUR, UNIT_INSTRUMENT, buy, close, play, ratio, sell

from podium.core.events import EventKind, Reason
from podium.engine.engine import EngineOptions
from podium.engine.limits import EngineLimits, GroupLimit, Limit, StreakStep
from podium.engine.tables import REACHED, ConflictMode, LimitAction

BLOCK, REDUCE, CLOSE, STOP = LimitAction.BLOCK, LimitAction.REDUCE, LimitAction.CLOSE, LimitAction.STOP
ONE = 10**8


def limit(action: LimitAction = BLOCK, share: Any = 0, *, money: Any = 0, count: int = 0, **more: Any) -> Limit:
    """Make a limit of a share of equity, of money, or of a count; times are in hours."""
    return Limit(
        action=action,
        ratio=ratio(share),
        bound=int(Decimal(str(money)) * ONE) + count,
        factor=ratio(more.get("factor", 0)),
        cool_down=more.get("cool_down", 0) * HOUR,
        daily_reset=more.get("daily_reset", False),
    )


def limits(
    groups: Any = (),
    streak: Any = (),
    *,
    group_action: LimitAction = BLOCK,
    per_strategy: bool = True,
    unallocated: int = 0,
    day: int = 24,
    **named: Limit,
) -> Any:
    """Make the limits of a scene; a day has so many bars."""
    return lambda timeline: EngineLimits(
        limits={Reason[name.upper()]: given for name, given in named.items()},
        days=timeline.times // (day * HOUR),
        unallocated=unallocated * ONE,
        groups=[GroupLimit(symbols=symbols, action=group_action, ratio=ratio(share)) for symbols, share in groups],
        streak=[StreakStep(losses=losses, factor=ratio(factor)) for losses, factor in streak],
        streak_per_strategy=per_strategy,
    )


def told(played: Any) -> list[str]:
    """Tell the events about limits: step, limit, maximum, value, asked."""
    rows = []
    for event in played.events:
        kind = EventKind(int(event["kind"]))
        if kind in (EventKind.LIMIT_REACHED, EventKind.LIMIT_RELEASED):
            overlay = event.view(REACHED)
            numbers = " ".join(f"{played.money(overlay[name]):f}" for name in ("maximum", "value", "asked"))
            word = "" if kind is EventKind.LIMIT_REACHED else " released"
            rows.append(f"{int(event['step'])} {Reason(int(event['reason'])).wire}{word} {numbers}")
    return rows


FLAT = "100; 100; 100; 100; 100; 100"


def test_an_entry_beyond_a_limit_is_refused_with_limit_value_and_what_was_asked():
    """400 are held and 600 the limit; 3 more at 100 would make 700 (A-26)."""
    played = play(FLAT, {0: buy(quantity=4), 1: buy(quantity=3)}, limits=limits(gross_exposure=limit(share="0.6")))
    assert played.story() == "1 buy 4 @100, 1 rejected buy gross_exposure"
    assert told(played) == ["1 gross_exposure 600 400 700"]


def test_an_entry_is_cut_to_what_fits():
    """The same under ``reduce``: 2 of the 3 fit."""
    given = limits(gross_exposure=limit(REDUCE, share="0.6"))
    played = play(FLAT, {0: buy(quantity=4), 1: buy(quantity=3)}, limits=given)
    assert played.story() == "1 buy 4 @100, 2 buy 2 @100"
    assert told(played) == ["1 gross_exposure 600 400 700"]


def test_nothing_fits_under_reduce_when_no_lot_does():
    """There is room for 50 and a lot costs 100: the entry is refused."""
    played = play(FLAT, {0: buy(quantity=4), 1: buy(quantity=3)}, limits=limits(gross_exposure=limit(REDUCE, "0.45")))
    assert played.story() == "1 buy 4 @100, 1 rejected buy gross_exposure"


#: (what is limited, its limit, the second order, what is refused: maximum, value, asked), after 4 lots bought at 100.
AMOUNTS = [
    ("order_value", "0.3", buy(quantity=4), "300 0 400"),
    ("gross_exposure", "0.6", buy(quantity=3), "600 400 700"),
    ("net_exposure", "0.6", buy(quantity=3), "600 400 700"),
    ("symbol_exposure", "0.6", buy(quantity=3), "600 400 700"),
    ("strategy_exposure", "0.6", buy(quantity=3), "600 400 700"),
    ("trade_risk", "0.02", buy(quantity=3, stop=90), "20 0 30"),
    ("position_risk", "0.05", buy(quantity=3, stop=90), "50 40 70"),
    ("total_risk", "0.05", buy(quantity=3, stop=90), "50 40 70"),
]


@pytest.mark.parametrize(("name", "share", "order", "expected"), AMOUNTS)
@pytest.mark.parametrize("action", [BLOCK, REDUCE])
def test_every_amount_is_limited_as_a_ratio_and_as_money(name, share, order, expected, action):
    """Of an equity of 1,000: refused under ``block``, cut to the largest whole lot under ``reduce`` (A-26, A-102)."""
    first = buy(quantity=2, stop=95) if name in ("order_value", "trade_risk") else buy(quantity=4, stop=90)
    orders = {0: first, 1: order}
    for given in (limit(action, share), limit(action, money=Decimal(share) * 1000)):
        played = play(FLAT, orders, limits=limits(**{name: given}))
        assert told(played) == [f"1 {name} {expected}"]
        maximum, value, asked = map(int, expected.split())
        each = 10 if name.endswith("risk") else 100
        fitting = (maximum - value) // each
        story = f"2 buy {fitting} @100" if action is REDUCE else f"1 rejected buy {name}"
        assert played.story().endswith(story)
        assert asked == value + each * order.given["quantity"]


def test_the_other_side_of_net_exposure_is_free():
    """Long 400 of at most 500: a sale of 900 makes it −500, one of 1,000 would make it −600."""
    cells, given = ((0, 0), (1, 0)), limits(net_exposure=limit(share="0.25"))
    orders = {0: buy(quantity=4), 1: sell(quantity=9).on(1)}
    assert play(FLAT, orders, cells=cells, limits=given).story() == "1 buy 4 @100, 2 sell 9 @100"
    orders = {0: buy(quantity=4), 1: sell(quantity=10).on(1)}
    played = play(FLAT, orders, cells=cells, limits=given)
    assert played.story() == "1 buy 4 @100, 1 rejected sell net_exposure"
    assert told(played) == ["1 net_exposure 500 -400 600"]


def test_limits_hold_across_strategies_and_symbols():
    """Two strategies with 1,000 each, two symbols: the second entry finds what the first one holds (A-26)."""
    cells = ((0, 0), (1, 0), (0, 1), (1, 1))
    for name, second, expected in (
        ("gross_exposure", buy(quantity=9).on(3), "1 rejected buy gross_exposure"),
        ("symbol_exposure", buy(quantity=9).on(1), "1 rejected buy symbol_exposure"),
        ("symbol_exposure", buy(quantity=9).on(3), "2 buy 9 @100"),
        ("strategy_exposure", buy(quantity=4).on(2), "1 rejected buy strategy_exposure"),
        ("strategy_exposure", buy(quantity=9).on(1), "2 buy 9 @100"),
    ):
        share = "0.5" if name != "strategy_exposure" else "0.49"
        orders = {0: buy(quantity=6 if name == "strategy_exposure" else 5), 1: second}
        if name == "gross_exposure" or (name == "symbol_exposure" and "rejected" in expected):
            share = "0.6"
        played = play([FLAT, FLAT], orders, cells=cells, limits=limits(**{name: limit(share=share)}))
        assert played.story().endswith(expected), name


def test_a_group_of_symbols_has_a_limit_of_its_own():
    """Symbols 0 and 1 may be worth half of 1,000 together; symbol 2 belongs to no group."""
    cells, bars = ((0, 0), (0, 1), (0, 2)), [FLAT, FLAT, FLAT]
    given = limits(groups=[((0, 1), "0.5")])
    orders = {0: [buy(quantity=3).on(0), buy(quantity=3).on(1), buy(quantity=3).on(2)]}
    played = play(bars, orders, cells=cells, limits=given)
    assert played.story() == "0 rejected buy group_exposure, 1 buy 3 @100, 1 buy 3 @100"
    assert told(played) == ["0 group_exposure 500 300 600"]
    assert int(played.events[played.events["kind"] == EventKind.LIMIT_REACHED][0]["exit"]) == 1


def test_what_works_counts_as_if_it_were_filled():
    """Limit orders of 400 wait; another 300 would make 700, wherever they fill first."""
    given = limits(gross_exposure=limit(share="0.6"))
    played = play(FLAT, {0: buy(quantity=4, limit=99), 1: buy(quantity=3, limit=98)}, limits=given)
    assert played.story() == "1 rejected buy gross_exposure"
    assert told(played) == ["1 gross_exposure 600 396 690"]


def test_what_works_is_at_risk_as_if_it_were_filled():
    """4 lots wait at 90 with a stop 10 below, 40 at risk of 50; 2 more would risk 20 of the 10 that are left."""
    given = limits(total_risk=limit(share="0.05"))
    orders = {0: buy(quantity=4, limit=90, stop=80), 1: buy(quantity=2, stop=90), 2: buy(quantity=1, stop=90)}
    played = play(FLAT, orders, limits=given)
    assert played.story() == "1 rejected buy total_risk, 3 buy 1 @100"
    assert told(played) == ["1 total_risk 50 40 60"]


def test_a_reversal_finds_what_its_exit_gives_back():
    """Long 5 closes and short 5 enters in one step, at a limit of 500."""
    given = limits(gross_exposure=limit(share="0.5"), open_positions=limit(count=1))
    played = play(FLAT, {0: buy(quantity=5), 1: [close(), sell(quantity=5)]}, limits=given)
    assert played.story() == "1 buy 5 @100, 2 sell 5 @100 strategy_signal, 2 sell 5 @100"


def test_the_check_is_repeated_at_the_fill():
    """Decided at 100 for 500 of 500, it opens at 120: 4 lots are worth 480, and one is cut off."""
    played = play("100; 120; 120", {0: buy(quantity=5)}, limits=limits(gross_exposure=limit(share="0.5")))
    assert played.story() == "1 reduced buy 1 gross_exposure, 1 buy 4 @120"
    assert told(played) == ["1 gross_exposure 500 0 600"]


def test_a_resting_entry_is_held_against_the_step_before_its_fill():
    """Short 5 at 100 and 4 at 90 make 860 of 1,000. The short rises to 120 while nobody decides.

    Then the equity is 900 and the short is worth 600, so 3 of the 4 fit (A-26).
    """
    bars = ["100; 100; 120; 120; 120", "100; 100; 100; 100 100 88 95"]
    orders = {0: [sell(quantity=5), buy(quantity=4, limit=90).on(1)]}
    given = limits(gross_exposure=limit(share="1"))
    played = play(bars, orders, cells=((0, 0), (0, 1)), limits=given)
    assert played.story() == "1 sell 5 @100, 3 reduced buy 1 gross_exposure, 3 buy 3 @90"
    assert told(played) == ["3 gross_exposure 900 600 960"]


def test_what_the_volume_left_of_an_entry_is_held_against_the_step_before():
    """Half of 4 lots trade in a bar. The short rises to 130: of 880, 200 and 520 are taken, so 1 more lot fits."""
    bars = ["100 v4; 100 v4; 100 v4; 100 v4", "100 v9; 100 130 100 130 v9; 130 v9; 130 v9"]
    instruments = [replace(UNIT_INSTRUMENT, volume_limit=Decimal("0.5")), UNIT_INSTRUMENT]
    orders = {0: [buy(quantity=6), sell(quantity=4).on(1)]}
    given = limits(gross_exposure=limit(share="1"))
    played = play(bars, orders, cells=((0, 0), (0, 1)), instrument=instruments, limits=given)
    assert played.story() == "1 buy 2 @100, 1 sell 4 @100, 2 reduced buy 3 gross_exposure, 2 buy 1 @100"
    assert told(played) == ["2 gross_exposure 880 720 1120"]


def test_a_gap_is_cut_off_and_stops_nothing():
    """The wish did fit when it was decided, so the market's move does not trip ``stop``."""
    given = limits(order_value=limit(STOP, share="0.5"))
    played = play("100; 120; 120; 120", {0: buy(quantity=5), 1: buy(quantity=1)}, limits=given)
    assert played.story() == "1 reduced buy 1 order_value, 1 buy 4 @120, 2 buy 1 @120"
    played = play(FLAT, {0: buy(quantity=2), 1: buy(quantity=6), 2: buy(quantity=1)}, limits=given)
    assert played.story() == (
        "1 buy 2 @100, 1 rejected buy order_value, 2 sell 2 @100 risk_limit, 2 rejected buy order_value"
    )


#: The limits of a single entry: what is allowed, and what is beyond it after 2 lots were bought with a stop at 99.
KILLS = [
    ("open_positions", limit(STOP, count=1), buy(quantity=1).on(1)),
    ("price_deviation", limit(STOP, "0.1"), buy(quantity=1, limit=80)),
    ("order_value", limit(STOP, "0.5"), buy(quantity=6)),
    ("trade_risk", limit(STOP, "0.05"), buy(quantity=6, stop=90)),
    ("position_risk", limit(STOP, "0.05"), buy(quantity=6, stop=90)),
]


@pytest.mark.parametrize(("name", "given", "order"), KILLS)
def test_a_kill_switch_closes_in_the_step_of_the_entry_that_trips_it(name, given, order):
    """Refused at the close of step 1, sold at the next open; under ``fill: close`` at that same close (C-68)."""
    orders = {0: buy(quantity=2, stop=99), 1: order, 3: buy(quantity=1)}
    scene = {"cells": ((0, 0), (0, 1)), "limits": limits(**{name: given})}
    played = play([FLAT, FLAT], orders, **scene)
    tripped = f"1 rejected buy {name}, 2 sell 2 @100 risk_limit, 3 rejected buy {name}"
    assert played.story() == f"1 buy 2 @100, {tripped}"
    played = play([FLAT, FLAT], orders, **scene, options=EngineOptions(entry_buffer=0, fill_at_close=True))
    assert played.story() == f"0 buy 2 @100, {tripped}".replace("2 sell", "1 sell")


def test_too_many_orders_close_in_the_step_of_the_last_one():
    """The second order of the minute is one too many; the first one, made in the same step, does not fill (C-68)."""
    orders = {0: buy(quantity=2), 1: [buy(quantity=1), buy(quantity=1).on(1)]}
    given = limits(orders_per_minute=limit(STOP, count=1))
    assert play([FLAT, FLAT], orders, cells=((0, 0), (0, 1)), limits=given).story() == (
        "1 buy 2 @100, 1 rejected buy orders_per_minute, 1 cancelled buy orders_per_minute, 2 sell 2 @100 risk_limit"
    )


def test_a_kill_switch_cancels_what_works_and_closes_nothing_twice():
    """An entry that rests is cancelled with the one that trips it; what its own signal closes needs no second exit."""
    orders = {0: [buy(quantity=2), buy(quantity=1, limit=90)], 1: [close(), buy(quantity=6).on(1)]}
    given = limits(order_value=limit(STOP, share="0.5"))
    assert play([FLAT, FLAT], orders, cells=((0, 0), (0, 1)), limits=given).story() == (
        "1 buy 2 @100, 1 rejected buy order_value, 1 cancelled buy order_value, 2 sell 2 @100 strategy_signal"
    )


def test_an_entry_sized_at_its_fill_is_limited_there():
    """The wish is known only then, so ``block`` refuses it there and ``reduce`` cuts it."""
    options = EngineOptions(size_at_fill=True)
    for action, expected in ((BLOCK, "1 cancelled buy gross_exposure"), (REDUCE, "1 buy 5 @100")):
        given = limits(gross_exposure=limit(action, "0.5"))
        assert play(FLAT, {0: buy()}, options=options, limits=given).story() == expected


def test_without_a_stop_everything_is_at_risk():
    """Fails closed: what may be lost is not known, so it is all of it; a trail counts from the entry on (C-68)."""
    given = limits(trade_risk=limit(share="0.1"))
    assert play(FLAT, {0: buy(quantity=2)}, limits=given).story() == "0 rejected buy trade_risk"
    assert play(FLAT, {0: buy(quantity=2, trail_distance=10)}, limits=given).story() == "1 buy 2 @100"
    late = buy(quantity=2, trail_distance=10, trail_after="0.02")
    assert play(FLAT, {0: late}, limits=given).story() == "0 rejected buy trade_risk"


def test_nothing_is_entered_when_the_equity_is_gone():
    """Fails closed: a ratio of nothing is nothing (C-68)."""
    played = play(
        "100; 100; 300; 300; 300",
        {0: sell(quantity=10), 2: buy(quantity=1).on(1)},
        cells=((0, 0), (1, 0)),
        limits=limits(gross_exposure=limit(share="50")),
        capital=[1000, 900],
    )
    assert played.story() == "1 sell 10 @100, 2 rejected buy gross_exposure"
    assert told(played) == ["2 gross_exposure 0 3000 3300"]


def test_open_positions_and_waiting_entries_are_counted():
    """Two of three cells may hold; a working entry takes a place; more of the same position does not (A-102)."""
    cells, bars = ((0, 0), (0, 1), (0, 2)), [FLAT, FLAT, FLAT]
    orders = {0: [buy(quantity=1), buy(quantity=1, limit=90).on(1), buy(quantity=1).on(2)], 2: buy(quantity=1)}
    played = play(bars, orders, cells=cells, limits=limits(open_positions=limit(count=2)))
    assert played.story() == "0 rejected buy open_positions, 1 buy 1 @100, 3 buy 1 @100"
    assert told(played) == ["0 open_positions 2 2 3"]


def test_orders_of_a_minute_are_counted_and_exits_always_pass():
    """Two orders an hour apart never share a minute; in one step the third entry is refused, the exit is not."""
    given = limits(orders_per_minute=limit(count=2))
    cells, bars = ((0, 0), (0, 1), (0, 2)), [FLAT, FLAT, FLAT]
    orders = {0: [buy(quantity=1), buy(quantity=1).on(1), buy(quantity=1).on(2)], 2: [close(), close().on(1)]}
    played = play(bars, orders, cells=cells, limits=given)
    assert played.story() == (
        "0 rejected buy orders_per_minute, 1 buy 1 @100, 1 buy 1 @100, "
        "3 sell 1 @100 strategy_signal, 3 sell 1 @100 strategy_signal"
    )
    assert told(played) == ["0 orders_per_minute 2 2 3"]
    orders = {0: [buy(quantity=1), buy(quantity=1).on(1)], 2: [close(), close().on(1), buy(quantity=1).on(2)]}
    assert "2 rejected buy orders_per_minute" in play(bars, orders, cells=cells, limits=given).story()


def test_a_price_far_from_the_market_is_refused():
    """A limit order 11 % below the close, and a market order whose open lies 11 % above it; 10 % may pass."""
    given = limits(price_deviation=limit(share="0.1"))
    assert play(FLAT, {0: buy(quantity=1, limit=89)}, limits=given).story() == "0 rejected buy price_deviation"
    assert play(FLAT, {0: buy(quantity=1, limit=90)}, limits=given).story() == ""
    played = play("100; 111; 111", {0: buy(quantity=1)}, limits=given)
    assert played.story() == "1 cancelled buy price_deviation"
    assert told(played) == ["1 price_deviation 0.1 0 0.11"]
    assert play("100; 110; 110", {0: buy(quantity=1)}, limits=given).story() == "1 buy 1 @110"


FALL = "100; 100; 90; 90; 90; 90"


def test_a_daily_loss_blocks_entries_until_the_day_is_over():
    """Five lots lose 50 of 1,000 in step 2; the day has four bars; exits pass all the time (A-102, C-68)."""
    given = limits(daily_loss=limit(share="0.05", daily_reset=True), day=4)
    orders = {0: buy(quantity=5), 2: buy(quantity=1), 3: close(quantity=1), 4: buy(quantity=1)}
    played = play(FALL, orders, limits=given)
    assert played.story() == "1 buy 5 @100, 2 rejected buy daily_loss, 4 sell 1 @90 strategy_signal, 5 buy 1 @90"
    assert told(played) == ["2 daily_loss 50 50 50", "2 daily_loss 50 50 50", "4 daily_loss released 50 0 0"]


def test_a_block_cancels_entries_that_work():
    """What was decided before must not fill after (C-68)."""
    given = limits(daily_loss=limit(share="0.05"))
    played = play("100; 100; 90; 80; 80", {0: buy(quantity=5), 1: buy(quantity=1, limit=85)}, limits=given)
    assert played.story() == "1 buy 5 @100, 2 cancelled buy daily_loss"


def test_a_breach_closes_what_is_open():
    """``close`` sells at the next open with the reason risk_limit, and blocks (C-68)."""
    given = limits(drawdown=limit(CLOSE, "0.05"))
    played = play(FALL, {0: buy(quantity=5), 3: buy(quantity=1)}, limits=given)
    assert played.story() == "1 buy 5 @100, 3 sell 5 @90 risk_limit, 3 rejected buy drawdown"
    assert played.account()["cash"] == 950


def test_a_breach_closes_at_the_same_close_under_fill_close():
    """The comparison mode trades at the close that showed the breach."""
    options = EngineOptions(entry_buffer=0, fill_at_close=True)
    played = play(FALL, {0: buy(quantity=5)}, limits=limits(drawdown=limit(CLOSE, "0.05")), options=options)
    assert played.story() == "0 buy 5 @100, 2 sell 5 @90 risk_limit"


def test_a_drawdown_counts_from_the_highest_equity():
    """Equity 1,000, 1,100 at the peak, 1,050: a loss of 50 from the peak, though none from the start (C-68)."""
    given = limits(drawdown=limit(CLOSE, money=50))
    played = play("100; 100; 110; 105; 105", {0: buy(quantity=10)}, limits=given)
    assert played.story() == "1 buy 10 @100, 4 sell 10 @105 risk_limit"
    assert told(played)[0] == "3 drawdown 50 50 50"


def test_stop_is_for_good():
    """Everything is closed, and no day and no cool-down brings entries back (C-68)."""
    given = limits(daily_loss=limit(STOP, "0.05", daily_reset=True), day=2)
    played = play(FALL, {0: buy(quantity=5), 4: buy(quantity=1)}, limits=given)
    assert played.story() == "1 buy 5 @100, 3 sell 5 @90 risk_limit, 4 rejected buy daily_loss"


def test_a_cool_down_lets_go_and_counts_anew():
    """Two hours after the breach entries pass again; the drawdown is counted from there on (C-68)."""
    given = limits(drawdown=limit(share="0.05", cool_down=2))
    orders = {0: buy(quantity=5), 3: buy(quantity=1), 4: buy(quantity=1)}
    played = play(FALL, orders, limits=given)
    assert played.story() == "1 buy 5 @100, 3 rejected buy drawdown, 5 buy 1 @90"
    assert told(played)[-1] == "4 drawdown released 50 50 50"


def test_both_cool_down_and_day_must_be_over():
    """A breach just before midnight still cools down (C-68)."""
    given = limits(daily_loss=limit(share="0.05", cool_down=3, daily_reset=True), day=3)
    orders = {0: buy(quantity=5), **{step: buy(quantity=1) for step in (3, 4, 5)}}
    played = play(FALL + "; 90", orders, limits=given)
    assert played.story() == "1 buy 5 @100, 3 rejected buy daily_loss, 4 rejected buy daily_loss, 6 buy 1 @90"


def test_reduce_cuts_sizes_while_the_loss_holds():
    """Half of 4 lots."""
    given = limits(daily_loss=limit(REDUCE, "0.05", factor="0.5"))
    played = play(FALL, {0: buy(quantity=5), 3: buy(quantity=4)}, limits=given)
    assert played.story() == "1 buy 5 @100, 4 buy 2 @90"


def test_money_that_no_strategy_has_counts_as_equity():
    """The account is 2,000, 1,000 of it unallocated: 5 % are 100 (A-26)."""
    given = limits(daily_loss=limit(share="0.05"), unallocated=1000)
    assert told(play(FALL, {0: buy(quantity=5)}, limits=given)) == []
    assert told(play(FALL, {0: buy(quantity=10)}, limits=given)) == ["2 daily_loss 100 100 100"]


@pytest.mark.parametrize(("per_strategy", "expected"), [(True, "4 buy 1 @99"), (False, "3 rejected buy loss_streak")])
def test_losses_in_a_row_hold_back_the_strategy_or_all(per_strategy, expected):
    """One lost trade of strategy 0 is the limit; strategy 1 is held back only where all are counted together."""
    given = limits(streak=[(1, 0)], loss_streak=limit(), per_strategy=per_strategy)
    orders = {0: buy(quantity=1), 1: close(), 2: buy(quantity=1), 3: buy(quantity=1).on(1)}
    played = play("100; 100; 99; 99; 99; 99", orders, cells=((0, 0), (1, 0)), limits=given)
    assert played.story() == f"1 buy 1 @100, 2 sell 1 @99 strategy_signal, 2 rejected buy loss_streak, {expected}"


def test_a_loss_streak_cools_down_and_ends_with_the_day():
    """The count starts anew two hours after the loss of step 2, or when the day of three bars is over (A-102)."""
    orders = {0: buy(quantity=1), 1: close(), 3: buy(quantity=1), 4: buy(quantity=1)}
    for release, day in (({"cool_down": 2}, 24), ({"daily_reset": True}, 4)):
        given = limits(streak=[(1, 0)], loss_streak=limit(CLOSE, **release), day=day)
        played = play("100; 100; 99; 99; 99; 99", orders, limits=given)
        assert played.story().endswith("3 rejected buy loss_streak, 5 buy 1 @99")
        assert told(played)[-1] == "4 loss_streak released 1 0 0"


#: What closes: its limit, the scope, what is sold of (strategy 0 on symbol 0, strategy 1 on symbol 1).
SCOPES = [
    ({"gross_exposure": limit(CLOSE, money=700)}, "3 sell 3 @200 risk_limit, 3 sell 3 @100 risk_limit"),
    ({"net_exposure": limit(CLOSE, money=700)}, "3 sell 3 @200 risk_limit, 3 sell 3 @100 risk_limit"),
    ({"total_risk": limit(CLOSE, money=700)}, "3 sell 3 @200 risk_limit, 3 sell 3 @100 risk_limit"),
    ({"symbol_exposure": limit(CLOSE, money=400)}, "3 sell 3 @200 risk_limit"),
    ({"strategy_exposure": limit(CLOSE, money=400)}, "3 sell 3 @200 risk_limit"),
]


@pytest.mark.parametrize(("given", "expected"), SCOPES)
def test_what_the_market_carries_beyond_a_limit_is_closed(given, expected):
    """Symbol 0 doubles: 600 there, 300 on the other one; ``close`` sells what the limit is about, and no more."""
    bars, cells = ["100; 100; 200; 200; 200", "100; 100; 100; 100; 100"], ((0, 0), (1, 1))
    orders = {0: [buy(quantity=3), buy(quantity=3).on(1)], 2: buy(quantity=1).on(0), 3: buy(quantity=1).on(0)}
    played = play(bars, orders, cells=cells, limits=limits(**given))
    name = next(iter(given))
    assert played.story() == (f"1 buy 3 @100, 1 buy 3 @100, 2 rejected buy {name}, {expected}, 4 buy 1 @200")
    assert told(played)[-1].startswith(f"3 {name} released")


def test_a_group_beyond_its_limit_is_closed():
    """Only its own symbols are; under ``block`` nothing is."""
    bars, cells = ["100; 100; 200; 200; 200", "100; 100; 100; 100; 100"], ((0, 0), (1, 1))
    orders = {0: [buy(quantity=3), buy(quantity=3).on(1)]}
    for action, expected in ((CLOSE, ", 3 sell 3 @200 risk_limit"), (BLOCK, "")):
        given = limits(groups=[((0,), "0.2")], group_action=action)
        played = play(bars, orders, cells=cells, limits=given)
        assert played.story() == f"1 buy 3 @100, 1 buy 3 @100{expected}"


def test_a_step_of_stop_on_an_exposure_closes_all():
    """Beyond the limit of one symbol everything is closed, for good."""
    bars, cells = ["100; 100; 200; 200; 200", "100; 100; 100; 100; 100"], ((0, 0), (1, 1))
    orders = {0: [buy(quantity=3), buy(quantity=3).on(1)], 3: buy(quantity=1).on(1)}
    given = limits(symbol_exposure=limit(STOP, money=400))
    assert play(bars, orders, cells=cells, limits=given).story() == (
        "1 buy 3 @100, 1 buy 3 @100, 3 sell 3 @200 risk_limit, 3 sell 3 @100 risk_limit, 3 rejected buy symbol_exposure"
    )


def test_losses_in_a_row_cut_sizes_step_by_step():
    """After 2, 3, 4 lost trades 75, 50, 25 % of 8 lots; a win brings the whole size back (A-102)."""
    bars, orders = ["100"], {}
    for index in range(6):
        falls = index != 4
        orders[2 * index] = buy(quantity=8)
        orders[2 * index + 1] = close()
        bars += ["100", "99" if falls else "101"]
    text = "; ".join(bars)
    # Each trade opens at 100 and closes at 99, the fifth at 101.
    streak = [(2, "0.75"), (3, "0.5"), (4, "0.25")]
    given = limits(streak=streak, loss_streak=limit(REDUCE))
    played = play(text, orders, limits=given)
    assert [trade["quantity"] for trade in played.trades()] == [8, 8, 6, 4, 2, 8]
    assert told(played)[:3] == ["4 loss_streak 2 2 2", "6 loss_streak 3 3 3", "8 loss_streak 4 4 4"]
    assert told(played)[3] == "10 loss_streak released 2 0 0"


#: What halves the sizes of strategy 0 after it lost 1 on a lot; the last two halve those of strategy 1, too.
CUTS = [
    limits(streak=[(1, "0.5")], loss_streak=limit(REDUCE)),
    limits(daily_loss=limit(REDUCE, money=1, factor="0.5")),
    limits(drawdown=limit(REDUCE, money=1, factor="0.5")),
]


@pytest.mark.parametrize("given", CUTS)
def test_losses_cut_a_wish_before_it_is_netted(given):
    """8 lots become 4, against 2 (1 where the account has lost) that are sold: 2 or 3 are bought (A-102)."""
    orders = {0: buy(quantity=1), 1: close(), 2: [buy(quantity=8), sell(quantity=2).on(1)]}
    played = play(
        "100; 100; 99; 99", orders, cells=((0, 0), (1, 0)), limits=given, conflicts=ConflictMode.NET_SIGNAL
    )  # fmt: skip
    left = 2 if given is CUTS[0] else 3
    assert played.story("filled") == f"1 buy 1 @100, 2 sell 1 @99 strategy_signal, 3 buy {left} @99"


def test_a_wish_that_losses_cut_away_nets_nothing():
    """Half of 1 lot is none: the 2 that are sold have nothing against them."""
    orders = {0: buy(quantity=1), 1: close(), 2: [buy(quantity=1), sell(quantity=2).on(1)]}
    played = play("100; 100; 99; 99", orders, cells=((0, 0), (1, 0)), limits=CUTS[0], conflicts=ConflictMode.NET_SIGNAL)
    assert played.story().endswith("2 rejected buy loss_streak, 3 sell 2 @99")


#: Four symbols of one strategy: two fall to 99 in step 2; one rises and one falls in step 3.
MIXED = [
    "100; 100; 99; 99; 99; 99",
    "100; 100; 99; 99; 99; 99",
    "100; 100; 100; 110; 110; 110",
    "100; 100; 100; 99; 99; 99",
]


@pytest.mark.parametrize(("first", "last"), [(2, 3), (3, 2)])
def test_a_streak_ends_with_a_win_whatever_is_lost_in_the_same_step(first, last):
    """Two losses hold the strategy back. Then symbol 2 wins and symbol 3 loses at one open: the count starts anew.

    Where the win comes last, no loss is left of it; where it comes first, one is, which is less than two (A-102).
    """
    bars = [*MIXED[:2], MIXED[first], MIXED[last]]
    orders = {
        0: [buy(quantity=1).on(cell) for cell in range(4)],
        1: [close(), close().on(1)],
        2: [buy(quantity=1), close().on(2), close().on(3)],
        3: buy(quantity=1),
    }
    given = limits(streak=[(2, 0)], loss_streak=limit())
    played = play(bars, orders, cells=[(0, symbol) for symbol in range(4)], limits=given)
    assert played.story().startswith("1 buy 1 @100, ")
    assert "2 rejected buy loss_streak" in played.story()
    assert played.story().endswith("4 buy 1 @99")
    assert told(played) == ["2 loss_streak 2 2 2", "2 loss_streak 2 2 2", "3 loss_streak released 2 0 0"]


def test_a_streak_that_starts_anew_is_told_again():
    """One loss halves sizes; a win and another loss in one step end that streak and begin the next one."""
    orders = {
        0: [buy(quantity=1).on(cell) for cell in range(4)],
        1: close(),
        2: [close().on(2), close().on(3)],
    }
    given = limits(streak=[(1, "0.5")], loss_streak=limit(REDUCE))
    played = play(MIXED, orders, cells=[(0, symbol) for symbol in range(4)], limits=given)
    assert told(played) == ["2 loss_streak 1 1 1", "3 loss_streak released 1 0 0", "3 loss_streak 1 1 1"]


RISEN = ["100; 100; 200; 200; 200", "100; 100; 140; 140; 140"]


@pytest.mark.parametrize("name", ["symbol_exposure", "strategy_exposure"])
def test_a_refusal_tells_the_limit_that_holds_its_own_symbol_or_strategy_back(name):
    """3 lots at 200 are 600, 3 at 140 are 420, of 400 each: the second scope does not speak for the first (A-26)."""
    orders = {0: [buy(quantity=3), buy(quantity=3).on(1)], 2: [buy(quantity=1), buy(quantity=1).on(1)]}
    played = play(RISEN, orders, cells=((0, 0), (1, 1)), limits=limits(**{name: limit(CLOSE, money=400)}))
    reached = [line.split(" ", 2)[2] for line in told(played)]
    assert reached[:4] == ["400 600 600", "400 420 420", "400 600 600", "400 420 420"]
    assert reached[4:] == ["released 400 0 0", "released 400 0 0"]


def test_a_refusal_tells_the_group_that_holds_it_back():
    """12.5 % of an equity of 2,320 are 290: 400 are held in the first group, 320 in the second one (A-26)."""
    orders = {0: [buy(quantity=2), buy(quantity=2).on(1)], 2: [buy(quantity=1), buy(quantity=1).on(1)]}
    given = limits(groups=[((0,), "0.125"), ((1,), "0.125")], group_action=CLOSE)
    played = play([RISEN[0], "100; 100; 160; 160; 160"], orders, cells=((0, 0), (1, 1)), limits=given)
    assert told(played)[:4] == ["2 group_exposure 290 400 400", "2 group_exposure 290 320 320"] * 2
    events = played.events[played.events["kind"] == EventKind.LIMIT_REACHED]
    assert list(events["exit"]) == [1, 2, 1, 2]
    assert set(events["order_kind"]) == {CLOSE}


def test_two_streaks_are_told_apart():
    """Strategy 0 has lost twice, strategy 1 once; each refusal tells its own count."""
    orders = {
        0: [buy(quantity=1).on(0), buy(quantity=1).on(1), buy(quantity=1).on(2)],
        1: [close().on(0), close().on(1), close().on(2)],
        2: [buy(quantity=1).on(0), buy(quantity=1).on(2)],
    }
    given = limits(streak=[(1, 0), (2, 0)], loss_streak=limit())
    played = play([MIXED[0]] * 3, orders, cells=((0, 0), (0, 1), (1, 2)), limits=given)
    streak = [f"2 loss_streak {value}" for value in ("2 2 2", "1 1 1", "2 2 2", "1 1 1")]
    assert told(played) == streak


@pytest.mark.parametrize("action", [CLOSE, STOP])
def test_an_entry_that_would_pass_an_exposure_is_refused_and_closes_nothing(action):
    """The limit holds since the entry is refused, so the event says ``block``, and the next one that fits passes."""
    given = limits(gross_exposure=limit(action, money=600))
    played = play(FLAT, {0: buy(quantity=4), 1: buy(quantity=3), 2: buy(quantity=2)}, limits=given)
    assert played.story() == "1 buy 4 @100, 1 rejected buy gross_exposure, 3 buy 2 @100"
    reached = played.events[played.events["kind"] == EventKind.LIMIT_REACHED]
    assert [LimitAction(int(event)) for event in reached["order_kind"]] == [BLOCK]


def test_what_a_limit_closes_is_ordered_once():
    """The volume takes 3 of 5 lots, then none, then 2: the rest works on, and no second order joins it (A-26)."""
    thin = replace(UNIT_INSTRUMENT, volume_limit=Decimal("0.1"))
    given = limits(drawdown=limit(CLOSE, "0.05"))
    played = play("100; 100 v90; 90 v90; 90 v30; 89 v0; 88 v90", {0: buy(quantity=5)}, instrument=thin, limits=given)
    assert played.story("filled", "rejected", "cancelled") == (
        "1 buy 5 @100, 3 sell 3 @90 risk_limit, 5 sell 2 @88 risk_limit"
    )
    assert len([event for event in played.events if event["kind"] == EventKind.ORDER_CREATED and event["exit"]]) == 1


@pytest.mark.parametrize(("name", "strategy", "symbol"), [("symbol_exposure", 0, 1), ("strategy_exposure", 1, 0)])
def test_the_event_of_a_scope_stands_at_one_of_its_cells(name, strategy, symbol):
    """Not at the first cell of the portfolio when that is of another symbol or strategy (A-26)."""
    bars, cells = ["100; 100; 200; 200", "100; 100; 200; 200"], ((0, 0), (strategy, symbol))
    given = limits(**{name: limit(CLOSE, money=500)})
    played = play(bars, {0: buy(quantity=3).on(1)}, cells=cells, limits=given)
    assert played.story() == "1 buy 3 @100, 3 sell 3 @200 risk_limit"
    reached = played.events[played.events["kind"] == EventKind.LIMIT_REACHED]
    assert reached["cell"].tolist() == [1]


def test_a_daily_loss_that_cools_down_within_its_day_is_counted_anew():
    """50 of 1,000 are lost by step 2; two hours later the day counts from 950, and 35 more are no breach (C-68)."""
    given = limits(daily_loss=limit(money=50, cool_down=2))
    orders = {0: buy(quantity=5), 4: buy(quantity=1), 5: buy(quantity=1)}
    played = play("100; 100; 90; 90; 90; 83; 83", orders, limits=given)
    assert told(played) == ["2 daily_loss 50 50 50", "4 daily_loss released 50 50 50"]
    assert played.story() == "1 buy 5 @100, 5 buy 1 @83, 6 buy 1 @83"


def test_two_limits_may_close_the_same():
    """Symbol and strategy come to their limits in one step: the position is closed once, and both let go (A-26)."""
    given = limits(symbol_exposure=limit(CLOSE, money=500), strategy_exposure=limit(CLOSE, money=500))
    played = play("100; 100; 200; 200; 200", {0: buy(quantity=3), 3: buy(quantity=1)}, limits=given)
    assert played.story() == "1 buy 3 @100, 3 sell 3 @200 risk_limit, 4 buy 1 @200"
    assert [line.split(" 500")[0] for line in told(played)] == [
        "2 strategy_exposure", "2 symbol_exposure", "3 strategy_exposure released", "3 symbol_exposure released",
    ]  # fmt: skip


def test_two_breaches_of_the_account_close_it_once():
    """A daily loss and a drawdown of the same fall: one sale, and entries wait for both (C-68)."""
    given = limits(daily_loss=limit(CLOSE, "0.05", cool_down=1), drawdown=limit(CLOSE, "0.05", cool_down=3))
    orders = {0: buy(quantity=5), 4: buy(quantity=1), 5: buy(quantity=1)}
    played = play(FALL + "; 90", orders, limits=given)
    assert played.story() == "1 buy 5 @100, 3 sell 5 @90 risk_limit, 4 rejected buy drawdown, 6 buy 1 @90"


def test_a_group_that_is_closed_leaves_the_others_alone():
    """Symbol 1 is in the second group only; the first one, of symbol 0, closes nothing of it (A-26)."""
    bars, cells = ["100; 100; 200; 200", "100; 100; 100; 100"], ((0, 0), (0, 1))
    given = limits(groups=[((0,), "0.4"), ((1,), "0.9")], group_action=CLOSE)
    played = play(
        bars, {0: [buy(quantity=3), buy(quantity=3).on(1)], 2: buy(quantity=1).on(1)}, cells=cells, limits=given
    )
    assert played.story() == ("1 buy 3 @100, 1 buy 3 @100, 3 sell 3 @200 risk_limit, 3 buy 1 @100")


def test_a_limit_beyond_the_ledger_limits_nothing():
    """A hundred times an equity near the ledger's ceiling is more than can be counted: what is asked for passes (A-26)."""
    given = limits(gross_exposure=limit(share="100"), unallocated=10**9)
    assert play(FLAT, {0: buy(quantity=9)}, limits=given).story() == "1 buy 9 @100"


def test_a_price_beyond_all_measure_is_refused_all_the_same():
    """How far it lies from the last close cannot be told in units any more; it fails closed (C-68)."""
    given = limits(price_deviation=limit(share="0.05"))
    fine = replace(UNIT_INSTRUMENT, tick=Decimal("0.000001"), leverage=Decimal(100))
    far = sell(quantity=1, limit=30_000_000_000)
    played = play("1; 1", {0: far}, capital=10_000, instrument=fine, limits=given)
    assert played.story() == "0 rejected sell price_deviation"
    (line,) = told(played)
    assert line.startswith("0 price_deviation 0.05 0 ")
