"""pandas, imported only once somebody has an object of it.

TA-Lib imports pandas wherever it is installed, to recognise its series, and that takes longer than reading a million
bars. While TA-Lib is imported, stand-ins take the place of the two types it asks for: they recognise the objects of the
pandas that a program imports later, and make objects of it. So a program that gives TA-Lib series of pandas gets series
of pandas, as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["deferred_pandas"]

_PANDAS = "pandas"


class _StandIn(type):
    def __instancecheck__(cls, value: object) -> bool:
        # Nothing is an object of a library that has not been imported, or not yet to the end.
        return isinstance(value, getattr(sys.modules.get(_PANDAS), cls.__name__, ()))

    def __call__(cls, *arguments: Any, **named: Any) -> Any:  # Any: whatever TA-Lib makes of pandas
        return getattr(import_module(_PANDAS), cls.__name__)(*arguments, **named)


@contextmanager
def deferred_pandas() -> Iterator[None]:
    """Let what is imported in the block know pandas without importing it; where it is missing or there, do nothing."""
    if _PANDAS in sys.modules or find_spec(_PANDAS) is None:
        yield
        return
    module = ModuleType(_PANDAS)
    vars(module).update({name: _StandIn(name, (), {}) for name in ("DataFrame", "Series")})
    sys.modules[_PANDAS] = module
    try:
        yield
    finally:
        del sys.modules[_PANDAS]
