"""Run the blocks of a page as a reader would, in a folder of their own, and compare what they print.

* ``python`` runs in one namespace per page; a block that starts with ``# name.py`` is also written to that file.
* ``yaml`` that starts with ``# name.yaml`` is written to that file; every YAML block is loaded as a portfolio file or a
  strategy file, a fragment of one together with the rest of a small file.
* ``console`` runs every line that starts with ``$`` in a shell with ``podium`` on the path.
* ``json`` is parsed. Anything else is refused.

Times, rates and the names of runs differ between machines and are not compared. ``…`` alone on a line stands for any lines.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from blocks import ROOT, Block, blocks_of, commands_of, with_texts
from ruamel.yaml import YAML

from podium.portfolio.file import load_portfolio
from podium.portfolio.sections import PortfolioDocument
from podium.strategy.file import load_strategy

__all__ = ["Mismatch", "PageRun", "normalised", "real_output", "same_output", "stated_output"]

_PORTFOLIO = """portfolio: {capital: 100_000}
data: {source: sample}
symbols: [BTC/USDT]
strategies: [{id: fragment, file: fragment_strategy.yaml}]
"""
_STRATEGY = """params: {fast: 20, slow: 60}
entry: {long: close > open}
"""
_DIFFERS = (
    (re.compile(r"[\d.,]+ (?:[kMG] )?strategy-bars/s +\d+:\d\d:\d\d"), "… strategy-bars/s  …"),
    (re.compile(r"-(\d{8})-[0-9a-f]{8}\b"), r"-\1-…"),
    (re.compile(r'("duration_seconds":\s*)[\d.]+'), r"\1…"),
)
_COMPILING = "compiling the engine"


class Mismatch(AssertionError):
    """Say that a block does not do what the page shows."""


def normalised(output: str) -> list[str]:
    """Take out of an output what differs between two runs."""
    for pattern, text in _DIFFERS:
        output = pattern.sub(text, output)
    lines = [line.rstrip() for line in output.rstrip("\n").split("\n")]
    return [line for line in lines if _COMPILING not in line]


def same_output(shown: str, real: str) -> bool:
    """Tell whether a real output is the one that is shown."""
    pattern = r"\n".join(r"(?:.*\n)*?.*" if line.strip() == "…" else re.escape(line) for line in normalised(shown))
    return re.fullmatch(pattern, "\n".join(normalised(real))) is not None


class PageRun:
    """Run one page.

    Args:
        page: the page.
        folder: where its files go; the current folder meanwhile.
        update: take over real outputs instead of comparing them.
    """

    def __init__(self, page: Path, folder: Path, *, update: bool = False) -> None:
        self.page, self.folder, self.update = page, folder, update
        self.text = page.read_text(encoding="utf-8")
        self.namespace: dict[str, object] = {"__name__": "page"}
        self.printed: str | None = None
        self.updates: dict[int, str] = {}
        self.counts: dict[str, int] = {}

    def run(self) -> None:
        """Run all blocks in order; modules that the page writes can be imported meanwhile."""
        known = set(sys.modules)
        sys.path.insert(0, str(self.folder))
        importlib.invalidate_caches()
        try:
            self._run_blocks()
        finally:
            sys.path.remove(str(self.folder))
            for name in set(sys.modules) - known:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.folder)):
                    del sys.modules[name]
        if self.update:
            self.page.write_text(with_texts(self.text, self.updates), encoding="utf-8")

    def _run_blocks(self) -> None:
        for block in blocks_of(self.text):
            if block.not_run is not None:
                continue
            runner = getattr(self, f"_{block.language or 'unnamed'}", None)
            if runner is None:
                raise Mismatch(f"{self._place(block)}: a block of language '{block.language}' cannot be checked")
            runner(block)
            self.counts[block.language] = self.counts.get(block.language, 0) + 1

    def _place(self, block: Block) -> str:
        return f"{self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page}:{block.line}"

    def _compare(self, block: Block, shown: str, real: str) -> None:
        if not same_output(shown, real):
            raise Mismatch(f"{self._place(block)} shows\n{shown}\nbut the output is\n{real}")

    def _write(self, block: Block) -> Path | None:
        if block.file_name is None:
            return None
        path = self.folder / block.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text + "\n", encoding="utf-8")
        return path

    def _python(self, block: Block) -> None:
        self._write(block)
        source = "\n" * (block.line - 1) + block.text
        output = io.StringIO()
        with redirect_stdout(output):
            exec(compile(source, self._place(block), "exec"), self.namespace)
        self.printed = output.getvalue()

    def _text(self, block: Block) -> None:
        if self.printed is None:
            raise Mismatch(f"{self._place(block)}: no Python block stands before this output")
        if self.update:
            self.updates[block.line] = "\n".join(line.rstrip() for line in self.printed.rstrip("\n").split("\n"))
        else:
            self._compare(block, block.text, self.printed)
        self.printed = None

    def _yaml(self, block: Block) -> None:
        path = self._write(block)
        if path is not None:
            # A portfolio file names strategy files that may come later on the page: it is loaded by the commands.
            if _is_strategy(block.text):
                load_strategy(path)
            return
        kind = "strategy" if _is_strategy(block.text) else "portfolio"
        (self.folder / "fragment_strategy.yaml").write_text(_STRATEGY, encoding="utf-8")
        fragment = self.folder / f"fragment_{kind}.yaml"
        fragment.write_text(_completed(block.text, _STRATEGY if kind == "strategy" else _PORTFOLIO), encoding="utf-8")
        if kind == "strategy":
            load_strategy(fragment)
        else:
            load_portfolio(fragment)

    def _json(self, block: Block) -> None:
        for document in block.text.split("\n") if block.text.startswith('{"') else [block.text]:
            json.loads(document)

    def _console(self, block: Block) -> None:
        shown: list[str] = []
        commands = commands_of(block)
        for command in commands:
            if re.search(r"\bjq\b", command.words) and shutil.which("jq") is None:
                continue
            code, real = _shell(command.words, self.folder)
            wanted = block.exit_code if command is commands[-1] else 0
            if code != wanted:
                raise Mismatch(f"{self._place(block)}: {command.words} ended with {code}, not {wanted}\n{real}")
            if self.update and "…" not in [line.strip() for line in command.output.split("\n")]:
                real_lines = "\n".join(line for line in real.rstrip("\n").split("\n") if _COMPILING not in line)
                shown.append(f"$ {command.words}\n{real_lines}".rstrip("\n"))
            else:
                self._compare(block, command.output, real)
                shown.append(f"$ {command.words}\n{command.output}".rstrip("\n"))
        self.updates[block.line] = "\n".join(shown)


def _shell(words: str, folder: Path) -> tuple[int, str]:
    """Run a command as a reader does; what it tells and what it prints come in their order."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "120", "TERM": "dumb"}
    done = subprocess.run(
        words, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def _is_strategy(text: str) -> bool:
    return set(_keys(text)).isdisjoint(PortfolioDocument.model_fields)


def _keys(text: str) -> Iterator[str]:
    document = YAML(typ="rt").load(text)
    yield from map(str, document)


def _completed(fragment: str, rest: str) -> str:
    """Put the sections of a small file beside those that a fragment lacks."""
    given = set(_keys(fragment))
    sections = re.split(r"\n(?=\w)", rest.rstrip("\n"))
    return "\n".join([*(part for part in sections if part.split(":")[0] not in given), fragment, ""])


_STATED = "It prints:\n\n"


def stated_output(example: Path) -> str:
    """Give the output that the docstring of an example states."""
    return (ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or "").partition(_STATED)[2]


def real_output(example: Path, folder: Path) -> str:
    """Run an example from another folder."""
    done = subprocess.run(
        [sys.executable, str(example)], cwd=folder, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def _update_example(example: Path, folder: Path) -> None:
    before, marker, rest = example.read_text(encoding="utf-8").partition(_STATED)
    code = rest[rest.index('"""') :]
    example.write_text(f"{before}{marker}{real_output(example, folder)}{code}", encoding="utf-8")


def main() -> None:
    """Take real outputs over into the named pages and examples: ``python tests/docs/execution.py README.md``."""
    for page in [Path(name).resolve() for name in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as folder:
            if page.suffix == ".py":
                _update_example(page, Path(folder))
            else:
                os.chdir(folder)
                PageRun(page, Path(folder), update=True).run()
        print(page.relative_to(ROOT))  # noqa: T201  it is a program, too


if __name__ == "__main__":
    main()
