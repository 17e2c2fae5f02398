"""``podium report``: recorded runs side by side, from their folders alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from podium.cli.main import run

PORTFOLIO = """\
portfolio: {name: demo, capital: 100_000}
data: {source: sample, to: 2022-01-31}
symbols:
  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}
strategies:
  - {id: trend, file: trend.yaml, weight: 0.5}
"""
TREND = """\
params: {fast: 5, slow: 20}
entry: {long: "crosses_above(ema(close, fast), ema(close, slow))"}
exit: {long: "crosses_below(ema(close, fast), ema(close, slow))"}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give two runs that differ in one parameter and in their period."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "portfolio.yaml").write_text(PORTFOLIO, encoding="utf-8")
    (folder / "trend.yaml").write_text(TREND, encoding="utf-8")
    file, out = str(folder / "portfolio.yaml"), ["--no-progress", "--out"]
    assert run(["backtest", file, *out, str(folder / "a")]) == 0
    later = ["--set", "strategies.trend.params.fast=7", "--from", "2022-01-10", "--to", "2022-01-20"]
    assert run(["backtest", file, *later, *out, str(folder / "b")]) == 0
    return [next((folder / name).iterdir()) for name in ("a", "b")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return tmp_path


def _copy(source: Path, here: Path) -> Path:
    return Path(shutil.copytree(source, here / source.name))


def test_runs_stand_side_by_side(made: list[Path], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One page with the figures of both, what was set differently, and a warning of what cannot be compared. (B-51)"""
    assert run(["report", *map(str, made)]) == 0
    assert capsys.readouterr().out.split() == ["report", "comparison.html"]
    page = (here / "comparison.html").read_text(encoding="utf-8")
    assert "2 runs side by side" in page
    for folder in made:
        figures = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        assert f"{float(figures['final_equity']):,.2f} USDT" in page
        assert str(folder) in page
    assert "strategies.trend.params.fast" in page
    # Days as they were named, not the midnight after the last one.
    assert ">2022-01-10<" in page
    assert ">2022-01-20<" in page
    assert "2022-01-21" not in page
    assert "The runs cover different days" in page
    assert "portfolio.capital" not in page


def test_one_run_alone_is_shown_too(made: list[Path], here: Path) -> None:
    """With one run the page shows its whole configuration; ``--out`` says where it goes. (B-51)"""
    assert run(["report", str(made[0]), "--out", "one.html"]) == 0
    page = (here / "one.html").read_text(encoding="utf-8")
    assert "One run" in page
    assert "portfolio.capital" in page
    assert [path.name for path in here.iterdir()] == ["one.html"]


def test_only_the_folder_is_read(made: list[Path], here: Path) -> None:
    """The portfolio file, the strategy files and the bars may be gone. (D-09)"""
    moved = _copy(made[0], here)
    for name in ("events.jsonl", "log.jsonl", "report.html", "trades.parquet"):
        (moved / name).unlink()
    assert run(["report", moved.name]) == 0


def test_the_same_runs_make_the_same_page(made: list[Path], here: Path) -> None:
    """Nothing of chance and nothing of now is in the page. (D-09)"""
    assert run(["report", *map(str, made)]) == 0
    first = (here / "comparison.html").read_bytes()
    assert run(["report", *map(str, made)]) == 0
    assert (here / "comparison.html").read_bytes() == first


def test_every_folder_that_is_no_run_is_told(made: list[Path], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them at once, with a hint where the name is near; nothing is written. (D-06)"""
    (here / "empty").mkdir()
    assert run(["report", str(made[0]), "empty", "emty"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("there is no run here") == 2
    assert "emty: there is no run here" in printed.err
    assert "did you mean 'empty'?" in printed.err
    assert [path.name for path in here.iterdir()] == ["empty"]


def test_a_failed_run_has_no_result(made: list[Path], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder has a manifest and a log only. (D-06)"""
    failed = _copy(made[0], here)
    (failed / "result.json").unlink()
    assert run(["report", failed.name]) == 2
    assert "this run failed, so it has no result" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("result.json", "{", "result.json: cannot be read"),
        ("result.json", "[]", "it is no JSON object"),
        ("result.json", '{"name": "demo"}', "'currency' is missing"),
        ("manifest.json", "", "manifest.json: cannot be read"),
        ("equity.parquet", "no parquet", "equity.parquet: cannot be read"),
    ],
)
def test_a_broken_file_is_named(
    made: list[Path], here: Path, capsys: pytest.CaptureFixture[str], *, name: str, content: str, told: str
) -> None:
    """What cannot be read is told with its file, not with a trace. (D-06)"""
    broken = _copy(made[0], here)
    (broken / name).write_text(content, encoding="utf-8")
    assert run(["report", broken.name]) == 2
    printed = capsys.readouterr().err
    assert told in printed
    assert "Traceback" not in printed


def test_equity_that_is_gone_is_named(made: list[Path], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run without its equity cannot be drawn. (D-06)"""
    broken = _copy(made[0], here)
    (broken / "equity.parquet").unlink()
    assert run(["report", broken.name]) == 2
    assert "equity.parquet: cannot be read" in capsys.readouterr().err


def test_out_is_a_file_in_a_folder_that_exists(
    made: list[Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder, or a file in no folder, is refused before anything is read. (D-06)"""
    assert run(["report", str(made[0]), "--out", "."]) == 2
    assert capsys.readouterr().err.startswith("--out: . is a folder")
    assert run(["report", str(made[0]), "--out", "none/page.html"]) == 2
    assert capsys.readouterr().err.startswith("--out: there is no folder none")


def test_an_interrupted_run_is_shown_with_a_warning(made: list[Path], here: Path) -> None:
    """A part of a run is comparable only with care. (D-07)"""
    part = _copy(made[0], here)
    result = json.loads((part / "result.json").read_text(encoding="utf-8"))
    result |= {"is_complete": False, "warnings": ["the run was interrupted at noon"]}
    (part / "result.json").write_text(json.dumps(result), encoding="utf-8")
    assert run(["report", part.name]) == 0
    assert "Run A was interrupted: the run was interrupted at noon" in (here / "comparison.html").read_text("utf-8")
