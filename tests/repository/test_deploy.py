"""The files of deploy/ name only what there is: images are not built here, but every reference in them is followed."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer.main
from ruamel.yaml import YAML

from podium.cli.main import app
from podium.journal.journal import is_address
from podium.live.exposition import METRICS
from podium.live.http_endpoint import HttpAnswer, HttpEndpoint
from podium.portfolio.file import load_portfolio

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def yaml(path):
    return YAML(typ="safe").load(DEPLOY / path)


def instructions():
    """Give the instructions of the Dockerfile: name and text, lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def said(name):
    return [rest for found, rest in instructions() if found == name]


def environment_of_image():
    return dict(pair.split("=", 1) for rest in said("ENV") for pair in shlex.split(rest))


COMPOSE, SERVICES = yaml("compose.yaml"), yaml("compose.yaml")["services"]
UNIT = [
    line.split("=", 1)
    for line in (DEPLOY / "podium.service").read_text(encoding="utf-8").splitlines()
    if line and line[0] not in "#["
]


def unit(key):
    return [value for name, value in UNIT if name == key]


def loaded(environment, tmp_path):
    """Read a small portfolio file in an environment."""
    (tmp_path / "one.yaml").write_text("entry: {long: close > open}\n")
    file = tmp_path / "portfolio.yaml"
    file.write_text(
        "portfolio: {capital: 100}\ndata: {source: sample}\nsymbols: [BTC/USDT]\nstrategies: [{id: one, file: one.yaml}]\n"
    )
    return load_portfolio(file, environment=environment).document


def refuse_unknown_command(words):
    """Find the command and the options that a file calls."""
    command = typer.main.get_command(app).commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words[1:] if word.startswith("--")} <= known


def test_the_image_copies_what_is_there_and_what_is_sent():
    """Every file is in the repository, and .dockerignore lets it pass. (C-77)"""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    for rest in said("COPY"):
        words = [word for word in rest.split() if not word.startswith("--")]
        if "--from=build" in rest:
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored


def test_the_image_installs_extras_that_exist_on_a_python_that_fits():
    """With the versions of constraints.txt, and starts a command that exists. (C-77)"""
    (install,) = [rest for rest in said("RUN") if "pip install" in rest]
    extras = re.search(r"\.\[(.*?)\]", install)[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    assert {"metrics", "redis", "postgres"} <= set(extras)
    assert "--constraint constraints.txt" in install
    assert {base.split()[0] for base in said("FROM")} == {"python:3.11-slim"}
    assert PROJECT["requires-python"] == ">=3.11"
    assert said("ENTRYPOINT") == ['["podium"]']
    refuse_unknown_command(YAML(typ="safe").load(said("CMD")[0]))
    (warm_up,) = [rest for rest in said("RUN") if rest.startswith("podium")]
    refuse_unknown_command(shlex.split(warm_up.partition("&&")[0])[1:])


def test_the_image_runs_as_a_user_of_its_own():
    """From before the engine is compiled, so that its cache belongs to that user. (C-77)"""
    names = [name for name, _ in instructions()]
    assert said("USER") == ["podium"]
    assert names.index("USER") < len(names) - names[::-1].index("RUN") - 1
    assert any("useradd" in rest and "podium" in rest for rest in said("RUN"))


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_image_is_healthy_only_if_the_system_is(status, code):
    """The very command of the image asks a real endpoint. (C-58, C-77)"""
    (check,) = said("HEALTHCHECK")
    words = YAML(typ="safe").load(check.partition("CMD ")[2])
    assert words[0] == "python"
    assert f"127.0.0.1:{environment_of_image()['PODIUM__ORCHESTRATOR__HTTP_PORT']}/health" in words[2]

    async def answer():
        return HttpAnswer(status=HTTPStatus(status), body=b"{}")

    async def whole():
        endpoint = HttpEndpoint(0, {"/health": answer}, on_failure=lambda *_: None)
        await endpoint.start()
        asked = words[2].replace(":9464", f":{endpoint.port}")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", asked, stderr=asyncio.subprocess.DEVNULL
        )  # fmt: skip
        found = await process.wait()
        await endpoint.stop()
        return found

    assert asyncio.run(whole()) == code


def test_the_environments_mean_what_they_say(tmp_path):
    """Read by Podium itself: port, journal and event bus reach the file. (C-51, C-77)"""
    given = SERVICES["podium"]["environment"]
    document = loaded({name: value for name, value in given.items() if name.startswith("PODIUM__")}, tmp_path)
    assert is_address(document.journal.place)
    assert urlsplit(document.journal.place).hostname in SERVICES
    assert urlsplit(document.event_bus.url).hostname in SERVICES
    assert document.orchestrator.http_port == 9464
    assert loaded(environment_of_image(), tmp_path).orchestrator.http_port == 9464
    own = dict(pair.split("=", 1) for pair in unit("Environment"))
    assert loaded(own, tmp_path).orchestrator.http_port == 9464


def test_the_compose_file_names_what_is_there():
    """Build, services, volumes, variables. (C-77)"""
    build = SERVICES["podium"]["build"]
    context = DEPLOY / build["context"]
    assert (context / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    for name in SERVICES["podium"]["depends_on"]:
        assert "healthcheck" in SERVICES[name]
    user = SERVICES["postgres"]["environment"]
    journal = urlsplit(SERVICES["podium"]["environment"]["PODIUM__JOURNAL__PLACE"])
    assert (journal.username, journal.path) == (user["POSTGRES_USER"], f"/{user['POSTGRES_DB']}")
    for each in SERVICES.values():
        for volume in each.get("volumes", []):
            source = re.sub(r"\$\{.*?\}", "", volume).split(":")[0]
            assert source in ("", *COMPOSE["volumes"]) or (DEPLOY / source).exists()
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    offered = set(re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert asked == offered


def test_nothing_is_published_beyond_the_machine():
    """Prometheus looks from inside of the trading container's network; its own page is for this machine. (C-77)"""
    published = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert published == ["127.0.0.1:9090:9090"]
    assert SERVICES["prometheus"]["network_mode"] == "service:podium"


def test_prometheus_asks_where_the_system_answers_and_for_what_there_is():
    """Every metric and label of the alerts exists. (C-77)"""
    given = yaml("prometheus/prometheus.yml")
    (job,) = given["scrape_configs"]
    port = SERVICES["podium"]["environment"]["PODIUM__ORCHESTRATOR__HTTP_PORT"]
    assert job["static_configs"][0]["targets"] == [f"127.0.0.1:{port}"]
    labels = {each.name: each.labels for each in METRICS}
    for file in given["rule_files"]:
        (group,) = yaml(f"prometheus/{file}")["groups"]
        for rule in group["rules"]:
            names = {name.removesuffix("_bucket") for name in re.findall(r"podium_\w+", rule["expr"])}
            assert names <= set(labels)
            shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
            assert shown <= {label for name in names for label in labels[name]}
            assert names or f'job="{job["job_name"]}"' in rule["expr"]


def test_the_unit_starts_a_command_that_exists_and_stops_it_cleanly():
    """What a person has to mend (exit 2) is not tried again; a clean stop is no failure. (C-05, C-77)"""
    (start,) = unit("ExecStart")
    assert start.split()[0].endswith("/podium")
    refuse_unknown_command(start.split()[1:])
    assert unit("RestartPreventExitStatus") == ["2"]
    assert unit("SuccessExitStatus") == ["130 143"]
    assert unit("KillSignal") == ["SIGTERM"]
    assert int(unit("TimeoutStopSec")[0]) > 5
    assert unit("User") == ["podium"]
    assert unit("ReadWritePaths") == unit("WorkingDirectory")


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    """Every key is known to it and every value can be read. (C-77)"""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "podium.service").read_text(encoding="utf-8")
    (tmp_path / "podium.service").write_text(text.replace("/opt/podium/bin/podium", shutil.which("true")))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "podium.service")], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "podium.service" in line]
    assert told == []


def test_every_file_is_told_of_in_the_guide():
    """With how to use it. (C-77, D-12)"""
    guide = (ROOT / "docs" / "guides" / "operations.md").read_text(encoding="utf-8")
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    assert len(files) == 6
    for path in files:
        assert f"deploy/{path.relative_to(DEPLOY)}" in guide
