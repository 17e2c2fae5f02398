"""Several runs side by side on one page: figures, equity and drawdown over each other, and what was set differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from podium.core.money import display_decimals, format_money
from podium.core.times import NANOSECONDS_PER_DAY, iso
from podium.report import sections
from podium.report.curves import drawn_rows
from podium.report.document import chart, written_page
from podium.report.elements import Html, element
from podium.report.figures import Figure, lines_panel
from podium.report.packing import packed_exactly
from podium.report.recorded_run import RecordedRun
from podium.report.tables import heading_row, name_cell, ratio_text, table
from podium.stats.comparison import percent
from podium.stats.metrics import StrategyMetrics

__all__ = ["comparison_page"]

#: What a figure is called, how it is printed, and whether more of it is better (``None``: neither).
_FIGURES: tuple[tuple[str, str, Callable[[StrategyMetrics], str], bool | None], ...] = (
    ("total_return", "return", lambda one: percent(one.total_return) or "–", True),
    ("cagr", "a year", lambda one: percent(one.cagr) or "–", True),
    ("volatility", "volatility", lambda one: percent(one.volatility) or "–", False),
    ("sharpe_ratio", "Sharpe", lambda one: ratio_text(one.sharpe_ratio), True),
    ("max_drawdown", "max DD", lambda one: percent(one.max_drawdown) or "–", False),
    ("calmar_ratio", "Calmar", lambda one: ratio_text(one.calmar_ratio), True),
    ("total_trades", "trades", lambda one: f"{one.total_trades:,}", None),
    ("win_rate", "win rate", lambda one: percent(one.win_rate) or "–", None),
)
_POINTS = 1_200


def comparison_page(runs: Sequence[RecordedRun]) -> Html:
    """Make the page.

    Args:
        runs: at least one.

    Returns:
        The page.
    """
    letters = [_letter(place) for place in range(len(runs))]
    labels = [f"{letter} {run.name}" for letter, run in zip(letters, runs, strict=True)]
    count = f"{len(runs)} runs side by side" if len(runs) > 1 else "One run"
    header = element("header", element("h1", count), element("p", _periods(runs)))
    parts = [
        sections.warnings_section(_warnings(runs, letters)),
        _figures(runs, letters),
        _curves(runs, labels),
        _strategies(runs, letters),
        _differences(runs, letters),
        sections.metrics_section(
            [(letter, run.metrics) for letter, run in zip(letters, runs, strict=True)], runs[0].currency
        ),
    ]
    decimals = display_decimals(runs[0].currency)
    return written_page(count, header, *parts, decimals=decimals)


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"#{place + 1}"


def _periods(runs: Sequence[RecordedRun]) -> str:
    first, last = ({str(getattr(run.metrics, name)) for run in runs} for name in ("first_day", "last_day"))
    several = len(first) > 1 or len(last) > 1
    return f"{min(first)} to {max(last)} UTC" + (", not all over the same days" if several else "")


def _warnings(runs: Sequence[RecordedRun], letters: Sequence[str]) -> list[str]:
    told = []
    if len({run.currency for run in runs}) > 1:
        told.append("The runs have different account currencies: amounts of money cannot be compared.")
    if len({(run.metrics.first_day, run.metrics.last_day) for run in runs}) > 1:
        told.append("The runs cover different days: figures of different markets stand beside each other.")
    elif len({run.manifest.get("data_sha256") for run in runs}) > 1:
        told.append("The runs were computed from different bars.")
    if len({run.metrics.periods_per_year for run in runs}) > 1:
        told.append("The runs count days differently (365 or 252 a year): their ratios cannot be compared.")
    told += [
        f"Run {letter} was interrupted: {run.result['warnings'][0] if run.result.get('warnings') else 'it is a part'}"
        for letter, run in zip(letters, runs, strict=True)
        if not run.result.get("is_complete", True)
    ]
    return told


def _figures(runs: Sequence[RecordedRun], letters: Sequence[str]) -> Html:
    heads = ["run", "days", "final equity", *(label for _, label, _, _ in _FIGURES), "blocked", "conflicts"]
    best = {name: _best([getattr(run.metrics, name) for run in runs], more) for name, _, _, more in _FIGURES}
    rows = []
    for place, (letter, run) in enumerate(zip(letters, runs, strict=True)):
        metrics = run.metrics
        figures = [
            element("td", text(metrics), class_="best" if place in best[name] else "") for name, _, text, _ in _FIGURES
        ]
        money = f"{format_money(run.final_equity, run.currency)} {run.currency}"
        rows.append(
            element(
                "tr",
                name_cell(f"{letter} {run.name}", place),
                element("td", f"{metrics.days:,}"),
                element("td", money),
                *figures,
                element("td", f"{run.result.get('capital_limit_blocks', 0):,}"),
                element("td", f"{run.result.get('conflicts_detected', 0):,}"),
            )
        )
    folders = [element("li", f"{letter}: {run.folder}") for letter, run in zip(letters, runs, strict=True)]
    note = "The best of each figure is bold, where there is a better." if len(runs) > 1 else ""
    return element(
        "section",
        element("h2", "Figures"),
        element("p", note, class_="note") if note else "",
        table(heading_row(heads), rows, kind="pin"),
        element("ul", *folders, class_="told"),
        id="figures",
    )


def _best(values: Sequence[float | None], more: bool | None) -> set[int]:
    known = [value for value in values if value is not None]
    if more is None or len(set(known)) < 2:
        return set()
    winner = max(known) if more else min(known)
    return {place for place, value in enumerate(values) if value == winner}


def _curves(runs: Sequence[RecordedRun], labels: Sequence[str]) -> Html:
    drawn = [drawn_rows(run.equity, _POINTS) for run in runs]
    times = np.unique(np.concatenate([run.seconds[rows] for run, rows in zip(runs, drawn, strict=True)]))
    growths, falls = [], []
    for run in runs:
        start = float(run.capital)
        peaks = np.maximum(np.maximum.accumulate(run.equity), start) if len(run.equity) else run.equity
        growths.append(_known_at(run, run.equity / start - 1.0 if start else run.equity * 0.0, times))
        falls.append(_known_at(run, run.equity / np.maximum(peaks, 1e-12) - 1.0, times))
    figure: Figure = {
        "height": 520,
        "times": packed_exactly(times),
        "panels": [
            lines_panel("Return since the start", 0.66, "percent", labels, growths),
            lines_panel("Drawdown", 0.34, "percent", labels, falls),
        ],
    }
    return element(
        "section",
        element("h2", "Equity and drawdown"),
        element("p", "Each run's portfolio, from its own capital.", class_="note"),
        chart("equity", figure, "Return and drawdown of each run over time"),
        id="equity-section",
    )


def _known_at(run: RecordedRun, values: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the last value known at each time; not a number outside of the run."""
    if len(values) == 0:
        return np.full(len(times), np.nan)
    rows = np.searchsorted(run.seconds, times, side="right") - 1
    inside = (rows >= 0) & (times <= run.seconds[-1])
    return np.where(inside, values[np.maximum(rows, 0)], np.nan)


def _strategies(runs: Sequence[RecordedRun], letters: Sequence[str]) -> Html:
    several = [run.strategies for run in runs]
    rows = []
    for name in dict.fromkeys(name for one in several for name in one):
        cells = []
        for one in several:
            metrics = one.get(name)
            if metrics is None:
                cells += [element("td", "–", class_="nothing")] * 3
            else:
                cells += [
                    element("td", percent(metrics.total_return) or "–"),
                    element("td", ratio_text(metrics.sharpe_ratio)),
                    element("td", f"{metrics.total_trades:,}"),
                ]
        rows.append(element("tr", name_cell(name), *cells))
    heads = heading_row(
        ["strategy", *(f"{letter} {word}" for letter in letters for word in ("return", "Sharpe", "trades"))]
    )
    return element("section", element("h2", "Strategies"), table(heads, rows, kind="pin"), id="strategies")


def _differences(runs: Sequence[RecordedRun], letters: Sequence[str]) -> Html:
    title = element("h2", "Configuration")
    settings = [dict(sections.flat_settings(run.manifest.get("settings") or {})) for run in runs]
    for run, flat in zip(runs, settings, strict=True):
        flat.update(_facts(run))
    names = list(dict.fromkeys(name for flat in settings for name in flat))
    if len(runs) == 1:
        return sections.settings_section(settings[0])
    rows = [
        element(
            "tr",
            name_cell(name),
            *(element("td", flat.get(name, "–"), class_="left value") for flat in settings),
        )
        for name in names
        if len({flat.get(name) for flat in settings}) > 1
    ]
    same = len(names) - len(rows)
    note = element("p", f"What differs; {same:,} other settings are the same.", class_="note")
    if not rows:
        return element("section", title, element("p", "Nothing was set differently.", class_="note"), id="differences")
    heads = heading_row(["setting", *letters], left=range(1 + len(letters)))
    return element("section", title, note, table(heads, rows, kind="pin words"), id="differences")


def _day_or_moment(nanoseconds: int, shift: int) -> str:
    whole = nanoseconds % NANOSECONDS_PER_DAY == 0
    return iso(nanoseconds + shift)[:10] if whole else iso(nanoseconds)


def _facts(run: RecordedRun) -> dict[str, str]:
    """Tell what else a run depended on; hashes are cut to what a person compares."""
    manifest = run.manifest
    said = manifest.get("invocation") or {}
    facts = {}
    if said.get("first"):
        facts["--from"] = _day_or_moment(int(said["first"]), 0)
    if said.get("last"):
        # A day that was named is meant to its end, which is the midnight after it.
        facts["--to"] = _day_or_moment(int(said["last"]), -NANOSECONDS_PER_DAY)
    facts["timeframe"] = str(manifest.get("timeframe", "not known"))
    facts["bars (hash)"] = str(manifest.get("data_sha256", "not known"))[:10]
    # A strategy file may have changed while its name did not.
    for path, content in (manifest.get("files") or {}).items():
        facts[f"{path.rsplit('/', 1)[-1]} (hash)"] = str(content)[:10]
    facts["commit"] = str(manifest.get("commit") or "not known")[:10]
    facts |= {f"version of {name}": str(text) for name, text in (manifest.get("versions") or {}).items()}
    return facts
