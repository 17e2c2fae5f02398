"""Compute expressions on the bars of one symbol: whole when opened on history, bar by bar when carried forward.

1. Collect the nodes of all expressions, each text once, readers after what they read. A call with several outputs is
   one step. (lives in ``Graph.__init__``)
2. Open: compute each step on all bars, and free it when its last reader is done. (``Graph.open``)
3. Carry: the first bar that is carried primes every step on the bars that were opened; then each step takes one bar in
   constant time. Opening and carrying use the same code for a chunk of bars, or TA-Lib's proven pairs, so that both
   give the same bits. (``Graph.prime``, ``Graph.carry``)

Numbers are ``float64`` with NaN for unknown; conditions are ``uint8`` with 0 false, 1 true, 2 unknown. A graph cannot
be pickled; it is restored by opening it on the bars from the same origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import InvariantBroken, invariant
from podium.rules.functions import Array, Evaluation, Function
from podium.rules.nodes import (
    Call,
    Node,
    Number,
    Operation,
    Outputs,
    Past,
    Series,
    Truth,
    rule_error,
)
from podium.rules.operations import PastEvaluation, compute_operation, compute_series

__all__ = ["Columns", "Graph", "SingleBar", "expanded"]


class Columns(Protocol):
    """Be the bars of one symbol as columns, oldest first; ``data.bars.BarSeries`` is one."""

    @property
    def open(self) -> NDArray[np.float64]:
        """Give the first prices."""
        ...

    @property
    def high(self) -> NDArray[np.float64]:
        """Give the highest prices."""
        ...

    @property
    def low(self) -> NDArray[np.float64]:
        """Give the lowest prices."""
        ...

    @property
    def close(self) -> NDArray[np.float64]:
        """Give the last prices."""
        ...

    @property
    def volume(self) -> NDArray[np.float64]:
        """Give the traded quantities."""
        ...


class SingleBar(Protocol):
    """Be one closed bar; ``data.bars.Bar`` is one."""

    @property
    def open(self) -> float:
        """Give the first price."""
        ...

    @property
    def high(self) -> float:
        """Give the highest price."""
        ...

    @property
    def low(self) -> float:
        """Give the lowest price."""
        ...

    @property
    def close(self) -> float:
        """Give the last price."""
        ...

    @property
    def volume(self) -> float:
        """Give the traded quantity."""
        ...


_COLUMNS = ("open", "high", "low", "close", "volume")
_MEANS = {"hl2": ("high", "low"), "hlc3": ("high", "low", "close"), "ohlc4": ("open", "high", "low", "close")}


def _columns(series: Columns, names: set[str]) -> tuple[Array, ...]:
    """Give the columns that some series read.

    Kernels are compiled for arrays that may be written, so a column that may not (of a mapped file or a frame) is
    copied.
    """
    read = {column for name in names for column in _MEANS.get(name, (name,))}
    nothing = np.empty(0)
    return tuple(
        np.require(getattr(series, name), dtype=np.float64, requirements=["C", "W"]) if name in read else nothing
        for name in _COLUMNS
    )


def expanded(node: Node) -> Node:
    """Say a call in terms of other functions, if its function is defined so.

    Args:
        node: any node without parameters.

    Returns:
        What is computed for it; the node itself in most cases.
    """
    if isinstance(node, Call) and isinstance(node.callee, Function) and node.callee.expansion is not None:
        return expanded(node.callee.expansion(node.inputs, _values(node)))
    return node


class _Step:
    """Compute one node, or all outputs of one call, from what it reads."""

    def __init__(self, node: Node, reads: tuple[str, ...], texts: tuple[str, ...]) -> None:
        self.node, self.reads, self.texts = node, reads, texts
        self.broadcasts = isinstance(node, Operation) and node.name not in {"and", "or"}
        self._evaluation: Evaluation | None = None

    def whole(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Compute all bars, remembering nothing."""
        node = self.node
        if isinstance(node, Call) and isinstance(node.callee, Function) and node.callee.whole is not None:
            return node.callee.whole(inputs, _values(node))
        return self._advanced(inputs, self._fresh())

    def prime(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Compute all bars and remember what the next ones need."""
        self._evaluation = self._fresh()
        return self.advance(inputs)

    def advance(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Compute the next bars."""
        return self._advanced(inputs, self._evaluation)

    def _advanced(self, inputs: tuple[Array, ...], evaluation: Evaluation | None) -> tuple[Array, ...]:
        node = self.node
        if evaluation is not None:
            return evaluation.advance(inputs)
        if isinstance(node, Operation):
            return (compute_operation(node.name, inputs),)
        invariant(isinstance(node, Series), "every node can be computed", node=node.text)
        return (compute_series(node.text, inputs),)

    def _fresh(self) -> Evaluation | None:
        node = self.node
        if isinstance(node, Past):
            return PastEvaluation(_bars(node), node.kind)
        if isinstance(node, Call) and isinstance(node.callee, Function):
            invariant(node.callee.evaluation is not None, "a function can be evaluated", node=node.text)
            return node.callee.evaluation(_values(node)) if node.callee.evaluation else None
        return None


class Graph:
    """Compute expressions of one symbol and time frame; equal parts of them are computed once.

    Args:
        nodes: the expressions, with all parameters bound. An ``Outputs`` node stands for all of its outputs.

    Raises:
        RuleError: when a parameter still has no value.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._steps: list[_Step] = []
        self._step_of: dict[str, _Step] = {}
        self._constants: dict[str, Array] = {}
        self._same: dict[str, str] = {}
        self._warm_up: dict[str, int] = {}
        self._nodes = tuple(output for node in nodes for output in self._outputs(node))
        for node in self._nodes:
            self._collect(node)
        self._answers = [(node.text, self._key(node)) for node in self._nodes]
        self._history: Columns | None = None
        self._is_primed = False

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Give the expressions it was made of."""
        return self._nodes

    def warm_up(self, node: Node) -> int:
        """Tell how many bars pass before a node can be known.

        Args:
            node: one of the graph's expressions or a part of them.

        Returns:
            The index of the first bar at which it may be known.
        """
        return max(self._warm_up[self._key(output)] for output in self._outputs(node))

    def open(self, series: Columns, wanted: Iterable[Node] | None = None) -> dict[str, Array]:
        """Compute expressions on all bars.

        Args:
            series: the bars from the origin on.
            wanted: which of the graph's nodes; ``None`` means all it was made of.

        Returns:
            By ``node.text`` an array of shape ``(bars,)``; it may be the series' own column and must not be changed.
        """
        self._history, self._is_primed = series, False
        keys = self._keys(self._nodes if wanted is None else wanted)
        return self._run(series, keys, is_primed=False)

    def prime(self, series: Columns) -> None:
        """Open every step on history such that bars can be carried; ``carry`` does it by itself on the opened bars.

        Args:
            series: the bars from the origin on; there may be none.
        """
        self._history, self._is_primed = None, True
        self._run(series, {}, is_primed=True)

    def carry(self, bar: SingleBar) -> dict[str, float | int]:
        """Compute the graph's expressions on the bar that follows, in constant time.

        Args:
            bar: the next closed bar.

        Returns:
            By ``node.text`` a number (NaN is unknown), or for conditions 0 false, 1 true, 2 unknown.
        """
        return {text: values[0].item() for text, values in self.extend(bar).items()}

    def extend(self, bar: SingleBar) -> dict[str, Array]:
        """Do the same as ``carry``, and give what ``open`` would.

        Args:
            bar: the next closed bar.

        Returns:
            By ``node.text`` an array of one.
        """
        if not self._is_primed:
            self.prime(self._history if self._history is not None else _NoBars())
        values = dict(self._constants)
        columns = [np.array([getattr(bar, name)], dtype=np.float64) for name in _COLUMNS]
        for step in self._steps:
            inputs = tuple(values[read] for read in step.reads) if step.reads else tuple(columns)
            values.update(zip(step.texts, step.advance(inputs), strict=True))
        return {text: values[key] for text, key in self._answers}

    def _run(self, series: Columns, wanted: dict[str, str], *, is_primed: bool) -> dict[str, Array]:
        bars = len(series.close)
        needed = self._steps if is_primed else self._needed(wanted.values())
        columns = _columns(series, {step.node.text for step in needed if not step.reads})
        readers: dict[str, int] = {}
        for key in [*wanted.values(), *(read for step in needed for read in step.reads)]:
            readers[key] = readers.get(key, 0) + 1
        values = dict(self._constants)
        full: dict[str, Array] = {}
        for step in needed:
            inputs = columns
            if step.reads:
                inputs = tuple(
                    self._full(read, bars, full) if read in self._constants and not step.broadcasts else values[read]
                    for read in step.reads
                )
            results = step.prime(inputs) if is_primed else step.whole(inputs)
            values.update((text, result) for text, result in zip(step.texts, results, strict=True) if text in readers)
            del inputs, results
            for read in step.reads:
                readers[read] -= 1
                if not readers[read]:
                    values.pop(read, None)
        return {
            text: self._full(key, bars, full) if key in self._constants else values[key] for text, key in wanted.items()
        }

    def _full(self, key: str, bars: int, full: dict[str, Array]) -> Array:
        if key not in full:
            full[key] = np.repeat(self._constants[key], bars)
        return full[key]

    def _needed(self, keys: Iterable[str]) -> list[_Step]:
        waiting = [self._step_of[key] for key in keys if key in self._step_of]
        found = {id(step) for step in waiting}
        while waiting:
            for read in waiting.pop().reads:
                step = self._step_of.get(read)
                if step is not None and id(step) not in found:
                    found.add(id(step))
                    waiting.append(step)
        return [step for step in self._steps if id(step) in found]

    def _keys(self, wanted: Iterable[Node]) -> dict[str, str]:
        return {output.text: self._key(output) for node in wanted for output in self._outputs(node)}

    def _key(self, node: Node) -> str:
        key = self._same.get(node.text)
        if key is None:
            raise rule_error(f"{node.text} is no part of this graph", expected="one of the nodes it was made of")
        return key

    @staticmethod
    def _outputs(node: Node) -> tuple[Node, ...]:
        return tuple(node.outputs.values()) if isinstance(node, Outputs) else (node,)

    def _collect(self, node: Node) -> str:
        """Make the steps of a node; tell the text under which its values stand."""
        if (known := self._same.get(node.text)) is not None:
            return known
        if node.parameters:
            names = ", ".join(sorted(node.parameters))
            raise rule_error(f"{node.text} has parameters without a value: {names}", hint="bind the parameters first")
        meant = expanded(node)
        if meant is not node:
            key = self._collect(meant)
        elif node.is_constant:
            key = node.text
            self._constants[key], self._warm_up[key] = _constant(node), 0
        else:
            key = self._added(node)
        self._same[node.text] = key
        self._warm_up[node.text] = self._warm_up[key]
        return key

    def _added(self, node: Node) -> str:
        reads = node.inputs if isinstance(node, Call) else (node.node,) if isinstance(node, Past) else node.children
        keys = [self._collect(read) for read in reads]
        texts: tuple[str, ...] = (node.text,)
        own = _bars(node) if isinstance(node, Past) else 0
        if isinstance(node, Call) and isinstance(node.callee, Function):
            own = node.callee.warm_up(_values(node))
            if node.output:
                texts = tuple(f"{node.call_text}.{output}" for output in node.callee.outputs)
        step = _Step(node, tuple(keys), texts)
        self._steps.append(step)
        for text in texts:
            self._step_of[text] = step
            self._same[text] = text
            self._warm_up[text] = own + max((self._warm_up[key] for key in keys), default=0)
        return node.text


def _bars(node: Past) -> int:
    if isinstance(node.bars, int):
        return node.bars
    raise InvariantBroken(f"a graph has no parameters without a value ({node.text})")


def _values(node: Call) -> tuple[float, ...]:
    return tuple(value.value for value in node.values if isinstance(value, Number))


def _constant(node: Node) -> Array:
    """Compute what reads no series, such as 1 / 0 (unknown)."""
    if isinstance(node, Number):
        return np.array([node.value])
    if isinstance(node, Truth):
        return np.array([node.value], dtype=np.uint8)
    invariant(isinstance(node, Operation), "a constant is made of operators", node=node.text)
    return compute_operation(getattr(node, "name", ""), tuple(_constant(child) for child in node.children))


class _NoBars:
    """Be a series without bars."""

    open = high = low = close = volume = np.empty(0)
