"""The modules that a strategy file imports from its own folder: each file reads them anew and has its own.

They decide what the strategy does as much as its file does, so a run names them. Nothing of an earlier load remains,
and strategy files in two folders may each have a module of the same name. Only what the strategy's own code imports is
looked for beside it, whenever it does so: Podium and its libraries never see that folder.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

from podium.strategy.own_files import file_of, imported_files, names_beside

__all__ = ["OwnModules"]


class OwnModules:
    """Import what stands beside a strategy file, for its own code alone.

    Args:
        path: the strategy file.

    Raises:
        ConfigurationError: when it imports from its folder what is called like an installed library.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path.resolve().parent
        self._files = imported_files(path)
        self._names = names_beside(path)
        self._modules: dict[str, ModuleType] = {}
        self._is_open = False
        # Python looks here for what an import statement does, so that one inside a function finds its module, too.
        self._builtins = {**vars(builtins), "__import__": self._import}

    def attach(self, module: ModuleType) -> None:
        """Let the import statements of a module find what stands beside the strategy file.

        Args:
            module: one whose code has not run yet.
        """
        vars(module)["__builtins__"] = self._builtins

    def files(self) -> tuple[Path, ...]:
        """Name the files of the imported modules, also of those that are imported only later."""
        loaded = {Path(file) for module in self._modules.values() if (file := file_of(module)) is not None}
        named = {self._path.parent / file.relative_to(self._folder) for file in loaded}
        return tuple(sorted(named.union(self._files)))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the folder, as an entry of ``sys.meta_path``.

        Args:
            name: its full name.
            path: where the package around it looks for it.
            target: unused.

        Returns:
            The module's specification; ``None`` for modules from elsewhere.
        """
        if not self._is_own(name):
            return None
        found = PathFinder.find_spec(name, [str(self._folder)] if path is None else path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(name, found.loader.path, self)
        return found

    @contextmanager
    def imported(self) -> Iterator[None]:
        """Put the modules of the folder in the place of others that have their names."""
        if self._is_open:
            yield
            return
        others = self._taken_out()
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self)
        self._is_open = True
        try:
            yield
        finally:
            self._is_open = False
            sys.meta_path.remove(self)
            self._modules = self._taken_out()
            sys.modules.update(others)

    def _taken_out(self) -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in tuple(sys.modules) if self._is_own(name)}

    def _is_own(self, name: str) -> bool:
        return name.partition(".")[0] in self._names

    def _import(
        self,
        name: str,
        namespace: Mapping[str, object] | None = None,
        local: Mapping[str, object] | None = None,
        wanted: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Do what an import statement does."""
        if level == 0 and not self._is_own(name):
            return builtins.__import__(name, namespace, local, wanted or (), level)
        # A function may import at every bar: what is there already needs no search.
        if level == 0 and name in self._modules and all(hasattr(self._modules[name], each) for each in wanted or ()):
            return self._modules[name if wanted else name.partition(".")[0]]
        with self.imported():
            return builtins.__import__(name, namespace, local, wanted or (), level)


class _Loader(SourceFileLoader):
    """Load a module of the folder, whose own imports look there too."""

    def __init__(self, name: str, path: str, own: OwnModules) -> None:
        super().__init__(name, path)
        self._own = own

    def exec_module(self, module: ModuleType) -> None:
        """Run its code."""
        self._own.attach(module)
        super().exec_module(module)
