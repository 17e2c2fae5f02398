"""What is held is told in the account currency, whatever it is quoted in."""

from __future__ import annotations

from decimal import Decimal

from portfolios import Buys, configuration, named, orchestrate, walk
from stepping import stepper_of, take

from podium.backtest.market import prepare_market
from podium.live.holdings import holdings


def test_a_position_is_worth_its_last_close_at_the_last_rate():
    """Quoted in yen, of which one is worth the close of X (C-72, D-05)."""
    config = configuration("X", "Y", currencies={"Y": "JPY"}, conversion={"JPY": "X"})
    market = prepare_market({symbol: walk(symbol, 20) for symbol in ("X", "Y")}, config)
    orchestrator = orchestrate([(named(Buys(), "buys"), Decimal(1), ("Y",))], config)
    stepper = stepper_of(orchestrator, market, Decimal(100_000))
    take(stepper, market)
    (held,) = holdings(stepper)
    price, rate = (Decimal(str(market.store.series(symbol).close[-1])) for symbol in ("Y", "X"))
    assert (held.symbol, held.quantity, held.value) == ("Y", 5, 5 * price * rate)
