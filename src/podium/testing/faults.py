"""Services that fail when a script says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from podium.live.components import SymbolParts, symbol_services
from podium.live.service import Service

__all__ = ["Faults", "ScriptedFault"]


class ScriptedFault(Exception):
    """Be the failure that a script asked for."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Let one service of a symbol fail; as components of a symbol it makes that service with these faults.

    Args:
        service: the name of the service.
        starts: so many times it fails to start, or to recover.
        skip: so many pieces of work succeed first.
        works: so many pieces of work fail then.
    """

    service: str
    starts: int = 0
    skip: int = 0
    works: int = 0

    def __call__(self, parts: SymbolParts) -> Sequence[Service]:
        """Make the services of a symbol.

        Args:
            parts: what they are given.

        Returns:
            The services, one of them with the faults.
        """
        services = symbol_services(parts)
        for service in services:
            if service.name == self.service:
                service.__class__ = type("Faulty", (_Faulty, type(service)), {"faults": self})
        return services

    def strike_at_start(self) -> None:
        """Fail, when it is time."""
        if self.starts:
            self.starts -= 1
            raise ScriptedFault(f"{self.service} does not start")

    def strike_at_work(self) -> None:
        """Fail, when it is time."""
        if self.skip:
            self.skip -= 1
        elif self.works:
            self.works -= 1
            raise ScriptedFault(f"{self.service} does not work")


class _Faulty(Service):
    """Fail before anything is done."""

    faults: Faults

    async def _open(self) -> None:
        self.faults.strike_at_start()
        await super()._open()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self.faults.strike_at_work()
        with super()._at_work():
            yield
