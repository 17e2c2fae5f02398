"""``podium events``: what it prints from a journal and from a stream, and what it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys

import pytest
from journals import records_of
from redis.asyncio import Redis
from servers import RedisServer

from podium.bus.publisher import entries_of
from podium.bus.redis_streams import RedisBus
from podium.bus.stream import BEGINNING, EntryId
from podium.cli.main import run
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Stream

KEY = "podium:demo"
FILL = {
    "order": 1, "order_kind": "stop", "side": "sell", "is_exit": True, "quantity": "2", "price": "99.5",
    "reason": "stop_loss", "notional": "199", "fee": "0.2", "realised": "-1", "slippage": "0", "position": "0",
}  # fmt: skip
PORTFOLIO = """\
portfolio: {name: demo, capital: 1000}
data: {source: sample}
symbols: [BTC/USDT]
strategies: [{id: trend, file: trend.yaml}]
"""


def fill(sequence):
    owner, symbol = ("trend", "BTC/USDT") if sequence % 2 else ("reversal", "ÄTH/USDT")
    line = {"sequence": sequence, "time": f"2024-01-01T{sequence:02}:00:00Z", "kind": "ORDER_FILLED",
            "strategy_id": owner, "symbol": symbol, **FILL}  # fmt: skip
    if sequence % 3:
        del line["reason"]
    return records_of([json.dumps(line, ensure_ascii=False).encode()])[0]


FILLS = [fill(sequence) for sequence in range(1, 10)]


def beside(stream, kind, **members):
    return JournalRecord(
        stream=stream, sequence=1, time=FILLS[0].time, kind=kind, body=json.dumps(members).encode(), correlation_id=""
    )


@pytest.fixture
def writer(tmp_path, monkeypatch):
    """Give a journal that a run is writing: an input, nine fills, a service that started."""
    monkeypatch.chdir(tmp_path)
    journal = open_journal("demo.journal")
    journal.append([
        beside(Stream.INPUT, "BAR", close=100),
        *FILLS,
        beside(Stream.OPERATIONAL, "SERVICE_STARTED", service_name="data_fetching", symbol="BTC/USDT"),
    ]).result()  # fmt: skip
    yield journal
    journal.close()


@pytest.fixture(scope="module")
def server():
    made = RedisServer().start()
    yield made
    made.close()


@pytest.fixture
def stream(server):
    """Give the address of a server whose stream holds the nine fills."""
    asyncio.run(filled(server, 1_000))
    return server.url


async def filled(server, max_length):
    async with Redis.from_url(server.url) as client:
        await client.flushall()
    bus = RedisBus(server.url, KEY, max_length=max_length)
    await bus.position()
    await bus.append(list(entries_of(FILLS, BEGINNING, "abc")))
    await bus.close()


def printed(capsys, *words):
    assert run(["events", *words]) == 0
    return capsys.readouterr().out.splitlines()


def told(capsys, *words, code=2):
    assert run(["events", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def sequences(lines):
    return [json.loads(line)["sequence"] for line in lines]


def test_events_of_a_journal_are_printed_in_order(writer, capsys):
    """Domain and operational events, not the inputs. (A-42)"""
    lines = printed(capsys, "demo.journal")
    assert len(lines) == 10
    assert lines[0].startswith("2024-01-01T01:00:00Z  domain 1  ORDER_FILLED  trend  BTC/USDT  order=1 ")
    assert lines[-1] == ("2024-01-01T01:00:00Z  operational 1  SERVICE_STARTED  BTC/USDT  service_name=data_fetching")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--strategy", "trend"], [1, 3, 5, 7, 9]),
        (["--symbol", "ÄTH/USDT"], [2, 4, 6, 8]),
        (["--symbol", "BTC/USDT", "--kind", "ORDER_FILLED"], [1, 3, 5, 7, 9]),
        (["--kind", "STOP_LOSS_HIT"], [3, 6, 9]),
        (["--kind", "STOP_LOSS_HIT", "--strategy", "trend"], [3, 9]),
        (["--kind", "ORDER_FILLED", "--last", "2"], [8, 9]),
        (["--kind", "ORDER_FILLED", "--last", "0"], list(range(1, 10))),
        (["--kind", "SERVICE_STARTED"], [1]),
        (["--strategy", "nobody"], []),
    ],
    ids=str,
)
def test_events_are_chosen(writer, capsys, words, expected):
    """By strategy, symbol and name; names that an event also stands for count, too. (A-43)"""
    assert sequences(printed(capsys, "demo.journal", "--json", *words)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [(n, name) for n in range(1, 10) for name in
              ("ORDER_FILLED", *(["STOP_LOSS_HIT"] if n % 3 == 0 else []), "TRADE_EXECUTED")]),
        (["--kind", "STOP_LOSS_HIT", "--strategy", "trend"], [(3, "STOP_LOSS_HIT"), (9, "STOP_LOSS_HIT")]),
        (["--symbol", "ÄTH/USDT", "--kind", "ORDER_FILLED", "--last", "1"], [(8, "ORDER_FILLED")]),
    ],
    ids=["all", "one strategy", "the last"],
)  # fmt: skip
def test_entries_of_a_stream_are_printed_by_each_of_their_names(stream, capsys, words, expected):
    """As other systems see them. (C-12, A-43)"""
    lines = printed(capsys, stream, "--stream", KEY, "--json", "--last", "0", *words)
    found = [(line["sequence"], line["kind"]) for line in map(json.loads, lines)]
    assert found == expected


def test_what_was_trimmed_is_told(server, capsys):
    """The reader sees that something is missing. (C-12)"""
    asyncio.run(filled(server, 2))
    assert run(["events", server.url, "--stream", KEY, "--json"]) == 0
    captured = capsys.readouterr()
    assert sequences(captured.out.splitlines()) == [9, 9]
    assert captured.err == "the entries up to 9-0 were trimmed\n"


class Following:
    """Run the command as a process that waits for more."""

    def __init__(self, *words):
        command = [sys.executable, "-m", "podium", "events", *words, "--follow", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def read(self, count):
        """Read so many lines; it waits for them."""
        return sequences(self.process.stdout.readline() for _ in range(count))

    def interrupt(self):
        """End it as Ctrl-C does; give how it ended and what it told."""
        self.process.send_signal(signal.SIGINT)
        _, error = self.process.communicate(timeout=60)
        return self.process.returncode, error


def test_a_journal_is_followed_while_it_is_written(writer):
    """The last ones, then those that come; Ctrl-C ends it. (A-42)"""
    following = Following("demo.journal", "--last", "2", "--kind", "ORDER_FILLED", "--strategy", "trend")
    assert following.read(2) == [7, 9]
    writer.append([fill(10), fill(11)])
    assert following.read(1) == [11]
    writer.append([fill(12), fill(13), fill(14)])
    assert following.read(1) == [13]
    assert following.interrupt() == (130, "")


def test_a_stream_is_followed_over_a_restart_of_its_server(tmp_path):
    """What comes while the server is away is read when it is back. (C-13)"""
    server = RedisServer("--appendonly", "yes", "--appendfsync", "always").start()

    async def add(sequence, part):
        bus = RedisBus(server.url, KEY, max_length=100)
        last = (await bus.position()).last
        entries = [each for each in entries_of([fill(sequence)], last, "abc") if each.id.part <= part]
        await bus.append(entries)
        await bus.close()

    try:
        asyncio.run(add(1, 0))
        following = Following(server.url, "--stream", KEY)
        assert following.read(1) == [1]
        asyncio.run(add(2, 1))
        assert following.read(2) == [2, 2]
        server.kill()
        told = following.process.stderr.readline()
        assert told.startswith(f"{server.url} {KEY}: ")
        server.start()
        asyncio.run(add(3, 2))
        assert following.read(3) == [3, 3, 3]
        assert following.interrupt()[0] == 130
    finally:
        server.close()


def test_a_portfolio_file_names_its_server(stream, tmp_path, capsys):
    """The stream has the portfolio's name. (C-12)"""
    (tmp_path / "trend.yaml").write_text("entry: {long: close > open}\n", encoding="utf-8")
    file = tmp_path / "portfolio.yaml"
    file.write_text(f"{PORTFOLIO}event_bus: {{url: '{stream}'}}\n", encoding="utf-8")
    assert sequences(printed(capsys, str(file), "--external", "--json", "--last", "1")) == [9]
    file.write_text(PORTFOLIO, encoding="utf-8")
    assert told(capsys, str(file), "--external") == (
        f"{file} has no 'event_bus'\n  expected: event_bus: {{url: redis://localhost:6379/0}}\n"
    )


def test_a_portfolio_file_names_its_journal(tmp_path, capsys):
    """Where the run records by default, or where the file says. (A-42)"""
    (tmp_path / "trend.yaml").write_text("entry: {long: close > open}\n", encoding="utf-8")
    file = tmp_path / "portfolio.yaml"
    for place, section in (("live/demo.journal", ""), ("elsewhere", "journal: elsewhere\n")):
        file.write_text(PORTFOLIO + section, encoding="utf-8")
        with contextlib.closing(open_journal(tmp_path / place)) as journal:
            journal.append(FILLS).result()
        assert sequences(printed(capsys, str(file), "--json", "--strategy", "trend")) == [1, 3, 5, 7, 9]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["missing.journal"], "there is no journal here"),
        (["demo.journal", "--kind", "order_filled"], "hint: did you mean 'ORDER_FILLED'?"),
        (["demo.journal", "--kind", "STOP_LOS_HIT"], "hint: did you mean 'STOP_LOSS_HIT'?"),
        (["demo.journal", "--last", "few"], "--last"),
        (["redis://localhost"], "expected: --stream and the key of one, such as podium:demo"),
        (["demo.journal", "--stream", KEY], "--stream stands beside no server"),
        (["demo.journal", "--external"], "--external stands beside no portfolio file"),
        (["redis://:hunter2@localhost", "--stream", KEY], "PODIUM_REDIS_PASSWORD"),
        (["missing.yaml"], "missing.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_told(writer, capsys, words, expected):
    """What came, what was expected. (D-06)"""
    error = told(capsys, *words)
    assert expected in error
    assert "hunter2" not in error


def test_a_server_that_is_away_is_told(capsys):
    """Without --follow nothing is waited for. (D-06)"""
    error = told(capsys, "unix:///nowhere", "--stream", KEY, code=1)
    assert error.startswith("unix:///nowhere podium:demo: Error 2 connecting")


def test_a_kind_that_no_release_knows_is_looked_for(writer, capsys):
    """A journal may hold kinds of a later one. (A-42)"""
    assert printed(capsys, "demo.journal", "--kind", "ALERT") == []


def test_an_entry_id_is_read_as_it_is_written():
    """Ids compare as numbers. (C-12)"""
    assert EntryId.parse("10-2") > EntryId.parse("9-11")
    assert str(EntryId.parse("10-2")) == "10-2"
