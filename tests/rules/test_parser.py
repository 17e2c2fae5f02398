"""Rules as text."""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies
from random_rules import Columns, random_rule

from podium.core.errors import Location, RuleError
from podium.rules import adx, atr, close, crosses_above, ema, high, macd, rsi, shift, where
from podium.rules import functions as registry
from podium.rules.graph import Graph
from podium.rules.nodes import Kind, Number, Parameter, Truth
from podium.rules.parser import parse

PROOF = bool(os.environ.get("PODIUM_PROOF"))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("crosses_above(fast_ma, ema(close, slow)) and adx(14) > 20",
         crosses_above(ema(close, 20), ema(close, 50)) & (adx(14) > 20)),
        ("2 * atr(14)", 2 * atr(14)),
        ("30 > rsi(close)", rsi(close, 14) < 30),
        ("1 < close < 2", (close > 1) & (close < 2)),
        ("not close > 1 or high >= 2 and close != 3", ~(close > 1) | ((high >= 2) & (close != 3))),
        ("(close > 1) & ~(high > 2) | (close < 0)", (close > 1) & ~(high > 2) | (close < 0)),
        ("close[1] - close[slow]", close[1] - close[50]),
        ("macd(close, 5).signal", macd(close, 5).signal),
        ("m.hist > 0", macd(close).hist > 0),
        ("shift(close > 1, bars=3)", shift(close > 1, 3)),
        ("ema(close, timeperiod=slow // 2)", ema(close, 25)),
        ("ema(price=close,\n    timeperiod=5)  # a remark", ema(close, 5)),
        ("  close", close),
        ("-2 ** 2", Number(-4)),
        ("+close % 3 // 2", close % 3 // 2),
        ("true and close > 1", Truth(value=True) & (close > 1)),
        ("slow > 10", Truth(value=True)),
        ("where(close > 1, 1, -1)", where(close > 1, 1, -1)),
        ("close == 1", close == 1),
    ],
)  # fmt: skip
def test_text_and_python_build_equal_expressions(text, node):
    """A YAML strategy and a Python one are the same graph. (B-30)"""
    names = {"slow": 50, "fast_ma": ema(close, 20), "m": macd(close)}
    assert parse(text, names=names).text == node.text
    assert parse(node.text, names={}).text == node.text


@settings(max_examples=20_000 if PROOF else 300, deadline=None, derandomize=not PROOF)
@given(seed=strategies.integers(0, 2**63), depth=strategies.integers(1, 6))
def test_printed_rules_read_back_equal(seed, depth):
    """The text of any expression is its identity. (B-30)"""
    node = random_rule(np.random.default_rng(seed), depth)
    assert parse(node.text, names={}).text == node.text


def test_unbound_parameters_print_and_read_back():
    """Parameters are names in the text. (B-35)"""
    node = ema(close, "fast")["back"] > Parameter("level") ** 2
    assert parse(node.text, names={name: Parameter(name) for name in node.parameters}).text == node.text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("ema(clsoe, 3)", "7:14", "unknown name 'clsoe'.*did you mean 'close'"),
        ("close > 1 and\n  rsi(close, 0) > 3", "8:3", "'timeperiod' of rsi is 0.*≥ 2"),
        ("emma(close, 3)", "7:10", "unknown function 'emma'.*did you mean 'ema'"),
        ("log(close)", "7:10", r"unknown function 'log'.*hint: the natural logarithm is ln\(x\)"),
        ("pow(close, 2)", "7:10", r"unknown function 'pow'.*hint: .* is x \*\* y"),
        ("min(close, open)", "7:10", r"is open, which changes from bar to bar.*hint: .* where\(a < b, a, b\)"),
        ("max(0, close)", "7:10", r"first argument of max is 0.*hint: .* where\(a > b, a, b\)"),
        ("ema(close, slwo)", "7:21", "unknown name 'slwo'.*did you mean 'slow'"),
        ("close[-1] > 2", "7:16", "would look into the future"),
        ("close[1:2]", "7:16", "range"),
        ("close[1 / 0]", "7:16", "is unknown"),
        ("ema(close, 1 / 0)", "7:10", "'timeperiod' of ema is 1 / 0"),
        ("close >", "7:17", "not an expression"),
        ("(close", "7:10", "never closed"),
        ("close)", "7:16", "unmatched"),
        ("close) > (3", "7:10", "unmatched"),
        ("close and 1 > 2", "7:10", "close is a number"),
        ("1 > 2 and close", "7:20", "close is a number"),
        ("close + (close > 1)", "7:19", "is a condition"),
        ("'é' > 1", "7:10", "is not a number"),
        ("close > 'é' + clsoe", "7:18", "is not a number"),
        ("where(close > 1, 1, 'ä') > clsoe", "7:30", "is not a number"),
        ("close if true else 1", "7:10", "where"),
        ("lambda: 1", "7:10", "not part of the rule language"),
        ("[close]", "7:10", "not part of the rule language"),
        ("(close, 1)", "7:10", "not part of the rule language"),
        ("(a := close)", "7:11", "not part of the rule language"),
        ("ema(*close)", "7:14", "not part of the rule language"),
        ("ema(**close)", "7:16", "wrong argument"),
        ("at('4h', close)", "7:10", "comes in a later release"),
        ("of('BTC/USDT', close)", "7:10", "comes in a later release"),
        ("rank(close)", "7:10", "comes in a later release"),
        ("macd(close) > 1", "7:10", "several outputs.*\\.signal"),
        ("macd(close).singal", "7:10", "did you mean 'signal'"),
        ("close.signal", "7:10", "one series"),
        ("close.signal(1)", "7:10", "cannot be called"),
        ("close(1)", "7:10", r"close\[1\] for the value one bar ago"),
        ("ema", "7:10", "is a function"),
        ("close @ 2", "7:10", "unknown operator"),
        ("close is 2", "7:10", "unknown comparison"),
        ("1e999", "7:10", "finite"),
        ("1j", "7:10", "is not a number"),
        ("None", "7:10", "is not a number"),
        ("", "7:10", "empty"),
        ("close > 1; close", "7:19", "not an expression"),
        ("é > 1", "7:10", "unknown name 'é'"),
        ("open > ä", "7:17", "unknown name 'ä'"),
        ("x" * 30_000, "7:10", "30000 characters"),
        ("(" * 500 + "close" + ")" * 500, "7:", "not an expression|cannot be read"),
        ("-" * 3000 + "close", "7:", "nested too deeply|cannot be read|not an expression"),
        ("\0", "7:", "not an expression|cannot be read"),
    ],
)
def test_an_error_points_at_the_part_that_is_wrong(text, place, message):
    """File, line, column, what came, what was expected, and a near name. (B-16, B-19)"""
    with pytest.raises(RuleError, match=f"(?s){message}") as caught:
        parse(text, names={"slow": 50}, location=Location(file="trend.yaml", line=7, column=10))
    assert str(caught.value).startswith(f"trend.yaml:{place}")


@pytest.mark.parametrize(("text", "expect"), [("close", Kind.CONDITION), ("close > 1", Kind.NUMBER)])
def test_a_rule_of_the_wrong_kind_is_refused(text, expect):
    """An entry is a condition, a level a number. (B-19)"""
    with pytest.raises(RuleError, match="the rule"):
        parse(text, names={}, expect=expect)
    other = Kind.NUMBER if expect is Kind.CONDITION else Kind.CONDITION
    assert parse(text, names={}, expect=other).kind is other


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"x": "abc"}, "x is the text 'abc'"),
        ({"close": 3, "x": 1}, "close is a series"),
        ({"x": float("inf")}, "finite"),
        ({"x": None}, "cannot be part of a rule"),
    ],
)
def test_a_name_with_a_meaning_that_does_not_serve_is_refused(names, message):
    """Parameters are numbers, truth values or names of series; they never hide a series. (B-19)"""
    with pytest.raises(RuleError, match=message):
        parse("x + close", names=names)


def test_a_parameter_may_choose_a_series_or_switch_a_rule():
    """``source: high`` and ``filtered: true`` are parameters like others. (B-35)"""
    node = parse("ema(source, 3) > 1 or filtered", names={"source": "high", "filtered": False})
    assert node.text == "ema(high, 3) > 1 or false"


def test_a_rule_without_a_place_still_says_where_in_its_text():
    """Line and column count from the text's own start. (B-19)"""
    with pytest.raises(RuleError, match=r"^<rule>:2:3: unknown name"):
        parse("1 +\n  foo", names={})


def survives(text: str) -> None:
    try:
        node = parse(text, names={"slow": 50, "m": macd(close), "fast": ema(close, 3)})
    except RuleError as error:
        located = all(problem.location is not None for problem in error.problems)
    else:
        located = parse(node.text, names={}).text == node.text
        Graph([node]).open(Columns(**dict.fromkeys(Columns.__slots__, np.arange(1.0, 9.0))))
    assert located


@settings(max_examples=50_000 if PROOF else 500, deadline=None, derandomize=not PROOF)
@given(text=strategies.text(max_size=40))
@example("\r\n\f close\r+ x")
@example("close \\\n + foo")
@example("\ud800")
@example("f'{close}'")
@example("0_0.")
@example("9" * 5000)
@example("close[1 / 0]")
@example("ema(close, 1 / 0)")
@example("shift(1 / 0, 2) > ema(close, 2)[1] ** (1 / 0)")
def test_any_text_is_a_rule_or_a_rule_error(text):
    """Nothing else ever comes out of the parser. (B-69)"""
    survives(text)


WORDS = [
    "close", "open", "slow", "m", "fast", "ema", "macd", "crosses_above", "where", "abs", "shift", "at", "(", ")", "[", "]",
    ",", ".", "signal", "+", "-", "*", "/", "//", "%", "**", "<", ">=", "==", "and", "or", "not", "&", "|", "~", "1", "0", "2.5",
    "1e9", "true", "=", "bars", ":", "\n", "if", "else", "lambda", "'x'", "#",
]  # fmt: skip


@settings(max_examples=50_000 if PROOF else 800, deadline=None, derandomize=not PROOF)
@given(words=strategies.lists(strategies.sampled_from(WORDS), max_size=14))
def test_any_words_of_the_language_are_a_rule_or_a_rule_error(words):
    """Half-right rules are the common ones. (B-69)"""
    survives(" ".join(words))


class Point:
    """An installed plug-in."""

    def __init__(self, name, content):
        self.name, self.value, self.content = name, f"somewhere:{name}", content

    def load(self):
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


@pytest.fixture
def plugins(monkeypatch):
    """Pretend that packages with entry points are installed."""

    def install(*points: Point) -> None:
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry.functions.cache_clear()

    yield install
    monkeypatch.undo()
    registry.functions.cache_clear()


def double(name="double"):
    return registry.Function(
        name=name, summary="Twice the value.", group="Other", inputs=(registry.FunctionInput(name="series"),),
        expansion=lambda inputs, _values: inputs[0] * 2,
    )  # fmt: skip


def test_a_plug_in_adds_functions(plugins):
    """Entry points of the group ``podium.functions`` are found when a name is not ours. (B-19)"""
    plugins(Point("one", double()), Point("many", [double("twice"), double("again")]))
    assert parse("double(close) > twice(again(1))", names={}).text == "double(close) > twice(again(1))"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ImportError("no module 'foo'"), "ImportError: no module 'foo'"),
        (42, "gives 42"),
        ([double(), 42], "gives 42"),
        (double("ema"), "gives ema, which exists already"),
        (double("close"), "gives close, which exists already"),
    ],
)
def test_a_broken_plug_in_is_named(plugins, content, message):
    """Only rules that need a plug-in fail, and say which. (B-19)"""
    plugins(Point("broken", content))
    assert parse("ema(close, 3)", names={}).text == "ema(close, 3)"
    with pytest.raises(RuleError, match=rf"(?s)rule>:1:1: the plug-in 'broken' \(somewhere:broken\).*{message}"):
        parse("double(close)", names={})


def test_entry_points_are_read_from_installed_packages():
    """The registry's double above has the shape of the real thing."""
    assert {"name", "value", "load"} <= set(dir(EntryPoint("a", "b", "c")))
