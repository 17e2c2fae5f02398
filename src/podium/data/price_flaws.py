"""Flaws of prices and volumes.

What is far is told by the series itself: its usual range is the median of ln(high / low) over blocks of 32 bars, drawn
out linearly between their middles. A few wild bars do not move a median.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.data.bars import BarSeries
from podium.data.flaws import Flaw, FlawKind, list_flaws
from podium.data.grid import off_grid
from podium.data.stretches import stretches

__all__ = ["find_price_flaws"]

_BLOCK = 32
#: A price this many usual ranges, and at least 5 %, beyond both the close before and its bar's close is a bad print.
_PRINT_RANGES, _PRINT_MINIMUM = 8.0, 0.05
#: A close this many usual ranges, and at least 10 %, beyond both the close before and the open after it is one, too.
_CLOSE_RANGES, _CLOSE_MINIMUM = 12.0, 0.10
#: An open this many usual ranges, and at least a ratio of 1.28 (or 1 / 1.28), away from the close before is a jump.
_JUMP_RANGES, _JUMP_MINIMUM = 5.0, 0.25
#: Below these quotients a price cannot be as far away as the least that counts.
_NEAR_PRINT, _NEAR_CLOSE, _NEAR_JUMP = (
    0.999 * math.exp(least) for least in (_PRINT_MINIMUM, _CLOSE_MINIMUM, _JUMP_MINIMUM)
)

Found = dict[FlawKind, tuple[NDArray[np.intp], list[Flaw]]]


def find_price_flaws(series: BarSeries, tick: Decimal | None) -> Found:
    """Find all flaws of prices and volumes.

    Args:
        series: bars as they came.
        tick: the step of prices; without it ``off_tick`` is not looked for.

    Returns:
        Flawed rows and entries by kind.
    """
    found: Found = {}
    with np.errstate(all="ignore"):
        is_broken, has_no_volume, is_far = _suspicions(series)
        if is_broken:
            found |= _broken_values(series)
        if has_no_volume:
            found |= _zero_volume(series)
        if is_far:
            found |= _far_prices(series)
    if tick is not None:
        found[FlawKind.OFF_TICK] = _off_tick(series, tick)
    return found


def _suspicions(series: BarSeries) -> tuple[bool, bool, bool]:
    """Tell in one pass, and a little too often, whether values may be broken, volumes zero, prices far away.

    Most series have nothing of this; then no logarithm is taken and nothing is looked at twice.
    """
    is_broken = has_no_volume = is_far = False
    for rows in stretches(len(series)):
        opened, high, low, close = (price[rows] for price in (series.open, series.high, series.low, series.close))
        volume = series.volume[rows]
        is_whole = np.isfinite(sum((opened, high, low, close)) + volume).all() and low.min() > 0 and volume.min() >= 0
        is_between = (np.minimum(opened, close) >= low).all() and (np.maximum(opened, close) <= high).all()
        is_broken |= not (is_whole and is_between)
        has_no_volume |= not volume.min() > 0
        is_far |= not _all_near(series, rows)
    return is_broken, has_no_volume, is_far


def _all_near(series: BarSeries, rows: slice) -> bool:
    """Tell by quotients a little below the least that counts, without logarithms; false for what is not finite."""
    opened, high, low, close = (price[rows] for price in (series.open, series.high, series.low, series.close))
    before, after = series.close[max(rows.start - 1, 0) : rows.stop - 1], series.open[rows.start + 1 : rows.stop + 1]
    before = before if rows.start else np.concatenate([opened[:1], before])
    after = after if rows.stop < len(series) else np.concatenate([after, close[-1:]])
    return bool(
        (high < _NEAR_PRINT * np.maximum(before, close)).all()
        and (np.minimum(before, close) < _NEAR_PRINT * low).all()
        and (close < _NEAR_CLOSE * np.maximum(before, after)).all()
        and (np.minimum(before, after) < _NEAR_CLOSE * close).all()
        and (opened < _NEAR_JUMP * before).all()
        and (before < _NEAR_JUMP * opened).all()
    )


def _broken_values(series: BarSeries) -> Found:
    prices = (series.open, series.high, series.low, series.close)
    lowest, highest = np.minimum(series.open, series.close), np.maximum(series.open, series.close)
    finite = np.isfinite(sum(prices) + series.volume)
    masks = {
        FlawKind.NOT_A_NUMBER: ~finite,
        # A NaN compares as false: a bar is told once.
        FlawKind.NON_POSITIVE: np.minimum(lowest, np.minimum(series.low, series.high)) <= 0,
        FlawKind.HIGH_BELOW_LOW: (series.high < series.low) | (lowest < series.low) | (highest > series.high),
        FlawKind.NEGATIVE_VOLUME: series.volume < 0,
    }
    return {kind: _bar_flaws(series, kind, np.flatnonzero(mask)) for kind, mask in masks.items()}


def _bar_flaws(series: BarSeries, kind: FlawKind, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], list[Flaw]]:
    return rows, list_flaws(series, kind, rows, lambda position: _shown(series, int(rows[position])))


def _shown(series: BarSeries, row: int) -> str:
    names = ("open", "high", "low", "close", "volume")
    return ", ".join(f"{name} {float(getattr(series, name)[row]):.10g}" for name in names)


def _far_prices(series: BarSeries) -> Found:
    opened, high, low, close = (np.log(price) for price in (series.open, series.high, series.low, series.close))
    usual = _usual_range(high - low)
    before, after = np.concatenate([opened[:1], close[:-1]]), np.concatenate([opened[1:], close[-1:]])
    outside = np.maximum(high - np.maximum(before, close), np.minimum(before, close) - low)
    lone_close = np.maximum(close - np.maximum(before, after), np.minimum(before, after) - close)
    moved = np.abs(opened - before)
    is_print = (outside > _PRINT_MINIMUM) & (outside > _PRINT_RANGES * usual)
    is_print |= (lone_close > _CLOSE_MINIMUM) & (lone_close > _CLOSE_RANGES * usual)
    is_print &= np.isfinite(outside + lone_close)  # prices of zero and below are told elsewhere
    is_jump = np.isfinite(moved) & (moved > _JUMP_MINIMUM) & (moved > _JUMP_RANGES * usual)
    prints, jumps = np.flatnonzero(is_print), np.flatnonzero(is_jump)

    def told_print(position: int) -> str:
        row = int(prints[position])
        return f"{_shown(series, row)}, after a close of {float(series.close[max(row - 1, 0)]):.10g}"

    def told_jump(position: int) -> str:
        row = int(jumps[position])
        ratio = float(series.open[row] / series.close[row - 1])
        return f"opens at {float(series.open[row]):.10g} after {float(series.close[row - 1]):.10g} (× {ratio:.4g})"

    severity = np.maximum(outside, lone_close)[prints]
    return {
        FlawKind.BAD_PRINT: (
            prints,
            list_flaws(series, FlawKind.BAD_PRINT, prints, told_print, severity=severity),
        ),
        FlawKind.JUMP: (jumps, list_flaws(series, FlawKind.JUMP, jumps, told_jump, severity=moved[jumps])),
    }


def _usual_range(ranges: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = len(ranges)
    known = np.where(np.isfinite(ranges), ranges, 0.0)
    blocks = max(1, rows // _BLOCK)
    whole = known[: blocks * _BLOCK] if rows >= _BLOCK else known
    medians = np.median(whole.reshape(blocks, -1), axis=1)
    middles = (np.arange(blocks) + 0.5) * (len(whole) / blocks)
    usual: NDArray[np.float64] = np.interp(np.arange(rows), middles, medians)
    return usual


def _zero_volume(series: BarSeries) -> Found:
    zero = series.volume == 0
    rows = np.flatnonzero(zero)
    if len(rows) == len(series):
        text = "the volume is 0 throughout, as in series of quotes"
        entry = list_flaws(series, FlawKind.ZERO_VOLUME_RUN, rows[:1], lambda _: text, counts=np.array([len(rows)]))
        return {FlawKind.ZERO_VOLUME_RUN: (rows, entry)}
    starts = np.flatnonzero(zero & ~np.concatenate([[False], zero[:-1]]))
    stops = np.flatnonzero(zero & ~np.concatenate([zero[1:], [False]])) + 1
    moved = np.concatenate([[0], np.cumsum(zero & (series.high != series.low))])
    moving = moved[stops] - moved[starts]

    def told(position: int) -> str:
        length = int(stops[position] - starts[position])
        though = ", though prices moved" if moving[position] else ""
        return f"{'1 bar' if length == 1 else f'{length:,} bars'} without volume{though}"

    severity = (moving * 1e9 + (stops - starts)).astype(np.float64)
    counts = (stops - starts).astype(np.intp)
    flaws = list_flaws(series, FlawKind.ZERO_VOLUME_RUN, starts, told, severity=severity, counts=counts)
    return {FlawKind.ZERO_VOLUME_RUN: (rows, flaws)}


def _off_tick(series: BarSeries, tick: Decimal) -> tuple[NDArray[np.intp], list[Flaw]]:
    off = np.zeros(len(series), dtype=np.bool_)
    for price in (series.open, series.high, series.low, series.close):
        off |= off_grid(price, tick)
    rows = np.flatnonzero(off)

    def told(position: int) -> str:
        return f"{_shown(series, int(rows[position]))}: not all prices are multiples of {tick}"

    return rows, list_flaws(series, FlawKind.OFF_TICK, rows, told)
