"""``podium check``: what it says about a file in which nothing is wrong."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from podium.cli.main import run

PORTFOLIO = """\
portfolio: {name: demo, capital: 1000}
data: {source: sample, to: 2022-01-31}
symbols: [BTC/USDT, ETH/USDT]
strategies:
  - {id: trend, file: trend.yaml, params: {n: 5}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO, encoding="utf-8")
    (tmp_path / "trend.yaml").write_text("params: {n: 3}\nentry: {long: 'close > sma(close, n)'}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_tells_what_was_read_and_what_was_overridden(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts, period and every value that took the place of another go to standard output. (A-24, D-04)"""
    assert run(["check", "portfolio.yaml", "--set", "portfolio.capital=2_000"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines() == [
        "  checked   1 strategy, 2 symbols, 1,488 bars 2022-01-01 … 2022-01-31 UTC",
        "  set       strategies.trend.params.n: 3 → 5   (portfolio.yaml:5:47)",
        "  set       portfolio.capital: 1000 → 2000   (--set portfolio.capital=2_000)",
        "  nothing is wrong",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["portfolio.yaml", "trend.yaml"]


def test_the_command_that_shows_warnings_reads_the_bars_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is named to see the warnings works as it stands, whatever else is in the folder. (B-45, D-06)"""
    bars = folder / "my bars"
    bars.mkdir()
    rows = [f"2024-01-01T{hour:02}:00Z,10,12,9,11.{5 if hour == 7 else 0}05,1" for hour in range(24)]
    (bars / "A_1h.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows]), encoding="utf-8")
    (bars / "A_1d.csv").write_text("no bars", encoding="utf-8")
    (folder / "portfolio.yaml").write_text(
        "portfolio: {name: demo, capital: 1000}\n"
        "data: {source: csv, path: my bars, timeframe: 1h, label: close}\n"
        "symbols:\n  A: {tick: 0.01}\n"
        "strategies:\n  - {id: trend, file: trend.yaml}\n",
        encoding="utf-8",
    )
    assert run(["check", "portfolio.yaml"]) == 0
    command = "podium data check 'my bars' --timeframe 1h --label close --tick 0.01"
    assert f"warnings ({command})" in capsys.readouterr().out
    assert run(shlex.split(command)[1:]) == 0
    assert "off_tick               24" in capsys.readouterr().out


def test_the_period_is_cut_by_close_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bar that closes at ``from`` is left out; a ``to`` that is a date includes that day. (B-73)"""
    assert run(["check", "portfolio.yaml", "--set", "data.from=2022-01-31T22:00Z"]) == 0
    assert "2 symbols, 4 bars" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            ("trend.yaml", "params: {n: 3}", "timeframe: 90m\nparams: {n: 3}"),
            "portfolio.yaml:5:5: bars of 90m cannot be made of bars of 1h",
        ),
        (
            ("portfolio.yaml", "capital: 1000", "capital: 1_000_000_000_000_000"),
            "portfolio.yaml:1:25: a capital of 1000000000000000 at leverage 1 does not fit an exact ledger",
        ),
        (
            ("portfolio.yaml", "[BTC/USDT, ETH/USDT]", "{BTC/USDT: {}, ETH/USDT: {leverage: 1_000_000_000}}"),
            "portfolio.yaml:3:36: a capital of 1000 at leverage 1000000000 does not fit",
        ),
        (
            ("portfolio.yaml", "[BTC/USDT, ETH/USDT]", "{BTC/USDT: {}, ETH/USDT: {leverage: 1.00000000001}}"),
            "portfolio.yaml:3:36: leverage 1.00000000001 is finer than Podium computes",
        ),
        (
            (
                "portfolio.yaml",
                "symbols:",
                "simulation: {fee_tiers: [{volume: 0, taker: 0, maker: 0}, {volume: 1e-15, taker: 0, maker: 0}]}\nsymbols:",
            ),
            "portfolio.yaml:3:60: volume 0.000000000000001 has more decimals",
        ),
        (
            ("portfolio.yaml", "[BTC/USDT, ETH/USDT]", "{BTC/USDT: {tick: 0.000000000001}}"),
            "BTC/USDT: row 0: the price",
        ),
        (
            ("portfolio.yaml", "[BTC/USDT, ETH/USDT]", "{BTC/USDT: {fee_per_unit: 1e-15}}"),
            "portfolio.yaml:3:22: the fee_per_unit of",
        ),
        (
            ("portfolio.yaml", "file: trend.yaml, params: {n: 5}", "class: blind.py:Blind"),
            "blind.py:3: strategy 'trend'",
        ),
    ],
)
def test_it_refuses_what_a_backtest_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str], edit: tuple[str, str, str], said: str
) -> None:
    """In the same words. (D-04, D-06)"""
    (folder / "blind.py").write_text(
        "from podium import Strategy\nclass Blind(Strategy):\n    def on_bar(self): ...\n", encoding="utf-8"
    )
    file, old, new = edit
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    told = []
    for command in (["check"], ["backtest", "--no-progress"]):
        assert run([*command, "portfolio.yaml"]) == 2
        told.append(capsys.readouterr().err)
    assert said in told[0]
    assert told[0] == told[1]
