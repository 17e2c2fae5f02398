"""The manifest of a run: everything that is needed to do it again, and when and where it was done."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from podium.backtest.result import OrchestratorResult
from podium.core.ids import digest, run_id
from podium.core.times import from_nanoseconds, iso
from podium.data.bars import BarSeries
from podium.portfolio.file import PortfolioFile

__all__ = ["data_digest", "make_manifest"]

_PACKAGES = ("podium", "numpy", "numba", "polars", "TA-Lib")


def make_manifest(
    result: OrchestratorResult,
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries],
    invocation: Mapping[str, object],
) -> dict[str, object]:
    """Describe a run.

    Args:
        result: what happened.
        portfolio: the file that was run.
        bars: the bars that were read.
        invocation: what else the command said.

    Returns:
        Plain values; ``run_id`` names the run by its content.
    """
    market = result.market
    configuration = digest(json.dumps(portfolio.settings, sort_keys=True, default=str).encode(),
                           *(file.read_bytes() for file in portfolio.files))  # fmt: skip
    data = data_digest(bars)
    last = int(market.timeline.times[-1])
    day = from_nanoseconds(last - 1).strftime("%Y%m%d")
    said = json.dumps(dict(invocation), sort_keys=True, default=str)
    return {
        "run_id": run_id(result.config.name, day, digest(configuration.encode(), data.encode(), said.encode())),
        "is_complete": result.is_complete,
        "portfolio_file": str(portfolio.path),
        "working_folder": str(Path.cwd()),
        "invocation": dict(invocation),
        "command": sys.argv,
        "configuration_sha256": configuration,
        "data_sha256": data,
        "files": {str(file): digest(file.read_bytes()) for file in portfolio.files},
        "origin": {symbol: iso(market.store.origin(symbol)) for symbol in market.symbols},
        "timeframe": str(market.timeframe),
        "money_digits": result.engine.unit.digits,
        "seed": None,
        "settings": json.loads(json.dumps(portfolio.settings, default=str)),
        "config": json.loads(result.config.model_dump_json(fallback=str)),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "commit": _commit(portfolio.path.parent),
        "machine": platform.machine(),
        "execution_time_seconds": result.execution_time_seconds,
        "completed_at": result.completed_at.isoformat().replace("+00:00", "Z"),
    }


def data_digest(bars: Mapping[str, BarSeries]) -> str:
    """Name bars by their content.

    Args:
        bars: series by symbol, as read.

    Returns:
        64 hexadecimal digits.
    """
    parts: list[bytes | memoryview] = []
    for symbol, series in bars.items():
        parts += [symbol.encode(), str(series.timeframe).encode()]
        for name in ("close_time", "open", "high", "low", "close", "volume"):
            parts.append(np.ascontiguousarray(getattr(series, name)).view(np.uint8).data)
    return digest(*parts)


def _commit(folder: Path) -> str | None:
    """Name the commit that the portfolio file's folder stands at, if it is under version control."""
    try:
        answer = subprocess.run(  # noqa: S603  a fixed command
            ["git", "-C", str(folder.resolve()), "rev-parse", "HEAD"],  # noqa: S607  found by PATH as a user would
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
