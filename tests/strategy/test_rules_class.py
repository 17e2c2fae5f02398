"""Rules classes: the keys of a strategy file as class attributes."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from podium.core.errors import ConfigurationError, RuleError
from podium.core.yaml_files import parse_document
from podium.rules import adx, atr, close, crosses_above, crosses_below, ema
from podium.strategy.file import plan_from_item
from podium.strategy.plan import RulePlan
from podium.strategy.rules_class import has_rules, params_of, plan_from_class


class Trend:
    fast, slow = 20, 50
    fast_ma, slow_ma = ema(close, "fast"), ema(close, "slow")
    long_entry = crosses_above(fast_ma, slow_ma) & (adx(14) > 20)
    long_exit = crosses_below(fast_ma, slow_ma)
    stop = 2 * atr(14)
    targets = ({"percent": 0.03, "close": 0.5}, {"percent": "6%", "close": 0.5})
    trail = {"distance": 3 * atr(14), "after": 0.02}  # noqa: RUF012  # as users write it
    size = {"risk": 0.01}  # noqa: RUF012  # as users write it


FILE = """\
name: Trend
params: {fast: 20, slow: 50}
indicators:
  fast_ma: ema(close, fast)
  slow_ma: ema(close, slow)
entry:
  long: crosses_above(fast_ma, slow_ma) and adx(14) > 20
exit:
  long: crosses_below(fast_ma, slow_ma)
stop: 2 * atr(14)
targets: [{percent: 3%, close: 50%}, {percent: 6%, close: 50%}]
trail: {distance: 3 * atr(14), after: 2%}
size: {risk: 1%}
"""


def _in_words(plan: RulePlan) -> str:
    # Nodes build conditions when they are compared: plans are compared by what they print.
    return repr(plan)


def test_a_class_and_a_file_that_say_the_same_are_the_same_plan() -> None:
    """A YAML strategy and a Python one build equal graphs. (A-25)"""
    assert _in_words(plan_from_class(Trend())) == _in_words(plan_from_item(parse_document(FILE, "f.yaml"), "f"))
    assert _in_words(plan_from_class(Trend)) == _in_words(plan_from_class(Trend()))


def test_other_values_reach_every_expression() -> None:
    """Overrides, subclasses and attributes of the instance set parameters without code. (A-24)"""

    class Faster(Trend):
        fast = 10

    instance = Trend()
    instance.fast = 12
    for strategy, overrides, expected in ((Trend, {"fast": 5}, 5), (Faster, {}, 10), (instance, {}, 12)):
        plan = plan_from_class(strategy, overrides)
        assert plan.indicators["fast_ma"].text == f"ema(close, {expected})"
        assert plan.params["fast"] == expected


def test_parameters_are_plain_numbers_and_exact() -> None:
    """Booleans, text, private names and rules are no parameters; a float is the decimal it shows. (A-08)"""

    class Mixed:
        length = 14
        share = 0.1
        money = Decimal("1.50")
        counted = np.int64(3)
        enabled = True
        label = "x"
        max_bars = 5
        _hidden = 7
        long_entry = close > 1

        @property
        def computed(self) -> int:
            return 1

    assert params_of(Mixed()) == {"length": 14, "share": Decimal("0.1"), "money": Decimal("1.50"), "counted": 3}
    assert plan_from_class(Mixed()).max_bars == 5


def test_text_is_read_as_an_expression() -> None:
    """A rule may be written as text, as in a file. (A-25)"""

    class Written:
        length = 9
        long_entry = "close > sma(close, length)"
        max_bars = "length"

    plan = plan_from_class(Written())
    assert plan.long_entry is not None
    assert plan.long_entry.text == "close > sma(close, 9)"
    assert plan.max_bars == 9


def test_a_class_without_an_entry_rule_is_no_rules_class() -> None:
    """``has_rules`` tells rules classes from coded ones. (B-19)"""

    class Coded:
        z = ema(close, 3)

    assert not has_rules(Coded)
    assert has_rules(Trend)
    with pytest.raises(ConfigurationError) as caught:
        plan_from_class(Coded())
    assert str(caught.value).startswith("Coded has no 'entry'")


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("long_entry", close + 1, "Trend.long_entry is the number 'close + 1'\n  expected: a condition\n  hint: compare it with something, such as > 0"),
        ("stop", close > 1, "Trend.stop.distance is the condition 'close > 1'\n  expected: a number"),
        ("size", {"risk": 0.01, "money": 5}, "Trend.size has money and risk together\n  expected: exactly one of fraction, quantity, money, risk\n  hint: for example {risk: 1%}"),
        ("size", {"rsik": 0.01}, "unknown key 'rsik' in Trend.size\n  expected: one of fraction, quantity, money, risk\n  hint: did you mean 'risk'?"),
        ("max_bars", 0, "Trend.max_bars is 0\n  expected: a whole number of at least 1, such as 48"),
        ("timeframe", "4x", "Trend.timeframe is '4x'\n  expected: a whole number and one of s, m, h, d, w, such as 1m, 4h, 1d"),
    ],
)  # fmt: skip
def test_a_wrong_attribute_is_told_by_its_name(attribute: str, value: object, message: str) -> None:
    """The message names class and attribute, what came and what was expected. (B-16, D-06)"""
    strategy = type("Trend", (Trend,), {attribute: value})
    with pytest.raises(ValueError) as caught:
        plan_from_class(strategy)
    assert str(caught.value) == message


def test_an_unknown_parameter_is_told() -> None:
    """Overrides of parameters that the class lacks, and names that an expression lacks, are refused. (B-16)"""
    with pytest.raises(ConfigurationError) as caught:
        plan_from_class(Trend(), {"fats": 3})
    assert str(caught.value) == (
        "Trend has no parameter 'fats'\n  expected: one of fast, slow\n  hint: did you mean 'fast'?"
    )

    class Broken:
        fast = 3
        long_entry = close > ema(close, "fats")

    with pytest.raises(RuleError, match=r"Broken\.long_entry: .*'fats'"):
        plan_from_class(Broken())
