"""``podium journal``: what the commands print, write and refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from podium.cli.main import run
from podium.core.times import parse_time
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Snapshot, Stream

HOUR = 3_600_000_000_000
BEGIN = parse_time("2024-01-01")


def _record(stream: Stream, sequence: int, **fields: object) -> JournalRecord:
    kind = "ORDER_FILLED" if stream == Stream.DOMAIN else "bar"
    body = {"sequence": sequence, "kind": kind} | fields
    return JournalRecord(
        stream=stream,
        sequence=sequence,
        time=BEGIN + sequence * HOUR,
        kind=kind,
        body=json.dumps(body, ensure_ascii=False).encode(),
        correlation_id=f"bar-{sequence}",
    )


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a journal of 30 bars with a fill each, of two strategies on two symbols in turn."""
    monkeypatch.chdir(tmp_path)
    opened = open_journal("demo.journal")
    for sequence in range(1, 31):
        owner, symbol = ("trend", "BTC/USDT") if sequence % 2 else ("reversal", "ÄTH/USDT")
        fill = _record(Stream.DOMAIN, sequence, strategy_id=owner, symbol=symbol, price="100.5", stop=None)
        opened.append([_record(Stream.INPUT, sequence, close=100), fill])
    opened.close()
    return Path("demo.journal")


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(["journal", *words]) == 0
    return capsys.readouterr().out.splitlines()


def _told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    capsys.readouterr()
    assert run(["journal", *words]) == code
    return capsys.readouterr().err


def test_verify_counts_what_follows(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A journal that is as it was written is told with its counts, and ends with 0. (design 8)"""
    assert _printed(capsys, "verify", "demo.journal") == [
        "  demo.journal: 60 records follow one another (input 30, domain 30, operational 0, configuration 0); 0 snapshots",
        "  nothing is wrong",
    ]


def test_verify_names_the_first_record_that_was_changed(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record, its stream, kind and time; the command ends with 2. (design 8)"""
    import sqlite3

    connection = sqlite3.connect(journal / "journal.sqlite")
    connection.execute("UPDATE record SET body = replace(body, '100.5', '100.6') WHERE stream = 'domain'")
    connection.commit()
    connection.close()
    assert "record 2 (domain 1, ORDER_FILLED, 2024-01-01T01:00:00Z) was changed" in _told(
        capsys, "verify", "demo.journal"
    )


def test_show_prints_the_last_records(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Time, place, kind, strategy and symbol come first, then the other fields; the oldest is above."""
    lines = _printed(capsys, "show", "demo.journal", "--last", "2")
    assert lines == [
        "2024-01-02T06:00:00Z  input 30  bar  close=100",
        "2024-01-02T06:00:00Z  domain 30  ORDER_FILLED  reversal  ÄTH/USDT  price=100.5 stop=null",
    ]
    assert len(_printed(capsys, "show", "demo.journal")) == 20
    assert len(_printed(capsys, "show", "demo.journal", "--last", "0")) == 60


@pytest.mark.parametrize(
    ("words", "sequences"),
    [
        (["--strategy", "trend"], range(1, 31, 2)),
        (["--symbol", "ÄTH/USDT"], range(2, 31, 2)),
        (["--stream", "domain", "--from", "2024-01-02", "--to", "2024-01-02T02:00"], [24, 25]),
        (["--kind", "ORDER_FILLED", "--to", "2024-01-01"], range(1, 24)),
        (["--stream", "input", "--correlation", "bar-7"], [7]),
        (["--symbol", "none"], []),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) and part and isinstance(part[0], str) else "",
)
def test_show_chooses(
    journal: Path, capsys: pytest.CaptureFixture[str], words: list[str], sequences: list[int]
) -> None:
    """Each option leaves what it names; together they leave what fits all."""
    lines = _printed(capsys, "show", "demo.journal", *words, "--last", "0", "--json")
    assert [json.loads(line)["sequence"] for line in lines] == list(sequences)


def test_show_as_json_holds_everything(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, for jq and programs."""
    line = json.loads(_printed(capsys, "show", "demo.journal", "--last", "1", "--json")[0])
    assert line["body"] == {
        "sequence": 30, "kind": "ORDER_FILLED", "strategy_id": "reversal", "symbol": "ÄTH/USDT", "price": "100.5",
        "stop": None,
    }  # fmt: skip
    assert {name: line[name] for name in ("position", "stream", "time", "correlation_id")} == {
        "position": 60, "stream": "domain", "time": "2024-01-02T06:00:00Z", "correlation_id": "bar-30",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["records.csv", "records.parquet"])
def test_export_writes_every_record_as_a_row(journal: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """CSV and Parquet hold the same columns; a body is byte for byte what was recorded."""
    Path(name).write_text("what was there before", encoding="utf-8")
    assert _printed(capsys, "export", "demo.journal", name) == [f"  {name}: 60 records"]
    table = pl.read_csv(name, try_parse_dates=True) if name.endswith("csv") else pl.read_parquet(name)
    assert table["position"].to_list() == list(range(1, 61))
    last = table.row(-1, named=True)
    assert (last["stream"], last["kind"], last["strategy_id"], last["symbol"]) == (
        "domain", "ORDER_FILLED", "reversal", "ÄTH/USDT",
    )  # fmt: skip
    assert last["time"].replace(tzinfo=UTC) == datetime(2024, 1, 2, 6, tzinfo=UTC)
    assert json.loads(last["body"])["price"] == "100.5"
    assert len(last["hash"]) == 64
    assert list(Path().glob("*.unfinished")) == []


def test_export_of_a_part(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The options of show choose rows here as well; no rows are a table without rows."""
    _printed(capsys, "export", "demo.journal", "part.parquet", "--strategy", "trend")
    assert pl.read_parquet("part.parquet").height == 15
    _printed(capsys, "export", "demo.journal", "none.parquet", "--strategy", "nobody")
    assert pl.read_parquet("none.parquet").shape == (0, 10)


def _with_snapshot(inputs: int) -> None:
    opened = open_journal("demo.journal")
    opened.save_snapshot(Snapshot(schema=1, input_sequence=inputs, domain_sequence=inputs, body=b"state"))
    opened.close()


def test_archive_moves_what_a_start_does_not_need(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What lies before the newest snapshot goes into files; everything is still read, verified, shown and appended to."""
    before = _printed(capsys, "show", "demo.journal", "--last", "0", "--json")
    assert "nothing to archive" in _printed(capsys, "archive", "demo.journal")[0]
    _with_snapshot(10)
    file = "demo.journal/archive/000000000001-000000000020.parquet"
    assert _printed(capsys, "archive", "demo.journal") == [f"  {file}: records 1 to 20"]
    assert "nothing to archive" in _printed(capsys, "archive", "demo.journal")[0]
    assert _printed(capsys, "show", "demo.journal", "--last", "0", "--json") == before
    assert "60 records" in _printed(capsys, "verify", "demo.journal")[0]
    _with_snapshot(30)
    cold = Path("cold") / "000000000021-000000000060.parquet"
    assert _printed(capsys, "archive", "demo.journal", "--to", "cold") == [f"  {cold}: records 21 to 60"]
    opened = open_journal("demo.journal")
    assert opened.last(Stream.INPUT) == 30
    assert [each.sequence for each in opened.read(Stream.INPUT, after=8)] == list(range(9, 31))
    opened.append([_record(Stream.INPUT, 31)]).result(10)
    assert [each.sequence for each in opened.read(after=58)] == [30, 30, 31]
    opened.close()
    assert "61 records" in _printed(capsys, "verify", "demo.journal")[0]


def test_an_archive_that_cannot_be_written_moves_nothing(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The records stay where they are until their file is complete."""
    _with_snapshot(10)
    Path("cold").write_text("a file", encoding="utf-8")
    told = _told(capsys, "archive", "demo.journal", "--to", "cold")
    assert "the archive cannot be written: File exists" in told
    assert f"{Path('cold') / '000000000001-000000000020.parquet'}" in told
    assert "60 records" in _printed(capsys, "verify", "demo.journal")[0]
    assert "records 1 to 20" in _printed(capsys, "archive", "demo.journal")[0]


@pytest.mark.parametrize(
    ("body", "shown"),
    [(b"[1, 2]", "body=[1, 2]"), (b"not \xff json", "body=not \\xff json"), (b"", "body=")],
    ids=["a list", "no JSON", "nothing"],
)
def test_show_and_export_take_any_body(
    journal: Path, capsys: pytest.CaptureFixture[str], body: bytes, shown: str
) -> None:
    """What cannot be read as an object is shown as it is; no record hides."""
    opened = open_journal("demo.journal")
    record = JournalRecord(stream=Stream.OPERATIONAL, sequence=1, time=BEGIN, kind="odd", body=body)
    opened.append([record]).result(10)
    opened.close()
    assert _printed(capsys, "show", "demo.journal", "--last", "1") == [
        f"2024-01-01T00:00:00Z  operational 1  odd  {shown}".rstrip()
    ]
    _printed(capsys, "export", "demo.journal", "odd.csv", "--stream", "operational")
    assert pl.read_csv("odd.csv").height == 1


def test_an_archive_that_is_gone_or_changed_is_told(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A start does not need it; who reads so far back is told which file is missing or wrong."""
    _with_snapshot(10)
    _printed(capsys, "archive", "demo.journal")
    file = journal / "archive" / "000000000001-000000000020.parquet"
    content = pl.read_parquet(file)
    content.with_columns(time=pl.col("time") + 1).write_parquet(file)
    assert "record 1 (input 1, bar" in _told(capsys, "verify", "demo.journal")
    file.write_bytes(b"PAR1")
    assert f"{file}: an archive of the journal cannot be read" in _told(capsys, "verify", "demo.journal")
    file.unlink()
    assert f"{file}: an archive of the journal is gone" in _told(capsys, "verify", "demo.journal")
    assert f"{file}: an archive of the journal is gone" in _told(capsys, "show", "demo.journal", "--last", "0")
    open_journal("demo.journal").close()


def test_a_changed_journal_is_not_archived(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong stays where it can be looked at."""
    import sqlite3

    _with_snapshot(10)
    connection = sqlite3.connect(journal / "journal.sqlite")
    connection.execute("UPDATE record SET time = 0 WHERE position = 3")
    connection.commit()
    connection.close()
    assert "record 3 (input 2" in _told(capsys, "archive", "demo.journal")
    assert not (journal / "archive").exists()


def test_an_archive_waits_for_no_other_process(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While a run writes the journal nothing is moved."""
    opened = open_journal("demo.journal")
    assert "the journal is in use by process" in _told(capsys, "archive", "demo.journal")
    opened.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["verify", "nowhere"], "nowhere: there is no journal here"),
        (["archive", "nowhere"], "nowhere: there is no journal here"),
        (["show", "demo.journal", "--stream", "domian"], "did you mean 'domain'?"),
        (["show", "demo.journal", "--last", "-1"], "--last: '-1' is not a whole number"),
        (["show", "demo.journal", "--from", "soon"], "--from: 'soon' is not a time"),
        (["export", "demo.journal", "records.txt"], "records.txt: 'records.txt' ends with neither .csv nor .parquet"),
        (["export", "demo.journal", "demo.journal/journal.head/records.csv"], "cannot be written: Not a directory"),
        (["export", "demo.journal", "no/records.csv"], "no/records.csv: cannot be written: No such file or directory"),
    ],
)
def test_wrong_words_are_told(journal: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    """Each with where, what was expected and what to do; nothing is made. (D-06)"""
    before = sorted(path.name for path in Path().iterdir())
    assert told in _told(capsys, *words)
    assert sorted(path.name for path in Path().iterdir()) == before


def test_the_output_may_be_read_in_part(journal: Path) -> None:
    """``podium journal show … | head -1`` ends quietly."""
    command = f"{sys.executable} -m podium journal show demo.journal --last 0 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
