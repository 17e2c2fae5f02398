"""Our ratios against three other libraries' on real closes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium.stats import drawdown, growth, returns

CASES = [("GOOG_1d", 252), ("SPY_SI_1d", 252), ("BTCUSDT_2020_1d", 365)]


def ours(closes, days, periods):
    series = np.diff(closes) / closes[:-1]
    total = growth.total_return(closes[0], closes[-1])
    yearly = growth.annualised_return(total, len(series), periods)
    deepest = drawdown.max_drawdown(closes)
    by_calendar = growth.cagr(total, int(days[-1] - days[0]))
    shared = {
        "cum_return": total,
        "annual_return_cagr": yearly,
        "annual_vol": returns.volatility(series, periods),
        "sharpe_rf0": returns.sharpe_ratio(series, periods),
        "sharpe_rf_daily_1bp": returns.sharpe_ratio(series - 0.0001, periods),
        "sortino": returns.sortino_ratio(series, periods),
        "calmar": growth.calmar_ratio(yearly, deepest),
        "max_drawdown": -deepest,
        "omega": returns.omega_ratio(series),
        "tail_ratio": returns.tail_ratio(series),
        "var_5": returns.value_at_risk(series),
        "cvar_5": returns.conditional_value_at_risk(series),
    }
    return {
        "empyrical": shared,
        "ffn": {
            "total_return": total,
            "cagr": by_calendar,
            "daily_sharpe": shared["sharpe_rf0"],
            "daily_sortino": shared["sortino"],
            "daily_vol": shared["annual_vol"],
            "max_drawdown": -deepest,
            "calmar": growth.calmar_ratio(by_calendar, deepest),
            "daily_skew": returns.skewness(series),
            "daily_kurt": returns.kurtosis(series),
        },
        "quantstats": {
            "comp": total,
            "cagr": yearly,
            "sharpe": shared["sharpe_rf0"],
            "sortino": shared["sortino"],
            "volatility": shared["annual_vol"],
            "max_drawdown": -deepest,
            "calmar": shared["calmar"],
            "omega": shared["omega"],
            "ulcer_index": drawdown.ulcer_index(closes),
            "skew": returns.skewness(series),
            "kurtosis": returns.kurtosis(series),
        },
    }


@pytest.mark.parametrize(("name", "periods"), CASES)
def test_ratios_equal_those_of_other_libraries(name: str, periods: int, references: Path, market_data: Path) -> None:
    """Every figure that means the same in empyrical, ffn or quantstats agrees to 1e-9 on real closes (B-09, B-47)."""
    expected = json.loads((references / "metrics_reference.json").read_text())[name]
    frame = pl.read_parquet(market_data / f"{name}.parquet")
    assert expected["periods_per_year"] == periods
    assert expected["n_prices"] == len(frame)
    results = ours(frame["close"].to_numpy(), frame["ts"].dt.epoch("d").to_numpy(), periods)
    compared = 0
    for library, figures in results.items():
        for figure, value in figures.items():
            if figure in expected.get(library, {}):
                assert value == pytest.approx(expected[library][figure], rel=1e-9, abs=1e-9), (library, figure)
                compared += 1
    assert compared == (32 if "ffn" in expected else 23)


def test_the_normal_quantile_is_another_value_at_risk(references: Path, market_data: Path) -> None:
    """Ours is the historical quantile; quantstats prints the one of a normal distribution under the same name (B-47)."""
    expected = json.loads((references / "metrics_reference.json").read_text())["GOOG_1d"]["quantstats"]["var"]
    closes = pl.read_parquet(market_data / "GOOG_1d.parquet")["close"].to_numpy()
    series = np.diff(closes) / closes[:-1]
    normal = returns.mean(series) - 1.6448536269514729 * returns.standard_deviation(series)
    assert normal == pytest.approx(expected, abs=1e-9)
    assert returns.value_at_risk(series) == pytest.approx(-0.030780025087434947, abs=1e-12)
