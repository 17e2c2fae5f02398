"""Scenes: a few bars, a few orders, and what the engine makes of them, in words that a table can hold.

A tick is 1, a lot is 1 and money has 8 decimals, unless a scene says otherwise; so prices and quantities read as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from podium.core.events import EventKind, Reason
from podium.core.instruments import Instrument
from podium.core.money import RATE_SCALE, MoneyUnit
from podium.engine.engine import CellInput, ConversionInput, Engine, EngineOptions, TierInput
from podium.engine.tables import (
    CLOSED,
    FLOW,
    PLAN,
    TARGETS_MAXIMUM,
    Action,
    ConflictMode,
    LevelMode,
    OrderKind,
    SizeMode,
)
from podium.engine.timeline import SymbolTicks, Timeline

HOUR = 3_600_000_000_000
SIZES = {"quantity": SizeMode.QUANTITY, "money": SizeMode.MONEY, "fraction": SizeMode.FRACTION, "risk": SizeMode.RISK}
MODES = {"": LevelMode.PRICE, "_distance": LevelMode.DISTANCE, "_ratio": LevelMode.RATIO}


def ratio(value: Any) -> int:
    """Give billionths."""
    return int(Decimal(str(value)) * RATE_SCALE)


def _level(given: Mapping[str, Any], name: str) -> tuple[LevelMode, int]:
    for suffix, mode in MODES.items():
        if name + suffix in given:
            value = given[name + suffix]
            return mode, ratio(value) if mode is LevelMode.RATIO else int(value)
    return LevelMode.NONE, 0


def write_protection(row: Any, given: Mapping[str, Any]) -> None:
    """Write what an order, a plan or a PROTECT command says about protection into an ``ORDER`` row."""
    row["stop_mode"], row["stop"] = _level(given, "stop")
    row["trail_mode"], row["trail"] = _level(given, "trail")
    row["trail_after"] = ratio(given.get("trail_after", 0))
    row["break_even_after"] = ratio(given.get("break_even_after", 0))
    row["break_even_offset"] = ratio(given.get("break_even_offset", 0))
    row["max_bars"] = given.get("max_bars", 0)
    for index, (mode, value, share) in enumerate(ladder_of(given)):
        row["target_mode"][index], row["target"][index], row["target_share"][index] = mode, value, ratio(share)
        row["target_count"] = index + 1


def ladder_of(given: Mapping[str, Any]) -> list[tuple[LevelMode, int, Any]]:
    """Give targets as (mode, value, share)."""
    mode, value = _level(given, "target")
    if mode is not LevelMode.NONE:
        return [(mode, value, 1)]
    return [(*_level({name: level}, "target"), share) for name, level, share in given.get("targets", ())]


def write_size(row: Any, given: Mapping[str, Any], unit: MoneyUnit) -> None:
    """Write a size; none given means everything."""
    for name, mode in SIZES.items():
        if name in given:
            row["size_mode"] = mode
            amount = given[name]
            if name == "money":
                row["size"] = unit.to_units(Decimal(str(amount)))
            else:
                row["size"] = amount if name == "quantity" else ratio(amount)


@dataclass(frozen=True)
class Command:
    """Hold an action and what it is given."""

    action: Action
    side: int
    given: Mapping[str, Any]
    cell: int = 0

    def on(self, cell: int) -> Command:
        """Send it to another cell."""
        return Command(self.action, self.side, self.given, cell)

    def send(self, engine: Engine, step: int) -> None:
        """Write it into the engine's next command row."""
        row = engine.command()
        row["action"], row["side"], row["step"], row["cell"] = self.action, self.side, step, self.cell
        row["identifier"] = self.given.get("identifier", 0)
        row["kind"] = OrderKind.MARKET if self.action in (Action.PLACE, Action.CLOSE) else 0
        if "limit" in self.given:
            row["kind"], row["limit"] = OrderKind.LIMIT, self.given["limit"]
        if "trigger" in self.given:
            row["kind"], row["trigger"] = OrderKind.STOP, self.given["trigger"]
        row["bars_left"] = self.given.get("expire", -1)
        write_size(row, self.given, engine.unit)
        write_protection(row, self.given)


def buy(**given: Any) -> Command:
    """Buy: enter long, or close a short position."""
    return Command(Action.PLACE, 1, given)


def sell(**given: Any) -> Command:
    """Sell: enter short, or close a long position."""
    return Command(Action.PLACE, -1, given)


def close(**given: Any) -> Command:
    """Close the position, or a part of it."""
    return Command(Action.CLOSE, 0, given)


def cancel(identifier: int = 0) -> Command:
    """Cancel one working order, or all."""
    return Command(Action.CANCEL, 0, {"identifier": identifier})


def protect(**given: Any) -> Command:
    """Replace levels of the position."""
    return Command(Action.PROTECT, 0, given)


def plan(levels: Sequence[Any] = (), **given: Any) -> tuple[Any, tuple[Any, ...]]:
    """Make the plan of a rules cell: a ``PLAN`` row and its level series.

    ``stop_series``, ``trail_series`` and ``target_series`` number an array of ``levels`` that holds ticks.
    """
    row = np.zeros(1, PLAN)[0]
    write_size(row, given, MoneyUnit(8))
    row["series"] = -1
    row["mode"][0], row["value"][0] = _level(given, "stop")
    row["mode"][1], row["value"][1] = _level(given, "trail")
    for index, (mode, value, share) in enumerate(ladder_of(given)):
        row["mode"][2 + index], row["value"][2 + index], row["target_share"][index] = mode, value, ratio(share)
        row["target_count"] = index + 1
    for index, name in enumerate(("stop_series", "trail_series", "target_series")):
        if name in given:
            row["series"][index] = given[name]
            if row["mode"][index] == LevelMode.NONE:
                row["mode"][index] = LevelMode.PRICE
    if "target_series" in given:
        row["target_count"], row["target_share"][0] = 1, RATE_SCALE
    row["trail_after"] = ratio(given.get("trail_after", 0))
    row["break_even_after"] = ratio(given.get("break_even_after", 0))
    row["break_even_offset"] = ratio(given.get("break_even_offset", 0))
    row["max_bars"] = given.get("max_bars", 0)
    assert len(given.get("targets", ())) <= TARGETS_MAXIMUM
    return row, tuple(np.asarray(level, np.int64) for level in levels)


def ticks_of(text: str, times: Sequence[int] | None = None) -> SymbolTicks:
    """Read bars: ``100`` is a flat bar, ``100 105 95 102`` is open high low close; ``;`` stands between bars.

    A volume may follow, as in ``100 v50``.

    ``-`` is an hour without a bar.
    """
    pairs = [bar.partition("v")[::2] if bar.strip() != "-" else ("", "") for bar in text.split(";")]
    rows = [[int(part) for part in prices.split()] for prices, _ in pairs]
    hours = [hour for hour, row in enumerate(rows) if row] if times is None else list(times)
    table = np.array([row * 4 if len(row) == 1 else row for row in rows if row], np.int64).reshape(-1, 4)
    for opened, high, low, closed in table:
        assert low <= min(opened, closed) <= max(opened, closed) <= high, text
    return SymbolTicks(
        close_time=np.array(hours, np.int64) * HOUR,
        open=table[:, 0].copy(),
        high=table[:, 1].copy(),
        low=table[:, 2].copy(),
        close=table[:, 3].copy(),
        volume=np.array([int(volume or 0) for prices, volume in pairs if prices], np.int64) if "v" in text else None,
    )


UNIT_INSTRUMENT = Instrument(tick=Decimal(1), lot=Decimal(1))


@dataclass(frozen=True)
class Played:
    """Hold the engine after a scene."""

    engine: Engine

    @property
    def events(self) -> Any:
        """All events as one array."""
        return np.concatenate(self.engine.events())

    def story(self, *kinds: str) -> str:
        """Tell the fills, refusals, reductions and ends of orders (or events of the kinds named), one after the other."""
        wanted = set(kinds) or {"filled", "rejected", "reduced", "cancelled"}
        return ", ".join(self._tell(event) for event in self.events if self._kind(event) in wanted)

    @staticmethod
    def _kind(event: Any) -> str:
        return EventKind(int(event["kind"])).name.split("_")[-1].lower()

    def _tell(self, event: Any) -> str:
        kind = self._kind(event)
        side = {1: "buy", -1: "sell", 0: "both"}[int(event["side"])]
        reason = Reason(int(event["reason"]))
        words = [str(int(event["step"]))]
        if kind == "filled":
            words += [side, str(int(event["quantity"])), f"@{int(event['price'])}"]
        elif kind in ("reduced", "created", "limited"):
            words += [kind, side, str(int(event["quantity"]))]
        else:
            words += [kind, side] if kind in ("generated", "cancelled", "rejected") else [kind]
        if kind in ("posted", "converted"):
            words.append(str(self.money(event["realised"])))
        if kind == "adjusted":
            words += [str(int(event["position"])), f"@{int(event['price'])}", str(self.money(event["notional"]))]
        if reason is not Reason.NONE:
            words.append(reason.wire)
        return " ".join(words)

    def account(self, strategy: int = 0) -> dict[str, Decimal]:
        """Give an account in money."""
        row = self.engine.tables.accounts[strategy]
        return {name: self.money(row[name]) for name in row.dtype.names}

    def money(self, units: Any) -> Decimal:
        """Give money without the zeros behind."""
        return self.engine.unit.to_decimal(int(units)).normalize() + 0

    def fees(self) -> list[Decimal]:
        """Give the fee of each fill."""
        return [self.money(event["fee"]) for event in self.events if self._kind(event) == "filled"]

    def trades(self) -> list[dict[str, Any]]:
        """Give the closed positions."""
        rows = self.events[self.events["kind"] == EventKind.POSITION_CLOSED]
        return [
            {
                **{name: int(row[name]) for name in ("quantity", "side", "reason", "order", "step")},
                **{name: self.money(row[name]) for name in ("notional", "fee", "realised", "slippage")},
                **{name: int(row.view(CLOSED)[name]) for name in ("highest", "lowest", "entry_step", "bars_held")},
                "exit_notional": self.money(row.view(CLOSED)["exit_notional"]),
            }
            for row in rows
        ]


def conversion_of(rates: Sequence[str | None]) -> ConversionInput:
    """Read rates: each symbol that has some has a currency of its own."""
    foreign = [[Decimal(rate).as_integer_ratio() for rate in text.split()] for text in rates if text is not None]
    currencies = [0 if text is None else 1 + sum(each is not None for each in rates[:index])
                  for index, text in enumerate(rates)]  # fmt: skip
    table = [[(series[max(step - 1, 0)], series[step]) for series in foreign] for step in range(len(foreign[0]))]
    return ConversionInput(currencies=currencies, rates=np.array(table, np.int64))


def play(
    bars: str | Sequence[str],
    orders: Mapping[int, Sequence[Command] | Command] | None = None,
    *,
    capital: Any = 1000,
    signals: Mapping[int, Sequence[int]] | None = None,
    plans: Any = None,
    cells: Sequence[tuple[int, int]] = ((0, 0),),
    instrument: Instrument | Sequence[Instrument] = UNIT_INSTRUMENT,
    options: EngineOptions | None = None,
    slippage: Any = 0,
    spread: Any = 0,
    conflicts: Sequence[ConflictMode] | ConflictMode = ConflictMode.ALLOW,
    priorities: Sequence[int] = (),
    finish: str = "keep",
    stop: int | None = None,
    hours: int = 1,
    fee_tiers: Sequence[tuple[Any, Any, Any]] = (),
    limits: Any = None,
    flows: Sequence[tuple[Any, ...]] = (),
    rates: Sequence[str | None] = (),
) -> Played:
    """Run a scene. ``orders`` are by step; ``signals`` by cell; ``cells`` are (strategy, symbol) in portfolio order.

    ``flows`` are (step, phase, symbol, Reason, numerator, denominator).

    ``rates`` are by symbol: the account's money for one of its quote currency at the close of each step (and before the
    bars of the next one), as ``2 2.5 0.4``; ``None`` where it is quoted in the account currency.

    A bar takes ``hours``; ``fee_tiers`` are (volume, taker's fee, maker's fee).
    """
    texts = [bars] if isinstance(bars, str) else list(bars)
    ticks = [ticks_of(text) for text in texts]
    timeline = Timeline.merge([replace(each, close_time=each.close_time * hours) for each in ticks])
    instruments = [instrument] * len(texts) if isinstance(instrument, Instrument) else list(instrument)
    unit = MoneyUnit.for_instruments([(str(index), each) for index, each in enumerate(instruments)])
    capitals = capital if isinstance(capital, list) else [capital] * (1 + max(strategy for strategy, _ in cells))
    inputs = []
    for index, (strategy, symbol) in enumerate(cells):
        if signals is None or index not in signals:
            inputs.append(CellInput(strategy=strategy, symbol=symbol))
            continue
        row, levels = plans if isinstance(plans, tuple) else plan(quantity=1) if plans is None else plans[index]
        given = np.array(signals[index], np.uint8)
        length = len(texts[symbol].split(";")) - texts[symbol].count("-")
        inputs.append(
            CellInput(
                strategy=strategy,
                symbol=symbol,
                signals=np.concatenate([given, np.zeros(max(length - len(given), 0), np.uint8)]),
                plan=row,
                levels=levels,
            )
        )
    table = np.array([(step, phase, symbol, int(kind), *ratio_) for step, phase, symbol, kind, *ratio_ in flows], FLOW)
    engine = Engine(
        timeline=timeline,
        instruments=instruments,
        deposits=[unit.to_units(Decimal(str(amount))) for amount in capitals],
        cells=inputs,
        options=options or EngineOptions(entry_buffer=0),
        unit=unit,
        slippage=ratio(slippage),
        spread=ratio(spread),
        fee_tiers=[
            TierInput(volume=unit.to_units(Decimal(str(volume))), taker_fee=ratio(taker), maker_fee=ratio(maker))
            for volume, taker, maker in fee_tiers
        ],
        conflicts=[conflicts] * len(texts) if isinstance(conflicts, ConflictMode) else conflicts,
        priorities=priorities,
        limits=limits(timeline) if limits is not None else None,
        flows=table,
        conversion=conversion_of(rates) if rates else None,
    )
    for step, given in sorted((orders or {}).items()):
        for command in [given] if isinstance(given, Command) else given:
            command.send(engine, step)
    engine.advance(2 * len(timeline) if stop is None else stop)
    if finish == "close":
        engine.finish(close_positions=True)
    return Played(engine)
