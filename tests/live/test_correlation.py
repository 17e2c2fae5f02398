"""One id leads from the candle to the trade."""

from __future__ import annotations

import json

from podium.live.correlation import Correlations, bar_id

#: kind, members, the bar of the step, the id that is expected.
STORY = [
    ("SIGNAL_GENERATED", {}, "bar 1", "bar 1"),
    ("ORDER_CREATED", {"order": 1}, "bar 1", "bar 1"),
    ("ORDER_CREATED", {"order": 2}, "bar 1", "bar 1"),
    ("ORDER_FILLED", {"order": 1}, "bar 2", "bar 1"),
    ("POSITION_OPENED", {}, "bar 2", "bar 1"),
    ("ORDER_CREATED", {"order": 3}, "bar 3", "bar 3"),
    ("ORDER_REDUCED", {"order": 3}, "bar 4", "bar 3"),
    ("ORDER_FILLED", {"order": 3}, "bar 4", "bar 3"),
    ("POSITION_MODIFIED", {}, "bar 4", "bar 1"),
    ("CARRY_POSTED", {}, "bar 5", "bar 1"),
    ("ORDER_FILLED", {"order": 0}, "bar 6", "bar 1"),
    ("POSITION_CLOSED", {}, "bar 6", "bar 1"),
    ("ORDER_CANCELLED", {"order": 2}, "bar 7", "bar 1"),
    ("ORDER_CANCELLED", {"order": 2}, "bar 8", "bar 8"),
    ("ORDERS_NETTED", {"orders": 2}, "bar 9", "bar 9"),
]


def tell(correlations, story, strategy_id="trend"):
    return [
        correlations.take(kind=kind, strategy_id=strategy_id, symbol="A", body=json.dumps(members).encode(), bar=bar)
        for kind, members, bar, _ in story
    ]


def test_orders_positions_and_protection_carry_the_bar_of_their_decision():
    """Row by row. (C-28)"""
    assert tell(Correlations(), STORY) == [expected for *_, expected in STORY]


def test_cells_are_told_apart():
    """Two strategies number their orders alike. (C-28)"""
    correlations = Correlations()
    tell(correlations, [("ORDER_CREATED", {"order": 1}, "bar 1", "")], "trend")
    tell(correlations, [("ORDER_CREATED", {"order": 1}, "bar 2", "")], "reversal")
    filled = [("ORDER_FILLED", {"order": 1}, "bar 3", "")]
    assert tell(correlations, filled, "trend") == ["bar 1"]
    assert tell(correlations, filled, "reversal") == ["bar 2"]


def test_a_run_that_goes_on_knows_the_ids_of_the_journal():
    """Wherever it was cut. (C-28, D-02)"""
    for cut in range(len(STORY)):
        correlations = Correlations()
        for kind, members, _, known in STORY[:cut]:
            correlations.restore(
                kind=kind, strategy_id="trend", symbol="A", body=json.dumps(members).encode(), correlation_id=known
            )
        assert tell(correlations, STORY[cut:]) == [expected for *_, expected in STORY[cut:]]


def test_nothing_is_remembered_of_what_is_over():
    """Memory does not grow with the run. (C-28)"""
    correlations = Correlations()
    for _ in range(100):
        tell(correlations, STORY)
    assert len(correlations._orders) + len(correlations._positions) + len(correlations._fills) <= 2


def test_a_bar_has_the_same_id_in_every_run():
    """Its market and its close. (C-28)"""
    assert bar_id("BTC/USDT", 1_704_067_260 * 10**9) == "BTC/USDT@2024-01-01T00:01:00Z"
