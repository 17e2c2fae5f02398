"""Bars are brought closed, once and in order, whatever the source does."""

from __future__ import annotations

from math import nan

import pytest
from live_bars import bar, close_of
from live_system import A, System, minutes

from podium.bus.events import DataFetchFailed
from podium.testing.feed import Cue, ScriptedFeed, ScriptedPolls

DOWN = ConnectionError("the exchange does not answer")


def at(number, seconds=0.0, **values):
    """The bar of a minute, so many seconds after its close."""
    return Cue(at=close_of(number) + int(seconds * 10**9), bar=bar(number, **values))


def error(number, seconds=0.0):
    return Cue(at=close_of(number) + int(seconds * 10**9), error=DOWN)


def streamed(*cues, history=()):
    return lambda clock: ScriptedFeed({A: cues}, clock, {A: history})


def asked(*cues, history=(), forming=None):
    return lambda clock: ScriptedPolls({A: cues}, clock, {A: history}, forming)


def forming_after(last):
    """The bar behind the last closed one, not yet complete."""
    number = (round(last.close_time.timestamp()) - close_of(0) // 10**9) // 60
    return bar(number + 1, close=99.5)


def candles(system):
    return [event.bar for event in system.events if event.kind == "NEW_CANDLE"]


def not_used(system):
    return [(body["arrival"], body["close_time"][14:16]) for _, body in system.operations("BAR_NOT_USED")]


@pytest.mark.parametrize(
    ("cues", "history", "numbers", "told"),
    [
        ([at(1), at(2), at(3)], (), [1, 2, 3], []),
        ([at(1), at(1, 5), at(2)], (), [1, 2], []),
        ([at(1), at(2), at(2, 5, close=100.5), at(3)], (), [1, 2, 3], [("revised", "02")]),
        ([at(1), at(4), at(5)], [2, 3], [1, 2, 3, 4, 5], []),
        ([at(1), at(4), at(5)], [], [1, 4, 5], []),
        ([at(1), at(3), at(2, 61), at(4)], [], [1, 3, 4], [("out_of_order", "02")]),
        ([at(1), at(3), at(2, 61), at(4)], [2], [1, 2, 3, 4], []),
        ([at(1), at(2, close=nan), at(3)], [], [1, 3], [("flawed", "02")]),
        ([at(1), at(2, close=nan), at(3)], [2], [1, 2, 3], [("flawed", "02")]),
        ([at(1), at(2, -20), at(2), at(3)], [], [1, 2, 3], [("forming", "02")]),
    ],
    ids=["plain", "repeated", "revised", "skipped and filled", "skipped", "reordered", "reordered and filled",
         "not a number", "not a number and filled", "forming"],
)  # fmt: skip
def test_what_a_source_sends_and_what_becomes_of_it(cues, history, numbers, told):
    """Each bar is published once, a hole is filled from the source before going on, the rest is reported. (C-30, B-45)"""
    system = System((A,), feed=streamed(*cues, history=[bar(number) for number in history])).play()
    assert candles(system) == [bar(number) for number in numbers]
    assert not_used(system) == told
    assert system.stepper.calculated[A] == [close_of(number) for number in numbers]
    assert not any(kind == "SERVICE_ERROR" for kind, _ in system.kinds())


def test_the_flaw_of_a_bar_is_told():
    """As data checks tell it. (B-45)"""
    system = System((A,), feed=streamed(at(1), at(2, high=1.0))).play()
    [(_, body)] = system.operations("BAR_NOT_USED")
    assert body == {
        "symbol": A, "arrival": "flawed", "close_time": "2024-01-01T00:02:00Z",
        "flaw": "high_below_low: open 102, high 1, low 101, close 103, volume 10",
    }  # fmt: skip


def polling(**options):
    return {"data_fetching": {"fetch_interval": 20, **options}}


def test_a_source_that_includes_the_forming_bar_gives_the_one_before_it():
    """candle_index 2 of the last two bars: only closed bars are published. (C-31, C-47)"""
    feed = asked(at(1), at(2), at(3), forming=forming_after)
    system = System((A,), feed=feed, services=polling()).play(until=200)
    assert candles(system) == [bar(1), bar(2), bar(3)]
    assert not_used(system) == []


def test_a_source_of_closed_bars_only_gives_the_last_one():
    """candle_index 1; more bars than one fill what a question missed. (C-31, C-47)"""
    feed = asked(at(1), at(2), at(3))
    services = polling(candle_index=1, nbr_bars=2, fetch_interval=120)
    system = System((A,), feed=feed, services=services).play(until=250)
    assert candles(system) == [bar(1), bar(2), bar(3)]


def test_a_source_is_asked_in_its_interval():
    """Every so many seconds. (C-30, C-47)"""
    feed = asked(at(1))
    system = System((A,), feed=feed, services=polling(fetch_interval=45)).play(until=100)
    assert system.feed.asked[A] == [0.0, 45.0, 90.0]


def test_a_question_that_fails_is_repeated():
    """With growing pauses; what came in between is not lost. (C-30, C-47)"""
    feed = asked(error(0), error(0), at(1), at(2), forming=forming_after)
    system = System((A,), feed=feed, services=polling(retry_attempts=3)).play(until=150)
    assert system.feed.asked[A][:4] == [0.0, 1.0, 3.0, 23.0]
    assert candles(system) == [bar(1), bar(2)]
    assert ("DATA_FETCH_FAILED", A) not in system.kinds()


def test_after_the_last_attempt_it_is_told_and_asked_on():
    """The service is in trouble, not in error: a source that is down must not cost the symbol its place. (C-30, C-61)"""
    healthy = []
    feed = asked(*[error(0)] * 4, at(1), at(2), forming=forming_after)
    system = System((A,), feed=feed, services=polling(retry_attempts=2))
    system.orchestrator.bus.subscribe(
        DataFetchFailed,
        lambda _: healthy.append(system.orchestrator.check_health()["is_healthy"]),
    )
    system.play(until=150)
    failed = [event for event in system.events if event.kind == "DATA_FETCH_FAILED"]
    assert [(event.attempts, event.error) for event in failed] == [
        (2, "ConnectionError: the exchange does not answer")
    ] * 2
    assert healthy == [False, False]
    assert system.feed.asked[A][:5] == [0.0, 1.0, 21.0, 22.0, 42.0]
    assert candles(system) == [bar(1), bar(2)]
    assert ("SERVICE_ERROR", A) not in system.kinds()


def test_a_stream_that_breaks_is_taken_up_again():
    """A break that heals is no failure; what was missed is filled from the source. (C-30)"""
    feed = streamed(at(1), error(1, 30), at(3), history=[bar(2)])
    system = System((A,), feed=feed).play()
    assert candles(system) == [bar(1), bar(2), bar(3)]
    assert ("DATA_FETCH_FAILED", A) not in system.kinds()


def test_a_stream_that_keeps_breaking_is_told():
    """After so many attempts in a row. (C-30)"""
    feed = streamed(*[error(0)] * 3, at(1))
    system = System((A,), feed=feed).play()
    [failed] = [event for event in system.events if event.kind == "DATA_FETCH_FAILED"]
    assert failed.attempts == 3
    assert candles(system) == [bar(1)]


def test_a_silent_stream_is_asked():
    """Every fetch_interval, so that a stream that hangs does not hold the symbol up. (C-30)"""

    class Silent(ScriptedFeed):
        async def fetch(self, symbol, count):
            closed = [bar(number) for number in range(1, 9) if close_of(number) <= self.clock.now()]
            return [*closed, forming_after(closed[-1])][-count:] if closed else []

    feed = lambda clock: Silent({A: [at(1), Cue(at=close_of(1))]}, clock)  # noqa: E731
    system = System((A,), feed=feed, services=polling()).play(until=200)
    assert candles(system) == [bar(1), bar(2), bar(3)]


def test_a_run_that_goes_on_begins_behind_the_last_bar_and_fills_what_it_missed():
    """The bar it knows is not published again. (C-30, D-02)"""
    feed = streamed(at(3), at(6), history=[bar(number) for number in range(1, 7)])
    system = System((A,), feed=feed, last_times={A: close_of(3)}, rows={A: 3}).play()
    assert candles(system) == [bar(4), bar(5), bar(6)]
    rows = [event.rows for event in system.events if event.kind == "INDICATORS_UPDATED"]
    assert rows == [4, 5, 6]


def test_two_equal_runs_record_equal_bytes():
    """No clock but the run's, no chance. (C-30)"""
    records = [System(feed=minutes(("A", "B"), range(1, 4)), symbols=("A", "B")).play().journal.records for _ in "12"]
    assert records[0] == records[1]
