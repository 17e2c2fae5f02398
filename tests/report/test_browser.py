"""The page as people see it: in Chromium, on a phone and a desk, in both themes."""

from __future__ import annotations

import shutil
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.report.document import write_page
from podium.report.recorded_run import RecordedRun
from podium.report.run_comparison import comparison_page
from podium.rules import close, crosses_above, crosses_below, ema

START = 1_640_995_200 * 10**9
HOUR = 3_600 * 10**9
LONG_NAME = "A_long_name_" * 8
SIZES = {"phone": (360, 740), "desk": (1440, 1000)}


class Fast(Strategy):
    fast, slow = 5, 15
    long_entry = crosses_above(ema(close, "fast"), ema(close, "slow"))
    long_exit = crosses_below(ema(close, "fast"), ema(close, "slow"))
    short_entry = crosses_below(ema(close, "fast"), ema(close, "slow"))
    short_exit = crosses_above(ema(close, "fast"), ema(close, "slow"))
    stop = {"percent": Decimal("0.02")}  # noqa: RUF012  # as users write it
    targets = ({"percent": Decimal("0.03"), "close": Decimal("0.5")},)
    size = {"fraction": Decimal("0.7")}  # noqa: RUF012  # as users write it


class Slow(Fast):
    fast, slow = 20, 60


def bars(symbol, seed, count=2_400):
    random = np.random.Generator(np.random.PCG64(seed))
    last = np.maximum(10_000 + np.cumsum(random.integers(-90, 91, count)), 500)
    first = np.concatenate(([10_000], last[:-1]))
    return BarSeries(
        symbol=symbol, timeframe=Timeframe.parse("1h"), close_time=START + HOUR * np.arange(1, count + 1),
        open=first / 100, high=(np.maximum(first, last) + 20) / 100, low=(np.minimum(first, last) - 20) / 100,
        close=last / 100, volume=np.ones(count),
    )  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    """Start the browser, or say why not; its event loop must not stay behind for tests that have their own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium on this machine; on Debian: apt-get install chromium")
    with playwright.sync_playwright() as started:
        # Without a sandbox, since a container's root may have none; the page is our own.
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def result():
    instrument = Instrument(tick=Decimal("0.01"), lot=Decimal("0.01"), taker_fee=Decimal("0.001"))
    market = {"BTC/USDT": bars("BTC/USDT", 1), "ETH/USDT": bars("ETH/USDT", 2)}
    named = type("Named", (Slow,), {"strategy_id": LONG_NAME})
    config = OrchestratorConfig(instruments=dict.fromkeys(market, instrument), slippage=Decimal("0.0002"))
    return StrategyOrchestrator([(Fast(), Decimal("0.5")), (named(), Decimal("0.3"))], config).run(
        market, Decimal(100_000)
    )


@pytest.fixture(scope="session")
def report(result, tmp_path_factory):
    return result.plot(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="session")
def comparison(result, tmp_path_factory):
    curve = result.aggregate_equity_curve
    content = {**result.to_dict(), "is_complete": True}
    runs = [
        RecordedRun(
            folder=tmp_path_factory.mktemp("run"),
            manifest={"settings": {"portfolio": {"name": name}}},
            result=content,
            seconds=curve.times_nanoseconds / 1e9,
            equity=curve.units * 10.0**-curve.digits * scale,
        )
        for name, scale in (("first", 1.0), (LONG_NAME, 1.02))
    ]
    return write_page(comparison_page(runs), tmp_path_factory.mktemp("comparison") / "comparison.html")


class Seen:
    """Open a page, and write down what a browser complains about."""

    def __init__(self, chromium, path, size="desk", theme="light"):
        width, height = SIZES[size]
        self.context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()

    def scroll_through(self):
        """Bring every chart into sight, as a reader does."""
        for plot in self.page.locator(".plot").all():
            plot.scroll_into_view_if_needed()
            plot.locator("svg:not(.sign)").wait_for()

    def count(self, selector):
        return self.page.locator(selector).count()

    def drag(self, chart, first, last):
        """Mark a stretch of a chart with the mouse, in pixels from its left."""
        canvas = self.page.locator(f"{chart} .canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        self.page.mouse.move(box["x"] + first, box["y"] + 100)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + last, box["y"] + 120, steps=4)
        self.page.mouse.up()

    def drawn(self):
        """Tell how many trades the price chart shows."""
        return int(self.page.locator("#prices [data-trades]").get_attribute("data-trades"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("which", ["report", "comparison"])
def test_it_is_whole_at_every_width_and_in_both_themes(chromium, request, which, size, theme):
    """No complaint, no request but the page's own, all charts drawn, nothing wider than the screen, no lost text (B-51)."""
    path = request.getfixturevalue(which)
    with Seen(chromium, path, size, theme) as seen:
        seen.scroll_through()
        assert seen.complaints == []
        assert seen.requests == [path.as_uri()]
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.count(".plot svg:not(.sign)") == seen.count(".plot")
        assert seen.count(".plot path[d*=NaN], .plot [x1=NaN], .plot [y1=NaN], .plot text[y=NaN]") == 0
        # Nothing but tables, which scroll by themselves, reaches beyond its section.
        wide = """[...document.querySelectorAll("section > *, section svg, .figures dd, header *")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".wide"))
            .map((one) => one.outerHTML.slice(0, 80))"""
        assert seen.page.evaluate(wide) == []
        ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (max(ground) < 60) if theme == "dark" else (min(ground) > 200)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_a_run_in_which_nothing_happened(chromium, tmp_path, count):
    """A bar or two and no trade: empty charts with their axes, no complaint (B-51)."""
    idle = type("Idle", (Strategy,), {"on_bar": lambda self, bar: None})
    done = StrategyOrchestrator([(idle(), Decimal(1))]).run({"X": bars("X", 1, count)}, Decimal(1_000))
    with Seen(chromium, done.plot(tmp_path / "report.html")) as seen:
        seen.scroll_through()
        assert seen.complaints == []
        assert seen.page.locator("#trades .count").inner_text() == "No trade was closed."
        assert "0 %" in seen.page.locator("#equity .value").all_text_contents()


def test_lines_of_an_axis_say_where_they_stand(chromium, report):
    """The numbers along every axis are as far apart as their lines: none is rounded to another place (B-51)."""
    with Seen(chromium, report) as seen:
        seen.scroll_through()
        read = """[...document.querySelectorAll(".plot text.value")].map((text) =>
            [text.closest(".plot").id, Number(text.getAttribute("y")), text.textContent])"""
        by_chart = {}
        for chart, height, text in seen.page.evaluate(read):
            scale = {"K": 1e3, "M": 1e6}.get(text[-1], 1)
            number = float(text.replace(",", "").rstrip(" %KM")) * scale
            by_chart.setdefault(chart, []).append((height, number))
        assert {"equity", "exposure-chart", "rolling", "bins", "prices"} <= set(by_chart)
        for marks in by_chart.values():
            # Within a panel the numbers grow upwards; a panel below begins anew.
            panels = [[marks[0]]]
            for before, mark in pairwise(marks):
                if mark[0] > before[0]:
                    panels.append([])
                panels[-1].append(mark)
            for panel in panels:
                heights, numbers = zip(*panel, strict=True)
                if len(panel) > 2:
                    slopes = np.diff(numbers) / np.diff(heights)
                    assert slopes == pytest.approx(np.full(len(slopes), slopes[0]), rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "low", "high", "shown"),
    [
        ("ratio", -6, 6, ["-5.0", "-2.5", "0.0", "2.5", "5.0"]),
        ("ratio", 0, 0.09, ["0.00", "0.02", "0.04", "0.06", "0.08"]),
        ("percent", -0.12, 0, ["-10.0 %", "-7.5 %", "-5.0 %", "-2.5 %", "0.0 %"]),
        ("percent", 0, 4, ["0 %", "100 %", "200 %", "300 %", "400 %"]),
        ("price", 1.2345, 1.2385, ["1.235", "1.236", "1.237", "1.238"]),
        ("money", 0, 2_000_000, ["0", "500K", "1M", "1.5M", "2M"]),
    ],
)
def test_numbers_along_an_axis_are_round(chromium, report, *, kind, low, high, shown):
    """As many decimals as tell the lines apart, and no more (B-51)."""
    with Seen(chromium, report) as seen:
        told = seen.page.evaluate(
            """([kind, low, high]) => {
                const { step, lines } = valueSteps(low, high, 5);
                return lines.map((value) => formats[kind].axis(value, step));
            }""",
            [kind, low, high],
        )
        assert told == shown


def test_filters_choose_trades(chromium, report, result):
    """Table, count and chart show what the filters let through, and all again after clearing them (B-46)."""
    trades = {name: one.trades for name, one in result.strategy_results.items()}
    every = [trade for several in trades.values() for trade in several]
    with Seen(chromium, report) as seen:
        section = seen.page.locator("#trades")
        found = lambda: int(section.get_attribute("data-found"))  # noqa: E731
        choose = lambda name, label: section.locator(f"[data-filter={name}]").select_option(label=label)  # noqa: E731
        assert found() == len(every)
        assert section.locator("tbody tr").count() == 50
        choose("strategy", LONG_NAME)
        assert found() == len(trades[LONG_NAME])
        choose("symbol", "ETH/USDT")
        mine = [trade for trade in trades[LONG_NAME] if trade.symbol == "ETH/USDT"]
        assert found() == len(mine)
        assert seen.page.locator("#chart-symbol").input_value() == "ETH/USDT"
        assert seen.drawn() == len(mine)
        choose("side", "short")
        choose("result", "winners")
        rest = [trade for trade in mine if trade.side == "short" and trade.pnl > 0]
        assert found() == len(rest)
        assert section.locator("tbody tr").count() == len(rest)
        assert f"result {sum(trade.pnl for trade in rest):,.2f}" in section.locator(".count").inner_text()
        choose("reason", "end_of_data")
        choose("result", "losers")
        section.locator(".clear").click()
        # A press is handled when the browser gets to it; under load that is after this line.
        seen.page.wait_for_function(
            "count => document.querySelector('#trades').dataset.found === count", arg=str(len(every))
        )
        assert found() == len(every)
        section.locator(".more").click()
        assert section.locator("tbody tr").count() == min(250, len(every))
        assert seen.complaints == []


def test_no_trade_fits(chromium, report, result):
    """Filters that leave nothing say so instead of showing an empty table alone (B-46)."""
    reasons = {trade.exit_reason for one in result.strategy_results.values() for trade in one.trades}
    assert "take_profit" in reasons or "stop_loss" in reasons
    with Seen(chromium, report) as seen:
        section = seen.page.locator("#trades")
        section.locator("[data-filter=reason]").select_option("stop_loss")
        section.locator("[data-filter=result]").select_option("gain")
        winners = [
            trade
            for one in result.strategy_results.values()
            for trade in one.trades
            if trade.exit_reason == "stop_loss" and trade.pnl > 0
        ]
        told = section.locator(".count").inner_text()
        assert told.startswith(f"{len(winners)} of") if winners else told == "No trade fits these filters."


def test_headings_sort(chromium, report, result):
    """A click sorts by a column, the largest first, another turns it round; numbers sort as numbers (B-46)."""
    results = sorted(trade.pnl for one in result.strategy_results.values() for trade in one.trades)
    with Seen(chromium, report) as seen:
        heading = seen.page.locator("#trades thead button", has_text="result")
        first = seen.page.locator("#trades tbody tr").first.locator("td").nth(9)
        heading.click()
        assert first.get_attribute("title") == f"{results[-1].normalize():f}"
        heading.click()
        assert first.get_attribute("title") == f"{results[0].normalize():f}"
        assert seen.page.locator("#trades th[aria-sort=ascending]").inner_text().startswith("result")


def test_a_row_shows_its_trade(chromium, report):
    """A click on a trade brings its part of its chart; one button brings the whole period back (B-46)."""
    with Seen(chromium, report) as seen:
        row = seen.page.locator("#trades tbody tr").nth(7)
        symbol = row.locator("td").nth(2).inner_text()
        whole = seen.drawn()
        row.click()
        assert seen.page.locator("#chart-symbol").input_value() == symbol
        assert seen.count("#prices .trades.chosen") == 1
        assert 1 <= seen.drawn() < whole
        seen.page.locator("#prices .back").click()
        assert not seen.page.locator("#prices .back").is_visible()


def test_a_dragged_range_is_zoomed_into(chromium, report):
    """What is marked with the mouse fills the chart, a double click undoes it (B-51)."""
    with Seen(chromium, report) as seen:
        before = seen.page.locator("#equity .time").all_inner_texts()
        seen.drag("#equity", 400, 500)
        assert seen.page.locator("#equity .back").is_visible()
        assert seen.page.locator("#equity .time").all_inner_texts() != before
        seen.page.locator("#equity .canvas").dblclick()
        assert seen.page.locator("#equity .time").all_inner_texts() == before


def test_strategies_and_views_are_switched(chromium, report):
    """The legend hides a strategy, the choice above the chart shows equity, profit or per cent (B-05)."""
    with Seen(chromium, report) as seen:
        areas = seen.count("#equity .area")
        fast = seen.page.locator("#equity .legend button", has_text="Fast")
        fast.click()
        assert fast.get_attribute("aria-pressed") == "false"
        assert seen.count("#equity .area") < areas
        seen.page.locator("input[name=equity-view][value=growth]").check()
        assert "Return since the start" in seen.page.locator("#equity .title").all_text_contents()
        assert fast.get_attribute("aria-pressed") == "false"
        assert seen.page.locator("#attribution .detail").first.is_hidden()
        seen.page.locator("#attribution .tick input").check()
        assert seen.page.locator("#attribution .detail").first.is_visible()


def test_pointing_tells_the_values(chromium, report):
    """The pointer reads time and values of every strategy from the chart (B-05)."""
    with Seen(chromium, report) as seen:
        box = seen.page.locator("#equity .canvas").bounding_box()
        seen.page.mouse.move(box["x"] + box["width"] - 9, box["y"] + 100)
        told = seen.page.locator("#equity .tip").inner_text()
        assert told.startswith("2022-04-1")
        assert "Fast" in told
        assert "Drawdown" in told
        seen.page.mouse.move(5, 5)
        assert not seen.page.locator("#equity .tip").is_visible()


def test_paper_is_light_and_has_everything(chromium, report):
    """Printed from a dark screen the page is black on white, without controls, with all charts (B-51)."""
    with Seen(chromium, report, theme="dark") as seen:
        pages = seen.page.pdf(format="A4")
        assert pages.startswith(b"%PDF")
        assert len(pages) > 50_000
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not seen.page.locator("nav").is_visible()
        assert not seen.page.locator(".filters").is_visible()
        assert seen.count(".plot svg:not(.sign)") == seen.count(".plot")
