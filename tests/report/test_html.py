"""The report page: what is in it, and what is never in it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pytest

from podium.backtest.attribution import Attribution, AttributionRow, TradedValue
from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.portfolio.configuration import OrchestratorConfig
from podium.report import sections, trade_list
from podium.report.activity import Activity, Exposure
from podium.report.blocked import BlockedEntries
from podium.report.document import page_script, write_page
from podium.report.drawn import DrawnPortfolio
from podium.report.elements import Html, data_block, element, joined
from podium.report.html import report_page
from podium.report.levels import EntryLevels

EVIL = "</script><script>alert(1)</script><img src=https://example.com/x>"


class Page(HTMLParser):
    """Read a page into its elements, texts and data blocks."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.data, self.texts, self.headings = [], [], {}, [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if not self.open:
            return
        tag, attributes = self.open[-1]
        if tag == "script" and attributes.get("type") == "application/json":
            self.data[attributes["id"]] = self.data.get(attributes["id"], "") + data
        elif tag not in {"script", "style"}:
            self.texts.append(data)
        if tag in {"h1", "h2"}:
            self.headings.append(data)

    @property
    def text(self):
        return "\n".join(self.texts)


def page_of(made, trades=None, *, market=None, activity=None, **others):
    trades = {"trend": [made.trade(number=1)], "reversal": []} if trades is None else trades
    market = {"BTC/USDT": made.bars()} if market is None else market
    return report_page(DrawnPortfolio(made.result(trades, **others)), market, activity=activity)


def unpacked(packed):
    return np.frombuffer(base64.b64decode(packed["data"]), "<" + packed["type"])


def activity_for(strategy_ids, symbol="BTC/USDT", points=100):
    held = np.full(points, 1_000.0)
    exposures = {
        name: Exposure(
            long=held * place, short=-held * (place == 0), capital_use=np.linspace(0, 1, points),
            blocked=BlockedEntries(
                times=np.array([1_641_000_000 * 10**9] * 2), reasons=np.array([Reason.CAPITAL_LIMIT, Reason.TOTAL_RISK])
            ),
        )
        for place, name in enumerate(strategy_ids)
    }  # fmt: skip
    amounts = {"price": Decimal(500), "fees": Decimal("-10.5"), "slippage": Decimal("-0.25")}
    rows = tuple(
        AttributionRow(strategy_id=name, symbol=symbol, side="long", reason=reason, amount=amount)
        for name in strategy_ids
        for reason, amount in amounts.items()
    )
    change = sum(row.amount for row in rows)
    traded = (TradedValue(strategy_id=strategy_ids[0], symbol=symbol, value=Decimal(10_000), fills=4),)
    return Activity(exposures=exposures, attribution=Attribution(rows=rows, change=change, traded=traded))


def test_the_page_is_whole_and_well_formed(made):
    """Every element that opens closes, and all parts are there (B-51)."""
    text = page_of(made, warnings=["a gap", "a hole"], activity=activity_for(["trend", "reversal"]))
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert page.open == []
    assert page.headings == [
        "demo",
        "2 warnings",
        "Equity and drawdown",
        "Comparison",
        "Attribution",
        "Monthly returns",
        "Diversification",
        "Exposure and capital",
        "Returns over time",
        "Prices and trades",
        "Costs",
        "Metrics",
        "Data",
        "Configuration",
    ]
    assert set(page.data) == {"equity-figure", "exposure-chart-figure", "bins-figure", "trades-data", "prices-0"}
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)
    assert {attributes["href"][1:] for tag, attributes in page.elements if tag == "a"} <= set(identities)


def test_the_page_loads_nothing(made):
    """No element asks for anything outside, and the policy forbids it (B-51)."""
    evil = made.trade(number=1, exit_reason=EVIL)
    text = page_of(made, trades={EVIL: [evil]}, warnings=[EVIL], activity=activity_for([EVIL], EVIL))
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "base", "object", "embed", "form"}
        assert not {"src", "srcset", "action", "onclick", "onload"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")
    styles = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in styles
    assert "@import" not in styles
    policies = [attributes["content"] for _, attributes in page.elements if attributes.get("http-equiv")]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; ")
    assert "http" not in policies[0]


def test_names_are_text_everywhere(made):
    """A strategy, symbol, reason, warning or option named like markup is only read, never run (B-51)."""
    trade = made.trade(number=1, symbol=EVIL, exit_reason=EVIL)
    result = made.result({EVIL: [trade], "other": []}, warnings=[EVIL], config={"name": EVIL, EVIL: EVIL})
    text = report_page(DrawnPortfolio(result), {EVIL: made.bars(EVIL)}, activity=activity_for([EVIL, "other"], EVIL))
    page = Page(text)
    assert page.text.count(EVIL) >= 12
    assert sum(tag == "script" for tag, _ in page.elements) == 1 + len(page.data)
    assert EVIL not in text


def test_scripts_do_not_end_early():
    """Our scripts contain nothing that would end a script element, and never make markup of text."""
    script = page_script()
    assert "</script" not in script.lower()
    assert "<!--" not in script
    for maker in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert maker not in script


def test_every_trade_is_in_the_page(made):
    """All trades, exact, with the stop and the targets of their entry where they are known (B-46)."""
    trades = {
        "trend": [
            made.trade(number=1, quantity=Decimal("0.50000000"), pnl=Decimal("489.25000000")),
            made.trade(number=2, side="short", exit_price=Decimal(39_000), exit_reason="stop_loss"),
        ]
    }
    levels = {("trend", "BTC/USDT", 2): EntryLevels(stop=Decimal("41000.50"), targets=(Decimal(39_500),))}
    activity = replace(activity_for(["trend"]), levels=levels)
    given = json.loads(Page(page_of(made, trades=trades, activity=activity)).data["trades-data"])
    assert given["number"] == [1, 2]
    assert given["side"] == [1, 0]
    assert given["quantity"] == ["0.5", "0.5"]
    assert given["entry_price"] == ["40000.5", "40000.5"]
    assert given["pnl"] == ["489.25", "489.25"]
    assert given["costs"] == ["11.75", "11.75"]
    assert [given["reasons"][place] for place in given["reason"]] == ["take_profit", "stop_loss"]
    assert given["stop"] == [None, "41000.5"]
    assert given["targets"] == [[], ["39500"]]
    assert unpacked(given["exit_time"])[0] - unpacked(given["entry_time"])[0] == 4 * 3_600


def test_candles_are_those_of_the_bars(made):
    """Each symbol's bars, exact, at most 2,000 candles (B-51)."""
    series = made.bars(count=4_100)
    prices = json.loads(Page(page_of(made, market={"BTC/USDT": series})).data["prices-0"])
    assert prices["bars_each"] == 3
    assert len(unpacked(prices["times"])) == 1_367
    assert unpacked(prices["close"])[-1] == series.close[-1]
    assert unpacked(prices["high"]).max() == series.high.max()


def test_equity_and_drawdown_are_stacked(made):
    """The strategies' areas and unallocated cash sum to the portfolio at every drawn moment (B-05, B-10)."""
    figure = json.loads(Page(page_of(made)).data["equity-figure"])
    equity, fall = figure["views"]["equity"]["panels"]
    assert [one["name"] for one in equity["series"]] == ["trend", "reversal", "unallocated", "portfolio"]
    for panel in (equity, fall):
        *parts, whole = [unpacked(one["values"]).astype(float) for one in panel["series"]]
        assert sum(parts) == pytest.approx(whole, rel=1e-6)
    assert unpacked(equity["series"][-1]["values"])[-1] == 25_000 + 99 + 198
    assert len(unpacked(figure["times"])) == 100


def test_profit_and_return_are_other_views(made):
    """Profit sums to the portfolio's; the return of each is measured from its own capital (B-05)."""
    views = json.loads(Page(page_of(made)).data["equity-figure"])["views"]
    profit = [unpacked(one["values"])[-1] for one in views["profit"]["panels"][0]["series"]]
    assert profit == [99, 198, 297]
    growth = [unpacked(one["values"])[-1] for one in views["growth"]["panels"][0]["series"]]
    assert growth == pytest.approx([0.0099, 0.0198, 297 / 25_000])


def test_a_drawdown_is_shared_out(made):
    """Whoever lost since the portfolio's last peak carries the drawdown; another may have earned meanwhile (B-36)."""
    result = made.result({"loser": [], "winner": []}, count=4)
    for name, units in (("loser", [10_000, 10_100, 9_900, 9_950]), ("winner", [10_000, 10_000, 10_050, 10_300])):
        result.strategy_results[name].equity_curve.units[:] = np.array(units) * 10**8
    curves = [one.equity_curve.units for one in result.strategy_results.values()]
    result.aggregate_equity_curve.units[:] = sum(curves) + 5_000 * 10**8
    drawn = DrawnPortfolio(result)
    loser, winner = drawn.drawdown_parts
    assert loser == pytest.approx([0, 0, -200 / 25_100, 0])
    assert winner == pytest.approx([0, 0, 50 / 25_100, 0])
    assert drawn.fall_parts == [-200 * 10**8, 50 * 10**8]


def test_one_strategy_diversifies_nothing(made):
    """A portfolio of one strategy has no section about how strategies work together (B-36)."""
    assert "Diversification" in Page(page_of(made)).headings
    assert "Diversification" not in Page(page_of(made, trades={"trend": []})).headings


def test_attribution_says_what_is_left(made):
    """Rows by strategy and, on demand, symbol and side; a residual is not hidden (B-51)."""
    activity = activity_for(["trend", "reversal"])
    page = Page(page_of(made, activity=activity))
    assert any("nothing is left unexplained" in text for text in page.texts)
    assert page.texts.count("489.25") >= 2
    assert "BTC/USDT long" in page.texts
    off = Attribution(rows=activity.attribution.rows, change=activity.attribution.change + Decimal("0.01"))
    other = Page(page_of(made, activity=Activity(exposures=activity.exposures, attribution=off)))
    assert any("0.01 USDT are left unexplained" in text for text in other.texts)


def test_amounts_without_a_symbol_or_a_strategy_have_a_place(made):
    """What belongs to a strategy as a whole, or to the portfolio alone, is neither lost nor nameless (B-51)."""
    activity = activity_for(["trend", "reversal"])
    moved = (
        AttributionRow(strategy_id="trend", symbol="", side="", reason="rebalancing", amount=Decimal(-70)),
        AttributionRow(strategy_id="", symbol="BTC/USDT", side="long", reason="netting", amount=Decimal(3)),
    )
    rows = (*activity.attribution.rows, *moved)
    attribution = replace(activity.attribution, rows=rows, change=sum(row.amount for row in rows))
    page = Page(page_of(made, activity=replace(activity, attribution=attribution)))
    assert {"on no symbol", "portfolio level", "moved", "change", "netting", "-70.00"} <= set(page.texts)
    assert any("nothing is left unexplained" in text for text in page.texts)


def test_costs_are_set_against_what_was_traded(made):
    """21.5 of 10,000 traded are 21.5 basis points (D-05)."""
    page = Page(page_of(made, activity=activity_for(["trend", "reversal"])))
    assert "21.5 bp" in page.texts


def test_capital_use_and_blocked_entries_are_drawn(made):
    """Each strategy has a row with its use of capital and its blocked entries by cause and reason (B-31, A-26)."""
    page = Page(page_of(made, activity=activity_for(["trend", "reversal"])))
    held, use = json.loads(page.data["exposure-chart-figure"])["panels"]
    assert [one["name"] for one in held["series"]] == ["trend", "trend", "reversal", "net"]
    assert [one["name"] for one in use["series"]] == ["trend", "reversal"]
    assert unpacked(use["series"][0]["values"])[-1] == 1
    assert [(one["name"], one["count"]) for one in use["causes"]] == [("capital", 2), ("limits", 2)]
    assert use["reasons"] == [{"name": "capital limit", "cause": 0}, {"name": "total risk", "cause": 1}]
    blocked = {name: unpacked(values).tolist() for name, values in use["series"][1]["blocked"].items()}
    # 1,641,000,000 lies between the closes of the first hour and of the second.
    assert blocked == {"rows": [1, 1], "reasons": [0, 1], "counts": [1, 1]}
    assert "Blocked entries: capital limit 2, total risk 2." in page.texts


def test_the_comparison_stands_in_the_page(made):
    """The same texts as on the terminal (B-51)."""
    result = made.result({"trend": [made.trade(number=1)]})
    page = Page(report_page(DrawnPortfolio(result), {}))
    for row in result.comparison_table.texts():
        for cell in row:
            assert cell in page.texts or cell == ""


def test_every_metric_is_shown_or_says_why_not(made):
    """Metrics of every strategy and the portfolio; a missing one is a dash with its reason (B-47)."""
    text = page_of(made)
    page = Page(text)
    for label in (
        "Sharpe ratio",
        "Sortino ratio",
        "Profit factor",
        "Exposure (time in a position)",
        "Turnover, times a year",
    ):
        assert label in page.texts
    reasons = [
        attributes.get("title")
        for tag, attributes in page.elements
        if tag == "td" and attributes.get("class") == "nothing"
    ]
    assert "no closed trade" in reasons
    assert "no losing trade" in reasons
    assert "Beta" not in page.texts


def test_warnings_are_bounded(made, monkeypatch):
    """Many warnings do not make the page endless; it says what is left out (B-46)."""
    monkeypatch.setattr(sections, "_WARNINGS_MAX", 5)
    page = Page(page_of(made, trades={"a": []}, warnings=[f"flaw {n}" for n in range(20)]))
    assert "and 15 more, in log.jsonl" in page.texts
    assert "flaw 5" not in page.texts


def test_trades_are_bounded(made, monkeypatch):
    """So many trades that no browser would open the page: the latest ones, and a word about the rest (B-46)."""
    monkeypatch.setattr(trade_list, "_TRADES_MAX", 3)
    first = made.trade(number=0).exit_time
    trades = [made.trade(number=number, exit_time=first + timedelta(hours=number)) for number in range(1, 10)]
    page = Page(page_of(made, trades={"a": trades[::2], "b": trades[1::2]}))
    assert json.loads(page.data["trades-data"])["number"] == [7, 8, 9]
    assert "The page holds the latest 3 of 9 trades; all are in trades.parquet." in page.texts


def test_a_result_without_trades_or_bars(made):
    """An empty result still makes a page."""
    page = Page(page_of(made, trades={"idle": []}, market={}))
    assert "No trade was closed." in page.texts
    assert "Prices and trades" not in page.texts


def test_a_result_without_a_single_step(made):
    """A run that was interrupted before its first bar has a page too (D-07)."""
    page = Page(page_of(made, trades={"idle": [], "other": []}, count=0, market={}))
    assert page.headings[0] == "demo"
    assert len(unpacked(json.loads(page.data["equity-figure"])["times"])) == 0


def test_a_short_run_says_why_there_is_no_rolling_ratio(made):
    """Four days are too few for a window of 14 (B-47)."""
    page = Page(page_of(made))
    assert any("The run has 5 days: too few for a window of 14." in text for text in page.texts)
    long_one = Page(page_of(made, count=24 * 100))
    panel = json.loads(long_one.data["rolling-figure"])["panels"][0]
    assert panel["title"] == "Sharpe ratio of the last 30 days"
    assert len(unpacked(panel["series"][0]["values"])) == 100 - 30 + 1


def test_the_configuration_is_written_out(made):
    """Options with their path; numbers without trailing zeros; nothing is a word (B-41)."""

    @dataclass
    class Config:
        name: str
        slippage: Decimal
        benchmark: str | None
        flaws: dict
        symbols: tuple

    config = Config("demo", Decimal("0.00020"), None, {"gap": "warn"}, ("BTC/USDT", "ETH/USDT"))
    page = Page(page_of(made, config=config))
    pairs = dict(zip(page.texts, page.texts[1:], strict=False))
    assert pairs["slippage"] == "0.0002"
    assert pairs["benchmark"] == "not set"
    assert pairs["flaws.gap"] == "warn"
    assert pairs["symbols"] == "BTC/USDT, ETH/USDT"


def test_defaults_are_there_beside_what_the_file_says(made):
    """The settings of a file come first; what they leave to defaults can be unfolded (B-41)."""
    result = made.result({"idle": []}, config=OrchestratorConfig(name="demo"))
    page = Page(report_page(DrawnPortfolio(result), {}, {"portfolio": {"name": "demo"}}))
    assert page.texts.index("portfolio.name") < page.texts.index("everything, defaults included")
    assert page.texts.index("everything, defaults included") < page.texts.index("entry_buffer")


def test_the_options_of_a_portfolio_are_shown(made):
    """Every option of OrchestratorConfig is readable, instruments with their steps and fees (B-41)."""
    config = OrchestratorConfig(compounding=True, instruments={"GOOG": Instrument(tick=Decimal("0.01"))})
    page = Page(page_of(made, config=config))
    pairs = dict(zip(page.texts, page.texts[1:], strict=False))
    assert pairs["compounding"] == "yes"
    assert pairs["instruments.GOOG.tick"] == "0.01"
    assert pairs["instruments.GOOG.maker_fee"] == "not set"
    assert set(OrchestratorConfig.model_fields) <= {name.split(".")[0] for name in pairs}


def test_writing_replaces_and_leaves_nothing_half_written(tmp_path):
    """The file is there whole or not at all, also over an older one (B-51)."""
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_page(Html("new"), path) == path
    assert path.read_text(encoding="utf-8") == "new"
    with pytest.raises(OSError, match="missing"):
        write_page(Html("new"), tmp_path / "missing" / "report.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_equal_results_make_equal_pages(made):
    """The page has nothing of chance in it."""
    assert page_of(made) == page_of(made)


def test_elements_escape_what_is_not_markup():
    """Text is escaped once, markup stays, attributes are quoted."""
    assert element("p", "a<b", element("br"), title='"x"', class_="n", hidden=True, open=False) == (
        '<p title="&quot;x&quot;" class="n" hidden>a&lt;b<br></p>'
    )
    assert joined("&", Html("&amp;")) == "&amp;&amp;"
    block = data_block("d", {"a": "</script>&\u2028"})
    assert json.loads(re.fullmatch(r'<script type="application/json" id="d">(.*)</script>', block)[1]) == {
        "a": "</script>&\u2028"
    }
    assert not set(
        data_block("d", "</script \n><!--")[len('<script type="application/json" id="d">') : -len("</script>")]
    ) & set("<>&")
