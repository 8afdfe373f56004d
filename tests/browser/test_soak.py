"""An hour on a 4K wall with ten changes a second: no growth, no stutter, no complaint."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.conftest import Province
from tests.browser.screen import WITHIN_MS, Screen

MINUTES = float(os.environ.get("YIPING_SOAK_MINUTES", "60"))
CHANGES_PER_S = 10
PEOPLE = 400
"""As many are in the area at most: who comes in beyond that sends the first one out."""
WARM_UP_MS = 120_000
"""By then there are as many people as there stay."""
LOOK_EVERY_MS = 10_000
MOST_GROWTH = 1.05
FEWEST_FPS = 50

_FRAMES = """
() => new Promise((resolve) => {
  const begun = performance.now();
  let frames = 0;
  const count = () => {
    frames += 1;
    const passed = performance.now() - begun;
    if (passed < 5000) requestAnimationFrame(count);
    else resolve(frames / (passed / 1000));
  };
  requestAnimationFrame(count);
})
"""


class Feed(threading.Thread):
    """Sends ten changes each second until it is told to stop."""

    def __init__(self, province: Province) -> None:
        super().__init__(daemon=True)
        self._province = province
        self._ended = threading.Event()
        self.sent = 0

    def run(self) -> None:
        """Persons come in and go out, so that the province stays as large as it is."""
        for second in itertools.count():
            begun = time.monotonic()
            numbers = range(second * CHANGES_PER_S // 2, (second + 1) * CHANGES_PER_S // 2)
            fact = self._province.fact
            self._province.post(
                *(fact("person.admitted", f"R-soak-{n}") for n in numbers),
                *(fact("person.released", f"R-soak-{n - PEOPLE}") for n in numbers if n >= PEOPLE),
            )
            self.sent += CHANGES_PER_S
            if self._ended.wait(max(0.0, 1 - (time.monotonic() - begun))):
                return

    def stop(self) -> None:
        """End after the second that runs."""
        self._ended.set()
        self.join()


@contextmanager
def feeding(province: Province) -> Iterator[Feed]:
    """Changes, until the end of the block."""
    feed = Feed(province)
    feed.start()
    try:
        yield feed
    finally:
        feed.stop()


class Heap(NamedTuple):
    """What is left of a page's heap after collection."""

    held_bytes: int
    """By the page: its objects, arrays, texts and functions."""
    code_bytes: int
    """By V8, for what it has compiled of the page's scripts: a part of them, more as time goes."""


def heap_of(page: Page) -> Heap:
    """Collect twice, for the first collection lets go of what the second one then finds."""
    session, chunks = page.context.new_cdp_session(page), list[str]()
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda told: chunks.append(told["chunk"]))
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    session.detach()
    snapshot = json.loads("".join(chunks))
    meta, nodes = snapshot["snapshot"]["meta"], snapshot["nodes"]
    fields = meta["node_fields"]
    kind, size = fields.index("type"), fields.index("self_size")
    sizes = Counter[str]()
    for node in range(0, len(nodes), len(fields)):
        sizes[meta["node_types"][0][nodes[node + kind]]] += nodes[node + size]
    # What the browser holds for the page is not on its heap; numbers of nodes tell of that.
    held = sizes.total() - sizes["code"] - sizes["native"]
    return Heap(held, sizes["code"])


def nodes_of(page: Page) -> int:
    """How many nodes the page's documents have."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    return next(int(one["value"]) for one in metrics if one["name"] == "Nodes")


def frames_per_s(page: Page) -> float:
    """Frames that the page could paint in a second, over five."""
    return float(page.evaluate(_FRAMES))


@pytest.mark.soak
def test_a_wall_stays_well_for_an_hour(chromium: Browser, province: Province) -> None:
    """What the page holds grows by 5 % at most, 50 frames a second and more, no complaint."""
    viewport = ViewportSize(width=3840, height=2160)
    context = chromium.new_context(viewport=viewport)
    context.set_default_timeout(WITHIN_MS * 4)
    page = context.new_page()
    screen = Screen(page, province.url).open(token=province.wall_token).wait_live()
    rates: list[float] = []
    with feeding(province) as feed:
        page.wait_for_timeout(WARM_UP_MS)
        first, nodes = heap_of(page), nodes_of(page)
        deadline = time.monotonic() + MINUTES * 60
        while time.monotonic() < deadline:
            page.wait_for_timeout(LOOK_EVERY_MS)
            rates.append(frames_per_s(page))
        last = heap_of(page)
    screen.wait_live()
    rates.sort()
    median = rates[len(rates) // 2]
    print(
        f"\n{feed.sent:,} changes in {MINUTES:g} min: it holds {first.held_bytes / 1e6:.2f} → "
        f"{last.held_bytes / 1e6:.2f} MB ({last.held_bytes / first.held_bytes - 1:+.1%}), compiled "
        f"{first.code_bytes / 1e6:.2f} → {last.code_bytes / 1e6:.2f} MB, {nodes:,} → "
        f"{nodes_of(page):,} nodes, {median:.0f} frames/s (least {rates[0]:.0f})"
    )
    assert nodes_of(page) <= nodes * MOST_GROWTH
    context.close()

    assert last.held_bytes <= first.held_bytes * MOST_GROWTH
    assert median >= FEWEST_FPS
    assert screen.complaints == []
