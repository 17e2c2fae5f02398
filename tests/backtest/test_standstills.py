"""What a limit held back for good is a warning, and what limits refused is counted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from portfolios import configuration, named, prices

from podium import Strategy, StrategyOrchestrator

D = Decimal
OFF = dict.fromkeys(("trade_risk", "position_risk", "total_risk", "daily_loss", "open_positions", "loss_streak"), "off")


class Holder(Strategy):
    """Hold 50 pieces from the first bar on, and ask for one more at every further one."""

    def on_bar(self, bar):
        """Buy."""
        self.buy(quantity=50 if bar.index == 0 else 1)


class Trader(Holder):
    """Buy one piece where there is none, sell it where there is one."""

    def on_bar(self, bar):
        """Trade."""
        if self.position.quantity:
            self.close()
        else:
            self.buy(quantity=1)


def run(risk, closes, form=Holder):
    """Let two strategies with 10,000 each trade one symbol; its bars are days, and a fall by 10 loses 500 of a holder."""
    market = {"X": prices(*closes, timeframe="1d")}
    config = configuration("X", risk={**OFF, **risk}, entry_buffer=D(0), finish="keep")
    members = [(named(form(), name), D("0.5")) for name in ("one", "two")]
    return StrategyOrchestrator(members, config).run(market, D(20_000))


FALL = (100, 100, 90, 90, 90)
LASTING = "reached, and has neither cool_down nor daily_reset"


@pytest.mark.parametrize(
    ("risk", "closes", "form", "expected"),
    [
        (
            {"drawdown": {"limit": "5%", "action": "stop"}},
            FALL,
            Holder,
            ["the portfolio was stopped for good at 2024-01-04T00:00:00Z by drawdown: nothing was entered after that"],
        ),
        (
            {"order_value": {"money": 100, "action": "stop"}},
            FALL,
            Holder,
            [
                "the portfolio was stopped for good at 2024-01-02T00:00:00Z by order_value: nothing was entered after that"
            ],
        ),
        (
            {"drawdown": "5%"},
            FALL,
            Holder,
            [f"the portfolio entered nothing after 2024-01-04T00:00:00Z: drawdown was {LASTING}"],
        ),
        (
            {"loss_streak": {"limit": 1, "action": "block"}},
            (100, 100, 90, 90),
            Trader,
            [
                f"strategy '{name}' entered nothing after 2024-01-04T00:00:00Z: loss_streak was {LASTING}"
                for name in ("one", "two")
            ],
        ),
        ({"drawdown": {"limit": "5%", "cool_down": "4d"}}, FALL, Holder, []),
        ({"drawdown": {"limit": "5%", "action": "reduce"}}, FALL, Holder, []),
        ({"daily_loss": "5%"}, FALL, Holder, []),
        ({"gross_exposure": {"limit": "200%", "action": "stop"}}, FALL, Holder, []),
    ],
)
def test_who_runs_on_at_rest_is_told_since_when_and_by_which_limit(risk, closes, form, expected):
    """A warning where a limit would have held for ever; none where it let go, could have, or only cuts (C-68)."""
    told = [line for line in run(risk, closes, form).warnings if "entered" in line]
    assert told == expected


def test_entries_that_limits_refused_are_counted():
    """From the second bar on each strategy asks for one more: 4 × 2, of 100 positions' worth at most (A-26)."""
    result = run({"gross_exposure": {"money": 10_000}}, (100,) * 5)
    assert result.limit_refusals == {"gross_exposure": 8}
    assert result.to_dict()["limit_refusals"] == {"gross_exposure": 8}
    rejected = [event for event in result.events() if event["kind"] == "SIGNAL_REJECTED"]
    assert [event["reason"] for event in rejected] == ["gross_exposure"] * 8
