"""deploy/postgres/databases.sh on a real PostgreSQL: two databases, each for its owner alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import OWNER, Postgres, installation

DEPLOY = Path(__file__).parents[2] / "deploy"


def databases_of(server: Postgres, secrets: Path) -> None:
    """Run what the image runs when its volume is empty."""
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGDATABASE": "postgres"}
    path = f"{installation() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", str(DEPLOY / "postgres/databases.sh")],
        env={**os.environ, **place, "PATH": path, "POSTGRES_USER": OWNER, "SECRETS": str(secrets)},
        check=True,
    )


@pytest.fixture(scope="module")
def prepared(made: Path) -> Iterator[psycopg.Connection]:
    """The superuser's connection to a server that the script has prepared."""
    with Postgres() as server:
        databases_of(server, made)
        with psycopg.connect(server.dsn("postgres")) as connection:
            yield connection


def test_each_database_has_an_owner_with_a_password(prepared: psycopg.Connection) -> None:
    """Neither of them may do more than own it."""
    rows = prepared.execute(
        "SELECT d.datname, r.rolname, r.rolsuper, r.rolcreatedb,"
        " a.rolpassword LIKE 'SCRAM-SHA-256%'"
        " FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba"
        " JOIN pg_authid a ON a.oid = r.oid WHERE d.datname IN ('events', 'vault')"
        " ORDER BY d.datname"
    ).fetchall()

    assert rows == [
        ("events", "events", False, False, True),
        ("vault", "vault", False, False, True),
    ]


def test_nobody_enters_the_others(prepared: psycopg.Connection) -> None:
    """Who holds the events cannot reach the keys that open them."""
    rows = prepared.execute(
        "SELECT r, d, has_database_privilege(r, d, 'CONNECT')"
        " FROM unnest(ARRAY['events', 'vault']) r, unnest(ARRAY['events', 'vault']) d"
    ).fetchall()

    assert {(role, database) for role, database, may in rows if may} == {
        ("events", "events"),
        ("vault", "vault"),
    }
