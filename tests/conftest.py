"""What holds for every test."""

from hypothesis import settings

from tests.support.no_skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# A machine that is busy with the other tests is no reason to fail one.
settings.register_profile("yiping", deadline=None)
settings.load_profile("yiping")
