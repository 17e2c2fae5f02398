"""The modules that a strategy file imports from its own folder: each file reads them anew and has its own.

They decide what the strategy does as much as its file does, so a run names them. Nothing of an earlier load remains,
and strategy files in two folders may each have a module of the same name.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

__all__ = ["STRATEGY_MODULE", "own_modules"]

#: How the names of the modules of strategy files start: they are not imported by name.
STRATEGY_MODULE = "podium_strategy_"
_PODIUM = str(Path(__file__).parents[1])


@contextmanager
def own_modules(path: Path) -> Iterator[list[Path]]:
    """Let a strategy file import what stands beside it, and tell which files of its folder it took.

    Args:
        path: the strategy file.

    Yields:
        A list; when the block has ended it holds the files of the imported modules in or below the folder.
    """
    folder = path.resolve().parent
    taken: list[Path] = []
    others = _removed(folder)
    sys.path.insert(0, str(folder))
    try:
        yield taken
    finally:
        sys.path.remove(str(folder))
        files = {file for module in _removed(folder).values() if (file := _file_of(module)) is not None}
        taken += sorted(path.parent / Path(file).relative_to(folder) for file in files)
        sys.modules.update(others)


def _removed(folder: Path) -> dict[str, ModuleType]:
    """Take the modules of a folder out of those that are imported."""
    within = f"{folder}{os.sep}"
    found = {
        name: module
        for name, module in sys.modules.items()
        if (place := _place_of(module)) is not None
        and place.startswith(within)
        and name != "__main__"
        and not name.startswith(STRATEGY_MODULE)
        and not _is_installed(place)
    }
    for name in found:
        del sys.modules[name]
    return found


def _place_of(module: ModuleType) -> str | None:
    """Find where a module stands; a folder without ``__init__.py`` has no file, but a path."""
    paths = list(getattr(module, "__dict__", {}).get("__path__") or ())
    return _file_of(module) or (paths[0] if paths and isinstance(paths[0], str) else None)


def _file_of(module: ModuleType) -> str | None:
    # Of the module's own names only: to ask some modules for one that they lack makes them import more.
    file = getattr(module, "__dict__", {}).get("__file__")
    return file if isinstance(file, str) else None


def _is_installed(place: str) -> bool:
    """Tell whether a place belongs to Python, to a library or to Podium: their versions are recorded elsewhere."""
    paths = sysconfig.get_paths()
    roots = (_PODIUM, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")))
    parts = Path(place).parts
    return place.startswith(roots) or "site-packages" in parts or "dist-packages" in parts
