"""CSV files as people have them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importer.errors import TableUnreadable
from services.importer.rows import NumberedRow
from services.importer.table import Table

LINES = "nr,name\n1,甲\n2,乙\n"


def written(folder: Path, content: bytes, name: str = "log.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, *, delimiter: str = ",", encoding: str = "utf-8") -> list[NumberedRow]:
    """All rows of a file."""
    with Table(path, delimiter=delimiter, encoding=encoding) as table:
        return list(table.rows())


EXPECTED = [NumberedRow(1, {"nr": "1", "name": "甲"}), NumberedRow(2, {"nr": "2", "name": "乙"})]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (LINES.encode(), "utf-8"),
        (LINES.encode("utf-8-sig"), "UTF-8"),
        (LINES.encode("gb18030"), "gb18030"),
        (gzip.compress(LINES.encode(), mtime=0), "utf-8"),
        (
            gzip.compress(LINES[:12].encode(), mtime=0)
            + gzip.compress(LINES[12:].encode(), mtime=0),
            "utf-8",
        ),
        (LINES.replace("\n", "\r\n").encode(), "utf-8"),
        (LINES.replace("\n", "\n\n").encode(), "utf-8"),
        (LINES.replace("甲", '"甲"').encode(), "utf-8"),
    ],
)
def test_a_file_is_read(tmp_path: Path, content: bytes, encoding: str) -> None:
    """Plain or gzipped, whatever its name says, with or without a byte order mark."""
    assert read(written(tmp_path, content), encoding=encoding) == EXPECTED


def test_another_delimiter(tmp_path: Path) -> None:
    """Tabs and semicolons are common."""
    path = written(tmp_path, LINES.replace(",", "\t").encode())

    assert read(path, delimiter="\t") == EXPECTED


def test_a_row_that_does_not_fit_is_told_apart(tmp_path: Path) -> None:
    """Counted with the others, without cells; the next one is read."""
    path = written(tmp_path, b"a,b\n1\n1,2,3\n1,2\n")

    assert read(path) == [
        NumberedRow(1, None), NumberedRow(2, None), NumberedRow(3, {"a": "1", "b": "2"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter", "reason"),
    [
        (b"", "utf-8", ",", "there is no header"),
        (b"a,a\n1,2\n", "utf-8", ",", "two columns are called 'a'"),
        (LINES.encode("gb18030"), "utf-8", ",", "another encoding"),
        (LINES.encode(), "utf-7000", ",", "unknown encoding"),
        (LINES.encode(), "utf-8", ", ", "delimiter"),
        (b'a,b\n"1" 2,3\n', "utf-8", ",", "not CSV"),
        (b'a,b\n"1,2\n', "utf-8", ",", "not CSV"),
        (gzip.compress(LINES.encode(), mtime=0)[:-9], "utf-8", ",", "ends before its end"),
        (gzip.compress(LINES.encode(), mtime=0)[:-8] + b"12345678", "utf-8", ",", "is broken"),
        (b"\x1f\x8bnot a stream", "utf-8", ",", "is broken"),
    ],
)
def test_files_of_no_use(
    tmp_path: Path, content: bytes, encoding: str, delimiter: str, reason: str
) -> None:
    """Each says what is wrong; none ends in a trace of the program."""
    with pytest.raises(TableUnreadable) as caught:
        read(written(tmp_path, content), encoding=encoding, delimiter=delimiter)

    assert reason in caught.value.reason
    assert str(caught.value).startswith("log.csv")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The file is named, in the words of the system."""
    with pytest.raises(TableUnreadable, match="No such file"):
        read(tmp_path / "nothing.csv")


def test_what_could_be_read_of_a_broken_file_is_read(tmp_path: Path) -> None:
    """The rows before the break come first; the error tells after which."""
    path = written(tmp_path, gzip.compress(b"a\n" + b"1\n" * 100_000)[:-9])

    with Table(path) as table, pytest.raises(TableUnreadable) as caught:
        for _ in table.rows():
            pass

    assert caught.value.row == table.row > 0
    assert f"after row {table.row}" in str(caught.value)


def test_progress_is_in_bytes_of_the_file(tmp_path: Path) -> None:
    """From the header to the end, as the file lies on disk."""
    path = written(tmp_path, gzip.compress(LINES.encode()))

    with Table(path) as table:
        assert 0 < table.read_bytes <= table.size_bytes
        assert list(table.rows()) == EXPECTED
        assert table.read_bytes == table.size_bytes == path.stat().st_size


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"))))
def test_any_text_survives_a_quoted_cell(cells: list[str]) -> None:
    """Quotes, commas and line ends within a cell are part of it."""
    from tempfile import TemporaryDirectory

    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    with TemporaryDirectory() as folder:
        path = written(Path(folder), "\n".join(["cell", *quoted]).encode())
        assert [r.cells for r in read(path)] == [{"cell": cell} for cell in cells]
