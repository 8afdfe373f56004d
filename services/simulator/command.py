"""``yiping simulate``: a province of centres that speaks to a server's public doors."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from schemas import organisations
from services.backbone.settings import from_environment
from services.simulator import journal
from services.simulator.clock import WallClock
from services.simulator.errors import OptionInvalid, SimulatorError
from services.simulator.post_office import PostOffice
from services.simulator.progress import OnScreen, Progress, Quiet
from services.simulator.province import CENTRES
from services.simulator.simulation import Options, Simulation
from services.simulator.tokens import OneToken, OwnTokens, Tokens

STATE_FILE = "simulator.json"
DIFFERENCES_SHOWN = 20
LAST_ANSWERS_S = 5.0
"""After a signal it waits so long for the answers to what is on its way."""

DESCRIPTION = """\
A made-up province: incidents, persons, property, cases, rooms and dossiers of 92 centres, posted
to a server's public door as the centres' own systems would, about 90,000 events a day.

The same --seed makes the same province.  With --days it first loads that much history, then goes
live and stays live until it is stopped.  Started again with the same --state (or --data) it loads
what it missed and goes on; nothing is lost or doubled when it, or the server, is killed.
"""
EXAMPLES = """\
examples:
  yiping simulate --url http://127.0.0.1:8000 --data DIR --days 7
      a week of history, then live; tokens and memory come from the server's own data folder
  yiping simulate --url URL --token TOKEN
      live alone, an empty province; one token for all (also in YIPING_TOKEN)
  yiping simulate --url URL --data DIR --days 1 --rate 200 --live-s 60
      200 events a second for a minute: the province's clock runs faster, the mix stays the same
  yiping simulate --url URL --data DIR --rate 50 --faults 0.1 --journal j.ndjson
      one event in ten late, doubled, corrected, malformed …; each answer is noted beside the
      one that it must be
  yiping simulate --kafka kafka://127.0.0.1:9092/centre.events.v1 --data DIR --rate 50
      the same through the Kafka door; the answers are the receipts
  yiping simulate --check j.ndjson
      read that journal: exit 1 when an answer was not the one that it had to be

--rate changes how fast the province's clock runs, so numbers of days may run ahead of the wall's.
An empty province takes its own first hours to fill; with --days 1 the rate is there at once.
Ctrl-C ends it in order; exit code 1 says that a door gave an answer that it must not give.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``yiping simulate``."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_argument_group("what is sent")
    what.add_argument(
        "--days",
        type=float,
        default=0.0,
        metavar="N",
        help="days of history to load before it goes live (0)",
    )
    what.add_argument(
        "--rate",
        type=float,
        metavar="EV_PER_S",
        help="live events a second in the whole (the province's own: about 1)",
    )
    what.add_argument(
        "--centres",
        type=int,
        default=CENTRES,
        metavar="N",
        help=f"how many of the centres send, spread over the cities ({CENTRES})",
    )
    what.add_argument(
        "--seed", type=int, default=1, metavar="N", help="another seed, another province (1)"
    )
    what.add_argument(
        "--faults",
        type=float,
        default=0.0,
        metavar="RATIO",
        help="share of events that are disturbed, 0 to 1 (0)",
    )
    what.add_argument(
        "--live-s",
        type=float,
        metavar="SECONDS",
        help="stop after so long live; 0 loads history alone (never)",
    )
    where = parser.add_argument_group("where to, and as whom")
    where.add_argument("--url", help="the server, as http://127.0.0.1:8000")
    where.add_argument(
        "--kafka",
        metavar="DSN",
        help="publish to a Kafka door instead: kafka://HOST:PORT/TOPIC, as YIPING_DOOR names it",
    )
    where.add_argument(
        "--token",
        default=os.environ.get("YIPING_TOKEN"),
        metavar="TOKEN",
        help="one token for all centres; history needs an importer's (YIPING_TOKEN)",
    )
    where.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the server's data folder: each centre gets a token of its own",
    )
    where.add_argument("--gzip", action="store_true", help="compress what is posted")
    keep = parser.add_argument_group("what is kept")
    keep.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help=f"remember how far it came (DIR/{STATE_FILE} with --data, else nothing)",
    )
    keep.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="note each event, the answer it must get and the answer it got",
    )
    keep.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="send nothing: compare the answers in a journal, exit 1 on a difference",
    )
    keep.add_argument("--quiet", action="store_true", help="show no progress")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Simulate, or check a journal; 0 when all is as it must be, 1 when not, 2 on a mistake."""
    try:
        if arguments.check:
            return check(arguments.check)
        return asyncio.run(_simulate(arguments))
    except (SimulatorError, OSError) as error:
        print(f"yiping simulate: {error}", file=sys.stderr)
        return 2


def check(file: Path) -> int:
    """Print how a journal differs from what it had to be; 1 when it does."""
    lines = found = 0

    def counted() -> journal.Lines:
        nonlocal lines
        for line in journal.read(file):
            lines += 1
            yield line

    for difference in journal.differences(counted()):
        found += 1
        if found <= DIFFERENCES_SHOWN:
            print(f"{file}, line {difference.line}: {difference.reason}")
    print(f"{lines} answers, {found} differences", file=sys.stderr)
    return 1 if found else 0


async def _simulate(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    settings = from_environment(arguments.data)
    known = organisations.load(settings.organisations)
    tokens: Tokens
    if arguments.data:
        tokens = OwnTokens(settings.data, known.root.code)
    elif arguments.token:
        tokens = OneToken(arguments.token)
    else:
        raise OptionInvalid("--token", "say who is sending: --token TOKEN, or --data DIR")
    progress: Progress = Quiet() if arguments.quiet else OnScreen()
    simulation = Simulation(options, known, tokens, WallClock(), progress)
    office = await _until_stopped(simulation)
    if office is None:
        return 0
    for odd in office.odd:
        print(f"yiping simulate: {odd}", file=sys.stderr)
    return 1 if office.unexpected else 0


async def _until_stopped(simulation: Simulation) -> PostOffice | None:
    """Run until a signal ends it; None when the server would not answer even then."""
    running = asyncio.ensure_future(simulation.run())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        simulation.stop()
        loop.call_later(LAST_ANSWERS_S, running.cancel)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        return await running
    except asyncio.CancelledError:
        return None


def _options(arguments: argparse.Namespace) -> Options:
    """The options as a run takes them; raises OptionInvalid."""
    if bool(arguments.url) == bool(arguments.kafka):
        raise OptionInvalid("--url", "name the server, as http://127.0.0.1:8000, or a --kafka")
    if not 0 <= arguments.faults <= 1:
        raise OptionInvalid("--faults", "is a share from 0 to 1")
    if arguments.rate is not None and arguments.rate <= 0:
        raise OptionInvalid("--rate", "is more than 0")
    if not 0 <= arguments.days <= 366:
        raise OptionInvalid("--days", "is 0 to 366")
    state = arguments.state
    if state is None and arguments.data:
        state = arguments.data / STATE_FILE
    return Options(
        url=arguments.url or "",
        kafka=arguments.kafka,
        days=arguments.days,
        rate=arguments.rate,
        centres=arguments.centres,
        seed=arguments.seed,
        faults=arguments.faults,
        live_s=arguments.live_s,
        compress=arguments.gzip,
        journal=arguments.journal,
        state=state,
    )
