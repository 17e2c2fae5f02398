"""The strategies of a run, whatever form they came in."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from podium.core.errors import ConfigurationError, Problem, did_you_mean, within
from podium.core.ids import RESERVED_IDS
from podium.core.times import Timeframe
from podium.portfolio.file import PortfolioFile
from podium.portfolio.strategy_entries import StrategyEntry
from podium.strategy.adapted import AdaptedStrategy, EntersAndExits
from podium.strategy.base import Strategy
from podium.strategy.coded import check_coded
from podium.strategy.plan import RulePlan
from podium.strategy.rules_class import has_rules, plan_from_class

__all__ = ["Member", "members_of_file", "members_of_pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Hold one strategy of a run.

    Args:
        strategy_id: its id.
        form: a plan, or a coded strategy.
        weight: its share of the capital, above 0.
        symbols: what it trades; ``None`` means every symbol.
        timeframe: on whose completed bars it decides; ``None`` means the base time frame.
    """

    strategy_id: str
    form: RulePlan | Strategy
    weight: Decimal
    symbols: tuple[str, ...] | None = None
    timeframe: Timeframe | None = None

    def trades(self, symbol: str) -> bool:
        """Tell whether it trades a symbol.

        Args:
            symbol: a market's name.
        """
        return self.symbols is None or symbol in self.symbols

    @property
    def frame(self) -> Timeframe | None:
        """Give the time frame it decides on, stated by whoever uses it or by itself; ``None`` is the base."""
        if self.timeframe is not None:
            return self.timeframe
        stated = self.form.timeframe if isinstance(self.form, RulePlan) else getattr(self.form, "timeframe", None)
        return Timeframe.parse(stated) if isinstance(stated, str) else stated


def members_of_file(portfolio: PortfolioFile) -> tuple[Member, ...]:
    """Take the strategies of a portfolio file.

    Args:
        portfolio: the file.

    Returns:
        In the file's order.
    """
    made = [_of_entry(number, entry) for number, entry in enumerate(portfolio.strategies)]
    return _weighted(made) if portfolio.equal_weights else _checked(made)


def _of_entry(number: int, entry: StrategyEntry) -> Member:
    with within("strategies", number):
        form = _form(entry.create(), entry.strategy_id)
    return Member(
        strategy_id=entry.strategy_id,
        form=form,
        weight=entry.weight or Decimal(1),
        symbols=entry.symbols,
        timeframe=entry.timeframe,
    )


def members_of_pairs(
    strategies: Sequence[tuple[object, Decimal]] | Sequence[object], *, equal_weights: bool
) -> tuple[Member, ...]:
    """Take strategies as they are given in Python.

    Args:
        strategies: pairs of a strategy and its weight; with ``equal_weights`` also strategies alone.
        equal_weights: give every strategy the same share.

    Returns:
        In the given order.

    Raises:
        ConfigurationError: when there are none, a weight is wrong, or an object is no strategy.
    """
    if not isinstance(strategies, Sequence) or isinstance(strategies, (str, bytes)) or not strategies:
        came = type(strategies).__name__ if isinstance(strategies, str) or strategies else "empty"
        raise _wrong(f"strategies is {came}", "at least one (strategy, weight)")
    made: list[Member] = []
    for position, item in enumerate(strategies):
        is_pair = isinstance(item, tuple) and len(item) == 2
        if not is_pair and not equal_weights:
            raise _wrong(f"strategies[{position}] is {item!r}", "a pair (strategy, weight)", "or equal_weights=True")
        strategy, weight = item if is_pair and isinstance(item, tuple) else (item, Decimal(1))
        if isinstance(strategy, type):
            name = strategy.__name__
            raise _wrong(f"strategies[{position}] is the class {name}", "an instance of it", f"{name}()")
        strategy_id = _numbered(_id_of(strategy), [member.strategy_id for member in made])
        made.append(Member(strategy_id=strategy_id, form=_form(strategy, strategy_id), weight=weight))
    return _weighted(made) if equal_weights else _checked(made)


def _id_of(strategy: object) -> str:
    stated = getattr(strategy, "strategy_id", None)
    if not isinstance(stated, str) or not stated:
        stated = strategy.name if isinstance(strategy, RulePlan) else type(strategy).__name__
    if stated in RESERVED_IDS:
        raise _wrong(
            f"a strategy has the id '{stated}'",
            f"another name: {', '.join(RESERVED_IDS)} are rows of the results",
            f'set its strategy_id, for example "{stated}_1"',
        )
    return stated


def _numbered(name: str, taken: Sequence[str]) -> str:
    """Number a name that repeats: ``Trend``, ``Trend-2``, ``Trend-3``."""
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    return unique


def _form(strategy: object, strategy_id: str) -> RulePlan | Strategy:
    if isinstance(strategy, RulePlan):
        return strategy
    if isinstance(strategy, Strategy) and type(strategy).on_bar is not Strategy.on_bar:
        if has_rules(strategy):
            raise _wrong(f"strategy '{strategy_id}' has both rules and on_bar", "rules as class attributes, or on_bar")
        check_coded(strategy, strategy_id)
        return strategy
    if has_rules(strategy):
        return plan_from_class(strategy)
    if isinstance(strategy, Strategy):
        raise _wrong(f"strategy '{strategy_id}' decides nothing", "on_bar, or long_entry or short_entry")
    if isinstance(strategy, EntersAndExits):
        return _copyable(AdaptedStrategy(strategy), strategy_id)
    raise _wrong(
        f"strategy '{strategy_id}' is a {type(strategy).__name__}, which is no strategy",
        "a Strategy, or an object with should_enter and should_exit",
        did_you_mean("should_enter", [name for name in dir(strategy) if not name.startswith("_")]),
    )


def _copyable(strategy: AdaptedStrategy, strategy_id: str) -> AdaptedStrategy:
    """Refuse what cannot be copied, such as an open file: each symbol works on its own copy."""
    try:
        copy.deepcopy(strategy)
    except Exception as error:
        raise _wrong(
            f"strategy '{strategy_id}' cannot be copied: {error}", "attributes that copy.deepcopy can copy"
        ) from error
    return strategy


def _weighted(members: Sequence[Member]) -> tuple[Member, ...]:
    """Give every member the same share, rounded down to a billionth so that the sum stays at most 1."""
    share = Decimal(10**9 // len(members)).scaleb(-9)
    return tuple(replace(member, weight=share) for member in members)


def _checked(members: Sequence[Member]) -> tuple[Member, ...]:
    problems = [
        problem for member in members if (problem := _weight_problem(member.strategy_id, member.weight)) is not None
    ]
    if not problems and (total := sum(member.weight for member in members)) > 1:
        shares: Mapping[str, Decimal] = {member.strategy_id: member.weight for member in members}
        listed = ", ".join(f"{name} {weight}" for name, weight in shares.items())
        problems.append(Problem(message=f"the weights sum to {total} ({listed})", expected="a sum of at most 1"))
    if problems:
        raise ConfigurationError(problems)
    return tuple(members)


def _weight_problem(strategy_id: str, weight: object) -> Problem | None:
    if isinstance(weight, Decimal) and weight.is_finite() and 0 < weight <= 1:
        return None
    came = weight if isinstance(weight, Decimal) else repr(weight)
    return Problem(
        message=f"the weight of strategy '{strategy_id}' is {came}",
        expected="a Decimal above 0, at most 1",
        hint=f'Decimal("{weight}")' if isinstance(weight, (int, float)) else None,
    )


def _wrong(message: str, expected: str, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError(Problem(message=message, expected=expected, hint=hint))
