"""What the law makes of one thing's facts: a person's clocks, an item's custody.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from schemas.limits import Limits
from services.dashboard_api.clocks import Clocks, Stay
from services.dashboard_api.custody import custody_of
from services.dashboard_api.dossier_life import life_of
from services.dashboard_api.facts import Fact
from services.dashboard_api.seams import due_checks, gaps_of_stay, overlaps_of_stay
from services.dashboard_api.stays import chain_of, presences


class Law:
    """The limits of the law, and where midnight is."""

    def __init__(self, limits: Limits, zone: tzinfo) -> None:
        self._limits = limits
        self._zone = zone
        self.clocks = Clocks(limits, zone)

    def story(self, facts: Sequence[Fact], stay: Stay | None, as_of: datetime) -> dict[str, Any]:
        """What is told of a thing beside its facts, up to a moment; nothing for most elements.

        ``stay`` is what the clocks rest on, for a person.
        """
        element, id_ = facts[-1].key
        if element == "property":
            return {"custody": custody_of(facts, as_of, self._limits, self._zone)}
        if element == "dossier":
            return {"life": life_of(facts, as_of)}
        if element == "person" and stay is not None:
            chain = chain_of(facts)
            return {
                "clocks": self.clocks.read(stay, as_of),
                "chain": chain,
                "gaps": gaps_of_stay(chain, due_checks(facts), as_of),
                "overlaps": overlaps_of_stay(presences(id_, chain)),
            }
        return {}
