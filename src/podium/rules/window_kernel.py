"""Functions that TA-Lib lacks. Each takes a chunk of bars and the memory that the chunk before left.

Cutting the bars into other chunks changes nothing, so opening on history and carrying forward give the same bits.
Numbers are unknown as NaN; conditions are 0 false, 1 true, 2 unknown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.kernels import compiled

__all__ = [
    "absolute",
    "bars_since",
    "choose",
    "count_true",
    "cross",
    "delay",
    "known_condition",
    "known_number",
    "larger",
    "last_known",
    "rise",
    "sign",
    "smaller",
    "value_when",
]

Numbers = NDArray[np.float64]
Conditions = NDArray[np.uint8]
Values = NDArray[Any]  # Any: numbers or conditions


@compiled
def delay(values: Values, ring: Values, row: int, out: Values) -> int:
    """Give each value ``len(ring)`` bars later; tell where the ring goes on."""
    for index in range(len(values)):
        out[index] = ring[row]
        ring[row] = values[index]
        row += 1
        if row == len(ring):
            row = 0
    return row


@compiled
def cross(left: Numbers, right: Numbers, memory: Numbers, out: Conditions) -> None:
    """Tell where left was below right one bar ago and is above it now. Memory: both one bar ago."""
    left_before, right_before = memory[0], memory[1]
    for row in range(len(out)):
        left_now, right_now = left[row], right[row]
        if left_before >= right_before or left_now <= right_now:
            out[row] = 0
        else:
            out[row] = 1 if left_before < right_before and left_now > right_now else 2
        left_before, right_before = left_now, right_now
    memory[0], memory[1] = left_before, right_before


@compiled
def rise(values: Numbers, memory: Numbers, out: Conditions) -> None:
    """Tell where values rose in each of the last bars. Memory: how many bars, the value before, the bars since it did
    not rise and since that was unknown.
    """
    bars, before, since_no, since_unknown = memory[0], memory[1], memory[2], memory[3]
    for row in range(len(out)):
        now = values[row]
        since_no = 0.0 if now <= before else since_no + 1.0
        since_unknown = 0.0 if np.isnan(now) or np.isnan(before) else since_unknown + 1.0
        out[row] = 0 if since_no < bars else 2 if since_unknown < bars else 1
        before = now
    memory[1], memory[2], memory[3] = before, since_no, since_unknown


@compiled
def bars_since(condition: Conditions, memory: Numbers, out: Numbers) -> None:
    """Count bars since a condition was last true. Memory: the count, NaN before the first time."""
    count = memory[0]
    for row in range(len(out)):
        count = 0.0 if condition[row] == 1 else count + 1.0
        out[row] = count
    memory[0] = count


@compiled
def value_when(condition: Conditions, values: Numbers, memory: Numbers, out: Numbers) -> None:
    """Give the value of the bar at which a condition was last true. Memory: that value."""
    value = memory[0]
    for row in range(len(out)):
        if condition[row] == 1:
            value = values[row]
        out[row] = value
    memory[0] = value


@compiled
def count_true(condition: Conditions, memory: Numbers, out: Numbers) -> None:
    """Count the true ones of the last bars. Memory: where the ring of conditions goes on, how many in it are true, how
    many unknown, and the ring.
    """
    place, true, unknown = int(memory[0]), int(memory[1]), int(memory[2])
    for row in range(len(out)):
        gone, come = memory[3 + place], condition[row]
        true += int(come == 1) - int(gone == 1.0)
        unknown += int(come == 2) - int(gone == 2.0)
        memory[3 + place] = come
        place = place + 1 if 3 + place + 1 < len(memory) else 0
        out[row] = np.nan if unknown > 0 else float(true)
    memory[0], memory[1], memory[2] = place, true, unknown


@compiled
def last_known(values: Numbers, memory: Numbers, out: Numbers) -> None:
    """Give the last known value. Memory: that value."""
    value = memory[0]
    for row in range(len(out)):
        if not np.isnan(values[row]):
            value = values[row]
        out[row] = value
    memory[0] = value


@compiled
def choose(condition: Conditions, left: Numbers, right: Numbers, out: Numbers) -> None:
    """Give left where a condition is true, right where it is false."""
    for row in range(len(out)):
        out[row] = left[row] if condition[row] == 1 else right[row] if condition[row] == 0 else np.nan


@compiled
def known_number(values: Numbers, out: Conditions) -> None:
    """Tell where a number is known."""
    for row in range(len(out)):
        out[row] = not np.isnan(values[row])


@compiled
def known_condition(condition: Conditions, out: Conditions) -> None:
    """Tell where a condition is known."""
    for row in range(len(out)):
        out[row] = condition[row] != 2


@compiled
def absolute(values: Numbers, out: Numbers) -> None:
    """Give the value without its sign."""
    for row in range(len(out)):
        out[row] = abs(values[row])


@compiled
def sign(values: Numbers, out: Numbers) -> None:
    """Give 1, 0 or -1."""
    for row in range(len(out)):
        value = values[row]
        out[row] = 1.0 if value > 0 else -1.0 if value < 0 else value * 0.0


@compiled
def larger(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Give the larger of two; unknown when one is."""
    for row in range(len(out)):
        is_known = not (np.isnan(left[row]) or np.isnan(right[row]))
        out[row] = (max(left[row], right[row])) if is_known else np.nan


@compiled
def smaller(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Give the smaller of two; unknown when one is."""
    for row in range(len(out)):
        is_known = not (np.isnan(left[row]) or np.isnan(right[row]))
        out[row] = (min(left[row], right[row])) if is_known else np.nan
