"""The proxy makes the faults that it promises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError

from tests.support.proxy import Fault, Proxy

REPLY = b"carried out" * 10


class _Server(ThreadingHTTPServer):
    """Counts what reaches it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keep the body if it came whole, and say so."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(REPLY)))
        self.end_headers()
        self.wfile.write(REPLY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server that counts."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(server: _Server) -> Iterator[Proxy]:
    """A proxy before it."""
    with Proxy(server.server_port) as proxy:
        yield proxy


@pytest.fixture
def client() -> Iterator[urllib3.PoolManager]:
    """A client that keeps its connections and tries nothing again."""
    with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5, read=0.3)) as client:
        yield client


def post(
    client: urllib3.PoolManager, proxy: Proxy, body: bytes = b"body" * 100
) -> tuple[int, bytes]:
    """Status and body of an answer."""
    answer = client.request("POST", f"http://127.0.0.1:{proxy.port}/", body=body)
    return answer.status, answer.data


def test_without_a_fault_all_passes(
    server: _Server, proxy: Proxy, client: urllib3.PoolManager
) -> None:
    """Request after request on one connection, large ones too."""
    for size in (1, 1_000_000, 10):
        assert post(client, proxy, b"x" * size) == (200, REPLY)

    assert [len(body) for body in server.bodies] == [1, 1_000_000, 10]
    assert proxy.hits == 0


@pytest.mark.parametrize(
    ("fault", "carried_out"),
    [
        (Fault.HANG, 0), (Fault.HANG_AFTER, 1), (Fault.CUT_REQUEST, 0), (Fault.CUT_REPLY, 1),
        (Fault.CUT_AFTER, 1),
    ],
)  # fmt: skip
def test_a_fault_that_answers_nothing(
    server: _Server, proxy: Proxy, client: urllib3.PoolManager, fault: Fault, carried_out: int
) -> None:
    """The client sees a failure, and the server carried it out or did not; the next passes."""
    proxy.fail(fault)
    with pytest.raises((HTTPError, ReadTimeoutError)):
        post(client, proxy)

    assert len(server.bodies) == carried_out
    assert proxy.hits == 1
    assert post(client, proxy) == (200, REPLY)


@pytest.mark.parametrize(
    ("fault", "carried_out"), [(Fault.ERROR_BEFORE, 0), (Fault.ERROR_AFTER, 1)]
)
def test_a_fault_that_answers_an_error(
    server: _Server, proxy: Proxy, client: urllib3.PoolManager, fault: Fault, carried_out: int
) -> None:
    """The answer is an error in either case."""
    proxy.fail(fault)

    assert post(client, proxy)[0] == 500
    assert len(server.bodies) == carried_out


def test_only_those_meant_meet_it(
    server: _Server, proxy: Proxy, client: urllib3.PoolManager
) -> None:
    """A fault for some requests lets the others pass."""
    proxy.fail(Fault.ERROR_BEFORE, on=b"INSERT", times=None)

    assert [post(client, proxy, body)[0] for body in (b"SELECT", b"INSERT", b"INSERT")] == [
        200, 500, 500,
    ]  # fmt: skip
    proxy.heal()
    assert post(client, proxy, b"INSERT")[0] == 200


def test_a_delay_is_only_late(server: _Server, proxy: Proxy, client: urllib3.PoolManager) -> None:
    """The answer comes nevertheless."""
    proxy.fail(Fault.DELAY, delay_s=0.01)

    assert post(client, proxy) == (200, REPLY)
    assert proxy.hits == 1


def test_nobody_listens(server: _Server, proxy: Proxy, client: urllib3.PoolManager) -> None:
    """Refused until healed, on the same port."""
    assert post(client, proxy)[0] == 200
    proxy.refuse()
    for _ in range(2):
        with pytest.raises((HTTPError, MaxRetryError)):
            post(client, proxy)
    proxy.heal()

    assert post(client, proxy)[0] == 200
    assert len(server.bodies) == 2


def test_healing_ends_what_hangs(proxy: Proxy) -> None:
    """A hung request is cut."""
    proxy.fail(Fault.HANG)
    failed = threading.Event()

    def hang() -> None:
        with urllib3.PoolManager(retries=False, timeout=60) as patient:
            try:
                post(patient, proxy)
            except HTTPError:
                failed.set()

    thread = threading.Thread(target=hang)
    thread.start()
    proxy.wait_hits(1)
    proxy.heal()
    thread.join(30)
    assert failed.is_set()
