"""The log is one JSON object a line."""

from __future__ import annotations

import io
import json

from live_bars import START

from podium.live.log import JsonLog
from podium.testing.clock import VirtualClock


def test_lines_have_time_level_event_and_particulars():
    """In this order, with the run's clock; less severe ones are left out. (C-28, C-67)"""
    file = io.StringIO()
    log = JsonLog(file, VirtualClock(START), level="info")
    log.write("debug", "not_told")
    log.write("warning", "service_error", symbol="BTC/USDT", service_name="data_fetching", correlation_id="x")
    [line] = file.getvalue().splitlines()
    assert json.loads(line) == {
        "time": "2024-01-01T00:00:00Z", "level": "warning", "event": "service_error", "symbol": "BTC/USDT",
        "service_name": "data_fetching", "correlation_id": "x",
    }  # fmt: skip
    assert list(json.loads(line)) == ["time", "level", "event", "symbol", "service_name", "correlation_id"]
