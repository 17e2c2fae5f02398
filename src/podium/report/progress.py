"""How far a run is: a bar, strategy-bars per second, the time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.table import Column
from rich.text import Text

from podium.report.terminal import print_line

__all__ = ["RunProgress", "rate_text", "waiting"]

#: How wide a terminal must be for the time left, the bar and the speed, each with what comes before it.
_TIME_FROM, _BAR_FROM, _RATE_FROM = 33, 54, 79


def rate_text(strategy_bars: float, seconds: float) -> str:
    """Print a speed.

    Args:
        strategy_bars: bars times strategies that were worked off.
        seconds: in how long.

    Returns:
        For example ``31.2 M strategy-bars/s``; an empty text before any time passed.
    """
    if seconds <= 0 or strategy_bars <= 0:
        return ""
    rate = strategy_bars / seconds
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if rate >= limit:
            return f"{rate / limit:,.1f}{unit} strategy-bars/s"
    return f"{rate:,.0f} strategy-bars/s"


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        elapsed = task.finished_time if task.finished_time is not None else task.elapsed
        return Text(" " + rate_text(task.completed, elapsed or 0.0))


class _TimeLeft(ProgressColumn):
    def render(self, task: Task) -> Text:
        if task.finished:
            return Text(" " + _clock_text(task.finished_time or 0.0))
        return Text(f" {_clock_text(task.time_remaining)} left" if task.time_remaining is not None else "")


def _fitting(width: int) -> list[ProgressColumn]:
    """Give the columns for which a terminal has room, so that the line never wraps: the speed goes first."""
    shown: list[tuple[ProgressColumn, int]] = [
        (TextColumn("  [dim]running[/dim]  ", table_column=_whole()), 0),
        (BarColumn(bar_width=20, complete_style="cyan", finished_style="green"), _BAR_FROM),
        (TaskProgressColumn(table_column=_whole()), 0),
        (_Rate(_whole()), _RATE_FROM),
        (_TimeLeft(_whole()), _TIME_FROM),
    ]
    return [column for column, least in shown if width >= least]


def _whole() -> Column:
    """Keep a cell on its line, also where the terminal was made narrower meanwhile."""
    return Column(no_wrap=True)


class RunProgress:
    """Show how far a run is while the ``with`` block lasts.

    On a terminal a bar moves; elsewhere one line is printed at the end of a run that was completed.

    Args:
        console: where; the error stream, so that results can be piped.
        strategy_bars: the whole work: bars times strategies.
        enabled: whether to show anything.
    """

    def __init__(self, console: Console, strategy_bars: int, *, enabled: bool = True) -> None:
        self._console = console
        self._enabled = enabled
        self._progress = Progress(
            *_fitting(console.width),
            console=console,
            disable=not (enabled and console.is_terminal),
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=strategy_bars)

    def update(self, strategy_bars: int) -> None:
        """Say how much is done.

        Args:
            strategy_bars: what is done so far, of the whole.
        """
        self._progress.update(self._task, completed=strategy_bars)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
        task = self._progress.tasks[0]
        if self._enabled and not self._console.is_terminal and task.finished:
            elapsed = task.finished_time or 0.0
            speed = rate_text(task.completed, elapsed)
            print_line(self._console, "completed", "  ".join(filter(None, (speed, _clock_text(elapsed)))))


@contextmanager
def waiting(console: Console, what: str) -> Iterator[None]:
    """Say what a run waits for, such as compiling the engine for the first time.

    Args:
        console: where.
        what: the reason, as a short phrase.

    Yields:
        Nothing; the wait ends with the block.
    """
    if console.is_terminal:
        with console.status(Text(f"waiting   {what}")):
            yield
    else:
        print_line(console, "waiting", what)
        yield
