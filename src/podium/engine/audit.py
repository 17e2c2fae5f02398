"""Recompute every account from the fills alone, in ``Decimal``, and compare with what the engine recorded.

Written apart from the kernels on purpose: it shares no code with them and no scaled integers, only the contract. A
position is its quantity and its cost; an entry binds notional ÷ leverage and pays its fee; an exit takes cost × closed
÷ quantity, half to even, the last one the rest. What holding brings is worth × ratio at the mark of its posting; a
settlement realises the open result; a split multiplies quantities and pays for what is left of a lot. What is in a
quote currency is converted at the rate known when it was posted; what a position binds goes there and comes back.
Where the two differ by a single unit, one is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant
from podium.core.events import EventKind, Reason
from podium.core.instruments import Instrument
from podium.core.times import NANOSECONDS_PER_DAY
from podium.engine.tables import CLOSED, FLOW, MOVED, OrderKind, Record

__all__ = ["AuditedAccount", "AuditedPosition", "AuditedTier", "audit_events"]

_EXACT = Context(prec=90, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)
_TOTALS = ("notional", "fee", "realised")
_TRADE = (*_TOTALS, "exit_notional", "carried")


@dataclass(slots=True)
class AuditedPosition:
    """Hold what one cell has open, and the sums of its present trade.

    Args:
        quantity: signed.
        cost: signed entry notional of what is open, in the quote currency.
        margin: money of the account bound by it.
        collateral: what that was exchanged into, in the quote currency; 0 where this is the account currency.
        trade: sums of the trade, by the name of the event's field.
    """

    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO
    margin: Decimal = _ZERO
    collateral: Decimal = _ZERO
    trade: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(_TRADE, _ZERO))


@dataclass(slots=True)
class AuditedAccount:
    """Hold one strategy's money as the fills make it.

    Args:
        deposited: what it started with.
        cash: money not bound.
        used: money bound by positions.
        realised: earned by closed quantity, before fees.
        fees: paid.
        carried: got for holding.
        transferred: got from other strategies; negative when given to them.
        renewed: what it may use since capital was last moved to or from it; ``None`` before.
    """

    deposited: Decimal
    cash: Decimal
    used: Decimal = _ZERO
    realised: Decimal = _ZERO
    fees: Decimal = _ZERO
    carried: Decimal = _ZERO
    transferred: Decimal = _ZERO
    renewed: Decimal | None = None

    @property
    def at_cost(self) -> Decimal:
        """Give its equity at cost, which an allocation that is renewed becomes."""
        return max(self.cash, _ZERO) + self.used


@dataclass(frozen=True, slots=True)
class AuditedTier:
    """State the fees from a volume on.

    Args:
        volume: money traded by the portfolio in the 30 UTC days before.
        taker_fee: ratio of the notional.
        maker_fee: ratio of the notional.
    """

    volume: Decimal
    taker_fee: Decimal
    maker_fee: Decimal


@dataclass(frozen=True, slots=True)
class _MarketFill:
    """Hold a fill that is to be netted; its price is in the quote currency, the rest is converted."""

    side: int
    is_exit: bool
    lots: Decimal
    price: Decimal
    notional: Decimal
    fee: Decimal
    slippage: Decimal


def _net_of(fills: Sequence[_MarketFill]) -> tuple[int, Decimal, Decimal]:
    """Give the side and the quantity that is left of fills, and what crosses."""
    bought, sold = (sum((fill.lots for fill in fills if fill.side == side), _ZERO) for side in (1, -1))
    return (1 if bought > sold else -1), abs(bought - sold), min(bought, sold)


class _Audit:
    def __init__(
        self,
        cells: Sequence[tuple[int, int]],
        instruments: Sequence[Instrument],
        deposits: Sequence[Decimal],
        digits: int,
        *,
        compounding: bool,
        tiers: Sequence[AuditedTier],
        times: Sequence[int],
        flows: NDArray[Record],
        netted: bool,
        rates: Mapping[int, NDArray[np.int64]],
    ) -> None:
        self.rates = rates
        self.exchanged: Record | None = None
        self.netting = AuditedAccount(_ZERO, _ZERO) if netted else None
        self.created: dict[tuple[int, int], int] = {}
        self.books: dict[tuple[int, int, int], list[_MarketFill]] = {}
        self.tiers, self.times = tiers, times
        self.volumes: dict[int, Decimal] = {}
        self.cells, self.instruments, self.compounding = cells, instruments, compounding
        self.flows: dict[tuple[int, int, int, int], list[Record]] = {}
        for flow in flows:
            place = (int(flow["step"]), int(flow["phase"]), int(flow["symbol"]), int(flow["kind"]))
            self.flows.setdefault(place, []).append(flow)
        self.posted: Counter[tuple[int, tuple[int, int, int, int]]] = Counter()
        self.unit = Decimal(1).scaleb(-digits)
        self.positions = [AuditedPosition() for _ in cells]
        self.accounts = [AuditedAccount(deposit, deposit) for deposit in deposits]

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self.unit, ROUND_HALF_EVEN, _EXACT)

    def money(self, units: int) -> Decimal:
        return _EXACT.multiply(Decimal(int(units)), self.unit)

    def rate(self, event: Record, phase: int) -> Fraction:
        return self.rate_of(self.cells[int(event["cell"])][1], int(event["step"]), phase)

    def rate_of(self, symbol: int, step: int, phase: int) -> Fraction:
        """Give the rate of a symbol in a step: that known before its bars (phase 0), or at their closes."""
        if symbol not in self.rates:
            return Fraction(1)
        numerator, denominator = self.rates[symbol][step, int(phase > 0)].tolist()
        return Fraction(numerator, denominator)

    def converted(self, amount: Decimal, rate: Fraction) -> Decimal:
        return self.rounded(_EXACT.divide(_EXACT.multiply(amount, rate.numerator), rate.denominator))

    def read(self, event: Record) -> None:
        kind = EventKind(int(event["kind"]))
        if kind is EventKind.CURRENCY_CONVERTED:
            # What comes next says how much of the position it is about.
            invariant(self.exchanged is None, "a conversion belongs to the exit behind it", step=int(event["step"]))
            self.exchanged = event
            return
        if kind in (EventKind.CONFLICT_DETECTED, EventKind.LIMIT_REACHED, EventKind.LIMIT_RELEASED):
            return
        if kind is EventKind.ORDERS_NETTED:
            self.net(event)
            return
        if kind is EventKind.FEE_TIER_CHANGED:
            tier = self.tier(event)
            told = int(event["order"]) - 1
            invariant(self.tiers[told] is tier, "the fee tier is that of the volume", told=told, audited=tier)
            return
        if kind is EventKind.ORDER_CREATED:
            self.created[int(event["cell"]), int(event["order"])] = int(event["step"])
        if kind is EventKind.ORDER_FILLED:
            self.fill(event)
        if kind is EventKind.CAPITAL_MOVED:
            self.move(event)
        if kind is EventKind.CARRY_POSTED:
            self.carry(event)
        if kind is EventKind.POSITION_ADJUSTED:
            self.split(event)
        invariant(self.exchanged is None, "what is converted was due", step=int(event["step"]), cell=int(event["cell"]))
        if kind is EventKind.POSITION_CLOSED:
            self.close(event)
        # An opened position tells its levels; the fill just before tells the account.
        elif kind is not EventKind.POSITION_OPENED:
            self.compare_account(event)

    def fill(self, event: Record) -> None:
        strategy, symbol = self.cells[int(event["cell"])]
        instrument = self.instruments[symbol]
        account, position = self.accounts[strategy], self.positions[int(event["cell"])]
        lots = _EXACT.multiply(int(event["quantity"]), instrument.lot)
        price = _EXACT.multiply(int(event["price"]), instrument.tick)
        notional = _EXACT.multiply(_EXACT.multiply(price, lots), instrument.multiplier)
        side, phase = int(event["side"]), self.phase(event)
        rate = self.rate(event, phase)
        fee = self.converted(self.fee(event, instrument, lots, notional), rate)
        if self.netting is not None and event["order_kind"] == OrderKind.MARKET:
            key, slippage = (symbol, int(event["step"]), phase), self.money(event["slippage"])
            worth = self.converted(notional, rate)
            self.books.setdefault(key, []).append(
                _MarketFill(side, bool(event["exit"]), lots, price, worth, fee, slippage)
            )
        if event["exit"]:
            held = abs(position.quantity)
            invariant(
                side * position.quantity < 0 and lots <= held, "an exit reduces its position", held=held, closed=lots
            )
            share = Fraction(lots) / Fraction(held)
            self.exchange(account, position, share, rate)
            realised = self.converted(self.reduce(account, position, share, -side * notional), rate)
            position.quantity += side * lots
            position.trade["exit_notional"] += notional
        else:
            realised = _ZERO
            margin = self.margin(instrument, lots, notional)
            if symbol in self.rates:
                position.collateral += margin
                margin = self.converted(margin, rate)
            position.quantity += side * lots
            position.cost += side * notional
            position.margin += margin
            account.cash -= margin
            account.used += margin
            position.trade["notional"] += notional
        if self.tiers:
            day = self.day(event)
            self.volumes[day] = self.volumes.get(day, _ZERO) + self.converted(notional, rate)
        account.cash += realised - fee
        account.realised += realised
        account.fees += fee
        position.trade["fee"] += fee
        position.trade["realised"] += realised
        held = _EXACT.multiply(int(event["position"]), instrument.lot)
        self.compare(event, {"notional": self.converted(notional, rate), "fee": fee, "realised": realised})
        invariant(
            held == position.quantity, "a position is the sum of its fills", recorded=held, audited=position.quantity
        )

    def margin(self, instrument: Instrument, lots: Decimal, notional: Decimal) -> Decimal:
        if instrument.initial_margin is not None:
            return _EXACT.multiply(lots, instrument.initial_margin)
        return self.rounded(_EXACT.divide(notional, instrument.leverage))

    def flow(self, event: Record) -> Record:
        """Give the flow that an event posts; those of one kind, step and phase come in their order."""
        cell = int(event["cell"])
        place = (int(event["step"]), int(event["maker"]), self.cells[cell][1], int(event["reason"]))
        number = self.posted[cell, place]
        self.posted[cell, place] += 1
        invariant(number < len(self.flows.get(place, ())), "what is posted was due", step=place[0], cell=cell)
        return self.flows[place][number]

    def carry(self, event: Record) -> None:
        strategy, symbol = self.cells[int(event["cell"])]
        instrument, flow = self.instruments[symbol], self.flow(event)
        account, position = self.accounts[strategy], self.positions[int(event["cell"])]
        price = _EXACT.multiply(int(event["price"]), instrument.tick)
        worth = _EXACT.multiply(_EXACT.multiply(price, position.quantity), instrument.multiplier)
        reason, rate = Reason(int(event["reason"])), self.rate(event, int(event["maker"]))
        amount = self.carried(reason, flow, worth, _EXACT.divide(position.quantity, instrument.lot))
        if reason is Reason.SETTLEMENT:
            amount = worth - position.cost
            position.cost += amount
        amount = self.converted(amount, rate)
        if reason is Reason.SETTLEMENT:
            account.realised += amount
            position.trade["realised"] += amount
        else:
            account.carried += amount
            position.trade["carried"] += amount
        account.cash += amount
        self.compare(event, {"realised": amount, "notional": self.converted(abs(worth), rate)})

    def carried(self, reason: Reason, flow: Record, worth: Decimal, lots: Decimal) -> Decimal:
        """Compute what holding brings; a dividend is in units a lot."""
        base = {Reason.FUNDING: -worth, Reason.BORROW: min(worth, _ZERO), Reason.DIVIDEND: lots * self.unit}
        if reason not in base:
            return _ZERO
        return self.rounded(
            _EXACT.divide(_EXACT.multiply(base[reason], int(flow["numerator"])), int(flow["denominator"]))
        )

    def split(self, event: Record) -> None:
        strategy, symbol = self.cells[int(event["cell"])]
        instrument, flow = self.instruments[symbol], self.flow(event)
        account, position = self.accounts[strategy], self.positions[int(event["cell"])]
        ratio = Fraction(int(flow["numerator"]), int(flow["denominator"]))
        held = Fraction(position.quantity / instrument.lot)
        side = 1 if held > 0 else -1
        lots = int(abs(held) * ratio)
        # What is left of a lot, as a share of the position before.
        share, rate = 1 - lots / (abs(held) * ratio), self.rate(event, int(event["maker"]))
        paid = self.money(int(event["notional"]))
        self.exchange(account, position, share, rate)
        realised = self.converted(self.reduce(account, position, share, side * paid), rate)
        position.quantity = side * _EXACT.multiply(lots, instrument.lot)
        account.cash += realised
        account.realised += realised
        position.trade["realised"] += realised
        position.trade["exit_notional"] += paid
        self.compare(event, {"realised": realised})
        invariant(int(event["quantity"]) == lots, "a split keeps whole lots", audited=lots)

    def part(self, amount: Decimal, share: Fraction) -> Decimal:
        part = _EXACT.divide(_EXACT.multiply(amount, share.numerator), share.denominator)
        return self.rounded(part)

    def reduce(self, account: AuditedAccount, position: AuditedPosition, share: Fraction, proceeds: Decimal) -> Decimal:
        """Take a share out of a position; give the result before fees, in the quote currency."""
        cost, margin = self.part(position.cost, share), self.part(position.margin, share)
        position.cost -= cost
        position.margin -= margin
        account.cash += margin
        account.used -= margin
        return proceeds - cost

    def exchange(self, account: AuditedAccount, position: AuditedPosition, share: Fraction, rate: Fraction) -> None:
        """Exchange a share of what a position bound back; what the rate made of it was told just before."""
        if position.collateral == 0:
            return
        collateral = self.part(position.collateral, share)
        returned = self.converted(collateral, rate)
        gain = returned - self.part(position.margin, share)
        position.collateral -= collateral
        position.trade["carried"] += gain
        account.cash += gain
        account.carried += gain
        told, self.exchanged = self.exchanged, None
        invariant((told is None) == (gain == 0), "what the rate made of a position is told", gain=gain)
        if told is not None:
            self.compare(told, {"realised": gain, "notional": returned})
            self.compare_account(told)

    def slipped(self, told: Decimal, instrument: Instrument, rate: Fraction) -> Decimal:
        """Give what slippage and spread took in the quote currency: that many ticks of lots, of which it was made."""
        step = _EXACT.multiply(_EXACT.multiply(instrument.tick, instrument.lot), instrument.multiplier)
        ticks = _EXACT.divide(_EXACT.multiply(told, rate.denominator), _EXACT.multiply(step, rate.numerator))
        return _EXACT.multiply(ticks.to_integral_value(ROUND_HALF_EVEN), step)

    def fee(self, event: Record, instrument: Instrument, lots: Decimal, notional: Decimal) -> Decimal:
        """Compute the fee; that an order rested before it traded is the engine's word, but only a limit may."""
        invariant(
            not event["maker"] or event["order_kind"] == OrderKind.LIMIT, "only a limit order or a target is a maker"
        )
        taker, maker = instrument.taker_fee, instrument.maker_fee
        if taker is None:
            tier = self.tier(event) if self.tiers else AuditedTier(_ZERO, _ZERO, _ZERO)
            taker, maker = tier.taker_fee, tier.maker_fee if maker is None else maker
        rate = maker if event["maker"] and maker is not None else taker
        fee = _EXACT.add(_EXACT.multiply(notional, rate), _EXACT.multiply(lots, instrument.fee_per_unit))
        return max(self.rounded(fee), instrument.fee_minimum) if instrument.fee_minimum > 0 else self.rounded(fee)

    def phase(self, event: Record) -> int:
        """Tell when in its step an order traded: at the open, liquidated, when it was decided, at the run's end."""
        if event["reason"] == Reason.END_OF_DATA:
            return 3
        if event["reason"] == Reason.LIQUIDATION:
            return 1
        if event["order"] == 0:
            return 0
        return 2 if self.created[int(event["cell"]), int(event["order"])] == event["step"] else 0

    def net(self, event: Record) -> None:
        """Recompute what crossed inside, what went out and what that spared."""
        symbol, step = self.cells[int(event["cell"])][1], int(event["step"])
        invariant(self.netting is not None, "only netted runs net")
        account = self.netting or AuditedAccount(_ZERO, _ZERO)
        key = max(key for key in self.books if key[:2] == (symbol, step))
        fills, instrument = self.books.pop(key), self.instruments[symbol]
        side, lots, crossed = _net_of(fills)
        outgoing = [fill for fill in fills if fill.side == side]
        entries = min(lots, sum((fill.lots for fill in outgoing if not fill.is_exit), _ZERO))
        fair, rate = _EXACT.multiply(int(event["price"]), instrument.tick), self.rate(event, key[2])
        away = {fill.is_exit: abs(fill.price - fair) for fill in outgoing}
        slipped = entries * away.get(False, _ZERO) + (lots - entries) * away.get(True, _ZERO)
        notional = _EXACT.multiply(lots * fair + side * slipped, instrument.multiplier)
        slippage = _EXACT.multiply(slipped, instrument.multiplier)
        if lots and instrument.slippage_model is not None and instrument.slippage_model.impact:
            # What its size adds to the price is told by the measures of bars, not by the fills of others.
            slippage = self.slipped(self.money(event["slippage"]), instrument, rate)
            notional = _EXACT.multiply(lots * fair, instrument.multiplier) + side * slippage
        fee = self.converted(self.fee(event, instrument, lots, notional), rate) if lots else _ZERO
        notional, slippage = self.converted(notional, rate), self.converted(slippage, rate)
        if self.tiers:
            self.volumes[self.day(event)] += notional - sum((fill.notional for fill in fills), _ZERO)
        fees_saved = sum((fill.fee for fill in fills), _ZERO) - fee
        slippage_saved = sum((fill.slippage for fill in fills), _ZERO) - slippage
        account.cash += fees_saved + slippage_saved
        account.fees -= fees_saved
        account.realised += slippage_saved
        saved = {"realised": fees_saved + slippage_saved, "cash": account.cash, "used": _ZERO, "allocated": _ZERO}
        self.compare(event, {"notional": notional, "fee": fee, "slippage": slippage, **saved})
        told = [_EXACT.multiply(int(event[name]), instrument.lot) for name in ("quantity", "position")]
        invariant(told == [lots, crossed], "the difference goes out, the rest crosses", told=told, audited=lots)
        invariant(event["side"] == (side if lots else 0) and event["order"] == len(fills), "all orders are netted")
        for fill in fills:
            lost = _EXACT.multiply(fill.lots * abs(fill.price - fair), instrument.multiplier)
            invariant(fill.slippage == self.converted(lost, rate), "what crosses trades at one price", fair=fair)

    def end(self) -> None:
        """Check that everything was netted but what the venue would not take as one order."""
        for (symbol, step, phase), fills in self.books.items():
            side, lots, _ = _net_of(fills)
            instrument, first = self.instruments[symbol], fills[0]
            least = instrument.quantity_minimum or instrument.lot
            rate = self.rate_of(symbol, step, phase)
            away = _EXACT.divide(self.slipped(first.slippage, instrument, rate), first.lots * instrument.multiplier)
            fair = first.price - first.side * away
            small = lots < least or lots * fair * instrument.multiplier < instrument.notional_minimum
            large = instrument.quantity_maximum is not None and lots > instrument.quantity_maximum
            invariant(
                len(fills) == 1 or (lots > 0 and (small or large)),
                "market orders are netted",
                symbol=symbol,
                step=step,
                side=side,
                lots=lots,
            )

    def day(self, event: Record) -> int:
        """Give the UTC day of an event, since 1970; a bar that closes at midnight belongs to the day before."""
        return (int(self.times[int(event["step"])]) - 1) // NANOSECONDS_PER_DAY

    def tier(self, event: Record) -> AuditedTier:
        """Find the tier of an event's day: the last one whose volume was traded in the 30 days before it."""
        today = self.day(event)
        traded = sum((self.volumes.get(day, _ZERO) for day in range(today - 30, today)), _ZERO)
        return [tier for tier in self.tiers if tier.volume <= traded][-1]

    def move(self, event: Record) -> None:
        """Post a transfer to both sides: no money comes or goes."""
        amount = int(event["side"]) * self.money(event["notional"])
        self.transfer(self.accounts[self.cells[int(event["cell"])][0]], amount)
        if event["order"] >= 0:
            other = self.accounts[self.cells[int(event["order"])][0]]
            self.transfer(other, -amount)
            told = event.view(MOVED)
            recorded = [self.money(told[name]) for name in ("other_cash", "other_used", "other_allocated")]
            audited = [other.cash, other.used, other.renewed]
            invariant(recorded == audited, "both sides of a transfer agree", recorded=recorded, audited=audited)

    def transfer(self, account: AuditedAccount, amount: Decimal) -> None:
        account.cash += amount
        account.transferred += amount
        account.renewed = account.at_cost

    def close(self, event: Record) -> None:
        position = self.positions[int(event["cell"])]
        recorded_exit = self.money(event.view(CLOSED)["exit_notional"])
        self.compare(event, {name: position.trade[name] for name in _TOTALS})
        carried = self.money(event.view(CLOSED)["carried"])
        invariant(carried == position.trade["carried"], "a trade is the sum of what it was held for")
        invariant(recorded_exit == position.trade["exit_notional"], "a trade is the sum of its fills")
        left = (position.quantity, position.cost, position.margin, position.collateral)
        invariant(not any(left), "a closed position leaves nothing")
        position.trade = AuditedPosition().trade

    def compare_account(self, event: Record) -> None:
        account = self.accounts[self.cells[int(event["cell"])][0]]
        fixed = account.deposited if account.renewed is None else account.renewed
        allocated = account.at_cost if self.compounding else fixed
        self.compare(event, {"cash": account.cash, "used": account.used, "allocated": allocated})
        invariant(0 <= event["used"] <= event["allocated"], "what is used stays within what is allocated")
        invariant(event["reserved"] >= 0, "what is reserved is not negative", reserved=int(event["reserved"]))
        total = account.deposited + account.realised - account.fees + account.carried + account.transferred
        invariant(account.cash + account.used == total, "an account adds up", account=account)

    def compare(self, event: Record, audited: Mapping[str, Decimal]) -> None:
        for name, value in audited.items():
            recorded = self.money(event[name])
            invariant(
                recorded == value,
                "the engine and the audit agree to the last unit",
                field=name,
                step=int(event["step"]),
                cell=int(event["cell"]),
                recorded=recorded,
                audited=value,
            )


def audit_events(
    blocks: Iterable[NDArray[Record]],
    *,
    cells: Sequence[tuple[int, int]],
    instruments: Sequence[Instrument],
    deposits: Sequence[Decimal],
    digits: int,
    compounding: bool = False,
    tiers: Sequence[AuditedTier] = (),
    times: Sequence[int] = (),
    flows: NDArray[Record] | None = None,
    netted: bool = False,
    rates: Mapping[int, NDArray[np.int64]] | None = None,
) -> tuple[tuple[AuditedAccount, ...], tuple[AuditedPosition, ...]]:
    """Recompute accounts and positions from the fills, and compare them at every event.

    Args:
        blocks: all events of a run from its start, as the engine gives them.
        cells: (strategy, symbol) of each cell.
        instruments: of each symbol.
        deposits: money of each strategy.
        digits: decimals of the money unit.
        compounding: whether allocations follow equity at cost.
        tiers: fees by volume, for instruments without their own; the first from 0 on.
        times: close time of each step in nanoseconds since 1970 UTC; needed with tiers only.
        flows: what holding brings or costs, as the engine got it.
        netted: whether market orders of a symbol that trade together go out as one.
        rates: by symbol that is not quoted in the account currency: the account's money for one of its quote currency
            as numerator and denominator, before the bars of each step and at their closes; shape ``(steps, 2, 2)``.

    Returns:
        Accounts by strategy and positions by cell, after the last event.

    Raises:
        InvariantBroken: at the first event that the audit does not arrive at, to the last unit.
    """
    due = np.zeros(0, FLOW) if flows is None else flows
    audit = _Audit(
        cells,
        instruments,
        deposits,
        digits,
        compounding=compounding,
        tiers=tiers,
        times=times,
        flows=due,
        netted=netted,
        rates={} if rates is None else rates,
    )
    for block in blocks:
        for event in block:
            audit.read(event)
    audit.end()
    return tuple(audit.accounts), tuple(audit.positions)
