"""What a run prints on a terminal."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from rich.console import Console

from podium.report.progress import RunProgress, rate_text, waiting
from podium.report.terminal import print_checked, print_comparison, print_line, print_refusals, terminal_console
from podium.stats.aligned import display_width
from podium.stats.comparison import ComparisonRow, ComparisonTable, RowKind

NANOSECONDS = 1_000_000_000
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def row(strategy_id, kind=RowKind.STRATEGY, total_return=0.224, blocked=3):
    return ComparisonRow(
        kind=kind,
        strategy_id=strategy_id,
        allocated_capital=Decimal(50_000),
        final_equity=Decimal("61204.18"),
        total_return=total_return,
        sharpe_ratio=1.12,
        max_drawdown=0.118,
        win_rate=0.431,
        total_trades=212,
        capital_limit_blocks=blocked,
        equity=tuple(float(value) for value in range(64)),
    )


def table(name="trend"):
    return ComparisonTable.of(
        [row(name), row("reversal", total_return=-0.063, blocked=0)],
        unallocated=Decimal(20_000),
        portfolio=row("portfolio", RowKind.PORTFOLIO),
        currency="USDT",
    )


def printed(action, *, width=120, terminal=True, colours=None, encoding="utf-8"):
    buffer = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = Console(
        file=buffer, width=width, force_terminal=terminal, color_system=colours, markup=False, highlight=False,
        soft_wrap=True, legacy_windows=False, _environ={},
    )  # fmt: skip
    action(console)
    buffer.flush()
    return buffer.buffer.getvalue().decode(encoding)


def test_the_table_on_a_terminal_reads_as_promised():
    """The columns and the order of rows of the comparison table, sparkline included (B-13, B-51)."""
    assert printed(lambda console: print_comparison(console, table()), width=108).splitlines() == [
        "  strategy      allocated   final equity   return   Sharpe   max DD   win rate   trades   blocked   equity",
        "  trend         50,000.00      61,204.18   22.4 %     1.12   11.8 %     43.1 %      212         3   ▁▂▃▄▅▆▇▇",
        "  reversal      50,000.00      61,204.18   -6.3 %     1.12   11.8 %     43.1 %      212         0   ▁▂▃▄▅▆▇▇",
        "  unallocated   20,000.00      20,000.00    0.0 %                                                   ▁▁▁▁▁▁▁▁",
        "  portfolio     50,000.00      61,204.18   22.4 %     1.12   11.8 %     43.1 %      212         3   ▁▂▃▄▅▆▇▇",
    ]


@pytest.mark.parametrize(
    "name", ["x", "trend", "a_strategy_with_a_rather_long_name_that_goes_on", "日本株モメンタム戦略の長い名前"]
)
@pytest.mark.parametrize("width", range(60, 171, 5))
def test_the_table_fits_every_terminal(width, name):
    """No line is wider than the terminal, no number is cut, and columns left out are named (B-51)."""
    lines = printed(lambda console: print_comparison(console, table(name)), width=width).splitlines()
    assert max(display_width(line) for line in lines) <= width
    assert sum("61,204.18" in line for line in lines) == 3
    shown = lines[0]
    left_out = " ".join(lines[5:])
    for heading in (
        "allocated",
        "final equity",
        "return",
        "Sharpe",
        "max DD",
        "win rate",
        "trades",
        "blocked",
        "equity",
    ):
        assert heading in shown or heading in left_out


def test_eighty_columns_keep_what_matters():
    """At 80 columns the return, the Sharpe ratio, the drawdown, the win rate, trades and blocks are there (B-13)."""
    heading = printed(lambda console: print_comparison(console, table()), width=80).splitlines()[0]
    assert " ".join(heading.split()) == "strategy final equity return Sharpe max DD win rate trades blocked"


def test_what_is_piped_is_whole():
    """Without a terminal nothing is left out, whatever the width is said to be (B-51)."""
    text = printed(lambda console: print_comparison(console, table()), width=40, terminal=False)
    assert "allocated" in text.splitlines()[0]
    assert "▁▂▃▄▅▆▇▇" in text
    assert "not shown" not in text


def test_colours_say_nothing_that_words_do_not():
    """Without its escapes the coloured table is the plain one (B-51)."""
    plain = printed(lambda console: print_comparison(console, table()))
    coloured = printed(lambda console: print_comparison(console, table()), colours="standard")
    assert coloured != plain
    assert ESCAPE.sub("", coloured) == plain
    assert "\x1b[31m-6.3 %" in coloured
    assert "\x1b[32m22.4 %" in coloured


def test_no_color_is_honoured(monkeypatch):
    """NO_COLOR leaves no colour in the output, also when colour is forced (B-51)."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = terminal_console()
    with console.capture() as captured:
        print_comparison(console, table())
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", captured.get())
    assert terminal_console(stderr=True).stderr


def test_a_terminal_without_blocks_gets_plain_signs():
    """In ASCII the sparkline is drawn with plain signs, and columns stay in place (B-51)."""
    lines = printed(lambda console: print_comparison(console, table("日本")), width=108, encoding="ascii").splitlines()
    assert lines[1].startswith("  ????          50,000.00")
    assert lines[1].endswith(" _.-=+*##")
    assert lines[3].endswith(" ________")


def test_names_are_printed_not_obeyed():
    """Markup and escapes in a name are shown, not followed (B-51)."""
    text = printed(lambda console: print_comparison(console, table("[red]x\x1b[2J")), terminal=False)
    assert "[red]x�[2J" in text
    assert "\x1b[2J" not in text


def test_the_checked_line():
    """What was read, over which days, and how to see the warnings."""
    text = printed(
        lambda console: print_checked(
            console,
            strategies=2,
            symbols=1,
            bars=52_560,
            first_nanoseconds=(1_640_995_200 + 3600) * NANOSECONDS,
            last_nanoseconds=1_735_689_600 * NANOSECONDS,
            warnings=3,
            check_command="podium data check bars/",
        )
    )
    assert text == (
        "  checked   2 strategies, 1 symbol, 52,560 bars 2022-01-01 … 2024-12-31 UTC"
        "   3 warnings (podium data check bars/)\n"
    )


def test_what_limits_refused_is_one_line():
    """The most first; nothing where there is nothing (A-26, B-23)."""
    refusals = {"open_positions": 1234, "drawdown": 1}
    assert printed(lambda console: print_refusals(console, refusals)) == (
        "  limits    refused 1,235 entries: 1,234 open_positions, 1 drawdown\n"
    )
    assert printed(lambda console: print_refusals(console, {})) == ""


def test_a_line_without_warnings_ends_after_its_text():
    """No warning, no trailing words."""
    assert printed(lambda console: print_line(console, "report", "runs/a/report.html")) == (
        "  report    runs/a/report.html\n"
    )


@pytest.mark.parametrize(
    ("strategy_bars", "seconds", "text"),
    [
        (31_200_000, 1.0, "31.2 M strategy-bars/s"),
        (812_345, 1.0, "812.3 k strategy-bars/s"),
        (90, 2.0, "45 strategy-bars/s"),
        (0, 2.0, ""),
        (5, 0.0, ""),
    ],
)
def test_speed_is_readable(strategy_bars, seconds, text):
    """Millions, thousands or plain, with the unit."""
    assert rate_text(strategy_bars, seconds) == text


def test_progress_on_a_terminal_shows_bar_and_speed():
    """A bar, a percentage, strategy-bars per second and a time."""

    def run(console):
        with RunProgress(console, 1000) as progress:
            progress.update(400)
            progress.update(1000)

    text = ESCAPE.sub("", printed(run))
    last = re.split(r"[\r\n]+", text.strip())[-1].strip()
    assert re.fullmatch(r"running   ━{20} 100%  [\d.,]+ [Mk]? ?strategy-bars/s  \d:\d\d:\d\d", last), last


@pytest.mark.parametrize("width", [*range(18, 90, 3), 54, 79, 200])
def test_progress_stays_on_one_line_of_a_narrow_terminal(width):
    """A narrow terminal loses the speed, then the bar, then the time, never a digit."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, soft_wrap=True, color_system=None)
    with RunProgress(console, 1000) as progress:
        for done in (10, 400, 1000):
            progress.update(done)
            progress._progress.refresh()
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPE.sub("", out.getvalue())) if line.strip()]
    assert max(map(len, lines)) <= width
    assert all(line.startswith("  running") for line in lines)
    assert not any("…" in line for line in lines)
    last = lines[-1]
    assert "100%" in last
    assert [width >= 33, width >= 54, width >= 79] == ["0:00:00" in last, "━" * 20 in last, "strategy-bars/s" in last]


def test_progress_without_a_terminal_is_one_line_at_the_end():
    """Piped output is not filled with bars; an unfinished run claims nothing."""

    def run(console):
        with RunProgress(console, 1000) as progress:
            progress.update(400)
            progress.update(1000)

    text = printed(run, terminal=False)
    assert re.fullmatch(r"  completed [\d.,]+ [Mk]? ?strategy-bars/s  \d:\d\d:\d\d\n", text), text

    def broken(console):
        with RunProgress(console, 1000) as progress:
            progress.update(400)

    assert printed(broken, terminal=False) == ""


def test_progress_can_be_switched_off():
    """With --no-progress nothing is shown, on a terminal or not."""

    def run(console):
        with RunProgress(console, 10, enabled=False) as progress:
            progress.update(10)

    assert printed(run) == printed(run, terminal=False) == ""


def test_waiting_says_for_what():
    """The first run says that it compiles."""

    def wait(console):
        with waiting(console, "compiling the engine, once"):
            pass

    assert printed(wait, terminal=False) == "  waiting   compiling the engine, once\n"
    assert "compiling the engine, once" in printed(wait)
