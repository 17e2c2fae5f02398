"""The command line as a whole: help, streams, exit codes, what it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from podium.cli import check
from podium.cli.main import app, run
from podium.core.errors import LedgerOverflow, Problem


def _podium(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "podium", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """``podium`` alone and ``podium --help`` say what there is. (D-04)"""
    for words in ([], ["--help"]):
        assert run(words) == 0
        printed = capsys.readouterr()
        for command in ("backtest", "check", "data", "schema", "reproduce"):
            assert command in printed.out
        assert printed.err == ""


def test_files_in_the_working_folder_never_take_the_place_of_libraries(tmp_path: Path) -> None:
    """Podium works where a file is called like something that it needs, and beside such a strategy file. (D-06)"""
    for name in ("numpy.py", "talib.py", "typer.py"):
        (tmp_path / name).write_text("raise SystemExit('this is no library')\n", encoding="utf-8")
    (tmp_path / "rises.py").write_text(
        "from podium import Strategy\nfrom podium.rules import close, ema\n"
        "class Rises(Strategy):\n    long_entry = close > ema(close, 3)\n",
        encoding="utf-8",
    )
    (tmp_path / "portfolio.yaml").write_text(
        "portfolio: {name: demo, capital: 1000}\ndata: {source: sample}\nsymbols: [BTC/USDT]\n"
        "strategies:\n  - {id: rises, class: rises.py:Rises}\n",
        encoding="utf-8",
    )
    done = _podium("check", "portfolio.yaml", folder=tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)


def test_every_option_is_long() -> None:
    """There are no one-letter options to remember. (D-04)"""

    def options(command: object) -> list[str]:
        own = [name for each in getattr(command, "params", []) for name in each.opts if name.startswith("-")]
        return own + [name for inner in getattr(command, "commands", {}).values() for name in options(inner)]

    found = options(typer.main.get_command(app))
    assert found
    assert all(name.startswith("--") for name in found)


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """Help comes at once because no library that computes is loaded for it. (D-04)"""
    heavy = {"numpy", "numba", "polars", "talib", "pydantic", "plotly", "ruamel", "rich", "pandas"}
    code = f"import sys; from podium.cli.main import run; run(['--help']); print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_schema_prints_json_and_writes_nothing(tmp_path: Path) -> None:
    """One JSON schema per kind of file, to standard output. (D-04)"""
    for words, title in ((["schema"], "Podium portfolio file"), (["schema", "--strategy"], "Podium strategy file")):
        done = _podium(*words, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["title"] == title
    assert list(tmp_path.iterdir()) == []


def test_errors_are_plain_text_where_nobody_looks(tmp_path: Path) -> None:
    """Errors go to the error stream, without colours when it is no terminal; the code is 2. (D-06)"""
    done = _podium("check", "none.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "none.yaml: there is no such file\n  expected: a YAML file\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("words", "is_error_read"),
    [(["schema"], True), (["--help"], True), (["data", "sample", "sample"], True), (["check", "none.yaml"], False)],
    ids=["schema", "help", "sample", "problems"],
)
def test_a_reader_that_leaves_early_is_told_by_the_code_alone(
    words: list[str], is_error_read: bool, unbuffered: str, tmp_path: Path
) -> None:
    """``podium schema | head -1`` ends quietly, as programs do whose reader has gone. (D-06)"""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "podium", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=writer,
            stderr=subprocess.PIPE if is_error_read else writer,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.returncode == 141
    assert not done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_stream_closed_from_the_start_is_no_error(closed: str, tmp_path: Path) -> None:
    """What nobody wants to see is not printed. (D-06)"""
    done = subprocess.run(
        f"{sys.executable} -m podium schema {closed}", shell=True, cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (LedgerOverflow(strategy_id="trend", symbol="BTC/USDT", time="2024-01-01T00:00:00Z"), 1, "the position of 'trend'"),
    ],
    ids=["interrupted", "the run failed"],
)  # fmt: skip
def test_exit_codes_tell_what_happened(
    raised: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 done, 1 the run failed, 2 the input is wrong, 130 interrupted. (D-07)"""

    def stop() -> None:
        raise raised

    app.command("stop-now", hidden=True)(stop)
    try:
        assert run(["stop-now"]) == code
    finally:
        app.registered_commands.pop()
    assert capsys.readouterr().err.startswith(said)
    assert check.__all__ == ["check"]


def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``NO_COLOR`` is honoured; on a terminal the place stands out, and the words stay the same. (D-06)"""
    from podium.cli.failures import print_failure
    from podium.core.errors import Location

    problem = Problem(message="wrong", location=Location(file="f.yaml", line=1, column=2), expected="right")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_failure(problem)
    coloured = capsys.readouterr().err
    assert coloured == "\033[1mf.yaml:1:2:\033[0m wrong\n\033[36m  expected:\033[0m right\n"
