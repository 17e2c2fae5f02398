"""Let sides take turns on one workload and check what they come to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
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
        repeats: how often at most.
        form: what the module is told besides.
        same_close: whether it fills at the close that decides, with fees in whole cents.
    """

    name: str
    module: str
    workload: Workload
    peer: str | None = None
    repeats: int = 7
    form: str = "rules"
    same_close: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Hold all repeats of one contender.

    Args:
        contender: who ran.
        repeats: what each took.
        versions: what ran.
        mismatch: what is wrong with its result, ``None`` when nothing is.
    """

    contender: Contender
    repeats: Sequence[Repeat]
    versions: dict[str, str] = field(default_factory=dict)
    mismatch: str | None = None

    @property
    def cpu(self) -> Spread:
        """Give CPU seconds."""
        return Spread.of(repeat.cpu_seconds for repeat in self.repeats)

    @property
    def wall(self) -> Spread:
        """Give seconds by the clock."""
        return Spread.of(repeat.wall_seconds for repeat in self.repeats)

    def part(self, name: str) -> Spread:
        """Give CPU seconds of a named part."""
        return Spread.of(repeat.parts[name] for repeat in self.repeats)

    @property
    def nanoseconds_per_strategy_bar(self) -> float:
        """Give the median per bar, symbol and strategy."""
        return self.cpu.median / self.contender.workload.strategy_bars * 1e9


def take_turns(contenders: Sequence[Contender]) -> list[Round]:
    """Run every contender in turn: A B C, A B C, ... so that the machine's moods meet all of them alike.

    Args:
        contenders: in the order of the table.

    Returns:
        Their rounds, in the same order.
    """
    repeats: dict[str, list[Repeat]] = {contender.name: [] for contender in contenders}
    with ExitStack() as stack:
        sides = {contender.name: stack.enter_context(_start(contender)) for contender in contenders}
        for number in range(max(contender.repeats for contender in contenders)):
            for contender in contenders:
                if number < contender.repeats:
                    repeats[contender.name].append(sides[contender.name].run())
        versions = {name: side.versions for name, side in sides.items()}
    return [
        Round(
            contender=contender,
            repeats=repeats[contender.name],
            versions=versions[contender.name],
            mismatch=_mismatch(contender, repeats[contender.name]),
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


def expected_figures(workload: Workload, *, same_close: bool = False) -> tuple[int, Decimal]:
    """Compute fills and equity without any engine.

    Args:
        workload: the task.
        same_close: see ``Contender``.
    """
    wanted = {"workload": workload.name, "bars": workload.bars, "data": str(DATA), "same_close": same_close}
    found = run_side_once("expectation", wanted)
    return int(found["fills"]), Decimal(found["equity"])


def _mismatch(contender: Contender, repeats: Sequence[Repeat]) -> str | None:
    fills, equity = expected_figures(contender.workload, same_close=contender.same_close)
    tolerance = Decimal(0) if contender.peer is None else _TOLERANCE
    for repeat in repeats:
        if repeat.fills != fills or abs(Decimal(repeat.equity) - equity) > tolerance:
            return (
                f"{contender.workload.name}, {contender.name}: {repeat.fills} fills and equity {repeat.equity}, "
                f"expected {fills} and {equity}"
            )
    return None
