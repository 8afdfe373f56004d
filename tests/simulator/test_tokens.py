"""Tokens that are shown at the door."""

from pathlib import Path

from services.backbone.identity import Issuer, secret_file
from services.simulator.tokens import OneToken, OwnTokens

PROVINCE = "350000000000"
CENTRE = "350203000000"


def test_each_centre_has_a_token_of_its_own(tmp_path: Path) -> None:
    """Of its own scope, the same one each time, good at the server of that folder."""
    tokens = OwnTokens(tmp_path, PROVINCE)
    issuer = Issuer(secret_file(tmp_path / "issuer.key"))
    identity = issuer.verify(tokens.of_centre(CENTRE))

    assert (identity.org, identity.role) == (CENTRE, "centre")
    assert tokens.of_centre(CENTRE) == tokens.of_centre(CENTRE)
    assert tokens.scoped


def test_each_load_has_an_importers_token_of_its_own(tmp_path: Path) -> None:
    """So that each is a node of its own."""
    tokens = OwnTokens(tmp_path, PROVINCE)
    issuer = Issuer(secret_file(tmp_path / "issuer.key"))
    first, second = (issuer.verify(str(tokens.of_importer())) for _ in range(2))

    assert first.role == second.role == "importer"
    assert first.token_id != second.token_id


def test_one_token_serves_all(tmp_path: Path) -> None:
    """It loads history only if it is an importer's."""
    issuer = Issuer(secret_file(tmp_path / "issuer.key"))
    importer, centre = issuer.issue(PROVINCE, "importer"), issuer.issue(PROVINCE, "centre")

    assert OneToken(importer).of_centre(CENTRE) == importer
    assert OneToken(importer).of_importer() == importer
    assert OneToken(centre).of_importer() is None
    assert OneToken("not a token").of_importer() is None
    assert not OneToken(centre).scoped
