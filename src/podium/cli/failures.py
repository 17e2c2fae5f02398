"""How the command line says that something went wrong, and with which number it ends.

0 done · 1 the run failed · 2 the input is wrong · 130 interrupted · 141 the reader of the output has gone ·
143 ended by the system.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from typer.exceptions import TyperException

from podium.core.errors import Location, Problem, did_you_mean

__all__ = [
    "DONE",
    "INTERRUPTED",
    "READER_GONE",
    "RUN_FAILED",
    "TERMINATED",
    "WRONG_INPUT",
    "abandon_outputs",
    "flush_outputs",
    "is_closed_pipe",
    "print_failure",
    "usage_problem",
]

DONE = 0
RUN_FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130
READER_GONE = 141
TERMINATED = 143

_BOLD, _CYAN, _RESET = "\033[1m", "\033[36m", "\033[0m"


def print_failure(error: Exception | Problem) -> None:
    """Print what went wrong to the error stream, coloured where it is a terminal that wants colours.

    Args:
        error: what was raised, or one problem.
    """
    text = str(error)
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        text = re.sub(r"(?m)^(\S[^ ]*:\d+(?::\d+)?:)", rf"{_BOLD}\1{_RESET}", text)
        text = re.sub(r"(?m)^(  (?:expected|hint):)", rf"{_CYAN}\1{_RESET}", text)
    print(text, file=sys.stderr)  # noqa: T201  # the one place that prints errors


def usage_problem(error: TyperException, arguments: Sequence[str]) -> Problem:
    """Say what is wrong with the words of a command line.

    Args:
        error: what the command line's parser raised.
        arguments: the words.

    Returns:
        The problem, in the form that all others have.
    """
    # The parser's exceptions are told apart by what they carry: their classes are private to it.
    context = getattr(error, "ctx", None)
    command = getattr(context, "command", None)
    where = Location(file=getattr(context, "command_path", " ".join(["podium", *arguments[:1]])))
    options = [name for each in getattr(command, "params", []) for name in each.opts if name.startswith("--")]
    text = error.format_message()
    if (name := getattr(error, "option_name", None)) is not None:
        if not text.startswith("No such option"):
            needs = "requires" in text
            message = f"the option '{name}' {'needs a value' if needs else 'takes no value'}"
            return Problem(message=message, location=where, expected=f"{name} VALUE" if needs else f"{name} alone")
        return Problem(
            message=f"there is no option '{name}'",
            location=where,
            expected=f"one of {', '.join([*options, '--help'])}",
            hint=did_you_mean(name, options),
        )
    if text.startswith("Missing") and (parameter := getattr(error, "param", None)) is not None:
        return Problem(
            message=f"{_shown(parameter)} is missing", location=where, expected=getattr(parameter, "help", None)
        )
    if (unknown := re.match(r"No such command '([^']*)'", text)) is not None:
        known = list(getattr(command, "commands", {}))
        return Problem(
            message=f"there is no command '{unknown[1]}'",
            location=where,
            expected=f"one of {', '.join(known)}",
            hint=did_you_mean(unknown[1], known),
        )
    if (extra := re.search(r"unexpected extra argument\S* \((.*)\)", text)) is not None:
        return Problem(message=f"'{extra[1]}' is too much", location=where, expected=_usage(command))
    return Problem(message=text, location=where, expected="see --help")


def _usage(command: object) -> str:
    names = [_shown(each) for each in getattr(command, "params", []) if not each.opts[0].startswith("--")]
    return f"{' '.join(names)} and nothing more" if names else "no words, only options"


def _shown(parameter: object) -> str:
    return str(getattr(parameter, "metavar", None) or getattr(parameter, "name", "")).upper()


def flush_outputs() -> None:
    """Write what is still held back; a stream that was closed before the start is ``None``.

    Raises:
        BrokenPipeError: when nobody reads it any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def is_closed_pipe(error: BaseException) -> bool:
    """Tell whether an exception means that the reader of the output has gone.

    Args:
        error: what was raised; typer and rich make a ``SystemExit`` of it.
    """
    return isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError)


def abandon_outputs() -> None:
    """Send to nowhere what could not be written, so that the end of the process does not try once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
