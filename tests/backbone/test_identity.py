"""Identity: tokens that prove who asks, and the secrets behind them."""

from __future__ import annotations

import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from services.backbone.errors import SecretUnusable, TokenRefused
from services.backbone.identity import (
    ALGORITHM,
    AUDIENCE,
    ROLES,
    SECRET_BYTES,
    Identity,
    Issuer,
    bearer,
    secret_file,
)
from tests.support.events import COUNTY, ELSEWHERE, PROVINCE, STATION
from tests.support.ingest import Clock

KEY = bytes(range(32))


@pytest.fixture
def clock() -> Clock:
    """The issuer's clock."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def issuer(clock: Clock) -> Issuer:
    """An issuer."""
    return Issuer(KEY, clock)


def signed(key: bytes = KEY, **claims: Any) -> str:
    """A token with any claims; None leaves one out."""
    whole = {"aud": AUDIENCE, "org": COUNTY, "role": "centre", "jti": "1", "exp": 4 * 10**9}
    kept = {name: value for name, value in (whole | claims).items() if value is not None}
    return jwt.encode(kept, key, algorithm=ALGORITHM)


@pytest.mark.parametrize("role", ROLES)
def test_a_token_stands_for_what_it_was_issued_for(issuer: Issuer, role: str) -> None:
    """Organisation and role come back, with a name of its own."""
    identity = issuer.verify(issuer.issue(COUNTY, role))

    assert (identity.org, identity.role) == (COUNTY, role)
    assert identity.token_id != issuer.verify(issuer.issue(COUNTY, role)).token_id


def test_a_token_ends(issuer: Issuer, clock: Clock) -> None:
    """At its hour, also where it was verified before."""
    token = issuer.issue(COUNTY, "wall", days=2)
    issuer.verify(token)
    clock.move(hours=47)
    issuer.verify(token)
    clock.move(hours=1)

    with pytest.raises(TokenRefused, match="expired"):
        issuer.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        signed(b"y" * 32),
        signed(aud="another"),
        signed(aud=None),
        signed(org=None),
        signed(role=None),
        signed(jti=None),
        signed(exp=None),
        signed(exp=10**30),
        signed(exp="soon"),
        signed(role="admin"),
        signed(role=["centre"]),
        signed(org=""),
        signed(org="35"),
        signed(org=350203000000),
        signed(org=f"{COUNTY}\n"),
        signed(jti=7),
    ],
)
def test_what_proves_nothing_is_refused(issuer: Issuer, token: str) -> None:
    """Forged, incomplete and odd tokens end in TokenRefused, whatever is wrong."""
    with pytest.raises(TokenRefused):
        issuer.verify(token)


def test_a_token_without_a_signature_is_refused(issuer: Issuer) -> None:
    """The algorithm is ours to say, not the token's."""
    unsigned = jwt.encode(jwt.decode(signed(), KEY, [ALGORITHM], audience=AUDIENCE), "", "none")

    with pytest.raises(TokenRefused):
        issuer.verify(unsigned)


@pytest.mark.parametrize(("org", "role"), [(COUNTY, "admin"), ("3502", "wall"), ("", "wall")])
def test_a_token_that_nobody_could_use_is_not_issued(issuer: Issuer, org: str, role: str) -> None:
    """An organisation that is no code could be a prefix of all."""
    with pytest.raises(TokenRefused):
        issuer.issue(org, role)


def test_a_scope_is_all_that_is_below() -> None:
    """A county sees its stations, not its neighbours and not what is above."""
    county = Identity(COUNTY, "wall", "1")

    assert (county.may_see(COUNTY), county.may_see(STATION)) == (True, True)
    assert (county.may_see(ELSEWHERE), county.may_see(PROVINCE)) == (False, False)


def test_nobody_both_sends_and_reads() -> None:
    """Each role is on one side."""
    for role in ROLES:
        identity = Identity(COUNTY, role, "1")
        assert identity.may_send != identity.may_read


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_a_bearer_header_holds_a_token(header: str) -> None:
    """Its scheme has no case (RFC 9110)."""
    assert bearer(header) == "abc"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_another_header_holds_none(header: str | None) -> None:
    """The reason says what to send."""
    with pytest.raises(TokenRefused, match="Authorization: Bearer"):
        bearer(header)


def test_verified_tokens_do_not_fill_the_memory(issuer: Issuer) -> None:
    """Whoever makes up tokens, or holds very many, is not remembered for ever."""
    for _ in range(4_200):
        issuer.verify(issuer.issue(COUNTY, "centre"))

    assert len(issuer._verified) <= 4_096


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """Readable by the owner alone, the same ever after, and nothing is left beside it."""
    path = tmp_path / "below" / "issuer.key"
    secret = secret_file(path)

    assert len(secret) == SECRET_BYTES
    assert secret_file(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["issuer.key"]


def test_processes_that_begin_together_agree(tmp_path: Path) -> None:
    """Whoever is first makes it, all others take it."""
    path, found, line = tmp_path / "issuer.key", [], threading.Barrier(8)

    def begin() -> None:
        line.wait()
        found.append(secret_file(path))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    assert len(found) == 8


@pytest.mark.parametrize("content", ["", "zz" * 32, "00" * 31, "00" * 33, "密" * 20])
def test_a_damaged_secret_is_never_used(tmp_path: Path, content: str) -> None:
    """An empty key would let everybody sign."""
    path = tmp_path / "issuer.key"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(SecretUnusable, match="backup"):
        secret_file(path)


def test_days_are_days(issuer: Issuer, clock: Clock) -> None:
    """The claim that others read is the issuer's own."""
    claims = jwt.decode(issuer.issue(COUNTY, "wall", days=3), KEY, [ALGORITHM], audience=AUDIENCE)

    assert claims["exp"] == int((clock() + timedelta(days=3)).timestamp())
