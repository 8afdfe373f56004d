"""Skipping fails, however it is done."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
from tests.support.no_skips import pytest_make_collect_report, pytest_runtest_makereport
"""

ALL_WAYS = """
import unittest
import pytest

@pytest.fixture
def part(): pytest.skip('because of: fixture')
def test_fixture(part): pass

@pytest.mark.skip(reason='because of: mark')
def test_mark(): pass

@pytest.mark.skipif(True, reason='because of: condition')
def test_condition(): pass

def test_call(): pytest.skip('because of: call')

class TestCase(unittest.TestCase):
    def test_case(self): self.skipTest('because of: case')

@pytest.mark.xfail(reason='because of: xfail')
def test_xfail(): assert False

def test_xcall(): pytest.xfail('because of: xcall')
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test session of its own, with the hooks under test and no plugin but the workers'."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist")
    pytester.makeconftest(CONFTEST)
    return pytester


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_that_skips_fails(session: pytest.Pytester, workers: str) -> None:
    """Every way to skip or to expect a failure fails with its reason, in this process or not."""
    session.makepyfile(ALL_WAYS)

    result = session.runpytest_subprocess("-n", workers)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes() == {"errors": 3, "failed": 4}
    for way in ("fixture", "mark", "condition", "call", "case", "xfail", "xcall"):
        result.stdout.fnmatch_lines_random([f"*no test may be*because of: {way}*"])


def test_a_module_that_skips_is_an_error(session: pytest.Pytester) -> None:
    """importorskip at the head of a module stops the session."""
    session.makepyfile("import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass")

    result = session.runpytest_subprocess()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*no module may be*no_such_module*"])


def test_other_outcomes_stay(session: pytest.Pytester) -> None:
    """Passed and failed tests are reported as they were."""
    session.makepyfile("def test_right(): pass\ndef test_wrong(): assert False")

    session.runpytest_subprocess().assert_outcomes(passed=1, failed=1)
