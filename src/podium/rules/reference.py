"""Write the reference of all functions of the rule language from the registry."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from podium.rules.functions import Function, FunctionParameter, functions
from podium.rules.graph import Graph
from podium.rules.nodes import Kind, Node, Number, Operation, Outputs, Series

__all__ = ["function_reference", "function_section"]

_OWN_GROUPS = ("Events", "Memory", "Numbers")
# TA-Lib numbers its kinds of moving averages; parameters named like this take one of them.
_AVERAGES = (
    "`matype` parameters choose the moving average: 0 simple, 1 exponential, 2 weighted, 3 double exponential, "
    "4 triple exponential, 5 triangular, 6 Kaufman adaptive, 7 MESA adaptive, 8 T3, 9 Hull, 10 none, "
    "11 the function's own default, 12 zero-lag exponential, 13 Wilder's."
)


def function_reference(entries: Iterable[Function] | None = None) -> str:
    """Describe functions as markdown.

    Args:
        entries: which; ``None`` means all that are registered.

    Returns:
        A heading for each group, ours first, then TA-Lib's and those of plug-ins; in it a section for each function.
    """
    chosen = list(functions().values() if entries is None else entries)
    chosen.sort(key=lambda entry: (entry.group not in _OWN_GROUPS, entry.group, entry.name))
    parts = [_AVERAGES]
    for group, members in groupby(chosen, key=lambda entry: entry.group):
        parts.append(f"## {group}")
        parts.extend(function_section(entry) for entry in members)
    return "\n\n".join(parts) + "\n"


def function_section(entry: Function) -> str:
    """Describe one function as markdown.

    Args:
        entry: the function.

    Returns:
        Its call, what it gives, its inputs, parameters with defaults and ranges, outputs and warm-up.
    """
    lines = [f"### `{entry.signature}`", "", f"{entry.summary.rstrip('.')}."]
    rows = [f"| {read.name} | {_kind(read.kind)} | {read.default or ''} | |" for read in entry.inputs]
    rows += [_parameter_row(entry, index, parameter) for index, parameter in enumerate(entry.parameters)]
    if rows:
        lines += ["", "| argument | is | default | range |", "|---|---|---|---|", *rows]
    lines.append("")
    if len(entry.outputs) > 1:
        lines.append(f"Outputs: {', '.join(_output(entry, name) for name in entry.outputs)}.")
    elif entry.rewriting is None:
        lines.append(f"Gives a {entry.kind.value}.")
    lines.append(_warm_up(entry))
    return "\n".join(lines).rstrip()


def _kind(kind: Kind | None) -> str:
    return "number or condition" if kind is None else kind.value


def _parameter_row(entry: Function, index: int, parameter: FunctionParameter) -> str:
    low, high = entry.range_of(index)
    bounds = " … ".join("" if bound is None else Number(bound).text for bound in (low, high)).strip()
    default = "" if parameter.default is None else Number(parameter.default).text
    kind = "whole number" if parameter.is_whole else "plain number"
    summary = f" ({parameter.summary})" if parameter.summary else ""
    return f"| {parameter.name} | {kind}{summary} | {default} | {'' if bounds == '…' else bounds} |"


def _output(entry: Function, name: str) -> str:
    short = [alias for alias, full in entry.aliases.items() if full == name]
    return f"`.{short[0]}` (or `.{name}`)" if short else f"`.{name}`"


def _warm_up(entry: Function) -> str:
    values = [parameter.default for parameter in entry.parameters]
    if None in values:
        return "Warm-up: depends on the arguments."
    node = _example(entry)
    bars = Graph([node]).warm_up(node)
    return f"Warm-up{' with the defaults' if values else ''}: {bars} {'bar' if bars == 1 else 'bars'}."


def _example(entry: Function) -> Node:
    """Build a call on the bars' own series with all defaults."""
    condition = Operation.comparison(">", Series("close"), Series("open"))
    reads = [read for read in entry.inputs if read.default is None]
    node = entry(*(condition if read.kind is Kind.CONDITION else Series("close") for read in reads))
    return next(iter(node.outputs.values())) if isinstance(node, Outputs) else node
