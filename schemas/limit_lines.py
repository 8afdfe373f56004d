"""Where in a YAML file a decoder's complaint belongs.  Pure."""

from __future__ import annotations

import re

import yaml

Step = str | int

_AT = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MISSING = re.compile(r"^Object missing required field `(.*)`")
_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`")


def steps_in(message: str) -> tuple[tuple[Step, ...], str]:
    """The path and the reason in a message of msgspec."""
    at = _AT.search(message)
    reason = message[: at.start()] if at else message
    path: tuple[Step, ...] = tuple(
        int(index) if index else name for name, index in _STEP.findall(at.group(1) if at else "")
    )
    for pattern, plainly in ((_MISSING, "is missing"), (_UNKNOWN, "is not a key here")):
        if found := pattern.match(reason):
            return (*path, found.group(1)), plainly
    return path, reason


def line_of(node: yaml.Node | None, path: tuple[Step, ...]) -> int:
    """The line of a key, or of the nearest one above it that stands in the file."""
    line = 1
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if step not in pairs:
                break
            key, node = pairs[str(step)]
            line = key.start_mark.line + 1
        else:
            break
    return line
