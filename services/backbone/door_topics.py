"""The two topics of the Kafka door: on one centres publish, on the other they are answered."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from schemas.asyncapi_topics import CENTRE_RECEIPTS
from services.backbone import broker
from services.backbone.broker import Topic


def topics_of(setting: str, dsn: str) -> tuple[Topic, Topic]:
    """The topics of messages and of receipts that a DSN names; raises SettingInvalid.

    The option ``receipts`` names the second one.
    """
    place, mark, query = dsn.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    receipts = options.pop("receipts", CENTRE_RECEIPTS)
    requests = broker.parse(setting, f"{place}{mark}{urlencode(options)}")
    other = f"{place.rpartition('/')[0]}/{receipts}{mark}{urlencode(options)}"
    return requests, broker.parse(setting, other)
