"""The registry of functions and its reference."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import talib

import podium.rules
from podium.core.errors import RuleError
from podium.rules.functions import _built_in, function, functions
from podium.rules.nodes import SERIES_NAMES, Number, Outputs, Series
from podium.rules.own_functions import own_functions
from podium.rules.reference import function_reference, function_section, function_types


def test_every_function_of_talib_is_there_under_its_own_name():
    """Registered from TA-Lib's description, not typed in by hand. (B-30)"""
    names = {name.lower() for name in talib.get_functions()}
    assert len(names) == 201
    assert names <= set(functions())
    assert not names & {entry.name for entry in own_functions()}
    assert not set(functions()) & set(SERIES_NAMES)


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("ema", "ema(price, timeperiod=30)"),
        ("adx", "adx(timeperiod=14, high=high, low=low, close=close)"),
        ("beta", "beta(price0, price1, timeperiod=5)"),
        ("obv", "obv(price, volume=volume)"),
        ("mavp", "mavp(price, periods, minperiod=2, maxperiod=30, matype=0)"),
        ("cdlengulfing", "cdlengulfing(open=open, high=high, low=low, close=close)"),
        ("crosses_above", "crosses_above(left, right)"),
        ("zscore", "zscore(series, bars)"),
    ],
)
def test_a_signature_shows_arguments_and_defaults(name, signature):
    """Inputs come first, then parameters; the bar's own series need not be given. (B-19)"""
    assert function(name).signature == signature


@pytest.mark.parametrize(
    ("name", "parameter", "bounds"),
    [
        ("ema", 0, (1, 100_000)),
        ("rsi", 0, (2, 100_000)),
        ("sar", 0, (0, None)),
        ("bbands", 1, (None, None)),
        ("bbands", 3, (0, 13)),
        ("mama", 0, (0.01, 0.99)),
        ("percentile", 1, (0, 100)),
        ("highest", 0, (2, 100_000)),
    ],
)
def test_ranges_of_parameters_are_found_by_asking_talib(name, parameter, bounds):
    """TA-Lib states none. (B-19)"""
    assert function(name).range_of(parameter) == bounds


@pytest.mark.parametrize("name", functions())
def test_every_value_at_the_edge_of_its_range_is_taken_and_beyond_it_refused(name):
    """The ranges that errors and the reference tell are true. (B-19)"""
    entry = functions()[name]
    reads = [
        Series("close") > 1 if "condition" in r.name else Series("close") for r in entry.inputs if r.default is None
    ]
    for index, parameter in enumerate(entry.parameters):
        low, high = entry.range_of(index)
        for edge, step in ((low, -1), (high, 1)):
            if edge is None:
                continue
            others = {p.name: 5 for p in entry.parameters if p.default is None}
            entry(*reads, **{**others, parameter.name: edge})
            with pytest.raises(RuleError, match=f"'{parameter.name}' of {name}"):
                entry(*reads, **{**others, parameter.name: edge + step})


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("macd.signal", "macdsignal"), ("macd.hist", "macdhist"), ("macdext.signal", "macdsignal"), ("bbands.upper", "upperband"),
        ("stoch.k", "slowk"), ("stochf.d", "fastd"), ("aroon.up", "aroonup"), ("eri.bull", "bullpower"), ("ha.close", "haclose"),
        ("vortex.plus", "plusvi"), ("minmaxindex.min", "minidx"), ("ht_sine.lead", "leadsine"), ("fractal.high", "swinghigh"),
        ("smi.signal", "smisignal"), ("kdj.j", "j"), ("supertrend.trend", "trend"),
    ],
)  # fmt: skip
def test_outputs_have_short_names(text, full):
    """What the function's name says already is left out. (B-19)"""
    name, short = text.split(".")
    entry = function(name)
    node = entry(*(Series("close") for read in entry.inputs if read.default is None))
    assert isinstance(node, Outputs)
    assert node.output(short).output == full
    assert len(set(node.aliases.values())) == len(node.aliases)


def test_an_unknown_function_is_an_error_with_a_near_name():
    """In the registry and as an import. (B-19)"""
    with pytest.raises(RuleError, match="did you mean 'bbands'"):
        function("bband")
    with pytest.raises(ImportError):
        from podium.rules import bband  # noqa: F401
    with pytest.raises(AttributeError, match="did you mean 'crosses_above'"):
        _ = podium.rules.cross_above
    assert {"ema", "close", "crosses_above"} <= set(dir(podium.rules))


def test_a_star_takes_every_series_and_every_function():
    """What editors know of the package, an import of everything gives. (B-24)"""
    names: dict[str, object] = {}
    exec("from podium.rules import *", names)
    assert names.keys() - {"__builtins__"} == {*SERIES_NAMES, *functions()}
    assert names["close"].text == "close"  # type: ignore[attr-defined]
    assert names["ema"] is podium.rules.ema


def test_names_of_the_language_load_only_when_they_are_asked_for():
    """The command line's help does not wait for numba and TA-Lib. (B-19)"""
    code = "import sys, podium.rules, podium.rules.nodes; print({'numba', 'talib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_types_of_the_language_are_those_of_the_registry():
    """Editors complete what exists; renew the file with ``function_types``. (B-24)"""
    stub = Path(podium.rules.__file__).with_suffix(".pyi")
    assert stub.read_text() == function_types(_built_in().values())


def test_the_reference_describes_every_function():
    """Signature, arguments with defaults and ranges, outputs, warm-up, summary. (B-19)"""
    text = function_reference()
    for entry in functions().values():
        assert f"### `{entry.signature}`" in text
    assert text == function_reference()
    assert "None" not in text
    section = function_section(function("macd"))
    assert "| fastperiod | whole number | 12 | 2 … 100000 |" in section
    assert "Outputs: `.macd`, `.signal` (or `.macdsignal`), `.hist` (or `.macdhist`)." in section
    assert section.endswith("Warm-up with the defaults: 33 bars.")
    assert "Gives a condition." in function_section(function("crosses_above"))
    assert Number(2).text in function_section(function("zscore"))
