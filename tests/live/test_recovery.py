"""What a run keeps of its bars beside the journal."""

from __future__ import annotations

from live_bars import MINUTE, bar

from podium.data.store import BarStore
from podium.live.recovery import RunBars

_SYMBOLS = ("BTC/USDT", "ETH/USDT")


def test_bars_are_written_without_a_snapshot_and_the_newest_wait(tmp_path):
    """Memory holds a bounded number of bars; those whose inputs may not be durable are not written yet."""
    bars = RunBars(tmp_path, MINUTE)
    for minute in range(3000):
        bars.add({symbol: bar(minute, symbol=symbol) for symbol in _SYMBOLS})
    written = {symbol: len(BarStore.open(tmp_path).series(symbol)) for symbol in _SYMBOLS}
    assert all(3000 - 1100 < count <= 3000 - 512 for count in written.values())
    bars.keep()
    assert [len(series) for series in bars.series().values()] == [3000, 3000]


def test_without_a_folder_nothing_is_kept_once_the_run_goes_on():
    """The journal has the bars; memory does not grow with them."""
    bars = RunBars(None, MINUTE)
    bars.add({"BTC/USDT": bar(0)})
    bars.keep()
    assert [len(series) for series in bars.series().values()] == [1]
    bars.release()
    bars.add({"BTC/USDT": bar(1)})
    bars.keep()
    assert bars.series() == {}
