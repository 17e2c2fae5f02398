"""How much money grew: in all, and in a year.

Tools differ in what a year is. ``annualised_return`` counts periods (n days / 252 or 365), ``cagr`` counts calendar
days (÷ 365.25).
"""

from __future__ import annotations

import math

__all__ = ["annualised_return", "cagr", "calmar_ratio", "total_return"]

DAYS_PER_YEAR = 365.25


def total_return(start: float, final: float) -> float | None:
    """Compute (final − start) / start.

    Args:
        start: the value before the first period, in money.
        final: the value after the last, in money.

    Returns:
        A fraction, 0.1 for a gain of 10 %; ``None`` when the start is not positive.
    """
    return (final - start) / start if start > 0 else None


def _yearly(growth: float, years: float) -> float | None:
    if years <= 0 or growth < 0:
        return None
    if growth == 0:
        return -1.0
    try:
        return math.expm1(math.log(growth) / years)
    except OverflowError:
        return None


def annualised_return(total: float, periods: int, periods_per_year: int) -> float | None:
    """Compute the constant yearly return by periods: (1 + total)^(periods per year / periods) − 1.

    Args:
        total: the total return, a fraction.
        periods: the number of returns.
        periods_per_year: 365 or 252 for days.

    Returns:
        A fraction per year; ``None`` without periods, when more than everything was lost, or when the number is too
        large for a float.
    """
    return _yearly(1.0 + total, periods / periods_per_year)


def cagr(total: float, calendar_days: float) -> float | None:
    """Compute the compound annual growth rate by calendar: (1 + total)^(365.25 / days) − 1.

    Args:
        total: the total return, a fraction.
        calendar_days: days that passed between the first value and the last.

    Returns:
        A fraction per year; ``None`` when no day passed, when more than everything was lost, or when the number is too
        large for a float.
    """
    return _yearly(1.0 + total, calendar_days / DAYS_PER_YEAR)


def calmar_ratio(yearly_return: float | None, max_drawdown: float | None) -> float | None:
    """Compute yearly return / maximum drawdown, both over the whole run (not the last three years).

    Source: T. W. Young, "Calmar Ratio: A Smoother Tool", 1991.

    Args:
        yearly_return: a fraction per year; Podium takes ``annualised_return``.
        max_drawdown: a positive fraction.

    Returns:
        The ratio; ``None`` without a yearly return or without a drawdown.
    """
    return yearly_return / max_drawdown if yearly_return is not None and max_drawdown else None
