"""What a client of the socket may say."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.frames import Command, Ping, Subscribe
from services.dashboard_api.errors import Refused
from services.dashboard_api.session import command_in, id_in, origin_allowed


def test_a_command_is_decoded() -> None:
    """A number and one order."""
    told = command_in('{"id":7,"subscribe":{"panel":"case","org":"350000000000","offset":3}}')

    assert told == Command(id=7, subscribe=Subscribe(panel="case", org="350000000000", offset=3))
    assert command_in('{"id":1,"ping":{}}').ping == Ping()


@given(st.text() | st.binary())
def test_anything_else_is_refused_and_nothing_else_happens(message: str | bytes) -> None:
    """Rubbish is Refused, whatever it is, and its number is found or not."""
    with suppress(Refused):
        command_in(message)
    id_ = id_in(message)
    assert id_ is None or isinstance(id_, int)


def test_the_number_of_a_bad_command_is_echoed() -> None:
    """So that the client knows which of its commands was refused."""
    assert id_in('{"id":9,"dance":{}}') == 9
    assert id_in('{"id":"nine"}') is None


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    """Neither tokens nor personal data come back in an error."""
    for message in ('{"id":1,"auth":{"token":5,"secret":1}}', '{"secret":1}', '{"id":1,secret}'):
        with pytest.raises(Refused) as refused:
            command_in(message)
        assert "5" not in refused.value.message


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "wall.example", True),
        ("https://wall.example", "wall.example", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", False),
        ("https://wall.example.evil", "wall.example", False),
        ("https://other.example", "wall.example", True),
        ("null", "wall.example", False),
        ("https://wall.example", None, False),
    ],
)
def test_origins(origin: str | None, host: str | None, *, allowed: bool) -> None:
    """This host's pages, listed ones, and clients that are no browsers."""
    also = frozenset({"https://other.example"})
    assert origin_allowed(origin, host, also) is allowed
