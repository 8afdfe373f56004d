"""``yiping topics plan | apply``: the topics of the settings, as the platform needs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from services.backbone import broker, topics
from services.backbone.broker import Topic
from services.backbone.door_topics import topics_of
from services.backbone.errors import SettingInvalid
from services.backbone.settings import Settings
from services.backbone.topics import Change, Declared

_Work = Callable[[Topic, Sequence[Declared]], list[Change]]


def plan(settings: Settings) -> int:
    """Print what ``apply`` would do; raises LogUnavailable and SettingInvalid."""
    return _report(_each(settings, topics.plan))


def apply(settings: Settings) -> int:
    """Make the topics and set what differs, which is printed; raises as ``plan``."""
    return _report(_each(settings, topics.apply))


def _each(settings: Settings, work: _Work) -> list[Change]:
    return [change for place, wanted in _wanted(settings) for change in work(place, wanted)]


def _wanted(settings: Settings) -> list[tuple[Topic, list[Declared]]]:
    """Where to look, and what should be there; the door may be on brokers of its own."""
    wanted: list[tuple[Topic, list[Declared]]] = []
    if settings.log.startswith(broker.SCHEME):
        log = broker.parse("YIPING_LOG", settings.log)
        wanted.append((log, [topics.log_topic(log.name)]))
    if settings.door:
        requests, receipts = topics_of("YIPING_DOOR", settings.door)
        declared = [topics.door_topic(requests.name), topics.receipts_topic(receipts.name)]
        wanted.append((requests, declared))
    if not wanted:
        raise SettingInvalid("YIPING_LOG", settings.log, "kafka://HOST:PORT,…/TOPIC")
    return wanted


def _report(changes: list[Change]) -> int:
    for change in changes:
        print(change)
    print(f"{len(changes)} changes", file=sys.stderr)
    return 0
