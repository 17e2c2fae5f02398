"""The one error tree of Podium, and how a problem is told to the person who can mend it.

Three kinds, never mixed:

* an expected refusal (no capital left, a quantity below the minimum) is a *value*: an event with a reason;
* what a user or the outside did wrong is an exception of this tree;
* a broken invariant is a defect of Podium: it crashes the run.

::

    PodiumError
    ├── InputError (also a ValueError)      the input is wrong; the command line ends with 2
    │   ├── ConfigurationError              a portfolio file, a strategy file, an option, a weight
    │   ├── RuleError                       an expression of the rule language
    │   ├── DataError                       bars that cannot be read or may not be used
    │   └── JournalError                    a journal that cannot be opened, is in use or was changed
    ├── RunError                            the run failed; the command line ends with 1
    │   ├── BusUnavailable                  the stream of events cannot be reached
    │   ├── JournalFailed                   a record could not be made durable
    │   ├── StrategyFailed                  a strategy's own code raised
    │   ├── LedgerOverflow                  an amount left the range the ledger can hold exactly
    │   └── IllegalTransition               a service or an orchestrator cannot do this in its state
    └── InvariantBroken                     a defect of Podium
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from podium.core.places import Place

__all__ = [
    "BusUnavailable",
    "ConfigurationError",
    "DataError",
    "IllegalTransition",
    "InputError",
    "InvariantBroken",
    "JournalError",
    "JournalFailed",
    "LedgerOverflow",
    "Location",
    "PodiumError",
    "Problem",
    "RuleError",
    "RunError",
    "StrategyFailed",
    "did_you_mean",
    "invariant",
    "refuse_unknown",
    "within",
]


class PodiumError(Exception):
    """Be the root of everything Podium raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Point at a place a person can open: a file, and in it a line and a column (both from 1)."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file, *(str(part) for part in (self.line, self.column) if part is not None)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Say one thing that is wrong: where, what came, what was expected, what to do.

    Args:
        message: what came and why it does not serve, one line.
        location: where; ``None`` when the input stands in no file (an argument in Python).
        expected: what would have been accepted.
        hint: what to do.
        place: which of the given options it is about, as keys and positions; who has read them from a file knows its
            location.
    """

    message: str
    location: Location | None = None
    expected: str | None = None
    hint: str | None = None
    place: Place = ()

    def located(self, location: Location | None) -> Problem:
        """Point at a location, unless the problem has one already.

        Args:
            location: where it is, as far as the caller knows.

        Returns:
            The problem.
        """
        return self if self.location is not None else replace(self, location=location)

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        lines = [f"{where}{self.message}"]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class InputError(PodiumError, ValueError):
    """Report input that a user can mend.

    Args:
        problems: one problem, or all that were found in one pass.
    """

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigurationError(InputError):
    """Report a wrong portfolio file, strategy file, option or weight."""


class RuleError(InputError):
    """Report a wrong expression of the rule language."""


class DataError(InputError):
    """Report bars that cannot be read or may not be used."""


class JournalError(InputError):
    """Report a journal that cannot be opened, is in use by another process, or was changed."""


class RunError(PodiumError):
    """Report a run that started and could not go on."""


class BusUnavailable(RunError):
    """Report that the stream that other systems read cannot be reached, or is not this run's.

    Args:
        bus: server and stream.
        cause: why.
    """

    def __init__(self, *, bus: str, cause: str) -> None:
        self.bus, self.cause = bus, cause
        super().__init__(f"{bus}: {cause}")


class JournalFailed(RunError):
    """Report that a record could not be made durable; nothing after it may be done.

    Args:
        problem: where, what happened and what to do.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class StrategyFailed(RunError):
    """Report that a strategy's own code raised.

    Args:
        strategy_id: whose code.
        symbol: on which symbol.
        time: the close of the bar at which it happened, ISO 8601 UTC.
        cause: what it raised.
        location: the line of the strategy's code, where it is known.
    """

    def __init__(
        self, *, strategy_id: str, symbol: str, time: str, cause: BaseException, location: Location | None = None
    ) -> None:
        self.strategy_id, self.symbol, self.time, self.location = strategy_id, symbol, time, location
        where = f"{location}: " if location else ""
        what = f"{type(cause).__name__}: {cause}"
        super().__init__(f"{where}strategy '{strategy_id}' failed on {symbol} at {time}: {what}")


class LedgerOverflow(RunError):
    """Report an amount beyond what the ledger's integers hold.

    Args:
        strategy_id: whose position grew too large.
        symbol: on which symbol.
        time: when, ISO 8601 UTC.
    """

    def __init__(self, *, strategy_id: str, symbol: str, time: str) -> None:
        self.strategy_id, self.symbol, self.time = strategy_id, symbol, time
        super().__init__(
            f"the position of '{strategy_id}' on {symbol} at {time} is worth more than the exact ledger can hold\n"
            "  hint: use a coarser tick or lot for this symbol, or less capital or leverage"
        )


class IllegalTransition(RunError):
    """Report that a service or an orchestrator was asked for what its state does not allow.

    Args:
        owner: who was asked.
        state: its state.
        asked: the state that was asked for.
        allowed: the states that may follow.
    """

    def __init__(self, *, owner: str, state: str, asked: str, allowed: tuple[str, ...]) -> None:
        self.owner, self.state, self.asked, self.allowed = owner, state, asked, allowed
        super().__init__(
            f"{owner} is {state} and cannot become {asked}\n  expected: {' or '.join(allowed) or 'no other state'}"
        )


class InvariantBroken(PodiumError):
    """Report a defect of Podium itself: something that must hold at every event did not."""


def invariant(condition: bool, message: str, **values: object) -> None:
    """Crash when something that must always hold does not.

    Args:
        condition: what must hold.
        message: the invariant, as a sentence.
        values: what was found.

    Raises:
        InvariantBroken: when the condition is false.
    """
    if not condition:
        found = ", ".join(f"{name}={value!r}" for name, value in values.items())
        raise InvariantBroken(f"{message} ({found})" if found else message)


@contextmanager
def within(*place: str | int) -> Iterator[None]:
    """Say of the problems of a block which of the given options they are about.

    Args:
        place: keys and positions that lead to what the block looks at.
    """
    try:
        yield
    except InputError as error:
        error.problems = tuple(replace(problem, place=(*place, *problem.place)) for problem in error.problems)
        raise


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Suggest the known name nearest to a word.

    Args:
        word: what came.
        known: the names that would have been accepted.

    Returns:
        ``did you mean 'name'?``, or ``None`` when nothing is near.
    """
    names = list(known)
    by_lower = {name.lower(): name for name in names}
    if (same := by_lower.get(word.lower())) is not None and same != word:
        return f"did you mean '{same}'?"
    # The very word that was typed is no help.
    others = [name for name in by_lower if by_lower[name] != word]
    near = difflib.get_close_matches(word.lower(), others, n=1, cutoff=0.6)
    return f"did you mean '{by_lower[near[0]]}'?" if near else None


def refuse_unknown(wanted: Iterable[tuple[str, str]], known: Collection[str]) -> None:
    """Refuse names that nobody knows, all at once.

    Args:
        wanted: names, each with what is to be said of it when it is unknown.
        known: the names that would have been accepted.

    Raises:
        ConfigurationError: with a problem for each unknown name.
    """
    problems = [
        Problem(message=message, expected=f"one of {', '.join(known)}", hint=did_you_mean(name, known))
        for name, message in wanted
        if name not in known
    ]
    if problems:
        raise ConfigurationError(problems)
