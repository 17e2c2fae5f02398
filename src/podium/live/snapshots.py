"""The state of a portfolio between two steps as bytes, and the way back.

A snapshot holds what the engine's tables hold, what rebalancing and coded strategies remember, and how many bars of
each symbol went in. Indicators are no part of it: they are opened again on the bars from the origin on.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from podium.core.errors import invariant
from podium.data.bars import BarSeries
from podium.engine.tables import ACCOUNT, CELL, INSTRUMENT, RUN
from podium.live.stepper import Stepper

__all__ = ["SNAPSHOT_SCHEMA", "bars_in_snapshot", "restore_snapshot", "take_snapshot"]

_FORM = 1
_TABLES: Final = ("instruments", "accounts", "cells", "equity")
#: Where the kernel stands is state; its buffer of events is not, and is empty between steps.
_RUN_FIELDS = tuple(name for name in RUN.names or () if name not in ("events", "event_count", "event_limit", "status"))
#: What plain values are made of. Nothing else is read back, whatever the bytes say.
_KNOWN: Final = {("builtins", name) for name in ("set", "frozenset", "complex", "bytearray")} | {
    ("decimal", "Decimal"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


def _schema() -> int:
    """Number the form of snapshots: another layout of the tables is another form."""
    layout = repr([table.descr for table in (INSTRUMENT, ACCOUNT, CELL)] + [RUN.descr[:-1]])
    return int.from_bytes(hashlib.sha256(f"{_FORM} {layout}".encode()).digest()[:6], "big")


SNAPSHOT_SCHEMA: Final = _schema()


def take_snapshot(stepper: Stepper, beside: Mapping[str, Any] | None = None) -> bytes:  # Any: plain values
    """Take the state between two steps.

    Args:
        stepper: behind a step whose events were taken.
        beside: what else is to be kept with it, plain values.

    Returns:
        The state.
    """
    engine = stepper.engine
    invariant(engine.half_step % 2 == 0, "a snapshot is taken between steps", at=engine.half_step)
    invariant(int(engine.tables.run[0]["event_count"]) == 0, "a snapshot is taken behind its events")
    state = {
        "tables": {name: getattr(engine.tables, name).tobytes() for name in _TABLES},
        "run": {name: engine.tables.run[name].tobytes() for name in _RUN_FIELDS},
        "stepper": stepper.state(),
        "beside": dict(beside or {}),
    }
    return zlib.compress(pickle.dumps(state, protocol=5), 1)


def bars_in_snapshot(body: bytes) -> dict[str, int]:
    """Tell how many bars of each symbol went in.

    Args:
        body: what ``take_snapshot`` gave.

    Returns:
        By symbol.
    """
    counts: dict[str, int] = _read(body)["stepper"]["bars"]
    return counts


def restore_snapshot(
    stepper: Stepper, body: bytes, history: Mapping[str, BarSeries]
) -> dict[str, Any]:  # Any: see above
    """Go back to a state.

    Args:
        stepper: of the same portfolio, at its start.
        body: what ``take_snapshot`` gave.
        history: by symbol its bars from the origin on, at least as many as went in before the snapshot.

    Returns:
        What was kept beside it.
    """
    state = _read(body)
    tables = stepper.engine.tables
    for name, content in state["tables"].items():
        table = getattr(tables, name)
        table[...] = np.frombuffer(content, table.dtype).reshape(table.shape)
    for name, content in state["run"].items():
        tables.run[name][...] = np.frombuffer(content, RUN[name].base).reshape(tables.run[name].shape)
    stepper.restore(state["stepper"], history)
    beside: dict[str, Any] = state["beside"]
    return beside


def _read(body: bytes) -> dict[str, Any]:
    state: dict[str, Any] = _Unpickler(io.BytesIO(zlib.decompress(body))).load()
    return state


class _Unpickler(pickle.Unpickler):
    """Read plain values and arrays, and nothing that could act."""

    def find_class(self, module: str, name: str) -> Any:  # Any: as the base class has it
        if (module, name) not in _KNOWN and module != "numpy.dtypes":
            raise pickle.UnpicklingError(f"a snapshot holds no {module}.{name}")
        return super().find_class(module, name)
