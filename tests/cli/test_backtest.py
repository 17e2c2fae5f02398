"""``podium backtest`` and ``podium reproduce`` from the file to the folder of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from podium.cli.main import run

PORTFOLIO = """\
portfolio: {name: demo, capital: 100_000}
data: {source: sample, to: 2022-01-31}
symbols:
  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}
  ETH/USDT:
simulation: {slippage: 0.02%}
strategies:
  - {id: trend, file: trend.yaml, weight: 0.5}
  - {id: coded, class: coded.py:Coded, weight: 0.3, symbols: [BTC/USDT]}
"""
TREND = """\
params: {fast: 5, slow: 20}
entry: {long: "crosses_above(ema(close, fast), ema(close, slow))"}
exit: {long: "crosses_below(ema(close, fast), ema(close, slow))"}
stop: 3%
"""
CODED = """\
from podium.rules import close, zscore
from podium.strategy.base import Strategy


class Coded(Strategy):
    length = 24
    z = zscore(close, "length")

    def on_bar(self, bar):
        if self.position.is_flat and self.z[0] < -1:
            self.buy(fraction=0.5)
        elif self.position.is_long and self.z[0] > 0:
            self.close()
"""
FILES = ["equity.parquet", "events.jsonl", "log.jsonl", "manifest.json", "report.html", "result.json", "trades.parquet"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("portfolio.yaml", PORTFOLIO), ("trend.yaml", TREND), ("coded.py", CODED)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_prints_the_table_and_leaves_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table goes to standard output, progress to the error stream, files to a run folder. (B-13, B-51, D-04)"""
    assert run(["backtest", "portfolio.yaml"]) == 0
    printed = capsys.readouterr()
    lines = [line.split() for line in printed.out.splitlines() if line.strip()]
    assert [line[0] for line in lines] == ["strategy", "trend", "coded", "unallocated", "portfolio", "report"]
    assert [line[1] for line in lines[1:5]] == ["50,000.00", "30,000.00", "20,000.00", "100,000.00"]
    assert "2 strategies, 2 symbols, 1,488 bars 2022-01-01 … 2022-01-31 UTC" in printed.err
    report = Path(lines[-1][1])
    assert report.name == "report.html"
    assert sorted(path.name for path in report.parent.iterdir()) == FILES


def test_it_prints_what_the_result_is_made_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--attribution`` adds a table by strategy and reason, whose last line is the sum. (D-05)"""
    assert run(["backtest", "portfolio.yaml", "--attribution", "--no-progress"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [line[0] for line in lines[5:]] == ["strategy", "trend", "coded", "portfolio", "report"]
    *parts, whole = ([Decimal(cell.replace(",", "")) for cell in line[1:]] for line in lines[6:9])
    assert all(abs(sum(column) - total) <= Decimal("0.01") for *column, total in zip(*parts, whole, strict=True))
    assert whole[-1] == Decimal(lines[4][2].replace(",", "")) - 100_000


def test_a_run_can_be_reproduced_byte_for_byte(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``reproduce`` says so when every byte is the same, and what differs when a file was changed. (D-09)"""
    settings = ["--set", "strategies.trend.params.fast=7", "--from", "2022-01-10", "--no-progress"]
    assert run(["backtest", "portfolio.yaml", *settings]) == 0
    (made,) = (folder / "runs").iterdir()
    capsys.readouterr()
    assert run(["reproduce", str(made)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"  {made}: every byte is the same\n"
    # What a run prints about its progress where there is no terminal.
    assert printed.err.startswith("  completed ")
    assert run(["reproduce", str(made), "--no-progress"]) == 0
    assert capsys.readouterr().err == ""
    (folder / "trend.yaml").write_text(f"# a comment\n{TREND}", encoding="utf-8")
    assert run(["reproduce", str(made)]) == 1
    assert capsys.readouterr().out == (
        "trend.yaml: changed since the run\n"
        f"  {made}: every byte of the result is the same, although the input changed\n"
    )
    (folder / "trend.yaml").write_text(TREND.replace("stop: 3%", "stop: 1%"), encoding="utf-8")
    assert run(["reproduce", str(made)]) == 1
    assert "trend.yaml: changed since the run" in capsys.readouterr().out


def test_an_interrupted_reproduction_compares_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a run differs from a whole one: after Ctrl-C nothing is said of the bytes, and the code is 130. (D-07, D-09)"""
    stops = "self.close()\n            if Path('stop').exists():\n                raise KeyboardInterrupt"
    code = f"from pathlib import Path\n{CODED}".replace("self.close()", stops)
    (folder / "coded.py").write_text(code, encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 0
    (made,) = (folder / "runs").iterdir()
    capsys.readouterr()
    (folder / "stop").touch()
    assert run(["reproduce", str(made)]) == 130
    assert capsys.readouterr().out == ""


def test_the_environment_belongs_to_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that variables set are part of the manifest, so a run can be reproduced without them. (A-24, D-09)"""
    monkeypatch.setenv("PODIUM__PORTFOLIO__CAPITAL", "50_000")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 0
    (made,) = (folder / "runs").iterdir()
    monkeypatch.delenv("PODIUM__PORTFOLIO__CAPITAL")
    assert "50,000.00" in capsys.readouterr().out
    assert run(["reproduce", str(made)]) == 0


def test_a_strategy_that_needs_more_bars_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who decided nothing for want of bars stands below the table. (D-06)"""
    assert run(["backtest", "portfolio.yaml", "--no-progress", "--from", "2022-01-31T06:00:00Z"]) == 0
    assert capsys.readouterr().err.splitlines()[-1].startswith("strategy 'coded' decided nothing on BTC/USDT: ")


def test_json_is_the_whole_result_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--json`` prints what result.json holds; nothing else goes to either stream. (B-51)"""
    assert run(["backtest", "portfolio.yaml", "--json", "--out", "elsewhere"]) == 0
    printed = capsys.readouterr()
    (made,) = (folder / "elsewhere").iterdir()
    assert json.loads(printed.out) == json.loads((made / "result.json").read_text(encoding="utf-8"))
    assert printed.err == ""


def test_a_strategy_that_raises_fails_the_run_and_leaves_its_log(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names strategy, symbol and bar; the code is 1; a log up to there stays, and no half run. (B-60, D-07)"""
    broken = CODED.replace("self.close()", "1 / 0")
    (folder / "coded.py").write_text(broken, encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 1
    logged, message = capsys.readouterr().err.splitlines()
    assert message.startswith("coded.py:13: strategy 'coded' failed on BTC/USDT at 2022-01-")
    assert message.endswith("ZeroDivisionError: division by zero")
    (made,) = (folder / "runs").iterdir()
    assert logged.split() == ["log", str(made.relative_to(folder) / "log.jsonl")]
    assert made.name.endswith("-failed")
    assert sorted(path.name for path in made.iterdir()) == ["log.jsonl", "manifest.json"]
    lines = [json.loads(line) for line in (made / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["event"] == "backtest_started"
    assert {"strategy_signal", "capital_allocated"} <= {line["event"] for line in lines[1:-1]}
    assert lines[-1]["event"] == "backtest_failed"
    assert lines[-1]["message"] == message
    assert lines[-1]["strategy_id"] == "coded"
    assert all(line["time"] <= lines[-1]["time"] for line in lines)


@pytest.mark.parametrize("code", [0, 3, "'enough'", ""])
def test_a_strategy_that_leaves_the_program_fails_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], code: object
) -> None:
    """``sys.exit`` in a strategy is told like any other failure, whatever it exits with. (B-60, D-06)"""
    (folder / "coded.py").write_text(CODED.replace("self.close()", f"raise SystemExit({code})"), encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 1
    assert "coded.py:13: strategy 'coded' failed on BTC/USDT at 2022-01-" in capsys.readouterr().err


@pytest.mark.parametrize("output", [(), ("--json",)])
def test_a_result_that_cannot_be_written_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str], output: tuple[str, ...]
) -> None:
    """When the disk refuses after the run, what was computed is printed with the error, and the code is 1. (D-06, D-07)"""
    blocked = CODED.replace("on_bar(self, bar):", "on_bar(self, bar):\n        Path('runs').touch()")
    (folder / "coded.py").write_text(f"from pathlib import Path\n{blocked}", encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress", *output]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("runs cannot be written: ")
    if output:
        assert "strategies" in json.loads(printed.out)
    else:
        assert [line.split()[0] for line in printed.out.splitlines() if line.strip()] == [
            "strategy",
            "trend",
            "coded",
            "unallocated",
            "portfolio",
        ]


def test_a_log_that_cannot_be_written_hides_no_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A strategy raised and the disk refuses: both are told. (B-60, D-06)"""
    broken = CODED.replace("self.close()", "Path('runs').touch() or 1 / 0")
    (folder / "coded.py").write_text(f"from pathlib import Path\n{broken}", encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 1
    printed = capsys.readouterr().err
    assert "runs cannot be written" in printed
    assert "ZeroDivisionError: division by zero" in printed


def test_what_a_strategy_prints_is_no_part_of_the_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither while its file is loaded nor at a bar. (B-51)"""
    loud = CODED.replace("self.buy(fraction=0.5)", "print('at a bar'); self.buy(fraction=0.5)")
    (folder / "coded.py").write_text(f"print('loaded')\n{loud}", encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["is_complete"]
    assert "loaded" in printed.err
    assert "at a bar" in printed.err


@pytest.mark.parametrize("ctrl_c", ["signal.default_int_handler", "signal.SIG_IGN"])
def test_a_run_that_the_system_ends_leaves_complete_files(folder: Path, ctrl_c: str) -> None:
    """SIGTERM ends with 143 and leaves what Ctrl-C leaves, also where Ctrl-C is ignored. (D-07)"""
    ended = CODED.replace("self.buy(fraction=0.5)", "signal.raise_signal(signal.SIGTERM)")
    (folder / "coded.py").write_text(f"import signal\n{ended}", encoding="utf-8")
    code = f"import signal, sys; signal.signal(signal.SIGINT, {ctrl_c}); from podium.cli.main import main; main()"
    command = [sys.executable, "-c", code, "backtest", "portfolio.yaml", "--set", "data.to=2024-12-31", "--no-progress"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert "the run was interrupted at 202" in done.stderr
    (made,) = (folder / "runs").iterdir()
    assert made.name.endswith("-interrupted")
    assert sorted(path.name for path in made.iterdir()) == FILES


def test_an_interrupted_run_leaves_complete_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130, and what happened until then is whole on disk. (D-07)"""
    interrupted = CODED.replace("self.buy(fraction=0.5)", "raise KeyboardInterrupt")
    (folder / "coded.py").write_text(interrupted, encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 130
    (made,) = (folder / "runs").iterdir()
    assert sorted(path.name for path in made.iterdir()) == FILES
    assert json.loads((made / "manifest.json").read_text(encoding="utf-8"))["is_complete"] is False
    assert json.loads((made / "result.json").read_text(encoding="utf-8"))["strategies"]
    capsys.readouterr()
    assert run(["reproduce", str(made)]) == 2
    assert "was interrupted" in capsys.readouterr().err


def test_strategies_that_are_one_bet_are_told_on_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file twice: the error stream warns, and the page shows the same warning once. (B-36)"""
    text = PORTFOLIO.replace("- {id: coded, class: coded.py:Coded, weight: 0.3, symbols: [BTC/USDT]}",
                             "- {id: again, file: trend.yaml, weight: 0.5}")  # fmt: skip
    (folder / "portfolio.yaml").write_text(text, encoding="utf-8")
    assert run(["backtest", "portfolio.yaml", "--no-progress"]) == 0
    warning = "'trend' and 'again' move together: the correlation of their daily returns is 1.000 (above 0.8)"
    assert warning in capsys.readouterr().err
    (page,) = folder.glob("runs/*/report.html")
    assert page.read_text(encoding="utf-8").count("move together") == 1
