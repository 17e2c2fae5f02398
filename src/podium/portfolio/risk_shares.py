"""Share capital out by risk, in an order of sums that never changes, so that equal inputs give equal shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

__all__ = ["apportioned", "covariance", "shares_by_risk"]

#: Sweeps over all weights end when none of them changes by more than this ratio; far fewer than these are needed.
_SWEEPS, _ACCURACY = 1_000, 1e-12


def apportioned(total: int, parts: Sequence[int | Decimal | Fraction]) -> list[int]:
    """Split a whole number in proportion, without losing a unit: the largest remainders get what is left.

    Args:
        total: what to split, ≥ 0.
        parts: in which proportion, ≥ 0 and not all 0; of equal remainders the first gets more.

    Returns:
        Whole numbers that sum to ``total``.
    """
    ratios = [part.as_integer_ratio() for part in parts]
    common = math.lcm(*(below for _, below in ratios))
    whole_numbers = [above * (common // below) for above, below in ratios]
    whole = sum(whole_numbers)
    found = [total * number // whole for number in whole_numbers]
    left = [total * number % whole for number in whole_numbers]
    order = sorted(range(len(parts)), key=lambda place: (-left[place], place))
    for place in order[: total - sum(found)]:
        found[place] += 1
    return found


def covariance(one: Sequence[float], other: Sequence[float]) -> float:
    """Compute the sample covariance.

    Args:
        one: a series, at least two values.
        other: as many values.

    Returns:
        The sum of the products of their distances from their means / (n − 1).
    """
    middle, others = math.fsum(one) / len(one), math.fsum(other) / len(other)
    return math.fsum((a - middle) * (b - others) for a, b in zip(one, other, strict=True)) / (len(one) - 1)


def shares_by_risk(base: Sequence[int], returns: Sequence[Sequence[float]], *, equal_contributions: bool) -> list[int]:
    """Share out by risk; a strategy that never moved has none that is known, and keeps its base share.

    Args:
        base: shares by weight, in whole parts of their sum.
        returns: of each strategy, as many of each.
        equal_contributions: such that each adds as much to the variance of the whole (risk parity); else in inverse
            proportion to the standard deviation.

    Returns:
        Parts of the same sum.
    """
    known = [place for place, row in enumerate(returns) if covariance(row, row) > 0]
    if not known:
        return list(base)
    covariances = [[covariance(returns[one], returns[other]) for other in known] for one in known]
    inverse = [1 / math.sqrt(row[place]) for place, row in enumerate(covariances)]
    parts = _risk_parity(covariances, inverse) if equal_contributions else inverse
    shares = list(base)
    split = apportioned(sum(base[place] for place in known), [Fraction(part) for part in parts])
    for place, share in zip(known, split, strict=True):
        shares[place] = share
    return shares


def _risk_parity(covariances: Sequence[Sequence[float]], start: Sequence[float]) -> list[float]:
    """Find weights whose contributions to the variance are equal; not normalised.

    Source: Griveau-Billion, Richard and Roncalli, "A Fast Algorithm for Computing High-dimensional Risk Parity
    Portfolios", 2013: cyclical coordinate descent on ½ xᵀΣx − Σ ln x.
    """
    count, weights = len(covariances), list(start)
    for _ in range(_SWEEPS):
        change = 0.0
        for place, row in enumerate(covariances):
            others = math.fsum(row[other] * weights[other] for other in range(count) if other != place)
            found = (-others + math.sqrt(others * others + 4 * row[place])) / (2 * row[place])
            change = max(change, abs(found - weights[place]) / found)
            weights[place] = found
        if change < _ACCURACY:
            break
    return weights
