"""Write the bars that the workloads need, unless they are there."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from market import load_bars, save_bars
from sides.serving import request

_SYMBOLS, _SYMBOL_BARS, _FILE_BARS = 20, 50_000, 1_000_000


def _prepare() -> None:
    wanted = request()
    folder = Path(str(wanted["data"]))
    save_bars(folder, int(str(wanted["bars"])))
    for symbol in range(_SYMBOLS):
        save_bars(folder, _SYMBOL_BARS, symbol)
    file = folder / "bars" / "S00_1m.parquet"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        columns = load_bars(folder, _FILE_BARS)
        times = pl.Series("open_time", columns.pop("open_time")).cast(pl.Datetime("ns", "UTC"))
        unfinished = file.with_suffix(".unfinished")
        pl.DataFrame([times, *(pl.Series(name, values) for name, values in columns.items())]).write_parquet(unfinished)
        unfinished.replace(file)
    print(json.dumps({"file": str(file)}))


if __name__ == "__main__":
    _prepare()
