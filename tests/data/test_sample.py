"""The synthetic sample market."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from podium.core.errors import DataError
from podium.core.times import Timeframe
from podium.data.grid import off_grid
from podium.data.quality import check_bars
from podium.data.readers import read_bars
from podium.data.sample import SAMPLE_BARS, SAMPLE_SYMBOLS, SAMPLE_TICKS, sample_market, write_sample

MARKET = sample_market()


def test_it_is_three_years_of_hours_of_several_symbols() -> None:
    """The sample market has the size that the demonstration needs."""
    assert tuple(MARKET) == SAMPLE_SYMBOLS
    for series in MARKET.values():
        assert len(series) == SAMPLE_BARS == 26_304
        assert series.timeframe == Timeframe.parse("1h")
        assert series.bar(0).close_time == datetime(2022, 1, 1, 1, tzinfo=UTC)
        assert series.bar(SAMPLE_BARS - 1).close_time == datetime(2025, 1, 1, tzinfo=UTC)


def test_its_bars_have_no_flaw() -> None:
    """Every bar is sound and on its tick: the quality report is empty."""
    for symbol, series in MARKET.items():
        report = check_bars(series, SAMPLE_TICKS[symbol])
        assert report.counts == {}, report.summary
        assert not off_grid(series.close, SAMPLE_TICKS[symbol]).any()
        assert (series.volume > 0).all()


def test_one_seed_gives_one_market_and_another_seed_another() -> None:
    """Equal seeds give equal bytes."""
    again, other = sample_market(), sample_market(seed=99)
    for symbol, series in MARKET.items():
        assert again[symbol].close.tobytes() == series.close.tobytes()
        assert again[symbol].volume.tobytes() == series.volume.tobytes()
        assert other[symbol].close.tobytes() != series.close.tobytes()


def test_a_symbol_does_not_depend_on_which_others_are_asked_for() -> None:
    """Each symbol draws from a generator of its own."""
    alone = sample_market(symbols=["SOL/USDT"])
    assert alone["SOL/USDT"].high.tobytes() == MARKET["SOL/USDT"].high.tobytes()


def test_it_looks_like_a_market() -> None:
    """Correlated, fat-tailed, with calm and wild times, and alive to the end."""
    returns = {symbol: np.diff(np.log(series.close)) for symbol, series in MARKET.items()}
    correlation = np.corrcoef(list(returns.values()))
    assert ((correlation > 0.3) & (correlation <= 1.0000001)).all()
    for symbol, values in returns.items():
        assert 0.3 < values.std() * np.sqrt(8_760) < 1.3, symbol
        assert np.mean(((values - values.mean()) / values.std()) ** 4) > 5, symbol
        monthly = values[: len(values) // 720 * 720].reshape(-1, 720).std(axis=1)
        assert monthly.max() > 1.5 * monthly.min(), symbol
        price = MARKET[symbol].close
        assert 0.02 < price.min() / price[0] <= price.max() / price[0] < 50, symbol


def test_files_are_read_back_as_the_same_bars(tmp_path: Path) -> None:
    """`podium data sample` writes what `sample_market` makes, and says that it is synthetic. (B-73)"""
    written = write_sample(tmp_path / "sample")
    assert sorted(path.name for path in (tmp_path / "sample").iterdir()) == sorted(path.name for path in written)
    assert "no prices of any real market" in (tmp_path / "sample" / "SYNTHETIC.md").read_text()
    read = read_bars(tmp_path / "sample")
    assert sorted(read) == sorted(MARKET)
    for symbol, series in MARKET.items():
        assert read[symbol].timeframe == series.timeframe
        for name in ("close_time", "open", "high", "low", "close", "volume"):
            assert getattr(read[symbol], name).tobytes() == getattr(series, name).tobytes()


def test_files_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Equal inputs give equal bytes."""
    first, second = write_sample(tmp_path / "a"), write_sample(tmp_path / "b")
    digests = [[hashlib.sha256(path.read_bytes()).hexdigest() for path in paths] for paths in (first, second)]
    assert digests[0] == digests[1]


def test_an_unknown_symbol_is_refused() -> None:
    """With the nearest known one."""
    with pytest.raises(DataError, match="did you mean 'BTC/USDT'"):
        sample_market(symbols=["BTC/USD"])


def test_no_bars_is_refused() -> None:
    """There is no market without a bar."""
    with pytest.raises(DataError, match="bars is 0"):
        sample_market(bars=0)
