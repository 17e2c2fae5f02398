"""What was measured, as tables of a Markdown file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Budget", "Findings", "Table", "write_results"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Hold one promise and what was measured.

    Args:
        what: the promise.
        budget: its limit, in words.
        measured: the figure, in words.
        is_met: whether it was kept.
    """

    what: str
    budget: str
    measured: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Hold one table of details.

    Args:
        title: above it.
        heads: of its columns; the first is aligned left, the others right.
        rows: its cells.
        notes: paragraphs below it.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Give the table as Markdown."""
        return [f"## {self.title}", "", *_table(self.heads, self.rows), *(f"\n{note}" for note in self.notes), ""]


@dataclass(slots=True, kw_only=True)
class Findings:
    """Hold all that a measurement found.

    Args:
        budgets: promises.
        tables: details.
        mismatches: results that are not the expected ones; any of them fails the benchmark.
        versions: what ran.
    """

    budgets: list[Budget] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    mismatches: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def add(self, other: Findings) -> None:
        """Take over what another measurement found."""
        self.budgets += other.budgets
        self.tables += other.tables
        self.mismatches += other.mismatches
        self.versions |= other.versions


def write_results(findings: Findings, machine: Sequence[str], remarks: Sequence[str]) -> str:
    """Write everything as Markdown.

    Args:
        findings: of all measurements.
        machine: lines about where it ran.
        remarks: lines about how it ran.

    Returns:
        The text of the file.
    """
    lines = ["# Benchmark results", "", "Written by `make bench`; what is timed is said in [README.md](README.md).", ""]
    lines += [f"* {line}" for line in [*machine, *remarks]]
    lines += [f"* {name} {version}" for name, version in findings.versions.items()]
    lines += ["", "## Budgets", ""]
    lines += _table(
        ("what", "budget", "measured", "verdict"),
        [(row.what, row.budget, row.measured, "met" if row.is_met else "**missed**") for row in findings.budgets],
    )
    if findings.mismatches:
        lines += ["", "## Mismatches", "", *(f"* {' '.join(line.split())}" for line in findings.mismatches)]
    lines.append("")
    for table in findings.tables:
        lines += table.lines()
    return "\n".join(lines).rstrip() + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows)]
