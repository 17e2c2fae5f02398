"""Write the generated pages of the documentation: `docs/reference/`, from the code they describe.

`python docs/generate.py` writes them; a test fails when a page is not what the code says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer.main

from podium.bus.reference import event_reference
from podium.cli.main import app
from podium.live.state_reference import state_reference
from podium.portfolio.reference import portfolio_reference, strategy_reference
from podium.rules.reference import function_reference

if TYPE_CHECKING:
    from typer.core import TyperCommand, TyperGroup

FOLDER = Path(__file__).resolve().parent / "reference"
_FUNCTIONS_HEAD = """# Functions

Every function of the rule language, generated from the code. Ours come first, then TA-Lib's under their own names in
lower case. How expressions are read and what unknown means is told in [the rule language](../concepts/rules.md).

A *number* argument takes any number expression, a *condition* any condition. A *whole number* or *plain number* takes a
constant or a parameter. Arguments with a default may be left out. Warm-up is the number of bars before the first known
value. Every function is also a Python name: `from podium.rules import ema`.
"""
_COMMANDS_HEAD = """# Commands

Every command of `podium`, generated from the code. Results go to the standard output, messages and progress to the
standard error. Colours are left out where the output is no terminal or `NO_COLOR` is set.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the run failed |
| 2 | the input is wrong; each problem says where, what was expected and what to do |
| 130 | interrupted; what had happened until then was written and is complete |
| 143 | ended by the system with SIGTERM; likewise |
| 141 | the reader of the output has gone, as in `podium schema \\| head -1` |
"""


def functions_page() -> str:
    """Write the page of functions."""
    return f"{_FUNCTIONS_HEAD}\n{function_reference()}"


def commands_page() -> str:
    """Write the page of commands."""
    return _COMMANDS_HEAD + "".join(_commands(typer.main.get_command(app), "podium"))


def _commands(command: TyperCommand | TyperGroup, words: str) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        for name, member in inner.items():
            yield from _commands(member, f"{words} {name}")
        return
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    call = " ".join([words, *(each.metavar for each in arguments), *(["[options]"] if options else [])])
    yield f"\n## `{words}`\n\n{command.help}\n\n```text\n{call}\n```\n"
    yield "\n| argument or option | default | meaning |\n|---|---|---|\n"
    for each in arguments:
        yield f"| `{each.metavar}` | must be given | {each.help} |\n"
    for each in options:
        value = f" {each.metavar}" if each.metavar else ""
        default = "" if each.default in (None, False) else f"`{each.default}`"
        yield f"| `{each.opts[0]}{value}` | {default} | {each.help} |\n"


def pages() -> dict[Path, str]:
    """Write all generated pages, by their paths."""
    return {
        FOLDER / "functions.md": functions_page(),
        FOLDER / "portfolio_file.md": portfolio_reference(),
        FOLDER / "strategy_file.md": strategy_reference(),
        FOLDER / "cli.md": commands_page(),
        FOLDER / "states.md": state_reference(),
        FOLDER / "events.md": event_reference(),
    }


def main() -> None:
    """Write the pages to the folder."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
