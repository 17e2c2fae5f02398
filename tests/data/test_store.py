"""The append-only bar store of a run."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core.errors import ConfigurationError, DataError
from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import Bar, BarSeries
from podium.data.sample import sample_market
from podium.data.store import BarStore

HOUR = Timeframe.parse("1h")
MARKET = sample_market(bars=60)
BTC = MARKET["BTC/USDT"]
COLUMNS = ("close_time", "open", "high", "low", "close", "volume")


def same(left: BarSeries, right: BarSeries) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in COLUMNS)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), max_size=6).map(sorted), single=st.booleans())
def test_a_store_is_the_same_however_it_grew(cuts: list[int], single: bool) -> None:
    """Bars, origin and digest do not depend on the portions in which the bars came. (design 1)"""
    store = BarStore(HOUR)
    for start, stop in zip([0, *cuts], [*cuts, 60], strict=True):
        part = BTC.select(slice(start, stop))
        store.append(list(part) if single else part)
    assert same(store.series("BTC/USDT"), BTC)
    assert store.digest() == BarStore.of({"BTC/USDT": BTC}).digest()
    assert store.origin("BTC/USDT") == BTC.close_time[0]


def test_what_was_handed_out_does_not_change_when_the_store_grows() -> None:
    """A series is a view of what was there; appending never reaches into it."""
    store = BarStore.of({"BTC/USDT": BTC.select(slice(0, 10))})
    store.append(BTC.select(slice(10, 12)))
    before = store.series("BTC/USDT")
    copy = before.select(np.arange(len(before)))
    store.append(BTC.select(slice(12, 40)))
    assert len(before) == 12
    assert same(before, copy)
    assert same(store.series("BTC/USDT"), BTC.select(slice(0, 40)))


def test_first_bars_are_taken_over_without_a_copy() -> None:
    """Ten million bars are not held twice."""
    assert np.shares_memory(BarStore.of({"BTC/USDT": BTC}).series("BTC/USDT").close, BTC.close)


def test_bars_of_several_symbols_are_sorted_out() -> None:
    """Single bars may come mixed; each goes to its symbol. (B-73)"""
    mixed = [bar for pair in zip(BTC, MARKET["ETH/USDT"], strict=True) for bar in pair]
    store = BarStore(HOUR)
    store.append(mixed)
    assert store.symbols == ("BTC/USDT", "ETH/USDT")
    assert same(store.series("ETH/USDT"), MARKET["ETH/USDT"])


def test_digest_tells_contents_apart_but_not_the_order_of_symbols() -> None:
    """A changed bit changes the digest; the order in which symbols came does not."""
    first = BarStore.of({name: MARKET[name] for name in ("BTC/USDT", "ETH/USDT")})
    second = BarStore.of({name: MARKET[name] for name in ("ETH/USDT", "BTC/USDT")})
    assert first.digest() == second.digest()
    changed = BTC.select(np.arange(len(BTC)))
    changed.volume[7] = np.nextafter(changed.volume[7], 1e9)
    assert BarStore.of({"BTC/USDT": changed}).digest() != BarStore.of({"BTC/USDT": BTC}).digest()
    assert BarStore.of({"BTC/USDT": BTC}).digest() == BarStore.of({"BTC/USDT": BTC}).digest()


@pytest.mark.parametrize("rows", [[5, 5], [6, 5], [0, 1, 1]])
def test_bars_that_are_not_later_are_refused_and_nothing_is_added(rows: list[int]) -> None:
    """A store grows at its end only; the message names row and times. (B-45)"""
    store = BarStore(HOUR)
    with pytest.raises(DataError, match=f"row {len(rows) - 1} closes at .* not later than"):
        store.append(BTC.select(np.array(rows)))
    assert store.symbols == ()
    store.append(BTC)
    with pytest.raises(DataError, match="BTC/USDT: row 0 closes at"):
        store.append(BTC.select(slice(59, 60)))
    assert len(store.series("BTC/USDT")) == 60


def test_another_time_frame_is_refused() -> None:
    """All bars of a run have one time frame."""
    with pytest.raises(DataError, match="the bars are of 1h, the others of 4h"):
        BarStore(Timeframe.parse("4h")).append(BTC)


def test_an_unknown_symbol_is_named_with_the_nearest_known() -> None:
    """The message helps."""
    with pytest.raises(DataError, match="did you mean 'BTC/USDT'"):
        BarStore.of({"BTC/USDT": BTC}).series("BTC/USD")


def test_a_bar_without_a_zone_is_refused() -> None:
    """Times of bars are aware. (B-45)"""
    bar = Bar(symbol="X", close_time=datetime(2024, 1, 1), open=1, high=1, low=1, close=1)
    with pytest.raises(ConfigurationError, match="has no zone"):
        BarStore(HOUR).append([bar])


class TestFolder:
    def test_what_was_appended_is_there_when_opened_again(self, tmp_path: Path) -> None:
        """A folder keeps everything: symbols in order, bars, digest."""
        store = BarStore.open(tmp_path / "bars", HOUR)
        store.append(MARKET["XRP/USDT"].select(slice(0, 20)))
        store.append(BTC)
        store.append(list(MARKET["XRP/USDT"])[20:])
        again = BarStore.open(tmp_path / "bars")
        assert again.symbols == ("XRP/USDT", "BTC/USDT")
        assert again.timeframe == HOUR
        assert same(again.series("XRP/USDT"), MARKET["XRP/USDT"])
        memory = BarStore.of({name: MARKET[name] for name in ("BTC/USDT", "XRP/USDT")})
        assert again.digest() == store.digest() == memory.digest()

    def test_writing_to_a_series_never_reaches_the_file(self, tmp_path: Path) -> None:
        """Arrays may be written to, as kernels want them; the files stay."""
        store = BarStore.open(tmp_path, HOUR)
        store.append(BTC)
        store.series("BTC/USDT").close[0] = -1
        assert same(BarStore.open(tmp_path).series("BTC/USDT"), BTC)

    @pytest.mark.parametrize("broken_after", ["open", "close", "volume"])
    def test_a_broken_append_loses_only_itself(self, tmp_path: Path, broken_after: str) -> None:
        """A row counts once its close time is written."""
        store = BarStore.open(tmp_path, HOUR)
        store.append(BTC.select(slice(0, 30)))
        for name in ("open", "high", "low", "close", "volume"):
            with (tmp_path / "BTC%2FUSDT" / f"{name}.f8").open("ab") as file:
                file.write(b"\x01" * 13)
            if name == broken_after:
                break
        again = BarStore.open(tmp_path)
        assert same(again.series("BTC/USDT"), BTC.select(slice(0, 30)))
        again.append(BTC.select(slice(30, 60)))
        assert same(BarStore.open(tmp_path).series("BTC/USDT"), BTC)

    def test_a_symbol_whose_first_append_broke_starts_anew(self, tmp_path: Path) -> None:
        """Rows of a symbol that the store does not name yet never count."""
        BarStore.open(tmp_path, HOUR)
        folder = tmp_path / "BTC%2FUSDT"
        folder.mkdir()
        for name in ("open.f8", "close_time.i8"):
            (folder / name).write_bytes(os.urandom(80))
        store = BarStore.open(tmp_path)
        assert store.symbols == ()
        store.append(BTC)
        assert same(BarStore.open(tmp_path).series("BTC/USDT"), BTC)

    @pytest.mark.parametrize("symbol", ["../../evil", "..", "A B", "Ä/€", "store.json"])
    def test_any_symbol_stays_within_the_folder(self, tmp_path: Path, symbol: str) -> None:
        """A symbol is a name, not a path."""
        bars = tmp_path / "bars"
        store = BarStore.open(bars, HOUR)
        store.append([Bar(symbol=symbol, close_time=datetime(2024, 1, 1, tzinfo=UTC), open=1, high=1, low=1, close=1)])
        assert [entry.name for entry in tmp_path.iterdir()] == ["bars"]
        again = BarStore.open(bars)
        assert again.symbols == (symbol,)
        assert again.origin(symbol) == to_nanoseconds(datetime(2024, 1, 1, tzinfo=UTC))

    def test_a_folder_that_is_no_store_is_refused(self, tmp_path: Path) -> None:
        """Each wrong folder gets its own message."""
        with pytest.raises(DataError, match="there is no bar store yet"):
            BarStore.open(tmp_path / "none")
        assert not (tmp_path / "none").exists()
        BarStore.open(tmp_path / "hours", HOUR)
        with pytest.raises(DataError, match="holds bars of 1h"):
            BarStore.open(tmp_path / "hours", Timeframe.parse("1d"))
        manifest = tmp_path / "hours" / "store.json"
        content = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(content | {"format": 99}))
        with pytest.raises(DataError, match="has format 99"):
            BarStore.open(tmp_path / "hours")
        manifest.write_text("{}")
        with pytest.raises(DataError, match="this is no bar store"):
            BarStore.open(tmp_path / "hours")
