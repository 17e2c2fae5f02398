"""A strategy's capital as people ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from podium.core.errors import invariant

__all__ = ["StrategyAllocation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyAllocation:
    """Hold a strategy's capital at one moment, in account currency.

    Args:
        strategy_id: whose it is.
        initial_capital: capital × weight.
        allocated_capital: what it may use; follows equity at cost when compounding.
        used_capital: what positions bind, between 0 and ``allocated_capital``.
        reserved_capital: what working entry orders would cost.
        cash: what is not bound.
    """

    strategy_id: str
    initial_capital: Decimal
    allocated_capital: Decimal
    used_capital: Decimal
    reserved_capital: Decimal
    cash: Decimal

    def __post_init__(self) -> None:
        invariant(
            0 <= self.used_capital <= self.allocated_capital,
            "a strategy uses no more than it was allocated",
            strategy_id=self.strategy_id,
            used=self.used_capital,
            allocated=self.allocated_capital,
        )

    @property
    def available_capital(self) -> Decimal:
        """Give what a new entry may cost; never below 0."""
        free = min(
            self.allocated_capital - self.used_capital - self.reserved_capital, self.cash - self.reserved_capital
        )
        return max(free, Decimal(0))
