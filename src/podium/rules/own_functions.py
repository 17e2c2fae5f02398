"""Causal functions that TA-Lib lacks.

Where TA-Lib's functions can say it, they do (``expansion``), so that a part shared with another rule is computed once.
The others are kernels that remember what they need from one chunk of bars to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

import podium.rules.window_kernel as kernels
from podium.rules.functions import Array, Evaluation, Function, FunctionInput, FunctionParameter, function
from podium.rules.nodes import Call, Kind, Node, Past

__all__ = ["own_functions"]

_EVENTS, _MEMORY, _NUMBERS = "Events", "Memory", "Numbers"
_CONDITION: Final = FunctionInput(name="condition", kind=Kind.CONDITION)
_SERIES: Final = FunctionInput(name="series")
_PAIR: Final = (FunctionInput(name="left"), FunctionInput(name="right"))


class _Remembering:
    """Feed chunks to a kernel together with what it remembers."""

    def __init__(self, kernel: Callable[..., None], kind: Kind, memory: list[float] | None) -> None:
        self._kernel = kernel
        self._memory = () if memory is None else (np.array(memory, dtype=np.float64),)
        self._type = np.float64 if kind is Kind.NUMBER else np.uint8

    def advance(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        out: Array = np.empty(len(inputs[0]), dtype=self._type)
        self._kernel(*inputs, *self._memory, out)
        return (out,)


class _Known:
    """Tell where a number or a condition is known."""

    def advance(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        out = np.empty(len(inputs[0]), dtype=np.uint8)
        is_number = inputs[0].dtype == np.float64
        (kernels.known_number if is_number else kernels.known_condition)(inputs[0], out)
        return (out,)


def _started(
    kernel: Callable[..., None],
    kind: Kind,
    memory: Callable[[tuple[float, ...]], list[float] | None] = lambda _values: None,
) -> Callable[[tuple[float, ...]], Evaluation]:
    return lambda values: _Remembering(kernel, kind, memory(values))


def _bars(default: float | None, minimum: int, summary: str, maximum: int = 1_000_000) -> FunctionParameter:
    return FunctionParameter(name="bars", default=default, minimum=minimum, maximum=maximum, summary=summary)


def own_functions() -> list[Function]:
    """Give our functions.

    Returns:
        In the order of the reference.
    """
    return [*_events(), *_memories(), *_numbers()]


def _events() -> list[Function]:
    def crossing(name: str, summary: str, kernel: Callable[..., None]) -> Function:
        return Function(
            name=name, summary=summary, group=_EVENTS, inputs=_PAIR, kind=Kind.CONDITION, warm_up=lambda _values: 1,
            evaluation=_started(kernel, Kind.CONDITION, lambda _values: [np.nan, np.nan]),
        )  # fmt: skip

    def running(name: str, summary: str, kernel: Callable[..., None]) -> Function:
        return Function(
            name=name, summary=summary, group=_EVENTS, inputs=(_SERIES,), kind=Kind.CONDITION,
            parameters=(_bars(1, 1, "how many bars in a row"),), warm_up=lambda values: int(values[0]),
            evaluation=_started(kernel, Kind.CONDITION, lambda values: [values[0], np.nan, values[0], 0.0]),
        )  # fmt: skip

    return [
        crossing("crosses_above", "Was below one bar ago and is above now (strict both times).", kernels.cross),
        crossing("crosses_below", "Was above one bar ago and is below now (strict both times).", _cross_below),
        Function(
            name="crosses", summary="Crosses above or below.", group=_EVENTS, inputs=_PAIR, kind=Kind.CONDITION,
            expansion=lambda inputs, _values: function("crosses_above")(*inputs) | function("crosses_below")(*inputs),
        ),
        running("rising", "Is above the bar before, for so many bars in a row.", kernels.rise),
        running("falling", "Is below the bar before, for so many bars in a row.", _fall),
    ]  # fmt: skip


def _cross_below(left: Array, right: Array, memory: Array, out: Array) -> None:
    kernels.cross(right, left, memory, out)


def _fall(values: Array, memory: Array, out: Array) -> None:
    kernels.rise(-values, memory, out)


def _memories() -> list[Function]:
    nothing: Callable[[tuple[float, ...]], list[float]] = lambda _values: [np.nan]  # noqa: E731  # typed and named
    return [
        Function(
            name="shift", summary="The value so many bars ago, as series[bars].", group=_MEMORY,
            inputs=(FunctionInput(name="series", kind=None),), parameters=(_bars(1, 0, "how many bars ago"),),
            rewriting=lambda inputs, values: Past.of(inputs[0], values[0]),
        ),
        Function(
            name="bars_since", group=_MEMORY, inputs=(_CONDITION,),
            summary="Bars since the condition was last true, 0 on that bar; unknown before the first time.",
            evaluation=_started(kernels.bars_since, Kind.NUMBER, nothing),
        ),
        Function(
            name="value_when", group=_MEMORY, inputs=(_CONDITION, _SERIES),
            summary="The series' value on the bar at which the condition was last true; unknown before the first time.",
            evaluation=_started(kernels.value_when, Kind.NUMBER, nothing),
        ),
        Function(
            name="count", group=_MEMORY, inputs=(_CONDITION,), parameters=(_bars(None, 1, "how many bars"),),
            summary="On how many of the last bars the condition was true; unknown when it is unknown on one of them.",
            warm_up=lambda values: int(values[0]) - 1,
            evaluation=_started(kernels.count_true, Kind.NUMBER, _all_unknown),
        ),
        Function(
            name="last", summary="The last known value.", group=_MEMORY, inputs=(_SERIES,),
            evaluation=_started(kernels.last_known, Kind.NUMBER, nothing),
        ),
        Function(
            name="is_known", summary="Whether a number or condition is known; never unknown itself.", group=_MEMORY,
            inputs=(FunctionInput(name="series", kind=None),), kind=Kind.CONDITION, evaluation=lambda _values: _Known(),
        ),
    ]  # fmt: skip


def _all_unknown(values: tuple[float, ...]) -> list[float]:
    return [0.0, 0.0, values[0], *[2.0] * int(values[0])]


def _numbers() -> list[Function]:
    def plain(name: str, summary: str, kernel: Callable[..., None], inputs: tuple[FunctionInput, ...]) -> Function:
        return Function(
            name=name, summary=summary, group=_NUMBERS, inputs=inputs, evaluation=_started(kernel, Kind.NUMBER)
        )

    def windowed(name: str, summary: str, least: int, meaning: Callable[[Node, int], Node]) -> Function:
        return Function(
            name=name, summary=summary, group=_NUMBERS, inputs=(_SERIES,),
            parameters=(_bars(None if least > 1 else 1, least, "how many bars", 100_000),),
            expansion=lambda inputs, values: meaning(inputs[0], int(values[0])),
        )  # fmt: skip

    choosing = (_CONDITION, *_PAIR)
    return [
        plain("where", "left where the condition is true, right where it is false.", kernels.choose, choosing),
        plain("abs", "The value without its sign.", kernels.absolute, (_SERIES,)),
        plain("sign", "1 above zero, 0 at zero, -1 below.", kernels.sign, (_SERIES,)),
        plain("larger", "The larger of two values on each bar.", kernels.larger, _PAIR),
        plain("smaller", "The smaller of two values on each bar.", kernels.smaller, _PAIR),
        windowed("change", "The value minus the value so many bars ago.", 1, lambda node, bars: node - node[bars]),
        windowed("highest", "The largest of the last values, this one included (TA-Lib's max).", 2, _talib("max")),
        windowed("lowest", "The smallest of the last values, this one included (TA-Lib's min).", 2, _talib("min")),
        windowed(
            "zscore",
            "The distance from the mean of the last values in standard deviations of them (population).",
            2,
            lambda node, bars: (node - _talib("sma")(node, bars)) / _talib("stddev")(node, bars),
        ),
    ]


def _talib(name: str) -> Callable[[Node, int], Node]:
    def call(node: Node, bars: int) -> Node:
        found: Any = function(name)(node, bars)  # Any: one output, so always a Call
        result: Call = found
        return result

    return call
