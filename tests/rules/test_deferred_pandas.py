"""pandas is imported when a program needs it, not because it is installed."""

from __future__ import annotations

import subprocess
import sys


def _run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_functions_do_not_import_pandas() -> None:
    """Where pandas is installed, a run does not wait for it."""
    told = _run("import sys; from podium.rules.functions import functions; functions(); print('pandas' in sys.modules)")
    assert told == "False"


def test_series_of_pandas_given_to_talib_stay_series_of_pandas() -> None:
    """A program of its own that uses TA-Lib with pandas works as it does without Podium."""
    program = """
from podium.rules.functions import functions
functions()
import talib, talib.abstract, pandas, numpy, polars
index = pandas.date_range("2024-01-01", periods=6)
closes = pandas.Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], index=index, name="close")
frame = pandas.DataFrame({"high": closes + 1, "low": closes - 1, "close": closes})
found = [
    talib.SMA(closes, 2),
    talib.BBANDS(closes, 3)[1],
    talib.abstract.SMA(frame, timeperiod=2),
]
for series in found:
    assert type(series) is pandas.Series and series.index.equals(index), type(series)
assert found[0].iloc[-1] == 5.5 == found[2].iloc[-1]
stoch = talib.abstract.STOCH(frame, fastk_period=2, slowk_period=1, slowd_period=1)
assert type(stoch) is pandas.DataFrame and stoch.index.equals(index)
assert type(talib.SMA(closes.to_numpy(), 2)) is numpy.ndarray
assert type(talib.SMA(polars.Series(closes.to_numpy()), 2)) is polars.Series
print("as ever")
"""
    assert _run(program) == "as ever"


def test_a_pandas_that_is_there_already_is_left_alone() -> None:
    """The order of imports makes no difference."""
    program = """
import sys, pandas
from podium.rules.functions import functions
functions()
import talib
assert sys.modules["pandas"] is pandas
assert type(talib.SMA(pandas.Series([1.0, 2.0, 3.0]), 2)) is pandas.Series
print("as ever")
"""
    assert _run(program) == "as ever"
