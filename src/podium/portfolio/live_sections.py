"""What a portfolio file says about running it: the sections ``services`` and ``orchestrator``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from podium.core.errors import RuleError
from podium.core.fields import choice, number, refuse, switch, timeframe_text, whole_number
from podium.core.times import NANOSECONDS_PER_SECOND, Timeframe
from podium.rules.nodes import Kind
from podium.rules.parser import parse

__all__ = [
    "PIPELINE",
    "DataFetchingSection",
    "IndicatorCalculationSection",
    "OrchestratorSection",
    "ServicesSection",
    "StrategyEvaluationSection",
    "TradeExecutionSection",
]

#: The services of a symbol in the order in which a bar goes through them.
PIPELINE = ("data_fetching", "indicator_calculation", "strategy_evaluation", "trade_execution")
Seconds = Annotated[Decimal, number(above=0, maximum=86_400, example="30")]
"""a length of time in seconds"""
Duration = Annotated[str, timeframe_text()]
"""a length of time, such as ``1s``"""


def _condition(value: object) -> object:
    try:
        parse(value if isinstance(value, str) else "", names={}, expect=Kind.CONDITION, title="the regime")
    except RuleError as error:
        problem = error.problems[0]
        refuse(f"{{place}}: {problem.message}", expected=problem.expected or "a condition", hint=problem.hint)
    return value


Condition = Annotated[str, BeforeValidator(_condition, json_schema_input_type=str)]
"""a condition of the rule language"""


def _named(value: object) -> object:
    """Read a section that is named and empty as one that says nothing."""
    return {} if value is None else value


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DataFetchingSection(_Section):
    """The service that brings bars."""

    enabled: Annotated[bool, switch()] = Field(default=True, description="false leaves the service out")
    fetch_interval: Seconds = Field(
        default=Decimal(30), description="seconds between two questions to a source that brings nothing by itself"
    )
    retry_attempts: Annotated[int, whole_number(minimum=1, maximum=100)] = Field(
        default=3, description="how often a question is tried before it has failed"
    )
    candle_index: Annotated[int, whole_number(minimum=1)] = Field(
        default=2,
        description="which bar from the end is the last closed one, 2 where the source includes the forming bar, "
        "1 where it does not",
    )
    nbr_bars: Annotated[int, whole_number(minimum=1, maximum=1000)] = Field(
        default=2, description="how many bars a question asks for"
    )

    @model_validator(mode="after")
    def _asks_for_the_bar_it_takes(self) -> DataFetchingSection:
        if self.candle_index > self.nbr_bars:
            refuse(
                f"{{place}} is {self.candle_index}, but only {self.nbr_bars} bars are asked for",
                expected=f"at most nbr_bars, {self.nbr_bars}",
                hint=f"write nbr_bars: {self.candle_index} beside it",
                at=("candle_index",),
            )
        return self


class IndicatorCalculationSection(_Section):
    """The service that carries indicators forward."""

    enabled: Annotated[bool, switch()] = Field(default=True, description="false leaves the service out")
    recent_rows_limit: Annotated[int, whole_number(minimum=1, maximum=10_000)] = Field(
        default=6, description="how many of the last rows are kept to be looked at"
    )
    track_regime_changes: Annotated[bool, switch()] = Field(
        default=True, description="whether a change of the regime is told"
    )
    regimes: Mapping[str, Condition] = Field(
        default_factory=dict,
        description="conditions by the name of the regime, the first that is true holds: {rising: close > sma(close, "
        "200), falling: close < sma(close, 200)}",
    )


class StrategyEvaluationSection(_Section):
    """The service that lets strategies decide."""

    enabled: Annotated[bool, switch()] = Field(default=True, description="false leaves the service out")
    evaluation_mode: Annotated[Literal["on_new_candle"], choice("on_new_candle")] = Field(
        default="on_new_candle", description="when strategies decide, on_new_candle (at each closed bar)"
    )
    min_rows_required: Annotated[int, whole_number(minimum=1)] = Field(
        default=3,
        description="how many bars of a symbol must be known before it is entered, beside the warm-up of each "
        "strategy; holds once this section is named",
    )


class TradeExecutionSection(_Section):
    """The service that hands orders over."""

    enabled: Annotated[bool, switch()] = Field(
        default=True, description="false leaves the service out, then no entry is let through"
    )
    execution_mode: Annotated[Literal["immediate", "batch"], choice("immediate", "batch")] = Field(
        default="immediate",
        description="whether orders go to the venue one by one (immediate) or all of a time step at once (batch)",
    )


class ServicesSection(_Section):
    """The services of each symbol."""

    data_fetching: Annotated[DataFetchingSection, BeforeValidator(_named)] = Field(
        default_factory=DataFetchingSection, description="the service that brings bars: {fetch_interval: 30}"
    )
    indicator_calculation: Annotated[IndicatorCalculationSection, BeforeValidator(_named)] = Field(
        default_factory=IndicatorCalculationSection, description="the service that carries indicators forward"
    )
    strategy_evaluation: Annotated[StrategyEvaluationSection, BeforeValidator(_named)] = Field(
        default_factory=StrategyEvaluationSection, description="the service that lets strategies decide"
    )
    trade_execution: Annotated[TradeExecutionSection, BeforeValidator(_named)] = Field(
        default_factory=TradeExecutionSection, description="the service that hands orders over"
    )

    @model_validator(mode="after")
    def _is_a_whole_pipeline(self) -> ServicesSection:
        if not self.data_fetching.enabled:
            refuse(
                "{place} is false, but every other service works on the bars that it brings",
                expected="enabled: true",
                at=("data_fetching", "enabled"),
            )
        for service, following in pairwise(PIPELINE):
            if not getattr(self, service).enabled and getattr(self, following).enabled:
                refuse(
                    f"{{place}} is false, but {following} works on what it gives",
                    expected=f"enabled: true, or {following} disabled as well",
                    hint=f"write {following}: {{enabled: false}} beside it",
                    at=(service, "enabled"),
                )
        return self

    @property
    def enabled(self) -> tuple[str, ...]:
        """Name the services that are created, in the order of the pipeline."""
        return tuple(name for name in PIPELINE if getattr(self, name).enabled)

    @property
    def entry_rows(self) -> int:
        """Tell how many bars of a symbol must be known before it is entered; 1 where the file does not say so."""
        is_named = "strategy_evaluation" in self.model_fields_set
        return self.strategy_evaluation.min_rows_required if is_named else 1


class OrchestratorSection(_Section):
    """How the system is watched."""

    enable_auto_restart: Annotated[bool, switch()] = Field(
        default=True, description="whether a failed service is restarted by itself"
    )
    health_check_interval: Seconds = Field(default=Decimal(60), description="seconds between two checks")
    status_log_interval: Annotated[int, whole_number(minimum=1)] = Field(
        default=10, description="how many checks between two lines of status in the log"
    )
    heartbeat_limit: Seconds = Field(
        default=Decimal(30), description="seconds after which a service that has not finished a piece of work hangs"
    )
    history_bars: Annotated[int, whole_number(minimum=0, maximum=1_000_000)] = Field(
        default=500, description="behind how many closed bars a new run begins whose bars come as they close"
    )
    bar_wait: Duration = Field(
        default="1s", description="how long a time step waits for bars that are due, from its first bar on"
    )
    stale_after: Duration | None = Field(
        default=None, description="how long after its close a bar may still be entered on; by default one bar"
    )

    http_port: Annotated[int, whole_number(minimum=1, maximum=65_535, example="9464")] | None = Field(
        default=None,
        description="where /health and /metrics are answered, on the loopback address; by default nowhere",
    )

    @property
    def bar_wait_seconds(self) -> float:
        """Give ``bar_wait`` in seconds."""
        return Timeframe.parse(self.bar_wait).nanoseconds / NANOSECONDS_PER_SECOND

    def stale_after_nanoseconds(self, timeframe: Timeframe) -> int:
        """Give ``stale_after`` in nanoseconds.

        Args:
            timeframe: the length of a bar.
        """
        return timeframe.nanoseconds if self.stale_after is None else Timeframe.parse(self.stale_after).nanoseconds
