"""What the HTTP endpoint of a running system answers: how it is, and its metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from podium.core.errors import ConfigurationError, Problem
from podium.live.http_endpoint import HttpAnswer

if TYPE_CHECKING:
    from podium.live.orchestrator import MultiSymbolTradingOrchestrator

__all__ = ["answers_of"]


def answers_of(orchestrator: MultiSymbolTradingOrchestrator) -> Mapping[str, Callable[[], Awaitable[HttpAnswer]]]:
    """Give the answers by path.

    Args:
        orchestrator: the system.

    Returns:
        ``/health`` is 200 while everything is healthy, else 503, with what ``check_health`` tells; ``/metrics`` is for
        Prometheus.

    Raises:
        ConfigurationError: when the library prometheus-client is not installed.
    """
    try:
        from podium.live.exposition import CONTENT_TYPE, expose, look_at  # noqa: PLC0415  # not everybody has it
    except ImportError:
        raise ConfigurationError(
            Problem(
                message="the HTTP endpoint needs the library prometheus-client",
                expected="an installed library prometheus-client",
                hint="pip install 'podium[metrics]', or remove 'http_port'",
                place=("orchestrator", "http_port"),
            )
        ) from None

    async def health() -> HttpAnswer:
        found = orchestrator.check_health()
        return HttpAnswer(
            status=HTTPStatus.OK if found["is_healthy"] else HTTPStatus.SERVICE_UNAVAILABLE,
            content_type="application/json",
            body=(json.dumps(found, ensure_ascii=False) + "\n").encode(),
        )

    async def metrics() -> HttpAnswer:
        # What is told is read here, between two steps; writing it takes longer, and is done beside them.
        found = look_at(orchestrator)
        return HttpAnswer(content_type=CONTENT_TYPE, body=await asyncio.to_thread(expose, found))

    return {"/health": health, "/metrics": metrics}
