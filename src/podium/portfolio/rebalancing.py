"""Rebalancing of capital between strategies: when it is looked at, what each should have, which moves bring it nearer.

Nothing here knows of the engine: shares come from weights and from what strategies returned so far, moves from what
accounts hold now. What a rule leaves to nobody is parked as cash that no strategy has, and comes back when it wants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from podium.core.errors import Problem
from podium.core.fields import choice, ratio, refuse, whole_number
from podium.core.money import RATE_SCALE
from podium.core.times import NANOSECONDS_PER_DAY
from podium.portfolio.risk_shares import apportioned, covariance, shares_by_risk

__all__ = [
    "PARKED",
    "Move",
    "RebalancingOptions",
    "is_adrift",
    "moves_to",
    "period_ends",
    "rebalancing_problem",
]

#: The place of cash that no strategy has, among givers and receivers.
PARKED = -1
#: One move of capital: giver, receiver, units.
Move: TypeAlias = tuple[int, int, int]

_RULES = ("weights", "equal_weight", "inverse_volatility", "risk_parity", "volatility_target", "drawdown_aware")
#: Rules that look at the returns of the last days.
_LOOKING_BACK = ("inverse_volatility", "risk_parity", "volatility_target")
#: Rules that may leave capital idle, so that even a single strategy has something to do with them.
_SCALING = ("volatility_target", "drawdown_aware")
Rule = Annotated[
    Literal["weights", "equal_weight", "inverse_volatility", "risk_parity", "volatility_target", "drawdown_aware"],
    choice(*_RULES),
]
"""what share of the capital each strategy should have"""
Occasion = Annotated[Literal["drift", "schedule"], choice("drift", "schedule")]
"""whether capital moves only when shares have drifted, or each time"""
Period = Annotated[
    Literal["hour", "day", "week", "month", "quarter"], choice("hour", "day", "week", "month", "quarter")
]
"""after which stretches of time shares are looked at"""
PositiveRatio = Annotated[Decimal, ratio(above=0, example="15% or 0.15")]
"""a ratio above 0"""

_NANOSECONDS_PER_HOUR = NANOSECONDS_PER_DAY // 24
#: 1970-01-01 was a Thursday; weeks begin on Monday.
_DAYS_TO_MONDAY = 3


class RebalancingOptions(BaseModel):
    """When and how capital moves between strategies: {rule: weights, when: drift}."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rule: Rule = Field(
        default="weights",
        description="what each should have: its weight, the same, less the more it swings (inverse volatility, risk "
        "parity), or its weight less what a volatility or a drawdown calls for",
    )
    when: Occasion = Field(
        default="drift", description="move when a share has drifted by `rebalance_threshold`, or every time"
    )
    every: Period = Field(default="day", description="how often it is looked at: whenever such a period has ended, UTC")
    lookback_days: Annotated[int, whole_number(minimum=5, example="60")] = Field(
        default=60,
        description="of how many daily returns volatilities are made; before there are so many nothing moves",
    )
    volatility: PositiveRatio | None = Field(
        default=None, description="the volatility a year that volatility_target keeps the portfolio at or below"
    )
    drawdown: Annotated[Decimal, ratio(above=0, maximum=1, example="20% or 0.2")] | None = Field(
        default=None, description="the drawdown at which drawdown_aware leaves a strategy a quarter of its share"
    )

    @model_validator(mode="after")
    def _levels_fit_the_rule(self) -> Self:
        for name, rule in (("volatility", "volatility_target"), ("drawdown", "drawdown_aware")):
            if self.rule == rule and getattr(self, name) is None:
                refuse(f"{{place}} has the rule {rule}, but no '{name}'", expected=f"{name}: a ratio, such as 15%")
            if self.rule != rule and getattr(self, name) is not None:
                message = f"{{place}} is stated, but the rule {self.rule} does not look at it"
                refuse(message, expected=f"the rule {rule}", hint=f"remove '{name}'", at=(name,))
        if "lookback_days" in self.model_fields_set and not self.looks_back:
            message = f"{{place}} is stated, but the rule {self.rule} does not look back"
            refuse(message, expected=f"a rule of {', '.join(_LOOKING_BACK)}", hint="remove 'lookback_days'",
                   at=("lookback_days",))  # fmt: skip
        return self

    @property
    def looks_back(self) -> bool:
        """Tell whether the rule needs the returns of the last days."""
        return self.rule in _LOOKING_BACK

    def shares(
        self,
        weights: Sequence[Decimal],
        *,
        returns: Sequence[Sequence[float]] | None,
        drawdowns: Sequence[float],
        periods_per_year: int,
    ) -> list[int] | None:
        """Compute what share of the capital each strategy should have.

        Args:
            weights: of the strategies.
            returns: of each the daily returns looked back at, free of capital moved; ``None`` when there are too few.
            drawdowns: of each how far its return index is below its highest, a positive fraction.
            periods_per_year: days that count in a year.

        Returns:
            Billionths that sum to at most one; ``None`` while the rule does not know enough.
        """
        base = apportioned(RATE_SCALE, weights)
        match self.rule:
            case "weights":
                return base
            case "equal_weight":
                return apportioned(RATE_SCALE, [1] * len(weights))
            case "drawdown_aware":
                kept = [_kept(fall, self.drawdown) for fall in drawdowns]
                return [math.floor(share * part) for share, part in zip(base, kept, strict=True)]
        if returns is None:
            return None
        if self.rule == "volatility_target":
            days = zip(*returns, strict=True)
            together = [math.fsum(w * r / RATE_SCALE for w, r in zip(base, day, strict=True)) for day in days]
            volatility = math.sqrt(covariance(together, together) * periods_per_year)
            scale = 1.0 if volatility == 0 else min(float(self.volatility or 0) / volatility, 1.0)
            return [math.floor(share * scale) for share in base]
        return shares_by_risk(base, returns, equal_contributions=self.rule == "risk_parity")


#: A strategy in the depth of its drawdown keeps so much of its share: with nothing it could never recover.
_LEAST_KEPT = 0.25


def _kept(fall: float, limit: Decimal | None) -> float:
    """Give the part of its share that a strategy keeps: linear from all at its highest to the least at the limit."""
    return 1.0 - (1.0 - _LEAST_KEPT) * min(fall / float(limit or 1), 1.0)


def is_adrift(equities: Sequence[int], parked: int, shares: Sequence[int], threshold: Decimal) -> bool:
    """Tell whether a strategy's share of the capital is too far from what it should be.

    Args:
        equities: of the strategies, units.
        parked: what earlier moves left to nobody, units.
        shares: what each should have, billionths.
        threshold: from this difference of shares on.

    Returns:
        Whether one of them has drifted.
    """
    base = sum(equities) + parked
    return any(
        abs(equity * RATE_SCALE - share * base) >= threshold * RATE_SCALE * base
        for equity, share in zip(equities, shares, strict=True)
    )


def moves_to(equities: Sequence[int], free: Sequence[int], parked: int, shares: Sequence[int]) -> list[Move]:
    """Say how capital moves towards the shares; who has too much gives what is free of it.

    Args:
        equities: of the strategies, units.
        free: of each the cash that is not reserved, units; below 0 is none.
        parked: what earlier moves left to nobody, units, ≥ 0.
        shares: what each should have, billionths that sum to at most one.

    Returns:
        Moves in the order of the strategies, parked cash last; what is given in all is shared out among those who lack
        something, in proportion, to the last unit.
    """
    base = sum(equities) + parked
    if base <= 0:
        return []
    wanted = apportioned(base, [*shares, RATE_SCALE - sum(shares)])
    held, most = [*equities, parked], [*free, parked]
    given = [min(max(have - want, 0), max(may, 0)) for have, want, may in zip(held, wanted, most, strict=True)]
    lacking = [max(want - have, 0) for have, want in zip(held, wanted, strict=True)]
    if sum(given) == 0:
        return []
    got = apportioned(sum(given), lacking)
    moves: list[Move] = []
    giver = receiver = 0
    while giver < len(given) and receiver < len(got):
        units = min(given[giver], got[receiver])
        if units > 0:
            moves.append((_party(giver, equities), _party(receiver, equities), units))
        given[giver] -= units
        got[receiver] -= units
        if given[giver] == 0:
            giver += 1
        else:
            receiver += 1
    return moves


def _party(place: int, equities: Sequence[int]) -> int:
    return place if place < len(equities) else PARKED


def period_ends(times: NDArray[np.int64], every: str) -> list[int]:
    """Find the steps before which a period has ended.

    Args:
        times: close time of each step, nanoseconds since 1970 UTC; a close at the border belongs to the period before.
        every: see ``Period``.

    Returns:
        Steps, the first one of each period but the first period.
    """
    before = times - 1
    days = before // NANOSECONDS_PER_DAY
    match every:
        case "hour":
            periods = before // _NANOSECONDS_PER_HOUR
        case "day":
            periods = days
        case "week":
            periods = (days + _DAYS_TO_MONDAY) // 7
        case _:
            months = before.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
            periods = months if every == "month" else months // 3
    return (np.flatnonzero(np.diff(periods)) + 1).tolist()


def rebalancing_problem(options: RebalancingOptions, strategies: int, days: int | None) -> Problem | None:
    """Say why a rule could never act in a run.

    Args:
        options: the rule.
        strategies: how many there are.
        days: daily returns that are known when the last period ends in the run; ``None`` where none does.

    Returns:
        The problem, without its place; ``None`` when there is none.
    """
    if strategies < 2 and options.rule not in _SCALING:
        return Problem(
            message=f"the rule {options.rule} moves capital between strategies, and there is one",
            expected="at least two strategies",
            hint=f"remove 'rebalancing', or use {' or '.join(_SCALING)}",
        )
    if days is None:
        return Problem(
            message=f"shares are looked at behind the end of each {options.every}, and the run goes on behind none",
            expected=f"a run that goes on behind the end of a {options.every}",
            hint="use more bars" + ("" if options.every == "hour" else ", or look more often, such as every: hour"),
        )
    if options.looks_back and days < options.lookback_days:
        return Problem(
            message=f"the rule {options.rule} looks back at {options.lookback_days} days, and when the last "
            f"{options.every} of the run ends, {days} are known",
            expected=f"at least {options.lookback_days} days before that",
            hint="lower lookback_days, or use more bars"
            + ("" if options.every in ("hour", "day") else ", or every: day"),
        )
    return None
