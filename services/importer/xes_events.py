"""The elements of an XES log, as a parser meets them, into events.  Pure."""

from __future__ import annotations

from services.importer.errors import LogInvalid
from services.importer.rows import CELL_CHARACTERS, SEPARATOR

VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
CONTAINERS = frozenset({"list", "container"})
PASSED = frozenset({"extension", "classifier"})
TRACE, EVENT = "case:", ""

Cells = dict[str, str]


class XesEvents:
    """Hears of elements in their order; ``take`` gives the events that are whole."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._names: list[str] = []
        """The columns of the attributes that stand open, the innermost last."""
        self._log: Cells = {}
        self._cells = self._log
        """Where attributes go that are met now."""
        self._trace: Cells = {}
        self._defaults: dict[str, Cells] = {TRACE: {}, EVENT: {}}
        self._is_default = False
        self._prefix = ""
        self._traces_begun = self._events_begun = False
        self._whole: list[Cells] = []

    def take(self) -> list[Cells]:
        """The events that have ended since the last call."""
        whole, self._whole = self._whole, []
        return whole

    def entity(self, *_declaration: object) -> None:
        """Entities are refused: one that names others can grow beyond any memory."""
        raise LogInvalid("declares an entity, which no XES log needs")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; raises LogInvalid."""
        name = tag.rpartition(":")[2]
        outer = self._open[-1] if self._open else ""
        self._open.append(name)
        if name in VALUES or name in CONTAINERS:
            self._attribute(name, attributes)
        elif not outer:
            self._begin_log(name)
        elif outer == "log":
            self._begin_part(name, attributes)
        elif name == "event" and outer == "trace":
            self._events_begun = True
            self._begin(EVENT)
        elif not (name == "values" and outer in CONTAINERS):
            raise LogInvalid(f"<{name}> does not belong into <{outer}>")

    def _begin_log(self, name: str) -> None:
        if name != "log":
            raise LogInvalid(f"is not an XES log: its root is <{name}>")
        self._cells, self._prefix = self._log, "log:"

    def _begin_part(self, name: str, attributes: dict[str, str]) -> None:
        if name == "trace":
            self._traces_begun = True
            self._events_begun = False
            self._trace = self._begin(TRACE)
        elif name == "event":
            raise LogInvalid("an event stands outside of every trace")
        elif name == "global":
            self._begin_global(attributes.get("scope", "event"))
        elif name not in PASSED:
            raise LogInvalid(f"<{name}> does not belong into <log>")

    def _begin_global(self, scope: str) -> None:
        prefixes = {"trace": TRACE, "event": EVENT}
        if scope not in prefixes:
            raise LogInvalid("a global's scope is neither trace nor event")
        if self._traces_begun:
            raise LogInvalid("a global stands behind a trace")
        self._prefix, self._is_default = prefixes[scope], True
        self._cells = self._defaults[self._prefix]

    def _begin(self, prefix: str) -> Cells:
        self._cells, self._prefix = {}, prefix
        return self._cells

    def _attribute(self, kind: str, attributes: dict[str, str]) -> None:
        self._check_place()
        key, value = attributes.get("key"), attributes.get("value", "")
        if not key:
            raise LogInvalid(f"a <{kind}> has no key")
        if kind in VALUES and "value" not in attributes:
            raise LogInvalid(f"a <{kind}> has no value")
        if len(value) > CELL_CHARACTERS:
            raise LogInvalid(f"a <{kind}> is longer than {CELL_CHARACTERS} characters")
        name = f"{self._names[-1]}/{key}" if self._names else f"{self._prefix}{key}"
        self._names.append(name)
        if kind in CONTAINERS or (self._is_default and kind == "date"):
            return
        before = self._cells.get(name)
        self._cells[name] = value if before is None else f"{before}{SEPARATOR}{value}"

    def _check_place(self) -> None:
        if len(self._open) < 2 or self._open[1] in PASSED:
            raise LogInvalid("an attribute stands outside of the log")
        if self._names:
            return
        outer = self._open[-2]
        if outer == "trace" and self._events_begun:
            raise LogInvalid("an attribute of a trace stands behind its events")
        if outer == "log" and self._traces_begun:
            raise LogInvalid("an attribute of the log stands behind a trace")

    def end(self, _tag: str) -> None:
        """An element ends."""
        name = self._open.pop()
        if name in VALUES or name in CONTAINERS:
            self._names.pop()
        elif name == "event":
            self._end_event()
        elif name in ("global", "trace"):
            self._cells, self._prefix, self._is_default = self._log, "log:", False

    def _end_event(self) -> None:
        event = self._cells
        defaults = self._defaults
        self._whole.append(
            self._log | defaults[TRACE] | self._trace | defaults[EVENT] | event
        )  # fmt: skip
        self._cells, self._prefix = self._trace, TRACE
