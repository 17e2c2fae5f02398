"""In which regime a market is: the first of the named conditions that is true."""

from __future__ import annotations

from collections.abc import Mapping

from podium.data.bars import Bar, BarSeries
from podium.rules.graph import Graph
from podium.rules.nodes import Kind
from podium.rules.parser import parse

__all__ = ["Regimes", "no_regime"]


class Regimes:
    """Name the regime of one symbol, bar by bar, with the graph that rules are computed by.

    Args:
        conditions: conditions of the rule language by the name of the regime; the first that is true holds.
        history: the bars that are known already, from the origin on.
    """

    def __init__(self, conditions: Mapping[str, str], history: BarSeries | None = None) -> None:
        self._nodes = {name: parse(text, names={}, expect=Kind.CONDITION) for name, text in conditions.items()}
        self._graph = Graph(self._nodes.values())
        if history is not None and len(history):
            self._graph.prime(history)

    def __call__(self, bar: Bar) -> str | None:
        """Take the next bar.

        Args:
            bar: closed, each once and in order.

        Returns:
            The name of the regime, ``None`` while no condition is known to be true.
        """
        values = self._graph.carry(bar)
        return next((name for name, node in self._nodes.items() if values[node.text] == 1), None)


def no_regime(_bar: Bar) -> str | None:
    """Name no regime, where the file describes none.

    Args:
        _bar: any bar.
    """
    return None
