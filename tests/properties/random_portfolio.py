"""Random portfolios: awkward ticks, fees, leverage, missing bars, signals and commands of every kind.

Hypothesis draws a seed and the sizes (so that it can shrink them); NumPy draws the rest from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.core.money import LEDGER_LIMIT_UNITS, RATE_SCALE, MoneyUnit
from podium.core.slippage import SlippageModel
from podium.engine.audit import AuditedTier, audit_events
from podium.engine.engine import CellInput, ConversionInput, Engine, EngineOptions, EngineOverflow, TierInput
from podium.engine.limits import EngineLimits, GroupLimit, Limit, StreakStep
from podium.engine.stream import CellSignals, StepStream, TickBar
from podium.engine.tables import (
    FLOW,
    NO_LEVEL,
    ORDER,
    PLAN,
    Action,
    ConflictMode,
    LevelMode,
    LimitAction,
    OrderKind,
    SizeMode,
)
from podium.engine.timeline import SymbolTicks, Timeline

D = Decimal
TICKS = ["1", "0.5", "0.25", "0.01", "0.05", "0.0001", "0.00001", "0.00000001", "0.03", "0.0003"]
LOTS = ["1", "0.1", "0.001", "0.0001", "0.07", "100"]
CAPITALS = ["1000", "250000", "1000000000", "0.75", "12345.67891234"]
#: By how many parts a price moves in a bar, at most.
_CALM, _WILD = 40, 4


def within_ledger(act: Callable[..., None], *arguments: Any, **keywords: Any) -> None:
    """Act; give up a portfolio whose wild prices make a position worth more than the ledger holds."""
    try:
        act(*arguments, **keywords)
    except EngineOverflow:
        reject()


@dataclass(frozen=True, eq=False, repr=False)
class Portfolio:
    """Hold all inputs of an engine."""

    symbols: tuple[SymbolTicks, ...]
    instruments: tuple[Instrument, ...]
    deposits: tuple[Decimal, ...]
    cells: tuple[CellInput, ...]
    options: EngineOptions
    commands: Any
    slippage: int
    spread: int
    fee_tiers: tuple[TierInput, ...] = ()
    conflicts: tuple[ConflictMode, ...] = ()
    priorities: tuple[int, ...] = ()
    #: Capital that moves before a step: (step, giver, receiver, share of what is free); -1 is cash that none has.
    moves: tuple[tuple[int, int, int, Decimal], ...] = ()
    flows: Any = None
    #: Without days, which are those of the bars.
    limits: EngineLimits | None = None
    conversion: ConversionInput | None = None

    def __repr__(self) -> str:
        # Else a failure would print every bar, and fail over that.
        return f"<Portfolio: {len(self.symbols)} symbols, {len(self.cells)} cells>"

    @property
    def unit(self) -> MoneyUnit:
        """The money unit."""
        return MoneyUnit.for_instruments([(str(index), each) for index, each in enumerate(self.instruments)])

    def engine(self, timeline: Timeline | None = None) -> Engine:
        """Make an engine at its start."""
        timeline = Timeline.merge(self.symbols) if timeline is None else timeline
        return Engine(
            timeline=timeline,
            instruments=self.instruments,
            deposits=[self.unit.to_units(deposit) for deposit in self.deposits],
            cells=self.cells,
            options=self.options,
            unit=self.unit,
            slippage=self.slippage,
            spread=self.spread,
            fee_tiers=self.fee_tiers,
            conflicts=self.conflicts,
            priorities=self.priorities,
            flows=self.flows,
            limits=None if self.limits is None else replace(self.limits, days=timeline.days),
            conversion=self.conversion,
        )

    @property
    def rates(self) -> dict[int, Any]:
        """The rates of the symbols that are not quoted in the account currency."""
        if self.conversion is None:
            return {}
        return {
            symbol: self.conversion.rates[:, currency - 1]
            for symbol, currency in enumerate(self.conversion.currencies)
            if currency > 0
        }

    def alone(self) -> Portfolio:
        """Give it without what ties strategies to each other."""
        instruments = tuple(replace(each, volume_limit=None) for each in self.instruments)
        options = replace(self.options, netted=False)
        return replace(
            self, options=options, fee_tiers=(), conflicts=(), moves=(), limits=None, instruments=instruments
        )

    def send(self, engine: Engine, first: int, last: int) -> None:
        """Send the commands of some steps."""
        for command in self.commands:
            if first <= command["step"] < last:
                row = engine.command()
                for name in ORDER.names or ():
                    row[name] = command[name]

    def move(self, engine: Engine) -> None:
        """Make the moves that are due where an engine stands; cash that no strategy has is as much as one has."""
        for step, giver, receiver, share in self.moves:
            if engine.half_step == 2 * step:
                account = engine.tables.accounts[max(giver, 0)]
                units = int(int(account["cash"] - account["reserved"]) * share)
                if units > 0:
                    reason = Reason.DRIFT if share < 1 else Reason.SCHEDULE
                    within_ledger(engine.move_capital, giver, receiver, units, reason)

    def run(self, cuts: Sequence[int] = (), *, finish: bool = True, event_limit: int | None = None) -> Engine:
        """Run to the end, cut at half steps."""
        engine = self.engine()
        if event_limit is not None:
            engine.tables.run[0]["event_limit"] = event_limit
        steps = len(engine.timeline)
        sent = 0
        due = {2 * step for step, *_ in self.moves if step <= steps}
        for stop in sorted({*cuts, *due, 2 * steps}):
            self.send(engine, sent, (stop + 1) // 2 + 1)
            sent = (stop + 1) // 2 + 1
            within_ledger(engine.advance, stop)
            self.move(engine)
        if finish:
            within_ledger(engine.finish, close_positions=True)
        return engine

    def stream(self, *, finish: bool = True) -> tuple[Engine, Any, Any]:
        """Run to the end as what is known one step at a time; give the engine, all events and the equity of each step."""
        whole = self.engine()
        timeline, measures = whole.timeline, whole.tables.measures
        cells = [
            cell
            if cell.signals is None
            else replace(cell, signals=np.zeros(1, np.uint8), levels=[np.full(1, NO_LEVEL) for _ in cell.levels])
            for cell in self.cells
        ]
        conversion = self.conversion and replace(self.conversion, rates=np.ones_like(self.conversion.rates[:1]))
        alike = replace(self, cells=tuple(cells), flows=None, conversion=conversion)
        engine = alike.engine(Timeline.of_one_step(len(self.symbols)))
        stream = StepStream(engine)
        next_bar = np.cumsum(timeline.lengths) - timeline.lengths
        first_bar = next_bar.copy()
        blocks, equity = [], []
        for step in range(len(timeline)):
            self.move(engine)
            if step:
                equity.append(engine.equity[0].copy())
            bars, signals = {}, {}
            for symbol in timeline.symbols[timeline.steps[step] : timeline.steps[step + 1]].tolist():
                place, row = int(next_bar[symbol]), int(next_bar[symbol] - first_bar[symbol])
                next_bar[symbol] += 1
                prices = {name: int(timeline.bars[place][name]) for name in ("open", "high", "low", "close")}
                bars[symbol] = TickBar(**prices, measure=measures[place] if whole.tables.run[0]["measured"] else None)
                for index, cell in enumerate(self.cells):
                    if cell.symbol == symbol and cell.signals is not None:
                        levels = [int(level[row]) for level in cell.levels]
                        signals[index] = CellSignals(int(cell.signals[row]), levels)
            time = int(timeline.times[step])
            flows = None if self.flows is None else self.flows[self.flows["step"] == step].copy()
            rates = None if self.conversion is None else self.conversion.rates[step]
            stream.present(time, bars, signals, limit_day=int(timeline.days[step]), flows=flows, rates=rates)
            self.send(engine, step, step + 1)
            within_ledger(engine.advance, 2 * step + 1)
            within_ledger(engine.advance, 2 * step + 2)
            blocks += engine.take_events()
        self.move(engine)
        if finish:
            within_ledger(engine.finish, close_positions=True)
        blocks += engine.take_events()
        return engine, np.concatenate(blocks), np.array([*equity, engine.equity[0]])

    def audit(self, engine: Engine) -> Any:
        """Recompute all accounts from the fills."""
        return audit_events(
            engine.events(),
            cells=[(cell.strategy, cell.symbol) for cell in self.cells],
            instruments=self.instruments,
            deposits=self.deposits,
            digits=self.unit.digits,
            compounding=self.options.compounding,
            netted=self.options.netted,
            tiers=[
                AuditedTier(self.unit.to_decimal(tier.volume), D(tier.taker_fee) / 10**9, D(tier.maker_fee) / 10**9)
                for tier in self.fee_tiers
            ],
            times=Timeline.merge(self.symbols).times.tolist(),
            flows=self.flows,
            rates=self.rates,
        )


def _chance(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def _bars(rng: np.random.Generator, hours: int, start: int) -> SymbolTicks:
    times = np.flatnonzero(rng.random(hours) < rng.choice([1.0, 0.9, 0.5]))
    if len(times) == 0:
        times = np.arange(1)
    part = _WILD if _chance(rng, 0.1) else _CALM
    rows = []
    price = start
    for _ in times:
        reach = max(price // part, 3)
        opened = max(1, price + int(rng.integers(-reach, reach + 1)) * _chance(rng, 0.3))
        closed = max(1, opened + int(rng.integers(-reach, reach + 1)))
        high = max(opened, closed) + int(rng.integers(0, reach + 1))
        low = max(1, min(opened, closed) - int(rng.integers(0, reach + 1)))
        rows.append((opened, high, low, closed))
        price = closed
    table = np.array(rows, np.int64)
    return SymbolTicks(
        close_time=times * 3_600_000_000_000,
        open=table[:, 0].copy(),
        high=table[:, 1].copy(),
        low=table[:, 2].copy(),
        close=table[:, 3].copy(),
    )


def _instrument(rng: np.random.Generator) -> Instrument:
    tick, lot = D(rng.choice(TICKS)), D(rng.choice(LOTS))
    return Instrument(
        tick=tick,
        lot=lot,
        multiplier=D(rng.choice(["1", "1", "1", "10", "0.5"])),
        taker_fee=D(rng.choice(["0", "0.001", "0.00075", "0.000333333", "0.02", "-0.0001"])),
        maker_fee=None if _chance(rng, 0.5) else D(rng.choice(["0", "0.0002", "-0.0001"])),
        fee_per_unit=D(rng.choice(["0", "0", "0.0001", "0.00003"])) if D("0.001") <= lot <= 1 else D(0),
        fee_minimum=D(rng.choice(["0", "0", "0", "0.5", "0.00001"])),
        leverage=D(rng.choice(["1", "1", "1", "1.5", "3", "7.3", "20"])),
        slippage=None if _chance(rng, 0.7) else D("0.0007"),
        quantity_minimum=None if _chance(rng, 0.8) else lot * 3,
        quantity_maximum=None if _chance(rng, 0.8) else lot * 50,
    )


def _size(rng: np.random.Generator, row: Any, lot_price: int) -> None:
    """Write a size; ``lot_price`` is what a lot is worth, in units."""
    mode = SizeMode(int(rng.integers(0, 5)))
    row["size_mode"] = mode
    if mode in (SizeMode.FRACTION, SizeMode.RISK):
        row["size"] = int(rng.integers(1, RATE_SCALE + 1)) // int(rng.choice([1, 10]))
    elif mode is SizeMode.QUANTITY:
        row["size"] = int(rng.choice([1, 2, 3, 10, 100, 10_000]))
    elif mode is SizeMode.MONEY:
        row["size"] = min(lot_price * int(rng.integers(0, 50)), 1 << 60)


def _level(rng: np.random.Generator, price: int, *, above: bool) -> tuple[LevelMode, int]:
    mode = LevelMode(int(rng.integers(1, 4)))
    part = int(rng.choice([5, 20, 60, 200]))
    if mode is LevelMode.RATIO:
        return mode, RATE_SCALE // part
    distance = max(price // part, 1)
    if mode is LevelMode.DISTANCE:
        return mode, distance
    if _chance(rng, 0.03):
        return mode, NO_LEVEL
    return mode, max(price + (distance if above else -distance), 1)


def _protection(rng: np.random.Generator, row: Any, price: int, side: int) -> None:
    """Write levels into an ``ORDER`` row, most of them on the right side."""
    right = not _chance(rng, 0.03)
    if _chance(rng, 0.5) or row["size_mode"] == SizeMode.RISK:
        row["stop_mode"], row["stop"] = _level(rng, price, above=(side < 0) == right)
    if _chance(rng, 0.2):
        row["trail_mode"], row["trail"] = _level(rng, price, above=(side < 0) == right)
        row["trail_after"] = int(rng.choice([0, RATE_SCALE // 50]))
    if _chance(rng, 0.4):
        count = int(rng.integers(1, 5))
        for index in range(count):
            row["target_mode"][index], row["target"][index] = _level(rng, price, above=(side > 0) == right)
            row["target_share"][index] = RATE_SCALE // int(rng.integers(count, count + 2))
        row["target_count"] = count
    if _chance(rng, 0.2):
        row["break_even_after"] = RATE_SCALE // 50
        row["break_even_offset"] = int(rng.choice([0, RATE_SCALE // 500, -RATE_SCALE // 500]))
    if _chance(rng, 0.3):
        row["max_bars"] = int(rng.integers(1, 6))


def _plan(rng: np.random.Generator, ticks: SymbolTicks, lot_price: int) -> tuple[Any, tuple[Any, ...]]:
    """Make the plan of a rules cell; levels that are prices or distances become series."""
    order = np.zeros(1, ORDER)[0]
    _size(rng, order, lot_price)
    _protection(rng, order, int(ticks.close[0]), int(rng.choice([1, -1])))
    row = np.zeros(1, PLAN)[0]
    for name in ("size_mode", "size", "target_count", "target_share", "trail_after", "break_even_after",
                 "break_even_offset", "max_bars"):  # fmt: skip
        row[name] = order[name]
    row["series"] = -1
    modes = [order["stop_mode"], order["trail_mode"], *order["target_mode"]]
    values = [order["stop"], order["trail"], *order["target"]]
    series = []
    for index, (mode, value) in enumerate(zip(modes, values, strict=True)):
        row["mode"][index], row["value"][index] = mode, value
        if mode in (LevelMode.PRICE, LevelMode.DISTANCE):
            row["series"][index] = len(series)
            drift = ticks.close - ticks.close[0] if mode == LevelMode.PRICE else np.zeros_like(ticks.close)
            levels = np.maximum(int(value) + drift, 1) if value != NO_LEVEL else np.full(len(drift), NO_LEVEL)
            levels[rng.random(len(levels)) < 0.05] = NO_LEVEL
            series.append(levels.astype(np.int64))
    return row, tuple(series)


def _signals(rng: np.random.Generator, bars: int) -> Any:
    entries, exits = rng.choice([0.05, 0.3, 0.8]), rng.choice([0.05, 0.3])
    bits = np.zeros(bars, np.uint8)
    for bit, probability in ((1, entries), (2, exits), (4, entries), (8, exits)):
        bits |= np.where(rng.random(bars) < probability, bit, 0).astype(np.uint8)
    return bits


def _command(rng: np.random.Generator, row: Any, price: int, lot_price: int) -> None:
    row["bars_left"] = -1
    row["side"] = side = int(rng.choice([1, -1]))
    row["action"] = action = Action(int(rng.choice([1, 1, 1, 1, 2, 3, 4])))
    row["kind"] = OrderKind.MARKET
    if action in (Action.PLACE, Action.CLOSE):
        _size(rng, row, lot_price)
    if action is Action.PLACE:
        row["kind"] = kind = OrderKind(int(rng.integers(1, 4)))
        near = max(1, price + int(rng.integers(-5, 6)) * max(price // 200, 1))
        if kind is OrderKind.LIMIT:
            row["limit"] = near
        elif kind is OrderKind.STOP:
            row["trigger"] = near
        if _chance(rng, 0.3):
            row["bars_left"] = int(rng.integers(1, 4))
        _protection(rng, row, near, side)
    elif action is Action.CANCEL:
        row["identifier"] = int(rng.choice([0, 1, 2, 3]))
    elif action is Action.PROTECT:
        _protection(rng, row, price, side)


def _commands(
    rng: np.random.Generator, symbols: Sequence[SymbolTicks], cells: Sequence[CellInput], lots: Sequence[int]
) -> Any:
    """Make commands by step for the coded cells, each at a bar of its symbol."""
    times = np.unique(np.concatenate([ticks.close_time for ticks in symbols]))
    rows = []
    for index, cell in enumerate(cells):
        if cell.signals is not None:
            continue
        ticks = symbols[cell.symbol]
        often = rng.choice([0.1, 0.5])
        for bar, time in enumerate(ticks.close_time):
            for _ in range(int(rng.integers(1, 5)) if _chance(rng, often) else 0):
                row = np.zeros(1, ORDER)[0]
                price = int(ticks.close[bar])
                _command(rng, row, price, price * lots[cell.symbol])
                row["step"], row["cell"] = int(np.searchsorted(times, time)), index
                rows.append(row)
    return sorted(rows, key=lambda row: int(row["step"]))


def _slippage_model(rng: np.random.Generator, instrument: Instrument) -> SlippageModel | None:
    if _chance(rng, 0.3):
        return None
    return SlippageModel(
        ticks=int(rng.choice([0, 0, 3])),
        money=instrument.tick * D(rng.choice(["0", "0", "0.3", "1.000000001", "7"])),
        volatility=D(rng.choice(["0", "0.1", "1.333333333"])),
        impact=D(rng.choice(["0", "0.5", "1", "17"])),
        window=int(rng.choice([1, 3, 20])),
        stops=_chance(rng, 0.5),
    )


def _with_costs(portfolio: Portfolio, seed: int) -> Portfolio:
    """Add costs that are seldom on; drawn apart, so that everything else stays as it is without them."""
    rng = np.random.default_rng([seed, 3])
    pace = int(rng.choice([1, 1, 5, 24 * 40]))
    symbols = tuple(replace(ticks, close_time=ticks.close_time * pace) for ticks in portfolio.symbols)
    instruments = [
        replace(each, taker_fee=each.taker_fee if _chance(rng, 0.5) else None) for each in portfolio.instruments
    ]
    least = D(int(portfolio.unit.to_units(min(portfolio.deposits)) // int(rng.choice([3, 20, 500]))))
    least = portfolio.unit.to_decimal(int(least))
    instruments = [each if _chance(rng, 0.7) else replace(each, notional_minimum=least) for each in instruments]
    if _chance(rng, 0.5):
        volumes = [rng.integers(0, int(rng.choice([3, 100, 10**6, 10**12])), len(ticks.close)) for ticks in symbols]
        symbols = tuple(replace(ticks, volume=volume) for ticks, volume in zip(symbols, volumes, strict=True))
        instruments = [replace(each, slippage_model=_slippage_model(rng, each)) for each in instruments]
        instruments = [
            each if _chance(rng, 0.5) else replace(each, volume_limit=D(rng.choice(["0.1", "0.000000001", "1"])))
            for each in instruments
        ]
    tiers: list[TierInput] = []
    volume = 0
    for _ in range(int(rng.choice([0, 1, 3, 16]))):
        fees = [int(rng.choice([0, 10**6, 333_333, -(10**5)])) for _ in range(2)]
        tiers.append(TierInput(volume=volume, taker_fee=fees[0], maker_fee=fees[1]))
        volume += 1 + int(sum(map(portfolio.unit.to_units, portfolio.deposits)) * float(rng.random()))
    return replace(portfolio, symbols=symbols, instruments=tuple(instruments), fee_tiers=tuple(tiers))


def _conflicts(rng: np.random.Generator, symbols: int, options: EngineOptions) -> tuple[ConflictMode, ...]:
    """Draw how conflicts are resolved on each symbol; sizes that are not known cannot be netted."""
    modes = [mode for mode in ConflictMode if not (options.size_at_fill and mode is ConflictMode.NET_SIGNAL)]
    return tuple(modes[int(rng.integers(0, len(modes)))] for _ in range(symbols))


def _with_moves(portfolio: Portfolio, seed: int, hours: int) -> Portfolio:
    """Move capital now and then, between any two strategies or cash that none has; drawn apart, as costs are."""
    rng = np.random.default_rng([seed, 4])
    often = rng.choice([0, 0.2])
    strategies = sorted({cell.strategy for cell in portfolio.cells})
    moves = []
    for step in range(1, hours + 1):
        for _ in range(int(rng.integers(1, 3)) if _chance(rng, often) else 0):
            giver, receiver = (int(each) for each in rng.choice([-1, *strategies], 2, replace=False))
            moves.append((step, giver, receiver, D(rng.choice(["1", "0.5", "0.1", "0.000001"]))))
    return replace(portfolio, moves=tuple(moves))


def _futures(rng: np.random.Generator, instruments: Sequence[Instrument], starts: Sequence[int]) -> Any:
    """Let some instruments bind a fixed margin, about a tenth of a lot's worth."""
    for instrument, start in zip(instruments, starts, strict=True):
        tick = instrument.tick * instrument.multiplier
        ticks, is_margined = max(start // 10, 1), _chance(rng, 0.3)
        if _chance(rng, 0.2):
            least = (ticks + 1) // 2 * tick if is_margined else None
            yield replace(instrument, leverage=D(1), initial_margin=ticks * tick, maintenance_margin=least)
        else:
            rate = (D("0.6") / instrument.leverage).quantize(D("1e-9")) if is_margined else D(0)
            yield replace(instrument, maintenance_rate=rate)


def _flows(rng: np.random.Generator, symbols: Sequence[SymbolTicks], lots: Sequence[int]) -> Any:
    """Draw what holding brings or costs, at any bar, several at once, and a few splits."""
    times = np.unique(np.concatenate([ticks.close_time for ticks in symbols]))
    rows = []
    for symbol, ticks in enumerate(symbols):
        often = rng.choice([0.0, 0.1, 0.5])
        for bar, time in enumerate(ticks.close_time):
            for _ in range(int(rng.integers(1, 3)) if _chance(rng, often) else 0):
                kind = Reason(int(rng.choice([70, 70, 71, 72, 73, 73, 74], p=[0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05])))
                ratio = {
                    Reason.FUNDING: (int(rng.integers(-(10**10), 10**10)), 10**12),
                    Reason.BORROW: (int(rng.integers(1, 10**9)), 360 * 10**9),
                    Reason.DIVIDEND: (min(int(ticks.close[bar]) * lots[symbol] // 3 + 1, 1 << 60), 70),
                    Reason.SETTLEMENT: (0, 1),
                    Reason.SPLIT: ((2, 1), (1, 2), (3, 2), (1, 10), (1001, 500))[int(rng.integers(0, 5))],
                }[kind]
                phase = 0 if kind in (Reason.DIVIDEND, Reason.SPLIT) else int(rng.integers(0, 2))
                rows.append((int(np.searchsorted(times, time)), phase, symbol, int(kind), *ratio))
    return np.array(sorted(rows, key=lambda row: row[:2]), FLOW)


#: What limits of each kind may do, and how tight they are.
_SHARES = ("0.02", "0.1", "0.3", "0.8", "2")
_LOSSES = {Reason.DAILY_LOSS: ("0.001", "0.02"), Reason.DRAWDOWN: ("0.005", "0.05")}
_ORDERS = (Reason.ORDER_VALUE, Reason.TRADE_RISK, Reason.POSITION_RISK)
_EXPOSURES = (
    Reason.TOTAL_RISK,
    Reason.GROSS_EXPOSURE,
    Reason.NET_EXPOSURE,
    Reason.SYMBOL_EXPOSURE,
    Reason.STRATEGY_EXPOSURE,
)
_HOUR = 3_600_000_000_000


def _amount(rng: np.random.Generator, portfolio: Portfolio, shares: Sequence[str]) -> dict[str, int]:
    """Draw a ratio of equity, or the same as money."""
    share = D(rng.choice(list(shares)))
    if _chance(rng, 0.7):
        return {"ratio": int(share * RATE_SCALE)}
    return {"bound": max(int(share * sum(map(portfolio.unit.to_units, portfolio.deposits))), 1)}


def _action(rng: np.random.Generator, *actions: LimitAction) -> LimitAction:
    # What closes everything leaves little to look at.
    return actions[0] if _chance(rng, 0.4) else actions[int(rng.integers(0, len(actions)))]


def _with_limits(portfolio: Portfolio, seed: int) -> Portfolio:
    """Give a portfolio limits of every kind."""
    rng = np.random.default_rng([seed, 3])
    block, reduce, close, stop = list(LimitAction)[1:]
    release = {"cool_down": int(rng.choice([0, 3])) * _HOUR, "daily_reset": _chance(rng, 0.5)}
    drawn: dict[Reason, Limit] = {}
    for reason, shares in _LOSSES.items():
        amount = _amount(rng, portfolio, shares)
        drawn[reason] = Limit(
            action=_action(rng, block, reduce, close, stop), factor=RATE_SCALE // 2, **amount, **release
        )
    drawn[Reason.LOSS_STREAK] = Limit(action=_action(rng, reduce, block, close, stop), **release)
    drawn[Reason.ORDERS_PER_MINUTE] = Limit(action=_action(rng, block, stop), bound=int(rng.integers(1, 4)))
    drawn[Reason.OPEN_POSITIONS] = Limit(action=_action(rng, block, stop), bound=int(rng.integers(1, 4)))
    drawn[Reason.PRICE_DEVIATION] = Limit(action=_action(rng, block, stop), ratio=RATE_SCALE // 50)
    for reason in _ORDERS:
        drawn[reason] = Limit(action=_action(rng, reduce, block, stop), **_amount(rng, portfolio, _SHARES))
    for reason in _EXPOSURES:
        amount = _amount(rng, portfolio, _SHARES)
        drawn[reason] = Limit(action=_action(rng, reduce, block, close, stop), **amount)
    kept = {reason: limit for reason, limit in drawn.items() if _chance(rng, 0.3)}
    groups = [
        GroupLimit(
            symbols=tuple(index for index in range(len(portfolio.symbols)) if _chance(rng, 0.6)),
            action=_action(rng, reduce, block, close, stop),
            **_amount(rng, portfolio, _SHARES),
        )
        for _ in range(int(rng.integers(0, 3)))
    ]
    streak = [StreakStep(losses=2, factor=RATE_SCALE * 3 // 4), StreakStep(losses=3, factor=RATE_SCALE // 4)]
    limits = EngineLimits(
        limits=kept,
        days=np.zeros(0, np.int64),
        unallocated=int(rng.choice([0, 10**10])),
        groups=groups,
        streak=streak if Reason.LOSS_STREAK in kept else (),
        streak_per_strategy=_chance(rng, 0.5),
    )
    return replace(portfolio, limits=limits)


def _with_currencies(portfolio: Portfolio, seed: int) -> Portfolio:
    """Quote some symbols in one of two other currencies, with awkward rates; drawn apart, as costs are."""
    rng = np.random.default_rng([seed, 6])
    if _chance(rng, 0.5):
        return portfolio
    times = np.unique(np.concatenate([ticks.close_time for ticks in portfolio.symbols]))
    # An audit reads from a fill how far it slipped: what is rounded must not hide a tick.
    levels = [1.5, 7, 40] if portfolio.options.netted else [0.02, 0.3, 1.5, 7, 40]
    rates = np.empty((len(times), 2, 2, 2), np.int64)
    for currency in range(2):
        scale = int(rng.choice([1000, 997, 10**8]))
        level, spread = float(rng.choice(levels)), float(rng.choice([0, 0.02, 0.3]))
        walk = level * np.exp(np.clip(np.cumsum(spread * rng.normal(size=2 * len(times))), -0.3, 0.3))
        rates[:, currency, :, 0] = np.maximum((walk * scale).astype(np.int64), 1).reshape(-1, 2)
        rates[:, currency, :, 1] = scale
        if _chance(rng, 0.3) and not portfolio.options.netted:
            rates[:, currency] = rates[:, currency, :, ::-1]
    currencies = [int(rng.choice([0, 1, 1, 2])) for _ in portfolio.symbols]
    return replace(portfolio, conversion=ConversionInput(currencies=currencies, rates=rates))


def make_portfolio(*, seed: int, symbols: int, strategies: int, hours: int, limited: bool = False) -> Portfolio:
    """Make a portfolio.

    Args:
        seed: of everything that is not given.
        symbols: how many.
        strategies: how many; each trades some of the symbols.
        hours: how long the bars go.
        limited: whether it has limits.
    """
    rng = np.random.default_rng(seed)
    instruments = tuple(_instrument(rng) for _ in range(symbols))
    unit = MoneyUnit.for_instruments([(str(index), each) for index, each in enumerate(instruments)])
    lots = [unit.money_per_tick_lot(each) for each in instruments]
    capital = D(rng.choice(CAPITALS))
    while unit.to_units(capital) >= LEDGER_LIMIT_UNITS // 1024:
        capital /= 1000
    deposits = [(capital / 8 * int(rng.integers(1, 3))).quantize(D("1e-8")) for _ in range(strategies)]
    # A lot costs between a millionth and a half of a strategy's capital, so that there is something to trade.
    smallest = unit.to_units(min(deposits))
    starts = [max(1, int(smallest / int(rng.choice([2, 30, 1000, 10**6])) / lot)) for lot in lots]
    bars = tuple(_bars(rng, hours, min(start, 10**9)) for start in starts)
    # Drawn apart, so that they change nothing else.
    carry = np.random.default_rng([seed, 3])
    instruments = tuple(_futures(carry, instruments, starts))
    coded = [_chance(rng, 0.5) for _ in range(strategies)]
    cells = []
    for symbol in range(symbols):
        for strategy in range(strategies):
            if not _chance(rng, 0.85) and (symbol or strategy):
                continue
            if coded[strategy]:
                cells.append(CellInput(strategy=strategy, symbol=symbol))
                continue
            plan, levels = _plan(rng, bars[symbol], lots[symbol] * starts[symbol])
            signals = _signals(rng, len(bars[symbol].close))
            cells.append(CellInput(strategy=strategy, symbol=symbol, signals=signals, plan=plan, levels=levels))
    options = EngineOptions(
        entry_buffer=int(rng.choice([0, RATE_SCALE // 100])),
        fill_at_close=_chance(rng, 0.2),
        size_at_fill=_chance(rng, 0.3),
        optimistic=_chance(rng, 0.3),
        protect_next_bar=_chance(rng, 0.3),
        compounding=_chance(rng, 0.5),
        spread_on_exit=_chance(rng, 0.5),
    )
    portfolio = Portfolio(
        symbols=bars,
        instruments=instruments,
        deposits=tuple(deposits),
        cells=tuple(cells),
        options=options,
        commands=_commands(rng, bars, cells, lots),
        slippage=int(rng.choice([0, RATE_SCALE // 2000])),
        spread=int(rng.choice([0, RATE_SCALE // 3000])),
        conflicts=_conflicts(rng, symbols, options),
        priorities=tuple(int(rng.integers(0, 3)) for _ in range(strategies)),
        flows=_flows(carry, bars, lots),
    )
    # Drawn apart, so that everything else stays as it is without it.
    netted = _chance(np.random.default_rng([seed, 5]), 0.5)
    portfolio = replace(portfolio, options=replace(options, netted=netted))
    portfolio = _with_currencies(_with_moves(_with_costs(portfolio, seed), seed, hours), seed)
    return _with_limits(portfolio, seed) if limited else portfolio


def portfolios(hours: int = 40, *, limited: bool = False) -> Any:
    """Draw portfolios; half of them have limits, or all of them."""
    return st.builds(
        make_portfolio,
        seed=st.integers(0, 2**32 - 1),
        symbols=st.integers(1, 3),
        strategies=st.integers(1, 3),
        hours=st.integers(1, hours),
        limited=st.just(True) if limited else st.booleans(),
    )
