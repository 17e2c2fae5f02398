"""W1, W2, W3: signals and engine against every peer, and the whole orchestrator beside it."""

from __future__ import annotations

from collections.abc import Sequence

from comparison import Contender, Round, take_turns
from figures import ratio, whole
from results import Budget, Findings, Table
from workloads import SLOWER_WORKLOADS, WORKLOADS, Workload

__all__ = ["measure_signals"]

_TITLES = {
    "W1": "one strategy on 1 million bars",
    "W2": "five strategies on 1 million bars",
    "W3": "five strategies on 20 symbols × 50,000 bars",
}
_VECTORBT_BUDGETS = {"W1": 3.0, "W2": 10.0, "W3": 10.0}
_W3_STRATEGY_BARS_PER_SECOND = 30e6
#: What a portfolio may have switched on, as the sides call it, and the least strategy-bars a second with it.
_FORMS = {"limits": ("Podium, with limits", 20e6), "netting": ("Podium, netted", 15e6)}
_PODIUM, _ORCHESTRATOR, _VECTORBT = "Podium, signals and engine", "Podium, StrategyOrchestrator.run", "vectorbt + Rust"
_QUICK_DIVISOR = 10
_HEADS = (
    "side",
    "bars",
    "CPU, median (least–most)",
    "again in the same process",
    "ns per strategy-bar",
    "strategy-bars/s",
    "Podium is faster",
    "fills",
    "equity",
)


def measure_signals(name: str, peers: Sequence[str], *, quick: bool) -> Findings:
    """Measure one of the workloads.

    Args:
        name: ``W1``, ``W2`` or ``W3``.
        peers: whom to compare with.
        quick: run a tenth of the bars and fewer repeats.

    Returns:
        What was found.
    """
    rounds = take_turns(_contenders(name, peers, quick=quick))
    by_name = {found.contender.name: found for found in rounds}
    podium = by_name[_PODIUM]
    findings = Findings(mismatches=[found.mismatch for found in rounds if found.mismatch])
    for found in rounds:
        findings.versions |= found.versions
    if _VECTORBT in by_name:
        times = by_name[_VECTORBT].nanoseconds_per_strategy_bar / podium.nanoseconds_per_strategy_bar
        limit = _VECTORBT_BUDGETS[name]
        findings.budgets.append(
            Budget(
                what=f"{name}, {_TITLES[name]}: signals and engine against vectorbt's Rust engine",
                budget=f"≥ {limit:.0f} ×",
                measured=ratio(times),
                is_met=times >= limit,
            )
        )
    if name == "W3":
        rate = 1e9 / podium.nanoseconds_per_strategy_bar
        findings.budgets.append(
            Budget(
                what="W3: strategy-bars a second on one core, signals and engine",
                budget="≥ 30 million",
                measured=whole(rate),
                is_met=rate >= _W3_STRATEGY_BARS_PER_SECOND,
            )
        )
        findings.budgets += [_form_budget(by_name[title], title, least) for title, least in _FORMS.values()]
    findings.tables.append(_table(name, podium.contender.workload, rounds))
    return findings


def _form_budget(found: Round, title: str, least: float) -> Budget:
    rate = 1e9 / found.nanoseconds_per_strategy_bar
    return Budget(
        what=f"W3: strategy-bars a second on one core, {title.removeprefix('Podium, ')}",
        budget=f"≥ {least / 1e6:.0f} million",
        measured=whole(rate),
        is_met=rate >= least,
    )


def _contenders(name: str, peers: Sequence[str], *, quick: bool) -> list[Contender]:
    full, slower = WORKLOADS[name], SLOWER_WORKLOADS[name]
    if quick:
        full, slower = full.shortened(full.bars // _QUICK_DIVISOR), slower.shortened(slower.bars // _QUICK_DIVISOR)
    processes = 2 if quick else 5
    own_pace = full if name == "W1" else slower  # one run per strategy and symbol takes too long
    contenders = [
        Contender(name=_PODIUM, module="podium_signals", workload=full, processes=processes),
        Contender(name=_ORCHESTRATOR, module="podium_orchestrator", workload=full, processes=processes),
        Contender(name=_VECTORBT, module="vectorbt_signals", peer="vectorbt", workload=full, processes=processes),
        Contender(
            name="backtesting.py",
            module="backtesting_strategies",
            peer="backtesting",
            workload=own_pace,
            processes=1 if quick else 3,
            again=0,
            convention="one_bar_later",
        ),
        Contender(
            name="backtrader",
            module="backtrader_strategies",
            peer="backtrader",
            workload=slower,
            processes=1,
            again=0,
        ),
        Contender(
            name="nautilus_trader",
            module="nautilus_strategies",
            peer="nautilus",
            workload=slower,
            processes=1,
            again=0,
            convention="same_close",
        ),
    ]
    if name == "W3":
        contenders[1:1] = [
            Contender(name=title, module="podium_signals", workload=full, processes=processes, form=form)
            for form, (title, _) in _FORMS.items()
        ]
    return [contender for contender in contenders if contender.peer is None or contender.peer in peers]


def _table(name: str, workload: Workload, rounds: Sequence[Round]) -> Table:
    podium = rounds[0]
    rows = [
        (
            found.contender.name,
            f"{found.contender.workload.bars:,}",
            str(found.cpu),
            str(found.cpu_again or "–"),
            f"{found.nanoseconds_per_strategy_bar:,.1f}",
            whole(1e9 / found.nanoseconds_per_strategy_bar),
            ratio(found.nanoseconds_per_strategy_bar / podium.nanoseconds_per_strategy_bar),
            f"{found.first[0].fills:,}",
            f"{float(found.first[0].equity):.4f}",
        )
        for found in rounds
    ]
    shorter = [found.contender.name for found in rounds if found.contender.workload != workload]
    notes = [f"Podium's parts: signals {podium.part('signals')}, engine {podium.part('engine')}."]
    if shorter:
        notes.append(f"On fewer bars, since they take minutes: {', '.join(shorter)}; compare them per strategy-bar.")
    return Table(
        title=f"{name}: {_TITLES[name]}",
        heads=_HEADS,
        rows=rows,
        notes=notes,
    )
