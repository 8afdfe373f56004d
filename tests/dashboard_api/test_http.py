"""The read API as served: scope, moments, lists, errors as problem documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import frames
from schemas.elements import ELEMENTS
from services.dashboard_api.cursor import BEGINNING
from services.dashboard_api.drilldown import Wish
from services.dashboard_api.session import PANELS, Limits
from tests.dashboard_api.histories import START
from tests.dashboard_api.site import Site, serving
from tests.dashboard_api.world import FUJIAN, PROVINCE, World, total_by_hand

CITY, COUNTY, STATION = "350200000000", "350203000000", "350203500000"
PAST = START + timedelta(hours=21, minutes=7)


@asynccontextmanager
async def site_of(
    world: World, folder: Path, *, demo: bool = False, wall: Path | None = None
) -> AsyncIterator[Site]:
    site = Site(world, folder, demo=demo, limits=Limits())
    async with serving(site, wall):
        yield site


def written(moment: datetime) -> str:
    return moment.isoformat()


def problem(answer: Any) -> tuple[int, str]:
    """(status, code) of a problem document, which has all members and no exception text."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document.keys() >= {"type", "title", "status", "code", "detail"}
    assert "Exception" not in answer.text
    assert "Traceback" not in answer.text
    return answer.status_code, document["code"]


async def test_an_organisation_tells_its_numbers_and_those_below(
    history: World, tmp_path: Path
) -> None:
    """Totals by element, children in the same shape, and children add up."""
    async with site_of(history, tmp_path) as site:
        told = (await site.get(f"/v1/orgs/{CITY}", site.token(CITY), as_of=written(PAST))).json()

    assert (told["code"], told["name"], told["level"]) == (CITY, "厦门市", "city")
    for element in ELEMENTS:
        expected = total_by_hand(history.entries, element, CITY, PAST)
        assert told["counts"][element]["total"] == expected
        assert sum(child["counts"][element] for child in told["children"]) == expected
    own = [child for child in told["children"] if child["own"]]
    assert [child["code"] for child in own] == [CITY]
    assert {"350203000000", "350206000000"} <= {c["code"] for c in told["children"]}


@pytest.mark.parametrize("panel", PANELS)
async def test_a_panel_is_a_frame(history: World, tmp_path: Path, panel: str) -> None:
    """Each panel answers with its frame, for a past moment too."""
    async with site_of(history, tmp_path) as site:
        answer = await site.get(
            f"/v1/orgs/{PROVINCE}/panels/{panel}", site.token(PROVINCE), as_of=written(PAST)
        )

    assert answer.headers["cache-control"] == "no-store"
    if panel == "freshness":
        fresh = msgspec.json.decode(answer.content, type=frames.FreshnessFrame)
        assert fresh.as_of == PAST
    else:
        frame = msgspec.json.decode(answer.content, type=frames.ElementFrame)
        assert frame.as_of == PAST
        assert frame.total == total_by_hand(history.entries, panel, PROVINCE, PAST)


async def test_a_moment_may_be_written_with_any_offset(history: World, tmp_path: Path) -> None:
    """+08:00 and Z name the same moment."""
    eastern = PAST.astimezone(timezone(timedelta(hours=8)))
    async with site_of(history, tmp_path) as site:
        token, path = site.token(PROVINCE), f"/v1/orgs/{PROVINCE}/panels/case"
        one = await site.get(path, token, as_of=written(PAST).replace("+00:00", "Z"))
        other = await site.get(path, token, as_of=written(eastern))

    assert one.json() == other.json()


async def test_the_future_is_not_known_yet(history: World, tmp_path: Path) -> None:
    """A moment past what the views show is answered for the newest that they do."""
    async with site_of(history, tmp_path) as site:
        answer = await site.get(
            f"/v1/orgs/{PROVINCE}", site.token(PROVINCE), as_of="2099-01-01T00:00:00Z"
        )

    told = datetime.fromisoformat(answer.json()["as_of"])
    assert told == history.watermark.astimezone(UTC)


async def test_a_number_opens_into_its_list_over_http(history: World, tmp_path: Path) -> None:
    """The panel's total, page by page, at one moment."""
    async with site_of(history, tmp_path) as site:
        token, as_of = site.token(CITY), written(PAST)
        frame = (await site.get(f"/v1/orgs/{CITY}/panels/case", token, as_of=as_of)).json()
        query: dict[str, Any] = {"as_of": as_of, "limit": 1}
        found: list[dict[str, Any]] = []
        while True:
            page = (await site.get(f"/v1/orgs/{CITY}/elements/case", token, **query)).json()
            found += page["items"]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]

    assert len(found) == frame["total"] > 1
    assert all(item["org"].startswith("3502") for item in found)


async def test_a_cursor_carries_its_moment(history: World, tmp_path: Path) -> None:
    """The next page needs the cursor alone; another moment beside it is refused."""
    async with site_of(history, tmp_path) as site:
        token, path = site.token(PROVINCE), f"/v1/orgs/{PROVINCE}/elements/case"
        first = (await site.get(path, token, as_of=written(PAST), limit=1)).json()
        next_ = (await site.get(path, token, cursor=first["next"], limit=1)).json()
        other = await site.get(path, token, cursor=first["next"], as_of=written(START))

    assert next_["as_of"] == first["as_of"]
    assert next_["items"] != first["items"]
    assert problem(other) == (422, "invalid_cursor")


async def test_lists_on_the_axis_of_the_world(history: World, tmp_path: Path) -> None:
    """axis=occurred is answered from what is known now."""
    async with site_of(history, tmp_path) as site:
        answer = await site.get(
            f"/v1/orgs/{PROVINCE}/elements/person",
            site.token(PROVINCE),
            axis="occurred",
            as_of=written(PAST),
        )

    wish = Wish("person", PROVINCE, sorted(ELEMENTS["person"].active), 50)
    expected = await history.drilldown.as_was(wish, BEGINNING, PAST, history.watermark)
    assert [i["id"] for i in answer.json()["items"]] == [i["id"] for i in expected["items"]]


async def test_a_thing_and_a_timeline_open(history: World, tmp_path: Path) -> None:
    """From a list to a case, and to its story on both axes."""
    async with site_of(history, tmp_path) as site:
        token = site.token(PROVINCE, "supervisor")
        thing = (await site.get("/v1/elements/case/A3", token)).json()
        for axis in ("occurred", "received"):
            story = (await site.get("/v1/cases/A3/timeline", token, axis=axis)).json()
            assert (story["case_no"], story["axis"]) == ("A3", axis)
            assert "case" in {one["element"] for one in story["things"]}
            assert story["events"]

    assert (thing["element"], thing["id"]) == ("case", "A3")
    assert thing["events"]
    assert thing["links"]


async def test_organisations_of_the_scope_and_no_others(history: World, tmp_path: Path) -> None:
    """The listed ones, and the stations that were ever responsible for anything."""
    async with site_of(history, tmp_path) as site:
        items = (await site.get("/v1/orgs", site.token(COUNTY))).json()["items"]
        all_ = (await site.get("/v1/orgs", site.token(PROVINCE))).json()["items"]

    assert [item["code"] for item in items] == [COUNTY, STATION, "350203510000"]
    assert items[1]["parent"] == COUNTY
    assert {o.code for o in FUJIAN} < {item["code"] for item in all_}


async def test_words_and_map(history: World, tmp_path: Path) -> None:
    """The vocabulary names every status in two languages; the map has every county."""
    async with site_of(history, tmp_path) as site:
        words = (await site.get("/v1/vocabulary", site.token(COUNTY))).json()
        map_ = (await site.get("/v1/map", site.token(COUNTY))).json()

    assert [element["name"] for element in words["elements"]] == list(ELEMENTS)
    person = words["elements"][1]
    assert person["character"] == "人"
    assert {"name": "released", "zh": "已离区", "en": "Released", "active": False} in (
        person["statuses"]
    )
    assert words["time_zone"] == "Asia/Shanghai"
    assert "天地图" in words["map_attribution"]
    assert len(map_["objects"]["counties"]["geometries"]) == 84


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/orgs/350206000000", 403, "out_of_scope"),
        ("/v1/orgs/350200000000", 403, "out_of_scope"),
        ("/v1/orgs/350203", 404, "unknown_org"),
        (f"/v1/orgs/{COUNTY}/panels/weather", 404, "unknown_panel"),
        ("/v1/orgs/350206000000/panels/case", 403, "out_of_scope"),
        (f"/v1/orgs/{COUNTY}/elements/weather", 404, "unknown_element"),
        (f"/v1/orgs/{PROVINCE}/elements/case", 403, "out_of_scope"),
        (f"/v1/orgs/{COUNTY}/elements/case?status=happy", 422, "unknown_status"),
        (f"/v1/orgs/{COUNTY}/elements/case?cursor=%F0%9F%92%A9", 422, "invalid_cursor"),
        (f"/v1/orgs/{COUNTY}/elements/case?cursor=AAAA", 422, "invalid_cursor"),
        (f"/v1/orgs/{COUNTY}/elements/case?limit=many", 422, "invalid_parameter"),
        (f"/v1/orgs/{COUNTY}/elements/case?axis=sideways", 422, "invalid_parameter"),
        (f"/v1/orgs/{COUNTY}?as_of=yesterday", 422, "invalid_parameter"),
        (f"/v1/orgs/{COUNTY}?as_of=2026-11-22T10:00:00", 422, "invalid_parameter"),
        ("/v1/elements/weather/1", 404, "unknown_element"),
        ("/v1/elements/case/nobody", 404, "not_found"),
        ("/v1/cases/nobody/timeline", 404, "not_found"),
        ("/v1/elements/case/' OR 1=1 --", 404, "not_found"),
        ("/v1/demo/session", 404, "not_found"),
        ("/v1/nothing", 404, "not_found"),
    ],
)
async def test_what_cannot_be_answered(
    history: World, tmp_path: Path, path: str, status: int, code: str
) -> None:
    """Each has its status and code."""
    async with site_of(history, tmp_path) as site:
        assert problem(await site.get(path, site.token(COUNTY))) == (status, code)


@pytest.mark.parametrize(
    "path",
    ["/v1/vocabulary", "/v1/orgs", "/v1/map", f"/v1/orgs/{COUNTY}",
     f"/v1/orgs/{COUNTY}/panels/case", f"/v1/orgs/{COUNTY}/elements/case",
     "/v1/elements/case/A3", "/v1/cases/A3/timeline"],
)  # fmt: skip
async def test_nothing_is_read_without_a_token_that_may(
    history: World, tmp_path: Path, path: str
) -> None:
    """No token, a forged, an expired one: 401; one that only sends: 403."""
    async with site_of(history, tmp_path) as site:
        expired = site.token(COUNTY, days=-1)
        for token in (None, "forged", expired):
            answer = await site.get(path, token)
            assert problem(answer) == (401, "token_refused")
            assert answer.headers["www-authenticate"] == "Bearer"
        for role in ("centre", "importer"):
            refused = await site.get(path, site.token(COUNTY, role))
            assert problem(refused) == (403, "role_may_not_read")
        for role in ("wall", "supervisor", "legal", "auditor"):
            assert (await site.get(path, site.token(PROVINCE, role))).status_code == 200


async def test_views_that_fail_are_a_problem_that_may_pass(world: World, tmp_path: Path) -> None:
    """503 with Retry-After, and not a word of what failed."""
    world.take([], watermark=START)
    async with site_of(world, tmp_path) as site:
        world.writing.command("DROP TABLE links SYNC")
        world.writing.command("DROP TABLE histories SYNC")

        answer = await site.get("/v1/elements/case/A3", site.token(PROVINCE))

    assert problem(answer) == (503, "views_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "states" not in answer.text


async def test_a_demo_hands_out_a_token_that_only_looks(history: World, tmp_path: Path) -> None:
    """The wall of a demo opens without a login; the token is a wall's of the province."""
    async with site_of(history, tmp_path, demo=True) as site:
        token = (await site.get("/v1/demo/session")).json()["token"]
        identity = site.issuer.verify(token)

        assert (identity.org, identity.role) == (PROVINCE, "wall")
        assert (await site.get("/v1/orgs", token)).status_code == 200


async def test_the_wall_is_served_beside_the_api(history: World, tmp_path: Path) -> None:
    """The page is asked for anew, its hashed files are kept, nothing foreign is loaded."""
    wall = tmp_path / "dist"
    (wall / "assets").mkdir(parents=True)
    (wall / "index.html").write_text("<!doctype html><title>一屏</title>", encoding="utf-8")
    (wall / "assets" / "index-abc123.js").write_text("export {}")
    async with site_of(history, tmp_path, wall=wall) as site:
        page = await site.get("/")
        script = await site.get("/assets/index-abc123.js")
        lost = await site.get("/assets/index-gone.js")
        api = await site.get("/v1/orgs")

    assert "一屏" in page.text
    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    assert "http" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert lost.status_code == 404
    assert api.status_code == 401


async def test_without_a_built_wall_the_api_is_served_alone(history: World, tmp_path: Path) -> None:
    """No dist folder, no page, and no error."""
    async with site_of(history, tmp_path, wall=tmp_path / "nothing") as site:
        assert (await site.get("/")).status_code == 404
        assert (await site.get("/v1/orgs", site.token(PROVINCE))).status_code == 200
