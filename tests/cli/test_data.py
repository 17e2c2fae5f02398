"""``podium data``: the sample market and the quality check."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from podium.cli.main import run


def test_sample_writes_files_that_check_finds_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two commands from nothing to bars that were looked over. (D-04)"""
    monkeypatch.chdir(tmp_path)
    assert run(["data", "sample", "bars"]) == 0
    written = capsys.readouterr().out.splitlines()
    assert "bars/BTC-USDT_1h.parquet" in written
    assert sorted(written) == sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "bars").iterdir())
    assert run(["data", "check", "bars", "--timeframe", "1h", "--tick", "0.0001"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("no flaws") == 4
    assert printed.err == ""


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    """The sample market is a function of its seed. (D-09)"""
    for folder, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        assert run(["data", "sample", str(tmp_path / folder), "--seed", seed]) == 0
    name = "ETH-USDT_1h.parquet"
    same, other = ((tmp_path / folder / name).read_bytes() for folder in ("b", "c"))
    assert (tmp_path / "a" / name).read_bytes() == same
    assert other != same


def test_check_names_flaws_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flaw is told with its time; the file stays as it is. (B-45)"""
    rows = [f"2024-01-01T{hour:02}:00:00Z,10,12,9,11,1" for hour in range(24)]
    rows[5] = rows[4]
    text = "\n".join(["time,open,high,low,close,volume", *rows]) + "\n"
    file = tmp_path / "X_1h.csv"
    file.write_text(text, encoding="utf-8")
    assert run(["data", "check", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "duplicate" in printed
    assert "2024-01-01T05:00:00Z" in printed
    assert file.read_text(encoding="utf-8") == text


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file stands where the folder should be: the message says so. (D-06)"""
    (tmp_path / "bars").write_text("", encoding="utf-8")
    assert run(["data", "sample", str(tmp_path / "bars")]) == 2
    assert capsys.readouterr().err == (
        f"{tmp_path}/bars: cannot write here: File exists\n  expected: a folder that can be written to\n"
    )


GOOD = "\n".join(
    ["time,open,high,low,close,volume", *(f"2024-01-01T{hour:02}:00:00Z,10,12,9,11,1" for hour in range(24))]
)

HALF_HOURS = GOOD.replace("T01:00", "T00:30", 1)


def test_one_file_that_holds_no_bars_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is bars is looked over; what is not is named with the reason; the code is 2. (B-45, D-06)"""
    (tmp_path / "A_1h.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "factors.csv").write_text("date,factor\n2024-01-01,0.5\n", encoding="utf-8")
    (tmp_path / "Z_1h.csv").write_text(GOOD, encoding="utf-8")
    assert run(["data", "check", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines() if line[0] != " "] == ["A", "Z"]
    assert printed.err.startswith(
        f"{tmp_path}/factors.csv: there is no column 'open', 'high', 'low', 'close'; there are date, factor\n"
    )


def test_files_of_one_symbol_are_all_looked_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder may hold a symbol in several time frames; one can be picked. (B-45)"""
    (tmp_path / "A_1h.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "A_30m.csv").write_text(HALF_HOURS, encoding="utf-8")
    for options, frames in (([], ["1h", "30m"]), (["--timeframe", "30m"], ["30m"])):
        assert run(["data", "check", str(tmp_path), *options]) == 0
        heads = [line.split() for line in capsys.readouterr().out.splitlines() if line[0] != " "]
        assert [head[1] for head in heads] == frames


def test_a_full_disk_leaves_no_file_behind(tmp_path: Path) -> None:
    """All of the sample market or none of it: files that were there before stay as they were. (D-06)"""
    assert run(["data", "sample", str(tmp_path), "--seed", "5"]) == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    limit = min(path.stat().st_size for path in before if path.suffix == ".parquet") // 2
    done = subprocess.run(
        [sys.executable, "-m", "podium", "data", "sample", str(tmp_path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path}: cannot write here: ")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
