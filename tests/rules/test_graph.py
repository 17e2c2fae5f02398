"""Computing expressions: unknown values, warm-up, sharing, carrying."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from random_rules import Columns, OneBar, random_bars, same_bits

from podium.core.errors import RuleError
from podium.rules import (
    adx,
    bars_since,
    change,
    close,
    count,
    crosses,
    crosses_above,
    crosses_below,
    falling,
    highest,
    is_known,
    larger,
    last,
    low,
    lowest,
    macd,
    mult,
    rising,
    rsi,
    shift,
    sign,
    sma,
    smaller,
    stddev,
    value_when,
    where,
    zscore,
)  # fmt: skip
from podium.rules import obv as on_balance
from podium.rules.conditions_kernel import pack
from podium.rules.graph import Graph
from podium.rules.nodes import Number, Outputs, Series, Truth
from podium.rules.parser import parse

NAN = math.nan


def series(*values: float) -> Columns:
    column = np.array(values, dtype=np.float64)
    return Columns(open=np.zeros(len(column)), high=column, low=column, close=column, volume=column)


def compute(node, bars: Columns) -> list[float]:
    return Graph([node]).open(bars)[node.text].tolist()


def is_same(found: list[float], expected: list[float]) -> bool:
    return np.array_equal(np.array(found, dtype=float), np.array(expected, dtype=float), equal_nan=True)


def cond(code: int):
    """A condition that is false, true or unknown on every bar, and is no constant."""
    return {0: close < 0, 1: close > 0, 2: close / (close - close) > 0}[code]


@pytest.mark.parametrize("left", [0, 1, 2])
@pytest.mark.parametrize("right", [0, 1, 2])
def test_logic_has_three_values(left, right):
    """Kleene: unknown is decided only where the other side decides. (B-15)"""
    truth = {0: False, 1: True, 2: None}
    a, b = truth[left], truth[right]
    both = 0 if False in (a, b) else 2 if None in (a, b) else 1
    either = 1 if True in (a, b) else 2 if None in (a, b) else 0
    bars = series(1, 2)
    assert compute(cond(left) & cond(right), bars) == [both] * 2
    assert compute(cond(left) | cond(right), bars) == [either] * 2
    assert compute(~cond(left), bars) == [{0: 1, 1: 0, 2: 2}[left]] * 2


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("<", [1, 0, 0, 2]), ("<=", [1, 1, 0, 2]), (">", [0, 0, 1, 2]), (">=", [0, 1, 1, 2]), ("==", [0, 1, 0, 2]),
     ("!=", [1, 0, 1, 2])],
)  # fmt: skip
@pytest.mark.parametrize("right", ["2", "open + 2", "where(true, 2, 2)"])
def test_a_comparison_is_unknown_when_a_side_is(operator, expected, right):
    """Against a plain number and against a series. (B-15)"""
    known = "where(close < 4, close, 1 / 0)"
    bars = series(1, 2, 3, 4)
    assert compute(parse(f"{known} {operator} {right}", names={}), bars) == expected
    assert compute(parse(f"close {operator} 1 / 0", names={}), bars) == [2] * 4
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
    assert compute(parse(f"{right} {mirrored} {known}", names={}), bars) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("close / open", [NAN, NAN, NAN]),
        ("open / open", [NAN, NAN, NAN]),
        ("1 / (close - 2)", [-1, NAN, 1]),
        ("close // (close - 2)", [-1, NAN, 3]),
        ("-close // 2", [-1, -1, -2]),
        ("-close % 2", [1, 0, 1]),
        ("close % (close - 2)", [0, NAN, 0]),
        ("(close - 2) ** 0.5", [NAN, 0, 1]),
        ("close ** 1000", [1, 2.0**1000, NAN]),
        ("1 / 0", [NAN, NAN, NAN]),
        ("2 ** close", [2, 4, 8]),
        ("(1 / 0) ** (close - close)", [NAN, NAN, NAN]),
        ("close * 1e308 * 10", [NAN, NAN, NAN]),
        ("hl2 + hlc3 + ohlc4 - volume", [1.75, 3.5, 5.25]),
        ("3", [3, 3, 3]),
        ("close[1]", [NAN, 1, 2]),
        ("(close > 1)[1]", [2, 0, 1]),
        ("close[7]", [NAN, NAN, NAN]),
        ("true or close > 1", [1, 1, 1]),
        ("1 / 0 > 1", [2, 2, 2]),
        ("not (1 / 0 > 1) or true", [1, 1, 1]),
        ("sqrt(close - 2)", [NAN, 0, 1]),
    ],
)
def test_what_is_not_finite_is_unknown(text, expected):
    """A division by zero is no signal. (B-15)"""
    assert is_same(compute(parse(text, names={}), series(1, 2, 3)), expected)


UP_DOWN = series(1, 3, 3, 5, 4, 4, 2, 1, 6)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (crosses_above(close, 3), [0, 0, 0, 0, 0, 0, 0, 0, 1]),  # strict both times: 1, 3, 3, 5 touches the level
        (crosses_below(close, 3.5), [2, 0, 0, 0, 0, 0, 1, 0, 0]),
        (crosses_above(close, 2), [0, 1, 0, 0, 0, 0, 0, 0, 1]),
        (crosses_above(close, 0), [2, 0, 0, 0, 0, 0, 0, 0, 0]),
        (crosses(close, 3.5), [2, 0, 0, 1, 0, 0, 1, 0, 1]),
        (rising(close), [2, 1, 0, 1, 0, 0, 0, 0, 1]),
        (rising(close, 2), [2, 2, 0, 0, 0, 0, 0, 0, 0]),
        (falling(close, 2), [2, 0, 0, 0, 0, 0, 0, 1, 0]),
        (bars_since(close == 3), [NAN, 0, 0, 1, 2, 3, 4, 5, 6]),
        (value_when(close > close[1], close), [NAN, 3, 3, 5, 5, 5, 5, 5, 6]),
        (count(close > 2, 3), [NAN, NAN, 2, 3, 3, 3, 2, 1, 1]),
        (count(close[1] > 2, 2), [NAN, NAN, 1, 2, 2, 2, 2, 1, 0]),
        (last(where(close > 2, close, 1 / Number(0))), [NAN, 3, 3, 5, 4, 4, 4, 4, 6]),
        (is_known(close[2]), [0, 0, 1, 1, 1, 1, 1, 1, 1]),
        (is_known(close[2] > 1), [0, 0, 1, 1, 1, 1, 1, 1, 1]),
        (where(close > 3, close, -1), [-1, -1, -1, 5, 4, 4, -1, -1, 6]),
        (abs(close - 3), [2, 0, 0, 2, 1, 1, 1, 2, 3]),
        (sign(close - 3), [-1, 0, 0, 1, 1, 1, -1, -1, 1]),
        (larger(close, 3), [3, 3, 3, 5, 4, 4, 3, 3, 6]),
        (smaller(close, close[1]), [NAN, 1, 3, 3, 4, 4, 2, 1, 1]),
        (change(close), [NAN, 2, 0, 2, -1, 0, -2, -1, 5]),
        (change(close, 2), [NAN, NAN, 2, 2, 1, -1, -2, -3, 4]),
        (highest(close, 3), [NAN, NAN, 3, 5, 5, 5, 4, 4, 6]),
        (lowest(close, 3), [NAN, NAN, 1, 3, 3, 4, 2, 1, 1]),
        (shift(close, 0), [1, 3, 3, 5, 4, 4, 2, 1, 6]),
        (-close[1], [NAN, -1, -3, -3, -5, -4, -4, -2, -1]),
        (Truth(value=False) | (close > 3), [0, 0, 0, 1, 1, 1, 0, 0, 1]),
    ],
    ids=lambda value: value.text if hasattr(value, "text") else "",
)  # fmt: skip
def test_our_functions_mean_what_the_reference_says(node, expected):
    """Worked by hand. (B-15)"""
    assert is_same(compute(node, UP_DOWN), expected)


def test_zscore_is_the_distance_from_the_mean_in_population_deviations():
    """Compared with NumPy, window by window. (B-15)"""
    bars = random_bars(np.random.default_rng(3), 80)
    found = compute(zscore(close, 20), bars)
    for row in range(19, 80):
        window = bars.close[row - 19 : row + 1]
        assert found[row] == pytest.approx((window[-1] - window.mean()) / window.std(), rel=1e-6)


def test_a_gap_in_an_input_of_talib_holds_the_last_known_value():
    """One unknown value does not poison the rest of an indicator. (B-71)"""
    holed = where(close != 5, close, 1 / Number(0))
    assert is_same(compute(sma(holed, 2), UP_DOWN), [NAN, 2, 3, 3, 3.5, 4, 3, 1.5, 3.5])
    late = where(close > 2, close, 1 / Number(0))
    assert is_same(compute(sma(late, 2), UP_DOWN), [NAN, NAN, 3, 4, 4.5, 4, 4, 4, 5])


@pytest.mark.parametrize(
    ("node", "bars"),
    [
        (close, 0), (Number(3), 0), (sma(close, 20), 19), (sma(close, 20)[3], 22), (sma(sma(close, 5), 3), 6),
        (macd(close).signal, 33), (macd(close), 33), (adx(14), 27), (crosses_above(sma(close, 5), 3), 5),
        ((sma(close, 5) > 1) & (rsi(close, 14) > 3), 14), (zscore(close, 48), 47), (bars_since(close > close[4]), 4),
        (rising(close, 3), 3), (count(close > 1, 5), 4), (on_balance(close), 0), (close > Number(1) / 0, 0),
    ],
    ids=lambda value: getattr(value, "text", ""),
)  # fmt: skip
def test_each_node_knows_its_warm_up(node, bars):
    """A strategy does not act before its graph is warm. (B-15)"""
    assert Graph([node]).warm_up(node) == bars


def test_equal_parts_of_rules_are_computed_once(monkeypatch):
    """Five strategies cost far less than five times one. (B-17)"""
    rules = [sma(close, 10) > sma(close, 20), sma(close, 10) > sma(close, 30), macd(close).signal > macd(close).hist]
    rules += [~rules[0], zscore(close, 10) > 1, stddev(close, 10) > 2]
    graph = Graph(rules)
    seen: list[str] = []
    real = type(graph._steps[0]).whole
    monkeypatch.setattr(
        type(graph._steps[0]), "whole", lambda step, inputs: (seen.append(step.texts[0]), real(step, inputs))[1]
    )
    graph.open(random_bars(np.random.default_rng(1), 60))
    assert len(seen) == len(set(seen))
    assert sum(text.startswith(("sma", "macd", "stddev")) and ">" not in text and "/" not in text for text in seen) == 5


def test_intermediate_values_are_freed_when_their_last_reader_is_done():
    """Only what is wanted stays. (B-18)"""
    import tracemalloc

    node = close
    for period in range(2, 42):
        node = sma(node, period)
    bars = random_bars(np.random.default_rng(1), 20_000)
    graph = Graph([node])
    tracemalloc.start()
    values = graph.open(bars)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(values) == [node.text]
    assert peak < 6 * 20_000 * 8


def test_only_what_is_wanted_is_computed():
    """A graph of all rules gives any part of them. (B-17)"""
    rule = sma(close, 10) > 3
    graph = Graph([rule, rsi(close, 14)])
    assert list(graph.open(UP_DOWN, [rule])) == [rule.text]
    assert list(graph.open(UP_DOWN, [sma(close, 10)])) == [sma(close, 10).text]
    with pytest.raises(RuleError, match="no part of this graph"):
        graph.open(UP_DOWN, [rsi(close, 15)])


def test_a_call_with_several_outputs_stands_for_all_of_them():
    """An indicator ``macd(close)`` is recorded as its three lines. (B-42)"""
    both = macd(close)
    assert isinstance(both, Outputs)
    graph = Graph([both])
    expected = {f"{both.text}.{name}" for name in ("macd", "macdsignal", "macdhist")}
    assert set(graph.open(UP_DOWN)) == set(graph.carry(UP_DOWN.bar(0))) == expected


def test_parameters_must_have_values():
    """The error names them. (B-19)"""
    with pytest.raises(RuleError, match="parameters without a value: fast, slow"):
        Graph([sma(close, "fast") > sma(close, "slow")])


def test_carrying_starts_on_nothing_or_on_what_was_opened_last():
    """Opening again starts anew; priming by hand serves the same. (B-15)"""
    bars = random_bars(np.random.default_rng(5), 60)
    rule = crosses_above(sma(close, 3), sma(close, 8)) | (low < Series("open"))
    whole = Graph([rule]).open(bars)[rule.text]
    graph = Graph([rule])
    assert [graph.carry(bars.bar(row))[rule.text] for row in range(60)] == whole.tolist()
    graph.open(bars.head(30))
    assert [graph.carry(bars.bar(row))[rule.text] for row in range(30, 60)] == whole[30:].tolist()
    graph.prime(bars.head(45))
    assert [graph.carry(bars.bar(row))[rule.text] for row in range(45, 60)] == whole[45:].tolist()


def test_carried_values_are_plain_numbers():
    """Numbers are floats, conditions whole numbers 0, 1, 2. (B-15)"""
    graph = Graph([close, close > 1])
    assert graph.carry(OneBar(open=1, high=1, low=1, close=2, volume=0)) == {"close": 2.0, "close > 1": 1}


def test_columns_that_may_not_be_written_are_read():
    """Mapped files and frames give such columns, at times of whole numbers or with gaps between the elements. (B-73)"""
    bars = random_bars(np.random.default_rng(5), 60)
    rule = crosses_above(sma(close, 3), Series("hl2")) | (on_balance(close) > 0)
    frozen = Columns(**{name: getattr(bars, name).copy() for name in Columns.__slots__})
    for name in Columns.__slots__:
        getattr(frozen, name).flags.writeable = False
    strided = Columns(**{name: np.repeat(getattr(bars, name), 2)[::2] for name in Columns.__slots__})
    for other in (frozen, strided):
        assert same_bits(Graph([rule]).open(other)[rule.text], Graph([rule]).open(bars)[rule.text])
    assert Graph([close]).open(series(1, 2))["close"].tolist() == [1, 2]


def test_true_conditions_are_packed_into_bits():
    """Unknown does not act. (B-18)"""
    out = np.zeros(3, dtype=np.uint8)
    pack(np.array([0, 1, 2], dtype=np.uint8), 1, out)
    pack(np.array([1, 1, 2], dtype=np.uint8), 4, out)
    assert out.tolist() == [4, 5, 0]


def test_a_zero_of_talib_has_no_sign():
    """The maximum of 0.0 and -0.0 has the same bits opened and carried. (B-15)"""
    bars = series(0.0, -0.0, 0.0, 0.0, -0.0, -0.0, 0.0)
    for text in ("max(close, 2)", "min(close, 2)", "max(-close, 3)", "minmax(close, 2).max"):
        node = parse(text, names={})
        whole = Graph([node]).open(bars)[node.text]
        graph = Graph([node])
        carried = np.array([graph.carry(bars.bar(row))[node.text] for row in range(7)])
        assert same_bits(whole, carried)
        assert not np.signbit(whole[3:]).any()


def test_an_empty_series_gives_empty_values():
    """No bars are no error. (B-69)"""
    rules = [sma(close, 3) > 1, Number(3), crosses(close, 1), macd(close).hist[2], -close, count(close > 1, 3)]
    assert all(len(values) == 0 for values in Graph(rules).open(series()).values())


def test_a_window_longer_than_history_is_unknown():
    """Too few bars are no error. (B-69)"""
    rules = [highest(close, 50), mult(close, close[20]), sma(close[3], 9)]
    for values in Graph(rules).open(UP_DOWN).values():
        assert np.isnan(values).all()


CASES = {
    "SMA20": "sma(close, 20)", "EMA20": "ema(close, 20)", "WMA20": "wma(close, 20)", "DEMA20": "dema(close, 20)",
    "TEMA20": "tema(close, 20)", "KAMA30": "kama(close, 30)", "RSI14": "rsi(close, 14)", "MACD": "macd(close).macd",
    "MACDSIG": "macd(close).signal", "MACDHIST": "macd(close).hist", "BBU20": "bbands(close, 20).upper",
    "BBM20": "bbands(close, 20).middle", "BBL20": "bbands(close, 20).lower", "TRANGE": "trange()", "ATR14": "atr(14)",
    "NATR14": "natr(14)", "ADX14": "adx(14)", "PDI14": "plus_di(14)", "MDI14": "minus_di(14)", "STOCHK": "stoch(14, 3, 0, 3, 0).k",
    "STOCHD": "stoch(14, 3, 0, 3, 0).d", "STOCHFK": "stochf(14).k", "STOCHFD": "stochf(14).d", "CCI20": "cci(20)", "WILLR14": "willr(14)",
    "ROC10": "roc(close, 10)", "MOM10": "mom(close, 10)", "OBV": "obv(close)", "MFI14": "mfi(14)", "SAR": "sar()",
    "AROONDN": "aroon(14).down", "AROONUP": "aroon(14).up", "TRIX15": "trix(close, 15)", "ULTOSC": "ultosc()",
    "STDDEV20": "stddev(close, 20)", "LINREG14": "linearreg(close, 14)", "MAX20": "max(high, 20)", "MIN20": "min(low, 20)",
}  # fmt: skip


@pytest.mark.parametrize("symbol", ["GOOG_1d", "SPY_SI_1d"])
def test_indicators_equal_the_reference_columns(symbol, references, market_data):
    """38 columns computed by TA-Lib outside Podium, to the last bit (-0.0 is 0.0); opened and carried. (B-30)"""
    expected = pl.read_parquet(references / f"talib_{symbol}.parquet")
    frame = pl.read_parquet(market_data / f"{symbol}.parquet")
    bars = Columns(**{name: frame[name].cast(pl.Float64).to_numpy() for name in Columns.__slots__})
    nodes = {column: parse(text, names={}) for column, text in CASES.items()}
    assert set(nodes) == set(expected.columns) - {"ts"}
    graph = Graph(nodes.values())
    values = graph.open(bars)
    for column, node in nodes.items():
        assert same_bits(values[node.text], expected[column].fill_null(NAN).to_numpy() + 0.0), column
    graph.open(bars.head(len(bars) - 100))
    carried = [graph.carry(bars.bar(row)) for row in range(len(bars) - 100, len(bars))]
    for node in nodes.values():
        assert same_bits(np.array([row[node.text] for row in carried]), values[node.text][-100:]), node
