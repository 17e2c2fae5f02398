"""The harness of the documentation finds what is wrong."""

from __future__ import annotations

import pytest
from blocks import Command, blocks_of, commands_of, with_texts
from execution import Mismatch, PageRun, same_output

from podium.core.errors import InputError

BARE = "```python\nprint(6 * 7)\n```\n\n```text\n{}\n```\n"


def _run(tmp_path, monkeypatch, text, *, update=False):
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run = PageRun(page, tmp_path, update=update)
    run.run()
    return run


def test_a_right_output_passes(tmp_path, monkeypatch):
    """What a block prints is compared with the text block behind it. (D-12)"""
    assert _run(tmp_path, monkeypatch, BARE.format(42)).counts == {"python": 1, "text": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BARE.format(41), "page.md:6 shows"),
        ("```text\nnothing\n```\n", "no Python block"),
        ("```fortran\nx\n```\n", "'fortran' cannot be checked"),
        ("```\nx\n```\n", "'' cannot be checked"),
        ("```console\n$ echo one\ntwo\n```\n", "page.md:2 shows"),
        ("```console\n$ false\n```\n", "ended with 1, not 0"),
        ("```console exit=2\n$ podium --help | head -1\n…\n```\n", "ended with 0, not 2"),
    ],
)
def test_a_wrong_block_is_found(tmp_path, monkeypatch, text, told):
    """A page that shows what does not happen fails, at its line. (D-12)"""
    with pytest.raises(Mismatch, match=told):
        _run(tmp_path, monkeypatch, text)


@pytest.mark.parametrize(
    "fragment", ["stop: 2 * art(14)", "simulation: {slipage: 0.1%}", "# bad.yaml\nentry: {long: close}"]
)
def test_a_wrong_file_is_found(tmp_path, monkeypatch, fragment):
    """Fragments of portfolio and strategy files are loaded, too. (D-12)"""
    with pytest.raises(InputError):
        _run(tmp_path, monkeypatch, f"```yaml\n{fragment}\n```\n")


def test_a_raising_block_names_its_line(tmp_path, monkeypatch):
    """The traceback points into the page. (D-12)"""
    with pytest.raises(ZeroDivisionError) as caught:
        _run(tmp_path, monkeypatch, "one\n\n```python\nx = 1\nx / 0\n```\n")
    assert caught.traceback[-1].lineno + 1 == 5


def test_a_block_with_a_reason_is_left_out(tmp_path, monkeypatch):
    """The comment before a block takes it out. (D-12)"""
    text = "<!-- not run: there is no such program -->\n```console\n$ nonsense\n```\n"
    assert _run(tmp_path, monkeypatch, text).counts == {}


def test_real_outputs_are_taken_over(tmp_path, monkeypatch):
    """Writing pages needs no copying by hand. (D-12)"""
    run = _run(tmp_path, monkeypatch, BARE.format("?") + "```console\n$ echo one\nzero\n$ echo two\n```\n", update=True)
    written = run.page.read_text(encoding="utf-8")
    assert written == BARE.format(42) + "```console\n$ echo one\none\n$ echo two\ntwo\n```\n"


def test_lines_that_differ_between_machines_are_not_compared():
    """Times, rates and names of runs differ; everything else must be the same. (D-12)"""
    shown = "  completed 1.2 M strategy-bars/s  0:00:01\n  report  runs/demo-20241231-aaaaaaaa/report.html"
    assert same_output(shown, shown.replace("1.2 M", "312.5 k").replace("aaaaaaaa", "01234567"))
    assert not same_output(shown, shown.replace("20241231", "20241230"))


def test_an_ellipsis_stands_for_any_lines():
    """A line of its own, for none, one or many. (D-12)"""
    assert same_output("a\n…\nz", "a\nb\nc\nz")
    assert same_output("a\n…", "a\nb")
    assert not same_output("a\n…\nz", "a\nb\ny")


def test_commands_may_go_on_in_the_next_line():
    """Long commands are shown as people write them. (D-12)"""
    (block,) = blocks_of("```console\n$ echo \\\n    one\none\n$ echo 'a\nb'\na\nb\n$ true\n```\n")
    assert commands_of(block) == [
        Command(words="echo \\\n    one", output="one"),
        Command(words="echo 'a\nb'", output="a\nb"),
        Command(words="true", output=""),
    ]


def test_texts_are_put_in_place_from_the_last_on():
    """Line numbers of earlier blocks stay right. (D-12)"""
    page = "```text\na\n```\n\n```text\nb\n```\n"
    assert with_texts(page, {2: "1\n2\n3", 6: "4"}) == "```text\n1\n2\n3\n```\n\n```text\n4\n```\n"


def test_an_empty_block_is_filled_within_its_fence():
    """A page that is being written keeps its closing fences. (D-12)"""
    assert with_texts("```text\n```\n\nend\n", {2: "1\n2"}) == "```text\n1\n2\n```\n\nend\n"
