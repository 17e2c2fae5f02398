"""What ``check_health`` tells, as plain values that are JSON at once."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["ServiceStatus", "SymbolHealth", "SystemHealth"]


class ServiceStatus(TypedDict):
    """Tell how a service of a symbol is.

    Args:
        service_name: such as ``data_fetching``.
        symbol: its symbol.
        state: a state of a service, in lower case.
        is_healthy: whether it is running or paused and its handlers do not keep failing.
        error_count: errors since it was made.
        uptime: seconds since it last started, 0 while it is not started.
        last_error: the last error as one line, ``None`` without one.
    """

    service_name: str
    symbol: str
    state: str
    is_healthy: bool
    error_count: int
    uptime: float
    last_error: str | None


class SymbolHealth(TypedDict):
    """Tell how a symbol is.

    Args:
        symbol: the market.
        state: a state of an orchestrator, in lower case.
        is_healthy: whether it is running or paused and all its services are healthy.
        healthy_services: how many are.
        total_services: how many there are.
        services: their status by name, in the order of the pipeline.
        uptime: seconds since it last started, 0 while it is not started.
    """

    symbol: str
    state: str
    is_healthy: bool
    healthy_services: int
    total_services: int
    services: dict[str, ServiceStatus]
    uptime: float


class SystemHealth(TypedDict):
    """Tell how the whole is.

    Args:
        state: a state of an orchestrator, in lower case.
        is_healthy: whether it is running or paused and all symbols are healthy.
        healthy_symbols: how many are.
        total_symbols: how many there are.
        symbols: their health by name, in the order of the portfolio.
        uptime: seconds since it last started, 0 while it is not started.
        redis_connected: whether the external bus reaches its server; ``False`` without one.
    """

    state: str
    is_healthy: bool
    healthy_symbols: int
    total_symbols: int
    symbols: dict[str, SymbolHealth]
    uptime: float
    redis_connected: bool
