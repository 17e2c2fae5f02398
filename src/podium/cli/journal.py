"""``podium journal``: verify, show, export and archive what a run recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.options import read_moment, read_whole_number

if TYPE_CHECKING:
    from podium.journal.records import Stream
    from podium.journal.selection import Selection

__all__ = ["app"]

app = typer.Typer(help="Verify, show, export and archive a journal.", no_args_is_help=True, rich_markup_mode=None)

_Place = Annotated[
    str, typer.Argument(metavar="JOURNAL", help="a journal's folder, such as live/demo.journal, or postgresql://…")
]
_Stream = Annotated[
    str | None,
    typer.Option("--stream", metavar="NAME", help="only input, domain, operational or configuration records"),
]
_Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="only this kind, such as ORDER_FILLED")]
_Strategy = Annotated[str | None, typer.Option("--strategy", metavar="ID", help="only what is about this strategy")]
_Symbol = Annotated[str | None, typer.Option("--symbol", metavar="NAME", help="only what is about this symbol")]
_Correlation = Annotated[
    str | None, typer.Option("--correlation", metavar="ID", help="only what one bar led to, from the bar to the trade")
]
_From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="only records at or after this time")]
_To = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="only records before this time; a date alone means its end")
]


@app.command()
def verify(place: _Place) -> None:
    """Read a whole journal and say whether every record is as it was written."""
    from podium.core.errors import JournalError
    from podium.journal.journal import reading_journal

    with reading_journal(place) as journal:
        found = journal.verify()
    counts = ", ".join(f"{stream} {count:,}" for stream, count in found.sequences.items())
    snapshots = f"{found.snapshots} snapshot{'' if found.snapshots == 1 else 's'}"
    typer.echo(f"  {place}: {found.records:,} records follow one another ({counts}); {snapshots}")
    if found.problem is not None:
        raise JournalError(found.problem)
    typer.echo("  nothing is wrong")


@app.command()
def show(
    place: _Place,
    *,
    stream: _Stream = None,
    kind: _Kind = None,
    strategy: _Strategy = None,
    symbol: _Symbol = None,
    correlation: _Correlation = None,
    begin: _From = None,
    end: _To = None,
    last: Annotated[
        str, typer.Option("--last", metavar="COUNT", help="only the last ones of them; 0 shows all")
    ] = "20",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
) -> None:
    """Print records, the oldest first."""
    from podium.cli.record_lines import json_line, text_line
    from podium.journal.journal import reading_journal

    selection = _selection(
        stream=stream, kind=kind, strategy=strategy, symbol=symbol, correlation=correlation, begin=begin, end=end
    )
    count = read_whole_number(last, "--last")
    shown = json_line if as_json else text_line
    with reading_journal(place) as journal:
        for row in selection.rows(journal, count):
            typer.echo(shown(row))


@app.command()
def export(
    place: _Place,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="where to write; ends with .csv or .parquet")],
    *,
    stream: _Stream = None,
    kind: _Kind = None,
    strategy: _Strategy = None,
    symbol: _Symbol = None,
    correlation: _Correlation = None,
    begin: _From = None,
    end: _To = None,
) -> None:
    """Write records as a table for other tools."""
    from podium.journal.journal import reading_journal
    from podium.journal.selection import export_rows

    selection = _selection(
        stream=stream, kind=kind, strategy=strategy, symbol=symbol, correlation=correlation, begin=begin, end=end
    )
    with reading_journal(place) as journal:
        count = export_rows(selection.rows(journal), file)
    typer.echo(f"  {file}: {count:,} records")


@app.command()
def archive(
    place: _Place,
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER", help="where the files go and stay; default: archive in the journal's folder"
        ),
    ] = None,
) -> None:
    """Move what a start does not need any more into compressed files; it can still be read, shown and verified."""
    from podium.journal.journal import archive_journal

    segments = archive_journal(place, to)
    for segment in segments:
        typer.echo(f"  {segment.file}: records {segment.first:,} to {segment.last:,}")
    if not segments:
        typer.echo("  nothing to archive: everything behind the newest snapshot is needed for the next start")


def _selection(
    *,
    stream: str | None,
    kind: str | None,
    strategy: str | None,
    symbol: str | None,
    correlation: str | None,
    begin: str | None,
    end: str | None,
) -> Selection:
    from podium.core.times import parse_end
    from podium.journal.selection import Selection

    return Selection(
        stream=_stream(stream),
        kind=kind,
        strategy_id=strategy,
        symbol=symbol,
        correlation_id=correlation,
        begin=read_moment(begin, "--from"),
        end=read_moment(end, "--to", parse_end),
    )


def _stream(name: str | None) -> Stream | None:
    from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean
    from podium.journal.records import Stream

    if name is None:
        return None
    known = [stream.value for stream in Stream]
    if name not in known:
        raise ConfigurationError(
            Problem(
                message=f"there is no stream '{name}'",
                location=Location(file="--stream"),
                expected=f"one of {', '.join(known)}",
                hint=did_you_mean(name, known),
            )
        )
    return Stream(name)
