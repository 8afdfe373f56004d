"""``yiping demo``: the embedded server, and a simulated province that speaks to its doors."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlunsplit

from services.backbone.settings import Settings
from services.embedded import serve

POLL_S = 0.1
END_S = 20.0

WELCOME = """
  一屏  {url}

  The wall:       open {url} in a browser (Chinese; the letter L switches to English).
  The province:   92 simulated centres. The first start loads {days} days of history while the
                  wall is up; later starts go on where the last one stopped.
  The API:        {url}/docs     Metrics: {url}/metrics
  A token:        yiping token issue --data {data} --org 350000000000 --role supervisor
  The data:       {data} (remove it to begin anew)
  The end:        Ctrl-C
"""


def demonstrate(settings: Settings, *, host: str, port: int, days: int, seed: int) -> int:
    """Serve a simulated province until asked to end; the simulator is a process of its own."""
    url = urlunsplit(("http", f"{host}:{port}", "", "", ""))
    print(WELCOME.format(url=url, days=days, data=settings.data), file=sys.stderr, flush=True)
    ended = threading.Event()
    simulating = threading.Thread(
        target=_simulate, args=(settings, url, days, seed, ended), name="simulator"
    )
    simulating.start()
    try:
        return serve(settings, host, port)
    finally:
        ended.set()
        simulating.join()


def _simulate(settings: Settings, url: str, days: int, seed: int, ended: threading.Event) -> None:
    """Run the simulator from when the server is ready until the end."""
    if not _wait_until_ready(url, ended):
        return
    process = subprocess.Popen(  # noqa: S603 - the product itself, with its own arguments
        [
            sys.executable, "-m", "services", "simulate",
            "--url", url,
            "--days", str(days),
            "--seed", str(seed),
            "--data", str(settings.data),
            "--state", str(settings.data / "simulator.json"),
        ]
    )  # fmt: skip
    while process.poll() is None and not ended.wait(POLL_S):
        pass
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, ended: threading.Event) -> bool:
    """Wait for every part of the server; False when the end comes first."""
    while not ended.is_set():
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(POLL_S)
    return False
