"""Run coded strategies: one instance per cell, called at the close of each of its bars."""

from __future__ import annotations

import inspect
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import ConfigurationError, InputError, Location, Problem, StrategyFailed
from podium.core.instruments import Instrument
from podium.core.places import shown_path
from podium.core.times import Timeframe, iso
from podium.core.validation import show
from podium.engine.engine import Engine
from podium.rules.nodes import Node
from podium.strategy.base import Strategy
from podium.strategy.copies import own_copy
from podium.strategy.desk import Desk
from podium.strategy.rules_class import attributes_of, params_of
from podium.strategy.views import BarView, ConditionView, Cursor, SeriesView, TimedColumns

__all__ = ["CodedCell", "CodedInput", "check_coded", "declared_expressions", "run_coded"]

_PLAIN = (bool, int, float, complex, str, bytes, Decimal, type(None), np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodedInput:
    """Say what a coded strategy needs on one symbol.

    Args:
        strategy_id: whose cell it is.
        strategy: the user's instance; each cell works on its own copy.
        cell_index: which cell of the engine.
        columns: the bars it decides on (of its own time frame).
        values: its declared expressions by attribute name, shape ``(bars,)`` each.
        steps: at which step of the timeline each of its bars is known, shape ``(bars,)``.
        warm_up: bars before the first call: its expressions are known then, and it has waited as long as it says.
    """

    strategy_id: str
    strategy: Strategy
    cell_index: int
    columns: TimedColumns
    values: Mapping[str, NDArray[np.float64] | NDArray[np.uint8]]
    steps: NDArray[np.int64]
    warm_up: int


def declared_expressions(strategy: Strategy) -> dict[str, Node]:
    """Find the expressions a coded strategy declares, with its parameters bound.

    Args:
        strategy: an instance.

    Returns:
        Expressions by attribute name.

    Raises:
        RuleError: when a parameter is unknown.
    """
    attributes = attributes_of(strategy)
    params = params_of(strategy)
    return {name: value.bind(params) for name, value in attributes.items() if isinstance(value, Node)}


class CodedCell:
    """Be one coded strategy on one symbol.

    Args:
        given: what it needs.
        engine: the run's engine.
        instrument: the symbol's instrument.
    """

    def __init__(self, given: CodedInput, engine: Engine, instrument: Instrument) -> None:
        self.given = given
        self.cursor = Cursor()
        self.strategy = own_copy(given.strategy)
        self.desk = Desk(engine=engine, cell_index=given.cell_index, instrument=instrument, cursor=self.cursor)
        self.strategy.attach(self.desk)
        self.show(given.columns, given.values)
        # Of several bars that become known together only the newest is decided on, as rules do; the others are history.
        is_newest = np.diff(given.steps, append=-1) != 0
        self._rows = np.flatnonzero(is_newest[given.warm_up :]) + given.warm_up
        self._steps = given.steps[self._rows]
        self._next = 0

    def show(self, columns: TimedColumns, values: Mapping[str, NDArray[np.float64] | NDArray[np.uint8]]) -> None:
        """Let the strategy see bars and its expressions; what lies behind the current one stays out of its sight.

        Args:
            columns: the bars.
            values: by attribute name, shape ``(bars,)``.
        """
        for name, series in values.items():
            setattr(self.strategy, name, _view(series, self.cursor))
        self.bar = BarView(columns, self.cursor)

    def decide(self, row: int, step: int) -> None:
        """Let the strategy decide at one bar; the engine stands before the decision of its step.

        Args:
            row: of its own bars.
            step: of the run.

        Raises:
            StrategyFailed: when it raises.
        """
        self.cursor.row, self.cursor.step = row, step
        try:
            self.strategy.on_bar(self.bar)
        except (Exception, SystemExit) as error:
            raise _failed(self, error) from error

    def state(self) -> dict[str, Any]:  # Any: whatever plain values the strategy keeps
        """Give what the strategy remembers: its own attributes, without what it is shown."""
        return {name: value for name, value in self.strategy.remembered().items() if name not in self.given.values}

    def restore(self, state: Mapping[str, Any]) -> None:  # Any: as ``state`` gives
        """Let the strategy remember.

        Args:
            state: what ``state`` gave.
        """
        self.strategy.remember(state)
        self.desk.forget()

    def rows_before(self, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the rows of the bars to decide on that are known before a step, from the last call on.

        Args:
            stop: a step.

        Returns:
            Rows and the steps at which they are known; those before its warm-up are left out.
        """
        part = slice(self._next, int(np.searchsorted(self._steps, stop)))
        self._next = part.stop
        return self._rows[part], self._steps[part]


def _view(values: NDArray[np.float64] | NDArray[np.uint8], cursor: Cursor) -> SeriesView | ConditionView:
    if values.dtype == np.float64:
        return SeriesView(values, cursor)  # type: ignore[arg-type]  # the line above says it
    return ConditionView(values, cursor)  # type: ignore[arg-type]  # likewise


def run_coded(
    cells: Sequence[CodedCell], engine: Engine, stop: int, pressed: Sequence[int] = (), *, lazy: bool
) -> bool:
    """Let coded cells decide at every bar before a step, in portfolio order within each step.

    Args:
        cells: all coded cells, in portfolio order.
        engine: the run's engine.
        stop: the step before which to stop; the engine may still have to advance to it.
        pressed: not empty once the run is to end: then the cells decide no further step.
        lazy: advance only when a cell reads or the commands are full.

    Returns:
        Whether they came to that step.

    Raises:
        StrategyFailed: when a strategy raises.
    """
    if not cells:
        return True
    if len(cells) == 1:
        return _run_one(cells[0], engine, stop, pressed, lazy=lazy)
    parts = [cell.rows_before(stop) for cell in cells]
    own_rows, steps = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    numbers = np.repeat(np.arange(len(cells)), [len(rows) for rows, _ in parts])
    order = np.argsort(steps, kind="stable")
    calls: list[tuple[Callable[[BarView], None], BarView, Cursor]] = [
        (cell.strategy.on_bar, cell.bar, cell.cursor) for cell in cells
    ]
    number = 0
    try:
        for step, number, row in zip(
            steps[order].tolist(), numbers[order].tolist(), own_rows[order].tolist(), strict=True
        ):
            if pressed and step > max(cell.cursor.step for cell in cells):
                return False
            on_bar, bar, cursor = calls[number]
            if not lazy:
                engine.advance(2 * step + 1)
            cursor.row, cursor.step = row, step
            on_bar(bar)
    except (Exception, SystemExit) as error:
        raise _failed(cells[number], error) from error
    return True


def _run_one(cell: CodedCell, engine: Engine, stop: int, pressed: Sequence[int], *, lazy: bool) -> bool:
    """Run the usual case without looking for whose turn it is."""
    on_bar, bar, cursor = cell.strategy.on_bar, cell.bar, cell.cursor
    rows, steps = cell.rows_before(stop)
    try:
        for row, step in zip(rows.tolist(), steps.tolist(), strict=True):
            if pressed:
                return False
            if not lazy:
                engine.advance(2 * step + 1)
            cursor.row, cursor.step = row, step
            on_bar(bar)
    except (Exception, SystemExit) as error:
        raise _failed(cell, error) from error
    return True


def _failed(cell: CodedCell, error: BaseException) -> BaseException:
    """Say whose code failed where; what the strategy asked for wrongly is the user's input.

    To leave the program is not the strategy's to decide either.
    """
    given = cell.given
    time = iso(int(given.columns.close_time[cell.cursor.row]))
    if isinstance(error, InputError):
        where = f"strategy '{given.strategy_id}' on {given.columns.symbol} at {time}"
        line = _line_of(error)
        return type(error)(
            [
                replace(problem, message=f"{where}: {problem.message}", location=problem.location or line)
                for problem in error.problems
            ]
        )
    if not type(error).__module__.startswith("podium."):
        return StrategyFailed(
            strategy_id=given.strategy_id,
            symbol=given.columns.symbol,
            time=time,
            cause=error,
            location=_line_of(error),
        )
    return error


def _line_of(error: BaseException) -> Location | None:
    """Find the innermost line that is neither Podium's nor a library's: the user's own."""
    here, installed = Path(__file__).parents[1], Path(sysconfig.get_paths()["purelib"])
    found: Location | None = None
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_file() and not path.is_relative_to(here) and not path.is_relative_to(installed):
            found = Location(file=shown_path(path), line=frame.lineno)
    return found


def check_coded(strategy: Strategy, strategy_id: str) -> None:
    """Check what can be known of a coded strategy before it runs.

    Args:
        strategy: an instance.
        strategy_id: its id, for the message.

    Raises:
        ConfigurationError: when it holds what cannot be part of a snapshot, or its time frame or warm-up is none.
        RuleError: when an expression names an unknown parameter.
    """
    declared_expressions(strategy)
    if isinstance(timeframe := getattr(strategy, "timeframe", None), str):
        Timeframe.parse(timeframe)
    title = type(strategy).__name__
    _refuse_signature(strategy, strategy_id)
    warm_up: object = strategy.warm_up
    if isinstance(warm_up, bool) or not isinstance(warm_up, Integral) or warm_up < 0:
        raise ConfigurationError(
            Problem(
                message=f"strategy '{strategy_id}': {title}.warm_up is {show(warm_up)}",
                expected="a whole number of bars, 0 or more",
            )
        )
    problems = [
        Problem(
            message=f"strategy '{strategy_id}': {title}.{name} is a {type(value).__name__}",
            expected="plain values, lists, dicts, sets or arrays: they are part of a snapshot",
            hint="make it inside on_bar, or keep it in a module",
        )
        for name, value in vars(strategy).items()
        if not _is_plain(value)
    ]
    if problems:
        raise ConfigurationError(problems)


def _refuse_signature(strategy: Strategy, strategy_id: str) -> None:
    """Refuse an ``on_bar`` that cannot be called with a bar before anything runs."""
    try:
        inspect.signature(strategy.on_bar).bind(None)
    except TypeError as error:
        code = getattr(type(strategy).on_bar, "__code__", None)
        raise ConfigurationError(
            Problem(
                message=f"strategy '{strategy_id}': {type(strategy).__name__}.on_bar cannot be called with a bar",
                location=code and Location(file=shown_path(Path(code.co_filename)), line=code.co_firstlineno),
                expected="def on_bar(self, bar)",
            )
        ) from error


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, Mapping):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind != "O")
    return isinstance(value, (*_PLAIN, Node))
