"""Expressions as objects."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from podium.core.errors import RuleError
from podium.rules import adx, atr, close, crosses_above, ema, high, macd, rsi, shift
from podium.rules.nodes import Kind, Number, Parameter, Past, Series, Truth


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (2 * atr(14), "2 * atr(14)"),
        (close - (high - 1), "close - (high - 1)"),
        (close - high - 1, "close - high - 1"),
        ((close + 1) ** 2, "(close + 1) ** 2"),
        (-(close**2), "-close ** 2"),
        ((-close) ** 2, "(-close) ** 2"),
        (2 ** (close**2), "2 ** close ** 2"),
        ((Number(-2) + close - close) ** 2, "(-2 + close - close) ** 2"),
        (-2 * close, "-2 * close"),
        (close * -2, "close * -2"),
        (close**-2, "close ** -2"),
        (rsi(close) < 30, "rsi(close, 14) < 30"),
        ((close > 1) & ((high > 1) | (close < 0)), "close > 1 and (high > 1 or close < 0)"),
        ((close > 1) & (high > 1) & (close < 0), "close > 1 and high > 1 and close < 0"),
        (~((close > 1) & (high > 1)), "not (close > 1 and high > 1)"),
        (~~(close > 1), "close > 1"),
        (-(-1 * close), "-(-1 * close)"),
        (-((close + 1).__neg__()), "close + 1"),
        (close[1][2], "close[3]"),
        ((close + 1)[1], "(close + 1)[1]"),
        (close[0], "close"),
        (shift(close, 3), "close[3]"),
        ((close > 1)[2], "(close > 1)[2]"),
        (macd(close).signal, "macd(close, 12, 26, 9).macdsignal"),
        (macd(close).macdsignal, "macd(close, 12, 26, 9).macdsignal"),
        (adx(14, high=ema(high, 3)), "adx(14, high=ema(high, 3))"),
        (adx(high=high), "adx(14)"),
        (abs(close - 1), "abs(close - 1)"),
        (close + Decimal("0.1") + 1e-5, "close + 0.1 + 1e-05"),
        (close % 2 // 3, "close % 2 // 3"),
        (close == 1, "close == 1"),
        (1 - close, "1 - close"),
        (1 / close, "1 / close"),
        (7 // close, "7 // close"),
        (7 % close, "7 % close"),
        (2**close, "2 ** close"),
        (1 + close, "1 + close"),
        (False | (close > 1), "false or close > 1"),
        (+close, "close"),
        (-Number(3), "-3"),
        (Number(1e300) * 1e300, "1e+300 * 1e+300"),
        (Number(1e16), "1e+16"),
        (Number(-0.0), "0"),
        (True & (close != 1), "true and close != 1"),
        (Number(2) * 3 + 1, "7"),
        (Number(1) / 0, "1 / 0"),
    ],
)
def test_an_expression_has_one_canonical_text(node, text):
    """However it was written, equal expressions have one text. (B-30)"""
    assert node.text == repr(node) == text


def test_a_rule_is_neither_true_nor_false():
    """``and``, ``if`` and chained comparisons in Python are refused with what to write instead. (B-19)"""
    with pytest.raises(TypeError, match=r"& \| ~"):
        bool(close > 1)
    with pytest.raises(TypeError, match="parentheses"):
        _ = 1 < close < 2
    with pytest.raises(TypeError, match="looped"):
        list(close)


def test_a_rule_cannot_be_changed():
    """Expressions are values. (B-28)"""
    with pytest.raises(AttributeError, match="cannot be changed"):
        close.text = "open"


def test_parameters_are_bound_by_name():
    """Text in a call names a parameter; binding folds what becomes constant. (B-35)"""
    rule = crosses_above(ema(close, "fast"), ema(close, Parameter("fast") * 2 + 1)) & (close["back"] > "level")
    assert rule.parameters == {"fast", "back", "level"}
    assert rule.text == "crosses_above(ema(close, fast), ema(close, fast * 2 + 1)) and close[back] > level"
    bound = rule.bind({"fast": 10, "back": Decimal(2), "level": 0.5, "unused": "x"})
    assert bound.text == "crosses_above(ema(close, 10), ema(close, 21)) and close[2] > 0.5"
    assert bound.bind({}) is bound
    assert macd(close, "fast").bind({"fast": 5}).signal.text == "macd(close, 5, 26, 9).macdsignal"
    assert macd(close, "fast").signal.bind({"fast": 5}).text == "macd(close, 5, 26, 9).macdsignal"
    assert (Parameter("on") > 0).bind({"on": 1}).text == "true"
    assert (~((close < 1) | (Parameter("on") > 0))).bind({"on": 1}).text == "not (close < 1 or true)"
    assert (-Parameter("x") * close).bind({"x": 2}).text == "-2 * close"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fats": 3}, "did you mean 'fats'"),
        ({}, "has no value"),
        ({"fast": 0}, "≥ 1 and ≤ 100000"),
        ({"fast": 2.5}, "whole number"),
        ({"fast": "ten"}, "plain number"),
        ({"fast": True}, "plain number"),
        ({"fast": float("nan")}, "finite"),
    ],
)
def test_a_wrong_parameter_is_refused_when_it_is_bound(params, message):
    """A missing or wrong value says what was expected. (B-16, B-19)"""
    with pytest.raises(RuleError, match=message):
        ema(close, "fast").bind(params)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: close[-1], "would look into the future"),
        (lambda: close[1.5], "whole"),
        (lambda: close[close], "changes from bar to bar"),
        (lambda: close[2_000_000], "too far"),
        (lambda: close & (close > 1), "is a number"),
        (lambda: ~close, "is a number"),
        (lambda: (close > 1) + 1, "is a condition"),
        (lambda: (close > 1) > 1, "is a condition"),
        (lambda: macd(close) + 1, "several outputs"),
        (lambda: macd(close)[1], "several outputs"),
        (lambda: close + "close2 2", "cannot be the name of a parameter"),
        (lambda: close + "and", "cannot be the name of a parameter"),
        (lambda: close + None, "cannot be part of a rule"),
        (lambda: close + float("inf"), "finite"),
        (lambda: close + 10**400, "finite"),
        (lambda: Series("clsoe"), "did you mean 'close'"),
        (lambda: ema(20), r"ema\(close, 20\)"),
        (lambda: ema(close, 0), "≥ 1 and ≤ 100000"),
        (lambda: ema(close, 10**12), "≤ 100000"),
        (lambda: ema(close, close), "changes from bar to bar"),
        (ema, "lacks its argument 'price'"),
        (lambda: ema(close, 1, 2), "takes 2 arguments, not 3"),
        (lambda: ema(close, tiemperiod=3), "did you mean 'timeperiod'"),
        (lambda: ema(close, price=close), "twice"),
        (lambda: ema(close > 1, 3), "is a condition"),
        (lambda: crosses_above(close), "lacks its argument 'right'"),
        (lambda: macd(close).output("singal"), "did you mean 'signal'"),
    ],
)
def test_a_wrong_expression_is_refused_where_it_is_written(build, message):
    """The error says what came and what was expected. (B-19)"""
    with pytest.raises(RuleError, match=message):
        build()


def test_a_monstrous_expression_is_refused():
    """Names that double each other end with an error, not with a full memory. (B-69)"""
    node = close

    def doubled():
        nonlocal node
        while True:
            node = node + node * 2

    with pytest.raises(RuleError, match="too large"):
        doubled()


def test_an_unknown_output_is_no_attribute():
    """``hasattr`` and editors work on a call with several outputs. (B-19)"""
    assert not hasattr(macd(close), "foo")
    assert macd(close).kind is Kind.OUTPUTS


def test_expressions_survive_pickling():
    """A worker process builds the same expression. (B-35)"""
    node = crosses_above(ema(close, 3), macd(close).hist[2]) | ~(close > -1.5)
    assert pickle.loads(pickle.dumps(node)).text == node.text
    assert pickle.loads(pickle.dumps(ema(close, "fast"))).parameters == {"fast"}
    assert pickle.loads(pickle.dumps(macd(close))).text == macd(close).text


def test_constants_do_not_look_back():
    """A plain number is the same on every bar. (B-30)"""
    assert Past.of(Number(3), 2).text == "3"
    assert Truth(value=True)[1].text == "true"
