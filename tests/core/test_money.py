"""Money is exact: whole units inside, Decimal at the border."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.errors import ConfigurationError
from podium.core.instruments import Instrument
from podium.core.money import RATE_SCALE, MoneyUnit, format_money, to_rate

BITCOIN = Instrument(tick=Decimal("0.1"), lot=Decimal("0.001"))
GRIDS = st.tuples(st.integers(1, 99), st.integers(0, 9)).map(lambda pair: Decimal(pair[0]).scaleb(-pair[1]))


@pytest.mark.parametrize(
    ("tick", "lot", "multiplier", "digits"),
    [
        ("0.01", "1", "1", 8),  # never coarser than 1e-8
        ("0.1", "0.001", "1", 8),
        ("0.00000001", "0.001", "1", 11),  # BTC-quoted pair
        ("0.25", "1", "50", 8),  # index future
        ("0.00005", "0.00001", "12.5", 11),
    ],
)
def test_the_unit_is_the_coarsest_in_which_every_notional_is_whole(tick, lot, multiplier, digits):
    """(B-28)"""
    instrument = Instrument(tick=Decimal(tick), lot=Decimal(lot), multiplier=Decimal(multiplier))
    unit = MoneyUnit.for_instruments([("X", instrument)])
    assert unit.digits == digits
    value = unit.money_per_tick_lot(instrument)
    assert unit.to_decimal(value) == Decimal(tick) * Decimal(lot) * Decimal(multiplier)


@given(st.lists(st.tuples(GRIDS, GRIDS), min_size=1, max_size=5), st.integers(1, 10**9), st.integers(1, 10**6))
def test_a_notional_in_units_equals_the_decimal_product(grids, ticks, lots):
    """Whatever the grids, price × quantity is a whole number of units (B-28)."""
    instruments = [(str(index), Instrument(tick=tick, lot=lot)) for index, (tick, lot) in enumerate(grids)]
    unit = MoneyUnit.for_instruments(instruments)
    for _, instrument in instruments:
        units = ticks * lots * unit.money_per_tick_lot(instrument)
        assert unit.to_decimal(units) == (ticks * instrument.tick) * (lots * instrument.lot)


@given(st.decimals(-(10**12), 10**12, places=8))
def test_money_goes_in_and_out_unchanged(amount):
    """Decimal → units → Decimal is the identity."""
    unit = MoneyUnit(8)
    assert unit.to_decimal(unit.to_units(amount)) == amount


def test_money_finer_than_the_unit_is_refused():
    """Nothing is rounded on the way in."""
    with pytest.raises(ConfigurationError, match=r"capital 0\.000000001 has more decimals than the ledger keeps"):
        MoneyUnit(8).to_units(Decimal("0.000000001"), "capital")


def test_rates_are_whole_billionths():
    """A finer rate is refused instead of rounded."""
    assert to_rate(Decimal("0.00075"), "fee") == 750_000
    assert to_rate(Decimal(1), "leverage") == RATE_SCALE
    with pytest.raises(ConfigurationError, match="taker_fee 1E-10 is finer than Podium computes"):
        to_rate(Decimal("1E-10"), "taker_fee")


def test_a_fee_per_unit_keeps_fractions_of_a_unit():
    """0.005 a share on a lot of 0.001 is 5e-6 of money: 500 units of 1e-8, in billionths."""
    instrument = Instrument(tick=Decimal("0.01"), lot=Decimal("0.001"), fee_per_unit=Decimal("0.005"))
    assert MoneyUnit(8).fee_per_lot(instrument) == 500 * RATE_SCALE
    with pytest.raises(ConfigurationError, match="fee_per_unit"):
        MoneyUnit(8).fee_per_lot(Instrument(tick=Decimal(1), lot=Decimal("1E-10"), fee_per_unit=Decimal("1E-10")))


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("61204.1849", "USDT", "61,204.18"),
        ("61204.185", "USD", "61,204.18"),  # half to even
        ("-0.001", "USD", "0.00"),
        ("1.23456789", "BTC", "1.23456789"),
        ("1234567.5", "JPY", "1,234,568"),
    ],
)
def test_money_is_printed_with_the_decimals_of_its_currency(amount, currency, text):
    """Grouped, rounded half to even, never a negative zero."""
    assert format_money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tick": Decimal(0)}, "tick is 0"),
        ({"tick": 0.1}, "tick is 0.1"),
        ({"lot": Decimal(-1)}, "lot is -1"),
        ({"leverage": Decimal("0.5")}, "leverage is 0.5"),
        ({"taker_fee": Decimal(1)}, "taker_fee is 1"),
        ({"slippage": Decimal(-1)}, "slippage is -1"),
        ({"fee_minimum": Decimal(-1)}, "fee_minimum is -1"),
        ({"spread": Decimal("NaN")}, "spread is NaN"),
        ({"lot": Decimal("0.1"), "quantity_minimum": Decimal("0.15")}, "quantity_minimum is 0.15"),
    ],
)
def test_an_instrument_refuses_what_it_cannot_be(wrong, message):
    """Each value is checked when it is made, and named (B-19)."""
    with pytest.raises(ConfigurationError, match=message):
        Instrument(**{"tick": Decimal("0.1"), **wrong})
