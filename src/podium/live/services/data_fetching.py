"""Bring the closed bars of one symbol, each once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import ClassVar, TypeVar

from podium.bus.events import DataFetchFailed, NewCandle
from podium.bus.local import LocalBus
from podium.core.times import Timeframe, iso, to_nanoseconds
from podium.data.bars import Bar
from podium.live.arrivals import Arrival, Arrivals, flaw_of
from podium.live.correlation import bar_id
from podium.live.feeds import Feed, StreamedFeed
from podium.live.operations import Operations
from podium.live.service import Service
from podium.portfolio.live_sections import DataFetchingSection

__all__ = ["DataFetchingService"]

Answer = TypeVar("Answer")
#: The first repetition of a question waits so long, seconds; each further one twice as long.
_BACK_OFF = 1.0


class DataFetchingService(Service):
    """Ask the feed, or listen to it, and publish what is new.

    A feed that brings bars by itself is asked as well when it has been silent for ``fetch_interval``. A question that
    fails is repeated; after the last attempt the failure is published, the service is in trouble, and goes on asking.

    Args:
        symbol: of which market.
        bus: its bus.
        feed: where bars come from, with the run's clock.
        timeframe: the length of a bar.
        section: its options.
        operations: is told of bars that are not used.
        is_done_with: waits until a bar has gone through its time step, so that none overtakes another.
        last_time: the close of the last bar of an earlier run, nanoseconds since 1970 UTC.
        on_end: is called when the market has ended.
    """

    name: ClassVar[str] = "data_fetching"

    def __init__(
        self,
        symbol: str,
        bus: LocalBus,
        *,
        feed: Feed,
        timeframe: Timeframe,
        section: DataFetchingSection,
        operations: Operations,
        is_done_with: Callable[[str, int], Awaitable[None]],
        last_time: int | None = None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(symbol, bus, feed.clock)
        self.section = section
        self._feed, self._timeframe, self._operations, self._is_done_with = feed, timeframe, operations, is_done_with
        self._on_end = on_end
        self._interval = float(section.fetch_interval)
        self._arrivals = Arrivals(timeframe, last_time)
        # The bar that is being worked on; a failure does not lose it.
        self._current: Bar | None = None
        #: Whether the feed has no more bars.
        self.is_finished = False
        #: How many bars came that were not used, by what they were.
        self.unused: dict[Arrival, int] = {}

    @property
    def last_time(self) -> int | None:
        """Tell the close of the last bar that was published, nanoseconds since 1970 UTC."""
        return self._arrivals.last_time

    async def _run(self) -> None:
        if self._current is not None:
            await self._take(self._current)
        if isinstance(self._feed, StreamedFeed):
            while not await self._listen(self._feed):  # noqa: ASYNC110 - it is asked again, it does not tell
                await asyncio.sleep(self._interval)
            self.is_finished = True
            self._on_end()
        while not self.is_finished:
            await self._poll()
            await asyncio.sleep(self._interval)

    async def _poll(self) -> None:
        bars = await self._ask(lambda: self._feed.fetch(self.symbol, self.section.nbr_bars))
        # The bars behind the last closed one are still forming.
        for bar in bars[: len(bars) - self.section.candle_index + 1] if bars is not None else ():
            await self._take(bar)

    async def _listen(self, feed: StreamedFeed) -> bool:
        """Take bars from the stream until it ends.

        Returns:
            Whether the market has ended; ``False`` when the stream could not be kept up.
        """
        for attempt in range(self.section.retry_attempts):
            stream, last_time = feed.stream(self.symbol), self.last_time
            try:
                await self._take_all(stream)
            except _FeedFailed as failed:
                failure = failed.error
            else:
                return True
            finally:
                await _close(stream)
            if self.last_time != last_time:
                # It had worked: this is a failure of its own, not one more in a row.
                return False
            if attempt + 1 < self.section.retry_attempts:
                await asyncio.sleep(_BACK_OFF * 2**attempt)
        self._tell_failure(failure)
        return False

    async def _take_all(self, stream: AsyncIterator[Bar]) -> None:
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            try:
                while not (await asyncio.wait([coming], timeout=self._interval))[0]:
                    await self._poll()
                bar = await _from_feed(coming)
            finally:
                if not coming.done():
                    coming.cancel()
                    await asyncio.wait([coming])
            if bar is None:
                return
            self.trouble = None
            await self._take(bar)

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Ask until there is an answer.

        Returns:
            The answer; ``None`` after the last attempt.
        """
        for attempt in range(self.section.retry_attempts):
            try:
                with self._at_work():
                    answer = await question()
            except Exception as error:  # noqa: BLE001 - a feed fails as it likes; told below
                failure = error
            else:
                self.trouble = None
                return answer
            if attempt + 1 < self.section.retry_attempts:
                await asyncio.sleep(_BACK_OFF * 2**attempt)
        self._tell_failure(failure)
        return None

    def _tell_failure(self, error: Exception) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        self._errors += 1
        self._last_error = self.trouble
        self.bus.publish(
            DataFetchFailed(
                time=self.clock.now(),
                symbol=self.symbol,
                attempts=self.section.retry_attempts,
                error=self.trouble,
            )
        )

    async def _take(self, bar: Bar) -> None:
        self._current = bar
        arrival = self._arrivals.look(bar, self.clock.now())
        if arrival is Arrival.NEW:
            if self._arrivals.has_hole_before(bar):
                await self._fill(bar)
            await self._publish(bar)
        else:
            self._leave_out(bar, arrival)
        self._current = None

    async def _fill(self, bar: Bar) -> None:
        """Bring what is missing before a bar from the source."""
        after, before = self._arrivals.last_time or 0, to_nanoseconds(bar.close_time)
        missing: Sequence[Bar] = await self._ask(lambda: self._feed.fetch_between(self.symbol, after, before)) or ()
        for each in missing:
            arrival = self._arrivals.look(each, self.clock.now())
            if arrival is Arrival.NEW:
                await self._publish(each, is_back_filled=True)
            else:
                self._leave_out(each, arrival)

    async def _publish(self, bar: Bar, *, is_back_filled: bool = False) -> None:
        time = to_nanoseconds(bar.close_time)
        candle = NewCandle(
            time=time,
            symbol=self.symbol,
            bar=bar,
            is_back_filled=is_back_filled,
            correlation_id=bar_id(self.symbol, time),
        )
        with self._at_work():
            self._arrivals.accept(bar)
            self.bus.publish(candle)
        await self._is_done_with(self.symbol, time)

    def _leave_out(self, bar: Bar, arrival: Arrival) -> None:
        self.unused[arrival] = self.unused.get(arrival, 0) + 1
        if arrival is Arrival.DUPLICATE:
            return
        self._operations.warn(
            "BAR_NOT_USED",
            symbol=self.symbol,
            arrival=arrival.value,
            close_time=iso(to_nanoseconds(bar.close_time)),
            flaw=flaw_of(bar, self._timeframe),
        )


class _FeedFailed(Exception):
    """Tell a failure of the feed from one of our own.

    Args:
        error: what the feed raised.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(str(error))


async def _from_feed(coming: Awaitable[Answer]) -> Answer:
    try:
        return await coming
    except Exception as error:
        raise _FeedFailed(error) from error


async def _close(stream: AsyncIterator[Bar]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
