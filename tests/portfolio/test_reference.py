"""The generated reference and the JSON schemas."""

from __future__ import annotations

import json

from podium.portfolio.reference import portfolio_reference, portfolio_schema, strategy_reference, strategy_schema
from podium.portfolio.sections import PortfolioDocument
from podium.strategy.settings import StrategySettings


def test_every_key_has_a_description() -> None:
    """No key of a file is without words: reference and schema are made of them. (B-41)"""
    for model in (PortfolioDocument, StrategySettings):
        waiting = [model.model_json_schema(by_alias=True)]
        seen = 0
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                for key, field in value.get("properties", {}).items():
                    assert field.get("description"), key
                    seen += 1
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)
        assert seen > 10


def test_the_reference_names_every_key_with_its_default() -> None:
    """The reference is generated from the models: sections, keys, defaults, meaning. (B-41)"""
    text = portfolio_reference()
    for line in (
        "## `strategies[]`",
        "## `symbols.NAME`",
        "| `capital` | must be given | the money at the start, in the account currency |",
        "| `entry_buffer` | `0.01` | share of the money that stays free when an entry is sized at its decision |",
        "| `from` |  | use bars that close after this time |",
        "| `compounding` | `false` |",
        "the stop or the target: `pessimistic`, `optimistic` |",
    ):
        assert line in text
    assert "## `targets[]`" in strategy_reference()
    assert portfolio_reference() == text


def test_schemas_are_closed_and_plain_json() -> None:
    """Editors learn all keys and that there are no others; a level may be written in its short forms. (B-41)"""
    schema = portfolio_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"portfolio", "data", "symbols", "strategies"}
    entry = schema["$defs"]["StrategySection"]
    assert {"file", "class", "weight"} <= set(entry["properties"])
    assert schema["$defs"]["PortfolioSection"]["properties"]["execution"]["enum"] == ["separate", "netted"]
    stop = strategy_schema()["properties"]["stop"]
    assert {"string", "number"} <= {kind.get("type") for kind in stop["anyOf"]}
