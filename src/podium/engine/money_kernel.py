"""Exact products and quotients for the ledger: 64-bit values, a 128-bit intermediate, one stated rounding.

Compiled integers wrap silently, so every product that may leave 64 bits goes through here. Without the compiler the
same code runs on NumPy scalars and gives the same numbers.
"""

from __future__ import annotations

import numpy as np

from podium.core.kernels import compiled

__all__ = ["divide", "muldiv", "muldiv_ceiling", "muldiv_floor"]

_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_TOP = np.uint64(63)
_ONE = np.uint64(1)
#: Products whose floating estimate stays below this fit 64 bits for certain.
_SAFE = 4.0e18


@compiled
def _divide_wide(left: int, right: int, divisor: int) -> tuple[int, int]:
    """Divide the 128-bit product of two non-negative numbers; the quotient must fit 63 bits."""
    a, b, c = np.uint64(left), np.uint64(right), np.uint64(divisor)
    a_low, a_high = a & _MASK, a >> _HALF
    b_low, b_high = b & _MASK, b >> _HALF
    low = a_low * b_low
    middle = a_high * b_low + (low >> _HALF)
    cross = a_low * b_high + (middle & _MASK)
    remainder = a_high * b_high + (middle >> _HALF) + (cross >> _HALF)
    quotient = (cross << _HALF) | (low & _MASK)
    # Long division in base two: the quotient's bits come in where the dividend's go out.
    for _ in range(64):
        remainder = (remainder << _ONE) | (quotient >> _TOP)
        quotient = quotient << _ONE
        if remainder >= c:
            remainder = remainder - c
            quotient = quotient | _ONE
    return np.int64(quotient), np.int64(remainder)  # type: ignore[return-value]  # numba's int() would keep the sign away


@compiled
def divide(left: int, right: int, divisor: int) -> tuple[int, int]:
    """Divide a product of two non-negative numbers exactly.

    Args:
        left: ≥ 0.
        right: ≥ 0.
        divisor: > 0.

    Returns:
        Quotient and remainder; the quotient must fit 62 bits.
    """
    if np.float64(left) * np.float64(right) < _SAFE:
        product = left * right
        quotient = product // divisor
        return quotient, product - quotient * divisor
    # What the divisor takes out of the left factor beforehand need not be multiplied.
    whole = left // divisor
    rest = left - whole * divisor
    if max(np.float64(whole), np.float64(rest)) * np.float64(right) < _SAFE:
        product = rest * right
        quotient = product // divisor
        return whole * right + quotient, product - quotient * divisor
    return _divide_wide(left, right, divisor)


@compiled
def muldiv(value: int, factor: int, divisor: int) -> int:
    """Compute value × factor ÷ divisor, rounded half to even.

    Args:
        value: any sign.
        factor: ≥ 0.
        divisor: > 0.

    Returns:
        The rounded quotient; it must fit 62 bits.
    """
    quotient, remainder = divide(abs(value), factor, divisor)
    rest = divisor - remainder
    if remainder > rest or (remainder == rest and quotient & 1):
        quotient += 1
    return -quotient if value < 0 else quotient


@compiled
def muldiv_floor(value: int, factor: int, divisor: int) -> int:
    """Compute value × factor ÷ divisor for non-negative numbers, rounded down.

    Args:
        value: ≥ 0.
        factor: ≥ 0.
        divisor: > 0.

    Returns:
        The quotient; it must fit 62 bits.
    """
    return divide(value, factor, divisor)[0]


@compiled
def muldiv_ceiling(value: int, factor: int, divisor: int) -> int:
    """Compute value × factor ÷ divisor for non-negative numbers, rounded up.

    Args:
        value: ≥ 0.
        factor: ≥ 0.
        divisor: > 0.

    Returns:
        The quotient; it must fit 62 bits.
    """
    quotient, remainder = divide(value, factor, divisor)
    return quotient + 1 if remainder > 0 else quotient
