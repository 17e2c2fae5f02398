"""The limits of a portfolio as the engine takes them: whole units, indices and steps instead of names and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant
from podium.core.events import Reason
from podium.engine.tables import GROUPS_MAXIMUM, LIMIT_FIRST, SCOPES_MAXIMUM, LimitAction, Record

__all__ = ["EngineLimits", "GroupLimit", "Limit", "StreakStep", "write_limits"]

_EXPOSURES = (
    Reason.TOTAL_RISK,
    Reason.GROSS_EXPOSURE,
    Reason.NET_EXPOSURE,
    Reason.SYMBOL_EXPOSURE,
    Reason.STRATEGY_EXPOSURE,
)
_LOSSES = (Reason.DAILY_LOSS, Reason.DRAWDOWN, Reason.LOSS_STREAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """State one limit.

    Args:
        action: what happens where it is reached.
        ratio: billionths of the portfolio's equity (of the price for PRICE_DEVIATION); 0 when it is an amount.
        bound: money units, or how many; not looked at beside a ratio.
        factor: billionths by which sizes are cut under ``reduce``, for what the account loses.
        cool_down: nanoseconds for which it holds at least; 0 for no such time.
        daily_reset: whether it holds until the day is over.
    """

    action: LimitAction
    ratio: int = 0
    bound: int = 0
    factor: int = 0
    cool_down: int = 0
    daily_reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLimit:
    """State what a group of symbols may be worth.

    Args:
        symbols: their indices.
        action: what happens where it is reached.
        ratio: billionths of the portfolio's equity; 0 when it is an amount.
        bound: money units.
    """

    symbols: tuple[int, ...]
    action: LimitAction = LimitAction.BLOCK
    ratio: int = 0
    bound: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreakStep:
    """State what happens from so many trades lost in a row on.

    Args:
        losses: how many, growing from step to step.
        factor: billionths of the size.
    """

    losses: int
    factor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EngineLimits:
    """State all limits of a run.

    Args:
        limits: by the reason for which each refuses; those of groups are given apart.
        days: the day of each step, shape ``(steps,)``, never falling.
        unallocated: money units that no strategy has.
        groups: the limits of groups.
        streak: for LOSS_STREAK.
        streak_per_strategy: whether each strategy's own trades count.
    """

    limits: Mapping[Reason, Limit]
    days: NDArray[np.int64]
    unallocated: int = 0
    groups: Sequence[GroupLimit] = ()
    streak: Sequence[StreakStep] = field(default=())
    streak_per_strategy: bool = True

    @property
    def closes_exposure(self) -> bool:
        """Tell whether what is open is held against limits in every step."""
        actions = [self.limits[reason].action for reason in _EXPOSURES if reason in self.limits]
        return any(action >= LimitAction.CLOSE for action in (*actions, *(group.action for group in self.groups)))

    @property
    def events_per_entry(self) -> int:
        """Compute how many events one entry can make by meeting limits."""
        return len(self.limits) + len(self.groups)

    @property
    def is_watchful(self) -> bool:
        """Tell whether steps in which nothing is wanted matter, too."""
        stops = any(limit.action is LimitAction.STOP for limit in self.limits.values())
        return stops or self.closes_exposure or any(reason in self.limits for reason in _LOSSES)


def write_limits(run: Record, limits: EngineLimits, *, capital: int, strategies: int, symbols: int, one: int) -> None:
    """Write the limits of a run into its row.

    Args:
        run: the ``RUN`` row.
        limits: the limits.
        capital: money units of all strategies together.
        strategies: how many there are.
        symbols: how many there are.
        one: money units of one of the account currency.
    """
    invariant(len(limits.groups) <= GROUPS_MAXIMUM, "the groups fit a symbol's bits", groups=len(limits.groups))
    scopes = 1 + strategies + symbols + len(limits.groups)
    invariant(scopes <= SCOPES_MAXIMUM, "the limits' sums fit their table", scopes=scopes)
    row = run["limits"]
    run["limited"], run["watchful"] = 1, limits.is_watchful
    for reason, limit in limits.limits.items():
        written = row["limit"][reason - LIMIT_FIRST]
        for name in limit.__dataclass_fields__:
            written[name] = getattr(limit, name)
    row["watches_exposure"] = limits.closes_exposure
    row["unallocated"], row["one"] = limits.unallocated, one
    row["equity"] = row["peak"] = row["day_start"] = row["last_equity"] = capital + limits.unallocated
    row["day"] = limits.days[0] if len(limits.days) else 0
    row["minute"] = -1
    row["streak_per_strategy"], row["streak_count"] = limits.streak_per_strategy, len(limits.streak)
    for index, step in enumerate(limits.streak):
        row["streak_losses"][index], row["streak_factor"][index] = step.losses, step.factor
    row["first_symbol"], row["first_group"], row["scope_count"] = 1 + strategies, 1 + strategies + symbols, scopes
    for index, group in enumerate(limits.groups):
        scope = row["scopes"][1 + strategies + symbols + index]
        scope["action"], scope["ratio"], scope["bound"] = group.action, group.ratio, group.bound
        for symbol in group.symbols:
            row["scopes"]["groups"][1 + strategies + symbol] |= 1 << index
