"""Load a strategy class from a Python file, and say where in that file something went wrong."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType

from podium.core.errors import ConfigurationError, InputError, Location, Problem, did_you_mean
from podium.core.ids import digest
from podium.core.places import shown_path
from podium.strategy.base import Strategy
from podium.strategy.own_modules import OwnModules
from podium.strategy.rules_class import has_rules

__all__ = ["LoadedClass", "create_strategy", "load_class"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedClass:
    """Hold a strategy class that was loaded.

    Args:
        strategy_class: the class.
        modules: the files of modules that its file imports from its own folder or below, now or later.
    """

    strategy_class: type
    modules: tuple[Path, ...]


def load_class(path: Path, name: str, location: Location) -> LoadedClass:
    """Load a strategy class.

    Args:
        path: the Python file; modules beside it can be imported by it.
        name: the class in it.
        location: where the class was named, for messages.

    Returns:
        The class, and what else decides what it does.

    Raises:
        ConfigurationError: when the file cannot be loaded, has no such class, or the class is no strategy.
    """
    module, modules = _load(path, location)
    classes = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }
    if name not in classes:
        raise ConfigurationError(
            Problem(
                message=f"{path} has no class '{name}'",
                location=location,
                expected=f"one of {', '.join(classes)}" if classes else "a class in that file",
                hint=did_you_mean(name, classes),
            )
        )
    if (problem := _no_strategy(classes[name], path, location)) is not None:
        raise ConfigurationError(problem)
    return LoadedClass(strategy_class=classes[name], modules=modules)


def create_strategy(strategy_class: type, params: Mapping[str, int | Decimal]) -> object:
    """Make a strategy of a class with the values of its parameters.

    Args:
        strategy_class: the class; it must need no arguments.
        params: values for some of its parameters (its attributes that are plain numbers).

    Returns:
        The strategy.

    Raises:
        ConfigurationError: when the class needs arguments or raises.
    """
    try:
        strategy: object = strategy_class()
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            Problem(
                message=f"{strategy_class.__name__}() raised {type(error).__name__}: {error}",
                location=_frame_in(error, Path(shown_path(Path(inspect.getfile(strategy_class))))),
                expected="a class that can be made without arguments",
                hint="give each argument of __init__ a default" if isinstance(error, TypeError) else None,
            )
        ) from error
    for name, value in params.items():
        stated = getattr(strategy, name)
        setattr(strategy, name, float(value) if isinstance(stated, float) else value)
    return strategy


def _no_strategy(candidate: type, path: Path, location: Location) -> Problem | None:
    name = candidate.__name__
    ours = issubclass(candidate, Strategy)
    coded = "on_bar" in dir(candidate) and getattr(candidate, "on_bar", None) is not Strategy.on_bar
    if coded and has_rules(candidate):
        return Problem(
            message=f"the class '{name}' of {path} has both rules and on_bar",
            location=location,
            expected="rules as class attributes, or on_bar",
            hint="remove one of them, or make two strategies",
        )
    if coded and not ours:
        return Problem(
            message=f"the class '{name}' of {path} has on_bar but is no Strategy",
            location=location,
            expected=f"class {name}(Strategy)",
            hint="from podium import Strategy",
        )
    bare = all(callable(getattr(candidate, method, None)) for method in ("should_enter", "should_exit"))
    if coded or bare or has_rules(candidate):
        return None
    return Problem(
        message=f"the class '{name}' of {path} is not a strategy",
        location=location,
        expected="a class with on_bar, with long_entry or short_entry, or with should_enter and should_exit",
    )


def _load(path: Path, location: Location) -> tuple[ModuleType, tuple[Path, ...]]:
    if not path.is_file():
        near = sorted(entry.name for entry in path.parent.glob("*.py"))
        raise ConfigurationError(
            Problem(
                message=f"there is no file {path}",
                location=location,
                expected="a Python file, seen from the portfolio file",
                hint=did_you_mean(path.name, near),
            )
        )
    module_name = f"podium_strategy_{path.stem}_{digest(str(path.resolve()).encode())[:8]}"
    specification = importlib.util.spec_from_file_location(module_name, path)
    if specification is None or specification.loader is None:
        raise ConfigurationError(Problem(message=f"{path} is not Python", location=location, expected="a .py file"))
    own = OwnModules(path)
    module = importlib.util.module_from_spec(specification)
    own.attach(module)
    sys.modules[module_name] = module
    try:
        with own.imported():
            specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise ConfigurationError(_problems(error, path)) from error
    return module, own.files()


def _problems(error: BaseException, path: Path) -> list[Problem]:
    where = _frame_in(error, path) or Location(file=str(path))
    if isinstance(error, SyntaxError):
        line, column = error.lineno or 1, error.offset or 1
        return [
            Problem(
                message=f"this is not Python: {error.msg}",
                location=Location(file=str(path), line=line, column=column),
                expected="Python 3.11 or later",
            )
        ]
    if isinstance(error, InputError):
        return [
            Problem(message=problem.message, location=where, expected=problem.expected, hint=problem.hint)
            for problem in error.problems
        ]
    return [
        Problem(
            message=f"loading this file raised {type(error).__name__}: {error}{_imported_line(error, path)}",
            location=where,
            expected="a file that can be imported",
        )
    ]


def _imported_line(error: BaseException, path: Path) -> str:
    """Name the innermost line of a module beside the file, when that is where it went wrong."""
    folder = path.resolve().parent
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename).resolve()
        if file == path.resolve():
            found = ""
        elif file.is_relative_to(folder) and "site-packages" not in file.parts:
            found = f" (in {shown_path(file)}:{frame.lineno})"
    return found


def _frame_in(error: BaseException, path: Path) -> Location | None:
    file = path.resolve()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).resolve() == file]
    if not frames:
        return None
    column = frames[-1].colno
    return Location(file=str(path), line=frames[-1].lineno, column=None if column is None else column + 1)
