"""The report page: what is in it, and what is never in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

from podium.core.instruments import Instrument
from podium.portfolio.configuration import OrchestratorConfig
from podium.report import html, sections
from podium.report.elements import Html, data_block, element, joined
from podium.report.html import report_page, write_report
from podium.report.plots import plotly_script

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


def page_of(made, trades=None, **others):
    trades = {"trend": [made.trade(number=1)], "reversal": []} if trades is None else trades
    return report_page(made.result(trades, **others), {"BTC/USDT": made.bars()})


def test_the_page_is_whole_and_well_formed(made):
    """Every element that opens closes, and all parts are there (B-51)."""
    text = page_of(made, warnings=["a gap"])
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert page.open == []
    assert page.headings == [
        "demo",
        "1 warning",
        "Comparison",
        "Equity and drawdown",
        "Metrics",
        "Prices and trades",
        "Trades",
        "Configuration",
    ]
    assert set(page.data) == {"equity-figure", "symbol-0-figure"}


def test_the_page_loads_nothing(made):
    """No element asks for anything outside, and the policy forbids it (B-51)."""
    text = page_of(made, trades={EVIL: [made.trade(number=1, exit_reason=EVIL)]}, warnings=[EVIL])
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "base", "object", "embed", "form"}
        assert not {"src", "href", "srcset", "action", "onclick", "onload"} & set(attributes)
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
    result = made.result({EVIL: [trade]}, warnings=[EVIL], config={"name": EVIL, EVIL: EVIL})
    text = report_page(result, {EVIL: made.bars(EVIL)})
    page = Page(text)
    assert page.text.count(EVIL) >= 8
    assert sum(tag == "script" for tag, _ in page.elements) == 2 + len(page.data)
    assert EVIL not in text
    for figure in page.data.values():
        drawn = json.loads(figure)
        for trace in drawn["data"]:
            assert "<script" not in trace["name"]
            assert all("<script" not in words for words in trace.get("text", []))


def test_scripts_do_not_end_early():
    """Neither plotly's script nor ours contains what would end a script element."""
    for script in (plotly_script(), html._page_file("page.js")):
        assert "</script" not in script.lower()
        assert "<!--" not in script


def test_charts_are_what_plotly_understands(made):
    """Plotly accepts every property of both kinds of figure."""
    trades = {"trend": [made.trade(number=1), made.trade(number=2, side="short")], "flat": []}
    page = Page(page_of(made, trades=trades))
    for text in page.data.values():
        figure = json.loads(text)
        for trace in figure["data"]:
            for key in ("line", "marker"):
                _known_colours(trace.get(key, {}))
        go.Figure(figure)


def _known_colours(part):
    for key, value in part.items():
        if isinstance(value, dict):
            _known_colours(value)
        elif value in ("ink", "surface"):
            part[key] = "#000000"


def test_every_trade_is_marked_at_its_price(made):
    """Entry and exit of each trade stand in the chart of its symbol (B-46)."""
    trades = {"trend": [made.trade(number=1), made.trade(number=2, side="short", exit_price=Decimal(39_000))]}
    figure = json.loads(Page(page_of(made, trades=trades)).data["symbol-0-figure"])
    price, entries, exits = figure["data"]
    assert price["type"] == "candlestick"
    assert len(price["x"]) == 100
    assert entries["y"] == [40_000.5, 40_000.5]
    assert entries["marker"]["symbol"] == ["triangle-up", "triangle-down"]
    assert exits["y"] == [41_000, 39_000]
    assert exits["x"][0] - entries["x"][0] == 4 * 3_600_000
    assert "take_profit" in exits["text"][0]


def test_equity_and_drawdown_of_all(made):
    """One curve and one drawdown for each strategy and for the portfolio, from its own capital (B-05)."""
    figure = json.loads(Page(page_of(made)).data["equity-figure"])
    assert [trace["name"] for trace in figure["data"]] == [
        "trend",
        "trend",
        "reversal",
        "reversal",
        "portfolio",
        "portfolio",
    ]
    trend = figure["data"][0]
    assert trend["meta"]["money"][-1] == 10_099
    assert trend["y"][-1] == pytest.approx(0.0099)
    assert figure["data"][4]["meta"]["money"][-1] == 25_000 + 99 + 198


def test_each_strategy_is_switched_on_its_own(made):
    """The legend hides one strategy, also when colours repeat or one is called portfolio (B-05)."""
    trades = {name: [] for name in ("portfolio", *(f"s{number}" for number in range(11)))}
    figure = json.loads(Page(page_of(made, trades=trades)).data["equity-figure"])
    groups = [trace["legendgroup"] for trace in figure["data"]]
    assert len(set(groups)) == 13
    assert groups[::2] == groups[1::2]


def test_the_comparison_stands_in_the_page(made):
    """The same texts as on the terminal (B-51)."""
    result = made.result({"trend": [made.trade(number=1)]})
    page = Page(report_page(result, {}))
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
        attributes["title"] for tag, attributes in page.elements if tag == "td" and attributes.get("class") == "nothing"
    ]
    assert "no closed trade" in reasons
    assert "no losing trade" in reasons
    assert "Beta" not in page.texts


def test_tables_and_lists_are_bounded(made, monkeypatch):
    """Many trades, markers and warnings do not make the page endless; it says what is left out (B-46)."""
    monkeypatch.setattr(html, "_TRADES_MAX", 3)
    monkeypatch.setattr(html, "_MARKED_TRADES_MAX", 4)
    monkeypatch.setattr(sections, "_WARNINGS_MAX", 5)
    first = made.trade(number=0).exit_time
    trades = [made.trade(number=number, exit_time=first + timedelta(hours=number)) for number in range(1, 10)]
    page = Page(page_of(made, trades={"a": trades[::2], "b": trades[1::2]}, warnings=[f"flaw {n}" for n in range(20)]))
    assert "Shown: the 3 latest of 9; all are in trades.parquet. Times are UTC. A heading sorts." in page.texts
    assert "100 bars of 1h; 9 trades, the latest 4 marked. A candle stands at its close, UTC." in page.texts
    marked = [trace for trace in json.loads(page.data["symbol-0-figure"])["data"] if trace.get("text")]
    assert sum(len(trace["x"]) for trace in marked) == 8
    assert "and 15 more, in log.jsonl" in page.texts
    assert "flaw 5" not in page.texts


def test_a_result_without_trades_or_bars(made):
    """An empty result still makes a page."""
    page = Page(report_page(made.result({"idle": []}), {}))
    assert "No trade was closed." in page.texts
    assert "Prices and trades" not in page.texts


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


def test_the_options_of_a_portfolio_are_shown(made):
    """Every option of OrchestratorConfig is readable, instruments with their steps and fees (B-41)."""
    config = OrchestratorConfig(compounding=True, instruments={"GOOG": Instrument(tick=Decimal("0.01"))})
    page = Page(page_of(made, config=config))
    pairs = dict(zip(page.texts, page.texts[1:], strict=False))
    assert pairs["compounding"] == "yes"
    assert pairs["instruments.GOOG.tick"] == "0.01"
    assert pairs["instruments.GOOG.maker_fee"] == "not set"
    assert set(OrchestratorConfig.model_fields) <= {name.split(".")[0] for name in pairs}


def test_writing_replaces_and_leaves_nothing_half_written(made, tmp_path, monkeypatch):
    """The file is there whole or not at all, also over an older one (B-51)."""
    result, market = made.result({"trend": []}), {"BTC/USDT": made.bars()}
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_report(result, path, market) == path
    assert path.read_text(encoding="utf-8") == report_page(result, market)
    with pytest.raises(OSError, match="missing"):
        write_report(result, tmp_path / "missing" / "report.html", market)
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
