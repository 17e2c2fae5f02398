"""Make the way to other systems that a portfolio file or the environment asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import overload

from pydantic import ValidationError

from podium.bus.stream import EventStream
from podium.core.errors import ConfigurationError, Location, Problem
from podium.core.places import Place, describe
from podium.core.validation import problems_of
from podium.core.yaml_files import parse_value
from podium.portfolio.event_bus import PASSWORD_VARIABLE, EventBusOptions
from podium.portfolio.overrides import ENVIRONMENT_PREFIX

__all__ = ["EventBusFactory"]

_PREFIX = f"{ENVIRONMENT_PREFIX}EVENT_BUS__"


class EventBusFactory:
    """Make streams of events for other systems."""

    @overload
    @staticmethod
    def create(options: None, portfolio: str, environment: Mapping[str, str] | None = None) -> None: ...

    @overload
    @staticmethod
    def create(
        options: EventBusOptions, portfolio: str, environment: Mapping[str, str] | None = None
    ) -> EventStream: ...

    @overload
    @staticmethod
    def create(
        options: EventBusOptions | None, portfolio: str, environment: Mapping[str, str] | None = None
    ) -> EventStream | None: ...

    @staticmethod
    def create(
        options: EventBusOptions | None, portfolio: str, environment: Mapping[str, str] | None = None
    ) -> EventStream | None:
        """Make the stream that a portfolio file asks for; nothing is connected yet.

        Args:
            options: the section ``event_bus``; ``None`` where there is none.
            portfolio: the portfolio's name.
            environment: variables, for the server's password. By default the process's own.

        Returns:
            The stream, or ``None`` without options.

        Raises:
            ConfigurationError: when the library ``redis`` is not installed.
        """
        if options is None:
            return None
        try:
            from podium.bus.redis_streams import RedisBus  # noqa: PLC0415  # not everybody has the library
        except ImportError:
            raise ConfigurationError(
                Problem(
                    message="an event bus needs the library redis",
                    expected="an installed library redis",
                    hint="pip install 'podium[redis]', or remove 'event_bus'",
                )
            ) from None
        known = os.environ if environment is None else environment
        return RedisBus(
            options.url,
            options.key(portfolio),
            max_length=options.max_length,
            is_required=options.required,
            password=known.get(PASSWORD_VARIABLE) or None,
        )

    @staticmethod
    def create_from_env(portfolio: str, environment: Mapping[str, str] | None = None) -> EventStream | None:
        """Make the stream that the environment asks for; nothing is connected yet.

        Args:
            portfolio: the portfolio's name.
            environment: variables: ``PODIUM__EVENT_BUS__URL`` and, if wanted, ``__STREAM``, ``__MAX_LENGTH`` and
                ``__REQUIRED``. By default the process's own.

        Returns:
            The stream, or ``None`` where no such variable is set.

        Raises:
            ConfigurationError: when a variable is unknown or its value is out of range.
        """
        known = os.environ if environment is None else environment
        return EventBusFactory.create(_options(known), portfolio, known)


def _options(environment: Mapping[str, str]) -> EventBusOptions | None:
    given = {
        name.removeprefix(_PREFIX).lower(): parse_value(value, Location(file=f"environment {name}")).plain()
        for name, value in environment.items()
        if name.startswith(_PREFIX)
    }
    try:
        return EventBusOptions.model_validate(given) if given else None
    except ValidationError as error:
        raise ConfigurationError(problems_of(error, EventBusOptions, _locate, describe)) from None


def _locate(place: Place, _key: bool) -> Location:
    return Location(file=f"environment {_PREFIX}{'__'.join(str(word) for word in place).upper()}".rstrip("_"))
