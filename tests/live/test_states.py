"""States change only along their tables."""

from __future__ import annotations

import pytest

from podium.core.errors import IllegalTransition
from podium.live.state_reference import state_reference
from podium.live.states import (
    ORCHESTRATOR_TRANSITIONS,
    SERVICE_TRANSITIONS,
    OrchestratorState,
    ServiceState,
    StateMachine,
)

TABLES = {"service": SERVICE_TRANSITIONS, "orchestrator": ORCHESTRATOR_TRANSITIONS}
STATES = {"service": ServiceState, "orchestrator": OrchestratorState}
PAIRS = [(name, old, new) for name in TABLES for old in STATES[name] for new in STATES[name]]


@pytest.mark.parametrize(("name", "old", "new"), PAIRS, ids=str)
def test_only_the_ways_of_the_table_are_open(name, old, new):
    """Every pair of states is tried: what the table lacks is an error, and the state stays. (C-41, C-43)"""
    machine = StateMachine("it", TABLES[name], old)
    if new in TABLES[name][old]:
        machine.move(new)
        assert machine.state is new
    else:
        with pytest.raises(IllegalTransition, match=f"it is {old} and cannot become {new}"):
            machine.move(new)
        assert machine.state is old


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("service", "created starting running paused running stopping stopped"),
        ("service", "created starting running error recovering running"),
        ("orchestrator", "initializing running paused running stopped"),
        ("orchestrator", "initializing running error recovering running"),
    ],
)
def test_the_ways_that_are_promised_are_open(name, path):
    """Start, pause, resume, fail, recover, stop; on the wire in lower case. (C-41, C-43, C-45)"""
    first, *following = [STATES[name](word) for word in path.split()]
    told = []
    machine = StateMachine("it", TABLES[name], first, lambda old, new: told.append((old, new)))
    for state in following:
        machine.move(state)
    assert [new for _, new in told] == following
    assert all(state.value == state.value.lower() for state in STATES[name])


def test_every_state_can_be_left_and_reached():
    """No state is a trap, and none stands in the table for nothing. (C-41, C-43)"""
    for name, table in TABLES.items():
        assert set(table) == set(STATES[name])
        assert all(table.values())
        first = ServiceState.CREATED if name == "service" else OrchestratorState.INITIALIZING
        reached = {new for following in table.values() for new in following} | {first}
        assert reached == set(table)


def test_the_page_draws_every_way():
    """The documentation cannot say anything else than the tables. (C-41, C-43)"""
    page = state_reference()
    for table in TABLES.values():
        for old, following in table.items():
            for new, why in following.items():
                assert f"    {old} --> {new}: {why}\n" in page
    drawn = sum(len(following) for table in TABLES.values() for following in table.values())
    assert page.count(" --> ") == drawn + 2
