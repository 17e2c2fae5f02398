"""A paper run whose events other systems read, with the run and the server killed on the way."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from journals import expected_entries
from paper_files import write_files
from servers import RedisServer

from podium.bus.redis_streams import RedisBus
from podium.bus.stream import BEGINNING
from podium.journal.journal import reading_journal
from podium.journal.records import Stream

SECONDS = 120
PORTFOLIO = """
portfolio: {{name: told, capital: 100_000}}
data: {{source: sample, from: 2022-01-01, to: 2022-03-15}}
symbols: [BTC/USDT, ETH/USDT]
risk: {{gross_exposure: 60%}}
journal: {{snapshot_steps: 97}}
event_bus: {{url: '{url}', max_length: 1000000, required: {required}}}
strategies:
  - {{id: cross, file: cross.yaml, weight: 0.5}}
  - {{id: code, class: "code.py:Counting", weight: 0.3}}
"""


def command(folder: Path, *words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "podium",
        "run",
        str(folder / "portfolio.yaml"),
        "--journal",
        str(folder / "j"),
        *words,
    ]


def run_to_the_end(folder: Path) -> None:
    done = subprocess.run(command(folder), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr


def run_until_all_is_sent(folder: Path, server: RedisServer) -> None:
    """A run that ends waits a second for what is not sent yet; the next one sends the rest."""
    for _ in range(10):
        run_to_the_end(folder)
        if len(asyncio.run(held(server))) == len(expected(folder)):
            return


def expected(folder: Path) -> list[tuple]:
    with reading_journal(folder / "j") as journal:
        return expected_entries(list(journal.read(Stream.DOMAIN)))


def logged(folder: Path) -> list[str]:
    lines = (folder / "j" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in (json.loads(line)["event"] for line in lines) if event.startswith("event_bus")]


async def held(server: RedisServer) -> list[tuple]:
    bus = RedisBus(server.url, "podium:told", max_length=1)
    found, last = [], BEGINNING
    while page := await bus.read(last, count=500, wait_seconds=0):
        last = page[-1].id
        found += page
    await bus.close()
    return [
        (str(each.id), each.event, each.strategy_id, each.symbol, each.time, each.correlation_id, each.body,
         str(each.previous))
        for each in found
    ]  # fmt: skip


@pytest.fixture
def server():
    made = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    yield made
    made.close()


@pytest.mark.compiled
def test_every_event_of_a_run_reaches_other_systems_once(server, tmp_path):
    """Flow, order, correlation, whatever is killed: the run or the server, with SIGKILL. (C-12, C-13, C-20, C-24, C-28)"""
    seed, kills = 11, {"run": 0, "server": 0}
    chance = random.Random(seed)
    write_files(tmp_path, PORTFOLIO.format(url=server.url, required="false"))
    while sum(kills.values()) < 6:
        if chance.random() < 0.7:
            server.start()
        process = subprocess.Popen(
            command(tmp_path, "--speed", "1500000"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stderr.readline()
        victim = chance.choice(["run", "server"])
        try:
            _, errors = process.communicate(timeout=chance.uniform(0.2, 1.0))
        except subprocess.TimeoutExpired:
            if victim == "server":
                server.kill()
                server.start()
                with pytest.raises(subprocess.TimeoutExpired):
                    process.communicate(timeout=0.3)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills[victim] += 1
            server.kill()
        else:
            assert process.returncode == 0, errors
            break
    server.start()
    run_until_all_is_sent(tmp_path, server)
    print(json.dumps({"seed": seed, "kills": kills}))  # noqa: T201  # how to repeat it
    found = asyncio.run(held(server))
    assert found == expected(tmp_path)
    assert {"ORDER_CREATED", "POSITION_OPENED", "STOP_LOSS_HIT", "TAKE_PROFIT_HIT", "RISK_LIMIT_BREACHED"} <= {
        each[1] for each in found
    }
    assert all(each[5] for each in found if each[1] == "TRADE_EXECUTED")
    assert min(kills.values()) > 0


def test_a_run_needs_no_server_unless_it_is_required(server, tmp_path):
    """Without it nothing is lost and nothing waits, and the log tells; required, it refuses the start at its place. (C-13, D-06)"""
    file = write_files(tmp_path, PORTFOLIO.format(url=server.url, required="false"))
    run_to_the_end(tmp_path)
    assert len(expected(tmp_path)) > 100
    assert logged(tmp_path) == ["event_bus_away"]
    file.write_text(PORTFOLIO.format(url=server.url, required="true"), encoding="utf-8")
    done = subprocess.run(command(tmp_path, "--accept"), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 2
    assert f"{file}:7:12: the event bus cannot be used: Error 2 connecting" in done.stderr
    server.start()
    run_until_all_is_sent(tmp_path, server)
    assert asyncio.run(held(server)) == expected(tmp_path)
    assert logged(tmp_path)[:2] == ["event_bus_away", "event_bus_reached"]
