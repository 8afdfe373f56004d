"""The built wall at ``/``: files with a hash in their name for ever, the page itself never kept."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Nothing from outside, nothing inline but style attributes, which charts set on their elements.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)


class _WallFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        hashed = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def built() -> Path:
    """Where ``make setup`` puts the built wall."""
    return Path(str(resources.files(__package__) / "wall" / "dist"))


def mount(app: FastAPI, folder: Path) -> bool:
    """Serve the wall below ``/``, after all other routes; False when none was built."""
    if not (folder / "index.html").is_file():
        return False
    app.mount("/", _WallFiles(directory=folder, html=True), name="wall")
    return True
