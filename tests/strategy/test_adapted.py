"""Classes that know nothing of Podium run as they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from portfolios import Plain, configuration, events, named, orchestrate, run_alone, walk

from podium import StrategyOrchestrator
from podium.core.errors import ConfigurationError, StrategyFailed
from podium.strategy import adapted

CAPITAL = Decimal(100_000)


class Recording:
    """Enter at the fourth bar, leave at the eighth, and keep all that was shown."""

    def __init__(self):
        self.handle = object()

    def should_enter(self, bars):
        SEEN.append((len(bars), bars[-1], bars[0], bars[-3:], list(bars)[:2]))
        return len(bars) == 4

    def should_exit(self, position, bars):
        POSITIONS.append(position)
        return len(bars) >= 8


SEEN: list = []
POSITIONS: list = []


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()
    POSITIONS.clear()


def test_a_class_runs_unmodified_with_decimals():
    """``bars`` and ``position`` hold Decimals and aware times; orders act at the next open. (B-43, B-14, B-28)"""
    bars = walk("X", 20, 4)
    result = run_alone(Recording(), bars)
    for length, last, oldest, three, two in SEEN:
        assert last.close == Decimal(repr(float(bars.close[length - 1])))
        assert (last.open, last.high, last.low) == tuple(
            Decimal(repr(float(getattr(bars, name)[length - 1]))) for name in ("open", "high", "low")
        )
        assert last.volume == Decimal(repr(float(bars.volume[length - 1])))
        assert last.timestamp == datetime.fromtimestamp(int(bars.close_time[length - 1]) // 10**9, UTC)
        assert last.symbol == "X"
        assert oldest.close == Decimal(repr(float(bars.close[0])))
        assert [bar.close for bar in three] == [
            Decimal(repr(float(value))) for value in bars.close[max(length - 3, 0) : length]
        ]
        assert len(two) == min(2, length)
    position = POSITIONS[0]
    assert (position.symbol, position.side, position.bars_held) == ("X", "long", 1)
    assert all(
        isinstance(value, Decimal)
        for value in (position.quantity, position.entry_price, position.current_price, position.unrealized_pnl)
    )
    assert position.entry_price == Decimal(repr(float(bars.open[4])))
    assert position.current_price == Decimal(repr(float(bars.close[4])))
    assert position.unrealized_pnl == position.quantity * (position.current_price - position.entry_price)
    fills = events(result, "ORDER_FILLED")
    assert [(fill["side"], fill["time"]) for fill in fills[:2]] == [
        ("buy", "2024-01-01T05:00:00Z"),
        ("sell", "2024-01-01T09:00:00Z"),
    ]


def test_a_position_size_is_asked_for():
    """``position_size(capital, price)`` gets what is available and the last close; 0 enters nothing. (B-43)"""
    asked = []

    class Sized(Recording):
        def position_size(self, capital, price):
            asked.append((capital, price))
            return self.answer

        answer = Decimal("1.2345")

    bars = walk("X", 20, 4)
    result = run_alone(Sized(), bars)
    assert asked == [(CAPITAL, Decimal(repr(float(bars.close[3]))))]
    assert events(result, "ORDER_FILLED")[0]["quantity"] == "1.234"
    Sized.answer = Decimal(0)
    assert events(run_alone(Sized(), bars)) == []


@pytest.mark.parametrize("answer", [-1, float("nan"), None, "1", Decimal("-0.5"), True])
def test_a_position_size_that_is_none_is_told_at_its_line(answer):
    """Neither silence nor a trace of Podium's own code. (B-43, D-06)"""

    class Sized(Recording):
        def position_size(self, capital, price):
            return answer

    with pytest.raises(ConfigurationError) as caught:
        run_alone(Sized(), walk("X", 20, 4))
    told = str(caught.value)
    assert re.match(r"\S*test_adapted\.py:\d+: strategy 'Sized' on X at \S+: Sized\.position_size gave ", told)
    assert "expected: a Decimal: how much to buy, 0 to stay out" in told


def test_a_position_size_below_a_lot_is_refused_with_an_event():
    """Never silence. (B-12)"""

    class Sized(Recording):
        def position_size(self, capital, price):
            return Decimal("0.0000001")

    (refused,) = events(run_alone(Sized(), walk("X", 20, 4)), "SIGNAL_REJECTED")
    assert refused["reason"] == "min_quantity"


def test_the_future_is_no_part_of_bars():
    """An index or slice ends at the current bar. (B-43, B-15)"""

    class Reaching:
        def should_enter(self, bars):
            for index in (len(bars), -len(bars) - 1):
                with pytest.raises(IndexError, match="there is none yet"):
                    bars[index]
            assert len(bars[0:10_000]) == len(bars)
            assert bars[::-1][0] is bars[-1]
            assert bars[-1] in bars
            return False

        def should_exit(self, position, bars):
            return False

    run_alone(Reaching(), walk("X", 10, 1))


def made_bars(monkeypatch, length):
    """Count how many bars are made as objects in a run."""
    count = 0
    original = adapted.DecimalBar

    def counting(**fields):
        nonlocal count
        count += 1
        return original(**fields)

    with monkeypatch.context() as patch:
        patch.setattr(adapted, "DecimalBar", counting)
        run_alone(Plain(), walk("X", length, 3))
    return count


def test_the_cost_is_linear_in_bars(monkeypatch):
    """Each bar is made once, when it is first looked at, however often it is looked at later. (B-43)"""
    assert made_bars(monkeypatch, 200) <= 200
    assert made_bars(monkeypatch, 800) <= 800


def test_bars_that_nobody_looks_at_are_not_made(monkeypatch):
    """A view costs nothing by itself. (B-43)"""

    class Blind:
        def should_enter(self, bars):
            return len(bars) % 10 == 0

        def should_exit(self, position, bars):
            return position.bars_held > 3

    monkeypatch.setattr(Plain, "should_enter", Blind.should_enter)
    monkeypatch.setattr(Plain, "should_exit", lambda _self, position, _bars: position.bars_held > 3)
    monkeypatch.delattr(Plain, "position_size")
    # Only the bars at which a position is described: their last price is part of it.
    assert made_bars(monkeypatch, 200) <= 110


def test_each_symbol_and_run_has_its_own_copy():
    """State kept in attributes, of any kind, is not shared. (B-43, B-30)"""

    class Remembering(Plain):
        def __init__(self):
            super().__init__()
            self.seen = []

        def should_enter(self, bars):
            self.seen.append(bars[-1].symbol)
            assert len(set(self.seen)) == 1
            return super().should_enter(bars)

    strategy = Remembering()
    bars = {symbol: walk(symbol, 60, 1) for symbol in ("X", "Y")}
    orchestrator = StrategyOrchestrator([(strategy, Decimal(1))], configuration(*bars))
    first, second = (orchestrator.run(bars, CAPITAL) for _ in range(2))
    assert events(first) == events(second)
    assert strategy.seen == []


def test_what_stands_in_a_class_is_not_shared():
    """A list in the class body is each symbol's own. (B-43, B-30)"""

    class Careless(Plain):
        seen: list = []  # noqa: RUF012  # as users write it

        def should_enter(self, bars):
            self.seen.append(bars[-1].symbol)
            assert len(set(self.seen)) == 1
            return super().should_enter(bars)

    run_alone(Careless(), {symbol: walk(symbol, 60, 1) for symbol in ("X", "Y")})
    assert Careless.seen == []


def test_what_cannot_be_copied_is_told_at_construction():
    """An open file belongs to nobody's copy. (B-19)"""
    strategy = Plain()
    with (
        Path(__file__).open(encoding="utf-8") as strategy.file,
        pytest.raises(ValueError, match="strategy 'Plain' cannot be copied"),
    ):
        StrategyOrchestrator([(strategy, Decimal(1))])


@pytest.mark.parametrize("raised", [ZeroDivisionError, SystemExit])
def test_a_failure_names_the_wrapped_class(raised):
    """The user's class, not the adapter. (B-16)"""

    class Breaks:
        def should_enter(self, bars):
            raise raised

        def should_exit(self, position, bars):
            return False

    with pytest.raises(StrategyFailed, match="strategy 'Breaks' failed on X"):
        run_alone(Breaks(), walk())


def test_an_adapted_class_takes_its_id_and_symbols_like_any_other():
    """It has a ``strategy_id``, and trades what it is given. (B-06)"""
    bars = {symbol: walk(symbol, 100, 1) for symbol in ("X", "Y")}
    result = orchestrate([(named(Plain(), "mean"), Decimal(1), ("Y",))], configuration(*bars)).run(bars, CAPITAL)
    assert {trade.symbol for trade in result.get_strategy_result("mean").trades} == {"Y"}
    assert np.all(result.aggregate_equity_curve.units[:6] == result.aggregate_equity_curve.units[0])
