"""Reading a portfolio file with everything it names."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.core.errors import ConfigurationError
from podium.portfolio.file import PortfolioFile, load_portfolio
from podium.strategy.plan import RulePlan

PORTFOLIO = """\
portfolio:
  name: demo
  currency: USDT
  capital: 100_000
data: {source: parquet, path: bars/, timeframe: 1h}
symbols:
  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%, slippage: 0.05%}
  ETH/USDT:
simulation: {slippage: 0.02%, fill: next_open}
strategies:
  - id: trend
    file: strategies/trend.yaml
    weight: 0.5
    symbols: [ETH/USDT, BTC/USDT]
    params: {fast: 20}
  - id: reversal
    class: strategies/reversal.py:Reversal
    weight: 0.3
    symbols: [BTC/USDT]
"""
TREND = """\
name: trend
params: {fast: 10, slow: 50}
entry: {long: "crosses_above(ema(close, fast), ema(close, slow))"}
size: {fraction: 50%}
"""
REVERSAL = """\
class Reversal:
    depth = 2
    share = 0.5

    def should_enter(self, bars):
        return len(bars) > self.depth

    def should_exit(self, position, bars):
        return False
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bars").mkdir()
    (tmp_path / "strategies").mkdir()
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO, encoding="utf-8")
    (tmp_path / "strategies/trend.yaml").write_text(TREND, encoding="utf-8")
    (tmp_path / "strategies/reversal.py").write_text(REVERSAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _load(text: str | None = None, environment: dict[str, str] | None = None, **overrides: str) -> PortfolioFile:
    if text is not None:
        Path("portfolio.yaml").write_text(text, encoding="utf-8")
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    return load_portfolio("portfolio.yaml", named, environment or {})


def test_a_file_is_read_with_everything_it_names(folder: Path) -> None:
    """One file gives capital, symbols, strategies and options; each strategy trades its own symbols. (B-16, B-19)"""
    portfolio = _load()
    assert portfolio.capital == Decimal(100_000)
    assert portfolio.data_path == Path("bars")
    assert [entry.strategy_id for entry in portfolio.strategies] == ["trend", "reversal"]
    trend, reversal = portfolio.strategies
    assert (trend.weight, reversal.weight) == (Decimal("0.5"), Decimal("0.3"))
    assert (trend.symbols, reversal.symbols) == (("BTC/USDT", "ETH/USDT"), ("BTC/USDT",))
    assert isinstance(trend.create(), RulePlan)
    assert portfolio.files == (
        Path("portfolio.yaml"),
        Path("strategies/trend.yaml"),
        Path("strategies/reversal.py"),
    )


def test_the_options_of_the_run_come_from_the_file(folder: Path) -> None:
    """Each section reaches the configuration; a symbol without a tick gets the one inferred from its bars. (B-41)"""
    config = _load().configuration({"BTC/USDT": Decimal("0.5"), "ETH/USDT": Decimal("0.01")})
    assert (config.name, config.currency, config.timeframe) == ("demo", "USDT", "1h")
    assert (config.slippage, config.fill) == (Decimal("0.0002"), "next_open")
    bitcoin, ether = config.instruments["BTC/USDT"], config.instruments["ETH/USDT"]
    assert (bitcoin.tick, bitcoin.lot, bitcoin.taker_fee) == (Decimal("0.1"), Decimal("0.001"), Decimal("0.001"))
    assert (bitcoin.slippage, ether.slippage) == (Decimal("0.0005"), None)
    assert ether.tick == Decimal("0.01")


def test_the_entry_wins_over_the_strategy_file_and_the_report_says_so(folder: Path) -> None:
    """Base config, then the strategy's overrides; what was overridden is reported with its place. (A-24)"""
    portfolio = _load()
    assert portfolio.strategies[0].params == {"fast": 20, "slow": 50}
    (override,) = portfolio.overrides
    assert (override.path, override.base, override.value) == ("strategies.trend.params.fast", 10, 20)
    assert override.source == "portfolio.yaml:15:20"


def test_the_layers_win_in_the_stated_order(folder: Path) -> None:
    """``--set`` over the environment over the entry over the strategy file over ``defaults``. (A-24)"""
    text = PORTFOLIO.replace("simulation:", "defaults: {max_bars: 9, params: {slow: 99}, timeframe: 4h}\nsimulation:")
    name = "PODIUM__STRATEGIES__TREND__PARAMS__FAST"
    plan = _load(text).strategies[0].plan
    assert plan is not None
    assert (plan.max_bars, str(plan.timeframe), plan.params) == (9, "4h", {"fast": 20, "slow": 50})
    environment = _load(text, {name: "30"}).strategies[0]
    assert environment.params["fast"] == 30
    both = _load(text, {name: "30"}, strategies__trend__params__fast="40")
    assert both.strategies[0].params["fast"] == 40
    told = {(override.path, override.base, override.value, override.source) for override in both.overrides}
    assert ("strategies.trend.params.fast", 10, 40, "--set strategies.trend.params.fast=40") in told
    assert ("strategies.trend.params.slow", 99, 50, "strategies/trend.yaml:2:26") in told


def test_choices_and_lists_replace_while_maps_merge(folder: Path) -> None:
    """A strategy's own size takes the place of the default size instead of mixing with it. (A-24)"""
    text = PORTFOLIO.replace(
        "simulation:", "defaults: {size: {risk: 1%}, stop: 2%, exit: {long: close < open}}\nsimulation:"
    )
    plan = _load(text).strategies[0].plan
    assert plan is not None
    assert (plan.size.kind.value, plan.size.value) == ("fraction", Decimal("0.50"))
    assert plan.stop is not None
    assert plan.long_exit is not None


def test_one_file_serves_several_strategies_with_different_settings(folder: Path) -> None:
    """The same building blocks, configured differently: no code knows a strategy by its name. (A-25)"""
    second = "  - {id: slow_trend, file: strategies/trend.yaml, weight: 0.1, params: {fast: 30}, timeframe: 4h}\n"
    one, _, two = _load(PORTFOLIO + second).strategies
    assert (one.params["fast"], two.params["fast"]) == (20, 30)
    assert one.plan is not None
    assert two.plan is not None
    assert one.plan.long_entry is not None
    assert two.plan.long_entry is not None
    assert one.plan.long_entry.text == "crosses_above(ema(close, 20), ema(close, 50))"
    assert two.plan.long_entry.text == "crosses_above(ema(close, 30), ema(close, 50))"
    assert (one.timeframe, str(two.timeframe)) == (None, "4h")


ONE = PORTFOLIO[: PORTFOLIO.index("  - id: reversal")]


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        ONE + "multi_strategy: {enabled: false}\n",
        ONE.replace("    weight: 0.5\n", "") + "multi_strategy: {enabled: false}\n",
        PORTFOLIO.replace("weight: 0.3", "weight: 0.3\n    enabled: false") + "multi_strategy: {enabled: false}\n",
    ],
    ids=["one strategy", "switched off", "without a weight", "the other disabled"],
)
def test_one_strategy_is_a_portfolio_of_one(folder: Path, text: str) -> None:
    """``multi_strategy.enabled: false`` and a file with one strategy both work. (A-31)"""
    portfolio = _load(text)
    assert [entry.strategy_id for entry in portfolio.strategies] == ["trend"]
    assert portfolio.strategies[0].weight == (Decimal("0.5") if "weight: 0.5" in text else Decimal(1))


def test_equal_weights_take_the_place_of_weights(folder: Path) -> None:
    """With ``equal_weights`` no strategy has a weight of its own. (B-02)"""
    text = PORTFOLIO.replace("name: demo", "name: demo\n  equal_weights: true")
    portfolio = _load(text.replace("    weight: 0.5\n", "").replace("    weight: 0.3\n", ""))
    assert portfolio.equal_weights
    assert [entry.weight for entry in portfolio.strategies] == [None, None]


@pytest.mark.parametrize(
    ("weights", "accepted"),
    [
        (("0.5", "0.5"), True),
        (("0.1", "0.9"), True),
        (("0.000000001", "0.999999999"), True),
        (("0.5", "0.500000001"), False),
        (("1", "0.1"), False),
        (("0", "0.5"), False),
        (("-0.1", "0.5"), False),
        (("1.1", "0.1"), False),
    ],
)
def test_weights_are_above_zero_and_sum_to_at_most_one(folder: Path, weights: tuple[str, str], accepted: bool) -> None:
    """The sum is exact: one is accepted, a billionth more is refused, naming the strategy and its line. (B-02)"""
    text = PORTFOLIO.replace("weight: 0.5", f"weight: {weights[0]}").replace("weight: 0.3", f"weight: {weights[1]}")
    if accepted:
        assert _load(text).strategies[0].weight == Decimal(weights[0])
        return
    with pytest.raises(ValueError) as caught:
        _load(text)
    (problem,) = caught.value.problems  # type: ignore[attr-defined]
    assert problem.location.line in (13, 18)
    assert "reversal" in problem.message or "strategies[0].weight" in problem.message


def test_all_problems_of_one_pass_are_told(folder: Path) -> None:
    """Mistakes in the portfolio file and in the strategy files come together, each at its place. (B-19, D-06)"""
    Path("strategies/trend.yaml").write_text(TREND.replace("ema(close, fast)", "emma(close, fast)"), encoding="utf-8")
    text = PORTFOLIO.replace("symbols: [BTC/USDT]", "symbols: [BTC/USD]").replace("weight: 0.3", "weight: 0.6")
    with pytest.raises(ConfigurationError) as caught:
        _load(text)
    assert sorted(str(problem.location) for problem in caught.value.problems) == [
        "portfolio.yaml:18:13",
        "portfolio.yaml:19:15",
        "strategies/trend.yaml:3:30",
    ]


def test_a_class_gets_the_values_of_its_parameters(folder: Path) -> None:
    """Parameters of the entry reach a new instance, of the type that the class states. (A-25)"""
    text = PORTFOLIO.replace("weight: 0.3", "weight: 0.3\n    params: {depth: 5, share: 25%}")
    entry = _load(text).strategies[1]
    one, two = entry.create(), entry.create()
    assert one is not two
    assert (one.depth, one.share) == (5, 0.25)  # type: ignore[attr-defined]
    assert type(one.share) is float  # type: ignore[attr-defined]


def test_the_environment_is_read_loosely_and_only_with_the_prefix(folder: Path) -> None:
    """Case does not matter, a slash may be an underscore, other variables do nothing. (A-24)"""
    environment = {
        "PODIUM__PORTFOLIO__CAPITAL": "5_000",
        "PODIUM__SYMBOLS__BTC_USDT__TICK": "0.5",
        "PODIUM_MARKET_DATA": "somewhere",
        "HOME": "nowhere",
    }
    portfolio = _load(environment=environment)
    assert portfolio.capital == Decimal(5_000)
    assert portfolio.symbols["BTC/USDT"].tick == Decimal("0.5")
    assert {override.source for override in portfolio.overrides if override.path.startswith("portfolio")} == {
        "environment PODIUM__PORTFOLIO__CAPITAL"
    }


def test_a_symbol_with_a_dot_can_be_set(folder: Path) -> None:
    """The longest key of the file that fits is meant. (A-24)"""
    text = PORTFOLIO.replace("ETH/USDT", "BRK.B")
    portfolio = load_portfolio(_written(text), {"symbols.BRK.B.tick": "0.05"}, {})
    assert portfolio.symbols["BRK.B"].tick == Decimal("0.05")


def test_a_symbol_of_a_list_can_be_set(folder: Path) -> None:
    """A list of symbols is a map without settings; a list itself is set as a whole. (A-24)"""
    start, end = PORTFOLIO.index("symbols:"), PORTFOLIO.index("simulation:")
    text = PORTFOLIO[:start] + "symbols: [BTC/USDT, ETH/USDT]\n" + PORTFOLIO[end:]
    portfolio = load_portfolio(_written(text), {"symbols.BTC/USDT.tick": "0.05"}, {})
    assert portfolio.symbols["BTC/USDT"].tick == Decimal("0.05")
    whole = load_portfolio(_written(text), {"strategies.trend.symbols": "[ETH/USDT]"}, {})
    assert whole.strategies[0].symbols == ("ETH/USDT",)
    with pytest.raises(ConfigurationError) as caught:
        load_portfolio(_written(text), {"strategies.trend.symbols.0": "ETH/USDT"}, {})
    assert str(caught.value) == (
        "--set strategies.trend.symbols.0=ETH/USDT: strategies[0].symbols is a list\n"
        "  expected: a whole list as the value, such as [a, b]"
    )


def _written(text: str) -> Path:
    path = Path("portfolio.yaml")
    path.write_text(text, encoding="utf-8")
    return path


def test_missing_bars_are_told_at_the_symbol(folder: Path) -> None:
    """Whoever reads bars can point at the line of a symbol that has none. (B-16, D-06)"""
    (problem,) = _load().missing_bars({"BTC/USDT": None, "ETH/USD": None})
    assert str(problem) == (
        "portfolio.yaml:8:3: there are no bars of 'ETH/USDT' in bars\n"
        "  expected: one of BTC/USDT, ETH/USD\n"
        "  hint: did you mean 'ETH/USD'?"
    )


def test_the_name_of_a_missing_file_has_the_time_frame_that_is_stated(folder: Path) -> None:
    """And none where none is stated: a file may be called by its symbol alone. (B-16, D-06)"""
    for stated, name in ((", timeframe: 5m", "ETH-USDT_5m"), (", timeframe: 1d", "ETH-USDT_1d"), ("", "ETH-USDT")):
        (problem,) = _load(PORTFOLIO.replace(", timeframe: 1h", stated)).missing_bars({"BTC/USDT": None})
        assert problem.hint == f"its file is called {name}.parquet"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    position=st.integers(0, len(PORTFOLIO) - 1),
    length=st.integers(0, 12),
    text=st.text(alphabet="aé:{}[],#'\"\n -0.5%*&!|>?~_\t", max_size=6),
)
def test_any_damage_is_read_or_told_with_its_place(folder: Path, position: int, length: int, text: str) -> None:
    """However a file is damaged, it is accepted or refused with a message that points into it. (B-69, D-06)"""
    problems: tuple[object, ...] = ()
    try:
        _load(PORTFOLIO[:position] + text + PORTFOLIO[position + length :])
    except ConfigurationError as error:
        problems = tuple(problem.location.file for problem in error.problems if problem.location)
        assert len(problems) == len(error.problems)  # noqa: PT017
    assert all(str(file).endswith((".yaml", ".py")) for file in problems)
