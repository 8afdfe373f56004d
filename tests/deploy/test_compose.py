"""deploy/compose*.yaml: what they name is there, and what they run is what the code takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from services.__main__ import parser
from services.backbone import broker
from services.backbone.postgres_connections import parameters_of
from services.backbone.secret_files import IN_FILES
from services.backbone.settings import Settings, from_environment
from services.backbone.warehouse_http import server_of

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
Service = dict[str, Any]
FILES = ("compose.yaml", "compose.demo.yaml")
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")
SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "environment",
    "healthcheck", "hostname", "image", "init", "logging", "networks", "ports", "profiles",
    "read_only", "restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs",
    "ulimits", "volumes",
}  # fmt: skip
"""Of the compose specification, what is used here; a mistyped key would be refused or ignored."""


def merged() -> dict[str, Any]:
    """What compose makes of both files: what the later says of a service goes before."""
    whole: dict[str, Any] = {}
    for file in FILES:
        part = yaml.safe_load((DEPLOY / file).read_text(encoding="utf-8"))
        for section, things in part.items():
            if not isinstance(things, dict) or section.startswith("x-"):
                whole[section] = things
                continue
            of = whole.setdefault(section, {})
            for name, thing in things.items():
                of[name] = of.get(name, {}) | thing
    return whole


COMPOSE = merged()
SERVICES: dict[str, Service] = COMPOSE["services"]
PRODUCT = {name: one for name, one in SERVICES.items() if one["image"].startswith("yiping:")}
JOBS = {name for name, one in SERVICES.items() if one["restart"] == "on-failure"}
TOOLS = {name for name, one in SERVICES.items() if "profiles" in one}
SERVERS = SERVICES.keys() - JOBS - TOOLS


def substituted(text: str) -> str:
    """A value as compose fills it where nothing is set."""
    return VARIABLE.sub(lambda match: match[2], text)


def environment(service: Service) -> dict[str, str]:
    """What a service's processes get."""
    given = service.get("environment", {})
    return {name: substituted(str(value)) for name, value in given.items()}


def secrets_of(service: Service) -> set[str]:
    """The names of the secrets that a service gets."""
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}


def mounts(service: Service) -> list[tuple[str, str]]:
    """What is mounted where: a volume's name or a path beside the file, and the path within."""
    split = [one.split(":") for one in service.get("volumes", [])]
    return [(one[0], one[1]) for one in split]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of secrets as an operator makes it."""
    folder = tmp_path_factory.mktemp("secrets")
    command = ["bash", str(DEPLOY / "secrets.sh"), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def settings_of(service: Service, made: Path) -> Settings:
    """The settings in force within a service."""
    inside = {k: v.replace("/run/secrets/", f"{made}/") for k, v in environment(service).items()}
    return from_environment(None, inside)


def hosts_of(service: Service, made: Path) -> set[str]:
    """The hosts in all DSNs of a service."""
    dsns = [
        (made / Path(value).name).read_text()
        for name, value in environment(service).items()
        if name.endswith("_FILE") and name.startswith("YIPING_")
    ]
    places = [place for dsn in dsns for place in urlsplit(dsn).netloc.rpartition("@")[2].split(",")]
    return {place.partition(":")[0] for place in places}


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


@pytest.mark.parametrize("name", sorted(PRODUCT))
def test_its_dsns_are_read_by_the_code(name: str, made: Path) -> None:
    """Each by the adapter that takes it."""
    given = environment(PRODUCT[name])
    settings = settings_of(PRODUCT[name], made)

    if "YIPING_EVENT_STORE_FILE" in given:
        assert parameters_of("YIPING_EVENT_STORE", settings.event_store)["dbname"] == "events"
    if "YIPING_VAULT_FILE" in given:
        assert parameters_of("YIPING_VAULT", settings.vault)["dbname"] == "vault"
    if "YIPING_LOG_FILE" in given:
        assert broker.parse("YIPING_LOG", settings.log).name == "enforcement.events.v1"
    if "YIPING_DOOR_FILE" in given:
        assert broker.parse("YIPING_DOOR", settings.door).name == "centre.events.v1"
    if "YIPING_WAREHOUSE_FILE" in given:
        assert server_of(settings.warehouse, str).database == "yiping"
        assert settings.cluster == "yiping"


@pytest.mark.parametrize("name", sorted(PRODUCT))
def test_what_a_service_speaks_with_is_within_its_reach(name: str, made: Path) -> None:
    """Each host of its DSNs is a service on one of its networks."""
    service = PRODUCT[name]

    for host in hosts_of(service, made):
        assert set(SERVICES[host]["networks"]) & set(service["networks"]), host


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
def test_its_secrets_are_there_and_no_others(name: str) -> None:
    """What a service is told to read is mounted, and what is mounted is read."""
    service = SERVICES[name]
    told = str((service.get("environment"), service.get("command")))
    read = set(re.findall(r"/run/secrets/([a-z_.]+)", told))

    assert read <= secrets_of(service)
    assert secrets_of(service) <= set(COMPOSE["secrets"])
    if name in PRODUCT:
        assert secrets_of(service) - read <= {"issuer.key", "vault.key"}


def test_every_secret_is_made_and_used(made: Path) -> None:
    """secrets.sh makes each; none is left over in the file."""
    files = {Path(one["file"]).name for one in COMPOSE["secrets"].values()}
    used = {secret for service in SERVICES.values() for secret in secrets_of(service)}

    assert files == set(COMPOSE["secrets"]) == used
    assert files <= {file.name for file in made.iterdir()}


def test_the_keys_go_only_where_they_are_needed() -> None:
    """Who reads names holds vault.key, who checks or issues tokens issuer.key; nobody else."""
    holders = {
        key: {name for name, service in SERVICES.items() if key in secrets_of(service)}
        for key in ("vault.key", "issuer.key")
    }

    ingest, dashboards = {"ingest-1", "ingest-2"}, {"dashboard-1", "dashboard-2"}
    assert holders == {
        "vault.key": ingest,
        "issuer.key": ingest | dashboards | {"simulator", "operator"},
    }


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """A second run changes no password under a running cluster; nobody else may look in."""
    command = ["bash", str(DEPLOY / "secrets.sh"), str(tmp_path / "secrets")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    before = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}

    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    assert {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()} == before
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert len(set(before.values())) == len(before)


def test_no_password_stands_in_the_environment() -> None:
    """Whoever can inspect a container reads its environment."""
    for service in SERVICES.values():
        for name, value in environment(service).items():
            assert "://" not in value, name
            assert name.endswith("_FILE") or "PASSWORD" not in name


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
