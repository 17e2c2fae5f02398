"""Compile kernels once per machine.

numba notices a change of the file a function stands in, but not of a function it calls in another file. So the cache
folder is named by a hash of *all* kernel files (``*_kernel.py``): when any of them changes, all are compiled anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
from numba import types
from numba.core.dispatcher import Dispatcher

__all__ = ["compiled", "is_cached", "kernel_cache_folder"]

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_LOG = logging.getLogger("podium")
_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def kernel_cache_folder() -> Path:
    """Tell where compiled kernels of exactly this source are kept.

    Returns:
        A folder in the user's cache directory (``XDG_CACHE_HOME``, else ``~/.cache``).
    """
    # numba keys compiled code by the path of its source, so every installation has a folder of its own.
    content = hashlib.sha256(str(_PACKAGE).encode())
    for file in sorted(_PACKAGE.rglob("*_kernel.py")):
        content.update(file.relative_to(_PACKAGE).as_posix().encode())
        content.update(file.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "podium" / "kernels" / f"{numba.__version__}-{content.hexdigest()[:16]}"


@cache
def _can_be_written(folder: Path) -> bool:
    """Make the cache folder, or tell that every process has to compile for itself."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _LOG.warning("compiled code cannot be kept in %s (%s): every process compiles anew", folder, error.strerror)
        return False
    return os.access(folder, os.W_OK)


def is_cached(function: str) -> bool:
    """Tell whether the first call of a kernel will find it compiled.

    Args:
        function: its name.
    """
    return any(kernel_cache_folder().rglob(f"*.{function}-*.nbi"))


def compiled(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Compile a kernel on its first call, or load it from the cache.

    Args:
        function: a function of a ``*_kernel.py`` file, in numba's subset of Python.

    Returns:
        The compiled function; the plain one when ``NUMBA_DISABLE_JIT`` is set.
    """
    numba.config.CACHE_DIR = str(kernel_cache_folder())  # type: ignore[attr-defined]  # set at run time by numba
    is_kept = _can_be_written(kernel_cache_folder())
    # No kernel is called from C: leaving that entry out saves a tenth of the compilation.
    options: dict[str, Any] = {
        "cache": is_kept,
        "error_model": "numpy",
        "no_cfunc_wrapper": True,
        # No kernel makes an array, so none need count who refers to it.
        "_nrt": False,
    }  # Any: numba's options
    decorated: Callable[_Parameters, _Result] = numba.njit(**options)(function)
    if isinstance(decorated, Dispatcher):
        _forget_literals(decorated)
    return decorated


def _forget_literals(dispatcher: Dispatcher) -> None:
    """Compile a kernel once for all integers; numba would compile it again for every constant it is called with."""
    resolve: Callable[..., Any] = dispatcher.get_call_template  # Any: numba's templates
    unliteral: Callable[[Any], Any] = types.unliteral

    def resolve_without_literals(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:  # Any: numba's types
        plain = {name: unliteral(value) for name, value in keywords.items()}
        return resolve(tuple(unliteral(value) for value in arguments), plain)

    # An attribute of this one object, not of numba's class: other users of numba are not touched.
    vars(dispatcher)["get_call_template"] = resolve_without_literals
