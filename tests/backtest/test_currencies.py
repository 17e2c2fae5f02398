"""Symbols that are quoted in another currency than the account's, from what the user states to the result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from podium import Conversion, Instrument, OrchestratorConfig, Rate, Strategy, StrategyOrchestrator, load_portfolio
from podium.backtest.log import completed_log
from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.backtest.portfolio_run import run_portfolio
from podium.core.errors import ConfigurationError

DAY = datetime(2024, 1, 1, tzinfo=UTC)
GRIDS = {"ETH/BTC": Instrument(tick=D("0.001"), lot=D(1)), "BTC/USDT": Instrument(tick=D(1), lot=D("0.001"))}
ETH, BTC = [0.05, 0.05, 0.06, 0.06, 0.06], [40000, 42000, 42000, 44000, 44000]


class Script(Strategy):
    """Buy ten of the pair after its first bar, close after the fourth, and remember what was seen."""

    def __init__(self, pair="ETH/BTC"):
        self.pair = pair

    def on_bar(self, bar):
        if bar.symbol == self.pair and bar.index == 0:
            self.buy(quantity=10)
        if bar.symbol == self.pair and bar.index == 3:
            self.close()
        if bar.symbol == self.pair:
            SEEN.append((self.position.open_profit, self.position.open_return))


SEEN: list[tuple[D, float]] = []


def bars(closes, first=0):
    """Make daily bars, each open where the one before closed; ``first`` is the number of the first day."""
    opens = [closes[0], *closes]
    return [
        {"time": DAY + timedelta(days=first + day), "open": a, "high": max(a, b), "low": min(a, b), "close": b}
        for day, (a, b) in enumerate(zip(opens, closes, strict=False))
    ]


def run(history, *, pair="ETH/BTC", capital=100_000, **options):
    SEEN.clear()
    config = OrchestratorConfig(**{"instruments": {name: GRIDS[name] for name in history if name in GRIDS}, **options})
    return StrategyOrchestrator([(Script(pair), D(1))], config).run(history, D(capital))


def attributed(result):
    found: dict[str, D] = {}
    for row in result.attributed.rows:
        if row.amount:
            found[row.reason] = found.get(row.reason, D(0)) + row.amount
    return found


def test_a_pair_in_bitcoin_is_booked_in_the_account_currency():
    """Ten for 0.5 BTC at 40,000; sold for 0.6 at 44,000: 0.1 × 44,000 by price, 0.5 × 4,000 by the rate. (D-05)"""
    result = run({"ETH/BTC": bars(ETH), "BTC/USDT": bars(BTC)}, conversion={"BTC": "BTC/USDT"})
    assert attributed(result) == {"price": 4400, "conversion": 2000}
    assert result.attributed.residual == 0
    assert result.final_equity == 106_400
    (trade,) = result.get_strategy_result("Script").trades
    assert (trade.entry_price, trade.exit_price, trade.pnl) == (D("0.05"), D("0.06"), 6400)
    assert trade.return_ratio == 6400 / 20_000
    assert trade.maximum_favourable_excursion == 4400
    # What the strategy sees: 0.1 BTC at the rate of its bar, and a fifth whatever the rate does.
    assert SEEN == [(0, 0.0), (0, 0.0), (4200, 0.2), (4400, 0.2), (0, 0.0)]


def test_the_record_and_the_log_tell_of_conversions():
    """One line says what came back at the exit's rate and what the rate made of it. (D-05)"""
    result = run({"ETH/BTC": bars(ETH), "BTC/USDT": bars(BTC)}, conversion={"BTC": "BTC/USDT"})
    (event,) = [event for event in result.events() if event["kind"] == "CURRENCY_CONVERTED"]
    assert {name: event[name] for name in ("side", "quantity", "returned", "amount")} == {
        "side": "long",
        "quantity": "10",
        "returned": "22000",
        "amount": "2000",
    }
    (line,) = [line for block in completed_log(result) for line in block.splitlines() if b"currency_converted" in line]
    assert b'"returned":"22000","amount":"2000","cash":"82000"' in line.replace(b": ", b":").replace(b", ", b",")


@pytest.mark.parametrize(
    "conversion",
    [
        Conversion(symbol="BTC/USDT"),
        Conversion(rates=tuple(Rate(time=DAY + timedelta(days=1 + day), rate=D(rate)) for day, rate in enumerate(BTC))),
    ],
    ids=["symbol", "series"],
)
def test_a_series_of_the_same_closes_gives_the_same(conversion):
    """A close is known when its bar closes: a series with those times is the same rate. (D-05)"""
    result = run({"ETH/BTC": bars(ETH), "BTC/USDT": bars(BTC)}, conversion={"BTC": conversion})
    assert attributed(result) == {"price": 4400, "conversion": 2000}


def test_a_rate_that_never_changes_leaves_no_conversion():
    """Whoever counts one as the other writes 1. (D-05)"""
    result = run({"ETH/USDC": bars([100, 100, 120, 120, 120])}, pair="ETH/USDC", conversion={"USDC": D(1)})
    assert attributed(result) == {"price": 200}


def test_the_account_currency_in_the_other_one_divides():
    """USD/JPY of 100 makes 10 shares at 5,000 yen 500 dollars; at 125 the same yen are 400. (D-05)"""
    history = {"7203.T": bars([5000] * 5), "USD/JPY": bars([100, 100, 100, 125, 125])}
    result = run(
        history,
        pair="7203.T",
        currency="USD",
        currencies={"7203.T": "JPY"},
        conversion={"JPY": "USD/JPY"},
        instruments={"7203.T": Instrument(tick=D(1), lot=D(1)), "USD/JPY": Instrument(tick=D("0.01"))},
    )
    assert attributed(result) == {"conversion": -100}


def test_what_trades_in_a_bar_knows_the_rate_of_its_open():
    """On the first of two days without a rate symbol's bar, the last close before holds. (D-05)"""
    history = {"ETH/BTC": bars(ETH), "BTC/USDT": bars(BTC)}
    usual = run(history, conversion={"BTC": "BTC/USDT"}, finish="keep").events()
    later = [*BTC[:3], 99_000, 1]
    other = run({**history, "BTC/USDT": bars(later)}, conversion={"BTC": "BTC/USDT"}, finish="keep").events()
    until = "2024-01-04T00:00:00Z"
    assert [event for event in usual if event["time"] <= until] == [event for event in other if event["time"] <= until]


def test_what_is_open_at_the_end_is_worth_its_last_rate():
    """Kept positions: 0.6 BTC at 44,000 less 20,000 are 4,400 by price and 2,000 by the rate. (D-05)"""
    history = {"ETH/BTC": bars(ETH[:4]), "BTC/USDT": bars(BTC[:4])}
    result = run(history, conversion={"BTC": "BTC/USDT"}, finish="keep")
    assert attributed(result) == {"price": 4400, "conversion": 2000}
    assert result.final_equity == 106_400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "'ETH/BTC' is quoted in BTC, and there is no rate of it in USDT"),
        ({"conversion": {"BTC": "BTC/USDT", "EUR": D(1)}}, "no symbol is quoted in EUR"),
        ({"conversion": {"BTC": "BTC/USDC"}}, "'BTC/USDC' is not a symbol"),
        ({"conversion": {"BTC": "ETH/BTC"}}, "it says nothing about BTC in USDT"),
        ({"conversion": {"BTC": D(-1)}}, "the rate is -1"),
        ({"conversion": {"BTC": 1.5}}, "a Conversion, the name of a symbol, or a Decimal"),
        ({"conversion": {"BTC": D(1)}, "currencies": {"XRP/BTC": "BTC"}}, "'XRP/BTC' is not a symbol"),
        ({"conversion": {"BTC": Conversion(rates=(Rate(time=DAY + timedelta(days=9), rate=D(1)),))}}, "begins at"),
        ({"conversion": {"BTC": D("0.000000000001")}}, "does not fit an exact ledger"),
    ],
)
def test_rates_that_do_not_serve_are_refused_before_the_run(options, said):
    """Missing, late, unknown, useless, not positive, beyond the ledger: each says so. (D-05, D-06)"""
    with pytest.raises(ConfigurationError, match=said):
        run({"ETH/BTC": bars(ETH), "BTC/USDT": bars(BTC)}, **options)


@pytest.mark.parametrize(
    "make",
    [
        Conversion,
        lambda: Conversion(symbol="BTC/USDT", constant=D(1)),
        lambda: Rate(time=datetime(2024, 1, 1), rate=D(1)),
        lambda: Conversion(rates=(Rate(time=DAY, rate=D(1)), Rate(time=DAY, rate=D(2)))),
    ],
    ids=["nothing", "two things", "naive time", "out of order"],
)
def test_a_conversion_says_one_thing(make):
    """What cannot be a rate is refused where it is made. (D-06)"""
    with pytest.raises(ConfigurationError, match="conversion: "):
        make()


FILE = """\
portfolio: {name: pairs, currency: EUR, capital: 100_000}
data: {source: sample, from: 2024-01-01, to: 2024-03-01}
symbols: [BTC/USDT, ETH/USDT]
conversion: {USDT: usdt.csv}
strategies: [{id: trend, file: trend.yaml}]
"""


def test_a_portfolio_file_names_rates_in_a_file(tmp_path):
    """The whole sample market in an account in euros; the file is part of what the run read. (D-05)"""
    (tmp_path / "portfolio.yaml").write_text(FILE)
    (tmp_path / "trend.yaml").write_text("entry: {long: close > open}\nexit: {long: close < open}\n")
    rates = [f"{DAY + timedelta(hours=hour - 24):%Y-%m-%dT%H:%M},0.9{hour % 7}\n" for hour in range(24 * 60)]
    (tmp_path / "usdt.csv").write_text("".join(["time,rate\n", *rates]))
    portfolio = load_portfolio(tmp_path / "portfolio.yaml")
    assert tmp_path / "usdt.csv" in portfolio.files
    result = run_portfolio(portfolio, read_portfolio_bars(portfolio))
    found = attributed(result)
    assert {"price", "conversion"} <= set(found)
    assert sum(found.values()) == result.final_equity - 100_000
