"""The rule of the workloads in Podium's words, and the market it trades on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from market import MINUTE_NANOSECONDS
from podium.core.instruments import Instrument
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.risk_options import RiskOptions
from podium.rules import close, sma
from podium.strategy.base import Strategy
from podium.strategy.views import BarView
from sides.asked import WARM_UP_BARS, asked_columns
from workloads import MARGIN, Workload

__all__ = ["CodedCross", "asked_series", "configuration", "rules_strategies", "warm_up_series"]


class CodedCross(Strategy):
    """The rule of W1 as code."""

    fast_ma = sma(close, 10)
    slow_ma = sma(close, 50)

    def on_bar(self, bar: BarView) -> None:  # noqa: ARG002  the rule reads averages only
        if self.fast_ma[0] > self.slow_ma[0] + MARGIN:
            if self.position.is_flat:
                self.buy(quantity=1)
        elif self.position.is_long:
            self.close()


def rules_strategies(workload: Workload) -> list[tuple[Strategy, Decimal]]:
    """Make a rules class for each strategy of a workload, with equal weights."""
    weight = Decimal(1) / len(workload.pairs)
    return [(_rules_class(fast, slow)(), weight) for fast, slow in workload.pairs]


def _rules_class(fast: int, slow: int) -> type[Strategy]:
    wants_long = sma(close, fast) > sma(close, slow) + MARGIN
    content = {"long_entry": wants_long, "long_exit": ~wants_long, "size": {"quantity": 1}}
    return type(f"Cross-{fast}-{slow}", (Strategy,), content)


def asked_series() -> dict[str, BarSeries]:
    """Give the bars of the asked workload by symbol."""
    return {f"S{number:02d}": _series(f"S{number:02d}", columns) for number, columns in enumerate(asked_columns())}


def _series(symbol: str, columns: dict[str, object]) -> BarSeries:
    open_time = columns.pop("open_time")
    return BarSeries(
        symbol=symbol, timeframe=Timeframe.parse("1m"), close_time=open_time + MINUTE_NANOSECONDS, **columns
    )


def warm_up_series(series: Mapping[str, BarSeries]) -> dict[str, BarSeries]:
    """Give the first bars of each symbol: enough to have everything compiled or loaded before it is timed."""
    return {symbol: bars.select(slice(WARM_UP_BARS)) for symbol, bars in series.items()}


def configuration(symbols: Mapping[str, BarSeries], *, form: str = "rules") -> OrchestratorConfig:
    """Give the conventions that the other sides have; the forms ``limits`` and ``netting`` have more to look at."""
    instrument = Instrument(tick=Decimal("0.01"), lot=Decimal(1), taker_fee=Decimal("0.001"))
    return OrchestratorConfig(
        entry_buffer=Decimal(0),
        finish="keep",
        calendar="24/7",
        instruments=dict.fromkeys(symbols, instrument),
        risk=_wide_limits(list(symbols)) if form == "limits" else None,
        execution="netted" if form == "netting" else "separate",
    )


def _wide_limits(symbols: Sequence[str]) -> RiskOptions:
    """Name every limit that rules with market orders and no stops can have, each far from what they do."""
    wide, half = "10000%", symbols[: max(len(symbols) // 2, 1)]
    return RiskOptions.model_validate(
        {
            "trade_risk": "off", "position_risk": "off", "total_risk": "off", "loss_streak": "off",
            "daily_loss": "99%", "drawdown": "99%", "open_positions": 100_000,
            "gross_exposure": wide, "net_exposure": wide, "symbol_exposure": wide, "strategy_exposure": wide,
            "groups": {"half": half}, "group_exposure": {"half": wide}, "order_value": wide, "price_deviation": wide,
        }
    )  # fmt: skip
