"""Where a result came from: summed from events, proved at each of them, in every run."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import Cross, Plain, Reversal, Swing, configuration, named, orchestrate, walk

from podium.backtest.attribution import Attribution, AttributionRow
from podium.backtest.postings import attribute
from podium.core.errors import InvariantBroken
from podium.core.events import EventKind

CAPITAL = Decimal(100_000)


def played(**options):
    bars = {symbol: walk(symbol, 200, 5) for symbol in ("A", "B")}
    entries = [(named(form(), form.__name__), Decimal("0.3"), None) for form in (Cross, Swing, Reversal)]
    return orchestrate(entries, configuration(*bars, **options)).run(bars, CAPITAL)


def attributed_again(result, *, is_checked=True):
    return attribute(
        result.engine,
        strategies=list(result.strategy_results),
        members=result.cells.members,
        symbols=result.cells.symbols,
        change=result.final_equity - result.initial_capital,
        currency="USDT",
        is_checked=is_checked,
    )


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    finish=st.sampled_from(["close", "keep"]),
    compounding=st.booleans(),
    slippage=st.sampled_from([Decimal(0), Decimal("0.0013")]),
)
def test_rows_sum_to_the_account_and_to_each_strategy(seed, finish, compounding, slippage):
    """The residual is 0 to the last unit, for the portfolio and for every strategy's own equity (D-05)."""
    bars = {symbol: walk(symbol, 150, seed, missing=0.1) for symbol in ("A", "B", "C")}
    entries = [(named(form(), form.__name__), Decimal("0.2"), None) for form in (Cross, Swing, Plain, Reversal)]
    config = configuration(*bars, finish=finish, compounding=compounding, slippage=slippage)
    result = orchestrate(entries, config).run(bars, CAPITAL)
    assert result.attributed.residual == 0
    for name, one in result.strategy_results.items():
        mine = sum((row.amount for row in result.attributed.rows if row.strategy_id == name), Decimal(0))
        assert mine == one.final_equity - one.allocated_capital


@pytest.mark.parametrize("name", ["realised", "fee", "cash", "used"])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_one_unit_in_one_event_is_found(name, place):
    """A check that cannot fail proves nothing: one unit more in any fill stops the run, and says where (D-05)."""
    result = played()
    events = result.engine._blocks[0]
    fills = np.flatnonzero(events["kind"][: result.engine._filled] == EventKind.ORDER_FILLED)
    chosen = int(fills[round(place * (len(fills) - 1))])
    events[name][chosen] += 1
    with pytest.raises(
        InvariantBroken, match=rf"step={events['step'][chosen]}, cell={events['cell'][chosen]}, left=-?1\b"
    ):
        attributed_again(result)
    assert isinstance(attributed_again(result, is_checked=False), Attribution)


def test_what_no_event_tells_is_found():
    """Equity that no event explains leaves a residual, and the run does not end quietly (D-05)."""
    result = played(finish="keep")
    held = int(np.flatnonzero(result.engine.tables.cells["quantity"])[0])
    result.engine.tables.cells["cost"][held] += 1
    with pytest.raises(InvariantBroken, match="the result is attributed"):
        attributed_again(result)


def test_the_frame_and_the_file_have_the_rows():
    """``result.attribution`` is exact, and ``result.json`` has the same rows (D-05)."""
    result = played(slippage=Decimal("0.001"))
    frame = result.attribution
    assert frame.columns == ["strategy_id", "symbol", "side", "reason", "amount"]
    assert frame["amount"].sum() == result.final_equity - result.initial_capital
    rows = result.to_dict()["attribution"]
    assert [Decimal(row["amount"]) for row in rows] == frame["amount"].to_list()
    assert {row["reason"] for row in rows} == {"price", "fees", "slippage"}
    assert all(Decimal(row["amount"]) <= 0 for row in rows if row["reason"] != "price")


def _attribution():
    amounts = {"price": "120.5", "fees": "-3.25"}
    rows = [
        AttributionRow(strategy_id="trend", symbol="A", side=side, reason=reason, amount=Decimal(amount))
        for side in ("long", "short")
        for reason, amount in amounts.items()
    ]
    own = AttributionRow(strategy_id="other_one", symbol="A", side="long", reason="weather", amount=Decimal(-1))
    return Attribution(rows=(*rows, own), change=Decimal("233.5"))


def test_the_table_by_strategy():
    """A column for each reason that added something, unknown ones last; the last line is the sum (D-05)."""
    assert str(_attribution()).splitlines() == [
        "strategy     price    fees   weather   result",
        "trend       241.00   -6.50      0.00   234.50",
        "other_one     0.00    0.00     -1.00    -1.00",
        "portfolio   241.00   -6.50     -1.00   233.50",
    ]  # fmt: skip


def test_the_table_as_markdown():
    """Names are escaped, numbers stand at the right (D-05)."""
    assert _attribution().to_markdown() == (
        "| strategy | price | fees | weather | result |\n| :--- | ---: | ---: | ---: | ---: |\n"
        "| trend | 241.00 | -6.50 | 0.00 | 234.50 |\n| other\\_one | 0.00 | 0.00 | -1.00 | -1.00 |\n"
        "| portfolio | 241.00 | -6.50 | -1.00 | 233.50 |\n"
    )
