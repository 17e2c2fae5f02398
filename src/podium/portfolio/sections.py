"""What a portfolio file may say, section by section and key by key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from podium.core.errors import InputError
from podium.core.fields import choice, number, ratio, refuse, switch, text, whole_number
from podium.core.ids import RESERVED_IDS
from podium.core.instruments import Instrument, maintenance_problem
from podium.core.money import MONEY_DIGITS_MINIMUM
from podium.core.slippage import SlippageModel
from podium.core.times import parse_end, parse_time
from podium.core.validation import show
from podium.portfolio.configuration import (
    AccountOptions,
    Amount,
    BarOptions,
    Cost,
    Currency,
    Fee,
    SimulationOptions,
    SymbolName,
    TimeframeText,
    VolumeLimit,
    refuse_sizes_at_fill,
)
from podium.portfolio.event_bus import EventBusOptions
from podium.portfolio.journal_options import JournalOptions, as_journal
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.portfolio.risk_options import RiskOptions

__all__ = [
    "DataSection",
    "DividendSection",
    "MultiStrategySection",
    "PortfolioDocument",
    "PortfolioSection",
    "SplitSection",
    "StrategySection",
    "SymbolSection",
]

_EXCHANGES = ("exchange", "binance", "bybit", "bitget", "coinbase", "kraken", "okx")


def _moment(value: object) -> object:
    try:
        parse_time(value if isinstance(value, str) else "")
    except InputError as error:
        refuse(expected=error.problems[0].expected or "a time")
    return value


def _symbols(value: object) -> object:
    """Read a list of symbols as symbols without settings of their own."""
    if isinstance(value, list):
        for position, symbol in enumerate(value):
            if not isinstance(symbol, str):
                expected = "a symbol, such as BTC/USDT"
                refuse(f"{{place}} is {show(symbol)}", expected=expected, at=(position,))
            if symbol in value[:position]:
                refuse(f"'{symbol}' stands here a second time", expected="each symbol once", at=(position,))
        return {symbol: {} for symbol in value}
    if isinstance(value, dict):
        return {symbol: {} if settings is None else settings for symbol, settings in value.items()}
    return value


def _rate(value: object) -> object:
    """Accept a symbol, a file or a rate."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value <= 0:
        refuse(expected="a symbol, a CSV file of rates, or a rate above 0")
    return Decimal(value)


def _named(value: object) -> object:
    """Read a section that is named and empty as one that says nothing."""
    return {} if value is None else value


_POSITIVE = number(above=0)
Positive = Annotated[Decimal, _POSITIVE]
"""a number above 0"""
Moment = Annotated[str, BeforeValidator(_moment, json_schema_input_type=str)]
"""a date or a time; UTC without a zone"""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PortfolioSection(AccountOptions):
    """The portfolio as a whole."""

    capital: Annotated[Decimal, number(above=0, example="100_000", decimals=MONEY_DIGITS_MINIMUM)] = Field(
        description="the money at the start, in the account currency"
    )
    equal_weights: Annotated[bool, switch()] = Field(
        default=False, description="give every strategy the same share of the capital, instead of weights"
    )


class DataSection(BarOptions):
    """Where the bars come from and what they mean."""

    source: Annotated[Literal["parquet", "csv", "sample"], choice("parquet", "csv", "sample", later=_EXCHANGES)] = (
        Field(description="parquet or csv files, or the synthetic sample market")
    )
    path: Annotated[str, text("a file or a folder")] | None = Field(
        default=None,
        description="a file, or a folder of files such as BTC-USDT_1h.parquet; seen from the portfolio file",
    )
    first: Moment | None = Field(default=None, alias="from", description="use bars that close after this time")
    last: Moment | None = Field(
        default=None,
        alias="to",
        description="use bars that close at or before this time; a date alone means the end of that day",
    )

    @model_validator(mode="after")
    def _path_fits_the_source(self) -> DataSection:
        if self.source == "sample" and self.path is not None:
            refuse("the sample market has no path", expected="data without path", hint="remove 'path'", at=("path",))
        if self.source != "sample" and self.path is None:
            refuse(
                "{place} has no 'path'",
                expected=f"path: a {self.source} file or a folder of them",
                hint="for a market that needs no files write source: sample",
            )
        return self

    @model_validator(mode="after")
    def _period_is_forward(self) -> DataSection:
        if self.first is not None and self.last is not None and parse_time(self.first) >= parse_end(self.last):
            refuse(f"the period ends at {self.last}", expected=f"an end after its start {self.first}", at=("to",))
        return self


class DividendSection(_Section):
    """A dividend of a symbol."""

    date: Moment = Field(description="the ex-date: who holds at the close before it gets the dividend")
    amount: Positive = Field(description="money for a quantity of one")


class SplitSection(_Section):
    """A split of a symbol."""

    date: Moment = Field(description="the first day that trades at the new price")
    new: Annotated[int, whole_number(minimum=1)] = Field(description="so many new shares ...")
    old: Annotated[int, whole_number(minimum=1)] = Field(default=1, description="... for so many old ones")


class SymbolSection(_Section):
    """Grid and costs of one symbol."""

    tick: Positive | None = Field(
        default=None, description="the step of prices; without it the coarsest step that fits the bars"
    )
    currency: Currency | None = Field(
        default=None,
        description="in which currency it is quoted: prices, fees and margins are in it; by default what stands behind "
        "the `/` of a pair, else the account currency",
    )
    lot: Positive = Field(default=Decimal("0.0001"), description="the step of quantities")
    multiplier: Positive = Field(
        default=Decimal(1), description="units of the underlying in a quantity of one (futures)"
    )
    taker_fee: Fee | None = Field(
        default=None,
        description="fee of market and stop orders, a ratio of the notional; by default that of the fee tiers, or 0",
    )
    maker_fee: Fee | None = Field(
        default=None,
        description="fee of resting limit orders, a ratio of the notional; by default the taker's, or that of the fee "
        "tiers",
    )
    fee_per_unit: Amount = Field(default=Decimal(0), description="fee for a quantity of one, money")
    fee_minimum: Amount = Field(default=Decimal(0), description="the least fee of an order, money")
    leverage: Annotated[Decimal, number(minimum=1)] = Field(
        default=Decimal(1), description="notional divided by the money that it binds"
    )
    initial_margin: Positive | None = Field(
        default=None, description="money that a contract binds whatever its price (futures), instead of leverage"
    )
    maintenance_rate: Annotated[Decimal, ratio(minimum=0, below=1, example="5% or 0.05")] = Field(
        default=Decimal(0), description="ratio of its value that must stand behind a position, else it is liquidated"
    )
    maintenance_margin: Positive | None = Field(
        default=None, description="money that must stand behind a contract, beside an initial_margin"
    )
    settlement: Annotated[Literal["at_exit", "daily"], choice("at_exit", "daily")] = Field(
        default="at_exit", description="when the result is paid, at the exit or in cash at the end of each UTC day"
    )
    funding: Annotated[str, text("a CSV file, such as funding.csv")] | None = Field(
        default=None, description="a CSV file of funding rates with the columns time and rate"
    )
    borrow_rate: Annotated[Decimal, ratio(minimum=0, below=10, example="3% or 0.03")] = Field(
        default=Decimal(0), description="what a short position pays a year, a ratio of its value; 1/360 each day"
    )
    dividends: list[DividendSection] = Field(
        default_factory=list, description="its dividends, a list of {date: 2024-03-15, amount: 0.25}"
    )
    splits: list[SplitSection] = Field(
        default_factory=list, description="its splits, a list of {date: 2020-08-31, new: 4, old: 1}"
    )
    factors: Annotated[str, text("a CSV file, such as SPY_factors.csv")] | None = Field(
        default=None, description="a factor file (Lean's form) instead of dividends and splits"
    )
    adjust: Annotated[Literal["positions", "prices"], choice("positions", "prices")] = Field(
        default="positions",
        description="what factors change, positions (dividends and splits are posted) or prices (bars are adjusted)",
    )
    slippage: Cost | None = Field(
        default=None, description="ratio by which market orders fill worse, instead of simulation's"
    )
    spread: Cost | None = Field(
        default=None, description="ratio by which taking orders fill worse, instead of simulation's"
    )
    quantity_minimum: Positive | None = Field(
        default=None, description="the least quantity of an order; by default one lot"
    )
    quantity_maximum: Positive | None = Field(
        default=None, description="the largest quantity of an order; by default no limit"
    )
    slippage_model: SlippageModel | None = Field(
        default=None, description="what makes fills worse beside the ratio, instead of simulation's"
    )
    volume_limit: VolumeLimit | None = Field(
        default=None, description="share of a bar's volume that may trade, instead of simulation's"
    )
    notional_minimum: Amount = Field(
        default=Decimal(0), description="what an entry must be worth, money; exits are free of it"
    )

    @model_validator(mode="after")
    def _fits_an_instrument(self) -> SymbolSection:
        for name in ("quantity_minimum", "quantity_maximum"):
            value = getattr(self, name)
            if value is not None and value % self.lot != 0:
                refuse(f"{{place}} is {value}", expected=f"a multiple of the lot {self.lot}", at=(name,))
        if self.initial_margin is not None and self.leverage != 1:
            refuse("{place} stands beside an initial_margin", expected="leverage or initial_margin", at=("leverage",))
        if problem := maintenance_problem(self):
            name, value, expected = problem
            refuse(f"{{place}} is {value}", expected=expected, at=(name,))
        if self.factors is not None and (self.dividends or self.splits):
            refuse("{place} stands beside dividends or splits", expected="the one or the other", at=("factors",))
        if self.adjust == "prices" and self.factors is None:
            refuse("{place} is prices, without factors", expected="factors: a factor file", at=("adjust",))
        low, high = self.quantity_minimum or self.lot, self.quantity_maximum
        if high is not None and high < low:
            refuse(f"{{place}} is {high}", expected=f"at least the least quantity {low}", at=("quantity_maximum",))
        return self

    def instrument(self, tick: Decimal) -> Instrument:
        """Give the instrument.

        Args:
            tick: the step of prices.

        Returns:
            The instrument.
        """
        settings = {name: getattr(self, name) for name in Instrument.__dataclass_fields__}
        return Instrument(**{**settings, "tick": tick})


class SimulationSection(SimulationOptions):
    """How orders fill."""


def _free_id(strategy_id: str) -> str:
    if strategy_id in RESERVED_IDS:
        expected = f"another name: {', '.join(RESERVED_IDS)} are rows of the results"
        refuse(expected=expected, hint=f"for example {strategy_id}_1")
    return strategy_id


class StrategySection(_Section):
    """One strategy of the portfolio."""

    id: Annotated[str, AfterValidator(_free_id), text("a name of letters, digits, - and _", r"[A-Za-z0-9][\w-]*")] = (
        Field(description="the strategy's stable name: letters, digits, - and _")
    )
    file: Annotated[str, text("a strategy file, such as strategies/trend.yaml")] | None = Field(
        default=None, description="a strategy file; seen from the portfolio file"
    )
    class_: (
        Annotated[
            str, text("a Python file and a class, such as strategies/reversal.py:Reversal", r".+\.py:[A-Za-z_]\w*")
        ]
        | None
    ) = Field(default=None, alias="class", description="a Python file and a class in it, such as reversal.py:Reversal")
    weight: Annotated[Decimal, ratio(above=0, maximum=1, example="0.5 or 50%")] | None = Field(
        default=None,
        description="its share of the capital; may be left out with equal_weights or for a single strategy",
    )
    symbols: list[SymbolName] | None = Field(default=None, description="the symbols it trades; by default all")
    params: Mapping[str, Any] = Field(  # Any: checked against the strategy's own parameters
        default_factory=dict, description="other values for the strategy's parameters"
    )
    timeframe: TimeframeText | None = Field(
        default=None, description="on whose completed bars it decides, instead of what the strategy says"
    )
    priority: Annotated[int, whole_number(minimum=0)] = Field(
        default=0, description="who prevails where conflicts go by priority: the highest number, else file order"
    )
    enabled: Annotated[bool, switch()] = Field(default=True, description="false leaves the strategy out")

    @model_validator(mode="after")
    def _has_one_source(self) -> StrategySection:
        if (self.file is None) == (self.class_ is None):
            came = "neither 'file' nor 'class'" if self.file is None else "both 'file' and 'class'"
            refuse(
                f"{{place}} has {came}",
                expected="file: a strategy file, or class: a Python file and a class",
                hint="for example file: strategies/trend.yaml" if self.file is None else "remove one of them",
            )
        return self

    @model_validator(mode="after")
    def _names_symbols_once(self) -> StrategySection:
        symbols = self.symbols
        if symbols is not None and not symbols:
            refuse("{place} is an empty list", expected="symbols", hint="leave 'symbols' out for all", at=("symbols",))
        for position, symbol in enumerate(symbols or []):
            if symbol in (symbols or [])[:position]:
                refuse(f"'{symbol}' stands here a second time", expected="each symbol once", at=("symbols", position))
        return self


class MultiStrategySection(_Section):
    """Whether several strategies run side by side."""

    enabled: Annotated[bool, switch()] = Field(default=True, description="false allows one strategy only")


class PortfolioDocument(_Section):
    """A portfolio file."""

    later_keys: ClassVar[frozenset[str]] = frozenset({"notify", "api"})

    portfolio: PortfolioSection = Field(description="the portfolio as a whole: {name: demo, capital: 100_000}")
    data: DataSection = Field(description="where the bars come from: {source: parquet, path: bars/}")
    symbols: Annotated[
        Mapping[SymbolName, SymbolSection],
        BeforeValidator(_symbols, json_schema_input_type=Mapping[str, SymbolSection | None] | list[str]),
    ] = Field(description="the symbols with their grid and costs: {BTC/USDT: {tick: 0.1, lot: 0.001}}")
    conversion: Mapping[
        Currency, Annotated[str | Decimal, BeforeValidator(_rate, json_schema_input_type=str | float)]
    ] = Field(
        default_factory=dict,
        description="rates of quote currencies that are not the account's, each a symbol of this file, a CSV file with "
        "the columns time and rate, or a number: {BTC: BTC/USDT, JPY: jpy.csv, EUR: 1.08}",
    )
    simulation: SimulationSection = Field(default_factory=SimulationSection, description="how orders fill")
    risk: Annotated[RiskOptions | None, BeforeValidator(_named, json_schema_input_type=RiskOptions | None)] = Field(
        default=None, description="what the portfolio may risk; its defaults hold once it is named, even empty"
    )
    defaults: Mapping[str, Any] = Field(  # Any: read as part of each strategy file
        default_factory=dict, description="keys of strategy files that hold where a strategy file says nothing"
    )
    strategies: list[StrategySection] = Field(description="the strategies, a list of {id: trend, file: trend.yaml}")
    multi_strategy: MultiStrategySection = Field(
        default_factory=MultiStrategySection, description="whether several strategies run side by side"
    )
    services: Annotated[ServicesSection, BeforeValidator(_named, json_schema_input_type=ServicesSection | None)] = (
        Field(default_factory=ServicesSection, description="the services of each symbol, while the portfolio is run")
    )
    orchestrator: Annotated[
        OrchestratorSection, BeforeValidator(_named, json_schema_input_type=OrchestratorSection | None)
    ] = Field(default_factory=OrchestratorSection, description="how the system is watched, while the portfolio is run")
    event_bus: Annotated[
        EventBusOptions | None, BeforeValidator(_named, json_schema_input_type=EventBusOptions | None)
    ] = Field(default=None, description="where events go that other systems read: {url: redis://localhost:6379/0}")

    journal: Annotated[
        JournalOptions, BeforeValidator(as_journal, json_schema_input_type=JournalOptions | str | None)
    ] = Field(
        default_factory=JournalOptions, description="where a run is recorded while the portfolio is run: a folder"
    )

    @model_validator(mode="after")
    def _has_something_to_do(self) -> PortfolioDocument:
        if not self.strategies:
            hint = "for example - {id: trend, file: trend.yaml}"
            refuse("{place} is an empty list", expected="at least one strategy", hint=hint, at=("strategies",))
        if not any(section.enabled for section in self.strategies):
            hint = "write enabled: true for one of them"
            refuse("no strategy is enabled", expected="at least one strategy", hint=hint, at=("strategies",))
        if not self.symbols:
            refuse("{place} is empty", expected="at least one symbol, such as BTC/USDT: {tick: 0.1}", at=("symbols",))
        return self

    @model_validator(mode="after")
    def _knows_the_sizes_it_nets(self) -> PortfolioDocument:
        refuse_sizes_at_fill(self.portfolio, self.simulation, ("portfolio",))
        return self
