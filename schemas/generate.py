"""All that is written from the code: JSON Schemas, AsyncAPI, OpenAPI, the page of the classes.

Pure: builds the documents, writes none (``schemas.generated_files`` does).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from schemas.asyncapi import asyncapi
from schemas.classes import CLASSES
from schemas.classes_page import classes_page
from schemas.json_schemas import (
    cloud_event_schema,
    fact_file,
    fact_schema,
    log_mark_schema,
    log_record_schema,
    receipt_schema,
)

GENERATED = "schemas/generated"
CLASSES_PAGE = "docs/classes.md"


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas by file name: of each class, the envelope, the log and the receipts."""
    found = {fact_file(type_): fact_schema(row) for type_, row in CLASSES.items()}
    found["cloud_event.json"] = cloud_event_schema()
    found["log_record.json"] = log_record_schema()
    found["log_mark.json"] = log_mark_schema()
    found["receipt.json"] = receipt_schema()
    return found


def documents(openapi: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Text of every generated file by its path below the project folder.

    ``openapi`` is the document of the HTTP doors, which only the running code knows.
    """
    version = metadata.version("yiping")
    found: dict[str, Mapping[str, Any]] = {**json_schemas(), "asyncapi.json": asyncapi(version)}
    if openapi is not None:
        found["openapi.json"] = openapi
    texts = {f"{GENERATED}/{name}": as_text(document) for name, document in found.items()}
    texts[CLASSES_PAGE] = classes_page()
    return texts


def as_text(document: Mapping[str, Any]) -> str:
    """A document as the files hold it."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
