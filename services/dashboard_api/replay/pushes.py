"""What a replay tells its client: one push for all panels of a moment.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.frames import PanelChange
from services.dashboard_api.errors import NullInPatch
from services.dashboard_api.patch import diff


class Shown:
    """What the client holds of each panel."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """The client may hold anything: every panel comes whole next."""
        self._held.clear()

    def change(self, panel: str, frame: dict[str, Any]) -> PanelChange | None:
        """What turns that into a frame; None where it differs in nothing but its moment.

        The frame is what the client holds from now on.
        """
        held = self._held.get(panel)
        if held is None:
            self._held[panel] = frame
            return PanelChange(snapshot=frame)
        try:
            patch = diff(held, frame)
        except NullInPatch:
            self._held[panel] = frame
            return PanelChange(snapshot=frame)
        if not patch.keys() - {"as_of"}:
            return None
        self._held[panel] = frame
        return PanelChange(patch=patch)

    def lacks(self, panels: Mapping[str, object] | tuple[str, ...]) -> list[str]:
        """Those panels of which the client holds nothing."""
        return [panel for panel in panels if panel not in self._held]
