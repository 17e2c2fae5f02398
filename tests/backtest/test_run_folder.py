"""What a run leaves behind: whole or not at all, and the same bytes when it is done again."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portfolios import PROOF, frame_of, walk

from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.backtest.portfolio_run import run_portfolio
from podium.backtest.reproduction import reproduce_run
from podium.backtest.run_folder import REPRODUCED_FILES, write_failed_run, write_reproduced, write_run
from podium.cli.main import run
from podium.core.errors import ConfigurationError, RunError
from podium.portfolio.file import load_portfolio

PORTFOLIO = """\
portfolio: {name: kept, capital: 100_000}
data: {source: parquet, path: bars, timeframe: 1h}
symbols:
  X: {tick: 0.01, lot: 0.001, taker_fee: 0.1%}
  Y: {tick: 0.01, lot: 0.001, taker_fee: 0.1%}
strategies:
  - {id: trend, file: trend.yaml, weight: 0.5}
  - {id: coded, class: coded.py:Coded, weight: 0.3}
"""
TREND = """\
params: {fast: 5, slow: 20}
entry: {long: "crosses_above(ema(close, fast), ema(close, slow))"}
exit: {long: "crosses_below(ema(close, fast), ema(close, slow))"}
"""
CODED = """\
from lengths import LENGTH
from podium import Strategy
from podium.rules import close, zscore


class Coded(Strategy):
    z = zscore(close, LENGTH)

    def on_bar(self, bar):
        if self.position.is_flat and self.z[0] < -1:
            self.buy(fraction=0.5)
        elif self.position.is_long and self.z[0] > 0:
            self.close()
"""
LENGTHS = "LENGTH = 12\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (
        ("portfolio.yaml", PORTFOLIO),
        ("trend.yaml", TREND),
        ("coded.py", CODED),
        ("lengths.py", LENGTHS),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bars").mkdir()
    for symbol in ("X", "Y"):
        frame_of(walk(symbol, 300, 8)).write_parquet(tmp_path / "bars" / f"{symbol}_1h.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder: Path) -> Path:
    portfolio = load_portfolio(Path("portfolio.yaml"))
    bars = read_portfolio_bars(portfolio)
    return write_run(run_portfolio(portfolio, bars), portfolio, bars, folder / "runs")


def test_the_same_run_leaves_the_same_bytes_and_one_folder(folder: Path) -> None:
    """Equal inputs give one run id; the second takes the place of the first. (D-09)"""
    first = made(folder)
    before = {name: (first / name).read_bytes() for name in REPRODUCED_FILES}
    assert made(folder) == first
    assert {name: (first / name).read_bytes() for name in REPRODUCED_FILES} == before
    assert [path.name for path in (folder / "runs").iterdir()] == [first.name]
    assert reproduce_run(first) == []


def test_a_module_beside_a_strategy_is_part_of_the_run(folder: Path) -> None:
    """A run has another name when code that a strategy imports from its own folder was changed. (D-09, A-25)"""
    first = made(folder)
    (folder / "lengths.py").write_text("LENGTH = 13\n", encoding="utf-8")
    assert made(folder) != first
    (folder / "lengths.py").unlink()
    with pytest.raises(ConfigurationError, match=r"(?s)lengths\.py: changed since the run.*No module named 'lengths'"):
        reproduce_run(first)


def test_the_files_hold_the_run(folder: Path) -> None:
    """Events without a gap, trades and equity that agree with the result, and a manifest that says what ran. (D-09, B-12)"""
    run_made = made(folder)
    events = [json.loads(line) for line in (run_made / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    result = json.loads((run_made / "result.json").read_text(encoding="utf-8"))
    trades, equity = (pl.read_parquet(run_made / name) for name in ("trades.parquet", "equity.parquet"))
    assert len(trades) == sum(len(part["trades"]) for part in result["strategies"].values())
    assert str(equity["portfolio"][-1]) == result["final_equity"]
    manifest = json.loads((run_made / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["origin"] == {"X": "2024-01-01T01:00:00Z", "Y": "2024-01-01T01:00:00Z"}
    assert {"python", "podium", "numpy", "numba", "TA-Lib"} <= set(manifest["versions"])
    assert sorted(Path(name).name for name in manifest["files"]) == [
        "coded.py",
        "lengths.py",
        "portfolio.yaml",
        "trend.yaml",
    ]
    assert manifest["run_id"] == run_made.name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda: Path("trend.yaml").write_text(TREND.replace("fast: 5", "fast: 6")),
            "trend.yaml: changed since the run",
        ),
        (lambda: Path("coded.py").write_text(CODED.replace("< -1", "< -1.1")), "coded.py: changed since the run"),
        (lambda: Path("lengths.py").write_text("LENGTH = 9\n"), "lengths.py: changed since the run"),
        (
            lambda: frame_of(walk("Y", 300, 9)).write_parquet("bars/Y_1h.parquet"),
            "the bars: changed since the run",
        ),
    ],
)
def test_what_changed_since_the_run_is_told(folder: Path, change, told: str) -> None:
    """Files and bars that are not those of the run are named, and the results that differ. (D-09)"""
    run_made = made(folder)
    change()
    differences = reproduce_run(run_made)
    assert any(line.endswith(told) for line in differences)
    assert any("events.jsonl: differs in its line" in line for line in differences)
    assert any("equity.parquet: differs in its byte" in line or "length" in line for line in differences)


@settings(max_examples=60 if PROOF else 8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(REPRODUCED_FILES), place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_any_changed_byte_of_a_result_is_found(folder: Path, name: str, place: int, change: int) -> None:
    """One byte differs, and the file is named. (D-09)"""
    run_made = made(folder)
    content = bytearray((run_made / name).read_bytes())
    content[place % len(content)] ^= change
    (run_made / name).write_bytes(content)
    (line,) = reproduce_run(run_made)
    assert f"{name}: differs in its" in line


def test_a_missing_file_of_a_result_is_found(folder: Path) -> None:
    """It counts as a difference. (D-09)"""
    run_made = made(folder)
    (run_made / "result.json").unlink()
    assert reproduce_run(run_made) == [f"{run_made / 'result.json'}: differs in its being missing"]


def test_a_run_is_found_again_after_its_project_was_moved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portfolio file is looked for around the run when it is not where it was, named in whole or in part. (D-09)"""
    run_made = made(folder)
    manifest = json.loads((run_made / "manifest.json").read_text(encoding="utf-8"))
    monkeypatch.chdir("/")
    for prefix in ("", f"{folder}/"):
        manifest["portfolio_file"] = f"{prefix}portfolio.yaml"
        manifest["files"] = {f"{prefix}{Path(file).name}": known for file, known in manifest["files"].items()}
        (run_made / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        moved = folder.rename(folder.with_name("moved"))
        assert reproduce_run(moved / "runs" / run_made.name) == []
        (moved / "trend.yaml").write_text(TREND.replace("fast: 5", "fast: 6"), encoding="utf-8")
        assert reproduce_run(moved / "runs" / run_made.name)[0] == "trend.yaml: changed since the run"
        (moved / "trend.yaml").write_text(TREND, encoding="utf-8")
        moved.rename(folder)


def test_a_run_whose_portfolio_file_is_gone_says_where_it_was_looked_for(folder: Path) -> None:
    """The working folder of the run is part of it. (D-09, D-06)"""
    run_made = made(folder)
    (folder / "portfolio.yaml").rename(folder / "other.yaml")
    with pytest.raises(ConfigurationError) as caught:
        reproduce_run(run_made)
    assert str(caught.value) == (
        f"{run_made}/manifest.json: the run's portfolio file {folder}/portfolio.yaml is not there any more\n"
        f"  expected: it there, or portfolio.yaml in a folder around {run_made}\n"
        "  hint: put the run beside its portfolio file, or run the portfolio file again from where it is now"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (b"{", ":1:2", "this is not JSON: Expecting property name enclosed in double quotes"),
        (b'{"run_id":\n "a",,}', ":2:6", "this is not JSON: Expecting property name enclosed in double quotes"),
        (b"", ":1:1", "this is not JSON: Expecting value"),
        (b'{"a": "\xff"}', "", "byte 7 is not UTF-8"),
        (b"[" * 100_000, "", "the manifest cannot be read: maximum recursion depth exceeded"),
        (b"[]", "", "the manifest: input should be"),
        (b"{}", "", "is_complete: field required"),
    ],
)
def test_a_damaged_manifest_is_told_with_its_place(folder: Path, text: bytes, place: str, message: str) -> None:
    """Whatever stands in it, the message says where and what to do. (D-09, D-06)"""
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(ConfigurationError) as caught:
        reproduce_run(folder)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith(f"{folder}/manifest.json{place}: {message}")
    assert rest == [
        "  expected: the manifest as podium backtest wrote it",
        "  hint: run the portfolio file again: the same input makes the same run folder",
    ]


@pytest.mark.parametrize(
    ("key", "value"), [("files", ["a"]), ("invocation", 3), ("working_folder", None), ("data_sha256", 7)]
)
def test_a_manifest_with_a_wrong_value_is_told(folder: Path, key: str, value: object) -> None:
    """The value that cannot be used is named. (D-09, D-06)"""
    run_made = made(folder)
    manifest = json.loads((run_made / "manifest.json").read_text(encoding="utf-8"))
    (run_made / "manifest.json").write_text(json.dumps({**manifest, key: value}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"manifest.json: {key}: input should be a valid"):
        reproduce_run(run_made)


def test_writers_of_one_run_at_the_same_instant_leave_one_folder(folder: Path) -> None:
    """Processes that write the same run do not disturb each other: one of the equal folders stays, nothing else. (D-07)"""
    portfolio = load_portfolio(Path("portfolio.yaml"))
    bars = read_portfolio_bars(portfolio)
    result = run_portfolio(portfolio, bars)

    def write(_: int) -> Path:
        return write_failed_run(result, RunError("failed"), portfolio=portfolio, bars=bars, out=folder / "runs")

    with ThreadPoolExecutor(4) as pool:
        (made_folder,) = set(pool.map(write, range(120)))
    assert list((folder / "runs").iterdir()) == [made_folder]
    assert sorted(path.name for path in made_folder.iterdir()) == ["log.jsonl", "manifest.json"]


def test_a_run_that_cannot_be_written_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk or an error on the way: the old run stays as it was, and nothing half-written stands beside it. (D-07)"""
    run_made = made(folder)
    before = {path.name: path.read_bytes() for path in run_made.iterdir()}

    def fails(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    for broken, expected in ((fails, RunError), (lambda *_: 1 / 0, ZeroDivisionError)):
        monkeypatch.setattr("podium.backtest.frames.trades_frame", broken)
        with pytest.raises(expected):
            made(folder)
    assert [path.name for path in (folder / "runs").iterdir()] == [run_made.name]
    assert {path.name: path.read_bytes() for path in run_made.iterdir()} == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("name", REPRODUCED_FILES)
def test_a_full_disk_is_an_error_of_the_system_for_every_file(folder: Path, name: str) -> None:
    """Whichever library writes a file, what it says is known to be about the disk. (D-07)"""
    portfolio = load_portfolio(Path("portfolio.yaml"))
    result = run_portfolio(portfolio, read_portfolio_bars(portfolio))
    (folder / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        write_reproduced(result, folder)


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    """Where runs should go stands a file. (D-06)"""
    (folder / "runs").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match=r"runs cannot be written: .*\n  expected: a folder"):
        made(folder)


def test_a_failed_run_keeps_the_log_beside_a_completed_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure never takes the place of a run that was completed; it can be told from one. (B-60, D-07)"""
    code = CODED.replace("self.close()", "self.close() if 'FAILS' not in os.environ else 1 / 0")
    (folder / "coded.py").write_text(f"import os\n{code}", encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 0
    (completed,) = (folder / "runs").iterdir()
    monkeypatch.setenv("FAILS", "1")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 1
    capsys.readouterr()
    assert sorted(path.name for path in (folder / "runs").iterdir()) == [completed.name, f"{completed.name}-failed"]
    assert run(["reproduce", f"runs/{completed.name}-failed"]) == 2
    assert "the run failed, so it cannot be done again the same" in capsys.readouterr().err
