"""Values that people state together, in a file or in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from podium.core.errors import ConfigurationError
from podium.core.places import describe
from podium.core.validation import problems_of

__all__ = ["Options"]


class Options(BaseModel):
    """Hold options that may be made in Python, too.

    Raises:
        ConfigurationError: when an option is unknown, missing or out of range; all problems at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    if not TYPE_CHECKING:  # the checker keeps the names and types of the options

        def __init__(self, **options: object) -> None:
            model = type(self)
            try:
                super().__init__(**options)
            except ValidationError as error:
                problems = problems_of(
                    error, model, lambda _place, _key: None, lambda place: describe(place, model.__name__)
                )
                raise ConfigurationError(problems) from None

        # As a part of something larger, options are made without this: what is wrong is told at its place there.
        __init__.__pydantic_base_init__ = True
