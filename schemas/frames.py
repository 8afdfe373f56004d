"""What the live socket ``/v1/live`` carries: commands in, replies and pushes out.  JSON text.

A client numbers its commands, a reply carries the number, a push has none.  A frame is all
that a panel shows of an organisation at a moment; a patch is an RFC 7396 merge patch on it.
docs/protocol.md shows each of them on the wire.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Moment = Annotated[datetime, Meta(tz=True)]
OrgCode = Annotated[str, Meta(pattern=r"^[0-9]{12}$", description="12-digit organisation code")]
ByOrg = Annotated[dict[str, int], Meta(description="Number by organisation code")]
ByStatus = Annotated[dict[str, int], Meta(description="Number by status")]


class Authenticate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first message, within 10 s."""

    token: str


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for a panel of an organisation, from where the client was before if it says where."""

    panel: str
    org: OrgCode
    epoch: str | None = None
    offset: int | None = None


class Unsubscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No more of a channel."""

    channel: str


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask whether the server is there; it answers with an empty ``ok``."""


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Play some panels of an organisation from a moment to another, instead of what is played.

    ``speed`` is seconds of then in a second of now, 1 to 3600.  A ``to`` later than what the
    views show is cut to that.
    """

    org: OrgCode
    panels: list[str]
    from_: Moment = msgspec.field(name="from")
    to: Moment
    speed: int = 1


class Seek(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Go to a moment of the replay; what is paused stays paused."""

    moment: Moment


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stay at the moment shown."""


class Resume(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Play on, at another speed if one is named; from the beginning where the end was shown."""

    speed: int | None = None


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End the replay."""


class Command(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a client sends: a number of its own and exactly one order."""

    id: int
    auth: Authenticate | None = None
    subscribe: Subscribe | None = None
    unsubscribe: Unsubscribe | None = None
    ping: Ping | None = None
    replay: Replay | None = None
    seek: Seek | None = None
    pause: Pause | None = None
    resume: Resume | None = None
    stop: Stop | None = None


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The token is good."""

    server: str
    """Version of the server."""
    time: Moment
    org: OrgCode
    role: str
    heartbeat_s: float
    """A heartbeat comes this often; nothing for three of them means a dead connection."""


class ChildNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of an organisation directly below."""

    total: int
    statuses: ByStatus


class ElementFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A panel of one of the six elements."""

    panel: str
    org: OrgCode
    as_of: Moment
    total: int
    """Things whose status is active."""
    statuses: ByStatus
    """Every status with a level other than 0, final ones too."""
    children: dict[str, ChildNumbers]
    """By code; the organisation's own unit under its own code, so that children add up."""
    counties: ByOrg
    """Active things of every county below, empty for a county; a city's own under its code."""
    trend: dict[str, int | None]
    """Active things at the end of each ten-minute bucket of the last 24 h, by that end.

    The newest bucket is still running and holds ``total``.  Null is an outage: no source sent
    anything in that bucket or in the one before.
    """


class SourceFreshness(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one source is."""

    state: Literal["fresh", "late", "silent", "never"]
    last_received_at: Moment | None
    last_occurred_at: Moment | None
    lag_s: float | None
    """From recording to arriving, of the quickest event among its last five minutes."""
    missing: int
    """Sequence numbers not yet received."""


class FreshnessFrame(msgspec.Struct, frozen=True, kw_only=True):
    """The panel of freshness."""

    panel: Literal["freshness"]
    org: OrgCode
    as_of: Moment
    counts: ByStatus
    """Sources by state, and ``missing``: sequence numbers not yet received."""
    sources: dict[str, SourceFreshness]


Frame = Annotated[
    dict[str, Any], Meta(description="ElementFrame or FreshnessFrame", extra={"frame": True})
]


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """One step from a frame to the next."""

    offset: int
    as_of: Moment
    """Data time: all that was received up to it is shown."""
    patch: dict[str, Any]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole frame, or (``recovered``) every patch since the client's offset; never half."""

    channel: str
    epoch: str
    offset: int
    recovered: bool
    snapshot: Frame | None = None
    patches: list[Patch] | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command was not carried out; ``temporary`` ones may be tried again."""

    code: str
    message: str
    temporary: bool


ReplayState = Literal["playing", "paused", "ended", "stopped"]


class Replaying(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay stands after a command."""

    replay: str
    """Its name; pushes of another one are old."""
    org: OrgCode
    panels: list[str]
    from_: Moment = msgspec.field(name="from")
    to: Moment
    moment: Moment
    speed: int
    state: ReplayState


class PanelChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one panel: the whole frame, or a merge patch on the one that was held."""

    snapshot: Frame | None = None
    patch: dict[str, Any] | None = None


class PatchPush(msgspec.Struct, frozen=True, kw_only=True, tag_field="push", tag="patch"):
    """The next step of a channel; an offset that is not the next one means: subscribe again."""

    channel: str
    offset: int
    as_of: Moment
    patch: dict[str, Any]


class SnapshotPush(msgspec.Struct, frozen=True, kw_only=True, tag_field="push", tag="snapshot"):
    """After a slow spell: replaces what the client holds."""

    channel: str
    epoch: str
    offset: int
    snapshot: Frame


class ReplayPush(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="push", tag="replay"
):
    """All panels of a replay at one moment, so that a screen is never of two."""

    replay: str
    n: int
    """Counts the pushes of the replay; one that is not the next was lost."""
    moment: Moment
    """What every panel shows now, also those that are not named below."""
    speed: int
    state: ReplayState
    frames: dict[str, PanelChange]
    """By panel; those without a change but their ``as_of`` are left out."""
    error: Failure | None = None
    """Why it was paused or stopped, where nobody asked for that."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag_field="push", tag="heartbeat"):
    """The server is there; everything received up to ``as_of`` has been sent.

    Null while nothing was counted yet.
    """

    time: Moment
    as_of: Moment | None


CLOSE_CODES: dict[int, str] = {
    3001: "The server is going down: reconnect.",
    3002: "No token within 10 s: reconnect.",
    3008: "Too slow: reconnect and recover.",
    3500: "Token refused: stop.",
    3501: "Bad message: stop.",
    3502: "Origin refused: stop.",
    3503: "Too many subscriptions: stop.",
}
"""3000 to 3499 ask the client to reconnect, 3500 and above to stop."""
