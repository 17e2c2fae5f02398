"""Attribute a run's result from its events alone, and prove at every event that nothing is left.

Each kind of event that moves money is told here once, in ``_SOURCES``: what it adds, under which reason. The rows are
sums over all events. At every event that says what an account holds, its deposit and all that was attributed to it so
far must be that amount, to the last unit; what is still open at the end counts at the last marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.attribution import REASONS, Attribution, AttributionRow, TradedValue
from podium.core.errors import invariant
from podium.core.events import EventKind, Reason
from podium.engine.engine import Engine
from podium.engine.money_kernel import muldiv
from podium.stats.comparison import RowKind

__all__ = ["attribute"]


@dataclass(frozen=True, slots=True)
class _Source:
    """Say what one kind of event adds to the result of a cell.

    Args:
        reason: under which it is attributed.
        kind: which events.
        units: the fields to add up, each with its sign.
        because: only events with this reason; ``None`` takes all.
        owner: the field that says whose it is: a cell, or -1 for cash that no strategy has.
        by_side: whether the event's side is the sign of what it adds, and no market's.
    """

    reason: str
    kind: EventKind
    units: Mapping[str, int]
    because: Reason | None = None
    owner: str = "cell"
    by_side: bool = False


#: What moves money; a line for each further thing that does.
_SOURCES = (
    # Fills are worse by slippage already; without it the same positions would have made the price's part.
    _Source("price", EventKind.ORDER_FILLED, {"realised": 1, "slippage": 1}),
    _Source("fees", EventKind.ORDER_FILLED, {"fee": -1}),
    _Source("slippage", EventKind.ORDER_FILLED, {"slippage": -1}),
    # A settlement pays what the price made; what a split leaves of a lot is sold at the mark.
    _Source("price", EventKind.CARRY_POSTED, {"realised": 1}, because=Reason.SETTLEMENT),
    _Source("price", EventKind.POSITION_ADJUSTED, {"realised": 1}),
    _Source("funding", EventKind.CARRY_POSTED, {"realised": 1}, because=Reason.FUNDING),
    _Source("borrow", EventKind.CARRY_POSTED, {"realised": 1}, because=Reason.BORROW),
    _Source("dividends", EventKind.CARRY_POSTED, {"realised": 1}, because=Reason.DIVIDEND),
    _Source("conversion", EventKind.CURRENCY_CONVERTED, {"realised": 1}),
    _Source("netting", EventKind.ORDERS_NETTED, {"realised": 1}),
    _Source("rebalancing", EventKind.CAPITAL_MOVED, {"notional": 1}, by_side=True),
    _Source("rebalancing", EventKind.CAPITAL_MOVED, {"notional": -1}, by_side=True, owner="order"),
)
#: Events that say what their account holds: that of their strategy, or of netting.
_TELLS_ACCOUNT = (
    EventKind.SIGNAL_GENERATED,
    EventKind.SIGNAL_REJECTED,
    EventKind.ORDER_CREATED,
    EventKind.ORDER_REDUCED,
    EventKind.ORDER_LIMITED,
    EventKind.ORDER_FILLED,
    EventKind.ORDER_CANCELLED,
    EventKind.ORDERS_NETTED,
    EventKind.POSITION_MODIFIED,
    EventKind.CARRY_POSTED,
    EventKind.POSITION_ADJUSTED,
    EventKind.CURRENCY_CONVERTED,
    EventKind.CAPITAL_MOVED,
)
_SIDES = ("long", "short", "")
_NO_SIDE = _SIDES.index("")
_LOW_BITS = 32


def attribute(
    engine: Engine,
    *,
    strategies: Sequence[str],
    members: Sequence[int],
    symbols: Sequence[str],
    change: Decimal,
    currency: str,
    is_checked: bool,
) -> Attribution:
    """Split the result of a run into what prices made of positions and what each kind of cost took.

    Args:
        engine: at its end.
        strategies: their ids.
        members: the number of each cell's strategy.
        symbols: the symbol of each cell.
        change: the portfolio's equity at the end − its capital.
        currency: of the account.
        is_checked: whether the run ended in order, so that every account must add up.

    Returns:
        The attribution.

    Raises:
        InvariantBroken: when an event, or the end, does not add up to the last unit.
    """
    reader = _Reader(engine, np.array(members, np.int64), is_checked=is_checked)
    for block in engine.events():
        reader.read(block)
    reader.value_open_positions()
    unit = engine.unit
    # The last one is at -1, too.
    owners = (*strategies, RowKind.NETTING.value, RowKind.UNALLOCATED.value)
    rows = tuple(
        AttributionRow(
            strategy_id=owners[member],
            symbol="" if cell < 0 else symbols[cell],
            side=side,
            reason=reason,
            amount=unit.to_decimal(units),
        )
        for (member, cell, side), amounts in reader.amounts().items()
        for reason, units in amounts
    )
    traded = tuple(
        TradedValue(
            strategy_id=strategies[members[cell]], symbol=symbols[cell], value=unit.to_decimal(units), fills=fills
        )
        for cell, (units, fills) in reader.traded().items()
    )
    attribution = Attribution(rows=rows, change=change, traded=traded, currency=currency)
    invariant(not is_checked or attribution.residual == 0, "the result is attributed", left=attribution.residual)
    return attribution


class _Sums:
    """Add up many numbers of 64 bits by place, beyond 64 bits.

    Args:
        places: how many.
    """

    def __init__(self, places: int) -> None:
        self._halves = np.zeros((2, places), np.int64)
        self._counts = np.zeros(places, np.int64)

    def add(self, places: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """Add numbers at places."""
        np.add.at(self._halves[0], places, numbers >> _LOW_BITS)
        np.add.at(self._halves[1], places, numbers & ((1 << _LOW_BITS) - 1))
        self._counts += np.bincount(places, minlength=len(self._counts))

    def found(self) -> dict[int, tuple[int, int]]:
        """Give the sum and the count of each place that got something."""
        places = np.flatnonzero(self._counts).tolist()
        high, low = self._halves.tolist()
        return {place: ((high[place] << _LOW_BITS) + low[place], int(self._counts[place])) for place in places}


@dataclass(frozen=True, slots=True)
class _Postings:
    """Hold what events of a block add to accounts.

    Args:
        rows: the event of each posting, in order.
        owners: the strategy of its account.
        units: how much.
    """

    rows: NDArray[np.int64]
    owners: NDArray[np.int64]
    units: NDArray[np.int64]

    def with_others(self, others: Sequence[_Postings]) -> _Postings:
        """Put in further postings, in the order of the events."""
        if sum(len(each.rows) for each in others) == 0:
            return self
        every = (self, *others)
        rows, owners, units = (np.concatenate([getattr(each, name) for each in every]) for name in self.__slots__)
        order = np.argsort(rows, kind="stable")
        return _Postings(rows[order], owners[order], units[order])


class _Reader:
    """Read the events of a run, block by block."""

    def __init__(self, engine: Engine, members: NDArray[np.int64], *, is_checked: bool) -> None:
        self._tables, self._is_checked = engine.tables, is_checked
        # Behind the cells one stands for cash that no strategy has, and then one for each whose symbol is netted.
        self._nobody = len(members)
        netting = np.full(len(members), len(engine.tables.accounts))
        self._members = np.concatenate((members, [-1], netting))
        # A place is a cell and a side.
        self._sums = [_Sums(len(_SIDES) * len(self._members)) for _ in _SOURCES]
        self._traded = _Sums(len(members))
        self._open: dict[int, dict[str, int]] = {}
        #: What each strategy's account, and at last that of netting, holds after what was read: cash and used.
        self._balances = np.append(engine.tables.accounts["deposited"].astype(np.int64), 0)

    def read(self, block: NDArray[np.void]) -> None:
        """Add up what the events of a block moved, and check that their accounts hold just that."""
        kinds, cells = block["kind"].copy(), block["cell"].astype(np.int64)
        cells[kinds == EventKind.ORDERS_NETTED] += self._nobody + 1
        moved = np.zeros(len(block), np.int64)
        others: list[_Postings] = []
        for source, sums in zip(_SOURCES, self._sums, strict=True):
            rows = np.flatnonzero(kinds == source.kind)
            if source.because is not None:
                rows = rows[block["reason"][rows] == source.because]
            units = sum(
                (sign * block[name][rows] for name, sign in source.units.items()), np.zeros(len(rows), np.int64)
            )
            # The side is that of the position: an exit trades against it.
            sides = ((block["side"][rows] < 0) != (block["exit"][rows] != 0)).astype(np.int64)
            if source.by_side:
                units, sides = units * block["side"][rows], np.full(len(rows), _NO_SIDE)
            if source.kind == EventKind.ORDERS_NETTED:
                sides = np.full(len(rows), _NO_SIDE)
            owners = (cells if source.owner == "cell" else block[source.owner].astype(np.int64))[rows]
            sums.add(len(_SIDES) * np.where(owners < 0, self._nobody, owners) + sides, units)
            if source.owner == "cell":
                moved[rows] += units
            else:
                has_owner = owners >= 0
                others.append(_Postings(rows[has_owner], self._members[owners[has_owner]], units[has_owner]))
        rows = np.flatnonzero(kinds == EventKind.ORDER_FILLED)
        self._traded.add(cells[rows], block["notional"][rows])
        if self._is_checked:
            own = _Postings(np.arange(len(block)), self._members[cells], moved)
            self._check(block, self._members[cells], own.with_others(others))

    def _check(self, block: NDArray[np.void], told_of: NDArray[np.int64], postings: _Postings) -> None:
        """Follow every account through a block; one strategy after the other."""
        order = np.argsort(postings.owners, kind="stable")
        borders = np.searchsorted(postings.owners[order], np.arange(len(self._balances) + 1))
        sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(postings.units[order])))
        rows = postings.rows[order]
        # An event tells the account of its own cell, and not that of another one which it adds to.
        tells = np.isin(block["kind"], _TELLS_ACCOUNT)[rows] & (told_of[rows] == postings.owners[order])
        told = (block["cash"] + block["used"])[rows]
        before = np.repeat(self._balances - sums[borders[:-1]], np.diff(borders))
        held = before + sums[1:]
        wrong = np.flatnonzero(tells & (held != told))
        if len(wrong):
            first = rows[wrong[0]]
            invariant(
                False,
                "an account holds at every event what is attributed to it",
                step=int(block["step"][first]),
                cell=int(block["cell"][first]),
                left=int(told[wrong[0]] - held[wrong[0]]),
            )
        self._balances += sums[borders[1:]] - sums[borders[:-1]]

    def value_open_positions(self) -> None:
        """Value what is still held at the last marks and rates: its worth − what was paid for it."""
        for cell in np.flatnonzero(self._tables.cells["quantity"]).tolist():
            row = self._tables.cells[cell]
            instrument = self._tables.instruments[int(row["symbol"])]
            worth = int(row["quantity"]) * int(instrument["mark"]) * int(instrument["money_per_tick_lot"])
            opened = {"price": worth - int(row["cost"])}
            if instrument["currency"] > 0:
                rate = int(instrument["rate_numerator"]), int(instrument["rate_denominator"])
                opened = {"price": muldiv(opened["price"], *rate)}
                opened["conversion"] = int(row["worth"]) - int(row["margin"]) - opened["price"]
            self._open[len(_SIDES) * cell + int(row["quantity"] < 0)] = opened

    def amounts(self) -> dict[tuple[int, int, str], list[tuple[str, int]]]:
        """Give for each strategy, cell and side what each reason added, in the order of the reasons.

        What belongs to no market has the cell -1, what belongs to nobody the strategy -1 too. What netting saved is
        behind the strategies, under a cell of its symbol.
        """
        found: dict[tuple[int, int, str], dict[str, int]] = {}
        for source, sums in zip(_SOURCES, self._sums, strict=True):
            for place, (units, _) in sums.found().items():
                reasons = found.setdefault(self._place(place), {})
                reasons[source.reason] = reasons.get(source.reason, 0) + units
        for place, amounts in self._open.items():
            reasons = found[self._place(place)]
            for reason, units in amounts.items():
                reasons[reason] = reasons.get(reason, 0) + units
        return {
            place: sorted(found[place].items(), key=lambda each: REASONS.index(each[0]))
            for place in sorted(found, key=lambda place: (place[1] < 0, place[0] < 0, place[1:], place[0]))
        }

    def _place(self, place: int) -> tuple[int, int, str]:
        cell, side = divmod(place, len(_SIDES))
        netted = cell - self._nobody - 1
        market = max(netted, -1) if side == _NO_SIDE else cell
        return int(self._members[cell]), market, _SIDES[side]

    def traded(self) -> dict[int, tuple[int, int]]:
        """Give for each cell that traded the notional of its fills, and how many they are."""
        return self._traded.found()
