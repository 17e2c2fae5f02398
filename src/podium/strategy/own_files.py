"""What stands beside a strategy file: the modules it may import, and the files that it does import, now or later.

What is called like an installed library is refused, because nobody could tell which of the two is meant.
"""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder, all_suffixes
from pathlib import Path

from podium.core.errors import ConfigurationError, Location, Problem
from podium.core.places import shown_path

__all__ = ["file_of", "imported_files", "names_beside"]

_PODIUM = str(Path(__file__).parents[1])


def names_beside(path: Path) -> frozenset[str]:
    """Name the modules beside a Python file that are not called like an installed library.

    Args:
        path: the file.

    Returns:
        The names by which it can import them.
    """
    suffixes = tuple(all_suffixes())
    entries = path.resolve().parent.iterdir()
    found = {entry.name.partition(".")[0] for entry in entries if entry.is_dir() or entry.name.endswith(suffixes)}
    elsewhere = _paths_elsewhere(path)
    return frozenset(name for name in found if not _is_installed(name, elsewhere))


def imported_files(path: Path) -> tuple[Path, ...]:
    """Find the files beside a Python file that it imports, through others too, wherever in them the import stands.

    Args:
        path: the file.

    Returns:
        Files in or below its folder.

    Raises:
        ConfigurationError: when one of them is called like an installed library, with the line of the import.
    """
    elsewhere = _paths_elsewhere(path)
    found: dict[Path, None] = {}
    unread, problems = [path], list[Problem]()
    while unread:
        file = unread.pop()
        for node, base, names in _imports(file, path.parent):
            files = _files(base, names)
            if files and base == path.parent and _is_installed(names[0], elsewhere):
                problems.append(_ambiguous(node, file, names[0], files[0]))
                continue
            unread += [each for each in files if each not in found]
            found |= dict.fromkeys(files)
    if problems:
        raise ConfigurationError(problems)
    return tuple(found)


def file_of(module: object) -> str | None:
    """Tell from which file a module was read.

    Args:
        module: the module.

    Returns:
        The file; ``None`` when there is none.
    """
    # Of the module's own names only: to ask some modules for one that they lack makes them import more.
    file = getattr(module, "__dict__", {}).get("__file__")
    return file if isinstance(file, str) else None


def _imports(file: Path, folder: Path) -> Iterator[tuple[ast.stmt, Path, list[str]]]:
    """Give each import of a file, the folder from which it looks, and the names that lead from there to a module."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # what is wrong with it is told when it is loaded
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, folder, alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = file.parents[node.level - 1] if node.level else folder
            names = node.module.split(".") if node.module else []
            yield from ((node, base, [*names, alias.name]) for alias in node.names)


def _files(base: Path, names: Sequence[str]) -> list[Path]:
    """Find the files of a module and of the packages around it; the last name may be something inside of a module."""
    stems = [base.joinpath(*names[:count]) for count in range(1, len(names) + 1)]
    candidates = ((stem / "__init__.py", stem.with_name(f"{stem.name}.py")) for stem in stems)
    return [file for pair in candidates for file in pair if file.is_file()]


def _paths_elsewhere(path: Path) -> list[str]:
    folder = path.resolve().parent
    return [place for place in sys.path if Path(place).resolve() != folder]


def _is_installed(name: str, paths: Sequence[str]) -> bool:
    """Tell whether a module of this name belongs to Python, to a library or to Podium."""
    if name in sys.stdlib_module_names:
        return True
    places = [file_of(sys.modules.get(name))]
    if (found := PathFinder.find_spec(name, paths)) is not None:
        places += [found.origin, *(found.submodule_search_locations or ())]
    return any(place is not None and _is_of_library(place) for place in places)


def _is_of_library(place: str) -> bool:
    paths = sysconfig.get_paths()
    roots = (_PODIUM, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")))
    parts = Path(place).parts
    return place.startswith(roots) or "site-packages" in parts or "dist-packages" in parts


def _ambiguous(node: ast.stmt, file: Path, name: str, own: Path) -> Problem:
    shown = own.parent if own.name == "__init__.py" else own
    return Problem(
        message=f"'{name}' is {shown_path(shown)} and also an installed library",
        location=Location(file=shown_path(file), line=node.lineno, column=node.col_offset + 1),
        expected="a name of its own for what stands beside a strategy file",
        hint=f"rename {shown.name}",
    )
