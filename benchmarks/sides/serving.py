"""Be one side of a comparison: prepare once, then run when asked, so that the sides can take turns.

The parent writes a line for every repeat and reads a line with what it took. Whatever the libraries print goes to
standard error. This module needs nothing but Python, since it runs in every environment.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Outcome", "Task", "request", "serve"]


@dataclass(frozen=True)
class Outcome:
    """Hold what a run came to.

    Args:
        fills: how many.
        equity: at the end, as text.
        seconds: CPU seconds of named parts of the run.
    """

    fills: int
    equity: str
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """Be ready to run.

    Args:
        run: the timed part.
        versions: what ran, by name.
        fresh: makes what ``run`` takes anew before each repeat, untimed.
    """

    run: Callable[[object], Outcome]
    versions: Mapping[str, str]
    fresh: Callable[[], object] = lambda: None


def request() -> dict[str, object]:
    """Give what the parent asks for: the first argument, as JSON."""
    wanted: dict[str, object] = json.loads(sys.argv[1])
    return wanted


def serve(prepare: Callable[[], Task]) -> None:
    """Prepare, then run once for each line of standard input.

    Args:
        prepare: reads the bars and warms up; untimed.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = prepare()
    print(json.dumps({"versions": dict(task.versions)}), file=answers, flush=True)
    for _ in sys.stdin:
        prepared = task.fresh()
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = task.run(prepared)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        answer = {
            "cpu_seconds": cpu,
            "wall_seconds": wall,
            "fills": int(outcome.fills),
            "equity": outcome.equity,
            "parts": dict(outcome.seconds),
        }
        print(json.dumps(answer), file=answers, flush=True)
