"""A feed that follows a script: bars, repetitions, delays, failures and silence, each at its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from podium.core.clock import Clock
from podium.core.times import NANOSECONDS_PER_SECOND, to_nanoseconds
from podium.data.bars import Bar

__all__ = ["Cue", "ScriptedFeed", "ScriptedPolls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Say what happens at a time.

    Args:
        at: nanoseconds since 1970 UTC.
        bar: comes then; with neither bar nor error the feed is silent from then on, and answers nothing more.
        error: is raised then.
    """

    at: int
    bar: Bar | None = None
    error: Exception | None = None


class _Script:
    """Hold what both feeds share: the clock, the source's own bars, and who is due."""

    def __init__(self, cues: Mapping[str, Sequence[Cue]], clock: Clock, history: Mapping[str, Sequence[Bar]]) -> None:
        self._cues = {symbol: list(own) for symbol, own in cues.items()}
        self._clock, self._history = clock, history
        #: Whether a market trades now, by symbol; markets that are not named always do.
        self.open: dict[str, bool] = {}
        #: The symbols that were left.
        self.left: set[str] = set()

    @property
    def clock(self) -> Clock:
        """Give the run's clock."""
        return self._clock

    def due(self, _time: int) -> Collection[str]:
        """Tell which symbols have a bar: all, always.

        Args:
            _time: nanoseconds since 1970 UTC.
        """
        return self._cues

    def is_open(self, symbol: str) -> bool:
        """Tell whether a market trades now.

        Args:
            symbol: which one.
        """
        return self.open.get(symbol, True)

    async def fetch_between(self, symbol: str, after: int, before: int) -> Sequence[Bar]:
        """Bring what the source has between two bars.

        Args:
            symbol: of which market.
            after: the close of the earlier one, nanoseconds since 1970 UTC.
            before: the close of the later one, nanoseconds since 1970 UTC.
        """
        known = self._history.get(symbol, ())
        return [bar for bar in known if after < to_nanoseconds(bar.close_time) < before]

    async def _wait_until(self, time: int) -> None:
        await asyncio.sleep(max(time - self._clock.now(), 0) / NANOSECONDS_PER_SECOND)


class ScriptedFeed(_Script):
    """Bring bars by itself, as a script says; each cue happens once, whoever listens then.

    Args:
        cues: what happens, by symbol, in order.
        clock: the run's clock.
        history: what the source has when it is asked for bars between others.
    """

    def __init__(
        self, cues: Mapping[str, Sequence[Cue]], clock: Clock, history: Mapping[str, Sequence[Bar]] | None = None
    ) -> None:
        super().__init__(cues, clock, history or {})

    async def stream(self, symbol: str) -> AsyncIterator[Bar]:
        """Play the script.

        Args:
            symbol: of which market.
        """
        cues = self._cues[symbol]
        while cues:
            await self._wait_until(cues[0].at)
            cue = cues.pop(0)
            if cue.error is not None:
                raise cue.error
            if cue.bar is None:
                await asyncio.get_running_loop().create_future()
            else:
                yield cue.bar

    async def fetch(self, symbol: str, count: int) -> Sequence[Bar]:
        """Bring nothing: all there is comes by itself.

        Args:
            symbol: of which market.
            count: how many.
        """
        del symbol, count
        return []

    def leave(self, symbol: str) -> None:
        """Take note that nobody listens any more.

        Args:
            symbol: of which market.
        """
        self.left.add(symbol)


class ScriptedPolls(_Script):
    """Answer questions, as a script says: a question is answered with the bars of all cues until then.

    Args:
        cues: what happens, by symbol, in order; an error answers one question, silence all further ones.
        clock: the run's clock.
        history: what the source has when it is asked for bars between others.
        forming: makes the bar that is still forming from the last closed one; by default there is none.
    """

    def __init__(
        self,
        cues: Mapping[str, Sequence[Cue]],
        clock: Clock,
        history: Mapping[str, Sequence[Bar]] | None = None,
        forming: Callable[[Bar], Bar] | None = None,
    ) -> None:
        super().__init__(cues, clock, history or {})
        self._forming = forming
        self._known: dict[str, list[Bar]] = {symbol: [] for symbol in cues}
        #: When it was asked, by symbol, seconds of the clock.
        self.asked: dict[str, list[float]] = {symbol: [] for symbol in cues}

    async def fetch(self, symbol: str, count: int) -> Sequence[Bar]:
        """Answer with the newest bars.

        Args:
            symbol: of which market.
            count: how many.
        """
        self.asked[symbol].append(self._clock.monotonic())
        cues, known = self._cues[symbol], self._known[symbol]
        while cues and cues[0].at <= self._clock.now():
            if cues[0].bar is None and cues[0].error is None:
                await asyncio.get_running_loop().create_future()
            cue = cues.pop(0)
            if cue.error is not None:
                raise cue.error
            if cue.bar is not None:
                known.append(cue.bar)
        forming = [self._forming(known[-1])] if self._forming is not None and known else []
        return [*known, *forming][-count:]
