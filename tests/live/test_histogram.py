"""Durations are counted in buckets."""

from __future__ import annotations

from podium.live.histogram import Histogram


def test_a_duration_counts_in_every_bucket_that_it_fits():
    """A bound is included; the last bucket takes everything. (C-77)"""
    mine, other = Histogram(), Histogram()
    for seconds in (0.0, 0.002, 0.0021, 99.0):
        mine.observe(seconds)
    other.observe(0.5)
    mine.add(other)
    reached = dict(mine.cumulative())
    assert [reached[bound] for bound in ("0.0001", "0.001", "0.002", "0.005", "0.2", "0.5", "10.0", "+Inf")] == [
        1, 1, 2, 3, 3, 4, 4, 5
    ]  # fmt: skip
    assert (mine.count, round(mine.sum, 4)) == (5, 99.5041)
    assert other.count == 1
