"""What the tests of deploy/ read of the files of compose."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
Service = dict[str, Any]
FILES = ("compose.yaml", "compose.demo.yaml")
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


def substituted(text: str) -> str:
    """A value as compose fills it where nothing is set."""
    return VARIABLE.sub(lambda match: match[2], text)


def environment(service: Service) -> dict[str, str]:
    """What a service's processes get."""
    given = service.get("environment", {})
    return {name: substituted(str(value)) for name, value in given.items()}


def secrets_of(service: Service) -> set[str]:
    """The names of the secrets that a service gets."""
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}


def mounts(service: Service) -> list[tuple[str, str]]:
    """What is mounted where: a volume's name or a path beside the file, and the path within."""
    split = [one.split(":") for one in service.get("volumes", [])]
    return [(one[0], one[1]) for one in split]


def merged() -> dict[str, Any]:
    """What compose makes of both files: what the later says of a service goes before."""
    whole: dict[str, Any] = {}
    for file in FILES:
        part = yaml.safe_load((DEPLOY / file).read_text(encoding="utf-8"))
        for section, things in part.items():
            if not isinstance(things, dict) or section.startswith("x-"):
                whole[section] = things
                continue
            of = whole.setdefault(section, {})
            for name, thing in things.items():
                of[name] = of.get(name, {}) | thing
    return whole


COMPOSE = merged()
SERVICES: dict[str, Service] = COMPOSE["services"]
PRODUCT = {name: one for name, one in SERVICES.items() if one["image"].startswith("yiping:")}
JOBS = {name for name, one in SERVICES.items() if one["restart"] == "on-failure"}
TOOLS = {name for name, one in SERVICES.items() if "profiles" in one}
SERVERS = SERVICES.keys() - JOBS - TOOLS
