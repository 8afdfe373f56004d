"""``python -m tests.support.clickhouse --path DIR --port N``: serve until told to end."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TextIO

from services.backbone.warehouse_chdb import ENGINE
from tests.support.clickhouse.engine import Engine
from tests.support.clickhouse.server import ClickHouseServer


def main() -> int:
    """Serve a folder; prints one line when it is ready."""
    parser = argparse.ArgumentParser(prog="tests.support.clickhouse", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="the engine's folder")
    parser.add_argument("--port", type=int, required=True, help="a loopback port")
    parser.add_argument("--option", action="append", default=[], help="NAME=VALUE of the engine")
    parser.add_argument("--attached", action="store_true", help="end when standard input ends")
    given = parser.parse_args()
    engine = Engine(given.path, ENGINE | dict(option.split("=", 1) for option in given.option))
    server = ClickHouseServer(given.port, engine)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: _end(server))
    if given.attached:
        threading.Thread(target=_outlive, args=(sys.stdin, server), daemon=True).start()
    print(f"chDB {engine.version} answers as ClickHouse on 127.0.0.1:{given.port}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    engine.close()
    return 0


def _outlive(parent: TextIO, server: ClickHouseServer) -> None:
    parent.read()
    _end(server)


def _end(server: ClickHouseServer) -> None:
    # shutdown() waits for the loop, in which a signal's handler runs.
    threading.Thread(target=server.shutdown, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
