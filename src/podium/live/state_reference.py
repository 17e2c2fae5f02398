"""The page of states, drawn from the tables."""

from __future__ import annotations

import ast
import inspect
from enum import StrEnum
from itertools import pairwise

from podium.live.states import (
    ORCHESTRATOR_TRANSITIONS,
    SERVICE_TRANSITIONS,
    OrchestratorState,
    ServiceState,
    State,
    Transitions,
)

__all__ = ["state_reference"]

_HEAD = """# States

What services and orchestrators go through, generated from the tables that they obey: a way that is not drawn here is
refused with an error. The names are those of health reports and events.

A paused service works on for exits and protection; only entries are refused, with the reason `paused`. It is healthy,
and nothing restarts it.
"""


def state_reference() -> str:
    """Write the page.

    Returns:
        Markdown with a diagram and a table for services and for orchestrators.
    """
    services = _section("Services", SERVICE_TRANSITIONS, ServiceState, ServiceState.CREATED)
    orchestrators = _section(
        "Orchestrators", ORCHESTRATOR_TRANSITIONS, OrchestratorState, OrchestratorState.INITIALIZING
    )
    return f"{_HEAD}{services}{orchestrators}"


def _section(title: str, table: Transitions[State], states: type[StrEnum], first: State) -> str:
    meaning = _meanings(states)
    ways = [(old, new, why) for old, following in table.items() for new, why in following.items()]
    drawn = "".join(f"    {old} --> {new}: {why}\n" for old, new, why in ways)
    rows = "".join(
        f"| `{old}` | {meaning[old.name]} | {', '.join(f'`{new}` ({why})' for new, why in following.items())} |\n"
        for old, following in table.items()
    )
    return (
        f"\n## {title}\n\n```mermaid\nstateDiagram-v2\n    [*] --> {first}\n{drawn}```\n"
        f"\n| state | meaning | may be followed by |\n|---|---|---|\n{rows}"
    )


def _meanings(states: type[StrEnum]) -> dict[str, str]:
    """Read what stands under each state in the code."""
    body = ast.parse(inspect.getsource(states)).body[0]
    lines = body.body if isinstance(body, ast.ClassDef) else []
    return {
        name.targets[0].id: str(text.value.value)
        for name, text in pairwise(lines)
        if isinstance(name, ast.Assign)
        and isinstance(name.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
