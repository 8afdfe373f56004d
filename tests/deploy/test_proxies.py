"""deploy/proxy: each server is a service within reach, each path one that it answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.embedded import openapi

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def text_of(proxy: str) -> str:
    """A proxy's file, as compose mounts it."""
    return (DEPLOY / f"proxy/{proxy}.cfg").read_text(encoding="utf-8")


def servers(proxy: str) -> list[tuple[str, str, str]]:
    """Name, host and port of each server."""
    return re.findall(r"^    server (\S+) ([a-z0-9-]+):(\d+)", text_of(proxy), re.MULTILINE)


@pytest.mark.parametrize(("proxy", "port"), [("web", "8000"), ("warehouse", "8123")])
def test_its_servers_are_services(proxy: str, port: str) -> None:
    """By their names, on a network that both have."""
    assert servers(proxy)
    for name, host, at in servers(proxy):
        assert name == host
        assert at == port
        assert set(SERVICES[host]["networks"]) & set(SERVICES[proxy]["networks"])


@pytest.mark.parametrize("proxy", ["web", "warehouse"])
def test_its_health_is_asked_where_it_is_answered(proxy: str) -> None:
    """On a port that nobody outside the container reaches."""
    asked = SERVICES[proxy]["healthcheck"]["test"][-1]
    text = text_of(proxy)
    (bind,) = re.findall(r"bind (127\.0\.0\.1:\d+)", text)
    (path,) = re.findall(r"monitor-uri (\S+)", text)

    assert asked == f"http://{bind}{path}"


def test_every_service_of_a_kind_is_asked() -> None:
    """A second ingest or dashboard that no proxy knows would stand by for nothing."""
    kinds = {"ingest", "dashboard", "clickhouse"}
    wanted = {name for name in SERVICES if name.partition("-")[0] in kinds}

    assert {host for proxy in ("web", "warehouse") for _, host, _ in servers(proxy)} == wanted


def test_the_doors_get_what_is_theirs() -> None:
    """All that centres post or ask goes to who writes, all else to who shows."""
    rule = re.search(r"use_backend doors if (.*)", text_of("web"))
    assert rule is not None
    exact = set(re.findall(r"{ path (\S+) }", rule[1]))
    below = tuple(re.findall(r"{ path_beg (\S+) }", rule[1]))
    paths = openapi()["paths"]

    to_doors = {path for path in paths if path in exact or path.startswith(below)}

    tags = {path: {t for one in ways.values() for t in one["tags"]} for path, ways in paths.items()}
    assert to_doors == {path for path, of in tags.items() if "ingest" in of}


def test_what_operators_ask_stays_inside() -> None:
    """Metrics and health of the services are not for the outside."""
    paths = {path for path, ways in openapi()["paths"].items() if "operations" in str(ways)}
    rule = re.search(r"return status 404 if { path (.*) }", text_of("web"))

    assert rule is not None
    assert set(rule[1].split()) == paths
