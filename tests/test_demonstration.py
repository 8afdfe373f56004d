"""The demonstration: one command, a province that moves, and an orderly end."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

import psutil

from tests.support.server import Server


def test_the_demo_shows_a_province_that_moves(tmp_path: Path) -> None:
    """Whoever opens the demo gets a read-only token, sees facts come in, and it ends whole."""
    server = Server(tmp_path / "demo", command="demo", arguments=["--days", "0"])
    with server:
        with urllib.request.urlopen(f"{server.url}/v1/demo/session") as answer:  # noqa: S310
            assert b"token" in answer.read()
        with urllib.request.urlopen(server.url) as page:  # noqa: S310 - loopback only
            assert b"<title>" in page.read()
        token = server.token("350000000000", "supervisor")
        frame = server.wait_for(
            "/v1/orgs/350000000000/panels/place", token, lambda f: f["total"] > 0
        )
        assert sum(child["total"] for child in frame["children"].values()) == frame["total"]
        children = psutil.Process(server.pid).children(recursive=True)
        assert children
        assert server.stop(60, asking=signal.SIGINT) == 0

        assert not psutil.wait_procs(children, timeout=10)[1]
