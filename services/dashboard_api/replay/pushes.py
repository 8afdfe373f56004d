"""What a replay tells its client: one push for all panels of a moment.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from schemas.frames import PanelChange
from services.dashboard_api.errors import NullInPatch
from services.dashboard_api.patch import diff


class Frame:
    """What a panel shows at a moment, for all who are shown it."""

    __slots__ = ("__weakref__", "_after", "built")

    def __init__(self, built: dict[str, Any]) -> None:
        self.built = built
        # Weak, for else each frame would hold the one before, and that one the one before it.
        self._after = WeakKeyDictionary[Frame, PanelChange | None]()

    def whole(self) -> PanelChange:
        """The change for whoever holds nothing."""
        return PanelChange(snapshot=self.built)

    def after(self, held: Frame) -> PanelChange | None:
        """The change for whoever holds another frame, made once; None where nothing but the
        moment differs."""
        if held not in self._after:
            self._after[held] = self._change_from(held)
        return self._after[held]

    def _change_from(self, held: Frame) -> PanelChange | None:
        try:
            patch = diff(held.built, self.built)
        except NullInPatch:
            return self.whole()
        return PanelChange(patch=patch) if patch.keys() - {"as_of"} else None


Picture = Mapping[str, Frame]
"""What every panel of a view shows at one moment."""


class Shown:
    """What the client holds of each panel."""

    def __init__(self) -> None:
        self._held: dict[str, Frame] = {}

    def forget(self) -> None:
        """The client may hold anything: every panel comes whole next."""
        self._held.clear()

    def changes(self, picture: Picture) -> dict[str, PanelChange]:
        """What turns that into a picture, by panel; the client holds the picture from now on."""
        changes = {}
        for panel, frame in picture.items():
            held = self._held.get(panel)
            change = None if held is frame else frame.after(held) if held else frame.whole()
            if change:
                changes[panel] = change
        self._held.update(picture)
        return changes

    def lacks(self, picture: Picture) -> bool:
        """Whether the client holds nothing of a panel."""
        return bool(picture.keys() - self._held.keys())
