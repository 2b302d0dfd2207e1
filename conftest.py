"""What holds for every test: nothing of the operator's is used, and CI takes a skipped browser test as a failure."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_OPERATORS = ("DISCORD_TOKEN", "DISCORD_API_URL", "DATABASE_URL")


def pytest_configure() -> None:
    """Forget the settings of whoever runs the tests; a home that a test does not choose is an empty folder."""
    # A shell that starts the tests in the background has SIGINT ignored, and every process they start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # So has nohup with SIGHUP.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # One example may take longer than the fifth of a second that Hypothesis grants, on a busy machine.
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
    for name in [name for name in os.environ if name.startswith("EASEL_") or name in _OPERATORS]:
        del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def home_of_no_one() -> Iterator[None]:
    """Keep tests away from the real `~/.easel`."""
    with tempfile.TemporaryDirectory(prefix="easel-home-") as folder:
        os.environ["EASEL_HOME"] = folder
        yield
        del os.environ["EASEL_HOME"]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Mark the reports of browser tests, for the verdict at the end."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    report.is_browser = item.get_closest_marker("browser") is not None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail in CI when a browser test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not reporter or not os.environ.get("CI"):
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if getattr(report, "is_browser", False)]
    if skipped:
        reporter.write_line(f"\n{len(skipped)} browser tests were skipped: install Chromium.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
