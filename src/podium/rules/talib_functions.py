"""TA-Lib's functions in the rule language, registered from what TA-Lib says about itself.

* A call takes TA-Lib's own parameters under their own names. Price series that TA-Lib reads from the bar (``high``,
  ``low``, …) are meant when not given and can be given by keyword; other inputs are given first.
* A value is unknown for the bars of TA-Lib's own lookback (its unstable period is 0). Not finite is unknown.
* A value inside TA-Lib would poison all later ones when it is NaN. So an input that is unknown *after* it has been
  known holds its last known value; bars before every input is known are not given to TA-Lib at all.
* A zero has no sign: where -0.0 and 0.0 tie, TA-Lib's plain functions and streams choose differently.
* Opening uses the plain functions; carrying forward uses TA-Lib's stream handles, which give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from podium.rules.arithmetic_kernel import first_known, hold_last, unknown_unless_finite
from podium.rules.deferred_pandas import deferred_pandas
from podium.rules.functions import Array, Function, FunctionInput, FunctionParameter
from podium.rules.nodes import SERIES_NAMES, Kind

with deferred_pandas():
    import talib
    from talib import abstract, stream

__all__ = ["talib_functions"]

# TA-Lib's stubs leave these two out.
_described: Final[Any] = vars(abstract)["Function"]
_names: Final[Callable[[], list[str]]] = vars(talib)["get_functions"]
# Parts of TA-Lib's output names that carry no meaning once the function is named.
_SUFFIXES: Final = ("band", "power", "vi", "idx")
_PREFIXES: Final = ("slow", "fast", "swing")


def talib_functions() -> list[Function]:
    """Give every function of the installed TA-Lib.

    Returns:
        In TA-Lib's order.
    """
    return [_registered(name) for name in _names()]


def _registered(name: str) -> Function:
    info: Mapping[str, Any] = _described(name.lower()).info  # Any: TA-Lib's own description, untyped
    parameters = tuple(
        FunctionParameter(name=key, default=float(value), is_whole=isinstance(value, int))
        for key, value in info["parameters"].items()
    )
    is_whole = tuple(entry.is_whole for entry in parameters)
    outputs = tuple(info["output_names"])

    def warm_up(values: tuple[float, ...]) -> int:
        return _lookback(name, _arguments(values, is_whole))

    def whole(inputs: tuple[Array, ...], values: tuple[float, ...]) -> tuple[Array, ...]:
        return _on_history(getattr(talib, name), inputs, _arguments(values, is_whole), warm_up(values), len(outputs))

    def evaluation(values: tuple[float, ...]) -> _TalibEvaluation:
        return _TalibEvaluation(name, _arguments(values, is_whole), warm_up(values), len(outputs))

    return Function(
        name=name.lower(),
        summary=info["display_name"],
        group=info["group"],
        inputs=_inputs(info["input_names"]),
        parameters=parameters,
        outputs=outputs,
        aliases=_aliases(name.lower(), outputs),
        kind=Kind.NUMBER,
        warm_up=warm_up,
        whole=whole,
        evaluation=evaluation,
        limits=lambda index: _limits(name, index),
    )


def _inputs(described: Mapping[str, str | list[str]]) -> tuple[FunctionInput, ...]:
    found: list[FunctionInput] = []
    for name, series in described.items():
        if isinstance(series, str):
            found.append(FunctionInput(name=name))
        else:
            found.extend(FunctionInput(name=each, default=each) for each in series if each in SERIES_NAMES)
    return tuple(found)


def _aliases(name: str, outputs: tuple[str, ...]) -> dict[str, str]:
    if len(outputs) == 1:
        return {}
    found: dict[str, str] = {}
    for output in outputs:
        short = output
        for part in (name, outputs[0], *_PREFIXES):
            short = short.removeprefix(part) or short
        for part in (outputs[0], *_SUFFIXES):
            short = short.removesuffix(part) or short
        if short != output and short not in outputs and short not in found:
            found[short] = output
    return found


def _arguments(values: tuple[float, ...], is_whole: tuple[bool, ...]) -> tuple[float, ...]:
    return tuple(int(value) if whole else value for value, whole in zip(values, is_whole, strict=True))


@cache
def _lookback(name: str, arguments: tuple[float, ...]) -> int:
    if any(isinstance(value, int) and abs(value) >= 2**31 for value in arguments):
        return -1
    return int(_described(name.lower(), *arguments).lookback)


@cache
def _limits(name: str, index: int) -> tuple[float | None, float | None]:
    """Find a parameter's range by asking TA-Lib, which states none, whether it would take a value."""
    defaults = list(_described(name.lower()).info["parameters"].values())
    is_whole = isinstance(defaults[index], int)

    def takes(value: float) -> bool:
        tried = [*defaults[:index], int(value) if is_whole else float(value), *defaults[index + 1 :]]
        return _lookback(name, tuple(tried)) >= 0

    return _edge(takes, defaults[index], -1, is_whole), _edge(takes, defaults[index], 1, is_whole)


def _edge(takes: Callable[[float], bool], inside: float, sign: int, is_whole: bool) -> float | None:
    steps = [10.0**power for power in range(0 if is_whole else -3, 10)]
    beyond = next((inside + sign * step for step in steps if not takes(inside + sign * step)), None)
    if beyond is None:
        return None
    precision = 1.0 if is_whole else 1e-9
    while abs(beyond - inside) > precision:
        middle = (inside + beyond) / 2 if not is_whole else float((inside + beyond) // 2)
        inside, beyond = (middle, beyond) if takes(middle) else (inside, middle)
    return round(inside, 6) + 0.0


def _all_finite(values: Array) -> bool:
    """Tell by their sum that all numbers are finite, which costs a third of looking at each; False proves nothing."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(values.sum())


def _held(values: Array) -> tuple[Array, int]:
    """Fill gaps with the last known value; tell the first known bar (the number of bars if there is none)."""
    if _all_finite(values):
        return values, 0
    first, has_gap = first_known(values)
    if has_gap:
        values = values.copy()
        hold_last(values, first)
    return values, first


def _on_history(
    plain: Callable[..., Any],  # Any: an array or a tuple of arrays
    inputs: tuple[Array, ...],
    arguments: tuple[float, ...],
    warm_up: int,
    outputs: int,
) -> tuple[Array, ...]:
    bars = len(inputs[0])
    held = [_held(values) for values in inputs]
    known_from = max(first for _, first in held) + warm_up
    if known_from >= bars:
        return tuple(np.full(bars, np.nan) for _ in range(outputs))
    result = plain(*(values for values, _ in held), *arguments)
    return tuple(_numbers(each, known_from) for each in (result if outputs > 1 else (result,)))


def _numbers(values: Array, known_from: int) -> Array:
    if values.dtype != np.float64:
        values = values.astype(np.float64)
        values[:known_from] = np.nan
    unknown_unless_finite(values)
    return values


class _TalibEvaluation:
    """Carry a TA-Lib stream handle forward."""

    def __init__(self, name: str, arguments: tuple[float, ...], warm_up: int, outputs: int) -> None:
        self._opener: Any = getattr(stream, name)  # Any: the 201 classes share no typed base
        self._plain: Callable[..., Any] = getattr(talib, name)
        self._arguments, self._warm_up, self._outputs = arguments, warm_up, outputs
        self._handle: Any = None
        self._last: list[float] = []
        self._leading = 0
        self._history: list[list[float]] = []

    def advance(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        bars = len(inputs[0])
        if not self._last and bars > 1:
            return self._opened(inputs)
        self._last = self._last or [math.nan] * len(inputs)
        rows = [self._next([float(values[row]) for values in inputs]) for row in range(bars)]
        return tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)) or self._nothing(0)

    def _opened(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        held = [_held(values) for values in inputs]
        bars, first = len(inputs[0]), max(first for _, first in held)
        self._last = [float(values[-1]) if np.isfinite(values[-1]) else np.nan for values, _ in held]
        if first + self._warm_up >= bars:
            self._leading = min(first, bars)
            self._history = [[float(values[row]) for values, _ in held] for row in range(first, bars)]
            return self._nothing(bars)
        self._handle, result = self._opener.open_and_fill(*(values for values, _ in held), *self._arguments)
        results = result if self._outputs > 1 else (result,)
        return tuple(_numbers(each, first + self._warm_up) for each in results)

    def _nothing(self, bars: int) -> tuple[Array, ...]:
        return tuple(np.full(bars, np.nan) for _ in range(self._outputs))

    def _next(self, values: list[float]) -> list[float]:
        last = self._last
        for index, value in enumerate(values):
            if math.isfinite(value):
                last[index] = value
        if any(map(math.isnan, last)):
            self._leading += 1
            return [math.nan] * self._outputs
        if self._handle is None:
            self._history.append(last.copy())
            if len(self._history) <= self._warm_up:
                return [math.nan] * self._outputs
            # Indexes that some functions give count from the first bar, so the unknown bars before come along.
            columns = [
                np.array([math.nan] * self._leading + list(column)) for column in zip(*self._history, strict=True)
            ]
            self._handle, self._history = self._opener(*columns, *self._arguments), []
            result = self._handle.value
        else:
            result = self._handle.update(*last)
        results = result if self._outputs > 1 else (result,)
        return [float(each) + 0.0 if math.isfinite(each) else math.nan for each in results]
