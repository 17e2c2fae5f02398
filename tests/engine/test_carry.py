"""What holding a position brings or costs, case by case, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from scene import UNIT_INSTRUMENT, buy, close, play, protect, sell

from podium.core.errors import ConfigurationError, InvariantBroken
from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.engine.engine import EngineOverflow
from podium.engine.tables import CLOSED

D = Decimal
FUTURE = Instrument(tick=D(1), lot=D(1), multiplier=D(10), initial_margin=D(150), fee_per_unit=D(2))


def settled(*steps):
    """Settle symbol 0 at the close of these steps."""
    return [(step, 1, 0, Reason.SETTLEMENT, 0, 1) for step in steps]


def test_a_contract_binds_its_margin_whatever_its_price():
    """1,000 pay for six contracts of 150 + 2 (912), not for seven (1,064); notional 6 × 10 × 100 = 6,000 (D-05)."""
    played = play("100; 100", {0: buy()}, instrument=FUTURE)
    assert played.story() == "1 buy 6 @100"
    account = played.account()
    assert (account["used"], account["cash"], account["fees"]) == (900, 88, 12)


def test_a_future_is_settled_in_cash_every_day():
    """Two contracts at 100: closes of 103, 98 and 105 pay 60, −100 and 140; the exit at 104 the last −20 (design 4)."""
    played = play("100; 101 103 100 103; 98; 105; 104", {0: buy(quantity=2), 3: close()}, instrument=FUTURE,
                  flows=settled(1, 2, 3, 4))  # fmt: skip
    assert played.story("filled", "posted") == (
        "1 buy 2 @101, 1 posted 40 settlement, 2 posted -100 settlement, 3 posted 140 settlement, "
        "4 sell 2 @104 strategy_signal"
    )
    (trade,) = played.trades()
    assert (trade["realised"], trade["fee"]) == (60, 8)
    account = played.account()
    assert (account["cash"], account["used"], account["equity"]) == (1052, 0, 1052)
    assert (account["realised"], account["carried"]) == (60, 0)


def test_a_settlement_moves_the_result_to_cash_and_leaves_equity_and_margin():
    """Before it 2 × 10 × 3 are open, after it they are cash; the contract goes on from the close (design 4)."""
    played = play("100; 100 103 100 103", {0: buy(quantity=2)}, instrument=FUTURE, flows=settled(1))
    account = played.account()
    assert (account["cash"], account["used"], account["equity"]) == (1000 - 300 - 4 + 60, 300, 1056)
    cell = played.engine.tables.cells[0]
    assert (played.money(cell["cost"]), played.money(cell["settled"])) == (2060, 60)


def test_a_short_is_settled_the_other_way_round_and_parts_take_their_share():
    """Three sold at 100, settled at 96 (+120), one bought back at 97 (−10), settled at 99 (−60), the rest at 99."""
    orders = {0: sell(quantity=3), 1: close(quantity=1), 2: close()}
    played = play("100; 100 100 96 96; 97 99 97 99; 99", orders, instrument=FUTURE, flows=settled(1, 2))
    assert played.story("posted") == "1 posted 120 settlement, 2 posted -60 settlement"
    (trade,) = played.trades()
    assert trade["realised"] == 50
    assert played.account()["cash"] == 1000 + 50 - 12


def test_losses_settled_in_cash_are_not_there_for_entries():
    """A contract that lost 100 a contract leaves 1000 − 152 − 100 = 748: four more at 152, not five."""
    played = play("100; 100 100 90 90; 90", {0: buy(quantity=1), 1: buy()}, instrument=FUTURE, flows=settled(1))
    assert played.story("filled") == "1 buy 1 @100, 2 buy 4 @90"


def test_a_settlement_due_before_the_open_takes_the_mark_before_it():
    """The day ended without a bar of its own: its last close is 103; what is bought at the open is not settled."""
    flows = [(2, 0, 0, Reason.SETTLEMENT, 0, 1)]
    played = play("100; 100 103 100 103; 110", {0: buy(quantity=1), 1: buy(quantity=1)}, instrument=FUTURE, flows=flows)
    assert played.story("filled", "posted") == "1 buy 1 @100, 2 posted 30 settlement, 2 buy 1 @110"


def test_break_even_refers_to_the_entry_not_to_the_settlement():
    """Entered at 100 and settled at 110, the average entry price is still 100: break-even is reached from 101 on."""
    orders = {0: buy(quantity=1), 1: protect(break_even_after="0.01")}
    played = play("100; 100 110 100 110; 110", orders, instrument=FUTURE, flows=settled(1))
    assert played.engine.tables.cells[0]["stop"] == 100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"initial_margin": D(0)}, "initial_margin is 0"),
        ({"initial_margin": D(5), "leverage": D(3)}, "leverage is 3"),
    ],
)
def test_contradictory_margins_are_refused(changes, message):
    """A contract says what it binds, or its leverage does; not both."""
    with pytest.raises(ConfigurationError, match=message):
        replace(UNIT_INSTRUMENT, **changes)


COIN = Instrument(tick=D("0.01"), lot=D("0.01"))


def funding(step, rate, phase=1):
    """Make a funding flow of symbol 0."""
    scaled = int(D(rate) * 10**12)
    return (step, phase, 0, Reason.FUNDING, scaled, 10**12)


def test_longs_pay_funding_and_shorts_get_it():
    """200 pieces at 1.05, 210 of value: 0.01 % is 0.021; the short of half the size gets half (D-05, B-22)."""
    played = play(
        "100; 100 105 100 105",
        {0: [buy(quantity=20_000), sell(quantity=10_000).on(1)]},
        instrument=COIN, cells=[(0, 0), (1, 0)], flows=[funding(1, "0.0001")],
    )  # fmt: skip
    assert played.story("posted") == "1 posted -0.021 funding, 1 posted 0.0105 funding"
    assert [played.account(strategy)["carried"] for strategy in (0, 1)] == [D("-0.021"), D("0.0105")]
    assert played.account()["equity"] == 1000 + 10 - D("0.021")
    assert played.account()["cash"] == 1000 - 200 - D("0.021")


def test_a_negative_rate_turns_the_payment_round():
    """Shorts pay when the rate is below 0, and it is money for holding, not a fee and no result of the price."""
    played = play("100; 100; 100", {0: buy(quantity=10_000), 1: close()}, instrument=COIN, flows=[funding(1, "-0.003")])
    account = played.account()
    assert (account["carried"], account["fees"], account["realised"]) == (D("0.3"), 0, 0)
    assert account["cash"] == account["equity"] == D("1000.3")


def test_funding_rounds_half_to_even_once():
    """A value of 1 × rate 0.5e-8 and 1.5e-8 is half a unit and one and a half: 0 and 2 units (design 4)."""
    rows = [funding(1, "0.000000005"), funding(2, "0.000000015")]
    played = play("100; 100; 100", {0: buy(quantity=100)}, instrument=COIN, flows=rows)
    assert played.story("posted") == "1 posted 0 funding, 2 posted -2E-8 funding"


def test_a_closed_trade_tells_what_holding_it_brought():
    """Two fundings of 0.1 on a value of 100 and of 110."""
    rows = [funding(1, "0.001"), funding(2, "0.001")]
    played = play("100; 100; 110; 110", {0: buy(quantity=10_000), 2: close()}, instrument=COIN, flows=rows)
    event = played.events[played.events["kind"] == 10][0]
    assert played.money(event.view(CLOSED)["carried"]) == D("-0.21")
    assert played.account()["cash"] == 1000 + 10 - D("0.21")


def test_only_shorts_pay_for_borrowing():
    """3.6 % a year of 1,000 is 36, of which a day of 360 is 0.1."""
    rows = [(1, 1, 0, Reason.BORROW, 36, 1000 * 360)]
    played = play("100; 100", {0: [sell(quantity=10), buy(quantity=10).on(1)]}, cells=[(0, 0), (1, 0)], flows=rows)
    assert played.story("posted") == "1 posted -0.1 borrow"


def test_a_dividend_is_due_to_who_held_at_the_close_before():
    """1.50 a share: ten held get 15, a short of four pays 6; who buys at the ex-date's open gets nothing."""
    rows = [(2, 0, 0, Reason.DIVIDEND, 150_000_000, 1)]
    orders = {0: [buy(quantity=10), sell(quantity=4).on(1)], 1: buy(quantity=1).on(2)}
    played = play("50; 50; 49", orders, cells=[(0, 0), (1, 0), (2, 0)], flows=rows)
    assert played.story("filled", "posted") == (
        "1 buy 10 @50, 1 sell 4 @50, 2 posted 15 dividend, 2 posted -6 dividend, 2 buy 1 @49"
    )
    assert played.account()["equity"] == 1000 - 10 + 15


def split(step, new, old):
    """Make a split of symbol 0 before the open."""
    return (step, 0, 0, Reason.SPLIT, new, old)


def test_a_split_multiplies_pieces_and_divides_prices():
    """Three for one: 10 at 90 become 30 at 30; levels follow; 30 × (33 − 30) = 90 are earned (design 4)."""
    orders = {0: buy(quantity=10, stop=60, target=99)}
    played = play("90; 90; 30 33 28 31", orders, flows=[split(2, 3, 1)])
    assert played.story("filled", "adjusted", "closed") == (
        "1 buy 10 @90, 2 adjusted 30 @30 0 split, 2 sell 30 @33 take_profit, 2 closed take_profit"
    )
    (trade,) = played.trades()
    assert (trade["quantity"], trade["notional"], trade["realised"]) == (30, 900, 90)
    assert played.account()["cash"] == 1090


def test_a_reverse_split_pays_for_what_is_left_of_a_piece():
    """One for four: 10 at 20 are 2.5, so 2 at 80, and half a new piece is paid at 80 / 2 = 40 (cost 40, earned 0)."""
    played = play("20; 20; 80 88 80 88", {0: buy(quantity=10)}, flows=[split(2, 1, 4)])
    assert played.story("adjusted") == "2 adjusted 2 @80 40 split"
    account = played.account()
    assert (account["cash"], account["used"], account["equity"]) == (840, 160, 1000 + 16)
    assert played.engine.tables.cells[0]["stop"] == 0


def test_a_fraction_is_paid_at_the_mark_before_the_split():
    """Bought at 20, marked 24: 2.5 new pieces; two remain with a cost of 160, the half brings 48 for a cost of 40."""
    played = play("20; 20 24 20 24; 96", {0: buy(quantity=10)}, flows=[split(2, 1, 4)])
    row = played.events[played.events["kind"] == 16][0]
    assert (played.money(row["notional"]), played.money(row["realised"])) == (48, 8)
    assert played.account()["equity"] == 1000 + 40


def test_a_split_that_leaves_nothing_ends_the_trade():
    """One for ten of 4 short pieces: 0.4 of a piece is bought back at the mark, 4 × 20 = 80, sold for 4 × 25 = 100."""
    played = play("25; 25 25 20 20; 200", {0: sell(quantity=4)}, flows=[split(2, 1, 10)])
    assert played.story("adjusted", "closed") == "2 adjusted 0 @200 80 split, 2 closed split"
    assert played.trades()[0]["realised"] == 20
    assert played.account()["cash"] == played.account()["equity"] == 1020


def test_a_split_adjusts_working_orders():
    """Two for one: the limit at 80 for 5 becomes 40 for 10, its stop of 70 becomes 35; the exit at 120 becomes 60."""
    orders = {0: buy(quantity=5, limit=80, stop=70), 1: sell(quantity=5, limit=80, stop=120)}
    played = play("100; 100; 50 50 39 45; 45 45 35 35", {0: orders[0]}, flows=[split(2, 2, 1)])
    assert played.story() == "2 buy 10 @40, 3 sell 10 @35 stop_loss"


def test_an_order_for_less_than_a_new_piece_is_cancelled():
    """One for four of an order for three pieces leaves nothing to order."""
    played = play("100; 100; 400", {0: buy(quantity=3, limit=80)}, flows=[split(2, 1, 4)])
    assert played.story() == "2 cancelled buy split"


def test_flows_that_the_ledger_cannot_hold_stop_the_run():
    """An amount beyond 2⁶¹ units is told, not wrapped (design 4)."""
    for row in ((*funding(1, "0.9")[:4], 1 << 60, 1), (1, 0, 0, Reason.DIVIDEND, 1 << 60, 1), split(1, 1000, 1)):
        capital = 10**9
        orders = {0: buy(quantity=10**9)}
        rows = [(2, *row[1:])]
        with pytest.raises(EngineOverflow):
            play("1; 1; 1000", orders, capital=capital, flows=rows)


def test_flows_come_in_order():
    """The kernel reads them once, forwards."""
    with pytest.raises(InvariantBroken, match=r"flows come by \(step, phase\)"):
        play("1; 1; 1", flows=[funding(2, "0.001"), funding(1, "0.001")])
