"""How long a user waits for ``podium --help``."""

from __future__ import annotations

import sys
from pathlib import Path

from figures import Spread
from processes import run_process
from results import Budget, Findings, Table

__all__ = ["measure_start", "podium_command"]

_SECONDS = 0.3


def podium_command() -> list[str]:
    """Give the words that start Podium's command line."""
    script = Path(sys.executable).parent / "podium"
    return [str(script)] if script.exists() else [sys.executable, "-m", "podium"]


def measure_start(*, quick: bool) -> Findings:
    """Measure the start of the command line.

    Args:
        quick: fewer repeats.

    Returns:
        What was found.
    """
    commands = {"podium --help": [*podium_command(), "--help"], "python -c pass": [sys.executable, "-c", "pass"]}
    found: dict[str, list[float]] = {name: [] for name in commands}
    run_process(commands["podium --help"])  # writes the compiled files, as an installation does
    for _ in range(5 if quick else 20):
        for name, command in commands.items():
            found[name].append(run_process(command).wall_seconds)
    spreads = {name: Spread.of(values) for name, values in found.items()}
    podium = spreads["podium --help"]
    return Findings(
        budgets=[
            Budget(what="`podium --help`, whole process", budget="< 0.3 s", measured=f"{podium.median:.3f} s",
                   is_met=podium.median < _SECONDS)
        ],
        tables=[
            Table(title="Start", heads=("process", "clock, median (least–most)"),
                  rows=[(f"`{name}`", str(spread)) for name, spread in spreads.items()])
        ],
    )  # fmt: skip
