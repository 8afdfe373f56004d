"""A wall as docs/protocol.md asks for one: holds frames, applies patches, notices gaps."""

from __future__ import annotations

from typing import Any

import msgspec

from services.dashboard_api.channel import Channel
from services.dashboard_api.live import Live
from services.dashboard_api.patch import apply


class Wall:
    """What a client holds of each channel."""

    def __init__(self) -> None:
        self.frames: dict[str, dict[str, Any]] = {}
        self.at: dict[str, tuple[str, int]] = {}
        self.kinds: list[str] = []
        self.gaps = 0

    def answered(self, ok: dict[str, Any]) -> None:
        """Take the answer to a subscribe."""
        name = ok["channel"]
        if ok["recovered"]:
            assert self.at[name][0] == ok["epoch"]
            for patch in ok["patches"]:
                self._patch(name, patch)
            assert self.at[name] == (ok["epoch"], ok["offset"])
        else:
            self.frames[name] = ok["snapshot"]
            self.at[name] = (ok["epoch"], ok["offset"])

    def pushed(self, push: dict[str, Any]) -> None:
        """Take a push."""
        self.kinds.append(push["push"])
        if push["push"] == "snapshot":
            self.frames[push["channel"]] = push["snapshot"]
            self.at[push["channel"]] = (push["epoch"], push["offset"])
        elif push["push"] == "patch":
            self._patch(push["channel"], push)

    def _patch(self, name: str, patch: dict[str, Any]) -> None:
        epoch, offset = self.at[name]
        self.gaps += patch["offset"] != offset + 1
        self.frames[name] = apply(self.frames[name], patch["patch"])
        self.at[name] = (epoch, patch["offset"])


class InsideWall(Wall):
    """A wall that hangs on ``Live`` itself, without a socket."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live
        live.deliver = self._deliver

    def watch(self, panel: str, org: str, *, recover: bool = False) -> None:
        """Subscribe, from what was held when asked to recover."""
        epoch, offset = self.at[f"{panel}/{org}"] if recover else (None, None)
        _, answer = self._live.subscribe(self, panel, org, epoch, offset)
        self.answered(msgspec.json.decode(answer))

    def leave(self, panel: str, org: str) -> None:
        """Unsubscribe, and hold on to what was there."""
        self._live.unsubscribe(self, f"{panel}/{org}")

    def _deliver(self, _channel: Channel, message: bytes, watchers: set[Any]) -> None:
        if self in watchers:
            self.pushed(msgspec.json.decode(message))
