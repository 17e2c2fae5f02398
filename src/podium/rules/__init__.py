"""The rule language: parser, nodes, functions, graph.

Every series and every function of the language is a name of this package: ``from podium.rules import close, ema``. A
``*`` takes all of them, also those that are called like something of Python: ``open``, ``max``, ``sum``.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:  # Any: a series is a Node, a function is a Function
    if name == "__all__":
        return __dir__()
    if name.startswith("_"):
        raise AttributeError(name)
    from podium.rules.functions import find_function, functions  # noqa: PLC0415  # TA-Lib and numba load on first use
    from podium.rules.nodes import SERIES_NAMES, Series  # noqa: PLC0415

    if name in SERIES_NAMES:
        return Series(name)
    if (found := find_function(name)) is not None:
        return found
    from podium.core.errors import did_you_mean  # noqa: PLC0415

    hint = did_you_mean(name, [*SERIES_NAMES, *functions()])
    raise AttributeError(f"the rule language has no {name!r}" + (f"\n  hint: {hint}" if hint else ""))


def __dir__() -> list[str]:
    from podium.rules.functions import functions  # noqa: PLC0415
    from podium.rules.nodes import SERIES_NAMES  # noqa: PLC0415

    return sorted([*SERIES_NAMES, *functions()])
