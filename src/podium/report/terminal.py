"""What a run prints: the line of what was checked, the comparison table, where the report is.

Colours only repeat what signs and words say, and are off where ``NO_COLOR`` is set or the output is no terminal. A
narrow terminal loses columns, each named below the table, never digits; output that is no terminal gets the whole
table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from podium.backtest.attribution import Attribution
from podium.core.times import from_nanoseconds
from podium.stats.aligned import aligned, display_width, harmless, padded, shortened
from podium.stats.comparison import Column, ComparisonRow, ComparisonTable, RowKind, lefts
from podium.stats.sparkline import ASCII_MARKS, BLOCK_MARKS, sparkline

__all__ = ["print_attribution", "print_checked", "print_comparison", "print_line", "print_refusals", "terminal_console"]

_INDENT = 2
#: Where the text of a line such as ``  report    …`` begins, behind its label.
_LABEL_WIDTH = 10
#: Columns that a narrow terminal loses, the first one first; the others are what the table is for.
_EXPENDABLE = ("allocated_capital", "equity", "capital_limit_blocks", "win_rate", "total_trades", "sharpe_ratio")
_NAME_WIDTH_MIN = 12
_SPARKLINE_WIDTH, _SPARKLINE_WIDTH_MAX = 8, 24
_PLAIN = str.maketrans(BLOCK_MARKS + "…━–−", ASCII_MARKS + ".---")


def terminal_console(*, stderr: bool = False) -> Console:
    """Open the terminal.

    Args:
        stderr: whether to write to the error stream: everything that is not the result itself.

    Returns:
        A console without markup and highlighting, so that names are printed as they are.
    """
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def print_line(console: Console, label: str, text: str, *, warning: str = "") -> None:
    """Print a labelled line such as ``  report    runs/demo/report.html``.

    Args:
        console: where.
        label: one word.
        text: what to say.
        warning: what to say behind it that asks for attention.
    """
    line = Text(" " * _INDENT)
    line.append(padded(label, _LABEL_WIDTH, right=False), style="dim")
    line.append(_shown(console, harmless(text)))
    if warning:
        line.append("   " + _shown(console, harmless(warning)), style="yellow")
    console.print(line)


def print_checked(
    console: Console,
    *,
    strategies: int,
    symbols: int,
    bars: int,
    first_nanoseconds: int,
    last_nanoseconds: int,
    warnings: int,
    check_command: str = "",
) -> None:
    """Print what was read and found in order.

    Args:
        console: where.
        strategies: how many.
        symbols: how many.
        bars: how many, of all symbols.
        first_nanoseconds: the close of the first bar, since 1970 UTC.
        last_nanoseconds: the close of the last one.
        warnings: how many flaws of the data were noted.
        check_command: the command that lists them.
    """
    # A bar that closes at midnight belongs to the day before.
    first, last = (from_nanoseconds(time - 1).date() for time in (first_nanoseconds, last_nanoseconds))
    counts = f"{_counted(strategies, 'strategy', 'strategies')}, {_counted(symbols, 'symbol', 'symbols')}"
    text = f"{counts}, {_counted(bars, 'bar', 'bars')} {first} … {last} UTC"
    command = f" ({check_command})" if check_command else ""
    warning = f"{_counted(warnings, 'warning', 'warnings')}{command}" if warnings else ""
    print_line(console, "checked", text, warning=warning)


def print_comparison(console: Console, table: ComparisonTable) -> None:
    """Print the comparison table in the width of the terminal.

    Args:
        console: where; when it is no terminal the table is printed whole.
        table: what.
    """
    columns, gap, name_width = _layout(table, console.width if console.is_terminal else None)
    texts = [[shortened(name, name_width), *cells] for name, *cells in table.texts(columns)]
    texts = [[_shown(console, cell) for cell in row] for row in texts]
    for number, line in enumerate(aligned(texts, left=lefts(columns), gap=gap, indent=_INDENT)):
        row = table.rows[number - 1] if number else None
        console.print(_styled(line, texts[number], columns, row))
    left_out = [column.heading for column in table.columns if column.name not in {shown.name for shown in columns}]
    if left_out:
        margin = " " * _INDENT
        note = f"not shown at this width: {', '.join(left_out)}"
        lines = textwrap.wrap(note, console.width, initial_indent=margin, subsequent_indent=margin)
        console.print(Text("\n".join(lines), style="dim"))


def print_refusals(console: Console, refusals: Mapping[str, int]) -> None:
    """Print how many entries limits refused, such as ``  limits    refused 12 entries: 9 open_positions, 3 drawdown``.

    Args:
        console: where.
        refusals: how many by limit; of none nothing is said.
    """
    if refusals:
        counts = ", ".join(f"{count:,} {name}" for name, count in refusals.items())
        print_line(console, "limits", f"refused {_counted(sum(refusals.values()), 'entry', 'entries')}: {counts}")


def print_attribution(console: Console, attribution: Attribution) -> None:
    """Print what each strategy's result is made of, by reason.

    Args:
        console: where.
        attribution: what.
    """
    heading, *lines, whole = (_shown(console, line) for line in attribution.lines(indent=_INDENT))
    console.print(Text(heading, style="dim"))
    for line in lines:
        console.print(Text(line))
    console.print(Text(whole, style="bold"))


def _layout(table: ComparisonTable, width: int | None) -> tuple[Sequence[Column], int, int]:
    columns = list(table.columns)
    unlimited = max(display_width(row[0]) for row in table.texts())
    if width is None:
        return columns, 3, unlimited
    full = _width(table, columns, 3)
    if full <= width:
        wider = min(_SPARKLINE_WIDTH + width - full, _SPARKLINE_WIDTH_MAX)
        return [_widened(column, wider) for column in columns], 3, unlimited
    for name in (None, *_EXPENDABLE):
        columns = [column for column in columns if column.name != name]
        for gap in (3, 2):
            if _width(table, columns, gap) <= width:
                return columns, gap, unlimited
        # A long name is cut before a further column goes, as long as enough of it is left.
        shorter = unlimited - (_width(table, columns, 2) - width)
        if shorter >= min(unlimited, _NAME_WIDTH_MIN):
            return columns, 2, shorter
    return columns, 2, min(unlimited, _NAME_WIDTH_MIN)


def _width(table: ComparisonTable, columns: Sequence[Column], gap: int) -> int:
    return max(display_width(line) for line in table.lines(columns, gap=gap, indent=_INDENT))


def _widened(column: Column, width: int) -> Column:
    return replace(column, text=lambda row, _: sparkline(row.equity, width)) if column.name == "equity" else column


def _styled(line: str, cells: Sequence[str], columns: Sequence[Column], row: ComparisonRow | None) -> Text:
    if row is None:
        return Text(line, style="dim")
    styled = Text(line, style="bold" if row.kind is RowKind.PORTFOLIO else "")
    place = 0
    for cell, column in zip(cells, columns, strict=True):
        place = line.index(cell, place)
        styled.stylize(_style(column.name, row), place, place + len(cell))
        place += len(cell)
    return styled


def _style(name: str, row: ComparisonRow) -> str:
    if name == "total_return" and row.total_return:
        return "green" if row.total_return > 0 else "red"
    if name == "capital_limit_blocks" and row.capital_limit_blocks:
        return "yellow"
    if name == "equity":
        return "cyan"
    return ""


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _shown(console: Console, text: str) -> str:
    """Replace what the terminal's encoding lacks by plain signs of the same width."""
    if console.encoding.lower().startswith("utf"):
        return text
    signs = (sign if _has(console, sign) else "?" * display_width(sign) for sign in text.translate(_PLAIN))
    return "".join(signs)


def _has(console: Console, sign: str) -> bool:
    return sign.encode(console.encoding, "ignore") != b""
