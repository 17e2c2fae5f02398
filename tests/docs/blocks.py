"""The fenced blocks of a page of the documentation.

A block that cannot be run has a comment just before it that says why: ``<!-- not run: needs an exchange -->``. A ``text``
block is the output of the Python block before it. ``exit=2`` behind the language is the exit code of the last command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "Command", "blocks_of", "commands_of", "pages", "with_texts"]

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>\w*) *(?P<rest>.*)$")
_NOT_RUN = re.compile(r"^<!-- not run: (?P<reason>.*\S) -->$")
_EXIT = re.compile(r"\bexit=(\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Hold one fenced block: its language, its text, and the line (from 1) on which the text starts."""

    language: str
    text: str
    line: int
    exit_code: int = 0
    not_run: str | None = None

    @property
    def file_name(self) -> str | None:
        """Give the file that the block is, when its first line says so: ``# strategies/trend.yaml``."""
        match = re.match(r"^# (\S+\.(?:yaml|py))$", self.text.split("\n", 1)[0])
        return match[1] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Hold one command of a console block with the output it is shown with."""

    words: str
    output: str


def pages() -> list[Path]:
    """Find all pages that people write; the reference is generated."""
    written = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in written if "reference" not in page.parts and "decisions" not in page.parts]


def blocks_of(text: str) -> list[Block]:
    """Collect the blocks of a page in order."""
    found: list[Block] = []
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        number += 1
        if opening is None:
            continue
        start = number
        while lines[number] != opening["fence"]:
            number += 1
        before = _NOT_RUN.match(lines[start - 2]) if start > 1 else None
        exit_code = _EXIT.search(opening["rest"])
        found.append(
            Block(
                language=opening["language"],
                text="\n".join(lines[start:number]),
                line=start + 1,
                exit_code=int(exit_code[1]) if exit_code else 0,
                not_run=before["reason"] if before else None,
            )
        )
        number += 1
    return found


def commands_of(block: Block) -> list[Command]:
    """Split a console block at its prompts; a command goes on after a backslash and within quotes."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.split("\n"):
        if found and _goes_on(*found[-1]):
            words, output = found.pop()
            found.append((f"{words}\n{line}", output))
        elif line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return [Command(words=words, output="\n".join(output)) for words, output in found]


def _goes_on(words: str, output: list[str]) -> bool:
    return not output and (words.endswith("\\") or words.count("'") % 2 == 1)


def with_texts(page: str, texts: dict[int, str]) -> str:
    """Put other texts into the blocks that start at the given lines."""
    lines = page.split("\n")
    for block in reversed(blocks_of(page)):
        if block.line in texts:
            first = block.line - 1
            height = block.text.count("\n") + 1 if block.text else 0
            lines[first : first + height] = texts[block.line].split("\n")
    return "\n".join(lines)
