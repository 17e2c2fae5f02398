"""What the documentation shows is what happens."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

import pytest
from blocks import ROOT, blocks_of, pages
from execution import PageRun

PAGES = {str(page.relative_to(ROOT)): page for page in pages()}
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_does_what_the_page_shows(name, tmp_path, monkeypatch):
    """A reader who types what stands there gets what stands there. (D-12)"""
    monkeypatch.chdir(tmp_path)
    PageRun(PAGES[name], tmp_path).run()


@pytest.mark.parametrize("name", PAGES)
def test_blocks_that_are_not_run_say_why(name):
    """Nothing is left out of the tests by accident. (D-12)"""
    reasons = [block.not_run for block in blocks_of(PAGES[name].read_text(encoding="utf-8"))]
    assert all(reason is None or len(reason) > 10 for reason in reasons)


def test_links_between_pages_lead_somewhere():
    """Every relative link names a file that exists, and every anchor a heading of it. (D-12)"""
    for page in sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")}):
        for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            found = (page.parent / target).resolve() if target else page
            assert found.exists(), f"{page}: {target}"
            assert not anchor or anchor in _anchors(found), f"{page}: {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_index_names_every_page():
    """A reader finds all pages from docs/README.md. (D-12)"""
    folder = ROOT / "docs"
    named = {target for target, _ in LINK.findall((folder / "README.md").read_text(encoding="utf-8"))}
    written = {str(page.relative_to(folder)) for page in folder.rglob("*.md") if "decisions" not in page.parts}
    assert written - {"README.md"} <= named


def test_the_readme_is_short_and_has_a_picture():
    """A strategy file and a program of at most 20 lines, and a real picture that loads quickly. (D-12)"""
    blocks = blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))
    sizes = {block.language: len(block.text.split("\n")) for block in blocks}
    assert sizes["yaml"] <= 20
    assert sizes["python"] <= 20
    picture = (ROOT / "docs" / "images" / "report.png").read_bytes()
    width, height = struct.unpack(">II", picture[16:24])
    assert width >= 800
    assert height >= 600
    assert len(picture) < 300_000


def test_the_queries_of_the_log_run_with_jq():
    """The guide's queries are run by jq itself; ``examples/log_queries.py`` asks the same without it. (B-22, B-62)"""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed: the same questions are asked by examples/log_queries.py")
    page = (ROOT / "docs" / "guides" / "log.md").read_text(encoding="utf-8")
    assert sum("jq" in block.text for block in blocks_of(page) if block.language == "console") >= 5
