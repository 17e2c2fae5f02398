"""What a strategy file may say, key by key. A rules class says the same with class attributes.

The models hold expressions as they came (text or nodes); ``rules_plan.py`` turns them into a plan.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from podium.core.errors import did_you_mean
from podium.core.fields import number, ratio, refuse, text, timeframe_text, whole_number
from podium.core.money import MONEY_DIGITS_MINIMUM
from podium.engine.tables import TARGETS_MAXIMUM
from podium.rules.nodes import SERIES_NAMES, Node

__all__ = [
    "BreakEvenSection",
    "LevelSection",
    "SidesSection",
    "SizeSection",
    "StrategySettings",
    "TargetSection",
    "TrailSection",
    "read_number",
    "with_named_numbers",
]

#: Below these keys a text that is a parameter's name stands for its value.
_PLACES_OF_NUMBERS = ("stop", "targets", "trail", "breakeven", "max_bars", "size")
_EXPRESSION_KEYS = ("price", "distance")

_PERCENT_TEXT = re.compile(r"^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*%\s*$")
_PARAMETER_LIMIT = Decimal("1e18")


def _expression(value: object) -> object:
    if isinstance(value, Node) or (isinstance(value, (int, Decimal)) and not isinstance(value, bool)):
        return value
    if not isinstance(value, str) or not value.strip():
        refuse(expected="an expression of the rule language, such as ema(close, 20)")
    return value


def read_number(value: object) -> int | Decimal | None:
    """Read the value of a parameter that is a number.

    Args:
        value: a number, or per cent as text.

    Returns:
        The exact number; ``None`` when the value is no number.
    """
    if isinstance(value, str) and _PERCENT_TEXT.match(value):
        return Decimal(value.strip().removesuffix("%").strip()).scaleb(-2)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return value if Decimal(value).is_finite() and abs(Decimal(value)) < _PARAMETER_LIMIT else None


def _parameter(value: object) -> int | Decimal | bool | str:
    if isinstance(value, bool) or (isinstance(value, str) and value in SERIES_NAMES):
        return value
    found = read_number(value)
    if found is None:
        hint = did_you_mean(value, SERIES_NAMES) if isinstance(value, str) else None
        refuse(expected="a number such as 20, 0.5 or 2%, true, false, or the name of a series such as high", hint=hint)
    return found


def _series_name(value: object) -> object:
    if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value):
        refuse(expected="a name of letters, digits and _ that does not start with a digit")
    if value in SERIES_NAMES:
        refuse(expected=f"a name that is not a series of the bar ({', '.join(SERIES_NAMES)})")
    return value


def _level(value: object) -> object:
    """Read a bare expression as a distance and a bare per cent as a ratio of the price."""
    if isinstance(value, str) and _PERCENT_TEXT.match(value):
        return {"percent": value}
    if isinstance(value, (str, int, Decimal, Node)) and not isinstance(value, bool):
        return {"distance": value}
    return value


def _unsigned(expected: str) -> BeforeValidator:
    """Refuse what says with its sign on which side of the price it lies."""

    def read(value: object) -> object:
        found = read_number(value)
        if found is not None and found < 0:
            plain = str(value).strip().removeprefix("-").lstrip()
            refuse(expected=expected, hint=f"write {plain}: on which side it lies follows from the position")
        return value

    return BeforeValidator(read)


def _breakeven(value: object) -> object:
    return {"after": value} if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool) else value


def _targets(value: object) -> object:
    if isinstance(value, (list, tuple)) or value is None:
        return list(value) if value is not None else value
    return [value]


# Any: an expression is text in a file and a node in Python.
Expression = Annotated[Any, BeforeValidator(_expression, json_schema_input_type=str | float)]
"""an expression of the rule language"""
Distance = Annotated[Expression, _unsigned("a distance above 0, such as 2 * atr(14)")]
"""an expression of the rule language, in price units"""
# Any: a whole number stays an int, any other is a Decimal; truth values and names of series stay what they are.
Parameter = Annotated[Any, BeforeValidator(_parameter, json_schema_input_type=float | bool | str)]
"""the value of a parameter"""
Percent = Annotated[Decimal, ratio(above=0, below=1, example="2% or 0.02"), _unsigned("a ratio above 0, such as 2%")]
"""a ratio of the fill price"""
SeriesName = Annotated[str, BeforeValidator(_series_name, json_schema_input_type=str)]
"""a name that expressions can use"""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _exactly_one(section: BaseModel, names: tuple[str, ...], example: str) -> None:
    given = [name for name in names if getattr(section, name) is not None]
    if len(given) == 1:
        return
    came = f"{' and '.join(given)} together" if given else f"none of {', '.join(names)}"
    refuse(f"{{place}} has {came}", expected=f"exactly one of {', '.join(names)}", hint=f"for example {example}")


class SidesSection(_Section):
    """Say when to act on each side."""

    long: Expression | None = Field(
        default=None, description="a condition for long positions; acts only where it is true"
    )
    short: Expression | None = Field(
        default=None, description="a condition for short positions; acts only where it is true"
    )

    @model_validator(mode="after")
    def _says_something(self) -> SidesSection:
        if self.long is None and self.short is None:
            refuse("{place} has neither long nor short", expected="long: a condition, short: a condition, or both")
        return self


class LevelSection(_Section):
    """Place a level; a bare expression is a distance, a bare per cent a ratio of the fill price."""

    percent: Percent | None = Field(default=None, description="a ratio of the fill price, such as 2%")
    price: Expression | None = Field(default=None, description="an absolute price, read at the bar of the decision")
    distance: Distance | None = Field(
        default=None, description="a distance from the fill price in price units, such as 2 * atr(14)"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> LevelSection:
        _exactly_one(self, ("percent", "price", "distance"), "{percent: 2%}")
        return self


class TargetSection(LevelSection):
    """Take profit at a level."""

    close: Annotated[Decimal, ratio(above=0, maximum=1, example="50% or 0.5")] = Field(
        default=Decimal(1), description="which share of the entered quantity closes here"
    )


class TrailSection(_Section):
    """Follow the best price with a stop."""

    percent: Percent | None = Field(
        default=None, description="how far behind the best price, as a ratio of the fill price"
    )
    distance: Distance | None = Field(default=None, description="how far behind the best price, in price units")
    after: Annotated[Decimal, ratio(minimum=0, example="2% or 0.02")] = Field(
        default=Decimal(0), description="the open return from which it follows; 0 follows at once"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> TrailSection:
        _exactly_one(self, ("percent", "distance"), "{percent: 2%, after: 1%}")
        return self


class BreakEvenSection(_Section):
    """Move the stop to the entry once the position has earned enough."""

    after: Annotated[Decimal, ratio(above=0, example="1% or 0.01")] = Field(
        description="the open return from which it acts"
    )
    offset: Annotated[Decimal, ratio(minimum=0, below=1, example="0.1% or 0.001")] = Field(
        default=Decimal(0), description="a ratio of the entry price added in the position's favour"
    )


class SizeSection(_Section):
    """Say how large an entry is."""

    fraction: Annotated[Decimal, ratio(above=0, maximum=1, example="50% or 0.5")] | None = Field(
        default=None, description="a share of the strategy's capital"
    )
    quantity: Annotated[Decimal, number(above=0, example="1")] | None = Field(
        default=None, description="a quantity of the instrument"
    )
    money: Annotated[Decimal, number(above=0, example="1000", decimals=MONEY_DIGITS_MINIMUM)] | None = Field(
        default=None, description="a notional in the account currency"
    )
    risk: Annotated[Decimal, ratio(above=0, maximum=1, example="1% or 0.01")] | None = Field(
        default=None, description="the share of the strategy's capital that is lost if the stop is hit; needs a stop"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> SizeSection:
        _exactly_one(self, ("fraction", "quantity", "money", "risk"), "{risk: 1%}")
        return self


_LEVEL = BeforeValidator(_level, json_schema_input_type=str | float | LevelSection)
_TARGET = BeforeValidator(_level, json_schema_input_type=str | float | TargetSection)
_TRAIL = BeforeValidator(_level, json_schema_input_type=str | float | TrailSection)
_BREAKEVEN = BeforeValidator(_breakeven, json_schema_input_type=str | float | BreakEvenSection)


class StrategySettings(_Section):
    """Hold a strategy file; only what it names is loaded."""

    later_keys: ClassVar[frozenset[str]] = frozenset({"analyzers", "regimes", "when", "decision"})

    name: Annotated[str, text("the strategy's name")] | None = Field(
        default=None, description="the strategy's own name; by default the file's"
    )
    params: Mapping[SeriesName, Parameter] = Field(
        default_factory=dict, description="names with values that expressions use; a portfolio may set other values"
    )
    timeframe: Annotated[str, timeframe_text()] | None = Field(
        default=None, description="on whose completed bars the strategy decides; by default the portfolio's bars"
    )
    indicators: Mapping[SeriesName, Expression] = Field(
        default_factory=dict, description="names for expressions; they may use each other"
    )
    entry: SidesSection = Field(description="when to enter: {long: condition, short: condition}")
    exit: SidesSection | None = Field(default=None, description="when to leave: {long: condition, short: condition}")
    stop: Annotated[LevelSection, _LEVEL] | None = Field(
        default=None, description="the stop-loss: a distance, a per cent or a level"
    )
    targets: Annotated[list[Annotated[TargetSection, _TARGET]], BeforeValidator(_targets)] = Field(
        default_factory=list, description="take-profits, nearest first; together they close at most 100 %"
    )
    trail: Annotated[TrailSection, _TRAIL] | None = Field(default=None, description="the trailing stop")
    breakeven: Annotated[BreakEvenSection, _BREAKEVEN] | None = Field(
        default=None, description="moves the stop to the entry once the position has earned enough"
    )
    max_bars: Annotated[int, whole_number(minimum=1, example="48")] | None = Field(
        default=None, description="bars of the portfolio after which the position closes, whatever the timeframe"
    )
    size: SizeSection = Field(
        default_factory=lambda: SizeSection(fraction=Decimal(1)),
        description="how large an entry is; by default all of the strategy's capital",
    )

    @model_validator(mode="after")
    def _names_are_single(self) -> StrategySettings:
        for name in self.indicators:
            if name in self.params:
                refuse(
                    f"'{name}' is a parameter and an indicator",
                    expected="one meaning for a name",
                    at=("indicators", name),
                )
        return self

    @model_validator(mode="after")
    def _targets_fit(self) -> StrategySettings:
        if len(self.targets) > TARGETS_MAXIMUM:
            expected = f"at most {TARGETS_MAXIMUM}"
            refuse(f"there are {len(self.targets)} targets", expected=expected, at=("targets", TARGETS_MAXIMUM))
        closed = sum((target.close for target in self.targets), Decimal(0))
        if closed > 1:
            refuse(
                f"the targets close {(closed * 100).normalize():f} % of a position",
                expected="at most 100 % together",
                hint="give each target its share, such as {percent: 3%, close: 50%}",
                at=("targets",),
            )
        ratios = [target.percent for target in self.targets if target.percent is not None]
        if ratios != sorted(ratios):
            refuse("the targets are not in order", expected="the nearest target first", at=("targets",))
        return self

    @model_validator(mode="after")
    def _risk_has_a_stop(self) -> StrategySettings:
        if self.size.risk is not None and self.stop is None:
            refuse(
                "size.risk needs a stop to measure the risk to",
                expected="stop: a distance, a per cent or a level",
                hint="add for example stop: 2 * atr(14), or size by {fraction: 50%}",
                at=("size", "risk"),
            )
        return self


def with_named_numbers(settings: object) -> object:
    """Put a parameter's value where its name stands for a number, such as ``size: {risk: share}``.

    Expressions keep their names: they are read with the parameters.

    Args:
        settings: what a strategy says, as plain values.

    Returns:
        The settings with numbers.
    """
    params = settings.get("params") if isinstance(settings, dict) else None
    if not isinstance(settings, dict) or not isinstance(params, dict):
        return settings
    named = {
        key: _with_numbers(settings[key], params)
        for key in _PLACES_OF_NUMBERS
        if isinstance(settings.get(key), (dict, list))
    }
    if isinstance(settings.get("max_bars"), str):
        named["max_bars"] = params.get(settings["max_bars"].strip(), settings["max_bars"])
    return {**settings, **named}


def _with_numbers(value: object, params: Mapping[str, object], key: str = "distance") -> object:
    if isinstance(value, dict):
        return {inner: _with_numbers(item, params, inner) for inner, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item, params) for item in value]
    if isinstance(value, str) and key not in _EXPRESSION_KEYS:
        return params.get(value.strip(), value)
    return value
