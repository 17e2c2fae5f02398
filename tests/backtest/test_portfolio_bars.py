"""The bars that a portfolio file names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.core.errors import ConfigurationError, DataError
from podium.core.times import parse_time
from podium.portfolio.file import load_portfolio

HEAD = "time,open,high,low,close,volume\n"
PORTFOLIO = """\
portfolio: {name: demo, capital: 1000}
data: {source: csv, path: bars, timeframe: 1h}
symbols: [ETH/USDT, BTC/USDT]
strategies:
  - {id: trend, file: trend.yaml}
"""


def _bars(hours: int, minutes: int = 60, price: int = 100) -> str:
    times = (f"2024-01-{1 + m // 1440:02}T{m // 60 % 24:02}:{m % 60:02}:00Z" for m in range(0, hours * 60, minutes))
    return HEAD + "".join(f"{time},{price},{price + 2},{price - 2},{price + 1},5\n" for time in times)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bars").mkdir()
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO, encoding="utf-8")
    (tmp_path / "trend.yaml").write_text("entry: {long: close > open}\n", encoding="utf-8")
    for name, text in (
        ("BTC-USDT_1h.csv", _bars(48)),
        ("ETH-USDT_1h.csv", _bars(48, price=10)),
        ("ETH-USDT_5m.csv", _bars(2, 5)),
        ("BROKEN_1h.csv", "nothing"),
    ):
        (tmp_path / "bars" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _written(text: str) -> Path:
    path = Path("portfolio.yaml")
    path.write_text(text, encoding="utf-8")
    return path


def test_only_the_files_of_the_symbols_are_read(folder: Path) -> None:
    """The file of the stated time frame is taken; other files of the folder do not matter. (B-73)"""
    bars = read_portfolio_bars(load_portfolio("portfolio.yaml"))
    assert list(bars) == ["ETH/USDT", "BTC/USDT"]
    assert [len(series) for series in bars.values()] == [48, 48]
    assert bars["ETH/USDT"].close[0] == 11


def test_the_period_holds_what_closes_after_its_start_up_to_its_end(folder: Path) -> None:
    """Bars are cut by their close times; the options win over the file. (B-15)"""
    text = PORTFOLIO.replace("timeframe: 1h", "timeframe: 1h, from: 2024-01-01T01:00Z, to: 2024-01-01T05:00Z")
    portfolio = load_portfolio(_written(text))
    closes = read_portfolio_bars(portfolio)["BTC/USDT"].close_time
    assert (closes[0], closes[-1], len(closes)) == (parse_time("2024-01-01T02:00Z"), parse_time("2024-01-01T05:00Z"), 4)
    longer = read_portfolio_bars(portfolio, last=parse_time("2024-01-01T06:00Z"))["BTC/USDT"].close_time
    assert np.array_equal(longer[:4], closes)
    assert len(longer) == 5


def test_one_file_may_serve_one_symbol(folder: Path) -> None:
    """A path may be a single file; its kind must be the stated source. (B-73)"""
    text = PORTFOLIO.replace("path: bars,", "path: bars/BTC-USDT_1h.csv,").replace("[ETH/USDT, BTC/USDT]", "[BTC/USDT]")
    assert len(read_portfolio_bars(load_portfolio(_written(text)))["BTC/USDT"]) == 48
    with pytest.raises(DataError) as caught:
        read_portfolio_bars(load_portfolio(_written(text.replace("source: csv", "source: parquet"))))
    assert str(caught.value) == (
        "portfolio.yaml:2:31: bars/BTC-USDT_1h.csv is no parquet file\n"
        "  expected: a .parquet file or a folder of them\n"
        "  hint: write source: csv"
    )


def test_only_symbols_of_the_file_are_told_to_be_in_several_files(folder: Path) -> None:
    """What else lies in a large folder does not matter, at one line for each symbol that does. (B-16)"""
    (folder / "bars" / "BROKEN_5m.csv").write_text("nothing", encoding="utf-8")
    text = PORTFOLIO.replace(", timeframe: 1h", "")
    with pytest.raises(DataError) as caught:
        read_portfolio_bars(load_portfolio(_written(text)))
    assert str(caught.value) == (
        "portfolio.yaml:3:11: 'ETH/USDT' is in 2 files: bars/ETH-USDT_1h.csv, bars/ETH-USDT_5m.csv\n"
        "  expected: one file per symbol\n"
        "  hint: state the time frame to pick the file that bears it in its name, such as data: {timeframe: 1h}"
    )


def test_missing_symbols_are_told_together(folder: Path) -> None:
    """Each symbol without bars is told at its line, with what was found. (B-16)"""
    (folder / "bars" / "BROKEN_1h.csv").unlink()
    text = PORTFOLIO.replace("[ETH/USDT, BTC/USDT]", "[ETH/USD, BTC/USDT, SOL/USDT]")
    with pytest.raises(ConfigurationError) as caught:
        read_portfolio_bars(load_portfolio(_written(text)))
    assert [str(problem.location) for problem in caught.value.problems] == [
        "portfolio.yaml:3:11",
        "portfolio.yaml:3:30",
    ]
    assert [problem.hint for problem in caught.value.problems] == [
        "did you mean 'ETH/USDT'?",
        "its file is called SOL-USDT_1h.csv",
    ]


def test_the_sample_market_needs_no_files(folder: Path) -> None:
    """``source: sample`` gives the synthetic bars of the symbols in the file. (D-04)"""
    text = PORTFOLIO.replace("{source: csv, path: bars, timeframe: 1h}", "{source: sample}")
    bars = read_portfolio_bars(load_portfolio(_written(text)))
    assert {symbol: len(series) for symbol, series in bars.items()} == {"ETH/USDT": 26_304, "BTC/USDT": 26_304}
