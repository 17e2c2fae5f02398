"""What is done about flaws: refuse, warn or drop, as stated. Nothing is repaired, and nothing dropped in silence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import ConfigurationError, DataError, Problem, did_you_mean
from podium.data.bars import BarSeries
from podium.data.flaws import Flaw, FlawKind
from podium.data.quality import QualityReport

__all__ = ["DEFAULT_ACTIONS", "Action", "Policy", "apply_policy"]

#: ``error`` refuses the bars, ``warn`` uses them and says so, ``drop`` leaves the flawed bars out and says so.
Action = Literal["error", "warn", "drop"]

_ERRORS = frozenset(
    {
        FlawKind.DUPLICATE,
        FlawKind.BACKWARD_TIME,
        FlawKind.NON_POSITIVE,
        FlawKind.HIGH_BELOW_LOW,
        FlawKind.NOT_A_NUMBER,
        FlawKind.NEGATIVE_VOLUME,
    }
)
DEFAULT_ACTIONS: Mapping[FlawKind, Action] = MappingProxyType(
    {kind: "error" if kind in _ERRORS else "warn" for kind in FlawKind}
)
#: No run can use such bars, so a warning would be a promise that nobody can keep.
_UNUSABLE = frozenset({FlawKind.DUPLICATE, FlawKind.BACKWARD_TIME, FlawKind.NON_POSITIVE, FlawKind.NOT_A_NUMBER})
#: There is no bar to leave out, or it is all of them.
_NOTHING_TO_DROP = frozenset({FlawKind.GAP, FlawKind.NAIVE_TIME})
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """State what is done about each kind of flaw.

    Args:
        actions: an action for every kind; ``Policy.of`` fills in the defaults.
    """

    actions: Mapping[FlawKind, Action] = field(default_factory=lambda: DEFAULT_ACTIONS)

    @classmethod
    def of(cls, stated: Mapping[str, str]) -> Policy:
        """Read a policy.

        Args:
            stated: actions by kind, such as ``{"duplicate": "drop"}``; kinds left out keep their default.

        Returns:
            The policy.

        Raises:
            ConfigurationError: listing all unknown kinds, and actions that cannot be had.
        """
        actions = dict(DEFAULT_ACTIONS)
        problems: list[Problem] = []
        for name, action in stated.items():
            problem = _wrong(name, action)
            if problem is not None:
                problems.append(problem)
            else:
                actions[FlawKind(name)] = action  # type: ignore[assignment]  # one of the three, see _wrong
        if problems:
            raise ConfigurationError(problems)
        return cls(MappingProxyType(actions))


def _wrong(name: str, action: str) -> Problem | None:
    kinds = [kind.value for kind in FlawKind]
    if name not in kinds:
        expected = "one of " + ", ".join(kinds)
        return Problem(message=f"unknown kind of flaw '{name}'", expected=expected, hint=did_you_mean(name, kinds))
    allowed = {"error", "warn", "drop"}
    if FlawKind(name) in _UNUSABLE:
        allowed.remove("warn")
    if FlawKind(name) in _NOTHING_TO_DROP:
        allowed.remove("drop")
    if action in allowed:
        return None
    expected = " or ".join(sorted(allowed))
    return Problem(message=f"{name}: {action!r} cannot be done about this flaw", expected=expected)


def apply_policy(series: BarSeries, report: QualityReport, policy: Policy) -> tuple[BarSeries, tuple[Flaw, ...]]:
    """Do what the policy states.

    Args:
        series: the bars.
        report: what ``check_bars`` found in them.
        policy: what to do.

    Returns:
        The bars that may be used, and what the run must tell: every flaw of theirs that was let through, and one entry
        per kind of which bars were dropped. Exactly the flawed bars are dropped; the gaps this makes are no new flaws.

    Raises:
        DataError: telling the first flaws that the policy does not let through, with file, row and time.
    """
    refused = [flaw for flaw in report.flaws if policy.actions[flaw.kind] == "error"]
    if refused:
        raise DataError(_problems(series, refused))
    dropped = {kind: rows for kind, rows in report.rows.items() if policy.actions[kind] == "drop"}
    let_through = [flaw for flaw in report.flaws if policy.actions[flaw.kind] == "warn"]
    if not dropped:
        return series, tuple(let_through)
    keep = np.ones(len(series), dtype=np.bool_)
    for rows in dropped.values():
        keep[rows] = False
    told = [flaw for flaw in let_through if _is_kept(flaw, report, keep)]
    told += (_dropped(report, kind) for kind in dropped)
    if not keep.any():
        message = f"{series.symbol}: all {len(series):,} bars are flawed and were dropped"
        raise DataError(Problem(message=message, location=series.source.location(), expected="at least one bar"))
    return series.select(keep), tuple(told)


def _is_kept(flaw: Flaw, report: QualityReport, keep: NDArray[np.bool_]) -> bool:
    """Tell whether a flaw is one of bars that are still there; of many bars in one entry, whether any may be."""
    if flaw.kind == FlawKind.GAP:
        return True
    return bool(keep[flaw.row] if flaw.count == 1 else keep[report.rows[flaw.kind]].any())


def _problems(series: BarSeries, refused: list[Flaw]) -> list[Problem]:
    problems = [
        Problem(
            message=str(flaw),
            location=series.source.location(flaw.row),
            hint=f"mend the source, or state what to do about it: {_way_out(flaw.kind)}",
        )
        for flaw in refused[:_SHOWN_PROBLEMS]
    ]
    more = sum(flaw.count for flaw in refused[_SHOWN_PROBLEMS:])
    if more:
        message = f"{series.symbol}: {more:,} more flaws of this or another kind are not shown"
        problems.append(Problem(message=message, location=series.source.location(), hint=_where_shown(series)))
    return problems


def _way_out(kind: FlawKind) -> str:
    """Say what to write into a portfolio file."""
    first, *others = [*([] if kind in _NOTHING_TO_DROP else ["drop"]), *([] if kind in _UNUSABLE else ["warn"])]
    return f"data: {{flaws: {{{kind}: {first}}}}}" + "".join(f" (or {other})" for other in others)


def _where_shown(series: BarSeries) -> str:
    file = series.source.file
    return (
        "check_bars(series).summary tells all kinds" if file is None else shlex.join(["podium", "data", "check", file])
    )


def _dropped(report: QualityReport, kind: FlawKind) -> Flaw:
    first = next(flaw for flaw in report.flaws if flaw.kind == kind)
    count = report.counts[kind]
    text = f"{count:,} {'bar' if count == 1 else 'bars'} dropped, as stated"
    return Flaw(kind=kind, symbol=first.symbol, row=first.row, time=first.time, detail=text, count=count)
