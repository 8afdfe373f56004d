"""Turns a skipped or xfailed test into a failed one: what isn't tested must not look tested."""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips, or fails as it was expected to, fails with the reason that it gave."""
    report = yield
    if report.skipped:
        report.longrepr = f"skipped or xfailed, which no test may be: {_reason(report)}"
        report.outcome = "failed"
        # Left in place it would still be counted as xfailed.
        vars(report).pop("wasxfail", None)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself is an error of collection."""
    report = yield
    if report.skipped:
        report.longrepr = f"skipped, which no module may be: {_reason(report)}"
        report.outcome = "failed"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    return str(getattr(report, "wasxfail", "") or report.longrepr)
