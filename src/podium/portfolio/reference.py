"""The reference of portfolio files and strategy files, and their JSON schemas, generated from the models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from podium.portfolio.sections import PortfolioDocument
from podium.strategy.settings import StrategySettings

__all__ = ["portfolio_reference", "portfolio_schema", "strategy_reference", "strategy_schema"]

_PORTFOLIO_HEAD = """# Portfolio file

Every key of a portfolio file, generated from the code. A key without a default may be left out unless it must be given.
Ratios are numbers (`0.001`) or per cent (`0.1%`). Numbers are read exactly as they are written; `_` may group digits.

What wins, from the strongest: `--set strategies.trend.params.fast=10`, the environment
(`PODIUM__PORTFOLIO__CAPITAL=5000`), a strategy's entry in the portfolio file, the strategy file, the portfolio file's
`defaults`, the defaults below. Maps merge; lists and single values replace; `size`, `stop`, `trail` and `breakeven`
replace as a whole, because each is a choice. `podium check` prints what took the place of what.
"""
_STRATEGY_HEAD = """# Strategy file

Every key of a strategy file, generated from the code. Only what the file names is loaded. Expressions are written in
the rule language. Where another number stands, the name of a parameter may stand instead.
"""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def portfolio_schema() -> dict[str, Any]:  # Any: JSON
    """Give the JSON schema of portfolio files.

    Returns:
        The schema, as plain values.
    """
    return _schema(PortfolioDocument, "Podium portfolio file")


def strategy_schema() -> dict[str, Any]:  # Any: JSON
    """Give the JSON schema of strategy files.

    Returns:
        The schema, as plain values.
    """
    return _schema(StrategySettings, "Podium strategy file")


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:  # Any: JSON
    schema = model.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **_without_titles(schema), "title": title}


def _without_titles(value: Any) -> Any:  # Any: JSON
    """Remove the titles that pydantic makes of the names of fields: they only repeat the keys."""
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if not (key == "title" and isinstance(item, str))}
        return {key: _without_titles(item) for key, item in kept.items()}
    return [_without_titles(item) for item in value] if isinstance(value, list) else value


def portfolio_reference() -> str:
    """Write the reference of portfolio files.

    Returns:
        Markdown.
    """
    return _PORTFOLIO_HEAD + "".join(_sections(PortfolioDocument, ""))


def strategy_reference() -> str:
    """Write the reference of strategy files.

    Returns:
        Markdown.
    """
    return _STRATEGY_HEAD + "".join(_sections(StrategySettings, ""))


def _sections(model: type[BaseModel], path: str) -> Iterator[str]:
    if path:
        yield f"\n## `{path}`\n\n{_first_line(model)}\n"
    yield "\n| key | default | meaning |\n|---|---|---|\n"
    inner: list[tuple[type[BaseModel], str]] = []
    # What must be given comes first; the rest stays in the order of the models.
    for name, field in sorted(model.model_fields.items(), key=lambda each: not each[1].is_required()):
        key = field.alias or name
        yield f"| `{key}` | {_default(field)} | {_meaning(field)} |\n"
        for found, suffix in _inner_models(field.annotation, ""):
            inner.append((found, f"{path}.{key}{suffix}".lstrip(".")))
    for found, where in inner:
        yield from _sections(found, where)


def _inner_models(annotation: object, suffix: str) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
        return
    origin = getattr(annotation, "__origin__", None)
    arguments = get_args(annotation)
    if origin is list:
        suffix += "[]"
    elif origin is not None and _is_map(origin):
        arguments, suffix = arguments[1:], f"{suffix}.NAME"
    for argument in arguments:
        yield from _inner_models(argument, suffix)


def _is_map(origin: object) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True) if field.default_factory is None else None
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(field: FieldInfo) -> str:
    words = [f"`{word}`" for word in _choices(field.annotation)]
    return _cell(field.description or "") + (f": {', '.join(words)}" if len(words) > 1 else "")


def _choices(annotation: object) -> tuple[str, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]
