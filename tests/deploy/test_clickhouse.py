"""deploy/clickhouse: well formed, known to the engine, and of one mind with the code."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services.backbone.warehouse import Warehouse
from services.backbone.warehouse_session import CLUSTER, SESSION
from services.projector import fills
from services.projector.layout import local
from services.projector.migrations import RECORD, apply
from services.projector.view_files import load
from tests.support.projecting import insert
from tests.support.records import province
from tests.support.warehouse import empty_warehouse, engine, warehouse_dsn

__all__ = ["empty_warehouse", "engine", "warehouse_dsn"]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "clickhouse"
USERS = ElementTree.parse(FOLDER / "users.xml").getroot()  # noqa: S314 -- our own file
SERVER = ElementTree.parse(FOLDER / "server.xml").getroot()  # noqa: S314 -- our own file
KEEPER = ElementTree.parse(FOLDER / "keeper.xml").getroot()  # noqa: S314 -- our own file
NAMES = ("migrator", "writer", "reader")
GRANTS = [
    (user, query.text or "") for user in NAMES for query in USERS.iterfind(f"users/{user}/grants/*")
]
TABLES = {file.name: file for file in load() if file.table}


def texts(root: ElementTree.Element, path: str) -> list[str]:
    """What stands in some elements."""
    return [element.text or "" for element in root.iterfind(path)]


@pytest.mark.parametrize(("user", "grant"), GRANTS)
def test_the_engine_reads_every_grant(engine: Warehouse, user: str, grant: str) -> None:
    """Each is a grant of ClickHouse's own grammar once the user is named."""
    assert engine.rows("SELECT formatQuery({sql:String})", {"sql": f"{grant} TO {user}"}) == [
        (f"{grant} TO {user}",)
    ]


@pytest.mark.parametrize("user", NAMES)
def test_what_is_granted_is_there(engine: Warehouse, user: str) -> None:
    """Tables that a grant names are ours, or the server's."""
    system = {name for (name,) in engine.rows("SELECT name FROM system.tables "
              "WHERE database = 'system'")}  # fmt: skip
    for grantee, grant in GRANTS:
        found = re.search(r" ON (\w+)\.(\w+)$", grant)
        if grantee == user and found:
            database, table = found.groups()
            known = system if database == "system" else {*TABLES, *map(local, TABLES)}
            assert table in known, grant


def test_a_writer_fills_what_no_feed_fills() -> None:
    """… before the shards and on them; what is kept of migrations is the migrator's."""
    granted = {g.rpartition(".")[2] for user, g in GRANTS if user == "writer" and "INSERT" in g}
    of_jobs = {RECORD, fills.RECORD}
    written = {name for name, file in TABLES.items() if file.select is None} - of_jobs

    assert granted == written | {local(name) for name in written}


def test_nobody_but_the_migrator_changes_tables() -> None:
    """A writer selects and inserts, a reader selects; the profiles hold it once more."""
    for user, grant in GRANTS:
        allowed = {"writer": ("SELECT", "INSERT"), "reader": ("SELECT",)}.get(user, ("",))
        assert grant.startswith(tuple(f"GRANT {word}".rstrip() for word in allowed))
    assert texts(USERS, "profiles/reader/readonly") == ["2"]
    assert texts(USERS, "profiles/reader/allow_ddl") == ["0"]
    assert texts(USERS, "profiles/writer/allow_ddl") == ["0"]


def test_the_engine_knows_every_setting(engine: Warehouse) -> None:
    """Of the profiles, and of our queries."""
    known = {name for (name,) in engine.rows("SELECT name FROM system.settings")}
    named = {setting.tag for setting in USERS.iterfind("profiles/*/*")}

    assert named <= known
    assert {*SESSION, *CLUSTER} <= known


def test_no_password_stands_in_a_file() -> None:
    """Digests come from the environment, and the default user stays at home."""
    for user in NAMES:
        (digest,) = USERS.iterfind(f"users/{user}/password_sha256_hex")
        assert digest.attrib == {"from_env": f"{user.upper()}_SHA256"}
        assert not digest.text
        assert texts(USERS, f"users/{user}/profile") == [user]
    assert set(texts(USERS, "users/default/networks/ip")) == {"127.0.0.1", "::1"}


def test_an_insert_waits_for_all_replicas_of_a_shard() -> None:
    """The quorum is the number of replicas, so any of them has what was answered."""
    (shards,) = SERVER.iterfind("remote_servers/yiping")
    replicas = {len(shard.findall("replica")) for shard in shards.iterfind("shard")}

    assert {int(q) for q in texts(USERS, "profiles/*/insert_quorum")} == replicas
    assert texts(USERS, "profiles/writer/insert_quorum")
    assert set(texts(shards, "shard/internal_replication")) == {"true"}
    assert texts(SERVER, "macros/cluster") == [shards.tag]


def test_keepers_and_servers_know_one_another() -> None:
    """Hosts and ports on both sides."""
    (port,) = texts(KEEPER, "keeper_server/tcp_port")

    assert texts(SERVER, "zookeeper/node/host") == texts(
        KEEPER, "keeper_server/raft_configuration/server/hostname"
    )
    assert set(texts(SERVER, "zookeeper/node/port")) == {port}
    assert texts(KEEPER, "keeper_server/raft_configuration/server/id") == ["1", "2", "3"]
    assert texts(SERVER, "keeper_map_path_prefix")


def test_a_proxy_knows_every_server() -> None:
    """The one address of the warehouse stands for all of them."""
    proxy = (ROOT / "deploy" / "proxy" / "warehouse.cfg").read_text()

    assert set(re.findall(r"^ +server (\S+) ", proxy, re.MULTILINE)) == set(
        texts(SERVER, "remote_servers/yiping/shard/replica/host")
    )


def test_the_engine_sees_the_cluster(tmp_path: Path) -> None:
    """It reads the file itself: two shards of two replicas, and the macros of a server."""
    program = (
        "import chdb, sys\n"
        "c = chdb.connect(f'{sys.argv[1]}?config-file={sys.argv[2]}')\n"
        "print(c.query('SELECT shard_num, replica_num, host_name, port FROM system.clusters"
        " ORDER BY ALL', 'TabSeparated').bytes().decode(), end='')\n"
        "c.close()\n"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data"), str(FOLDER / "server.xml")],
        env={**os.environ, "SHARD": "1", "REPLICA": "clickhouse-1-1", "INTERSERVER_SECRET": "x"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert seen.stdout.split("\n")[:-1] == [
        f"{shard}\t{replica}\tclickhouse-{shard}-{replica}\t9000"
        for shard in (1, 2)
        for replica in (1, 2)
    ]


def test_it_starts_with_digests_of_the_secrets(tmp_path: Path) -> None:
    """The script reads the secrets, and runs the image's own entrypoint with its words."""
    for name in (*NAMES, "interserver"):
        (tmp_path / f"clickhouse_{name}").write_text(f"word of {name}\n")
    entrypoint = tmp_path / "entrypoint"
    entrypoint.write_text('#!/bin/sh\nenv\necho "with $*"\n')
    entrypoint.chmod(entrypoint.stat().st_mode | stat.S_IXUSR)
    environment = {"PATH": os.environ["PATH"], "SECRETS": str(tmp_path)}
    started = subprocess.run(
        [str(FOLDER / "start.sh"), "one", "two"],
        env={**environment, "ENTRYPOINT": str(entrypoint)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = started.stdout.splitlines()

    for name in NAMES:
        digest = hashlib.sha256(f"word of {name}".encode()).hexdigest()
        assert f"{name.upper()}_SHA256={digest}" in lines
    assert "INTERSERVER_SECRET=word of interserver" in lines
    assert "with one two" in lines
    assert not [line for line in lines if "word of reader" in line]


def test_the_definitions_make_the_same_tables_elsewhere(empty_warehouse: Warehouse) -> None:
    """Each with its identity, in an order in which none misses another."""
    apply(empty_warehouse)
    question = (
        (FOLDER / "definitions.sql")
        .read_text()
        .replace("'yiping'", f"'{empty_warehouse.database}'")
    )
    identities = (
        "SELECT name, uuid FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    )
    before = empty_warehouse.rows(identities)
    statements = [s for (s,) in empty_warehouse.rows(question.replace("FORMAT TSVRaw", ""))]
    empty_warehouse.command(f"DROP DATABASE {empty_warehouse.database} SYNC")
    empty_warehouse.command(f"CREATE DATABASE {empty_warehouse.database} ENGINE = Atomic")
    for statement in statements:
        empty_warehouse.command(statement.rstrip(";"))

    assert len(statements) == len(before) > len(TABLES)
    assert empty_warehouse.rows(identities) == before
    insert(empty_warehouse, islice(province(1), 10))
    assert empty_warehouse.rows("SELECT count() FROM things") == [(10,)]
