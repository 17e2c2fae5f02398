"""The workload that the parent asked this side for, with its bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from market import load_bars
from sides.serving import request
from workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WARM_UP_BARS", "asked_columns", "asked_frames", "asked_workload"]

#: What sides with compiled code run before they are timed.
WARM_UP_BARS = 600


def asked_workload() -> Workload:
    """Give the workload with the bars that were asked for."""
    wanted = request()
    return WORKLOADS[str(wanted["workload"])].shortened(int(str(wanted["bars"])))


def asked_columns() -> list[dict[str, object]]:
    """Give the columns of each symbol of the workload."""
    workload, folder = asked_workload(), Path(str(request()["data"]))
    return [dict(load_bars(folder, workload.bars, market)) for market in workload.markets]


def asked_frames(*, timezone: str | None = None, capitals: bool = False) -> list[pd.DataFrame]:
    """Give the bars of each symbol as pandas frames.

    Args:
        timezone: of the index; ``None`` for naive times.
        capitals: whether columns start with a capital.
    """
    import pandas as pd

    frames = []
    for columns in asked_columns():
        index = pd.DatetimeIndex(columns.pop("open_time"), tz=timezone, name="timestamp")
        frames.append(
            pd.DataFrame(
                {name.capitalize() if capitals else name: values for name, values in columns.items()}, index=index
            )
        )
    return frames
