"""Strategy files."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core.errors import ConfigurationError, InputError, Problem, RuleError
from podium.core.times import Timeframe
from podium.core.yaml_files import parse_document
from podium.rules.nodes import Call, Node
from podium.strategy.file import load_strategy, plan_from_item
from podium.strategy.plan import BreakEven, Level, LevelKind, RulePlan, Size, SizeKind

TREND = """\
name: trend
params: {fast: 20, slow: 50}
indicators:
  fast_ma: ema(close, fast)
  slow_ma: ema(close, slow)
entry:
  long: crosses_above(fast_ma, slow_ma) and adx(14) > 20
exit:
  long: crosses_below(fast_ma, slow_ma)
stop: 2 * atr(14)               # a distance; also {percent: 2%}
targets: [{percent: 3%, close: 50%}, {percent: 6%, close: 50%}]
trail: {distance: 3 * atr(14), after: 2%}
size: {risk: 1%}                # also {fraction: 1}, {quantity: 1}, {money: 1000}
"""


def _plan(text: str) -> RulePlan:
    return plan_from_item(parse_document(text, "trend.yaml"), "trend")


def _all_nodes(plan: RulePlan) -> Iterator[Node]:
    levels = [plan.stop, *(target.level for target in plan.targets), plan.trail.distance if plan.trail else None]
    waiting = [*plan.indicators.values(), plan.long_entry, plan.long_exit, plan.short_entry, plan.short_exit]
    waiting += [level.expression for level in levels if level is not None]
    while waiting:
        node = waiting.pop()
        if node is not None:
            yield node
            waiting.extend(node.children)


def _functions(plan: RulePlan) -> set[str]:
    return {node.callee.name for node in _all_nodes(plan) if isinstance(node, Call)}


def test_a_file_becomes_a_plan(tmp_path: Path) -> None:
    """Everything that the file says is in the plan, with exact numbers and parameters put in. (A-25)"""
    file = tmp_path / "trend.yaml"
    file.write_text(TREND, encoding="utf-8")
    plan = load_strategy(file)
    assert (plan.name, plan.params, plan.timeframe) == ("trend", {"fast": 20, "slow": 50}, None)
    assert {name: node.text for name, node in plan.indicators.items()} == {
        "fast_ma": "ema(close, 20)",
        "slow_ma": "ema(close, 50)",
    }
    assert plan.long_entry is not None
    assert plan.long_entry.text == "crosses_above(ema(close, 20), ema(close, 50)) and adx(14) > 20"
    assert plan.long_exit is not None
    assert plan.long_exit.text == "crosses_below(ema(close, 20), ema(close, 50))"
    assert (plan.short_entry, plan.short_exit) == (None, None)
    assert plan.stop is not None
    assert plan.stop.expression is not None
    assert (plan.stop.kind, plan.stop.expression.text) == (LevelKind.DISTANCE, "2 * atr(14)")
    assert [(target.level.ratio, target.share) for target in plan.targets] == [
        (Decimal("0.03"), Decimal("0.5")),
        (Decimal("0.06"), Decimal("0.5")),
    ]
    assert plan.trail is not None
    assert plan.trail.after == Decimal("0.02")
    assert plan.size == Size(kind=SizeKind.RISK, value=Decimal("0.01"))


def test_only_what_the_file_names_is_loaded() -> None:
    """Nothing is hard-coded: the functions of the plan are those in the file, and no others. (A-08)"""
    assert _functions(_plan(TREND)) == {"ema", "crosses_above", "crosses_below", "adx", "atr"}
    least = _plan("entry: {long: close > open}\n")
    assert _functions(least) == set()
    assert least.indicators == {}
    assert (least.stop, least.targets, least.trail, least.breakeven, least.max_bars) == (None, (), None, None, None)
    assert least.size == Size(kind=SizeKind.FRACTION, value=Decimal(1))


def test_other_values_for_parameters_reach_every_expression(tmp_path: Path) -> None:
    """Params are names with values, so a sweep needs no code. (A-24)"""
    file = tmp_path / "trend.yaml"
    file.write_text(TREND, encoding="utf-8")
    plan = load_strategy(file, {"fast": 5})
    assert plan.indicators["fast_ma"].text == "ema(close, 5)"
    assert plan.params == {"fast": 5, "slow": 50}
    with pytest.raises(ConfigurationError, match="no parameter 'fats'"):
        load_strategy(file, {"fats": 5})


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("2%", Level(kind=LevelKind.PERCENT, ratio=Decimal("0.02"))),
        ("{percent: 0.02}", Level(kind=LevelKind.PERCENT, ratio=Decimal("0.02"))),
        ("{percent: share}", Level(kind=LevelKind.PERCENT, ratio=Decimal("0.05"))),
    ],
)
def test_a_level_may_be_a_ratio_of_the_price(written: str, level: Level) -> None:
    """Per cent, a number and a parameter's name give the same exact ratio. (A-25)"""
    plan = _plan(f"params: {{share: 5%}}\nentry: {{long: close > open}}\nstop: {written}\n")
    assert plan.stop == level


@pytest.mark.parametrize(
    ("written", "kind", "text"),
    [
        ("2 * atr(14)", LevelKind.DISTANCE, "2 * atr(14)"),
        ("5", LevelKind.DISTANCE, "5"),
        ("0.5", LevelKind.DISTANCE, "0.5"),
        ("{distance: 3 * atr(14)}", LevelKind.DISTANCE, "3 * atr(14)"),
        ("{price: 'low[1]'}", LevelKind.PRICE, "low[1]"),
        ("n * atr(14)", LevelKind.DISTANCE, "4 * atr(14)"),
        ("n", LevelKind.DISTANCE, "4"),
    ],
)
def test_a_level_may_be_an_expression(written: str, kind: LevelKind, text: str) -> None:
    """A bare expression is a distance; ``price`` is an absolute level. (A-25)"""
    plan = _plan(f"params: {{n: 4}}\nentry: {{long: close > open}}\nstop: {written}\n")
    assert plan.stop is not None
    assert plan.stop.expression is not None
    assert (plan.stop.kind, plan.stop.expression.text) == (kind, text)


def test_every_other_setting_is_read() -> None:
    """Short sides, break-even, a bar limit, a time frame and a single target have their forms. (A-25)"""
    plan = _plan(
        "params: {hold: 12, part: 0.25}\n"
        "timeframe: 4h\n"
        "entry: {short: close < open}\n"
        "exit: {short: close > open}\n"
        "targets: 3%\n"
        "trail: 1%\n"
        "breakeven: {after: 1%, offset: 0.1%}\n"
        "max_bars: hold\n"
        "size: {fraction: part}\n"
    )
    assert plan.timeframe == Timeframe.parse("4h")
    assert plan.name == "trend"
    assert plan.long_entry is None
    assert plan.short_entry is not None
    assert [target.share for target in plan.targets] == [Decimal(1)]
    assert plan.trail is not None
    assert plan.trail.distance == Level(kind=LevelKind.PERCENT, ratio=Decimal("0.01"))
    assert plan.breakeven == BreakEven(after=Decimal("0.01"), offset=Decimal("0.001"))
    assert plan.max_bars == 12
    assert plan.size == Size(kind=SizeKind.FRACTION, value=Decimal("0.25"))
    assert _plan("entry: {long: close > open}\nbreakeven: 1%\n").breakeven == BreakEven(after=Decimal("0.01"))


def test_indicators_may_use_each_other_in_any_order() -> None:
    """The order of names in the file means nothing; several outputs and conditions are indicators, too. (A-08)"""
    plan = _plan(
        "indicators:\n"
        "  trending: spread > 0\n"
        "  spread: fast - slow\n"
        "  fast: ema(close, 3)\n"
        "  slow: ema(close, 9)\n"
        "  moving: macd(close)\n"
        "entry: {long: trending and moving.hist > 0}\n"
    )
    assert plan.indicators["trending"].text == "ema(close, 3) - ema(close, 9) > 0"
    assert {"moving.macd", "moving.signal", "moving.hist"} <= set(plan.indicators) | {"moving.signal", "moving.hist"}
    assert "moving" not in plan.indicators
    assert plan.long_entry is not None


def test_each_wrong_expression_is_told_once_at_its_place() -> None:
    """All expressions are read in one pass; one that uses a wrong indicator is not told again. (B-19, D-06)"""
    text = TREND.replace("ema(close, fast)", "emma(close, fast)").replace("2 * atr(14)  ", "2 * art(14)  ")
    with pytest.raises(RuleError) as caught:
        _plan(text)
    assert [str(problem.location) for problem in caught.value.problems] == ["trend.yaml:4:12", "trend.yaml:10:11"]


def test_a_parameter_may_name_a_series_or_switch_a_rule() -> None:
    """Numbers are not all that a sweep may vary. (A-24)"""
    plan = _plan("params: {source: high, calm: true}\nentry: {long: 'ema(source, 3) > 1 and calm'}\n")
    assert plan.long_entry is not None
    assert plan.long_entry.text == "ema(high, 3) > 1 and true"
    assert plan.params == {"source": "high", "calm": True}


@pytest.mark.parametrize("key", ["analyzers", "regimes", "when", "decision"])
def test_keys_of_later_releases_say_so(key: str) -> None:
    """What comes later is refused as such, not as a typo. (B-19)"""
    with pytest.raises(InputError, match=f"'{key}' comes in a later release"):
        _plan(f"entry: {{long: close > open}}\n{key}: {{}}\n")


@settings(max_examples=400, deadline=None)
@given(
    position=st.integers(0, len(TREND) - 1),
    length=st.integers(0, 12),
    text=st.text(alphabet="aé:{}[]()<>,#'\"\n -0.5%*&!|?~_\t", max_size=6),
)
def test_any_damage_is_read_or_told_with_its_place(position: int, length: int, text: str) -> None:
    """However a strategy file is damaged, it is accepted or refused with a message that points into it. (B-69, D-06)"""
    problems: tuple[Problem, ...] = ()
    try:
        _plan(TREND[:position] + text + TREND[position + length :])
    except InputError as error:
        problems = error.problems
    for problem in problems:
        assert problem.location is not None
        assert problem.location.file == "trend.yaml"
        assert problem.location.line is not None
