"""deploy/compose*.yaml: what they name is there, and what they run is what the code takes."""

from __future__ import annotations

import re

import pytest
import yaml

from services.__main__ import parser
from services.backbone.secret_files import IN_FILES
from services.backbone.settings import Settings
from tests.deploy.composition import (
    COMPOSE,
    DEPLOY,
    FILES,
    JOBS,
    PRODUCT,
    SERVERS,
    SERVICES,
    TOOLS,
    VARIABLE,
    environment,
    mounts,
    secrets_of,
    substituted,
)

SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "environment",
    "healthcheck", "hostname", "image", "init", "logging", "networks", "ports", "profiles",
    "read_only", "restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs",
    "ulimits", "volumes",
}  # fmt: skip
"""Of the compose specification, what is used here; a mistyped key would be refused or ignored."""


def test_it_has_the_shape_of_the_specification() -> None:
    """Only keys that compose knows, and only those that this file is meant to use."""
    top = {key for key in COMPOSE if not key.startswith("x-")}

    assert top == {"name", "services", "networks", "volumes", "secrets"}
    assert {key for service in SERVICES.values() for key in service} <= SERVICE_KEYS


@pytest.mark.parametrize(
    "name", sorted(n for n in PRODUCT.keys() - TOOLS if "entrypoint" not in PRODUCT[n])
)
def test_its_commands_are_commands(name: str) -> None:
    """Each runs with the command line of this version."""
    words = [substituted(word) for word in PRODUCT[name]["command"]]

    assert callable(parser().parse_args(words).run)


@pytest.mark.parametrize("name", sorted(PRODUCT))
def test_its_variables_are_settings(name: str) -> None:
    """A mistyped variable would leave the embedded default in force, silently."""
    known = {f"YIPING_{field.upper()}" for field in Settings.__struct_fields__} | {"YIPING_ZONE"}
    given = {name for name in environment(PRODUCT[name]) if name.startswith("YIPING_")}

    assert given <= known | {f"{name}_FILE" for name in IN_FILES}


def test_clickhouse_finds_its_servers_and_keepers() -> None:
    """Each host of its files is a service, and is told who it is."""
    files = [(DEPLOY / f"clickhouse/{name}.xml").read_text() for name in ("server", "keeper")]
    hosts = {host for text in files for host in re.findall(r"<host(?:name)?>([^<]+)<", text)}
    places = {
        name: environment(SERVICES[name]) for name in SERVICES if name.startswith("clickhouse-")
    }

    assert hosts == {n for n in SERVICES if n.startswith(("clickhouse-", "keeper-"))}
    assert {name: f"clickhouse-{p['SHARD']}-{name[-1]}" for name, p in places.items()} == {
        name: p["REPLICA"] for name, p in places.items()
    }
    for number, name in re.findall(r"<id>(\d)</id><hostname>([^<]+)<", files[1]):
        assert environment(SERVICES[name])["KEEPER_ID"] == number


def test_clickhouse_is_told_all_that_its_files_ask_for() -> None:
    """Each variable is the service's, or made of its secrets by start.sh."""
    start = (DEPLOY / "clickhouse/start.sh").read_text(encoding="utf-8")
    made = set(re.findall(r"^([A-Z0-9_]+)=", start, re.MULTILINE))

    for kind, files in (("clickhouse-1-1", ("server", "users")), ("keeper-1", ("keeper",))):
        given = set(environment(SERVICES[kind])) | (made if kind.startswith("click") else set())
        texts = [(DEPLOY / f"clickhouse/{name}.xml").read_text() for name in files]
        assert {v for text in texts for v in re.findall(r'from_env="(\w+)"', text)} <= given
    asked = set(re.findall(r"digest (\w+)|clickhouse_(\w+)\"", start))
    secrets = {f"clickhouse_{one or other}" for one, other in asked}
    assert secrets - {"clickhouse_"} == secrets_of(SERVICES["clickhouse-1-1"])


def test_the_networks_are_no_wider_than_needed() -> None:
    """No centre's way in leads to the databases; only the way out of the wall is published."""
    assert {name for name, one in COMPOSE["networks"].items() if not one.get("internal")} == {
        "outside"
    }
    assert {name for name, one in SERVICES.items() if "outside" in one["networks"]} == {"web"}
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"web"}
    used = {network for one in SERVICES.values() for network in one["networks"]}
    assert used == set(COMPOSE["networks"])


def test_what_is_published_is_for_this_machine_alone() -> None:
    """Until an operator says otherwise."""
    assert [substituted(port) for port in SERVICES["web"]["ports"]] == ["127.0.0.1:8000:8000"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_it_waits_for_can_come(name: str) -> None:
    """Servers are waited for until healthy, jobs until done, and nobody for himself."""
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        done = "service_completed_successfully" if other in JOBS else "service_healthy"
        assert wait == {"condition": done}
        assert other in JOBS or "healthcheck" in SERVICES[other]


def test_nothing_waits_in_a_circle() -> None:
    """Each service can be started after those that it waits for."""
    started: set[str] = set()
    while waiting := SERVICES.keys() - started:
        ready = {n for n in waiting if SERVICES[n].get("depends_on", {}).keys() <= started}
        assert ready
        started |= ready


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_comes_back_within_its_memory(name: str) -> None:
    """It is started again when it ends, and cannot starve its neighbours."""
    service = SERVICES[name]

    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"\d+[mg]", service["deploy"]["resources"]["limits"]["memory"])
    if name != "simulator":
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_its_image_is_pinned(name: str) -> None:
    """By a version, and from whichever source the machine is set to."""
    image = substituted(SERVICES[name]["image"])

    assert re.fullmatch(r"(?:[a-z]+/)?[a-z-]+:\d+\.\d+[a-z0-9.-]*", image)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_its_volumes_are_there(name: str) -> None:
    """Each mounted file lies beside this one, each volume is declared."""
    for source, _ in mounts(SERVICES[name]):
        assert (
            (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
        )


def test_no_two_servers_share_a_disk() -> None:
    """Each volume belongs to one service, and each is used."""
    used = [source for one in SERVICES.values() for source, _ in mounts(one)]
    volumes = [source for source in used if not source.startswith(".")]

    assert sorted(volumes) == sorted(COMPOSE["volumes"])


@pytest.mark.parametrize("name", sorted(PRODUCT))
def test_the_product_has_no_rights_that_it_does_not_need(name: str) -> None:
    """No capability, nothing to write but what it keeps."""
    service = PRODUCT[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_health_is_asked_where_it_is_answered() -> None:
    """The path is one of every service's, the port the one that it was told to listen on."""
    for name in PRODUCT.keys() & SERVERS - {"simulator"}:
        arguments = parser().parse_args([substituted(word) for word in PRODUCT[name]["command"]])
        test = PRODUCT[name]["healthcheck"]["test"]
        assert f"http://127.0.0.1:{arguments.port}/healthz" in test[-1]
        assert arguments.host == "0.0.0.0"  # noqa: S104 - within its container


def test_every_variable_is_explained() -> None:
    """.env.example names each that the file takes, with the default in force, and no other."""
    taken = {
        name: value
        for file in FILES
        for name, value in VARIABLE.findall((DEPLOY / file).read_text(encoding="utf-8"))
    }
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")

    assert dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE)) == taken


def test_no_token_is_handed_out_but_in_the_demo() -> None:
    """Without its file nobody sees anything who was not given a token."""
    plain = yaml.safe_load((DEPLOY / FILES[0]).read_text(encoding="utf-8"))["services"]

    assert [name for name, one in plain.items() if "--demo" in one.get("command", [])] == []
    assert "simulator" not in plain
