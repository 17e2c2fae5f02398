"""Set up the engine of a run, however its timeline comes: whole, or one step after the other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.cells import Cells
from podium.backtest.limit_translation import engine_limits
from podium.backtest.market import Market
from podium.backtest.members import Member
from podium.backtest.rebalancer import DayEnds, Rebalancer
from podium.core.errors import ConfigurationError, Problem, within
from podium.core.instruments import Instrument
from podium.core.money import LEDGER_LIMIT_UNITS, MONEY_DIGITS_MINIMUM, MoneyUnit, to_rate
from podium.engine.engine import ConversionInput, Engine, EngineOptions, TierInput, events_of_a_step
from podium.engine.tables import EVENTS_MAXIMUM, ConflictMode
from podium.portfolio.configuration import FeeTier, OrchestratorConfig
from podium.stats.daily import Calendar

__all__ = ["deposits_of", "make_engine", "make_rebalancer", "refuse_too_many"]

#: Products of capital and weight never round.
_EXACT = Context(prec=80)


def deposits_of(members: Sequence[Member], capital: Decimal, unit: MoneyUnit, market: Market) -> list[int]:
    """Give each strategy capital × weight, to the unit; what is finer than a unit stays unallocated.

    Args:
        members: in the file's order.
        capital: of the portfolio, in account currency.
        unit: the money unit.
        market: with the instruments.

    Returns:
        Units of each.

    Raises:
        ConfigurationError: when the capital leaves no headroom in the ledger.
    """
    _refuse_overflow(capital, unit, market)
    units = unit.to_units(capital, "the initial capital")
    return [int(_EXACT.multiply(Decimal(units), member.weight)) for member in members]


def make_engine(
    config: OrchestratorConfig,
    members: Sequence[Member],
    market: Market,
    cells: Cells,
    *,
    deposits: Sequence[int],
    unallocated: int,
    unit: MoneyUnit,
    flows: NDArray[np.void] | None = None,
    conversion: ConversionInput | None = None,
) -> Engine:
    """Make the engine of a run.

    Args:
        config: how it is run.
        members: in the file's order.
        market: instruments and timeline.
        cells: what each member brings to each symbol.
        deposits: money units of each member.
        unallocated: money units that no member has.
        unit: the money unit.
        flows: ``FLOW`` rows that are known from the start.
        conversion: rates of quote currencies; ``None`` when all symbols are quoted in the account currency.

    Returns:
        The engine, at its start.

    Raises:
        ConfigurationError: when an option does not fit the run.
    """
    limits = None
    if config.risk is not None:
        limits = engine_limits(
            config.risk,
            symbols=market.symbols,
            times=market.timeline.times,
            unallocated=unallocated,
            unit=unit,
        )
    return Engine(
        timeline=market.timeline,
        instruments=[market.instruments[symbol] for symbol in market.symbols],
        deposits=deposits,
        cells=cells.inputs,
        options=EngineOptions(
            entry_buffer=to_rate(config.entry_buffer, "entry_buffer"),
            fill_at_close=config.fill == "close",
            size_at_fill=config.size_at == "fill",
            optimistic=config.intrabar == "optimistic",
            protect_next_bar=config.protect == "next_bar",
            compounding=config.compounding,
            spread_on_exit=config.spread_on == "both",
            netted=config.execution == "netted",
        ),
        unit=unit,
        slippage=to_rate(config.slippage, "slippage"),
        spread=to_rate(config.spread, "spread"),
        fee_tiers=[_tier(number, tier, unit) for number, tier in enumerate(config.fee_tiers)],
        conflicts=[ConflictMode[config.conflict_mode(symbol).upper()] for symbol in market.symbols],
        priorities=[config.priorities.get(member.strategy_id, 0) for member in members],
        flows=flows,
        limits=limits,
        conversion=conversion,
    )


def make_rebalancer(
    config: OrchestratorConfig, members: Sequence[Member], engine: Engine, *, first_day: int, day_ends: DayEnds
) -> Rebalancer | None:
    """Make what moves capital between strategies, if anything does.

    Args:
        config: how the run is run.
        members: in the file's order.
        engine: at its start.
        first_day: of the run, since 1970-01-01 UTC.
        day_ends: equity at the ends of days.

    Returns:
        The rebalancer.
    """
    if config.rebalancing is None:
        return None
    return Rebalancer(
        engine,
        config.rebalancing,
        threshold=config.rebalance_threshold,
        weights=[member.weight for member in members],
        calendar=Calendar(config.calendar),
        first_day=first_day,
        day_ends=day_ends,
    )


def refuse_too_many(cells: Cells) -> None:
    """Refuse more (strategy, symbol) pairs than one engine can hold.

    Args:
        cells: of the run.

    Raises:
        ConfigurationError: when there are too many.
    """
    pairs, events, of_none = len(cells.inputs), events_of_a_step(cells.inputs), events_of_a_step(())
    if events >= EVENTS_MAXIMUM:
        raise ConfigurationError(
            Problem(
                message=f"{pairs:,} pairs of a strategy and a symbol are more than one portfolio can hold",
                expected=f"at most {pairs * (EVENTS_MAXIMUM - of_none) // (events - of_none):,} of them",
                hint="give strategies fewer symbols, or split the portfolio",
                place=("strategies",),
            )
        )


def _tier(number: int, tier: FeeTier, unit: MoneyUnit) -> TierInput:
    with within("fee_tiers", number):
        return TierInput(
            volume=unit.to_units(tier.volume, "volume"),
            taker_fee=to_rate(tier.taker, "taker"),
            maker_fee=to_rate(tier.maker, "maker"),
        )


def _refuse_overflow(capital: Decimal, unit: MoneyUnit, market: Market) -> None:
    """Refuse a capital that leaves no headroom in the ledger, and say which symbol makes its unit so small."""
    highest = max(market.instruments, key=lambda symbol: market.instruments[symbol].leverage)
    leverage = market.instruments[highest].leverage
    most = unit.to_decimal(LEDGER_LIMIT_UNITS - 1) / (4 * leverage)
    if capital <= most:
        return
    symbol, finest = min(market.instruments.items(), key=lambda item: item[1].tick * item[1].lot * item[1].multiplier)
    raise ConfigurationError(
        Problem(
            message=f"a capital of {capital:f} at leverage {leverage:f} does not fit an exact ledger in units of "
            f"1e-{unit.digits}",
            expected=f"a capital of at most {most:.0f}",
            hint=_coarser_grid(capital / most, symbol, finest) if unit.digits > MONEY_DIGITS_MINIMUM else None,
            # Without leverage the same capital may do.
            place=("initial_capital",) if capital > most * leverage else ("instruments", highest, "leverage"),
        )
    )


def _coarser_grid(times: Decimal, symbol: str, instrument: Instrument) -> str:
    """Name a lot and a tick that would do: both are powers of ten times today's."""
    digits = len(str(int(times)))
    lot, tick = (grid.scaleb(digits).normalize() for grid in (instrument.lot, instrument.tick))
    return f"a lot of {lot:f} or a tick of {tick:f} for {symbol} would do"
