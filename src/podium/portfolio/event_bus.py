"""What a portfolio file says about the events that other systems read: the section ``event_bus``."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from podium.core.fields import refuse, switch, text, whole_number
from podium.core.options import Options

__all__ = ["PASSWORD_VARIABLE", "EventBusOptions"]

#: Holds the password of the server; a file is no place for it.
PASSWORD_VARIABLE = "PODIUM_REDIS_PASSWORD"  # noqa: S105  # a name
_SCHEMES = ("redis", "rediss", "unix")
_ADDRESS = "an address such as redis://localhost:6379/0, rediss://… or unix:///run/redis.sock"


def _address(value: object) -> object:
    """Accept an address without a secret; what is refused is not repeated, since it may hold one."""
    if not isinstance(value, str) or not value.strip():
        refuse(expected=_ADDRESS)
    try:
        parts = urlsplit(value)
        port, has_password = parts.port, parts.password is not None or bool(parts.query)
    except ValueError:
        refuse("the address at {place} cannot be read", expected=_ADDRESS)
    if has_password:
        refuse(
            "{place} holds a password or options",
            expected=_ADDRESS,
            hint=f"put the password into the environment variable {PASSWORD_VARIABLE}",
        )
    if parts.scheme not in _SCHEMES:
        refuse("{place} is no address of a Redis server", expected=_ADDRESS)
    if parts.scheme == "unix":
        is_whole = bool(parts.path) and not parts.netloc
    else:
        is_whole = bool(parts.hostname) and port != 0 and parts.path.strip("/").isdecimal() | (parts.path in ("", "/"))
    if not is_whole or parts.fragment:
        refuse("{place} is not a whole address", expected=_ADDRESS)
    return value


class EventBusOptions(Options):
    """Where events go that other systems read."""

    url: Annotated[str, BeforeValidator(_address, json_schema_input_type=str)] = Field(
        description="the Redis server, redis://localhost:6379/0 (rediss:// with TLS, unix:// a socket); its password "
        f"comes from the environment variable {PASSWORD_VARIABLE}"
    )
    stream: Annotated[str, text("the key of a stream, such as podium:demo")] | None = Field(
        default=None, description="the key of the stream; by default podium: and the portfolio's name"
    )
    max_length: Annotated[int, whole_number(minimum=1)] = Field(
        default=100_000, description="how many entries the stream keeps; the oldest are trimmed"
    )
    required: Annotated[bool, switch()] = Field(
        default=False, description="true refuses to start without the server; while it runs nothing waits for it"
    )

    def key(self, portfolio: str) -> str:
        """Give the key of the stream.

        Args:
            portfolio: the portfolio's name.

        Returns:
            For example ``podium:demo``.
        """
        return self.stream if self.stream is not None else f"podium:{portfolio}"
