"""Reading YAML: exact numbers and the place of every value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.documents import Item, merge
from podium.core.errors import ConfigurationError, Location, Problem
from podium.core.yaml_files import parse_document, parse_value, read_document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("100_000", 100_000),
        ("0.1", Decimal("0.1")),
        ("1_000.50", Decimal("1000.50")),
        ("1e5", Decimal("1E+5")),
        (".5", Decimal("0.5")),
        ("-3", -3),
        ("012", 12),
        ("0x10", 16),
        ("0.1%", "0.1%"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"),
        ("'5'", "5"),
        ("true", True),
        ("~", None),
        ("", None),
        (".inf", Decimal("Infinity")),
    ],
)
def test_scalars_are_read_as_they_are_written(written: str, value: object) -> None:
    """Numbers are exact, dates and times stay text, YAML 1.2 holds. (D-06)"""
    item = parse_document(f"key: {written}\n", "f.yaml").get("key")
    assert item is not None
    assert item.value == value
    assert type(item.value) is type(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_a_decimal_survives_exactly(number: Decimal) -> None:
    """A number never passes through a float. (B-28)"""
    item = parse_document(f"key: {number:f}\n", "f.yaml").get("key")
    assert item is not None
    assert Decimal(str(item.value)) == number


def test_every_value_knows_where_it_stands() -> None:
    """Keys and values have a line and a column, in blocks, lists and braces. (D-06)"""
    root = parse_document("# first\na:\n  - b: 1\n    c: {d: x, e: [y, z]}\n", "f.yaml")
    assert str(root.locate(("a", 0, "b"))) == "f.yaml:3:8"
    assert str(root.locate(("a", 0, "b"), key=True)) == "f.yaml:3:5"
    assert str(root.locate(("a", 0, "c", "e", 1))) == "f.yaml:4:22"
    assert str(root.locate(("a", 0, "missing"))) == "f.yaml:3:5"


TEXTS = {
    "plain": "k: aaa > bbb(c)\n",
    "plain over lines": "k: aaa >\n   bbb(c)\n   and d\n",
    "single quoted": "k: 'it''s (a, b)'\n",
    "double quoted": 'k: "say \\"x\\" > y"\n',
    "folded": "k: >\n  aaa(b,\n    c) and\n  d\n",
    "folded and stripped": "k: >-\n  aaa and\n  bbb\n",
    "literal": "k: |  # a comment\n  aaa\n  and b\n",
    "quoted over lines": "k: 'aaa\n    and\n\n    bbb'\n",
    "windows": "k: >\r\n  aaa and\r\n  bbb\r\n",
    "in braces": "k: x\nm: {n: 'é > b'}\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_each_character_of_a_text_leads_back_to_the_file(name: str) -> None:
    """A position inside an expression is a position in the file, however the text was written. (D-06)"""
    source = TEXTS[name]
    root = parse_document(source, "f.yaml")
    lines = source.splitlines()
    seen = 0
    for _, item in root.leaves():
        text = item.value
        assert isinstance(text, str)
        for offset, character in enumerate(text):
            if character.isspace():
                continue
            before = text[:offset]
            place = item.locate_in_text(before.count("\n") + 1, offset - before.rfind("\n"))
            assert place.line is not None
            assert place.column is not None
            assert lines[place.line - 1][place.column - 1] == character
            seen += 1
    assert seen > 0


def test_references_and_merges_are_followed() -> None:
    """``&name``, ``*name`` and ``<<`` work as in any YAML file; own keys win. (A-24)"""
    root = parse_document("a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\n", "f.yaml")
    assert root.plain() == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}}


def test_a_reference_cannot_blow_up() -> None:
    """References that stand for endless values are refused instead of filling the memory. (D-06)"""
    levels = "".join(f"k{level}: &k{level} [{', '.join([f'*k{level - 1}'] * 9)}]\n" for level in range(1, 9))
    with pytest.raises(ConfigurationError, match="more than 100000 values"):
        parse_document(f"k0: &k0 [1]\n{levels}", "f.yaml")
    with pytest.raises(ConfigurationError, match="refers to itself"):
        parse_document("a: &a {b: *a}\n", "f.yaml")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way than with a message that names the file. (D-06)"""
    problems: tuple[Problem, ...] = ()
    try:
        assert isinstance(parse_document(text, "f.yaml").plain(), dict)
    except ConfigurationError as error:
        problems = error.problems
    assert all(problem.location is not None and problem.location.file == "f.yaml" for problem in problems)


def test_a_value_from_outside_keeps_its_source() -> None:
    """A value of an option is read as YAML, and all of it stands at the option. (A-24)"""
    option = Location(file="--set a=[1, 0.5]")
    item = parse_value("[1, 0.5]", option)
    assert item.plain() == [1, Decimal("0.5")]
    assert item.locate((1,)) == option
    with pytest.raises(ConfigurationError) as caught:
        parse_value("[1", option)
    assert caught.value.problems[0].location == option


def test_maps_merge_and_lists_replace() -> None:
    """Merging keeps what the other side does not say; lists and choices replace as a whole. (A-24)"""
    base = parse_document("a: {x: 1, y: 2}\nlist: [1, 2]\nsize: {risk: 1}\n", "base.yaml")
    over = parse_document("a: {y: 3}\nlist: [4]\nsize: {money: 5}\n", "over.yaml")
    merged = merge(base, over, frozenset({"size"}))
    assert merged.plain() == {"a": {"x": 1, "y": 3}, "list": [4], "size": {"money": 5}}
    assert str(merged.locate(("a", "x"))) == "base.yaml:1:8"
    assert str(merged.locate(("a", "y"))) == "over.yaml:1:8"


def test_a_value_can_be_set_without_changing_the_tree() -> None:
    """Setting gives a new tree; what is missing on the way is made; the old tree is as before. (A-24)"""
    root = parse_document("a: [{b: 1}]\n", "f.yaml")
    changed = root.with_value(("a", 0, "c", "d"), Item(value=2, location=Location(file="--set")))
    assert changed.plain() == {"a": [{"b": 1, "c": {"d": 2}}]}
    assert root.plain() == {"a": [{"b": 1}]}
    assert str(changed.locate(("a", 0, "c", "d"))) == "--set"


def test_a_file_is_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    """Editors that write a byte order mark do no harm. (D-06)"""
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(file).plain() == {"a": 1}
