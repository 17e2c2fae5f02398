"""Let sides take turns on one workload and check what they come to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from environments import ready_environment
from figures import Spread
from processes import Repeat, Side, run_side_once
from workloads import Workload

__all__ = ["Contender", "Round", "expected_figures", "take_turns"]

DATA = Path(__file__).resolve().parent / ".data"
#: Floats of other engines differ from exact money far below this.
_TOLERANCE = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Be one side of a comparison.

    Args:
        name: as the tables call it.
        module: of ``sides``.
        workload: what it runs, possibly on fewer bars than others.
        peer: whose environment it needs; ``None`` for Podium's own.
        processes: how many fresh processes run it.
        again: how often each of them runs it once more.
        form: what the module is told besides.
        convention: when it decides and fills; see ``sides.expectation.expect``.
    """

    name: str
    module: str
    workload: Workload
    peer: str | None = None
    processes: int = 5
    again: int = 2
    form: str = "rules"
    convention: str = "next_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Hold all repeats of one contender.

    Args:
        contender: who ran.
        first: what the first run of each process took.
        again: what later runs in the same processes took.
        versions: what ran.
        mismatch: what is wrong with its result, ``None`` when nothing is.
    """

    contender: Contender
    first: Sequence[Repeat]
    again: Sequence[Repeat]
    versions: dict[str, str] = field(default_factory=dict)
    mismatch: str | None = None

    @property
    def cpu(self) -> Spread:
        """Give CPU seconds of first runs."""
        return Spread.of(repeat.cpu_seconds for repeat in self.first)

    @property
    def cpu_again(self) -> Spread | None:
        """Give CPU seconds of later runs in the same process, ``None`` when there were none."""
        return Spread.of(repeat.cpu_seconds for repeat in self.again) if self.again else None

    def part(self, name: str) -> Spread:
        """Give CPU seconds of a named part of first runs."""
        return Spread.of(repeat.parts[name] for repeat in self.first)

    @property
    def nanoseconds_per_strategy_bar(self) -> float:
        """Give the median of first runs per bar, symbol and strategy."""
        return self.cpu.median / self.contender.workload.strategy_bars * 1e9


def take_turns(contenders: Sequence[Contender]) -> list[Round]:
    """Run every contender in turn: A B C, A B C, ... so that the machine's moods meet all of them alike.

    Args:
        contenders: in the order of the table.

    Returns:
        Their rounds, in the same order.
    """
    first: dict[str, list[Repeat]] = {contender.name: [] for contender in contenders}
    again: dict[str, list[Repeat]] = {contender.name: [] for contender in contenders}
    versions: dict[str, dict[str, str]] = {}
    for number in range(max(contender.processes for contender in contenders)):
        for contender in contenders:
            if number < contender.processes:
                with _start(contender) as side:
                    versions[contender.name] = side.versions
                    first[contender.name].append(side.run())
                    again[contender.name] += [side.run() for _ in range(contender.again)]
    return [
        Round(
            contender=contender,
            first=first[contender.name],
            again=again[contender.name],
            versions=versions[contender.name],
            mismatch=_mismatch(contender, [*first[contender.name], *again[contender.name]]),
        )
        for contender in contenders
    ]


def _start(contender: Contender) -> Side:
    python = Path(sys.executable) if contender.peer is None else ready_environment(contender.peer)
    wanted = {
        "workload": contender.workload.name,
        "bars": contender.workload.bars,
        "data": str(DATA),
        "form": contender.form,
    }
    return Side(contender.name, python, contender.module, wanted)


def expected_figures(workload: Workload, convention: str = "next_open") -> tuple[int, Decimal]:
    """Compute fills and equity without any engine.

    Args:
        workload: the task.
        convention: see ``sides.expectation.expect``.
    """
    wanted = {"workload": workload.name, "bars": workload.bars, "data": str(DATA), "convention": convention}
    found = run_side_once("expectation", wanted)
    return int(found["fills"]), Decimal(found["equity"])


def _mismatch(contender: Contender, repeats: Sequence[Repeat]) -> str | None:
    fills, equity = expected_figures(contender.workload, contender.convention)
    tolerance = Decimal(0) if contender.peer is None else _TOLERANCE
    for repeat in repeats:
        if repeat.fills != fills or abs(Decimal(repeat.equity) - equity) > tolerance:
            return (
                f"{contender.workload.name}, {contender.name}: {repeat.fills} fills and equity {repeat.equity}, "
                f"expected {fills} and {equity}"
            )
    return None
