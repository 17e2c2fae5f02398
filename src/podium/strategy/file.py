"""Read a strategy file: YAML in, a plan out, every problem at its line and column."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from podium.core.documents import Item
from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean
from podium.core.places import Place, describe
from podium.core.validation import problems_of
from podium.core.yaml_files import read_document
from podium.strategy.plan import RulePlan
from podium.strategy.rules_plan import plan_of
from podium.strategy.settings import StrategySettings, with_named_numbers

__all__ = ["load_strategy", "plan_from_item", "with_parameters"]


def load_strategy(
    path: Path | str, params_overrides: Mapping[str, int | Decimal | bool | str] | None = None
) -> RulePlan:
    """Read a strategy file.

    Args:
        path: the YAML file.
        params_overrides: other values for parameters that the file names.

    Returns:
        The plan.

    Raises:
        ConfigurationError: when the file or a setting is wrong; all problems of one pass.
        RuleError: when expressions are wrong.
    """
    path = Path(path)
    item = read_document(path)
    nowhere = Location(file=str(path))
    values = {name: Item(value=value, location=nowhere) for name, value in (params_overrides or {}).items()}
    return plan_from_item(with_parameters(item, values), path.stem)


def with_parameters(item: Item, values: Mapping[str, Item]) -> Item:
    """Give parameters of a strategy file other values.

    Args:
        item: the file.
        values: parameter names with values and where they came from.

    Returns:
        The file with the values.

    Raises:
        ConfigurationError: for names that the file does not have.
    """
    params = item.get("params")
    known = list(params.value) if params is not None and isinstance(params.value, Mapping) else []
    problems = [
        Problem(
            message=f"the strategy has no parameter '{name}'",
            location=value.key_location or value.location,
            expected=f"one of {', '.join(known)}" if known else "no params: the strategy has none",
            hint=did_you_mean(name, known),
        )
        for name, value in values.items()
        if name not in known
    ]
    if problems:
        raise ConfigurationError(problems)
    for name, value in values.items():
        item = item.with_value(("params", name), value)
    return item


def plan_from_item(item: Item, name: str) -> RulePlan:
    """Build the plan of a strategy file that was read.

    Args:
        item: the root of the file.
        name: the strategy's name when the file gives none.

    Returns:
        The plan.

    Raises:
        ConfigurationError: when a setting is wrong; all problems of one pass.
        RuleError: when expressions are wrong.
    """
    try:
        settings = StrategySettings.model_validate(with_named_numbers(item.plain()))
    except ValidationError as error:
        raise ConfigurationError(problems_of(error, StrategySettings, item.locate, describe)) from None
    return plan_of(settings, name, lambda place: _expression_item(item, place))


def _expression_item(item: Item, place: Place) -> Item | None:
    """Find an expression; a bare level is written one step above the ``distance`` it stands for."""
    found = item.get(*place)
    return found if found is not None else item.get(*place[:-1])
