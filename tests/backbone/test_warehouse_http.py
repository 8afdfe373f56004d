"""How often a read is tried."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.warehouse_http import Patience, Server, server_of

PASSING = WarehouseFailed(None, "broke off", temporary=True)
LASTING = WarehouseFailed(60, "no such table")


class Clock:
    """Time that only pauses and attempts move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        """Let it pass."""
        self.pauses.append(seconds)
        self.now_s += seconds

    def patience(self, attempts: int, jitter: float = 0.5) -> Patience:
        """Patience by this clock."""
        return Patience(
            attempts=attempts,
            within_s=30,
            clock_s=lambda: self.now_s,
            pause=self.pause,
            jitter=lambda: jitter,
        )


def failing(*failures: WarehouseFailed) -> Callable[[], str]:
    """An attempt that fails so often before it succeeds."""
    left = list(failures)

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return attempt


def test_a_passing_failure_is_tried_again() -> None:
    """With growing pauses, uneven by the jitter."""
    clock = Clock()

    assert clock.patience(3).read(failing(PASSING, PASSING)) == "answer"
    assert clock.pauses == [0.05, 0.1]


def test_the_last_failure_is_told() -> None:
    """When no attempt succeeds."""
    with pytest.raises(WarehouseFailed, match="broke off"):
        Clock().patience(3).read(failing(*[PASSING] * 3))


def test_a_lasting_failure_is_told_at_once() -> None:
    """What will fail again is not tried again."""
    clock = Clock()
    with pytest.raises(WarehouseFailed, match="no such table"):
        clock.patience(3).read(failing(LASTING))

    assert clock.pauses == []


def test_what_hung_is_not_tried_again() -> None:
    """An attempt that took all the time there was is told, not repeated."""
    clock = Clock()

    def hang() -> str:
        clock.now_s += 30
        raise PASSING

    with pytest.raises(WarehouseFailed):
        clock.patience(3).read(hang)
    assert clock.pauses == []


def test_one_attempt_is_one() -> None:
    """In the process nothing is tried again."""
    with pytest.raises(WarehouseFailed):
        Clock().patience(1).read(failing(PASSING))


def test_every_option_is_documented() -> None:
    """The page for operators names each option of a DSN with its default."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    plain = server_of("clickhouse://u:p@h:1/d", str)
    for name in ("connect_s", "answer_s", "command_s", "attempts"):
        assert f"| `{name}` | `{getattr(plain, name)}` |" in page
    for name in ("compression", "ca"):
        assert f"| `{name}` |" in page


def test_a_dsn_is_read() -> None:
    """Every part of it, with what is escaped."""
    server = server_of(
        "clickhouses://wri%40ter:p%2Fw@host:1234/views?answer_s=20&compression=zstd&ca=/c.pem"
        "&insert_quorum=0",
        str,
    )

    assert server == Server(
        host="host",
        port=1234,
        user="wri@ter",
        password="p/w",
        database="views",
        secure=True,
        answer_s=20,
        compression="zstd",
        ca="/c.pem",
        settings=(("insert_quorum", "0"),),
    )
    assert server_of("clickhouse://host", str).port == 8123
    assert server_of("clickhouses://host", str).port == 8443
