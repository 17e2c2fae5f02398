"""The rules of the code that a machine can judge."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "podium"
#: Imports point upwards in this list only.
LAYERS = ("core", "rules", "engine", "strategy", "portfolio", "data", "journal", "stats", "backtest", "report", "bus",
          "venues", "live", "cli", "testing")  # fmt: skip
#: The one exception: a result can draw itself, because that is what people type; the run does not depend on it.
EXCEPTIONS = {
    ("backtest/result.py", "report"),
    ("backtest/run_folder.py", "report"),
}
FILES = sorted(SOURCE.rglob("*.py"))


def _imports(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def _violations(path: Path, tree: ast.AST) -> list[str]:
    relative = path.relative_to(SOURCE).as_posix()
    own = relative.split("/")[0]
    if own not in LAYERS:
        return []
    layers = [module.split(".")[1] for module in _imports(tree) if module.startswith("podium.")]
    return [
        f"{relative} imports podium.{layer}"
        for layer in layers
        if LAYERS.index(layer) > LAYERS.index(own) and (relative, layer) not in EXCEPTIONS
    ]


def test_imports_point_upwards_only():
    """Each package imports only packages above it in the list of layers."""
    wrong = [line for path in FILES for line in _violations(path, ast.parse(path.read_text()))]
    assert wrong == []


def test_a_downward_import_would_be_seen():
    """The check above can fail."""
    assert _violations(SOURCE / "core" / "made_up.py", ast.parse("from podium.engine.engine import Engine")) == [
        "core/made_up.py imports podium.engine"
    ]


def test_every_package_is_in_the_list_of_layers():
    """No package escapes the check."""
    packages = {path.name for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    assert packages == set(LAYERS)


CLOCKS = {"time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "datetime.now", "datetime.utcnow",
          "datetime.today", "date.today", "uuid.uuid4", "uuid4"}  # fmt: skip


@pytest.mark.parametrize("path", [path for path in FILES if "core" not in path.parts], ids=lambda path: path.name)
def test_no_clock_and_no_random_outside_core(path):
    """Time and seeds come in from outside, so that equal inputs give equal bytes."""
    tree = ast.parse(path.read_text())
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & CLOCKS
    assert "random" not in _imports(tree)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_bare_assert_and_nothing_swallowed(path):
    """User input is refused with an error, invariants with `invariant`; no exception disappears."""
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}"
            assert not all(isinstance(inner, ast.Pass) for inner in node.body), f"line {node.lineno}"


def _text_files() -> list[Path]:
    folders = ("src", "docs", "examples", "benchmarks", "deploy", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [ROOT / name for name in ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "constraints.txt")]
    skipped = {".png", ".pyc", ".parquet", ".npy"}
    return [
        path for path in files
        if path.suffix not in skipped and not {".environments", ".data", "__pycache__", "runs"} & set(path.parts)
    ]  # fmt: skip


def test_no_address_of_a_registry_and_no_path_of_a_machine():
    """What is committed works on every machine."""
    wrong = re.compile(r"/work/|/root/|/tmp/plan|pypi\.org/simple|files\.pythonhosted")
    assert [str(path) for path in _text_files() if wrong.search(path.read_text(encoding="utf-8"))] == []
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_public_names_are_few_and_known():
    """The package offers what the documentation names, no more."""
    import podium

    assert podium.__all__ == sorted(podium.__all__)
    for name in podium.__all__:
        assert getattr(podium, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Orchestrator'"):
        _ = podium.Orchestrator
