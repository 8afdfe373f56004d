"""What a check found wrong."""

from services.projector.findings import Finding, Findings


def test_equal_values_are_no_finding() -> None:
    """Nothing is noted where both sides agree."""
    findings = Findings()
    findings.same("flows", "a", 1, 1)
    findings.tables("flows", {"a": 1}, {"a": 1})
    findings.rows("things", ("status",), {"a": ("x",)}, {"a": ("x",)})

    assert findings.count == 0


def test_a_missing_and_a_surplus_row_are_found() -> None:
    """Either side may have what the other lacks."""
    findings = Findings()
    findings.rows("things", ("status",), {("case", "A1"): ("x",)}, {("case", "A2"): ("y",)})

    assert findings.listed == [
        Finding("things", "case/A1", "a row", "nothing"),
        Finding("things", "case/A2", "nothing", "a row"),
    ]


def test_columns_that_differ_are_named() -> None:
    """Of a wrong row each wrong column is told, with both values."""
    findings = Findings()
    findings.rows("things", ("org", "status"), {"A1": ("3502", "open")}, {"A1": ("3502", "closed")})

    assert findings.listed == [Finding("things", "A1 status", "open", "closed")]


def test_what_people_wrote_is_not_repeated() -> None:
    """A report can be sent around: it quotes no record."""
    findings = Findings()
    findings.columns("events", "main/1", ("data",), ('{"name":"A"}',), ('{"name":"B"}',))

    assert findings.listed == [Finding("events", "main/1 data", "the recorded text", "another")]


def test_the_list_has_an_end_but_the_count_has_none() -> None:
    """However much is wrong, the report stays readable."""
    findings = Findings(listed=3)
    for number in range(10):
        findings.add("flows", str(number), number, None)

    assert len(findings.listed) == 3
    assert findings.count == 10


def test_long_values_are_cut() -> None:
    """One finding is one line."""
    findings = Findings()
    findings.add("states", "a", "x" * 1000, None)

    assert len(findings.listed[0].expected) == 301
