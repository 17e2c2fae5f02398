"""The options of a run."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from podium.core.errors import ConfigurationError
from podium.core.instruments import Instrument
from podium.core.slippage import SlippageModel
from podium.data.flaws import FlawKind
from podium.data.policy import Policy
from podium.portfolio.configuration import FLAW_KINDS, FLAW_POLICIES, FeeTier, OrchestratorConfig


def test_the_defaults_are_safe() -> None:
    """Nothing compounds, nothing is cheaper than stated, fills wait for the next bar. (B-41)"""
    config = OrchestratorConfig()
    assert (config.conflicts, config.logging_level, config.rebalance_threshold) == ("allow", "info", Decimal("0.10"))
    assert (config.compounding, config.fill, config.size_at, config.protect) == (
        False,
        "next_open",
        "decision",
        "entry_bar",
    )
    assert (config.entry_buffer, config.intrabar, config.finish) == (Decimal("0.01"), "pessimistic", "close")
    assert (config.slippage, config.spread, config.spread_on) == (Decimal(0), Decimal(0), "both")


def test_options_are_exact_and_cannot_be_changed() -> None:
    """Per cent text becomes an exact ratio, and a made configuration stays as it is. (B-28, B-41)"""
    config = OrchestratorConfig(slippage="0.02%", spread=Decimal("0.002"))  # type: ignore[arg-type]
    assert (config.slippage, config.spread) == (Decimal("0.0002"), Decimal("0.002"))
    with pytest.raises(ValidationError):
        config.slippage = Decimal(0)  # type: ignore[misc]


MODES = "one of allow, first_wins, priority, net_signal, cancel_both"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("conflicts", "none", f"conflicts is 'none'\n  expected: {MODES}"),
        ("conflicts", {"X": "alow"}, f"conflicts.X is 'alow'\n  expected: {MODES}\n  hint: did you mean 'allow'?"),
        ("conflicts", 3, f"conflicts is 3\n  expected: {MODES}"),
        ("priorities", {"trend": -1}, "priorities.trend is -1\n  expected: a whole number of at least 0"),
        ("logging_level", "verbose", "logging_level is 'verbose'\n  expected: one of debug, info, warning, error"),
        ("logging_level", "waring", "logging_level is 'waring'\n  expected: one of debug, info, warning, error\n  hint: did you mean 'warning'?"),
        ("rebalance_threshold", Decimal(0), "rebalance_threshold is 0\n  expected: a ratio above 0 and below 1, such as 10% or 0.1"),
        ("rebalance_threshold", Decimal(1), "rebalance_threshold is 1\n  expected: a ratio above 0 and below 1, such as 10% or 0.1\n  hint: if per cent is meant, write 1%"),
        ("slippage", 0.001, 'slippage is the float 0.001\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001\n  hint: floats are not exact: write Decimal("0.001")'),
        ("spread", Decimal(-1), "spread is -1\n  expected: a ratio of at least 0 and below 1, such as 0.1% or 0.001"),
        ("fill", "open", "fill is 'open'\n  expected: one of next_open, close\n  hint: did you mean 'next_open'?"),
        ("timeframe", "1x", "timeframe is '1x'\n  expected: a whole number and one of s, m, h, d, w, such as 1m, 4h, 1d"),
        ("chunk_steps", 0, "chunk_steps is 0\n  expected: a whole number of at least 1"),
        ("compounding", "yes", "compounding is 'yes'\n  expected: true or false\n  hint: write true without quotes"),
        ("calendar", "24x7", "calendar is '24x7'\n  expected: one of 24/7, sessions\n  hint: did you mean '24/7'?"),
        ("instruments", {"GOOG": "cheap"}, "instruments.GOOG is 'cheap'\n  expected: an Instrument"),
        ("flaws", {"gaps": "warn"}, f"the name 'gaps' does not fit in flaws\n  expected: one of {', '.join(FLAW_KINDS)}\n  hint: did you mean 'gap'?"),
        ("flaws", {"gap": "ignore"}, "flaws.gap is 'ignore'\n  expected: one of error, warn, drop"),
        ("flaws", {"gap": "drop"}, "flaws.gap is 'drop', but there is no bar to drop\n  expected: error or warn"),
        ("currency", "usd", "currency is 'usd'\n  expected: a currency code, such as USDT"),
        ("name", "a/b", "name is 'a/b'\n  expected: a name of letters, digits, spaces and - _ ."),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_at_once(option: str, value: object, message: str) -> None:
    """Each option refuses what it cannot mean, as a ``ValueError``, saying what was expected. (B-16, B-19, B-41)"""
    with pytest.raises(ValueError) as caught:
        OrchestratorConfig(**{option: value})  # type: ignore[arg-type]
    assert isinstance(caught.value, ConfigurationError)
    assert str(caught.value) == message


def test_symbols_may_have_conflict_modes_of_their_own() -> None:
    """A mode for all, or modes by symbol beside ``default``; what is not named lets all act. (B-33, B-41)"""
    assert OrchestratorConfig(conflicts="priority").conflict_mode("X") == "priority"
    named = OrchestratorConfig(conflicts={"default": "first_wins", "Y": "net_signal"})
    assert [named.conflict_mode(symbol) for symbol in ("X", "Y")] == ["first_wins", "net_signal"]
    assert OrchestratorConfig(conflicts={"Y": "cancel_both"}).conflict_mode("X") == "allow"


@pytest.mark.parametrize("conflicts", ["net_signal", {"X": "net_signal"}, {"default": "net_signal"}])
def test_sizes_that_are_fixed_at_the_fill_cannot_be_netted(conflicts: object) -> None:
    """They are not known when strategies disagree. (B-33, B-16)"""
    with pytest.raises(ConfigurationError) as caught:
        OrchestratorConfig(conflicts=conflicts, size_at="fill")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "conflicts nets sizes that size_at: fill leaves open\n"
        "  expected: size_at: decision, or another mode than net_signal"
    )


def test_an_unknown_option_is_told_with_its_neighbour() -> None:
    """A typo does not become a default. (B-16, B-41)"""
    with pytest.raises(ConfigurationError) as caught:
        OrchestratorConfig(slipage=Decimal(0), chunk_steps=-1)  # type: ignore[call-arg]
    assert {problem.hint for problem in caught.value.problems} == {None, "did you mean 'slippage'?"}
    assert len(caught.value.problems) == 2


def test_instruments_are_kept_as_they_are() -> None:
    """The very instrument that was given is used. (B-41)"""
    instrument = Instrument(tick=Decimal("0.01"))
    assert OrchestratorConfig(instruments={"GOOG": instrument}).instruments["GOOG"] is instrument


def test_flaws_and_policies_are_those_of_the_quality_check() -> None:
    """A policy is accepted here exactly when the quality check can do it. (B-41, B-45)"""
    assert set(FLAW_KINDS) == {kind.value for kind in FlawKind}
    for kind in FLAW_KINDS:
        for policy in FLAW_POLICIES:
            accepted = []
            for make in (lambda k, p: OrchestratorConfig(flaws={k: p}), lambda k, p: Policy.of({k: p})):
                try:
                    make(kind, policy)
                except ConfigurationError:
                    accepted.append(False)
                else:
                    accepted.append(True)
            assert accepted[0] == accepted[1], (kind, policy)


def test_parts_made_in_python_tell_what_is_wrong_with_them() -> None:
    """A tier and a model of slippage refuse what a file would be refused for, in the same words. (B-16)"""
    with pytest.raises(ConfigurationError) as told:
        SlippageModel(ticks=0.5, imact=Decimal(1))  # type: ignore[arg-type,call-arg]  # wrong on purpose
    assert [problem.message for problem in told.value.problems] == [
        "ticks is 0.5",
        "unknown key 'imact' in SlippageModel",
    ]
    with pytest.raises(ConfigurationError, match="FeeTier has no 'maker'"):
        FeeTier(volume=Decimal(0), taker=Decimal(0))  # type: ignore[call-arg]  # wrong on purpose


def test_parts_given_as_maps_are_told_at_their_place() -> None:
    """As a part of the options, a wrong tier has its position. (B-16)"""
    tiers = [{"volume": Decimal(0), "taker": Decimal(2), "maker": Decimal(0)}]
    with pytest.raises(ConfigurationError, match=r"fee_tiers\[0\]\.taker is 2"):
        OrchestratorConfig(fee_tiers=tiers)  # type: ignore[arg-type]  # wrong on purpose


def test_parts_survive_as_they_were_given() -> None:
    """What was made in Python is what the options hold. (B-41)"""
    tier = FeeTier(volume=Decimal(0), taker=Decimal("0.001"), maker=Decimal(0))
    model = SlippageModel(impact=Decimal(1))
    config = OrchestratorConfig(fee_tiers=[tier], slippage_model=model)
    assert (config.fee_tiers, config.slippage_model) == ([tier], model)
