"""The section risk: its defaults, its short forms, and what it refuses."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from podium.core.errors import ConfigurationError
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.risk_options import LossStreak, OrderLimit, RiskOptions

D = Decimal


def test_without_the_section_nothing_is_limited() -> None:
    """No limit is on unless it is named (A-102)."""
    assert OrchestratorConfig().risk is None


def test_the_section_brings_its_defaults() -> None:
    """Per trade 1 %, per position 2 %, 5 % at risk, 5 % a day, 3 positions, × 0.75 / 0.5 / 0.25 after 2 / 3 / 4 (A-102)."""
    risk = OrchestratorConfig(risk=RiskOptions()).risk
    assert risk is not None
    assert risk.trade_risk is not None
    assert risk.position_risk is not None
    assert risk.total_risk is not None
    assert risk.daily_loss is not None
    assert risk.open_positions is not None
    assert risk.loss_streak is not None
    ratios = [limit.limit for limit in (risk.trade_risk, risk.position_risk, risk.total_risk, risk.daily_loss)]
    assert ratios == [D("0.01"), D("0.02"), D("0.05"), D("0.05")]
    assert risk.open_positions.limit == 3
    assert risk.loss_streak.sizes == {2: D("0.75"), 3: D("0.5"), 4: D("0.25")}
    assert risk.daily_loss.daily_reset
    others = (risk.drawdown, risk.gross_exposure, risk.net_exposure, risk.symbol_exposure, risk.strategy_exposure)
    assert others == (None,) * 5
    assert (risk.order_value, risk.price_deviation, risk.orders_per_minute) == (None, None, None)


def test_limits_have_short_forms() -> None:
    """A ratio alone, a number of losses alone, and off; all are configurable (A-102)."""
    risk = RiskOptions.model_validate(
        {"trade_risk": "0.5%", "daily_loss": "off", "open_positions": 7, "loss_streak": {"3": "50%"}}
    )
    assert risk.trade_risk == OrderLimit(limit=D("0.005"))
    assert risk.daily_loss is None
    assert risk.open_positions is not None
    assert risk.open_positions.limit == 7
    assert risk.loss_streak == LossStreak(sizes={3: D("0.5")})


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"trade_risk": "3%"},
        """\
trade_risk is 3%, but position_risk is 2% by default
  expected: trade_risk of at most 2%
  hint: raise position_risk, or write position_risk: off""",
    ),
    ({"total_risk": "1%"}, "position_risk is 2%, but total_risk is 1%"),
    (
        {"trade_risk": "10%", "position_risk": "off"},
        """\
trade_risk is 10%, but total_risk is 5% by default
  expected: trade_risk of at most 5%
  hint: raise total_risk, or write total_risk: off""",
    ),
    (
        {"daily_loss": "20%", "drawdown": "10%"},
        """\
daily_loss is 20%, but drawdown is 10%
  expected: daily_loss of at most 10%
  hint: raise drawdown, or write drawdown: off""",
    ),
    ({"daily_loss": {"limit": "20%", "action": "close"}, "drawdown": {"limit": "10%", "action": "stop"}}, "is 20%"),
    (
        {"groups": {"majors": ["X"]}},
        """\
nothing limits the group 'majors'
  expected: group_exposure: {majors: 80%}
  hint: state what it may be worth, or remove it""",
    ),
    ({"symbol_exposure": "60%", "gross_exposure": "50%"}, "symbol_exposure is 60%, but gross_exposure is 50%"),
    ({"groups": {"a": ["X"]}, "group_exposure": {"a": "60%"}, "gross_exposure": "50%"}, "group_exposure.a is 60%"),
    ({"groups": {"a": ["X"]}, "group_exposure": {"b": "60%"}}, "there is no group 'b'\n  expected: one of a"),
    ({"groups": {"a": ["X", "X"]}}, "'X' stands here a second time\n  expected: each symbol once"),
    ({"groups": {"a": "X"}}, "risk.groups.a is 'X'\n  expected: a list of symbols, such as [BTC/USDT, ETH/USDT]"),
    ({"gross_exposure": {"action": "close"}}, "risk.gross_exposure has neither 'limit' nor 'money'"),
    ({"gross_exposure": {"limit": "5%", "money": 3}}, "risk.gross_exposure has both 'limit' and 'money'"),
    ({"order_value": {"limit": "5%", "action": "close"}}, "risk.order_value.action is 'close'"),
    ({"open_positions": {"limit": 3, "action": "reduce"}}, "one of block, stop"),
    ({"open_positions": 0}, "risk.open_positions.limit is 0\n  expected: a whole number of at least 1"),
    ({"daily_loss": {"limit": "5%", "factor": "50%"}}, "risk.daily_loss.factor is given, but the action is block"),
    ({"drawdown": {"limit": "5%", "action": "stop", "cool_down": "4h"}}, "the action is stop, which is for good"),
    (
        {"daily_loss": {"limit": "5%", "action": "stop", "daily_reset": True}},
        """\
risk.daily_loss.daily_reset is given, but the action is stop, which is for good
  expected: action: close, or no daily_reset""",
    ),
    ({"drawdown": {"limit": "5%", "action": "stop", "daily_reset": True}}, "the action is stop, which is for good"),
    ({"loss_streak": {"limit": 5, "action": "stop", "daily_reset": True}}, "the action is stop, which is for good"),
    ({"drawdown": {"limit": "5%", "cool_down": "4x"}}, "risk.drawdown.cool_down is '4x'"),
    ({"loss_streak": {"2": "50%", "3": "60%"}}, "after 3 losses more is left of a size than after 2"),
    ({"loss_streak": {"limit": 3}}, "risk.loss_streak does not say from which loss on what happens"),
    ({"loss_streak": {"two": "50%"}}, "unknown key 'two' in risk.loss_streak"),
    ({"loss_streak": {"0": "50%"}}, "a number of losses of at least 1"),
    ({"loss_streak": {str(1 + step): f"{90 - step}%" for step in range(9)}}, "at most 8"),
    ({"timezone": "Mars"}, "risk.timezone is 'Mars'\n  expected: a time zone, such as UTC or America/New_York"),
    ({"timezone": 3}, "risk.timezone is 3"),
    ({"drawdwon": "5%"}, "hint: did you mean 'drawdown'?"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    """Contradictory limits, unknown groups and wrong values: where, what came, what was expected (B-41)."""
    with pytest.raises(ConfigurationError) as caught:
        OrchestratorConfig(risk=given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"drawdown": "3%"},
        {"daily_loss": "20%", "drawdown": {"limit": "10%", "action": "reduce"}},
        {"daily_loss": {"limit": "20%", "action": "stop"}, "drawdown": "10%"},
        {"daily_loss": "20%", "drawdown": {"limit": "10%", "cool_down": "4h"}},
        {"daily_loss": {"limit": "5%", "action": "stop"}},
        {"daily_loss": {"limit": "5%", "action": "stop", "daily_reset": False}},
    ],
)
def test_what_can_still_act_is_accepted(given: dict[str, Any]) -> None:
    """A larger daily loss beside a drawdown that does less, or lets go; what the default alone would contradict."""
    assert OrchestratorConfig(risk=given).risk is not None


def test_limits_cannot_be_changed() -> None:
    """A made section stays as it is."""
    with pytest.raises(ValidationError):
        RiskOptions().timezone = "UTC"  # type: ignore[misc]


ACTIONS = ("block", "reduce", "close", "stop")


def least_of(name):
    """Give the least that a limit needs beside its action."""
    return {"open_positions": 3, "orders_per_minute": 3, "trade_risk": "1%", "position_risk": "1%"}.get(name, "5%")


def risk_of(name, action):
    if name == "group_exposure":
        return {"groups": {"all": ["X"]}, "group_exposure": {"all": {"limit": "50%", "action": action}}}
    if name == "loss_streak":
        return {name: {"action": action, **({"sizes": {2: "50%"}} if action == "reduce" else {"limit": 2})}}
    return {name: {"limit": least_of(name), "action": action}}


def stated_actions():
    """Read the table of the guide: each limit and action with what it says of them."""
    guide = Path(__file__).parents[2] / "docs" / "guides" / "limits.md"
    table = guide.read_text(encoding="utf-8").partition("| limit | `block` |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        names, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"`(\w+)`", names):
            yield from ((name, action, said) for action, said in zip(ACTIONS, cells, strict=True))


@pytest.mark.parametrize(("name", "action", "said"), list(stated_actions()))
def test_each_limit_takes_the_actions_that_the_guide_states(name, action, said):
    """What means something is accepted; what does not is refused with the reason and what there is instead (A-26, D-06)."""
    if said.startswith("yes"):
        assert OrchestratorConfig(risk=risk_of(name, action)).risk is not None
        return
    with pytest.raises(ConfigurationError) as caught:
        OrchestratorConfig(risk=risk_of(name, action))
    (problem,) = caught.value.problems
    assert f"risk.{name}.action is '{action}', which has no meaning here: " in problem.message
    assert problem.expected.startswith("one of block, ")


def test_the_guide_states_every_limit():
    """Whatever ``risk`` can limit stands in the table (D-06)."""
    assert {name for name, _, _ in stated_actions()} == set(RiskOptions.model_fields) - {"timezone", "groups"}
