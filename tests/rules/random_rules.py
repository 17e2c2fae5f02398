"""Random bars and random rules for the tests of this folder, drawn from a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator

from podium.rules.functions import Function, functions
from podium.rules.nodes import SERIES_NAMES, Kind, Node, Number, Operation, Outputs, Series, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    def __len__(self):
        return len(self.close)

    def head(self, bars):
        return Columns(**{field.name: getattr(self, field.name)[:bars] for field in fields(self)})

    def bar(self, row):
        return OneBar(**{field.name: float(getattr(self, field.name)[row]) for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class OneBar:
    open: float
    high: float
    low: float
    close: float
    volume: float


def random_bars(generator: Generator, bars: int) -> Columns:
    """A random walk on a grid with jumps, flat stretches (equal values) and bars without volume."""
    scale = 10.0 ** generator.integers(-3, 5)
    steps = generator.standard_t(3, size=bars) * 0.01
    steps[generator.random(bars) < 0.15] = 0.0
    if bars > 20 and generator.random() < 0.3:
        start = generator.integers(0, bars - 15)
        steps[start : start + 15] = 0.0
    close = np.round(np.exp(np.cumsum(steps)) * 1000) / 1000 * scale
    close = np.maximum(close, scale / 1000)
    first = np.concatenate([[close[0]], close[:-1]])
    up, down = generator.random((2, bars)) * (generator.random(bars) < 0.8) * 0.01
    high, low = np.maximum(first, close) * (1 + up), np.minimum(first, close) * (1 - down)
    volume = np.round(generator.exponential(100, size=bars), 2) * (generator.random(bars) < 0.9)
    return Columns(open=first, high=high, low=low, close=close, volume=volume)


def gappy(generator: Generator) -> Node:
    """A number that is unknown now and again."""
    close = Series("close")
    where, ln = functions()["where"], functions()["ln"]
    return [
        where(close > close[1], close, Operation.arithmetic("/", 1, 0)),
        ln(close - close[2]),
        close / (close - close[1]),
        functions()["sqrt"](close - functions()["sma"](close, 5)),
    ][generator.integers(4)]


def random_value(generator: Generator, entry: Function, index: int) -> float:
    """A parameter in its range, near what people use, at times at the lower edge."""
    parameter = entry.parameters[index]
    low, high = entry.range_of(index)
    if parameter.is_whole:
        least = 0 if low is None else low
        top = min(least + (120 if generator.random() < 0.1 else 14), 1e9 if high is None else high)
        return float(least if generator.random() < 0.15 else generator.integers(least, top + 1))
    default = 1.0 if parameter.default is None else parameter.default
    value = round(float((default or 0.1) * generator.choice([0.5, 1.0, 1.0, 1.5, 3.0])), 4)
    return min(max(value, low if low is not None else value), high if high is not None else value)


def random_call(generator: Generator, entry: Function, depth: int = 0) -> Node:
    """A call of one function; its inputs are series, gaps, or other random rules."""
    from podium.core.errors import RuleError

    for _ in range(50):
        values = {
            parameter.name: random_value(generator, entry, index) if generator.random() < 0.8 or parameter.default is None
            else parameter.default
            for index, parameter in enumerate(entry.parameters)
        }  # fmt: skip
        inputs = {}
        for read in entry.inputs:
            if read.default is not None and generator.random() < 0.7:
                continue
            if read.kind is Kind.CONDITION or (read.kind is None and generator.random() < 0.5):
                inputs[read.name] = random_condition(generator, depth)
            else:
                inputs[read.name] = random_number(generator, depth)
        try:
            node = entry(**inputs, **values)
        except RuleError as error:
            if "no series" in str(error) or "serve together" in str(error):
                continue
            raise
        if isinstance(node, Outputs):
            outputs = list(node.outputs.values())
            return outputs[generator.integers(len(outputs))]
        return node
    return Series("close")


def random_number(generator: Generator, depth: int) -> Node:
    """A random number-valued rule of at most so many levels."""
    choice = generator.random()
    if depth <= 0 or choice < 0.2:
        if generator.random() < 0.25:
            return gappy(generator)
        return Series(SERIES_NAMES[generator.integers(len(SERIES_NAMES))])
    if choice < 0.6:
        names = [name for name, entry in functions().items() if entry.kind is Kind.NUMBER]
        node = random_call(generator, functions()[names[generator.integers(len(names))]], depth - 1)
        return node if node.kind is Kind.NUMBER else functions()["bars_since"](node)
    if choice < 0.7:
        return random_number(generator, depth - 1)[int(generator.integers(0, 6))]
    if choice < 0.75:
        return -random_number(generator, depth - 1)
    left = random_number(generator, depth - 1)
    right = (
        Number(float(np.round(generator.normal(), 2)))
        if generator.random() < 0.4
        else random_number(generator, depth - 1)
    )
    if generator.random() < 0.2:
        left, right = right, left
    return Operation.arithmetic(["+", "-", "*", "/", "//", "%", "**"][generator.integers(7)], left, right)


def random_condition(generator: Generator, depth: int) -> Node:
    """A random condition of at most so many levels."""
    choice = generator.random()
    if depth <= 0 or choice < 0.4:
        right = Number(float(np.round(generator.normal() * 50, 1))) if generator.random() < 0.3 else None
        right = random_number(generator, depth - 1) if right is None else right
        return Operation.comparison(
            ["<", "<=", ">", ">=", "==", "!="][generator.integers(6)], random_number(generator, depth - 1), right
        )
    if choice < 0.5:
        return ~random_condition(generator, depth - 1)
    if choice < 0.55:
        return Truth(bool(generator.integers(2)))
    if choice < 0.6:
        return random_condition(generator, depth - 1)[int(generator.integers(0, 4))]
    if choice < 0.75:
        names = [name for name, entry in functions().items() if entry.kind is Kind.CONDITION]
        return random_call(generator, functions()[names[generator.integers(len(names))]], depth - 1)
    parts = [random_condition(generator, depth - 1) for _ in range(generator.integers(2, 4))]
    return Operation.logic(["and", "or"][generator.integers(2)], *parts)


def random_rule(generator: Generator, depth: int) -> Node:
    return random_condition(generator, depth) if generator.random() < 0.5 else random_number(generator, depth)


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    """Equal to the last bit; every NaN is the same unknown."""
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    if left.dtype != np.float64:
        return bool(np.array_equal(left, right))
    known = ~np.isnan(left)
    return bool(
        np.array_equal(known, ~np.isnan(right)) and np.array_equal(left[known].view("i8"), right[known].view("i8"))
    )
