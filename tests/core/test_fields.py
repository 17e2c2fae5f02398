"""Field types: what they accept, and the words with which they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, BeforeValidator, ValidationError

from podium.core.fields import number, ratio, switch, text, timeframe_text, whole_number
from podium.core.places import describe
from podium.core.validation import problems_of, show


def _read(validator: BeforeValidator, value: object) -> object:
    class Model(BaseModel):
        field: Annotated[Any, validator]

    try:
        return Model.model_validate({"field": value}).field
    except ValidationError as error:
        return str(problems_of(error, Model, lambda _place, _key: None, describe)[0])


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        ("0.1%", Decimal("0.001")),
        (" 2 % ", Decimal("0.02")),
        ("0.25", Decimal("0.25")),
        (Decimal("0.02"), Decimal("0.02")),
        (0, Decimal(0)),
        ("1e-3", Decimal("0.001")),
    ],
)
def test_a_ratio_is_a_number_or_per_cent(value: object, exact: Decimal) -> None:
    """Per cent text and numbers give the same exact ratio. (B-28)"""
    assert _read(ratio(minimum=0, below=1), value) == exact


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.1, 'field is the float 0.1\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001\n  hint: floats are not exact: write Decimal("0.1")'),
        ("1.2.3%", "field is '1.2.3%'\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
        ("much", "field is 'much'\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
        (True, "field is true\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
        (None, "field is empty\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
        (Decimal("NaN"), "field is NaN\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
        (Decimal("1e-12"), "field is 1E-12, finer than Podium computes\n  expected: a multiple of 0.000000001"),
        (5, "field is 5\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001\n  hint: if per cent is meant, write 5%"),
        ([1], "field is a list\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
    ],
)  # fmt: skip
def test_what_is_no_ratio_is_refused_with_words(value: object, message: str) -> None:
    """The message says what came, what was expected and what to do. (D-06)"""
    assert _read(ratio(minimum=0, below=1), value) == message


@pytest.mark.parametrize("value", [Decimal("1e400"), Decimal("1e-400"), "1e999999999", 10**30])
def test_a_number_beyond_all_sense_is_refused_at_once(value: object) -> None:
    """A huge exponent neither hangs nor fills the memory. (D-06)"""
    assert str(_read(number(above=0), value)).startswith("field is ")
    assert str(_read(ratio(minimum=0), value)).startswith("field is ")


def test_truth_whole_numbers_and_text_are_not_guessed() -> None:
    """``yes`` is text, 1 is no truth value, true is no number, 5 is no name. (D-06)"""
    assert _read(switch(), True) is True
    assert _read(switch(), "yes") == "field is 'yes'\n  expected: true or false\n  hint: write true without quotes"
    assert _read(switch(), 1) == "field is 1\n  expected: true or false"
    assert _read(whole_number(minimum=1), 3) == 3
    assert _read(whole_number(minimum=1), True) == "field is true\n  expected: a whole number of at least 1"
    assert _read(whole_number(minimum=1), Decimal("1.5")) == "field is 1.5\n  expected: a whole number of at least 1"
    assert _read(text("a name"), 5) == "field is 5\n  expected: a name\n  hint: put it in quotes: '5'"
    assert _read(text("a name"), "  ") == "field is '  '\n  expected: a name"
    assert _read(timeframe_text(), "4h") == "4h"


def test_values_are_shown_on_one_short_line() -> None:
    """Long text is cut, structures are named by their kind. (D-06)"""
    assert show("x" * 100) == f"'{'x' * 57}...'"
    assert show({"a": 1}) == "a map"
    assert show([]) == "an empty list"
    assert show(None) == "empty"
    assert show(False) == "false"
