"""Shares by rule, drift, moves of free cash and the ends of periods, each worked out by hand."""

from __future__ import annotations

import math
from decimal import Decimal as D
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import OrchestratorConfig
from podium.backtest.rebalancer import days_known
from podium.core.errors import ConfigurationError
from podium.core.money import RATE_SCALE
from podium.portfolio.rebalancing import (
    PARKED,
    RebalancingOptions,
    is_adrift,
    moves_to,
    period_ends,
    rebalancing_problem,
)
from podium.portfolio.risk_shares import apportioned, covariance, shares_by_risk
from podium.stats.daily import Calendar


def shares(rule, weights=("0.5", "0.3"), returns=None, drawdowns=(0.0, 0.0), **options):
    """Give shares in millionths."""
    made = RebalancingOptions(rule=rule, **options)
    found = made.shares([D(w) for w in weights], returns=returns, drawdowns=drawdowns, periods_per_year=365)
    return None if found is None else [share // 1000 for share in found]


def test_weights_are_shares_of_what_the_strategies_have():
    """Weights of 0.5 and 0.3 are five eighths and three eighths; equal weight is a half each (B-34)."""
    assert shares("weights") == [625_000, 375_000]
    assert shares("equal_weight") == [500_000, 500_000]
    assert (
        sum(RebalancingOptions().shares([D(1)] * 3, returns=None, drawdowns=[0.0] * 3, periods_per_year=365)) == 10**9
    )


def test_rules_that_look_back_wait_for_their_history():
    """Without enough daily returns they say nothing, so nothing moves (B-34)."""
    for rule, options in (
        ("inverse_volatility", {}),
        ("risk_parity", {}),
        ("volatility_target", {"volatility": D("0.1")}),
    ):
        assert shares(rule, returns=None, **options) is None


CALM, WILD = [0.01, -0.01, 0.01, -0.01, 0.01, -0.01], [0.03, -0.03, 0.03, -0.03, 0.03, -0.03]


def test_inverse_volatility_by_hand():
    """Three times the volatility is a third of the share; one that never moved keeps its weight (B-34)."""
    assert shares("inverse_volatility", returns=[CALM, WILD]) == [750_000, 250_000]
    still = [0.0] * 6
    assert shares("inverse_volatility", ("0.2", "0.4", "0.4"), [still, CALM, WILD], (0.0,) * 3) == [
        200_000,
        600_000,
        200_000,
    ]
    assert shares("inverse_volatility", returns=[still, still]) == [625_000, 375_000]


def test_risk_parity_of_two_is_inverse_volatility_and_of_more_is_not():
    """Each adds the same to the variance: two that move together share what one that does not has nearly alone (B-34)."""
    assert shares("risk_parity", returns=[CALM, WILD]) == [750_000, 250_000]
    rng = np.random.default_rng(1)
    one, other, noise = rng.normal(0, 0.01, (3, 200))
    returns = [one.tolist(), (one + noise / 10).tolist(), other.tolist()]
    found = shares_by_risk([1, 1, 1_000_000_000], returns, equal_contributions=True)
    matrix = np.array([[covariance(a, b) for b in returns] for a in returns])
    weights = np.array(found) / sum(found)
    contributions = weights * (matrix @ weights)
    assert contributions == pytest.approx([contributions.sum() / 3] * 3, rel=1e-6)
    assert weights[2] > 0.4 > weights[0]


def test_volatility_target_by_hand():
    """Weights, but only as much of them as keeps the volatility; the rest is left to nobody; never more than all (B-34)."""
    volatility = math.sqrt(covariance(CALM, CALM) * 365)
    half = D(repr(volatility / 2)).quantize(D("1e-9"))
    assert shares("volatility_target", returns=[CALM, CALM], volatility=half) == pytest.approx(
        [312_500, 187_500], abs=1
    )
    assert shares("volatility_target", returns=[CALM, CALM], volatility=D(9)) == [625_000, 375_000]


def test_drawdown_aware_by_hand():
    """All at the highest, five eighths halfway to the limit, a quarter at the limit and beyond (B-34)."""

    def kept(*falls):
        return shares("drawdown_aware", ("0.5", "0.5"), drawdowns=falls, drawdown=D("0.2"))

    assert kept(0.0, 0.1) == [500_000, 312_500]
    assert kept(0.2, 0.9) == [125_000, 125_000]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "volatility_target"}, "has the rule volatility_target, but no 'volatility'"),
        ({"rule": "drawdown_aware"}, "has the rule drawdown_aware, but no 'drawdown'"),
        ({"volatility": D("0.1")}, "volatility is stated, but the rule weights does not look at it"),
        ({"rule": "weight"}, "one of weights, equal_weight, inverse_volatility"),
        ({"lookback_days": 2}, "a whole number of at least 5"),
        ({"every": "year"}, "one of hour, day, week, month, quarter"),
        ({"threshold": D("0.1")}, "threshold"),
        ({"lookback_days": 30}, "lookback_days is stated, but the rule weights does not look back"),
        ({"rule": "drawdown_aware", "drawdown": "20%", "lookback_days": 30}, "drawdown_aware does not look back"),
    ],
)
def test_what_contradicts_itself_is_refused(options, message):
    """Before anything runs, and with what would be right (B-34)."""
    with pytest.raises(ConfigurationError, match=message):
        OrchestratorConfig(rebalancing=options)


@pytest.mark.parametrize("rebalancing", [None, {"when": "schedule"}])
def test_a_threshold_that_nothing_looks_at_is_refused(rebalancing):
    """Without a rule, or where capital moves each time, no drift is looked at (B-34)."""
    with pytest.raises(ConfigurationError, match="rebalance_threshold is stated, but"):
        OrchestratorConfig(rebalance_threshold="5%", rebalancing=rebalancing)
    assert OrchestratorConfig(rebalance_threshold="5%", rebalancing={}).rebalancing is not None
    assert OrchestratorConfig(rebalancing=rebalancing).rebalance_threshold == D("0.1")


def test_the_days_before_the_last_end_of_a_period_are_known():
    """Days 0, 1, 3 and 4, two steps each: before the last step of day 4 four are over, three of them with bars (B-34)."""
    days = np.array([0, 0, 1, 1, 3, 3, 4, 4])
    assert days_known(days, 7, Calendar.ALWAYS) == 4
    assert days_known(days, 7, Calendar.SESSIONS) == 3
    assert days_known(days, 1, Calendar.ALWAYS) == 0


def test_a_rule_that_could_never_act_is_a_problem():
    """One strategy has nobody to give to; a period must end, behind as many days as are looked back at (B-34)."""
    look = RebalancingOptions(rule="risk_parity", lookback_days=30)
    assert "there is one" in rebalancing_problem(RebalancingOptions(), 1, 100).message
    assert rebalancing_problem(RebalancingOptions(rule="drawdown_aware", drawdown=D("0.1")), 1, 1) is None
    assert rebalancing_problem(look, 2, 30) is None
    assert str(rebalancing_problem(look, 2, 29)) == (
        "the rule risk_parity looks back at 30 days, and when the last day of the run ends, 29 are known\n"
        "  expected: at least 30 days before that\n"
        "  hint: lower lookback_days, or use more bars"
    )
    monthly = RebalancingOptions(rule="risk_parity", lookback_days=30, every="month")
    assert "or every: day" in str(rebalancing_problem(monthly, 2, 29))
    assert str(rebalancing_problem(RebalancingOptions(every="quarter"), 2, None)) == (
        "shares are looked at behind the end of each quarter, and the run goes on behind none\n"
        "  expected: a run that goes on behind the end of a quarter\n"
        "  hint: use more bars, or look more often, such as every: hour"
    )


def test_drift_is_a_difference_of_shares():
    """From 50 % to 60 % is a drift of 10 %, one unit less is not (B-34)."""
    half = [RATE_SCALE // 2] * 2
    assert is_adrift([600, 400], 0, half, D("0.1"))
    assert not is_adrift([599, 401], 0, half, D("0.1"))
    assert is_adrift([500, 400], 100, half, D("0.1"))


HALF, THIRD = [RATE_SCALE // 2] * 2, [RATE_SCALE // 2, RATE_SCALE // 4, RATE_SCALE // 4]


@pytest.mark.parametrize(
    ("equities", "free", "parked", "wanted", "expected"),
    [
        ([600, 400], [600, 0], 0, HALF, [(0, 1, 100)]),
        ([600, 400], [40, 0], 0, HALF, [(0, 1, 40)]),
        ([600, 400], [-5, 0], 0, HALF, []),
        ([500, 500], [9, 9], 0, HALF, []),
        ([900, 60, 40], [200, 0, 0], 0, THIRD, [(0, 1, 95), (0, 2, 105)]),
        ([100, 500, 400], [0, 300, 200], 0, THIRD, [(1, 0, 250), (2, 0, 150)]),
        ([600, 400], [600, 400], 0, [RATE_SCALE // 4] * 2, [(0, PARKED, 350), (1, PARKED, 150)]),
        ([300, 200], [0, 0], 500, HALF, [(PARKED, 0, 200), (PARKED, 1, 300)]),
        ([-10, 5], [0, 5], 0, HALF, []),
    ],
)
def test_moves_by_hand(equities, free, parked, wanted, expected):
    """Who has too much gives what is free of it; who lacks something gets in proportion to what it lacks (B-34)."""
    assert moves_to(equities, free, parked, wanted) == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 10**15), st.integers(-10, 10**15), st.integers(1, 10**9)), min_size=2, max_size=6
    ),
    st.integers(0, 10**15),
    st.integers(1, 10**9),
)
def test_moves_lose_nothing_and_never_overshoot(strategies, parked, whole):
    """The sum is unchanged, nobody gives more than what is free, nobody passes its share (B-34)."""
    equities, free, parts = (list(column) for column in zip(*strategies, strict=True))
    wanted = apportioned(whole, parts)
    targets = apportioned(sum(equities) + parked, [*wanted, RATE_SCALE - whole])
    after = dict(enumerate([*equities, parked]))
    limits = [*free, parked]
    for giver, receiver, units in moves_to(equities, free, parked, wanted):
        assert units > 0
        for party, sign in ((giver, -1), (receiver, 1)):
            after[len(equities) if party == PARKED else party] += sign * units
    for place, before in enumerate([*equities, parked]):
        now, target = after[place], targets[place]
        assert min(before, target) <= now <= max(before, target)
        assert before - now <= max(limits[place], 0)
    assert sum(after.values()) == sum(equities) + parked


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any))
def test_a_split_in_proportion_loses_no_unit(total, parts):
    """Each part is the exact one rounded down or up, and together they are the whole."""
    found = apportioned(total, parts)
    assert sum(found) == total
    exact = [total * part / Fraction(sum(parts)) for part in parts]
    assert all(abs(got - want) < 1 for got, want in zip(found, exact, strict=True))


@pytest.mark.parametrize(
    ("every", "closes", "expected"),
    [
        ("hour", ["2024-01-01T00:30", "2024-01-01T01:00", "2024-01-01T01:30"], [2]),
        ("day", ["2024-01-01T23:00", "2024-01-02T00:00", "2024-01-02T01:00", "2024-01-05T01:00"], [2, 3]),
        ("week", ["2024-01-06T12:00", "2024-01-08T00:00", "2024-01-08T01:00", "2024-01-14T01:00"], [2]),
        ("month", ["2024-01-31T12:00", "2024-02-01T00:00", "2024-02-01T01:00"], [2]),
        ("quarter", ["2024-02-01T12:00", "2024-03-01T12:00", "2024-04-01T12:00", "2024-12-01T12:00"], [2, 3]),
    ],
)
def test_periods_end_with_the_close_at_their_border(every, closes, expected):
    """A close at midnight belongs to the day before; weeks begin on Monday; a gap ends one period, not several (B-34)."""
    times = np.array(closes, "datetime64[ns]").astype(np.int64)
    assert period_ends(times, every) == expected
