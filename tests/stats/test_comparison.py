"""The comparison table in its texts."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.stats.aligned import display_width, harmless, padded, shortened
from podium.stats.comparison import ComparisonRow, ComparisonTable, RowKind, percent
from podium.stats.metrics import compute_metrics
from podium.stats.trades import TradeColumns

DAY = 86_400_000_000_000


def metrics(equity, capital):
    trades = TradeColumns(
        pnl=np.array([5.0, -2.0, 3.0]),
        entry_times=np.array([DAY, DAY, DAY]),
        exit_times=np.array([2 * DAY] * 3),
        traded_value=np.array([1.0] * 3),
    )
    times = np.arange(1, len(equity) + 1, dtype=np.int64) * DAY
    return compute_metrics(
        times_nanoseconds=times, equity=equity, digits=8, starting_capital=Decimal(capital), closed=trades
    )


def row(strategy_id, capital, path, kind=RowKind.STRATEGY, blocked=3):
    equity = np.array([round(capital * step * 10**8) for step in path], dtype=np.int64)
    return ComparisonRow.of_strategy(
        strategy_id,
        allocated_capital=Decimal(capital),
        final_equity=Decimal(int(equity[-1])).scaleb(-8),
        metrics=metrics(equity, capital),
        capital_limit_blocks=blocked,
        equity=equity,
        kind=kind,
    )


def table(first="trend", currency="USDT"):
    portfolio = row("portfolio", 100_000, [1.0, 1.02, 1.131], RowKind.PORTFOLIO)
    return ComparisonTable.of(
        [row(first, 50_000, [1.0, 0.9, 1.224]), row("reversal", 30_000, [1.0, 1.1, 0.95], blocked=0)],
        unallocated=Decimal(20_000),
        portfolio=portfolio,
        currency=currency,
    )


def test_the_plain_table_reads_as_promised():
    """Strategies, unallocated cash and the portfolio, in columns, money with its decimals (B-13, B-51)."""
    assert str(table()).splitlines() == [
        "strategy       allocated   final equity   return   Sharpe   max DD   win rate   trades   blocked   equity",
        "trend          50,000.00      61,200.00   22.4 %     6.84   10.0 %     66.7 %        3         3   ▃▃▁▁▁▁▇▇",
        "reversal       30,000.00      28,500.00   -5.0 %    -1.95   13.6 %     66.7 %        3         0   ▃▃▇▇▇▇▁▁",
        "unallocated    20,000.00      20,000.00    0.0 %                                                   ▁▁▁▁▁▁▁▁",
        "portfolio     100,000.00     113,100.00   13.1 %    14.16    0.0 %     66.7 %        3         3   ▁▁▂▂▂▂▇▇",
    ]


def test_rows_have_the_names_of_the_requirement():
    """Each row has strategy_id, total_return, sharpe_ratio, win_rate, max_drawdown, total_trades (B-13)."""
    rows = table().rows
    assert [one.strategy_id for one in rows] == ["trend", "reversal", "unallocated", "portfolio"]
    assert [one.kind for one in rows] == ["strategy", "strategy", "unallocated", "portfolio"]
    trend = rows[0]
    assert trend.total_return == pytest.approx(0.224)
    assert trend.max_drawdown == pytest.approx(0.1)
    assert trend.win_rate == pytest.approx(2 / 3)
    assert (trend.total_trades, trend.capital_limit_blocks) == (3, 3)
    cash = rows[2]
    assert (cash.total_return, cash.sharpe_ratio, cash.total_trades) == (0.0, None, None)


def test_markdown():
    """A table that any markdown reader shows, numbers to the right (B-51)."""
    lines = table().to_markdown().splitlines()
    assert lines[0].startswith("| strategy | allocated | final equity | return |")
    assert lines[1].startswith("| :--- | ---: |")
    assert lines[2] == "| trend | 50,000.00 | 61,200.00 | 22.4 % | 6.84 | 10.0 % | 66.7 % | 3 | 3 | ▃▃▁▁▁▁▇▇ |"
    assert {line.count("|") for line in lines} == {11}


def test_markdown_is_not_broken_by_a_name():
    """Bars, tags and emphasis in a strategy's name stay text (B-51)."""
    text = table("a|b<script>_x_").to_markdown()
    assert "| a\\|b&lt;script&gt;\\_x\\_ |" in text


def test_json_keeps_money_exact():
    """Money is text to the last unit, ratios are numbers, a missing one is null, the keys those of B-13 (B-13, B-51)."""
    content = json.loads(table().to_json())
    assert content["currency"] == "USDT"
    first, _, cash, portfolio = content["rows"]
    assert first["allocated_capital"] == "50000"
    assert first["final_equity"] == "61200"
    assert first["total_return"] == pytest.approx(0.224)
    assert set(first) >= {
        "strategy_id", "total_return", "sharpe_ratio", "win_rate", "max_drawdown", "total_trades"
    }  # fmt: skip
    assert cash["sharpe_ratio"] is None
    assert portfolio["kind"] == "portfolio"
    awkward = ComparisonTable(currency="BTC", rows=(ComparisonRow.of_cash(Decimal("0.1234567890120")),))
    assert '"allocated_capital": "0.123456789012"' in awkward.to_json()


def test_equal_tables_give_equal_bytes():
    """The same rows give the same text in every form (B-51)."""
    assert (table().to_json(), table().to_markdown(), str(table())) == (
        table().to_json(), table().to_markdown(), str(table())
    )  # fmt: skip


def test_money_is_printed_with_the_decimals_of_its_currency():
    """Satoshis for BTC, nothing after the comma for JPY (B-13)."""
    assert "50,000.00000000" in str(table(currency="BTC"))
    assert " 50,000   " in str(table(currency="JPY"))


def test_nothing_unallocated_still_has_its_row():
    """The row of unallocated cash is always there; without cash it has no return (B-13)."""
    cash = ComparisonRow.of_cash(Decimal(0))
    assert cash.total_return is None
    assert cash.kind is RowKind.UNALLOCATED


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.2241, "22.4 %"), (-0.05, "-5.0 %"), (-0.0001, "0.0 %"), (0.0, "0.0 %"), (12.5, "1,250.0 %"), (None, "")],
)
def test_fractions_are_printed_as_per_cent(fraction, text):
    """One decimal, grouped, no negative zero, blank where there is none (B-13)."""
    assert percent(fraction) == text


def test_a_small_negative_ratio_is_no_negative_zero():
    """A Sharpe ratio of -0.001 is printed as 0.00 (B-13)."""
    base = row("one", 100, [1.0, 1.1])
    shown = ComparisonRow(
        kind=base.kind, strategy_id="one", allocated_capital=Decimal(1), final_equity=Decimal(1), sharpe_ratio=-0.001
    )
    assert str(ComparisonTable(currency="USD", rows=(shown, base))).splitlines()[1].endswith(" 0.00")


@given(st.text(max_size=20))
def test_any_name_leaves_the_table_whole(name):
    """Whatever a strategy is called, the table has one line for each row and obeys no escape (B-13, B-51)."""
    text = str(table(name))
    assert len(text.split("\n")) == 5
    assert not any(ord(sign) < 32 and sign != "\n" for sign in text)
    assert len(table(name).to_markdown().splitlines()) == 6


def test_wide_signs_stay_in_their_columns():
    """Signs that take two columns do not shift the numbers (B-51)."""
    lines = str(table("日本")).splitlines()
    assert {display_width(line.split("000.00")[0]) for line in lines[1:3]} == {display_width("reversal       30,")}


def test_texts_fit_the_width_they_are_given():
    """Cut with an ellipsis, filled with blanks, counted as shown."""
    assert shortened("momentum", 5) == "mome…"
    assert shortened("日本語", 5) == "日本…"
    assert shortened("short", 5) == "short"
    assert padded("é", 3, right=True) == "  é"
    assert padded("日", 4, right=False) == "日  "
    assert harmless("a\x1b[31mb\nc\u202e") == "a�[31mb�c�"
