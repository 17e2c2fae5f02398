"""Opening on history and carrying forward are one thing (design, section 5)."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from random_rules import Columns, random_bars, random_call, random_rule, same_bits

from podium.rules.functions import functions
from podium.rules.graph import Graph
from podium.rules.nodes import Call, Node, Outputs, Series

PROOF = bool(os.environ.get("PODIUM_PROOF"))
SEEDS = strategies.integers(0, 2**63)
LENGTHS = (1, 5, 40, 120, 200, 400) if PROOF else (1, 5, 40, 120)


def opened_then_carried(graph: Graph, node: Node, bars: Columns, rows: int) -> np.ndarray:
    history = graph.open(bars.head(rows))[node.text]
    carried = [graph.carry(bars.bar(row))[node.text] for row in range(rows, len(bars))]
    return np.concatenate([history, np.array(carried, dtype=history.dtype)])


def agree(node: Node, generator: np.random.Generator) -> None:
    bars = random_bars(generator, int(generator.choice(LENGTHS)))
    whole = Graph([node]).open(bars)[node.text]
    for rows in {0, int(generator.integers(0, len(bars) + 1))}:
        assert same_bits(whole, opened_then_carried(Graph([node]), node, bars, rows)), (node, rows)


@pytest.mark.parametrize("name", functions())
def test_every_function_gives_the_same_bits_opened_and_carried(name):
    """Parameters and inputs (with gaps, with other functions) are drawn at random; so is the bar carried from. (B-15)"""
    for seed in range(60 if PROOF else 2):
        generator = np.random.default_rng([seed, *name.encode()])
        agree(random_call(generator, functions()[name], depth=seed % 3), generator)


@pytest.mark.parametrize("name", functions())
def test_every_function_gives_the_same_bits_with_its_defaults(name):
    """The plain call on the bars' own series, from a history shorter and longer than the warm-up. (B-15)"""
    entry = functions()[name]
    reads = [Series("close") > Series("open") if "condition" in read.name else Series("close") for read in entry.inputs]
    required = [read for read, described in zip(reads, entry.inputs, strict=True) if described.default is None]
    node = entry(*required, **{p.name: 5 for p in entry.parameters if p.default is None})
    outputs = list(node.outputs.values()) if isinstance(node, Outputs) else [node]
    bars = random_bars(np.random.default_rng([7, *name.encode()]), 260)
    whole, graph = Graph(outputs).open(bars), Graph(outputs)
    history = graph.open(bars.head(200))
    carried = [graph.carry(bars.bar(row)) for row in range(200, 260)]
    for output in outputs:
        last = np.array([values[output.text] for values in carried], dtype=whole[output.text].dtype)
        assert same_bits(whole[output.text], np.concatenate([history[output.text], last])), output


@settings(max_examples=20_000 if PROOF else 150, deadline=None, derandomize=not PROOF)
@given(seed=SEEDS, depth=strategies.integers(1, 5))
def test_random_rules_give_the_same_bits_opened_and_carried(seed, depth):
    """Nested expressions of everything, with numbers that are unknown now and again. (B-15)"""
    generator = np.random.default_rng(seed)
    agree(random_rule(generator, depth), generator)


@settings(max_examples=20_000 if PROOF else 150, deadline=None, derandomize=not PROOF)
@given(seed=SEEDS, depth=strategies.integers(1, 5))
def test_changing_the_future_never_changes_the_past(seed, depth):
    """Other bars from some row on leave every value before it as it was. (B-15)"""
    generator = np.random.default_rng(seed)
    node, bars, other = random_rule(generator, depth), random_bars(generator, 90), random_bars(generator, 90)
    row = int(generator.integers(0, 90))
    mixed = Columns(
        **{name: np.concatenate([getattr(bars, name)[:row], getattr(other, name)[row:]]) for name in Columns.__slots__}
    )
    graph = Graph([node])
    assert same_bits(graph.open(bars)[node.text][:row], graph.open(mixed)[node.text][:row]), node


@pytest.mark.parametrize("name", functions())
def test_no_function_sees_the_future(name):
    """Every function on its own, with the bars after a random row replaced. (B-15)"""
    generator = np.random.default_rng([11, *name.encode()])
    node = random_call(generator, functions()[name])
    bars, other = random_bars(generator, 120), random_bars(generator, 120)
    for row in (60, 119, int(generator.integers(1, 120))):
        mixed = Columns(
            **{key: np.concatenate([getattr(bars, key)[:row], getattr(other, key)[row:]]) for key in Columns.__slots__}
        )
        graph = Graph([node])
        assert same_bits(graph.open(bars)[node.text][:row], graph.open(mixed)[node.text][:row]), node


@settings(max_examples=3_000 if PROOF else 60, deadline=None, derandomize=not PROOF)
@given(seed=SEEDS)
def test_many_rules_in_one_graph_equal_each_alone(seed):
    """Sharing and freeing intermediate values changes nothing. (B-30)"""
    generator = np.random.default_rng(seed)
    nodes = [random_rule(generator, 3) for _ in range(6)]
    bars = random_bars(generator, 80)
    together = Graph(nodes)
    values = together.open(bars)
    for node in nodes:
        assert same_bits(values[node.text], Graph([node]).open(bars)[node.text]), node
        assert same_bits(values[node.text], together.open(bars, [node])[node.text]), node


@settings(max_examples=3_000 if PROOF else 60, deadline=None, derandomize=not PROOF)
@given(seed=SEEDS)
def test_a_number_is_finite_or_unknown_and_a_condition_has_three_values(seed):
    """Infinity never reaches a rule. (B-15)"""
    generator = np.random.default_rng(seed)
    node = random_rule(generator, 4)
    values = Graph([node]).open(random_bars(generator, 80))[node.text]
    assert not np.isinf(values).any() if values.dtype == np.float64 else set(values) <= {0, 1, 2}, node


@settings(max_examples=3_000 if PROOF else 60, deadline=None, derandomize=not PROOF)
@given(seed=SEEDS)
def test_no_number_is_known_before_its_warm_up(seed):
    """A TA-Lib call is unknown up to the warm-up that the graph tells. (B-15)"""
    generator = np.random.default_rng(seed)
    entries = [entry for entry in functions().values() if entry.whole is not None]
    node = random_call(generator, entries[generator.integers(len(entries))], depth=0)
    graph = Graph([node])
    assert isinstance(node, Call | Series)
    assert np.isnan(graph.open(random_bars(generator, 150))[node.text][: graph.warm_up(node)]).all(), node
