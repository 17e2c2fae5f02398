"""How a portfolio is run: every option with its default, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, ValidationError, model_validator

from podium.core.carry import Carry
from podium.core.conversion import Conversion
from podium.core.errors import ConfigurationError, did_you_mean
from podium.core.fields import choice, number, ratio, refuse, switch, text, timeframe_text, whole_number
from podium.core.instruments import Instrument
from podium.core.options import Options
from podium.core.places import Place, describe
from podium.core.slippage import SlippageModel
from podium.core.validation import PLACE, problems_of, show
from podium.engine.tables import FEE_TIERS_MAXIMUM
from podium.portfolio.rebalancing import RebalancingOptions
from podium.portfolio.risk_options import RiskOptions

__all__ = [
    "CONFLICT_MODES",
    "FLAW_KINDS",
    "FLAW_POLICIES",
    "AccountOptions",
    "Amount",
    "BarOptions",
    "Calendar",
    "ConflictChoice",
    "Conflicts",
    "Cost",
    "Currency",
    "Fee",
    "FeeTier",
    "Fill",
    "Finish",
    "FlawPolicy",
    "Intrabar",
    "Label",
    "LoggingLevel",
    "Name",
    "OrchestratorConfig",
    "Protect",
    "RebalanceThreshold",
    "SimulationOptions",
    "SizeAt",
    "SpreadOn",
    "Switch",
    "SymbolName",
    "TimeframeText",
    "VolumeLimit",
    "refuse_sizes_at_fill",
]

#: What can be done about entries of both sides on one symbol in one step.
CONFLICT_MODES = ("allow", "first_wins", "priority", "net_signal", "cancel_both")
#: Whose mode holds for symbols that are not named.
_DEFAULT = "default"

#: The flaws of bars that a policy can name, in the order of the quality report.
FLAW_KINDS = (
    "gap",
    "duplicate",
    "backward_time",
    "non_positive",
    "high_below_low",
    "bad_print",
    "jump",
    "off_tick",
    "zero_volume_run",
    "odd_session",
    "naive_time",
    "not_a_number",
    "negative_volume",
)
#: What can be done about a flaw.
FLAW_POLICIES = ("error", "warn", "drop")
#: No run can use bars with these flaws, so they cannot only be warned of.
_UNUSABLE = frozenset({"duplicate", "backward_time", "non_positive", "not_a_number"})
#: There is no bar to leave out, or it is all of them.
_NOTHING_TO_DROP = frozenset({"gap", "naive_time"})

Name = Annotated[str, text("a name of letters, digits, spaces and - _ .", r"[\w][\w .-]*")]
"""a name that is shown to people and used in file names"""
Currency = Annotated[str, text("a currency code, such as USDT", r"[A-Z][A-Z0-9]{1,9}")]
"""the code of a currency"""
SymbolName = Annotated[str, text("a symbol, such as 'BTC/USDT'")]
"""the name of a market"""
Switch = Annotated[bool, switch()]
"""true or false"""
Cost = Annotated[Decimal, ratio(minimum=0, below=1)]
"""a ratio of the price by which a fill is worse"""
Fee = Annotated[Decimal, ratio(above=-1, below=1)]
"""a ratio of the notional"""
VolumeLimit = Annotated[Decimal, ratio(above=0, maximum=1, example="10% or 0.1")]
"""a share of a bar's volume"""
Amount = Annotated[Decimal, number(minimum=0)]
"""money"""


def _conflicts(value: object) -> object:
    """Accept one mode for all symbols, or modes by symbol beside ``default``."""
    modes = value if isinstance(value, Mapping) else {None: value}
    for symbol, mode in modes.items():
        if mode not in CONFLICT_MODES:
            refuse(
                f"{PLACE} is {show(mode)}",
                expected=f"one of {', '.join(CONFLICT_MODES)}",
                hint=did_you_mean(mode, CONFLICT_MODES) if isinstance(mode, str) else None,
                at=() if symbol is None else (str(symbol),),
            )
    return value


def _conversion(value: object) -> object:
    """Accept the name of a symbol and a constant for what they stand for."""
    if isinstance(value, str):
        return Conversion(symbol=value)
    if isinstance(value, Decimal):
        return Conversion(constant=value)
    if not isinstance(value, Conversion):
        refuse(expected="a Conversion, the name of a symbol, or a Decimal")
    return value


ConflictChoice = Literal["allow", "first_wins", "priority", "net_signal", "cancel_both"]
"""what happens when strategies want opposite sides of one symbol in one time step"""
Conflicts = Annotated[
    ConflictChoice | Mapping[str, ConflictChoice],
    BeforeValidator(_conflicts, json_schema_input_type=ConflictChoice | Mapping[str, ConflictChoice]),
]
"""a mode for all symbols, or modes by symbol beside ``default``"""
Execution = Annotated[Literal["separate", "netted"], choice("separate", "netted")]
"""whether each strategy's orders are executed on their own"""
RebalanceThreshold = Annotated[Decimal, ratio(above=0, below=1, example="10% or 0.1")]
"""a drift of a strategy's share, as a ratio"""
LoggingLevel = Annotated[Literal["debug", "info", "warning", "error"], choice("debug", "info", "warning", "error")]
"""the least severe event that the log keeps"""
SpreadOn = Annotated[Literal["entry", "both"], choice("entry", "both")]
"""on which side of a trade the spread is paid"""
Fill = Annotated[Literal["next_open", "close"], choice("next_open", "close")]
"""when a market order fills"""
SizeAt = Annotated[Literal["decision", "fill"], choice("decision", "fill")]
"""at which price an entry is sized"""
EntryBuffer = Annotated[Decimal, ratio(minimum=0, below=1, example="1% or 0.01")]
"""a share of the money that stays free when an entry is sized"""
Intrabar = Annotated[Literal["pessimistic", "optimistic"], choice("pessimistic", "optimistic")]
"""which level wins when a bar reaches the stop and a target"""
Protect = Annotated[Literal["entry_bar", "next_bar"], choice("entry_bar", "next_bar")]
"""from which bar on stop, targets and trail act"""
Finish = Annotated[Literal["close", "keep"], choice("close", "keep")]
"""what happens to open positions at the end"""
Label = Annotated[Literal["open", "close"], choice("open", "close")]
"""which end of a bar its time names"""
Calendar = Annotated[Literal["24/7", "sessions"], choice("24/7", "sessions")]
"""which days count in ratios"""
TimeframeText = Annotated[str, timeframe_text()]
"""the length of a bar"""
FlawKind = Annotated[str, choice(*FLAW_KINDS)]
"""a kind of flaw in bars"""
FlawPolicy = Annotated[Literal["error", "warn", "drop"], choice(*FLAW_POLICIES)]
"""what to do about a flaw"""


class AccountOptions(BaseModel):
    """State what the portfolio is called and how its money and its strategies live together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Name = Field(default="portfolio", description="the portfolio's name; run folders start with it")
    currency: Currency = Field(default="USDT", description="the account currency: capital, results and fees are in it")
    compounding: Switch = Field(
        default=False, description="whether a strategy's allocation follows its equity instead of staying fixed"
    )
    conflicts: Conflicts = Field(
        default="allow",
        description="what happens when strategies want opposite sides of a symbol in one time step: `allow`, "
        "`first_wins`, `priority`, `net_signal` or `cancel_both`; or by symbol: {default: allow, BTC/USDT: priority}",
    )
    execution: Execution = Field(
        default="separate",
        description="how orders of strategies are executed; `separate` sends each strategy's own, `netted` one for the "
        "difference of those that trade together",
    )
    rebalance_threshold: RebalanceThreshold = Field(
        default=Decimal("0.10"),
        description="the drift of a strategy's share of the capital that rebalancing acts on, between 0 and 1",
    )
    rebalancing: RebalancingOptions | None = Field(
        default=None, description="when and how capital moves between strategies; without it none does"
    )
    benchmark: SymbolName | None = Field(
        default=None, description="a symbol to hold the results against (alpha, beta, excess return)"
    )
    logging_level: LoggingLevel = Field(default="info", description="the least severe event that log.jsonl keeps")

    @model_validator(mode="after")
    def _threshold_is_looked_at(self) -> Self:
        """A threshold that nothing looks at would be taken for one that acts."""
        if "rebalance_threshold" in self.model_fields_set and (
            self.rebalancing is None or self.rebalancing.when == "schedule"
        ):
            came = "there is no 'rebalancing'" if self.rebalancing is None else "rebalancing has when: schedule"
            hint = "remove 'rebalance_threshold', or write rebalancing: {when: drift}"
            refuse(f"{{place}} is stated, but {came}", expected="rebalancing on drift", hint=hint,
                   at=("rebalance_threshold",))  # fmt: skip
        return self

    def conflict_mode(self, symbol: str) -> ConflictChoice:
        """Tell what happens when strategies want opposite sides of a symbol.

        Args:
            symbol: its name.

        Returns:
            The mode.
        """
        if isinstance(self.conflicts, str):
            return self.conflicts
        return self.conflicts.get(symbol, self.conflicts.get(_DEFAULT, "allow"))

    @property
    def conflict_symbols(self) -> tuple[str, ...]:
        """Name the symbols that have a mode of their own."""
        return () if isinstance(self.conflicts, str) else tuple(name for name in self.conflicts if name != _DEFAULT)


class FeeTier(Options):
    """State the fees from a traded volume on."""

    volume: Amount = Field(description="from which volume on, money: what the portfolio traded in the last 30 days")
    taker: Fee = Field(description="fee of market and stop orders, a ratio of the notional")
    maker: Fee = Field(description="fee of resting limit orders, a ratio of the notional")


class SimulationOptions(BaseModel):
    """State how orders fill."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    slippage: Cost = Field(
        default=Decimal(0), description="ratio by which market orders fill worse; a symbol may have its own"
    )
    slippage_model: SlippageModel | None = Field(
        default=None,
        description="what makes fills worse beside the ratio; a symbol may have its own",
    )
    volume_limit: VolumeLimit | None = Field(
        default=None,
        description="share of a bar's volume that all orders of its symbol may trade; the rest of an order works on",
    )
    spread: Cost = Field(
        default=Decimal(0),
        description="ratio by which orders that take liquidity fill worse; a symbol may have its own",
    )
    spread_on: SpreadOn = Field(default="both", description="where the spread is paid, at the entry or on both sides")
    fill: Fill = Field(
        default="next_open",
        description="when a market order fills, at the next bar's open or at the close of the bar that decided "
        "(for comparison with other tools)",
    )
    size_at: SizeAt = Field(
        default="decision", description="at which price an entry is sized, that of its decision or that of its fill"
    )
    entry_buffer: EntryBuffer = Field(
        default=Decimal("0.01"), description="share of the money that stays free when an entry is sized at its decision"
    )
    intrabar: Intrabar = Field(
        default="pessimistic",
        description="which wins when one bar reaches the stop and a target, the stop or the target",
    )
    protect: Protect = Field(
        default="entry_bar",
        description="from which bar on stop, targets and trail act, the entry's own or the one after it",
    )
    finish: Finish = Field(default="close", description="what happens to open positions after the last bar")
    fee_tiers: list[FeeTier] = Field(
        default_factory=list,
        description="fees by what the portfolio traded in the 30 UTC days before, for symbols without fees of their "
        "own: a list of {volume: 1_000_000, taker: 0.04%, maker: 0.01%}",
    )

    @model_validator(mode="after")
    def _fee_tiers_climb(self) -> Self:
        tiers = self.fee_tiers
        if len(tiers) > FEE_TIERS_MAXIMUM:
            refuse(f"{{place}} has {len(tiers)} tiers", expected=f"at most {FEE_TIERS_MAXIMUM}", at=("fee_tiers",))
        if tiers and tiers[0].volume != 0:
            at = ("fee_tiers", 0, "volume")
            refuse(f"{{place}} is {tiers[0].volume}", expected="a first tier from volume 0 on", at=at)
        for position, (lower, tier) in enumerate(pairwise(tiers), start=1):
            if tier.volume <= lower.volume:
                at = ("fee_tiers", position, "volume")
                refuse(f"{{place}} is {tier.volume}", expected=f"more than the {lower.volume} before it", at=at)
        return self


class BarOptions(BaseModel):
    """State what the bars of the source mean."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    timeframe: TimeframeText | None = Field(
        default=None, description="the length of a bar, such as 1h; by default the commonest spacing of the bars"
    )
    label: Label = Field(default="open", description="which end of a bar its time names in the source")
    calendar: Calendar = Field(
        default="24/7", description="which days count in ratios, all (365 a year) or only days with bars (252 a year)"
    )
    flaws: Mapping[FlawKind, FlawPolicy] = Field(
        default_factory=dict,
        description="what to do per kind of flaw in the bars, error, warn or drop: {gap: warn, duplicate: drop}",
    )

    @model_validator(mode="after")
    def _flaws_can_be_handled(self) -> Self:
        for kind, policy in self.flaws.items():
            if policy == "warn" and kind in _UNUSABLE:
                refuse("{place} is 'warn', but such bars cannot be used", expected="error or drop", at=("flaws", kind))
            if policy == "drop" and kind in _NOTHING_TO_DROP:
                refuse("{place} is 'drop', but there is no bar to drop", expected="error or warn", at=("flaws", kind))
        return self


def refuse_sizes_at_fill(account: AccountOptions, simulation: SimulationOptions, place: Place = ()) -> None:
    """Refuse to net sizes that are not known when strategies disagree.

    Args:
        account: how conflicts are resolved.
        simulation: when entries are sized.
        place: where the options of the account stand.

    Raises:
        PydanticCustomError: inside a validator.
    """
    modes = {account.conflict_mode(symbol) for symbol in (_DEFAULT, *account.conflict_symbols)}
    if simulation.size_at == "fill" and "net_signal" in modes:
        refuse(
            "{place} nets sizes that size_at: fill leaves open",
            expected="size_at: decision, or another mode than net_signal",
            at=(*place, "conflicts"),
        )


def _root(place: Place) -> str:
    return describe(place, "OrchestratorConfig")


class OrchestratorConfig(BarOptions, SimulationOptions, AccountOptions):
    """State how a portfolio is run; the defaults are safe and need no reading.

    Ratios may be written as per cent (``"0.1%"``). Floats are refused where a ratio is meant: they are not exact.

    Raises:
        ConfigurationError: when an option is unknown or out of range; all problems at once.
    """

    instruments: Mapping[SymbolName, InstanceOf[Instrument]] = Field(
        default_factory=dict,
        description="grid and costs per symbol; a symbol without one gets a tick inferred from its bars",
    )
    priorities: Mapping[str, Annotated[int, whole_number(minimum=0)]] = Field(
        default_factory=dict,
        description="the priority of strategies by id, where conflicts go by it; the highest prevails, by default 0",
    )
    risk: RiskOptions | None = Field(
        default=None, description="what the portfolio may risk; its own defaults hold once it is given, even empty"
    )
    carry: Mapping[SymbolName, InstanceOf[Carry]] = Field(
        default_factory=dict,
        description="per symbol what holding it brings or costs: funding, borrow, settlement, dividends, splits",
    )
    currencies: Mapping[SymbolName, Currency] = Field(
        default_factory=dict,
        description="in which currency a symbol is quoted; by default what stands behind the `/` of a pair, else the "
        "account's",
    )
    conversion: Mapping[Currency, Annotated[Conversion, BeforeValidator(_conversion)]] = Field(
        default_factory=dict,
        description="per quote currency that is not the account's where its rate comes from: a Conversion, the name of "
        "a symbol of the run, or a Decimal",
    )
    lazy: Switch = Field(
        default=True,
        description="whether steps in which no code looks at its position advance together; never changes a result",
    )
    chunk_steps: Annotated[int, whole_number(minimum=1)] = Field(
        default=4096, description="time steps that advance in one go; never changes a result"
    )

    @model_validator(mode="after")
    def _sizes_are_known(self) -> Self:
        refuse_sizes_at_fill(self, self)
        return self

    if not TYPE_CHECKING:  # the checker keeps the names and types of the options

        def __init__(self, **options: object) -> None:
            try:
                super().__init__(**options)
            except ValidationError as error:
                raise ConfigurationError(
                    problems_of(error, OrchestratorConfig, lambda _place, _key: None, _root)
                ) from None
