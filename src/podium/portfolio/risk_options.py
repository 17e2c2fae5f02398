"""What the portfolio may risk: the section ``risk`` of a portfolio file, ``OrchestratorConfig.risk`` in Python.

Nothing is limited without the section. Inside it the defaults below hold; ``off`` takes one away.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from podium.core.fields import choice, number, ratio, refuse, switch, text, timeframe_text, whole_number
from podium.core.validation import show

__all__ = [
    "AccountLimit",
    "AmountLimit",
    "CountLimit",
    "DailyLoss",
    "ExposureLimit",
    "LossStreak",
    "OrderLimit",
    "OrdersLimit",
    "PositionsLimit",
    "PriceLimit",
    "RiskOptions",
]

_SHARE = ratio(above=0, maximum=100, example="5% or 0.05")
Share = Annotated[Decimal, _SHARE]
"""a ratio of the portfolio's equity"""
Money = Annotated[Decimal, number(above=0, example="10_000", decimals=8)]
"""money of the account currency"""
Factor = Annotated[Decimal, ratio(above=0, below=1, example="50% or 0.5")]
"""what is left of a size"""
Duration = Annotated[str, timeframe_text()]
"""a length of time"""
_ACTIONS = {
    "block": "refuse the entry",
    "reduce": "cut it to what fits",
    "close": "close what is open as well",
    "stop": "close everything and enter nothing any more",
}


#: Why some limits cannot close.
_NOT_OPEN = "it is held against an entry before it trades, when there is nothing of it to close"


def _described(*actions: str) -> str:
    return "what happens where it is reached: " + ", ".join(f"{action} ({_ACTIONS[action]})" for action in actions)


def _of_limit(value: object) -> object:
    """Read a limit alone as a limit with all defaults; ``off`` as none."""
    if value == "off" or value is False:
        return None
    return value if value is None or isinstance(value, (dict, BaseModel)) else {"limit": value}


def _limit_of(model: type[BaseModel]) -> BeforeValidator:
    return BeforeValidator(_of_limit, json_schema_input_type=model | float | str | None)


class _Limit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __str__(self) -> str:
        share = getattr(self, "limit", None)
        if isinstance(share, Decimal):
            return f"{(share * 100).normalize():f}%"
        return str(share if share is not None else getattr(self, "money", ""))


class AmountLimit(_Limit):
    """What something may amount to."""

    action: str
    limit: Share | None = Field(default=None, description="a ratio of the portfolio's equity, such as 5%")
    money: Money | None = Field(default=None, description="money of the account currency, instead of a ratio")

    @model_validator(mode="after")
    def _has_one_amount(self) -> Self:
        if (self.limit is None) == (self.money is None):
            came = "neither 'limit' nor 'money'" if self.limit is None else "both 'limit' and 'money'"
            refuse(f"{{place}} has {came}", expected="one of them", hint="for example {limit: 5%}")
        return self


class OrderLimit(AmountLimit):
    """What one entry may be worth or lose."""

    action: Annotated[
        Literal["block", "reduce", "stop"], choice("block", "reduce", "stop", meaningless={"close": _NOT_OPEN})
    ] = Field(default="block", description=_described("block", "reduce", "stop"))


class ExposureLimit(AmountLimit):
    """What may be open at once."""

    action: Annotated[Literal["block", "reduce", "close", "stop"], choice("block", "reduce", "close", "stop")] = Field(
        default="block", description=_described("block", "reduce", "close", "stop")
    )


class PriceLimit(_Limit):
    """How far the price of an entry may lie from the last close."""

    limit: Share = Field(description="a ratio of the last close, such as 5%")
    action: Annotated[
        Literal["block", "stop"],
        choice("block", "stop", meaningless={"reduce": "a smaller entry has the same price", "close": _NOT_OPEN}),
    ] = Field(default="block", description=_described("block", "stop"))


class CountLimit(_Limit):
    """How many there may be."""

    action: str
    limit: Annotated[int, whole_number(minimum=1)] = Field(description="how many there may be")


class PositionsLimit(CountLimit):
    """How many positions there may be."""

    action: Annotated[
        Literal["block", "stop"],
        choice(
            "block",
            "stop",
            meaningless={
                "reduce": "a smaller position counts as one, too",
                "close": "entries beyond the number are refused, so there is never a position too many",
            },
        ),
    ] = Field(default="block", description=_described("block", "stop"))


class OrdersLimit(CountLimit):
    """How many orders there may be."""

    action: Annotated[
        Literal["block", "stop"],
        choice(
            "block",
            "stop",
            meaningless={
                "reduce": "a smaller order counts as one, too",
                "close": "to close is to order, which would make more orders, not fewer",
            },
        ),
    ] = Field(default="block", description=_described("block", "stop"))


class AccountLimit(AmountLimit):
    """What the account may lose."""

    action: Annotated[Literal["block", "reduce", "close", "stop"], choice("block", "reduce", "close", "stop")] = Field(
        default="block",
        description="what happens where it is reached: block (refuse entries), reduce (cut their sizes by factor), "
        "close (close everything and refuse entries), stop (the same for good)",
    )
    factor: Factor | None = Field(default=None, description="what is left of a size under reduce; by default 50%")
    cool_down: Duration | None = Field(default=None, description="how long it holds at least, such as 4h")
    daily_reset: Annotated[bool, switch()] = Field(
        default=False, description="whether it lets go when a new day begins"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.factor is not None and self.action != "reduce":
            refuse(
                f"{{place}} is given, but the action is {self.action}", expected="action: reduce beside it",
                hint="remove 'factor'", at=("factor",),
            )  # fmt: skip
        _refuse_release_of_stop(self)
        return self


class DailyLoss(AccountLimit):
    """What the account may lose in a day."""

    daily_reset: Annotated[bool, switch()] = Field(default=True, description="whether it lets go when a new day begins")


def _refuse_release_of_stop(limit: AccountLimit | LossStreak) -> None:
    for name in ("cool_down", "daily_reset"):
        if limit.action == "stop" and name in limit.model_fields_set and getattr(limit, name):
            refuse(
                "{place} is given, but the action is stop, which is for good",
                expected=f"action: close, or no {name}",
                at=(name,),
            )


def _losses(value: object) -> object:
    """Read the name of a step, which a file gives as text."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        refuse(expected="a number of losses of at least 1")
    return value


Losses = Annotated[int, BeforeValidator(_losses, json_schema_input_type=int)]
_SIZES = {2: Decimal("0.75"), 3: Decimal("0.5"), 4: Decimal("0.25")}
_STREAK_STEPS_MAXIMUM = 8


class LossStreak(_Limit):
    """What trades lost in a row bring."""

    sizes: Mapping[Losses, Factor] = Field(
        default_factory=dict, description="what is left of a size from so many losses on: {2: 75%, 3: 50%, 4: 25%}"
    )
    limit: Annotated[int, whole_number(minimum=1)] | None = Field(
        default=None, description="the losses at which block, close or stop act"
    )
    action: Annotated[Literal["block", "reduce", "close", "stop"], choice("block", "reduce", "close", "stop")] = Field(
        default="reduce",
        description="what happens: reduce (cut sizes as sizes says), block (refuse entries), close (close what is open "
        "as well), stop (close everything and enter nothing any more)",
    )
    per: Annotated[Literal["strategy", "portfolio"], choice("strategy", "portfolio")] = Field(
        default="strategy", description="whose trades are counted, and who is held back"
    )
    cool_down: Duration | None = Field(
        default=None, description="how long after the last loss the count starts anew, such as 4h"
    )
    daily_reset: Annotated[bool, switch()] = Field(
        default=False, description="whether the count starts anew when a new day begins"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.action == "reduce") == (not self.sizes) or (self.action == "reduce") == (self.limit is not None):
            expected = "sizes with action: reduce, or limit with action: block, close or stop"
            refuse("{place} does not say from which loss on what happens", expected=expected, hint="{2: 75%, 3: 50%}")
        ordered = sorted(self.sizes)
        for before, after in pairwise(ordered):
            if self.sizes[after] >= self.sizes[before]:
                refuse(
                    f"after {after} losses more is left of a size than after {before}",
                    expected=f"less than {_percent(self.sizes[before])}",
                    at=("sizes", str(after)),
                )
        if len(ordered) > _STREAK_STEPS_MAXIMUM:
            refuse(f"{{place}} has {len(ordered)} steps", expected=f"at most {_STREAK_STEPS_MAXIMUM}", at=("sizes",))
        _refuse_release_of_stop(self)
        return self

    def __str__(self) -> str:
        return "{" + ", ".join(f"{losses}: {_percent(size)}" for losses, size in self.sizes.items()) + "}"


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"


def _of_streak(value: object) -> object:
    """Read sizes by losses alone as a streak with all defaults; ``off`` as none."""
    if value == "off" or value is False:
        return None
    if isinstance(value, dict) and value and all(isinstance(key, int) or str(key).isdecimal() for key in value):
        return {"sizes": value}
    return value


def _zone(value: object) -> object:
    """Accept the name of a time zone."""
    expected = "a time zone, such as UTC or America/New_York"
    if not isinstance(value, str):
        refuse(expected=expected)
    if value != "UTC":
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            refuse(expected=expected)
    return value


def _symbols_of_group(value: object) -> object:
    if not isinstance(value, list) or not value or not all(isinstance(symbol, str) for symbol in value):
        refuse(expected="a list of symbols, such as [BTC/USDT, ETH/USDT]")
    for position, symbol in enumerate(value):
        if symbol in value[:position]:
            refuse(f"'{symbol}' stands here a second time", expected="each symbol once", at=(position,))
    return value


GroupSymbols = Annotated[list[str], BeforeValidator(_symbols_of_group, json_schema_input_type=list[str])]
"""the symbols of a group"""
GroupName = Annotated[str, text("a name of letters, digits, - and _", r"[A-Za-z0-9][\w-]*")]
"""the name of a group"""
#: What lies inside what: the first may not be more than the second.
_INSIDE = (
    ("trade_risk", "position_risk"),
    ("trade_risk", "total_risk"),
    ("position_risk", "total_risk"),
    ("order_value", "symbol_exposure"),
    ("order_value", "strategy_exposure"),
    ("order_value", "gross_exposure"),
    ("symbol_exposure", "gross_exposure"),
    ("strategy_exposure", "gross_exposure"),
    ("net_exposure", "gross_exposure"),
)
_GROUPS_MAXIMUM = 32
#: What limits of the account do, from the mildest on.
_SEVERITY = ("reduce", "block", "close", "stop")


class RiskOptions(BaseModel):
    """What the portfolio may risk; without this section nothing is limited."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    timezone: Annotated[str, BeforeValidator(_zone, json_schema_input_type=str)] = Field(
        default="UTC", description="the zone in which a day begins, such as America/New_York"
    )
    trade_risk: Annotated[OrderLimit | None, _limit_of(OrderLimit)] = Field(
        default=OrderLimit(limit=Decimal("0.01")),
        description="what an entry may lose when its stop is hit, as a ratio of the portfolio's equity; off for none",
    )
    position_risk: Annotated[OrderLimit | None, _limit_of(OrderLimit)] = Field(
        default=OrderLimit(limit=Decimal("0.02")),
        description="what a position may lose when its stop is hit, after an entry; off for none",
    )
    total_risk: Annotated[ExposureLimit | None, _limit_of(ExposureLimit)] = Field(
        default=ExposureLimit(limit=Decimal("0.05")),
        description="what the portfolio may lose when every stop is hit; off for none",
    )
    daily_loss: Annotated[DailyLoss | None, _limit_of(DailyLoss)] = Field(
        default=DailyLoss(limit=Decimal("0.05")),
        description="what the portfolio may lose in a day; it lets go when a new day begins; off for none",
    )
    open_positions: Annotated[PositionsLimit | None, _limit_of(PositionsLimit)] = Field(
        default=PositionsLimit(limit=3), description="how many positions may be open at once; off for none"
    )
    loss_streak: Annotated[
        LossStreak | None, BeforeValidator(_of_streak, json_schema_input_type=LossStreak | Mapping[str, float | str])
    ] = Field(default=LossStreak(sizes=_SIZES), description="what trades lost in a row bring; off for nothing")
    drawdown: Annotated[AccountLimit | None, _limit_of(AccountLimit)] = Field(
        default=None, description="what the portfolio may lose from its highest equity"
    )
    gross_exposure: Annotated[ExposureLimit | None, _limit_of(ExposureLimit)] = Field(
        default=None, description="what long and short positions may be worth together"
    )
    net_exposure: Annotated[ExposureLimit | None, _limit_of(ExposureLimit)] = Field(
        default=None, description="by how much one side may outweigh the other"
    )
    symbol_exposure: Annotated[ExposureLimit | None, _limit_of(ExposureLimit)] = Field(
        default=None, description="what all positions on a symbol may be worth"
    )
    strategy_exposure: Annotated[ExposureLimit | None, _limit_of(ExposureLimit)] = Field(
        default=None, description="what all positions of a strategy may be worth"
    )
    groups: Mapping[GroupName, GroupSymbols] = Field(
        default_factory=dict, description="groups of symbols by name: {majors: [BTC/USDT, ETH/USDT]}"
    )
    group_exposure: Mapping[GroupName, Annotated[ExposureLimit, _limit_of(ExposureLimit)]] = Field(
        default_factory=dict, description="what all positions of a group may be worth: {majors: 80%}"
    )
    order_value: Annotated[OrderLimit | None, _limit_of(OrderLimit)] = Field(
        default=None, description="what one entry may be worth"
    )
    price_deviation: Annotated[PriceLimit | None, _limit_of(PriceLimit)] = Field(
        default=None, description="how far the price of an entry may lie from the last close, as a ratio of it"
    )
    orders_per_minute: Annotated[OrdersLimit | None, _limit_of(OrdersLimit)] = Field(
        default=None, description="how many orders may be made in a minute of the clock; exits count, but always pass"
    )

    @model_validator(mode="after")
    def _names_known_groups(self) -> Self:
        for name in self.group_exposure:
            if name not in self.groups:
                known = f"one of {', '.join(self.groups)}" if self.groups else "a name of 'groups'"
                hint = f"groups: {{{name}: [BTC/USDT, ETH/USDT]}}"
                refuse(f"there is no group {show(name)}", expected=known, hint=hint, at=("group_exposure", name))
        for name in self.groups:
            if name not in self.group_exposure:
                refuse(
                    f"nothing limits the group {show(name)}", expected=f"group_exposure: {{{name}: 80%}}",
                    hint="state what it may be worth, or remove it", at=("groups", name),
                )  # fmt: skip
        if len(self.groups) > _GROUPS_MAXIMUM:
            refuse(f"{{place}} has {len(self.groups)} groups", expected=f"at most {_GROUPS_MAXIMUM}", at=("groups",))
        return self

    @model_validator(mode="after")
    def _contradicts_itself_nowhere(self) -> Self:
        for inner, outer in _INSIDE:
            self._refuse_wider(inner, getattr(self, inner), outer, getattr(self, outer))
        for name, given in self.group_exposure.items():
            self._refuse_wider(f"group_exposure.{name}", given, "gross_exposure", self.gross_exposure)
        if "daily_loss" in self.model_fields_set and self._drawdown_comes_first():
            self._refuse_wider("daily_loss", self.daily_loss, "drawdown", self.drawdown)
        return self

    def _drawdown_comes_first(self) -> bool:
        """Tell whether a drawdown, which is never less than the day's loss, does as much as it and lasts."""
        day, whole = self.daily_loss, self.drawdown
        if day is None or whole is None or whole.cool_down is not None or whole.daily_reset:
            return False
        return _SEVERITY.index(whole.action) >= _SEVERITY.index(day.action)

    def _refuse_wider(self, inner: str, narrow: Any, outer: str, wide: Any) -> None:  # Any: limits with an amount
        for name in ("limit", "money"):
            least, most = getattr(narrow, name, None), getattr(wide, name, None)
            if least is not None and most is not None and least > most:
                default = "" if outer in self.model_fields_set else " by default"
                place = tuple(inner.split("."))
                refuse(
                    f"{inner} is {narrow}, but {outer} is {wide}{default}",
                    expected=f"{inner} of at most {wide}",
                    hint=f"raise {outer}, or write {outer}: off",
                    at=place if place[0] in self.model_fields_set else (outer,),
                )
