"""Run the tests marked `assure("G<n>")` and print for each bar how many cases were tried and how many failed."""

import sys
from collections import Counter

import pytest


class Tally:
    """A pytest plugin that counts cases by bar.

    A test counts as one case, unless it says `record_property("tried", n)` and `record_property("failed", m)`.
    A test that breaks counts as failed at least once; one that was skipped was not tried.
    """

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Carry the bar's name from the mark into the report."""
        mark = item.get_closest_marker("assure")
        if mark:
            item.user_properties.append(("assure", str(mark.args[0])))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a finished test, or one that broke in its fixtures."""
        said = dict(report.user_properties)
        bar = said.get("assure")
        if not isinstance(bar, str) or report.skipped or (report.when != "call" and not report.failed):
            return
        failed = max(int(str(said.get("failed", 0))), int(report.failed))
        self.tried[bar] += max(int(str(said.get("tried", 1))), failed)
        self.failed[bar] += failed


def main() -> int:
    """Run every bar; return 0 when at least one was tried and none failed, else 1."""
    tally = Tally()
    code = pytest.main(["-m", "assure", "-q", *sys.argv[1:]], plugins=[tally])
    for bar in sorted(tally.tried, key=lambda name: (len(name), name)):
        print(f"{bar} tried={tally.tried[bar]} failed={tally.failed[bar]}")
    if not tally.tried:
        print("No test is marked assure: nothing was assured.", file=sys.stderr)
    return 0 if tally.tried and code == pytest.ExitCode.OK and not tally.failed.total() else 1


if __name__ == "__main__":
    sys.exit(main())
