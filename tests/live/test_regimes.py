"""The regime is the first condition that is true."""

from __future__ import annotations

from live_bars import bar, series

from podium.live.regimes import Regimes

CONDITIONS = {"rising": "close > sma(close, 3)", "falling": "close < sma(close, 3)"}
#: Closes of the minutes 1 to 8, and the regime from the average of three on.
CLOSES = [101, 102, 103, 104, 100, 100, 100, 105]
NAMES = [None, None, "rising", "rising", "falling", "falling", None, "rising"]


def bars():
    return [bar(number, close=close, low=50.0, high=200.0) for number, close in enumerate(CLOSES, 1)]


def test_the_first_true_condition_names_the_regime():
    """None while nothing is known, and where nothing is true. (C-32)"""
    regimes = Regimes(CONDITIONS)
    assert [regimes(each) for each in bars()] == NAMES


def test_a_regime_goes_on_behind_known_bars():
    """Wherever the run was cut, the names are the same. (C-32, D-02)"""
    for cut in range(len(CLOSES)):
        history = type(series([1])).of("BTC/USDT", series([1]).timeframe, bars()[:cut])
        regimes = Regimes(CONDITIONS, history)
        assert [regimes(each) for each in bars()[cut:]] == NAMES[cut:]
