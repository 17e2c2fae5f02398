"""The states of services and orchestrators, and the ways between them, as tables: what a table lacks is an error.

The page of states is drawn from the same tables (``docs/reference/states.md``), so it cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from podium.core.errors import IllegalTransition

__all__ = [
    "ORCHESTRATOR_TRANSITIONS",
    "SERVICE_TRANSITIONS",
    "OrchestratorState",
    "ServiceState",
    "StateMachine",
    "Transitions",
]


class ServiceState(StrEnum):
    """Name what a service is doing; the value is the one on the wire."""

    CREATED = "created"
    """made, but never started"""
    STARTING = "starting"
    """gets hold of what it needs"""
    RUNNING = "running"
    """works"""
    PAUSED = "paused"
    """works, but no entry goes out; exits and protection do"""
    STOPPING = "stopping"
    """finishes what it holds"""
    STOPPED = "stopped"
    """does nothing, and may be started again"""
    ERROR = "error"
    """failed; what it was working on waits for its recovery"""
    RECOVERING = "recovering"
    """tries again what it failed at"""


class OrchestratorState(StrEnum):
    """Name what an orchestrator is doing; the value is the one on the wire."""

    INITIALIZING = "initializing"
    """made, or starting what it owns"""
    RUNNING = "running"
    """what it owns is started and watched"""
    PAUSED = "paused"
    """no entries, by hand, by a closed market or by a limit; exits and protection go on"""
    STOPPED = "stopped"
    """all it owns is stopped; it may be started again"""
    ERROR = "error"
    """could not be started, or was taken out after every restart failed"""
    RECOVERING = "recovering"
    """is being restarted"""


State = TypeVar("State", ServiceState, OrchestratorState)
#: From each state the states that may follow, each with the reason.
Transitions = Mapping[State, Mapping[State, str]]

_S, _O = ServiceState, OrchestratorState

SERVICE_TRANSITIONS: Transitions[ServiceState] = MappingProxyType(
    {
        _S.CREATED: {_S.STARTING: "start"},
        _S.STARTING: {_S.RUNNING: "started", _S.ERROR: "the start failed", _S.STOPPING: "stop"},
        _S.RUNNING: {_S.PAUSED: "pause", _S.STOPPING: "stop", _S.ERROR: "failed"},
        _S.PAUSED: {_S.RUNNING: "resume", _S.STOPPING: "stop", _S.ERROR: "failed"},
        _S.ERROR: {_S.RECOVERING: "restart", _S.STOPPING: "stop"},
        _S.RECOVERING: {_S.RUNNING: "recovered", _S.ERROR: "failed again", _S.STOPPING: "stop"},
        _S.STOPPING: {_S.STOPPED: "stopped"},
        _S.STOPPED: {_S.STARTING: "start"},
    }
)
ORCHESTRATOR_TRANSITIONS: Transitions[OrchestratorState] = MappingProxyType(
    {
        _O.INITIALIZING: {_O.RUNNING: "started", _O.ERROR: "the start failed", _O.STOPPED: "stop"},
        _O.RUNNING: {_O.PAUSED: "pause", _O.STOPPED: "stop", _O.ERROR: "failed"},
        _O.PAUSED: {_O.RUNNING: "resume", _O.STOPPED: "stop", _O.ERROR: "failed"},
        _O.ERROR: {_O.RECOVERING: "restart", _O.STOPPED: "stop"},
        _O.RECOVERING: {_O.RUNNING: "recovered", _O.ERROR: "failed again", _O.STOPPED: "stop"},
        _O.STOPPED: {_O.INITIALIZING: "start"},
    }
)


class StateMachine(Generic[State]):
    """Hold a state that changes only along a table.

    Args:
        owner: whose state it is, for messages.
        table: what may follow what.
        state: where it begins.
        on_change: is told the old and the new state after every change.
    """

    def __init__(
        self,
        owner: str,
        table: Transitions[State],
        state: State,
        on_change: Callable[[State, State], None] = lambda _old, _new: None,
    ) -> None:
        self._owner = owner
        self._table: Transitions[State] = table
        self._state: State = state
        self._on_change: Callable[[State, State], None] = on_change

    @property
    def state(self) -> State:
        """Tell the state."""
        return self._state

    def may(self, state: State) -> bool:
        """Tell whether a state may follow now.

        Args:
            state: the one that is meant.
        """
        return state in self._table[self._state]

    def move(self, state: State) -> None:
        """Change the state.

        Args:
            state: the new one.

        Raises:
            IllegalTransition: when the table lacks this way; the state stays.
        """
        if not self.may(state):
            allowed = tuple(each.value for each in self._table[self._state])
            raise IllegalTransition(owner=self._owner, state=self._state.value, asked=state.value, allowed=allowed)
        before, self._state = self._state, state
        self._on_change(before, state)
