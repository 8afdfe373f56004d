"""The relay of the settings."""

from __future__ import annotations

from services.backbone.broker import parse
from services.backbone.opening import open_event_store, open_relay_place
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics
from services.ingest.relay_runner import Relay, Source


def relay_of(settings: Settings, metrics: Metrics) -> Relay:
    """From YIPING_EVENT_STORE to YIPING_LOG; raises SettingInvalid, and nothing that may pass."""
    return Relay(lambda: open_source(settings), parse("YIPING_LOG", settings.log), metrics)


def open_source(settings: Settings) -> Source:
    """The event store, for reading, with what a relay keeps beside it.

    Raises StoreMissing, StoreUnavailable or SettingInvalid.
    """
    store = open_event_store(settings, write=False)
    return Source(store, open_relay_place(settings, store))
