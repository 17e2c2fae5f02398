"""What symbols of a portfolio file say about holding them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest

from podium.core.carry import Carry, Dividend, Factor, Funding, Split
from podium.core.errors import ConfigurationError
from podium.portfolio.carry_files import read_factors, read_funding
from podium.portfolio.file import load_portfolio

FILE = """\
portfolio: {capital: 100_000}
data: {source: sample}
symbols:
  BTC/USDT:
    tick: 0.1
    leverage: 10
    maintenance_rate: 0.5%
    funding: rates/btc.csv
  ETH/USDT: {tick: 0.01, borrow_rate: 3%, dividends: [{date: 2024-03-15, amount: 0.25}], splits: [{date: 2024-06-10, new: 3, old: 2}]}
  SOL/USDT: {tick: 0.01, multiplier: 10, initial_margin: 1000, maintenance_margin: 800, settlement: daily}
  ADA/USDT: {tick: 0.0001, factors: ada.csv, adjust: prices}
  XRP/USDT: {tick: 0.0001}
strategies: [{id: trend, file: trend.yaml}]
"""


@pytest.fixture
def portfolio(tmp_path):
    (tmp_path / "portfolio.yaml").write_text(FILE)
    (tmp_path / "trend.yaml").write_text("entry: {long: close > open}\n")
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "btc.csv").write_text("time,rate\n2024-01-01T08:00Z,0.0001\n2024-01-01T16:00,-0.00025\n")
    (tmp_path / "ada.csv").write_text(
        "date,price_factor,split_factor,reference_price\n20240102,0.99,0.5,10\n20501231,1,1,0\n"
    )
    return load_portfolio(tmp_path / "portfolio.yaml")


def test_symbols_say_what_holding_them_brings_or_costs(portfolio):
    """Each key of the file becomes what Python would state; symbols that say nothing have nothing (D-05)."""
    assert portfolio.carry == {
        "BTC/USDT": Carry(
            funding=(
                Funding(time=datetime(2024, 1, 1, 8, tzinfo=UTC), rate=D("0.0001")),
                Funding(time=datetime(2024, 1, 1, 16, tzinfo=UTC), rate=D("-0.00025")),
            )
        ),
        "ETH/USDT": Carry(
            borrow_rate=D("0.03"),
            dividends=(Dividend(day=date(2024, 3, 15), amount=D("0.25")),),
            splits=(Split(day=date(2024, 6, 10), new=3, old=2),),
        ),
        "SOL/USDT": Carry(settlement=True),
        "ADA/USDT": Carry(
            factors=(
                Factor(day=date(2024, 1, 2), price_factor=D("0.99"), split_factor=D("0.5"), reference_price=D(10)),
                Factor(day=date(2050, 12, 31), price_factor=D(1), split_factor=D(1), reference_price=D(0)),
            ),
            adjusted=True,
        ),
    }
    config = portfolio.configuration({})
    assert config.carry == portfolio.carry
    instruments = config.instruments
    assert (instruments["BTC/USDT"].leverage, instruments["BTC/USDT"].maintenance_rate) == (10, D("0.005"))
    assert (instruments["SOL/USDT"].initial_margin, instruments["SOL/USDT"].maintenance_margin) == (1000, 800)


def test_the_files_of_symbols_are_part_of_what_was_read(portfolio):
    """They are recorded with the run, so that a change of a rate is a change of the input."""
    assert {"btc.csv", "ada.csv"} <= {file.name for file in portfolio.files}


WRONG = [
    (read_funding, "time,rate\n2024-01-01,\n", "rate is ''"),
    (read_funding, "time,rate\nsoon,0.1\n", "'soon' is not a time"),
    (read_funding, "time,rate\n2024-01-01,0.1\n2024-01-01,0.1\n", "is not after the line before"),
    (read_factors, "date,price_factor\n20240101,1\n", "no column split_factor and no column reference_price"),
    (read_factors, "date,price_factor,split_factor,reference_price\n20240101,1,1,1\n20240101,1,1,1\n", "is not after"),
]


@pytest.mark.parametrize(("read", "text", "message"), WRONG)
def test_wrong_lines_of_files_are_named(tmp_path, read, text, message):
    """With the file and the line."""
    path = tmp_path / "file.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read(path)
    assert caught.value.problems[0].location.line == text.count("\n") - ("column" in message)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    """Said with the byte."""
    (tmp_path / "file.csv").write_bytes(b"time,rate\n\xff")
    with pytest.raises(ConfigurationError, match="byte 10 is not UTF-8"):
        read_funding(tmp_path / "file.csv")
