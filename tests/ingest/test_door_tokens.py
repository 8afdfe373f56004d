"""The door over real HTTP: tokens, roles and scope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from services.backbone.identity import ALGORITHM, AUDIENCE, ROLES, SENDERS
from services.ingest.bodies import SINGLE
from services.ingest.reception import load_node
from tests.support.events import COUNTY, ELSEWHERE, PROVINCE, STATION, batch, encoded, event
from tests.support.ingest import Served, assert_problem, post, results, settings_in, told


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests here; each takes ids of its own."""
    with Served(settings_in(tmp_path_factory.mktemp("tokens"))) as served:
        yield served


def forged(claims: dict[str, Any], key: bytes = b"x" * 32, algorithm: str = ALGORITHM) -> str:
    """A token of someone else."""
    whole = {"aud": AUDIENCE, "org": COUNTY, "role": "centre", "jti": "1", "exp": 4 * 10**9}
    return jwt.encode(whole | claims, key, algorithm=algorithm)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic dXNlcjpwdw==",
        "Bearer nonsense",
        "Bearer a.b.c",
        f"Bearer {forged({})}",
        f"Bearer {jwt.encode({'org': COUNTY, 'role': 'centre'}, '', algorithm='none')}",
    ],
    ids=["none", "empty", "bare", "basic", "word", "dots", "forged", "unsigned"],
)
def test_without_a_good_token_nothing_is_taken(served: Served, header: str | None) -> None:
    """Missing, broken and forged tokens are told apart from nothing."""
    headers = {"content-type": SINGLE} | ({} if header is None else {"authorization": header})
    response = httpx.post(
        f"{served.url}/v1/events", content=encoded(event()), headers=headers, trust_env=False
    )

    assert_problem(response, 401, "token_refused")
    assert response.headers["www-authenticate"] == "Bearer"


def test_an_expired_token_is_refused(served: Served) -> None:
    """Also one that was good a moment ago."""
    issued = served.ingest.issuer.issue(COUNTY, "centre", days=-1)
    with served.client() as client:
        client.headers["authorization"] = f"Bearer {issued}"

        assert_problem(post(client, encoded(event()), SINGLE), 401, "token_refused")


@pytest.mark.parametrize("role", sorted(set(ROLES) - SENDERS))
@pytest.mark.parametrize("path", ["/v1/events", "/v1/quarantine/1/resend"])
def test_those_who_read_do_not_send(served: Served, role: str, path: str) -> None:
    """A wall's token that leaks makes no facts."""
    with served.client(role=role) as client:
        response = client.post(path, content=encoded(event()), headers={"content-type": SINGLE})

        assert_problem(response, 403, "role_may_not_send")


def test_the_scope_is_that_of_the_token(served: Served) -> None:
    """A station speaks for itself, a province for all."""
    events = [event(id_=f"scope-{org}", org=org) for org in (STATION, COUNTY, ELSEWHERE)]
    with served.client(STATION) as station, served.client(PROVINCE) as province:
        first = [status for _, status in told(post(station, batch(events)))]
        second = [status for _, status in told(post(province, batch(events)))]

    assert first == ["accepted", "quarantined", "quarantined"]
    assert second == ["duplicate", "accepted", "accepted"]


def test_an_importer_loads_into_a_node_of_its_token(served: Served) -> None:
    """The load can be told from what came live, and from other loads."""
    stated: dict[str, Any] = {"receivedtime": "2026-01-01T00:00:00Z"}
    with served.client(PROVINCE, "importer") as client:
        (result,) = results(
            post(client, batch([event("case.accepted", "old", subject="A2026", **stated)]))
        )
    with served.client() as centre:
        (refused,) = results(post(centre, batch([event("case.accepted", "older", **stated)])))

    assert re.fullmatch(r"load-[0-9a-f]{12}", result["node"])
    assert refused["error"]["code"] == "received_time_not_allowed"


@pytest.mark.parametrize(
    "token_id", ["ab12", "A", "a_b", "x" * 80, "", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "é"]
)
def test_any_token_has_a_node(token_id: str) -> None:
    """An identity provider names its tokens as it likes."""
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,40}", load_node(token_id))
    assert load_node(token_id) != load_node(f"{token_id}b")
