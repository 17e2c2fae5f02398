"""Models of slippage: ticks, money, volatility, and the square-root law."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scene import UNIT_INSTRUMENT, buy, close, play, sell

from podium.core.slippage import SlippageModel
from podium.engine.engine import EngineOptions
from podium.engine.measures import Measurement, measure_rows
from podium.engine.tables import BAR

D = Decimal
FINE = replace(UNIT_INSTRUMENT, tick=D("0.01"))
NO_SPREAD_ON_EXIT = EngineOptions(entry_buffer=0, spread_on_exit=False)


def slipping(instrument=UNIT_INSTRUMENT, **model):
    """Give an instrument a model."""
    return replace(instrument, slippage_model=SlippageModel(**model))


TICKS, MONEY = slipping(ticks=2), slipping(FINE, money=D("0.025"))
BOTH_SIDES = {0: buy(quantity=1), 1: close()}
FIXED = [
    # what it shows, instrument, slippage, spread, bars, orders, what happens
    ("ticks", TICKS, 0, 0, "100; 100; 100", BOTH_SIDES, "1 buy 1 @102, 2 sell 1 @98 strategy_signal"),
    ("money, to the next tick", MONEY, 0, 0, "100; 100; 100", BOTH_SIDES, "1 buy 1 @103, 2 sell 1 @97 strategy_signal"),
    ("all parts add up before they are rounded: 0.3 + 0.3 + 0.3", slipping(money=D("0.3")), "0.003", "0.003",
     "100; 100; 100", BOTH_SIDES, "1 buy 1 @101, 2 sell 1 @99 strategy_signal"),
    ("and 0.4 + 0.4 + 0.3 are two ticks", slipping(money=D("0.4")), "0.004", "0.003", "100; 100", {0: buy(quantity=1)},
     "1 buy 1 @102"),
    ("a price never moves by more than itself", slipping(ticks=500), 0, 0, "100; 100", {0: buy(quantity=1)},
     "1 buy 1 @200"),
    ("no sale below one tick", slipping(ticks=500), 0, 0, "100; 100", {0: sell(quantity=1)}, "1 sell 1 @1"),
    ("not for limit orders and targets", slipping(ticks=2, stops=True), 0, 0, "100; 100 100 95 95; 95 99 95 99",
     {0: buy(quantity=1, limit=96, target=98)}, "1 buy 1 @96, 2 sell 1 @98 take_profit"),
    ("not for stops", TICKS, 0, 0, "100; 100 105 100 105; 105 105 95 95", {0: buy(quantity=1, trigger=104, stop=99)},
     "1 buy 1 @104, 2 sell 1 @99 stop_loss"),
    ("unless they slip, too", slipping(ticks=2, stops=True), "0.01", 0, "100; 100 105 100 105; 105 105 95 95",
     {0: buy(quantity=1, trigger=104, stop=99)}, "1 buy 1 @108, 2 sell 1 @96 stop_loss"),
]  # fmt: skip


@pytest.mark.parametrize("row", FIXED, ids=[row[0] for row in FIXED])
def test_fixed_slippage_is_what_the_model_says(row):
    """Ticks and money beside the ratio and the spread, rounded once to the tick against the trader (D-05)."""
    _, instrument, slippage, spread, bars, orders, expected = row
    played = play(bars, orders, instrument=instrument, slippage=slippage, spread=spread, capital=10_000)
    assert played.story() == expected


def test_volatility_is_the_root_mean_square_of_the_last_returns():
    """By hand: returns 0, 10 %, −10 %, 0; over two bars √(0.01/2) = 0.070710678, √(0.02/2) = 0.1, 0.070710678 (D-05)."""
    timeline = play("100; 110; 99; 99", instrument=slipping(volatility=D(1), window=2)).engine.timeline
    rows = measure_rows(timeline, [slipping(volatility=D(1), window=2)])
    assert rows["volatility"].tolist() == [0, 70_710_678, 100_000_000, 70_710_678]


@given(st.data())
def test_measures_do_not_depend_on_where_bars_are_cut(data):
    """Bit for bit: floats are added in one order, wherever a run was interrupted (D-05)."""
    count, window = data.draw(st.integers(1, 30)), data.draw(st.integers(2, 7))
    bars = np.zeros(count, BAR)
    for name in BAR.names:
        bars[name] = data.draw(st.lists(st.integers(1, 10**9), min_size=count, max_size=count))
    volumes = np.array(data.draw(st.lists(st.integers(0, 10**12), min_size=count, max_size=count)))
    instrument = slipping(impact=D(1), window=window)
    whole = Measurement(instrument).extend(bars, volumes)
    cuts = sorted({0, count, *data.draw(st.lists(st.integers(0, count), max_size=5))})
    measurement = Measurement(instrument)
    parts = [measurement.extend(bars[first:last], volumes[first:last]) for first, last in pairwise(cuts)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_the_first_return_is_that_of_the_first_bar():
    """From its open, 100, to its close, 110: known with the very first bar (D-05)."""
    instrument = slipping(volatility=D(1))
    played = play("100 110 100 110; 110", {0: buy(quantity=1)}, instrument=instrument)
    assert played.engine.tables.measures["volatility"][0] == 100_000_000
    assert played.story() == "1 buy 1 @121"


def test_a_multiple_of_the_volatility_known_at_the_decision():
    """Half of 10 % at 99: 4.95, so 5 ticks; what the bar of the fill does is not known (D-05)."""
    instrument = slipping(volatility=D("0.5"), window=2)
    for last in ("99", "99 500 1 2"):
        assert play(f"100; 110; 99; {last}", {2: buy(quantity=1)}, instrument=instrument).story() == "3 buy 1 @104"


def test_the_square_root_law():
    """By hand: volatility 10 %, mean volume 400; 100 lots are a quarter, the root is a half: 5 % of 200 = 10 (D-05)."""
    instrument = slipping(impact=D(1), window=2)
    bars = "200 v1; 220 v300; 198 v500; 200 v1"
    for lots, price in ((100, 210), (400, 220), (1, 201), (1600, 240)):
        played = play(bars, {2: buy(quantity=lots)}, instrument=instrument, capital=10**6)
        assert played.story() == f"3 buy {lots} @{price}"
    assert play(bars, {2: sell(quantity=100)}, instrument=instrument, capital=10**6).story() == "3 sell 100 @190"


def test_a_coefficient_scales_the_impact():
    """Twice the coefficient is twice the impact: 10 % of 200 (D-05)."""
    bars = "200 v1; 220 v300; 198 v500; 200 v1"
    played = play(bars, {2: buy(quantity=100)}, instrument=slipping(impact=D(2), window=2), capital=10**6)
    assert played.story() == "3 buy 100 @220"


def test_without_volume_in_the_window_a_lot_is_taken_for_it():
    """√(4 / 1) × 10 % of 100: nothing is divided by 0 (D-05)."""
    instrument = slipping(impact=D(1), window=1)
    played = play("100 v9; 110 v0; 100 v9", {1: buy(quantity=4)}, instrument=instrument)
    assert played.story() == "2 buy 4 @120"


def test_exits_have_an_impact_of_their_own():
    """Entered with 400, closed with 100 of them: the root of a quarter (D-05)."""
    bars = "200 v400; 220 v400; 198 v400; 198 v400; 200 v400"
    orders = {0: buy(quantity=400), 3: close(quantity=100)}
    instrument = slipping(impact=D(1), window=2)
    played = play(bars, orders, instrument=instrument, capital=10**6)
    # The window of the exit holds −10 % and 0: √(0.01 / 2) × ½ = 3.54 %, 7.07 of 200.
    assert played.story() == "1 buy 400 @220, 4 sell 100 @192 strategy_signal"


def test_an_entry_that_the_capital_cuts_pays_for_its_wish():
    """400 wanted, at 220 only 227 fit: the price stays that of the whole wish (D-05)."""
    bars = "200 v1; 220 v300; 198 v500; 200 v1"
    played = play(bars, {2: buy(quantity=400)}, instrument=slipping(impact=D(1), window=2), capital=80_000)
    assert played.story() == "3 reduced buy 37 capital_limit, 3 buy 363 @220"


def test_an_entry_sized_at_its_fill_pays_for_what_it_could_have_bought():
    """20,000 at 200 are 100; at 210 they are 95 (D-05)."""
    bars = "200 v1; 220 v300; 198 v500; 200 v1"
    options = EngineOptions(entry_buffer=0, size_at_fill=True)
    played = play(bars, {2: buy()}, instrument=slipping(impact=D(1), window=2), capital=20_000, options=options)
    assert played.story() == "3 buy 95 @210"


def test_stops_have_an_impact_when_they_slip():
    """100 stopped at 198 with a volatility of 10 % and a mean volume of 400: 5 % are 9.9 (D-05)."""
    bars = "200 v400; 200 v400; 220 v300; 198 v500; 200 200 190 195 v1"
    instrument = slipping(impact=D(1), window=2, stops=True)
    played = play(bars, {0: buy(quantity=100, stop=196)}, instrument=instrument, capital=10**6)
    assert played.story() == "1 buy 100 @200, 4 sell 100 @186 stop_loss"


def test_what_the_model_costs_is_on_record():
    """5 lots, 2 ticks each (B-46)."""
    played = play("100; 100; 100", {0: buy(quantity=5), 1: close()}, instrument=TICKS, options=NO_SPREAD_ON_EXIT)
    assert played.trades()[0]["slippage"] == 20


def test_a_long_quiet_stretch_leaves_what_its_last_bar_told():
    """The volatility at the order is that of the bar before it, however the way there was passed (design 1.1)."""
    closes = 1000 + np.cumsum(np.random.default_rng(1).integers(-9, 10, 300))
    bars = "; ".join(map(str, closes.tolist()))
    instrument = slipping(volatility=D(1))
    signals = np.zeros(300, np.uint8)
    signals[280] = 1
    whole = play(bars, signals={0: signals}, instrument=instrument, capital=10**5)
    steps = [play(bars, signals={0: signals}, instrument=instrument, capital=10**5, stop=2 * 283)]
    assert whole.story() == steps[0].story()
    expected = int(whole.engine.tables.measures["volatility"][280])
    fill = whole.events[whole.events["kind"] == 6][0]
    assert int(fill["price"]) == closes[281] + -(-int(closes[281]) * expected // 10**9)
