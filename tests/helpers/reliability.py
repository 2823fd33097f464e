"""What the tests did to the program, as a table for people: docs/reliability.md is written by them.

A test that injects a fault says so with a mark, and how often where that is not once:

    @pytest.mark.fault("The backend is killed", "SIGKILL after 1, 2, 5 and 9 frames")
    def test_…(injected):
        injected(4)

With `--reliability docs/reliability.md` the rows of what has run are written into that page; rows of tests that did
not run this time stay as they are.
"""

from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import pytest

HEAD = "| fault | how it is injected | how often | held |\n|---|---|---:|---:|\n"
TIMES = "times injected"

Rows = dict[tuple[str, str], tuple[int, int]]  # (fault, how) → (how often, of these held)
done = pytest.StashKey[Rows]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reliability", type=Path, metavar="PAGE", help="write the table of injected faults into PAGE")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(what, how): this test injects a fault; see tests/reliability.py")
    config.stash[done] = {}


@pytest.fixture
def injected(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Says how often a test injects its fault."""
    return lambda times: request.node.user_properties.append((TIMES, times))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    mark = item.get_closest_marker("fault")
    if mark and not report.skipped and (report.when == "call" or report.failed):
        times = dict(report.user_properties).get(TIMES, 1)
        rows = item.config.stash[done]
        often, held = rows.get(mark.args, (0, 0))
        rows[mark.args] = often + times, held + times * report.passed
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    page, rows = session.config.getoption("--reliability"), session.config.stash[done]
    if page and rows:
        write(page, rows)


def write(page: Path, rows: Rows) -> None:
    """Put rows into the page's table, sorted, in the place of older ones for the same fault."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(HEAD)
    lines = rest.splitlines(keepends=True)
    table = list(takewhile(lambda line: line.startswith("|"), lines))
    known = {line: tuple(cell.strip() for cell in line.split("|")[1:3]) for line in table}
    kept = [line for line in table if known[line] not in rows]
    new = [f"| {what} | {how} | {often:,} | {held:,} |\n" for (what, how), (often, held) in rows.items()]
    after = "".join(lines[len(table) :])
    page.write_bytes((before + HEAD + "".join(sorted(kept + new)) + after).encode())
