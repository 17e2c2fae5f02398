"""Read a rules class: the keys of a strategy file as class attributes.

Plain numbers are parameters, expressions are indicators, and the attributes ``long_entry``, ``short_entry``,
``long_exit``, ``short_exit``, ``stop``, ``targets``, ``trail``, ``breakeven``, ``max_bars``, ``size`` and ``timeframe``
say what the keys of those names say in a file. A file and a class that say the same give equal plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from numbers import Integral, Real

from pydantic import ValidationError

from podium.core.errors import ConfigurationError, Problem, did_you_mean
from podium.core.places import Place, describe
from podium.core.validation import problems_of
from podium.rules.nodes import Node
from podium.strategy.plan import RulePlan
from podium.strategy.rules_plan import plan_of
from podium.strategy.settings import StrategySettings, with_named_numbers

__all__ = ["attributes_of", "has_rules", "params_of", "plan_from_class"]

_RULES = {
    "long_entry": ("entry", "long"),
    "short_entry": ("entry", "short"),
    "long_exit": ("exit", "long"),
    "short_exit": ("exit", "short"),
}
_SETTINGS = ("stop", "targets", "trail", "breakeven", "max_bars", "size", "timeframe")
_RESERVED = {*_RULES, *_SETTINGS, "name", "strategy_id", "warm_up"}


def has_rules(strategy: object) -> bool:
    """Tell whether a strategy states an entry as a rule.

    Args:
        strategy: a strategy or its class.

    Returns:
        Whether ``plan_from_class`` has something to read.
    """
    return any(getattr(strategy, name, None) is not None for name in ("long_entry", "short_entry"))


def params_of(strategy: object) -> dict[str, int | Decimal]:
    """Find the parameters of a strategy: its attributes that are plain numbers.

    Args:
        strategy: a strategy or its class.

    Returns:
        Names with exact values, in the order in which the classes state them.
    """
    return {
        name: _exact_number(value)
        for name, value in attributes_of(strategy).items()
        if name not in _RESERVED and _is_number(value)
    }


def plan_from_class(strategy: object, params_overrides: Mapping[str, float | Decimal] | None = None) -> RulePlan:
    """Build the plan of a rules class.

    Args:
        strategy: the strategy, or its class.
        params_overrides: other values for its parameters.

    Returns:
        The plan, equal to that of a strategy file which says the same.

    Raises:
        ConfigurationError: when an attribute is wrong or a parameter is unknown.
        RuleError: when an expression is wrong.
    """
    title = _title(strategy)
    params = {**params_of(strategy), **_known(title, params_of(strategy), params_overrides or {})}

    def words(place: Place) -> str:
        return f"{title}.{_attribute_name(place)}" if place else title

    try:
        settings = StrategySettings.model_validate(with_named_numbers(_said(strategy, params)))
    except ValidationError as error:
        raise ConfigurationError(problems_of(error, StrategySettings, lambda _place, _key: None, words)) from None
    return plan_of(settings, title, lambda _place: None, words)


def _said(strategy: object, params: Mapping[str, int | Decimal]) -> dict[str, object]:
    attributes = attributes_of(strategy)
    said: dict[str, object] = {
        "params": dict(params),
        "indicators": {
            name: value for name, value in attributes.items() if isinstance(value, Node) and name not in _RESERVED
        },
    }
    for name, (section, side) in _RULES.items():
        if attributes.get(name) is not None:
            said.setdefault(section, {})[side] = attributes[name]  # type: ignore[index]  # the maps of this loop
    said |= {name: _exact(attributes[name]) for name in _SETTINGS if attributes.get(name) is not None}
    return said


def attributes_of(strategy: object) -> dict[str, object]:
    """Collect public attributes of the classes, oldest first, and of the instance itself; properties are left out.

    Args:
        strategy: a strategy or its class.

    Returns:
        Values by name.
    """
    owner = strategy if isinstance(strategy, type) else type(strategy)
    names = [name for base in reversed(owner.__mro__) for name, value in vars(base).items() if not callable(value)]
    names += [] if isinstance(strategy, type) else list(getattr(strategy, "__dict__", {}))
    public = dict.fromkeys(name for name in names if not name.startswith("_"))
    plain = [name for name in public if not isinstance(_raw(owner, name), (property, staticmethod, classmethod))]
    return {name: getattr(strategy, name) for name in plain if hasattr(strategy, name)}


def _raw(owner: type, name: str) -> object:
    return next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)


def _title(strategy: object) -> str:
    return strategy.__name__ if isinstance(strategy, type) else type(strategy).__name__


def _attribute_name(place: Place) -> str:
    for name, (section, side) in _RULES.items():
        if place[:2] == (section, side):
            return name
    return describe(place[1:] if place[0] in ("params", "indicators") else place)


def _known(
    title: str, params: Mapping[str, object], overrides: Mapping[str, float | Decimal]
) -> dict[str, int | Decimal]:
    problems = [
        Problem(
            message=f"{title} has no parameter '{name}'",
            expected=f"one of {', '.join(params)}" if params else "no params: the strategy has none",
            hint=did_you_mean(name, params),
        )
        for name in overrides
        if name not in params
    ]
    if problems:
        raise ConfigurationError(problems)
    return {name: _exact_number(value) for name, value in overrides.items()}


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (Real, Decimal))


def _exact_number(value: object) -> int | Decimal:
    """Read a number as it was written: the float 0.1 is the decimal 0.1."""
    if isinstance(value, Decimal):
        return value
    return int(value) if isinstance(value, Integral) else Decimal(repr(float(value)))  # type: ignore[arg-type]  # a Real


def _exact(value: object) -> object:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {str(key): _exact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(item) for item in value]
    return value
