"""Stories as served: a case's state, its record, everybody's clocks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader

from services.dashboard_api.printing import Printer
from services.dashboard_api.session import Limits
from tests.dashboard_api.histories import COUNTY, NOON, one_case
from tests.dashboard_api.site import Site, serving
from tests.dashboard_api.test_http import problem
from tests.dashboard_api.test_record import counted_again
from tests.dashboard_api.world import World


@pytest.fixture
async def site(world: World, tmp_path: Path) -> AsyncIterator[Site]:
    """A served case."""
    world.take(one_case())
    async with serving(Site(world, tmp_path, demo=False, limits=Limits())) as served:
        yield served


async def printed(site: Site, path: str) -> httpx.Response:
    """What a GET answers for which a process of its own has to work."""
    headers = {"Authorization": f"Bearer {site.token(COUNTY, 'legal')}"}
    async with httpx.AsyncClient(base_url=f"http://{site.address}", timeout=120) as client:
        return await client.get(path, headers=headers)


async def test_a_case_has_six_elements_at_a_moment(site: Site) -> None:
    """Those of its timeline, as they stood."""
    at = (NOON + timedelta(minutes=30)).isoformat()
    answer = await site.get("/v1/cases/A1/state", site.token(COUNTY), as_of=at)

    told = answer.json()
    assert answer.status_code == 200
    assert told["elements"]["person"] == [
        {"id": "R1", "status": "interviewing", "since": "2026-11-22T12:20:00Z"}
    ]
    assert told["elements"]["dossier"] == []


async def test_a_record_as_json_stands_for_itself(site: Site) -> None:
    """A file with the hash of all of it and of each event; nobody is named."""
    answer = await site.get("/v1/cases/A1/record", site.token(COUNTY, "legal"))

    record = answer.json()
    held, counted = counted_again(answer.content)
    assert held == counted
    assert "record-A1.json" in answer.headers["content-disposition"]
    assert record["exported"]["role"] == "legal"
    assert record["exported"]["org_name"] == "思明区"
    assert all(len(event["hash"]) == 64 for event in record["events"])
    assert "张三" not in answer.text


async def test_a_record_as_pdf_is_printed(site: Site) -> None:
    """By a process of its own, masked like everything."""
    answer = await printed(site, "/v1/cases/A1/record?format=pdf&axis=received")

    assert answer.headers["content-type"] == "application/pdf"
    whole = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "当时所知" in whole
    assert "张三" not in whole


async def test_a_record_that_cannot_be_printed_says_so(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A passing problem without any text of the failure."""
    unbuilt, print_ = Printer(tmp_path), Printer.printed
    monkeypatch.setattr(Printer, "printed", lambda _, record: print_(unbuilt, record))

    answer = await printed(site, "/v1/cases/A1/record?format=pdf")

    assert problem(answer) == (503, "printing_failed")
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize("path", ["state", "record", "timeline"])
async def test_a_case_out_of_scope_is_not_found(site: Site, path: str) -> None:
    """No more is told than of a case that never was."""
    for token, case_no in ((site.token("350206000000"), "A1"), (site.token(COUNTY), "A9")):
        assert problem(await site.get(f"/v1/cases/{case_no}/{path}", token)) == (404, "not_found")


async def test_clocks_are_held_to_the_scope(site: Site) -> None:
    """An organisation within, at a moment; not the neighbour's, none that is not known."""
    at = (NOON + timedelta(minutes=30)).isoformat()
    token = site.token(COUNTY)

    answer = await site.get(f"/v1/orgs/{COUNTY}/clocks", token, as_of=at)
    gone = await site.get(f"/v1/orgs/{COUNTY}/clocks", token)
    foreign = await site.get("/v1/orgs/350206000000/clocks", token)

    told = answer.json()
    assert (told["as_of"], told["next"]) == ("2026-11-22T12:30:00Z", None)
    assert [(person["person_no"], person["case_no"]) for person in told["items"]] == [("R1", "A1")]
    assert told["items"][0]["clocks"]["legal"]["unknown"] == "measure_not_stated"
    assert [person["person_no"] for person in gone.json()["items"]] == ["R2"]
    assert problem(foreign) == (403, "out_of_scope")


async def test_a_person_tells_clocks_and_chain(site: Site) -> None:
    """An item its custody, a dossier its life; a case none of these."""
    token = site.token(COUNTY)
    person = (await site.get("/v1/elements/person/R1", token)).json()
    item = (await site.get("/v1/elements/property/W1", token)).json()
    dossier = (await site.get("/v1/elements/dossier/D1", token)).json()
    case = (await site.get("/v1/elements/case/A1", token)).json()

    assert [entry["kind"] for entry in person["chain"]] == [
        "admission", "search", "room", "interview", "release"
    ]  # fmt: skip
    assert person["clocks"]["in_area"]["left_at"] == "2026-11-22T12:55:00Z"
    assert [entry["kind"] for entry in item["custody"]] == ["seized", "gap"]
    assert [entry["kind"] for entry in dossier["life"]] == ["incomplete"]
    assert not {"chain", "clocks", "custody", "life"} & case.keys()
