"""Opens an input file as what its name says that it is, and in the order that a mapping asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.importer.cells import Cell
from services.importer.mapping_file import MappingFile
from services.importer.ocel import OcelLog
from services.importer.rows import Advanced, Rows
from services.importer.sorting import SortedRows
from services.importer.table import Table
from services.importer.xes import XesLog

XES = ".xes"
OCEL = (".json", ".jsonocel")


def open_rows(path: Path, written: MappingFile, advanced: Advanced) -> Rows:
    """The rows of a file; CSV as it comes, XES and OCEL once read through.

    ``advanced`` hears of the reading through.  Raises TableUnreadable.
    """
    kind = path.name.lower().removesuffix(".gz")
    if kind.endswith(XES):
        return XesLog(path, advanced)
    if kind.endswith(OCEL):
        return OcelLog(path, advanced)
    return Table(path, delimiter=written.delimiter, encoding=written.encoding)


def in_order(rows: Rows, order: Sequence[Cell], folder: Path, advanced: Advanced) -> Rows:
    """The same rows, sorted where an order is asked for; see ``SortedRows``."""
    return SortedRows(rows, order, folder=folder, advanced=advanced) if order else rows
