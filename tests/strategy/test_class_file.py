"""Loading strategy classes from Python files."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from podium.core.errors import ConfigurationError, Location
from podium.strategy.class_file import create_strategy, load_class

HERE = Location(file="portfolio.yaml", line=3, column=5)
CODED = "from podium import Strategy\nclass Coded(Strategy):\n    n = 1\n    share = 0.5\n    def on_bar(self, bar):\n        pass\n"


def _load(folder: Path, text: str, name: str = "Coded") -> type:
    file = folder / "coded.py"
    file.write_text(text, encoding="utf-8")
    return load_class(file, name, HERE).strategy_class


def test_a_class_is_loaded_anew_each_time(tmp_path: Path) -> None:
    """A changed file is read again; nothing of an earlier load remains. (A-25)"""
    assert _load(tmp_path, CODED).n == 1  # type: ignore[attr-defined]
    assert _load(tmp_path, CODED.replace("n = 1", "n = 222")).n == 222  # type: ignore[attr-defined]


def test_modules_beside_the_file_can_be_imported(tmp_path: Path) -> None:
    """Strategies may share code that stands beside them. (A-25)"""
    (tmp_path / "beside_the_strategy.py").write_text("LENGTH = 7\n", encoding="utf-8")
    loaded = _load(tmp_path, f"from beside_the_strategy import LENGTH\n{CODED.replace('n = 1', 'n = LENGTH')}")
    assert loaded.n == 7  # type: ignore[attr-defined]


def _length(folder: Path, source: str = "from lengths import LENGTH") -> tuple[int, list[str]]:
    file = folder / "coded.py"
    file.write_text(f"{source}\n{CODED.replace('n = 1', 'n = LENGTH')}", encoding="utf-8")
    loaded = load_class(file, "Coded", HERE)
    return loaded.strategy_class.n, [str(path.relative_to(folder)) for path in loaded.modules]  # type: ignore[attr-defined]


def test_the_modules_beside_the_file_are_named(tmp_path: Path) -> None:
    """What a file imports of its own folder is part of it, through other modules and packages too. (A-25, D-09)"""
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    source = "import json\nimport numpy\nfrom parts.deep.seven import LENGTH\n"
    (tmp_path / "lengths.py").write_text(source, encoding="utf-8")
    (tmp_path / "parts" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "parts" / "deep" / "seven.py").write_text("LENGTH = 7\n", encoding="utf-8")
    (tmp_path / "not_imported.py").write_text("LENGTH = 8\n", encoding="utf-8")
    expected = 7, ["lengths.py", "parts/__init__.py", "parts/deep/seven.py"]
    assert _length(tmp_path) == expected
    assert _length(tmp_path) == expected


def test_libraries_below_the_folder_are_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project has its environment beside its strategies: versions tell of libraries. (A-25, D-09)"""
    installed = tmp_path / ".venv" / "lib" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "installed_lengths.py").write_text("LENGTH = 6\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(installed))
    assert _length(tmp_path, "from installed_lengths import LENGTH") == (6, [])
    del sys.modules["installed_lengths"]


def test_a_changed_module_is_read_again(tmp_path: Path) -> None:
    """Nothing of an earlier load remains, in the modules beside the file neither. (A-25)"""
    for length in (7, 88):
        (tmp_path / "lengths.py").write_text(f"LENGTH = {length}\n", encoding="utf-8")
        assert _length(tmp_path) == (length, ["lengths.py"])


def test_files_in_two_folders_have_their_own_modules(tmp_path: Path) -> None:
    """Modules of one name in two folders are two; those of the program itself stay as they were. (A-25)"""
    program = sys.modules["lengths"] = ModuleType("lengths")
    program.__file__ = str(tmp_path / "one" / "lengths.py")
    try:
        for folder, length in (("one", 1), ("two", 2)):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "lengths.py").write_text(f"LENGTH = {length}\n", encoding="utf-8")
        del sys.modules["lengths"]
        assert _length(tmp_path / "two") == (2, ["lengths.py"])
        sys.modules["lengths"] = program
        assert _length(tmp_path / "one") == (1, ["lengths.py"])
        assert sys.modules["lengths"] is program
    finally:
        sys.modules.pop("lengths", None)


LATER = """\
from podium import Strategy
class Coded(Strategy):
    def on_bar(self, bar):
        from lengths import LENGTH
        import deep.seven
        return LENGTH, deep.seven.SEVEN
"""


def test_a_module_beside_the_file_can_be_imported_at_any_time(tmp_path: Path) -> None:
    """Inside a function, too, and again in what it imports; the run names all of it, others keep theirs. (A-25, D-09)"""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "seven.py").write_text("SEVEN = 7\n", encoding="utf-8")
    (tmp_path / "lengths.py").write_text("from halves import half\nLENGTH = half(8)\n", encoding="utf-8")
    halves = "def half(number):\n    from shares import SHARE\n    return number * SHARE\n"
    (tmp_path / "halves.py").write_text(halves, encoding="utf-8")
    (tmp_path / "shares.py").write_text("SHARE = 0.5\n", encoding="utf-8")
    (tmp_path / "coded.py").write_text(LATER, encoding="utf-8")
    program = sys.modules["lengths"] = ModuleType("lengths")
    try:
        loaded = load_class(tmp_path / "coded.py", "Coded", HERE)
        strategy = create_strategy(loaded.strategy_class, {})
        for _ in range(2):
            assert strategy.on_bar(None) == (4, 7)  # type: ignore[attr-defined]
        assert sys.modules["lengths"] is program
    finally:
        del sys.modules["lengths"]
    assert "halves" not in sys.modules
    files = [str(path.relative_to(tmp_path)) for path in loaded.modules]
    assert files == ["deep/seven.py", "halves.py", "lengths.py", "shares.py"]


def test_packages_beside_the_file_may_import_from_themselves(tmp_path: Path) -> None:
    """A relative import is followed, inside a function too. (A-25, D-09)"""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("from .seven import LENGTH, later\n", encoding="utf-8")
    seven = "LENGTH = 7\ndef later():\n    from . import eight\n    return eight.LENGTH\n"
    (tmp_path / "parts" / "seven.py").write_text(seven, encoding="utf-8")
    (tmp_path / "parts" / "eight.py").write_text("LENGTH = 8\n", encoding="utf-8")
    expected = ["parts/__init__.py", "parts/eight.py", "parts/seven.py"]
    assert _length(tmp_path, "from parts import LENGTH") == (7, expected)
    assert _length(tmp_path, "from parts import later\nLENGTH = later()") == (8, expected)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("talib", "import numpy\nimport talib\n", "coded.py:2:1"),
        ("json", "import halves\n", "halves.py:3:5"),
        ("podium", "def later():\n    from podium.rules import close\n", "coded.py:2:5"),
    ],
)
def test_a_module_called_like_a_library_is_refused_where_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, place: str
) -> None:
    """Nobody could tell which of the two is meant. (D-06)"""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{name}.py").write_text("X = 1\n", encoding="utf-8")
    (tmp_path / "halves.py").write_text("\ndef half(number):\n    from json import X\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text)
    assert str(caught.value) == (
        f"{place}: '{name}' is {name}.py and also an installed library\n"
        "  expected: a name of its own for what stands beside a strategy file\n"
        f"  hint: rename {name}.py"
    )


def test_what_only_stands_there_is_no_harm(tmp_path: Path) -> None:
    """A file called like a library, or a folder of data, does not come between a strategy and the library. (A-25)"""
    for name in ("json.py", "talib.py", "numpy.py"):
        (tmp_path / name).write_text("X = 1\n", encoding="utf-8")
    (tmp_path / "polars").mkdir()
    assert _length(tmp_path, "import polars\nLENGTH = len(polars.Series([1, 2]))") == (2, [])


def test_an_instance_gets_its_parameters_in_the_stated_types(tmp_path: Path) -> None:
    """A float stays a float, a whole number stays whole; instances share nothing. (A-25)"""
    loaded = _load(tmp_path, CODED)
    made = create_strategy(loaded, {"n": 3, "share": Decimal("0.25")})
    assert (made.n, made.share) == (3, 0.25)  # type: ignore[attr-defined]
    assert type(made.share) is float  # type: ignore[attr-defined]
    assert create_strategy(loaded, {}).n == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("class Coded(:\n", "coded.py:1:13", "this is not Python: invalid syntax"),
        ("import nothing_of_this_name\n", "coded.py:1:1", "loading this file raised ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("x = 1\n\ny = x / 0\n", "coded.py:3:5", "loading this file raised ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "coded.py:1:1", "loading this file raised SystemExit: 3"),
        ("from podium.rules import ema, close\nx = ema(close, 0)\n", "coded.py:2:5", "the argument 'timeperiod' of ema is 0"),
    ],
)  # fmt: skip
def test_a_file_that_fails_is_told_with_its_line(tmp_path: Path, text: str, place: str, message: str) -> None:
    """The message points into the user's file, not into ours. (D-06)"""
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text)
    (problem,) = caught.value.problems
    assert str(problem.location) == f"{tmp_path}/{place}"
    assert problem.message == message


def test_an_error_in_a_module_beside_the_file_names_its_line_too(tmp_path: Path) -> None:
    """The line that imports it is not the one to mend. (D-06)"""
    (tmp_path / "beside.py").write_text("x = 1\ny = x / 0\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, "import beside\n")
    (problem,) = caught.value.problems
    assert str(problem.location) == f"{tmp_path}/coded.py:1:1"
    assert problem.message.endswith(f"ZeroDivisionError: division by zero (in {tmp_path}/beside.py:2)")


def test_a_class_that_raises_when_made_is_told_with_its_line(tmp_path: Path) -> None:
    """Code in ``__init__`` that fails is the user's to mend. (D-06)"""
    loaded = _load(tmp_path, f"{CODED}    def __init__(self):\n        self.x = {{}}['no']\n")
    with pytest.raises(ConfigurationError) as caught:
        create_strategy(loaded, {})
    assert str(caught.value).startswith(f"{tmp_path}/coded.py:8:18: Coded() raised KeyError: 'no'")
