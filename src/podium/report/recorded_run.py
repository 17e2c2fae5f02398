"""A run as its folder tells it: nothing is run again and no bars are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean
from podium.stats.metrics import StrategyMetrics

__all__ = ["RecordedRun", "read_run"]

Json = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedRun:
    """Hold what a report needs of a run's folder.

    Args:
        folder: where it is.
        manifest: its ``manifest.json``.
        result: its ``result.json``.
        seconds: the times of its equity, seconds since 1970 UTC, shape ``(steps,)``.
        equity: the portfolio's equity in money, shape ``(steps,)``.
    """

    folder: Path
    manifest: Json
    result: Json
    seconds: NDArray[np.float64]
    equity: NDArray[np.float64]

    @property
    def name(self) -> str:
        """Give the portfolio's name."""
        return str(self.result["name"])

    @property
    def currency(self) -> str:
        """Give the account currency."""
        return str(self.result["currency"])

    @property
    def capital(self) -> Decimal:
        """Give the portfolio's money at the start."""
        whole = next(row for row in self.result["comparison"] if row["kind"] == "portfolio")
        return Decimal(whole["allocated_capital"])

    @property
    def final_equity(self) -> Decimal:
        """Give the portfolio's money at the end."""
        return Decimal(self.result["final_equity"])

    @property
    def metrics(self) -> StrategyMetrics:
        """Give the portfolio's figures."""
        return _metrics(self.result["aggregate_metrics"])

    @property
    def strategies(self) -> dict[str, StrategyMetrics]:
        """Give the figures of each strategy."""
        return {name: _metrics(one["metrics"]) for name, one in self.result["strategies"].items()}


def _metrics(figures: Json) -> StrategyMetrics:
    # A run of an older version may lack a figure: then it is unknown.
    known: dict[str, Any] = {name: figures.get(name) for name in StrategyMetrics.__dataclass_fields__}  # Any: JSON
    return StrategyMetrics(**known)


def read_run(folder: Path) -> RecordedRun:
    """Read what a run left behind.

    Args:
        folder: the run's folder.

    Returns:
        The run.

    Raises:
        ConfigurationError: when the folder is no run, or a file of it cannot be read.
    """
    _refuse_no_run(folder)
    manifest, result = (_json(folder / name) for name in ("manifest.json", "result.json"))
    path = folder / "equity.parquet"
    import polars as pl  # noqa: PLC0415  heavy, and only needed once the folder is a run

    try:
        frame = pl.read_parquet(path, columns=["time", "portfolio"])
        seconds = frame["time"].cast(pl.Int64).to_numpy() / 1e9
        run = RecordedRun(
            folder=folder,
            manifest=manifest,
            result=result,
            seconds=seconds,
            equity=frame["portfolio"].cast(pl.Float64).to_numpy(),
        )
        _ = run.name, run.currency, run.capital, run.final_equity, run.metrics, run.strategies
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error
    except (KeyError, TypeError, StopIteration, ArithmeticError, AttributeError) as error:
        raise _unreadable(folder / "result.json", error) from error
    return run


def _refuse_no_run(folder: Path) -> None:
    if (folder / "result.json").is_file() and (folder / "manifest.json").is_file():
        return
    if (folder / "manifest.json").is_file():
        problem = Problem(
            message="this run failed, so it has no result",
            location=Location(file=str(folder)),
            expected="a run that ended or was interrupted",
            hint="its log.jsonl says why",
        )
    else:
        near = sorted(entry.name for entry in folder.parent.glob("*") if entry.is_dir())
        problem = Problem(
            message="there is no run here",
            location=Location(file=str(folder)),
            expected="a folder that podium backtest left behind, with manifest.json and result.json in it",
            hint=did_you_mean(folder.name, near),
        )
    raise ConfigurationError(problem)


def _json(path: Path) -> Json:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(content, dict):
        raise _unreadable(path, TypeError("it is no JSON object"))
    return content


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    what = f"{error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
    return ConfigurationError(
        Problem(
            message=f"cannot be read: {what}",
            location=Location(file=str(path)),
            expected="a file as podium backtest wrote it",
            hint="run the portfolio file again",
        )
    )
