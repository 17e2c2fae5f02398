"""Durations are counted in buckets."""

from __future__ import annotations

from podium.live.histogram import Histogram


def test_a_duration_counts_in_every_bucket_that_it_fits():
    """A bound is included; the last bucket takes everything. (C-77)"""
    mine = Histogram()
    for seconds in (0.0, 0.002, 0.0021, 0.5, 99.0):
        mine.observe(seconds)
    reached = dict(mine.cumulative())
    assert [reached[bound] for bound in ("0.0001", "0.001", "0.002", "0.005", "0.2", "0.5", "10.0", "+Inf")] == [
        1, 1, 2, 3, 3, 4, 4, 5
    ]  # fmt: skip
    assert (mine.count, round(mine.sum, 4)) == (5, 99.5041)


def test_other_bounds_may_be_given():
    """What takes minutes is counted in others. (C-77)"""
    found = Histogram((60, 600))
    found.observe(90)
    assert list(found.cumulative()) == [("60", 0), ("600", 1), ("+Inf", 1)]
