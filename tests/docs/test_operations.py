"""The operations guide lists what there is."""

from __future__ import annotations

import re

from blocks import ROOT

from podium.live.exposition import METRICS

GUIDE = (ROOT / "docs" / "guides" / "operations.md").read_text(encoding="utf-8")


def test_the_guide_lists_every_metric_with_its_labels_and_meaning():
    """In the order of the table in the code, word for word. (C-77, D-12)"""
    rows = re.findall(r"^\| `(podium_\w+)`(?: \(histogram\))? \| (.*?) ?\| (.*?) \|$", GUIDE, re.MULTILINE)
    assert rows == [(each.name, ", ".join(f"`{label}`" for label in each.labels), each.text) for each in METRICS]
