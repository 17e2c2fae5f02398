"""``podium run`` and ``podium parity``: on paper, from a journal, and equal to the backtest."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from podium.cli.main import run
from podium.journal.journal import open_journal, read_journal
from podium.journal.records import Stream

PORTFOLIO = """\
portfolio: {name: demo, capital: 100_000}
data: {source: sample}
symbols:
  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}
  ETH/USDT:
strategies:
  - {id: trend, file: trend.yaml, weight: 0.5}
"""
TREND = """\
params: {fast: 5, slow: 20}
entry: {long: "crosses_above(ema(close, fast), ema(close, slow))"}
exit: {long: "crosses_below(ema(close, fast), ema(close, slow))"}
stop: 3%
"""
UNTIL = ["--to", "2022-01-10"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO, encoding="utf-8")
    (tmp_path / "trend.yaml").write_text(TREND, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def events(place: str | Path) -> list[bytes]:
    journal = read_journal(place)
    try:
        return [record.body for record in journal.read(Stream.DOMAIN)]
    finally:
        journal.close()


def test_it_runs_to_the_end_of_its_bars_and_goes_on_when_there_are_more(folder, capsys):
    """Beside the file is the journal; what it knows is not done again (C-05, D-02)."""
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0
    printed = capsys.readouterr()
    assert "stopped" in printed.out
    assert "portfolio" in printed.out
    first = events(folder / "live" / "demo.journal")
    assert run(["run", "portfolio.yaml", "--to", "2022-01-20"]) == 0
    printed = capsys.readouterr()
    assert "goes on   behind 2022-01-11T00:00:00Z" in printed.err
    assert "0 inputs taken again" in printed.err
    both = events(folder / "live" / "demo.journal")
    assert both[: len(first)] == first
    assert run(["run", "portfolio.yaml", "--to", "2022-01-20", "--journal", "whole"]) == 0
    assert events("whole") == both
    assert len(both) > len(first) > 0


def test_parity_counts_what_it_compared(folder, capsys):
    """0 differences, and exit 0 (D-01)."""
    assert run(["parity", "portfolio.yaml", *UNTIL]) == 0
    told = capsys.readouterr().out
    assert told.endswith(" points of equity compared, 0 differences\n")


def test_parity_takes_a_recorded_run_again(folder, capsys):
    """Its inputs in the order in which they were released; with another strategy the first difference is shown (D-01)."""
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0
    capsys.readouterr()
    assert run(["parity", "portfolio.yaml", "--journal", "live/demo.journal"]) == 0
    assert capsys.readouterr().out == f"{len(events('live/demo.journal'))} events compared, 0 differences\n"
    (folder / "trend.yaml").write_text(TREND.replace("fast: 5", "fast: 6"), encoding="utf-8")
    assert run(["parity", "portfolio.yaml", "--journal", "live/demo.journal"]) == 1
    told = capsys.readouterr().out
    assert "first difference: event 1\n  again: {" in told
    assert "\n  recorded: {" in told


def test_a_file_that_has_changed_is_shown_and_needs_a_word(folder, capsys):
    """What is around the engine goes on once it is accepted; the journal remembers (D-02)."""
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0
    with (folder / "portfolio.yaml").open("a", encoding="utf-8") as file:
        file.write("orchestrator: {status_log_interval: 3}\n")
    assert run(["run", "portfolio.yaml", *UNTIL]) == 2
    assert capsys.readouterr().err.endswith("""\
portfolio.yaml: the file has changed since this run was started last:
    orchestrator.status_log_interval: nothing → 3
  expected: the same file, or --accept
  hint: look at the differences and start again with --accept
""")
    assert run(["run", "portfolio.yaml", "--accept", *UNTIL]) == 0
    assert "accepted  orchestrator.status_log_interval: nothing → 3" in capsys.readouterr().err
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0


def test_another_strategy_is_another_run(folder, capsys):
    """The journal could not be taken again with it; it is left as it was (D-02)."""
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0
    before = events("live/demo.journal")
    (folder / "trend.yaml").write_text(TREND.replace("fast: 5", "fast: 6"), encoding="utf-8")
    assert run(["run", "portfolio.yaml", "--accept", "--to", "2022-01-20"]) == 2
    told = capsys.readouterr().err
    assert "the files are no longer those of this run:\n    file trend.yaml: " in told
    assert "hint: put them back, or begin a new run with another --journal" in told
    assert events("live/demo.journal") == before


def test_a_second_process_is_refused(folder, capsys):
    """With the number of the first one, and nothing is lost (C-12)."""
    journal = open_journal(Path("live/demo.journal"))
    try:
        assert run(["run", "portfolio.yaml", *UNTIL]) == 2
    finally:
        journal.close()
    assert str(os.getpid()) in capsys.readouterr().err
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0


def test_a_journal_that_cannot_be_written_is_told_before_anything_runs(folder, capsys):
    """A file stands where its folder should be."""
    (folder / "live").write_text("", encoding="utf-8")
    assert run(["run", "portfolio.yaml", *UNTIL]) == 2
    told = capsys.readouterr().err
    assert "live" in told
    assert "expected:" in told


def test_a_bus_that_is_required_must_be_there(folder, capsys):
    """Else nothing runs; one that is not required is waited for while it runs (C-13)."""
    with (folder / "portfolio.yaml").open("a", encoding="utf-8") as file:
        file.write("event_bus: {url: 'redis://127.0.0.1:1/0', required: true}\n")
    assert run(["run", "portfolio.yaml", *UNTIL]) == 2
    assert "portfolio.yaml:8:12: " in capsys.readouterr().err
    text = (folder / "portfolio.yaml").read_text(encoding="utf-8")
    (folder / "portfolio.yaml").write_text(text.replace("required: true", "required: false"), encoding="utf-8")
    assert run(["run", "portfolio.yaml", "--journal", "other", *UNTIL]) == 0


@pytest.mark.parametrize("speed", ["0", "-1", "nan"])
def test_a_speed_is_above_nothing(folder, capsys, speed):
    """The message says so."""
    assert run(["run", "portfolio.yaml", f"--speed={speed}", *UNTIL]) == 2
    assert "expected: a number above 0" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_at_its_place(folder, capsys):
    """Before anything is traded; the next start finds everything as it was. (C-77, D-06)"""
    with socket.create_server(("127.0.0.1", 0)) as taken, (folder / "portfolio.yaml").open("a") as file:
        port = taken.getsockname()[1]
        file.write(f"orchestrator: {{http_port: {port}}}\n")
        file.flush()
        assert run(["run", "portfolio.yaml", *UNTIL]) == 2
    told = capsys.readouterr().err
    assert f"portfolio.yaml:8:16: port {port} of 127.0.0.1 is in use by another process\n" in told
    assert events("live/demo.journal") == []
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0


def test_on_a_terminal_the_picture_is_drawn(folder, monkeypatch):
    """Beside the result, which is for the standard output; --no-progress leaves it out. (C-77)"""
    shown = Console(file=io.StringIO(), force_terminal=True, width=120, height=40)
    monkeypatch.setattr("podium.report.terminal.terminal_console", lambda **_: shown)
    assert run(["run", "portfolio.yaml", *UNTIL]) == 0
    assert "2 of 2 symbols" not in shown.file.getvalue().rsplit("stopped", 1)[1]
    assert "last events" in shown.file.getvalue()
    written = len(shown.file.getvalue())
    assert run(["run", "portfolio.yaml", "--no-progress", "--to", "2022-01-20"]) == 0
    assert "last events" not in shown.file.getvalue()[written:]


def test_a_synthetic_exchange_closes_its_bars_by_the_clock(folder):
    """Killed and started again it fills the hole, refuses stale entries and goes on; taken again it is the same (C-30)."""
    text = PORTFOLIO.replace("{source: sample}", "{source: sample, timeframe: 1s}")
    (folder / "portfolio.yaml").write_text(text + "orchestrator: {history_bars: 60}\n", encoding="utf-8")
    every_bar = "entry:\n  long: close > ema(close, 3)\n  short: close <= ema(close, 3)\nmax_bars: 1\n"
    (folder / "trend.yaml").write_text(every_bar, encoding="utf-8")
    command = [sys.executable, "-m", "podium", "run", "portfolio.yaml", "--feed", "synthetic", "--no-progress"]
    place = folder / "live" / "demo.journal"
    for ending in (signal.SIGKILL, signal.SIGINT):
        wanted = inputs(place) + 4
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while inputs(place) < wanted and process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        process.send_signal(ending)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == (0 if ending == signal.SIGINT else -signal.SIGKILL), errors
    assert run(["journal", "verify", str(place)]) == 0
    assert run(["parity", "portfolio.yaml", "--journal", str(place)]) == 0
    closes = [time for time, *_ in (row for step in recorded_steps(place) for row in step.values())]
    assert sorted(set(closes)) == list(range(min(closes), max(closes) + 1, 1_000_000_000))


def test_options_of_stored_bars_mean_nothing_to_a_synthetic_exchange(folder, capsys):
    """Each is refused."""
    assert run(["run", "portfolio.yaml", "--feed", "synthetic", "--speed", "2", "--to", "2022-01-10"]) == 2
    told = capsys.readouterr().err
    assert "--speed: --speed is about bars that are played again" in told
    assert "--to: --to is about bars that are played again" in told


def recorded_steps(place):
    journal = read_journal(place)
    try:
        records = list(journal.read(Stream.INPUT))
    finally:
        journal.close()
    return [json.loads(record.body)["bars"] for record in records if record.kind == "STEP"]


def inputs(place):
    return len(recorded_steps(place)) if (place / "journal.sqlite").exists() else 0


def test_rates_that_begin_behind_the_bars_are_refused_before_the_first_step(folder, capsys):
    """As a backtest refuses them, with the line that names them (D-06)."""
    stated = PORTFOLIO.replace("capital:", "currency: EUR, capital:").replace(
        "strategies:", "conversion: {USDT: r.csv}\nstrategies:"
    )
    (folder / "portfolio.yaml").write_text(stated, encoding="utf-8")
    (folder / "r.csv").write_text("time,rate\n2022-01-05,0.9\n", encoding="utf-8")
    assert run(["run", "portfolio.yaml", *UNTIL]) == 2
    printed = capsys.readouterr().err
    assert "portfolio.yaml:6:14: the rate of USDT begins at 2022-01-05T00:00:00Z, after the first bar of" in printed
    assert events(folder / "live" / "demo.journal") == []
