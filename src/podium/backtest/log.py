"""The structured log of a backtest: from it alone every capital decision can be reconstructed, with grep and jq."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from podium.backtest.records import Record
from podium.backtest.result import OrchestratorResult
from podium.core.errors import RunError
from podium.core.times import iso

__all__ = ["LEVELS", "RunLog", "log_records"]

#: From the least severe to the most.
LEVELS = ("debug", "info", "warning", "error")


class RunLog:
    """Turn a run into its log, in one pass with the events.

    Args:
        result: the run's result; its configuration says which level is the least to be kept.
    """

    def __init__(self, result: OrchestratorResult) -> None:
        self._result = result
        self._kept_levels = frozenset(LEVELS[LEVELS.index(result.config.logging_level) :])

    def started(self) -> list[Record]:
        """Give ``backtest_started``."""
        return self._kept([_started(self._result)])

    def happened(self, event: Record) -> list[Record]:
        """Give what the log says about one event.

        Args:
            event: its record.

        Returns:
            At most one record.
        """
        return self._kept(_happened(event))

    def completed(self) -> list[Record]:
        """Give ``backtest_completed``."""
        return self._kept([_completed(self._result)])

    def failed(self, error: RunError) -> list[Record]:
        """Give ``backtest_failed``.

        Args:
            error: what ended the run.
        """
        return self._kept([_failed(self._result, error)])

    def _kept(self, records: Iterable[Record]) -> list[Record]:
        return [record for record in records if record["level"] in self._kept_levels]


def log_records(result: OrchestratorResult, events: Iterable[Record]) -> Iterator[Record]:
    """Give the log of a run.

    Args:
        result: the run's result.
        events: its events.

    Returns:
        ``backtest_started``, what happened in order, ``backtest_completed``; those below the configured level are left
        out.
    """
    log = RunLog(result)
    yield from log.started()
    for event in events:
        yield from log.happened(event)
    yield from log.completed()


def _started(result: OrchestratorResult) -> Record:
    times = result.market.timeline.times
    first, last = iso(int(times[0])), iso(int(times[-1]))
    weights = {
        name: str((strategy.allocated_capital / result.initial_capital).normalize())
        for name, strategy in result.strategy_results.items()
    }
    return {
        "time": first,
        "level": "info",
        "event": "backtest_started",
        "strategy_count": len(result.strategy_results),
        "total_capital": _plain(result.initial_capital),
        "unallocated": _plain(result.unallocated),
        "weights": weights,
        "symbols": list(result.market.symbols),
        "date_range": [first, last],
    }


def _plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _completed(result: OrchestratorResult) -> Record:
    return {
        "time": _reached(result),
        "level": "info",
        "event": "backtest_completed",
        "is_complete": result.is_complete,
        "duration_seconds": round(result.execution_time_seconds, 3),
        "trade_count": result.aggregate_metrics.total_trades,
        "final_equity": _plain(result.final_equity),
        "error_count": 0,
    }


def _failed(result: OrchestratorResult, error: RunError) -> Record:
    who = {name: getattr(error, name) for name in ("strategy_id", "symbol") if hasattr(error, name)}
    return {
        "time": getattr(error, "time", _reached(result)),
        "level": "error",
        "event": "backtest_failed",
        **who,
        "error": type(error).__name__,
        "message": str(error),
        "duration_seconds": round(result.execution_time_seconds, 3),
        "error_count": 1,
    }


def _reached(result: OrchestratorResult) -> str:
    """Give the close of the last step that was decided; before the first one, that of the first."""
    return iso(int(result.market.timeline.times[max(result.engine.half_step // 2 - 1, 0)]))


def _happened(record: Record) -> Iterator[Record]:
    kind = record["kind"]
    if kind == "SIGNAL_GENERATED":
        yield _line(record, "info", "strategy_signal", signal_type=record["action"], bar_date=record["time"],
                    capital_available=record["available"])  # fmt: skip
    elif kind == "SIGNAL_REJECTED" and record["reason"] == "capital_limit":
        yield _limit(record, rejected=True)
    elif kind == "SIGNAL_REJECTED":
        yield _line(record, "warning", "signal_rejected", reason=record["reason"], is_exit=record["is_exit"],
                    side=record["side"], quantity=record["quantity"], price=record["price"])  # fmt: skip
    elif kind in ("ORDER_REDUCED", "ORDER_CANCELLED") and record.get("reason") == "capital_limit":
        yield _limit(record, rejected=kind == "ORDER_CANCELLED")
    elif kind == "CONFLICT_DETECTED":
        yield _line(record, "warning", "conflict_detected", strategies=record["strategies"],
                    resolution_mode=record["resolution_mode"], outcome=record["outcome"])  # fmt: skip
    elif kind in ("ORDER_CREATED", "ORDER_CANCELLED") and not record["is_exit"]:
        yield _line(record, "info", "capital_reserved" if kind == "ORDER_CREATED" else "reservation_released",
                    order=record["order"], side=record["side"], quantity=record["quantity"], price=record["price"],
                    reserved_capital=record["reserved"], **_why(record))  # fmt: skip
    elif kind == "ORDER_FILLED":
        yield _line(record, "info", "capital_released" if record["is_exit"] else "capital_allocated",
                    order=record["order"], notional=record["notional"], fee=record["fee"],
                    realised=record["realised"], cash=record["cash"], used_capital=record["used"],
                    reserved_capital=record["reserved"], allocation_limit=record["allocated"])  # fmt: skip


def _why(record: Record) -> Record:
    return {"reason": record["reason"]} if "reason" in record else {}


def _limit(record: Record, *, rejected: bool) -> Record:
    wish = {name: record[name] for name in ("side", "quantity", "price")}
    return _line(record, "warning", "capital_limit_hit" if rejected else "capital_limit_reduced",
                 used_capital=record["used"], allocation_limit=record["allocated"],
                 reserved_capital=record["reserved"], rejected_signal=wish)  # fmt: skip


def _line(record: Record, level: str, event: str, **fields: object) -> Record:
    who = {name: record[name] for name in ("strategy_id", "symbol") if name in record}
    return {"time": record["time"], "level": level, "event": event, "sequence": record["sequence"], **who, **fields}
