"""Problems: every error leaves an application as a document of RFC 9457."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from services.backbone import problems
from services.backbone.problems import Problem

SECRET = "张三 350203199001011234"


@pytest.fixture
def client() -> httpx.AsyncClient:
    """An application that fails in every way."""
    app = FastAPI()
    problems.install(app)

    @app.get("/problem")
    def problem() -> None:
        raise Problem(429, "queue_full", "come back", headers={"Retry-After": "1"}, results=[1])

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError(SECRET)

    @app.get("/status")
    def status() -> None:
        raise HTTPException(418, SECRET)

    @app.get("/number/{n}")
    def number(n: int, limit: int = 1) -> None:
        return None

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://yiping")


async def told(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The problem that a path answers."""
    response = await client.get(path)
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert found.keys() >= {"type", "title", "status", "code", "detail"}
    return found


async def test_a_problem_carries_its_members_and_headers(client: httpx.AsyncClient) -> None:
    """Type and title come from the code."""
    found = await told(client, "/problem")

    assert found == {
        "type": "urn:yiping:problem:queue_full",
        "title": "queue full",
        "status": 429,
        "code": "queue_full",
        "detail": "come back",
        "results": [1],
    }
    assert (await client.get("/problem")).headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/bug", "internal_error", 500),
        ("/status", "http_error", 418),
        ("/nowhere", "not_found", 404),
    ],
)
async def test_no_text_of_an_exception_comes_out(
    client: httpx.AsyncClient, path: str, code: str, status: int
) -> None:
    """It may hold anything; it stays in the log."""
    found = await told(client, path)

    assert (found["code"], found["status"]) == (code, status)
    assert SECRET not in str(found)


async def test_another_method_is_told(client: httpx.AsyncClient) -> None:
    """405, also as a document."""
    response = await client.post("/bug")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


async def test_a_parameter_that_cannot_be_used_is_named(client: httpx.AsyncClient) -> None:
    """Each by its path, without its value."""
    found = await told(client, f"/number/{SECRET}?limit=x")

    assert (found["code"], found["paths"]) == ("invalid_parameter", ["n", "limit"])
    assert SECRET not in str(found)
