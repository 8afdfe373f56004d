"""What every door does with a request, whatever brought it: who sends, which events, what is told.

HTTP and Kafka differ in how a request comes and how its answer goes; between the two stands this.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from schemas.organisations import Organisations
from services.backbone.errors import StoreUnavailable, TokenRefused
from services.backbone.event_store import NODE_NAME, Quarantined
from services.backbone.identity import Identity, Issuer, bearer
from services.backbone.log import LOAD_PREFIX
from services.backbone.telemetry import Metrics
from services.backbone.vault import Vault
from services.ingest import bodies
from services.ingest.admission import Admissible, Rights, admit
from services.ingest.application import Answer, Arrival
from services.ingest.decoding import Refusal
from services.ingest.errors import BodyUnreadable, SenderRefused


class Reception:
    """Turns requests into arrivals for the writer; raises what the sender has to be told."""

    def __init__(
        self,
        *,
        vault: Vault,
        issuer: Issuer,
        organisations: Organisations,
        metrics: Metrics,
        body_bytes: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.body_bytes = body_bytes
        """Largest body, unpacked."""
        self._vault = vault
        self._issuer = issuer
        self._organisations = organisations
        self._metrics = metrics
        self._now = now

    def whose(self, authorization: str | None) -> Identity:
        """Whose token an ``Authorization`` header carries; raises SenderRefused (401)."""
        try:
            return self._issuer.verify(bearer(authorization))
        except TokenRefused as refused:
            raise SenderRefused("token_refused", refused.reason, http_status=401) from refused

    def sender(self, authorization: str | None) -> Identity:
        """The same, where the role may send; raises SenderRefused (401 or 403)."""
        identity = self.whose(authorization)
        check_may_send(identity)
        return identity

    def arrivals(
        self,
        identity: Identity,
        shape: bodies.Shape,
        body: bytes,
        encoding: str | None,
        resends: Quarantined | None = None,
    ) -> list[Arrival]:
        """The events of a body, admitted or refused one by one; raises BodyUnreadable."""
        plain = bodies.unpacked(body, encoding, self.body_bytes)
        rights = Rights(identity.scope, identity.role == "importer")
        node = load_node(identity.token_id)
        now = self._now()
        return [
            Arrival(
                raw=raw,
                org=identity.org,
                node=node,
                admitted=admit(raw, rights, self._organisations, now),
                resends=resends.id if resends else None,
            )
            for raw in bodies.events_in(shape, plain)
        ]

    def make_keys(self, arrivals: Sequence[Arrival]) -> None:
        """Sync new persons' keys here, beside the writer, which then finds them made."""
        names = {
            a.admitted.stream
            for a in arrivals
            if isinstance(a.admitted, Admissible) and a.admitted.personal
        }
        if names:
            # A disk that is full is the writer's to tell.
            with contextlib.suppress(StoreUnavailable):
                self._vault.ready(names)

    def tally(self, answers: Sequence[Answer]) -> None:
        """Count what was answered."""
        counts: dict[str, int] = {}
        for answer in answers:
            counts[answer.status] = counts.get(answer.status, 0) + 1
            if answer.error:
                self._metrics.refusals.labels(answer.error["code"]).inc()
        for status, n in counts.items():
            self._metrics.events.labels(status).inc(n)


def check_may_send(identity: Identity) -> None:
    """Raises SenderRefused (403) for a role that reads."""
    if not identity.may_send:
        raise SenderRefused(
            "role_may_not_send", f"a {identity.role} token reads; it sends not", http_status=403
        )


def kept(org: str, body: bytes, why: BodyUnreadable | SenderRefused) -> Arrival:
    """A whole body that goes into the quarantine of an organisation as one."""
    return Arrival(raw=body, org=org, node="", admitted=Refusal(None, why.code, "", why.message))


def load_node(token_id: str) -> str:
    """The node of an importer's log: one for each token."""
    name = f"{LOAD_PREFIX}{token_id}"
    if NODE_NAME.fullmatch(name):
        return name
    return f"{LOAD_PREFIX}{blake2b(token_id.encode(), digest_size=16).hexdigest()}"
