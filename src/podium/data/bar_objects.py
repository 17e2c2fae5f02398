"""Bars given in Python one by one, as objects or mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import numpy as np

from podium.core.errors import DataError, Problem
from podium.data.bars import BarSource
from podium.data.columns import PRICE_NAMES, SYMBOL_NAME, TIME_NAMES, VOLUME_NAME, RawBars, time_label
from podium.data.instants import value_to_nanoseconds

__all__ = ["read_objects"]

_MISSING = object()
_EXPECTED = "a bar with open, high, low, close, volume (may be missing) and a time called " + ", ".join(TIME_NAMES)


def read_objects(bars: Sequence[object], source: BarSource) -> RawBars:
    """Read bar objects.

    Args:
        bars: objects with attributes, or mappings with keys in any case; prices are ``Decimal``, numbers or text.
        source: how their times are labelled.

    Returns:
        Their rows.

    Raises:
        DataError: naming the first bar that lacks something, has a time without a zone, or a price that is no number.
    """
    time_name = _time_name(bars[0]) if bars else TIME_NAMES[0]
    has_symbol = bool(bars) and _field(bars[0], SYMBOL_NAME) is not _MISSING
    names = (time_name, *PRICE_NAMES, VOLUME_NAME, *([SYMBOL_NAME] if has_symbol else []))
    rows = [_row(bar, row, names) for row, bar in enumerate(bars)]
    table = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    return RawBars(
        time=np.array(table[time_name], dtype=np.int64),
        prices={name: np.array(table[name], dtype=np.float64) for name in PRICE_NAMES},
        volume=np.array(table[VOLUME_NAME], dtype=np.float64),
        symbols=np.array(table[SYMBOL_NAME], dtype=np.str_) if has_symbol else None,
        source=replace(source, label=time_label(time_name, source.label)),
    )


def _field(bar: object, name: str) -> object:
    if isinstance(bar, Mapping):
        if name in bar:
            value: object = bar[name]
            return value
        return next((value for key, value in bar.items() if str(key).lower() == name), _MISSING)
    return getattr(bar, name, _MISSING)


def _time_name(bar: object) -> str:
    found = next((name for name in TIME_NAMES if _field(bar, name) is not _MISSING), None)
    if found is None:
        raise DataError(Problem(message=f"bar 0 has no time: {_shown(bar)}", expected=_EXPECTED))
    return found


def _row(bar: object, row: int, names: Sequence[str]) -> list[object]:
    return [_value(_field(bar, name), name, bar, row) for name in names]


def _value(value: object, name: str, bar: object, row: int) -> object:
    if value is _MISSING and name == VOLUME_NAME:
        return 0.0
    if value is _MISSING:
        raise DataError(Problem(message=f"bar {row} has no {name}: {_shown(bar)}", expected=_EXPECTED))
    if name == SYMBOL_NAME:
        return str(value)
    if name in TIME_NAMES:
        return _time(value, row)
    if isinstance(value, float | int | Decimal | str | np.number) and not isinstance(value, bool):
        with suppress(ValueError):  # a text that is no number is told below
            return float(value)
    message = f"bar {row}: {name} is {value!r}, which is not a number"
    raise DataError(Problem(message=message, expected="a Decimal or a number"))


def _time(value: object, row: int) -> int:
    try:
        return value_to_nanoseconds(value)
    except DataError as error:
        raise DataError(
            [replace(problem, message=f"bar {row}: {problem.message}") for problem in error.problems]
        ) from None


def _shown(bar: object) -> str:
    text = repr(bar)
    return text if len(text) <= 80 else text[:77] + "..."
