"""Commands of an operator on a data folder that no process serves: verify, views, schemas.

Each loads what it needs alone: the views are looked after without a door or a wall.
"""

from __future__ import annotations

import sys
from contextlib import closing

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.backbone.opening import open_event_store
from services.backbone.settings import Settings
from services.backbone.store_log import StoreLog
from services.projector import commands


def progress_bar(text: str) -> Progress:
    """A progress bar on standard error."""
    return Progress(
        TextColumn(text),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def verify(settings: Settings) -> int:
    """Verify the event store and print what was found; 1 when anything was."""
    from services.ingest.runtime import verify_store

    store = open_event_store(settings, write=False)
    total = sum(head.position for head in store.heads().values())
    with progress_bar("verifying") as bar:
        task = bar.add_task("", total=total)
        findings = verify_store(store, lambda n: bar.advance(task, n))
    store.close()
    for f in findings:
        print(f"{f.what}: {f.node} {f.position} {f.stream} {f.version}: {f.message}")
    print(f"{total} events, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


def views(settings: Settings, action: str, name: str | None) -> int:
    """One of the commands about views, on views that no process serves."""
    dsn = settings.warehouse
    if action == "list":
        return commands.list_views(dsn)
    if action == "plan":
        return commands.plan_views(dsn, settings.cluster)
    if action == "apply":
        return commands.apply_views(dsn, settings.cluster)
    if action == "unlock":
        return commands.unlock_views(dsn, settings.cluster)
    with closing(open_event_store(settings, write=False)) as store:
        log = StoreLog(store, node=settings.node)
        if action == "rebuild":
            return commands.rebuild_view(dsn, name or "", log, settings.cluster)
        if action == "refeed":
            return commands.refeed_views(dsn, log)
        total = sum(log.ends().values())
        return commands.check_views(dsn, log, total, settings.data)


def schema_files(action: str) -> int:
    """Write schemas/generated and docs, or name what differs from them."""
    from schemas import generated_files
    from services.embedded import openapi

    if action == "write":
        for path in generated_files.write(openapi=openapi()):
            print(path)
        return 0
    stale = generated_files.check(openapi=openapi())
    for path in stale:
        print(f"{path} is not what the code says; run `yiping schemas write`")
    return 1 if stale else 0
