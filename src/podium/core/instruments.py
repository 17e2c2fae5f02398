"""What is traded, and what trading it costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from podium.core.errors import ConfigurationError, Problem
from podium.core.slippage import SlippageModel

__all__ = ["Instrument", "maintenance_problem"]

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Describe one symbol: its grid of prices and quantities, and its costs.

    Args:
        tick: the step of prices, in quote currency, > 0. It may be finer than the market's.
        lot: the step of quantities, > 0.
        multiplier: units of the underlying in a quantity of one (futures), > 0.
        taker_fee: ratio of the notional, for market and stop orders; ``None`` means the fee tier's, or 0.
        maker_fee: ratio of the notional, for resting limit orders; ``None`` means the taker's.
        fee_per_unit: money for a quantity of one, ≥ 0.
        fee_minimum: the least fee of an order, money, ≥ 0.
        leverage: notional ÷ money bound by it, ≥ 1.
        initial_margin: money that a quantity of one binds whatever its price (futures), > 0; ``None`` means notional ÷
            ``leverage``.
        maintenance_rate: ratio of its value that must stand behind a position, else the strategy is liquidated; from 0
            (never) to below 1 ÷ ``leverage``.
        maintenance_margin: money that must stand behind a quantity of one, above 0 and at most ``initial_margin``; only
            beside it.
        slippage: ratio by which market orders fill worse; ``None`` means the portfolio's.
        spread: ratio by which taking orders fill worse; ``None`` means the portfolio's.
        quantity_minimum: the least quantity of an order; ``None`` means one lot.
        quantity_maximum: the largest quantity of an order; ``None`` means no limit.
        slippage_model: what makes fills worse beside that; ``None`` means the portfolio's.
        volume_limit: share of a bar's volume that the portfolio's orders may trade; ``None`` means the portfolio's.
        notional_minimum: what an entry must be worth, money, ≥ 0.

    Raises:
        ConfigurationError: when a value is out of range, naming it.
    """

    tick: Decimal
    lot: Decimal = Decimal("0.0001")
    multiplier: Decimal = _ONE
    taker_fee: Decimal | None = None
    maker_fee: Decimal | None = None
    fee_per_unit: Decimal = _ZERO
    fee_minimum: Decimal = _ZERO
    leverage: Decimal = _ONE
    initial_margin: Decimal | None = None
    maintenance_rate: Decimal = _ZERO
    maintenance_margin: Decimal | None = None
    slippage: Decimal | None = None
    spread: Decimal | None = None
    quantity_minimum: Decimal | None = None
    quantity_maximum: Decimal | None = None
    notional_minimum: Decimal = _ZERO
    slippage_model: SlippageModel | None = None
    volume_limit: Decimal | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is None:
                continue
            if name == "slippage_model":
                if not isinstance(value, SlippageModel):
                    raise _wrong(name, value, "a SlippageModel")
                continue
            if not isinstance(value, Decimal):
                raise _wrong(name, value, "a Decimal (money, prices and quantities are never floats)")
            if not value.is_finite():
                raise _wrong(name, value, "a finite number")
        for name in ("tick", "lot", "multiplier"):
            if getattr(self, name) <= 0:
                raise _wrong(name, getattr(self, name), "a number above 0")
        if self.leverage < 1:
            raise _wrong("leverage", self.leverage, "a number of at least 1")
        if self.initial_margin is not None:
            if self.initial_margin <= 0:
                raise _wrong("initial_margin", self.initial_margin, "an amount above 0")
            if self.leverage != 1:
                raise _wrong("leverage", self.leverage, "no leverage beside an initial_margin: each says what is bound")
        if problem := maintenance_problem(self):
            raise _wrong(*problem)
        for name in ("fee_per_unit", "fee_minimum", "notional_minimum"):
            if getattr(self, name) < 0:
                raise _wrong(name, getattr(self, name), "a number of at least 0")
        if self.volume_limit is not None and not 0 < self.volume_limit <= 1:
            raise _wrong("volume_limit", self.volume_limit, "a ratio above 0 and at most 1, such as 0.1 for 10 %")
        for name in ("slippage", "spread"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise _wrong(name, value, "a ratio from 0 to below 1")
        for name in ("taker_fee", "maker_fee"):
            value = getattr(self, name)
            if value is not None and not -1 < value < 1:
                raise _wrong(name, value, "a ratio between -1 and 1, such as 0.001 for 0.1 %")
        for name in ("quantity_minimum", "quantity_maximum"):
            value = getattr(self, name)
            if value is not None and (value <= 0 or value % self.lot != 0):
                raise _wrong(name, value, f"a positive multiple of the lot {self.lot}")


class _Margins(Protocol):
    """Say what positions bind and what must stand behind them."""

    @property
    def leverage(self) -> Decimal: ...
    @property
    def initial_margin(self) -> Decimal | None: ...
    @property
    def maintenance_rate(self) -> Decimal: ...
    @property
    def maintenance_margin(self) -> Decimal | None: ...


def maintenance_problem(margins: _Margins) -> tuple[str, object, str] | None:
    """Tell what is wrong with maintenance margins: they are below what an entry binds, and in its kind.

    Args:
        margins: an instrument, or what will be one.

    Returns:
        The name of what is wrong, its value and what was expected; ``None`` when all is well.
    """
    rate, money, initial = margins.maintenance_rate, margins.maintenance_margin, margins.initial_margin
    if money is not None and initial is None:
        return "maintenance_margin", money, "an initial_margin beside it, or a maintenance_rate"
    if money is not None and initial is not None and not 0 < money <= initial:
        return "maintenance_margin", money, f"an amount above 0 and at most the initial_margin {initial}"
    if rate != 0 and initial is not None:
        return "maintenance_rate", rate, "a maintenance_margin beside an initial_margin"
    if not 0 <= rate * margins.leverage < 1:
        return "maintenance_rate", rate, f"a ratio from 0 to below 1 ÷ leverage {margins.leverage}"
    return None


def _wrong(name: str, value: object, expected: str) -> ConfigurationError:
    return ConfigurationError(Problem(message=f"instrument: {name} is {value}", expected=expected))
