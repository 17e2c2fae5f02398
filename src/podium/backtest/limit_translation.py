"""Turn what a portfolio may risk into what the engine takes: names into indices, money into units, zones into days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import refuse_unknown
from podium.core.events import Reason
from podium.core.money import RATE_SCALE, MoneyUnit, to_rate
from podium.core.times import NANOSECONDS_PER_DAY, Timeframe
from podium.engine.limits import EngineLimits, GroupLimit, Limit, StreakStep
from podium.engine.tables import LimitAction
from podium.portfolio.risk_options import AccountLimit, AmountLimit, CountLimit, LossStreak, PriceLimit, RiskOptions

__all__ = ["days_of", "engine_limits"]

_SINGLE = tuple(reason for reason in Reason if Reason.DAILY_LOSS <= reason < Reason.GROUP_EXPOSURE)
_HALF = RATE_SCALE // 2


def engine_limits(
    risk: RiskOptions, *, symbols: Sequence[str], times: NDArray[np.int64], unallocated: int, unit: MoneyUnit
) -> EngineLimits:
    """Give the limits of a run.

    Args:
        risk: what the portfolio may risk.
        symbols: in portfolio order.
        times: close time of each step, nanoseconds since 1970 UTC, shape ``(steps,)``.
        unallocated: money units that no strategy has.
        unit: the money unit.

    Returns:
        The limits, as the engine takes them.

    Raises:
        ConfigurationError: when a group names an unknown symbol.
    """
    refuse_unknown(
        (
            (symbol, f"the group '{name}' has '{symbol}', of which there are no bars")
            for name, group in risk.groups.items()
            for symbol in group
        ),
        symbols,
    )
    named = {reason: given for reason in _SINGLE if (given := getattr(risk, reason.wire)) is not None}
    limits = {reason: _limit(given, unit) for reason, given in named.items()}
    groups = tuple(
        GroupLimit(
            symbols=tuple(symbols.index(symbol) for symbol in risk.groups[name]),
            action=LimitAction[given.action.upper()],
            ratio=_ratio(given),
            bound=_bound(given, unit),
        )
        for name, given in risk.group_exposure.items()
    )
    streak = risk.loss_streak
    return EngineLimits(
        limits=limits,
        days=days_of(times, risk.timezone),
        unallocated=unallocated,
        groups=groups,
        streak=_streak_steps(streak),
        streak_per_strategy=streak is not None and streak.per == "strategy",
    )


def days_of(times: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Tell on which day of a zone each moment lies; midnight is the end of a day, as it is of a daily bar.

    Args:
        times: nanoseconds since 1970 UTC, shape ``(moments,)``.
        zone: a time zone, such as ``America/New_York``.

    Returns:
        Days since 1970-01-01, shape ``(moments,)``.
    """
    if zone == "UTC":
        return (times - 1) // NANOSECONDS_PER_DAY
    import polars as pl  # noqa: PLC0415  only other zones need it

    local = pl.Series(times - 1).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
    return local.dt.date().to_physical().cast(pl.Int64).to_numpy(writable=True)


def _ratio(given: AmountLimit) -> int:
    return 0 if given.limit is None else to_rate(given.limit, "limit")


def _bound(given: AmountLimit, unit: MoneyUnit) -> int:
    return 0 if given.money is None else unit.to_units(given.money, "money")


def _limit(given: AmountLimit | CountLimit | PriceLimit | LossStreak, unit: MoneyUnit) -> Limit:
    action = LimitAction[given.action.upper()]
    match given:
        case AccountLimit():
            return Limit(
                action=action,
                factor=_HALF if given.factor is None else to_rate(given.factor, "factor"),
                cool_down=_nanoseconds(given.cool_down),
                daily_reset=given.daily_reset,
                ratio=_ratio(given),
                bound=_bound(given, unit),
            )
        case LossStreak():
            return Limit(action=action, cool_down=_nanoseconds(given.cool_down), daily_reset=given.daily_reset)
        case CountLimit():
            return Limit(action=action, bound=given.limit)
        case PriceLimit():
            return Limit(action=action, ratio=to_rate(given.limit, "limit"))
        case _:
            return Limit(action=action, ratio=_ratio(given), bound=_bound(given, unit))


def _nanoseconds(duration: str | None) -> int:
    return 0 if duration is None else Timeframe.parse(duration).nanoseconds


def _streak_steps(streak: LossStreak | None) -> tuple[StreakStep, ...]:
    if streak is None:
        return ()
    if streak.limit is not None:
        return (StreakStep(losses=streak.limit),)
    return tuple(
        StreakStep(losses=losses, factor=to_rate(factor, "sizes")) for losses, factor in sorted(streak.sizes.items())
    )
