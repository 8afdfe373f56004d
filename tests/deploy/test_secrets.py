"""deploy/secrets.sh and who gets what of it: keys, passwords and DSNs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.backbone import broker
from services.backbone.postgres_connections import parameters_of
from services.backbone.settings import Settings, from_environment
from services.backbone.warehouse_http import server_of
from tests.deploy.composition import (
    COMPOSE,
    DEPLOY,
    PRODUCT,
    SERVICES,
    Service,
    environment,
    secrets_of,
)


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


def test_the_users_of_clickhouse_are_those_of_the_dsns(made: Path) -> None:
    """Who changes, who fills, who reads."""
    users = (DEPLOY / "clickhouse/users.xml").read_text(encoding="utf-8")
    _, _, defined = users.partition("<users>")

    for name in ("migrator", "writer", "reader"):
        server = server_of((made / f"warehouse_{name}").read_text().strip(), str)
        assert server.user == name
        assert server.password == (made / f"clickhouse_{name}").read_text()
        assert f"<{name}>" in defined


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
