"""What a run leaves behind: a folder that tells everything and can be reproduced byte for byte.

``events.jsonl``, ``result.json``, ``trades.parquet`` and ``equity.parquet`` hold nothing of clock or machine;
``manifest.json``, ``log.jsonl`` and ``report.html`` do. The folder appears whole or not at all.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

from podium.backtest.lines import json_text
from podium.backtest.log import completed_log, failed_log
from podium.backtest.manifest import make_manifest
from podium.backtest.records import event_lines
from podium.backtest.result import OrchestratorResult
from podium.core.errors import Problem, RunError
from podium.data.bars import BarSeries
from podium.portfolio.file import PortfolioFile

__all__ = ["REPRODUCED_FILES", "write_failed_run", "write_reproduced", "write_run"]

#: The files that are compared byte for byte.
REPRODUCED_FILES = ("events.jsonl", "result.json", "trades.parquet", "equity.parquet")


def write_run(
    result: OrchestratorResult,
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries],
    out: Path,
    invocation: Mapping[str, object] | None = None,
) -> Path:
    """Write the folder of a run.

    Args:
        result: what happened.
        portfolio: the file that was run.
        bars: the bars that were read.
        out: the folder in which run folders are made.
        invocation: what else the command said, so that it can be said again.

    Returns:
        The run's folder; a run with the same input takes the place of its predecessor.

    Raises:
        RunError: when it cannot be written; nothing is left behind then.
    """
    from podium.report.html import write_report  # noqa: PLC0415  heavy, and only needed at the end

    manifest = make_manifest(result, portfolio, bars, invocation or {})
    # What was interrupted never takes the place of a run that was completed.
    folder = out / (str(manifest["run_id"]) + ("" if result.is_complete else "-interrupted"))
    with _whole(folder) as partial:
        write_reproduced(result, partial)
        _write_lines(partial / "log.jsonl", completed_log(result))
        write_report(result, partial / "report.html", bars, dict(portfolio.settings))
        _write_json(partial / "manifest.json", manifest)
    return folder


def write_failed_run(
    so_far: OrchestratorResult,
    failure: RunError,
    *,
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries],
    out: Path,
    invocation: Mapping[str, object] | None = None,
) -> Path:
    """Write the folder of a run that failed: its log up to the failure, and its manifest.

    Args:
        so_far: what happened before.
        failure: what ended it.
        portfolio: the file that was run.
        bars: the bars that were read.
        out: the folder in which run folders are made.
        invocation: what else the command said.

    Returns:
        The folder; its name ends in ``-failed``, so that it never takes the place of a run that was completed.

    Raises:
        RunError: when it cannot be written; nothing is left behind then.
    """
    manifest = make_manifest(so_far, portfolio, bars, invocation or {})
    folder = out / f"{manifest['run_id']}-failed"
    with _whole(folder) as partial:
        _write_lines(partial / "log.jsonl", failed_log(so_far, failure))
        _write_json(partial / "manifest.json", manifest)
    return folder


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Give a folder to write in that takes its place when everything is written, or vanishes."""
    out = folder.parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=out))
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        yield partial
        _put_in_place(partial, folder)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise _unwritable(folder, error) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_reproduced(result: OrchestratorResult, folder: Path) -> None:
    """Write the files that hold nothing of clock or machine.

    Args:
        result: what happened.
        folder: where; it exists.
    """
    from podium.backtest.frames import equity_frame, trades_frame  # noqa: PLC0415  polars is heavy

    # The largest comes first, and no two together: the most memory is held while equity is written.
    for name, frame_of in (("equity", equity_frame), ("trades", trades_frame)):
        # In memory first: polars tells of a full disk with an error of its own.
        content = BytesIO()
        frame_of(result).write_parquet(content, compression="zstd", statistics=False)
        (folder / f"{name}.parquet").write_bytes(content.getbuffer())
    _write_lines(folder / "events.jsonl", event_lines(result))
    _write_json(folder / "result.json", result.to_dict())


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(lines)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json_text(content) + "\n", encoding="utf-8")


def _put_in_place(partial: Path, folder: Path) -> None:
    """Swap the finished folder in; an old one is moved aside first, so that at no time half a folder stands there."""
    partial.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-old-", dir=folder.parent) as aside:
        with suppress(FileNotFoundError):
            folder.replace(Path(aside) / "run")
        try:
            partial.replace(folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            # Another process has put the same run there at this instant: that one stays.
            shutil.rmtree(partial)


def _unwritable(path: Path, error: OSError) -> RunError:
    problem = Problem(
        message=f"{path} cannot be written: {error.strerror}",
        expected="a folder on a disk with room that you may write to",
        hint="choose another one with --out",
    )
    return RunError(str(problem))
