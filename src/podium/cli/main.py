"""The command line: one file per command; what a command needs is imported when it runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from podium.cli import backtest, check, data, events, journal, parity, report, reproduce, schema
from podium.cli import run as run_command
from podium.cli.failures import (
    DONE,
    INTERRUPTED,
    READER_GONE,
    RUN_FAILED,
    TERMINATED,
    WRONG_INPUT,
    abandon_outputs,
    flush_outputs,
    is_closed_pipe,
    print_failure,
    usage_problem,
)
from podium.core.errors import InputError, PodiumError
from podium.core.interrupts import interrupting_termination

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="podium",
    help="Run a portfolio of trading strategies as one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help"]},
)
app.command("backtest")(backtest.backtest)
app.command("run")(run_command.run)
app.command("parity")(parity.parity)
app.command("check")(check.check)
app.add_typer(data.app, name="data")
app.add_typer(journal.app, name="journal")
app.command("schema")(schema.schema)
app.command("reproduce")(reproduce.reproduce)
app.command("report")(report.report)
app.command("events")(events.events)


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: the words behind ``podium``.

    Returns:
        0 done, 1 the run failed, 2 the input is wrong, 130 interrupted, 141 the reader of the output has gone, as in
        ``podium schema | head -1``.
    """
    try:
        code = _run(arguments)
        flush_outputs()
    except (BrokenPipeError, SystemExit) as error:
        if not is_closed_pipe(error):
            raise
        abandon_outputs()
        return READER_GONE
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        code = app(list(arguments), prog_name="podium", standalone_mode=False)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())  # noqa: T201  # help is what was asked for
            return DONE
        print_failure(usage_problem(error, arguments))
        return WRONG_INPUT
    except InputError as error:
        print_failure(error)
        return WRONG_INPUT
    except PodiumError as error:
        print_failure(error)
        return RUN_FAILED
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    return code if isinstance(code, int) else DONE


def main() -> None:
    """Run the command line of the process and end it."""
    # Looking for garbage among what imports and results leave costs a tenth of a short run; so does looking once more
    # when the interpreter ends, and nothing is gained by it then.
    gc.set_threshold(1_000_000, 20, 20)
    with interrupting_termination() as is_terminated:
        code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(TERMINATED if code == INTERRUPTED and is_terminated() else code)
