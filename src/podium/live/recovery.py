"""Bring a portfolio back to where its journal ends.

1. The newest snapshot of a known form is taken; indicators are opened on the bars that went in before it.
2. The inputs behind it are fed to the same engine again. (lives in ``inputs.py``)
3. What the engine does is compared with what was recorded: a difference halts, whatever caused it. What had not been
   recorded when the run ended comes out again, with the same sequence, and is recorded now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from podium.core.errors import RunError
from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import Bar, BarSeries
from podium.data.store import BarStore
from podium.journal.journal import Journal
from podium.journal.records import JournalRecord, Snapshot, Stream
from podium.live.correlation import Correlations, bar_id
from podium.live.inputs import HistoryInput, StepInput, read_input
from podium.live.snapshots import SNAPSHOT_SCHEMA, bars_in_snapshot, restore_snapshot, take_snapshot
from podium.live.stepper import DomainEvent, Stepper

__all__ = ["Recovered", "RecoveryDiffers", "RunBars", "recover", "save_snapshot", "take_again"]


#: So many bars wait in memory before they are written.
_BARS_IN_MEMORY = 20_000

#: So many bars of a symbol are written at once, and at least as many newer ones stay in memory: more than there can be
#: commits under way.
_BLOCK = 512


class RecoveryDiffers(RunError):
    """Report that the engine did not do again what the journal says it did.

    Args:
        sequence: of the event.
        recorded: what the journal says; ``None`` when it has no such event.
        came: what came; ``None`` when nothing did.
    """

    def __init__(self, *, sequence: int, recorded: bytes | None, came: bytes | None) -> None:
        self.sequence = sequence
        told = [
            f"event {sequence} comes out differently when the journal's inputs are taken again; nothing was traded",
            f"  recorded: {_text(recorded)}",
            f"  came:     {_text(came)}",
            "  hint: run the same version of Podium with the same files, or begin a new journal with --journal",
        ]
        super().__init__("\n".join(told))


def _text(body: bytes | None) -> str:
    return "nothing" if body is None else body.decode()


class RunBars:
    """Keep the bars of a run from the origin on: most of them in a folder, the newest in memory.

    They are inputs of the journal, too; the folder spares a start from reading them all.

    Args:
        folder: where; ``None`` keeps all in memory, until nobody needs them any more.
        timeframe: the length of a bar.
    """

    def __init__(self, folder: Path | None, timeframe: Timeframe) -> None:
        self._store = BarStore(timeframe) if folder is None else BarStore.open(folder, timeframe)
        self._timeframe = timeframe
        self._is_needed, self._has_folder = True, folder is not None
        self._later: dict[str, list[Bar]] = {}

    def add(self, bars: Mapping[str, Bar]) -> None:
        """Take the bars of a step.

        Args:
            bars: by symbol.
        """
        if not self._is_needed:
            return
        for symbol, bar in bars.items():
            self._later.setdefault(symbol, []).append(bar)
        # One symbol a step, so that none takes long. The newest stay: their inputs may not be durable yet.
        full = next((symbol for symbol in bars if len(self._later[symbol]) >= 2 * _BLOCK), None)
        if full is not None:
            self._append(full, self._later[full][:_BLOCK])
            del self._later[full][:_BLOCK]

    def keep(self) -> None:
        """Write what came since the last time; bars that are there already are passed over."""
        for symbol, bars in self._later.items():
            self._append(symbol, bars)
        self._later.clear()

    def release(self) -> None:
        """Go on without those that are only in memory: the next start reads the journal."""
        if not self._has_folder:
            self._is_needed = False
            self._store = BarStore(self._timeframe)
            self._later.clear()

    def _append(self, symbol: str, bars: Sequence[Bar]) -> None:
        last = self._last(symbol)
        fresh = [bar for bar in bars if to_nanoseconds(bar.close_time) > last]
        if fresh:
            self._store.append(BarSeries.of(symbol, self._timeframe, fresh))

    def series(self) -> dict[str, BarSeries]:
        """Give the bars that are kept, by symbol."""
        return {symbol: self._store.series(symbol) for symbol in self._store.symbols}

    def _last(self, symbol: str) -> int:
        return int(self._store.series(symbol).close_time[-1]) if symbol in self._store.symbols else -(2**63)


@dataclass(slots=True, kw_only=True)
class Recovered:
    """Hold where a run goes on.

    Args:
        stepper: behind the last input of the journal.
        correlations: of the events so far.
        bars: of the run.
        last_times: the close of the last bar of each symbol, nanoseconds since 1970 UTC.
        rows: how many bars of each symbol there were.
        inputs: how many inputs were taken again.
        events: how many events were compared.
        repeated: how many events were recorded now, since they had not been.
    """

    stepper: Stepper
    correlations: Correlations
    bars: RunBars
    last_times: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    inputs: int = 0
    events: int = 0
    repeated: int = 0

    def note(self, bars: Mapping[str, Bar]) -> None:
        """Take note of bars that went in.

        Args:
            bars: by symbol.
        """
        self.bars.add(bars)
        for symbol, bar in bars.items():
            self.last_times[symbol] = to_nanoseconds(bar.close_time)
            self.rows[symbol] = self.rows.get(symbol, 0) + 1


def save_snapshot(journal: Journal, run: Recovered, input_sequence: int, domain_sequence: int) -> None:
    """Keep the state behind a step.

    Args:
        journal: where.
        run: what runs.
        input_sequence: the last input that is in it.
        domain_sequence: the last event that is in it.
    """
    run.bars.keep()
    beside = {"correlations": run.correlations.state(), "last_times": run.last_times, "rows": run.rows}
    journal.save_snapshot(
        Snapshot(
            schema=SNAPSHOT_SCHEMA,
            input_sequence=input_sequence,
            domain_sequence=domain_sequence,
            body=take_snapshot(run.stepper, beside),
        )
    )


def recover(journal: Journal, stepper: Stepper, folder: Path | None, stale_after: int) -> Recovered:
    """Bring a portfolio to where its journal ends.

    Args:
        journal: open for writing.
        stepper: of the portfolio that the journal is of, at its start.
        folder: where the run's bars are kept; ``None`` without one.
        stale_after: how long after its close a bar may be entered on, nanoseconds.

    Returns:
        Where the run goes on.

    Raises:
        RecoveryDiffers: when the engine does something else than the journal says.
    """
    run = Recovered(stepper=stepper, correlations=Correlations(), bars=RunBars(folder, stepper.timeframe))
    snapshot = journal.latest_snapshot(SNAPSHOT_SCHEMA)
    after_input = after_event = 0
    if snapshot is not None:
        _fill(run, journal, snapshot)
        beside = restore_snapshot(stepper, snapshot.body, run.bars.series())
        run.correlations.load(beside["correlations"])
        run.last_times, run.rows = beside["last_times"], beside["rows"]
        after_input, after_event = snapshot.input_sequence, snapshot.domain_sequence
    recorded = journal.read(Stream.DOMAIN, after_event)
    for record in journal.read(Stream.INPUT, after_input):
        closes = take_again(run, record, stale_after)
        run.inputs += 1
        _compare(run, journal, recorded, stepper.events(), closes)
    if (left := next(recorded, None)) is not None:
        raise RecoveryDiffers(sequence=left.sequence, recorded=left.body, came=None)
    run.bars.keep()
    return run


def _fill(run: Recovered, journal: Journal, snapshot: Snapshot) -> None:
    """Read the bars of a snapshot from the journal where the folder does not have them all."""
    counts = bars_in_snapshot(snapshot.body)
    kept = {symbol: len(series) for symbol, series in run.bars.series().items()}
    if all(kept.get(symbol, 0) >= count for symbol, count in counts.items()):
        return
    for record in islice(journal.read(Stream.INPUT), snapshot.input_sequence):
        taken = read_input(record.kind, record.body)
        if isinstance(taken, StepInput):
            run.bars.add(taken.bars)
        elif isinstance(taken, HistoryInput):
            for bars in taken.bars.values():
                for bar in bars:
                    run.bars.add({bar.symbol: bar})
    run.bars.keep()


def take_again(run: Recovered, record: JournalRecord, stale_after: int) -> Mapping[str, int]:
    """Feed a recorded input to the engine.

    Args:
        run: what runs.
        record: the input.
        stale_after: how long after its close a bar may be entered on, nanoseconds.

    Returns:
        The close of each bar in it, nanoseconds since 1970 UTC.
    """
    taken = read_input(record.kind, record.body)
    if not isinstance(taken, StepInput):
        taken.apply(run.stepper)
        if isinstance(taken, HistoryInput):
            for bars in taken.bars.values():
                for bar in bars:
                    run.note({bar.symbol: bar})
        return {}
    calculated = {symbol: run.stepper.calculate(symbol, bar) for symbol, bar in taken.bars.items()}
    taken.apply(run.stepper, calculated, stale_after)
    run.stepper.failures()
    run.note(taken.bars)
    return {symbol: given.close_time for symbol, given in calculated.items()}


def _compare(
    run: Recovered,
    journal: Journal,
    recorded: Iterator[JournalRecord],
    events: list[DomainEvent],
    closes: Mapping[str, int],
) -> None:
    for event in events:
        known = next(recorded, None)
        close = None if event.symbol is None else closes.get(event.symbol)
        correlation_id = run.correlations.take(
            kind=event.kind,
            strategy_id=event.strategy_id,
            symbol=event.symbol,
            body=event.body,
            bar="" if event.symbol is None or close is None else bar_id(event.symbol, close),
        )
        if known is None:
            journal.append([_record_of(event, correlation_id)])
            run.repeated += 1
        elif (known.sequence, known.body) != (event.sequence, event.body):
            raise RecoveryDiffers(sequence=event.sequence, recorded=known.body, came=event.body)
        run.events += 1


def _record_of(event: DomainEvent, correlation_id: str) -> JournalRecord:
    return JournalRecord(
        stream=Stream.DOMAIN,
        sequence=event.sequence,
        time=event.time,
        kind=event.kind,
        body=event.body,
        correlation_id=correlation_id,
    )
