"""Runs test files with pytest, each in a process of its own and under a time limit, and counts what they say.

    python tests/each_file.py --report build/tests/plain [--together 2] [--limit 600] FILE… [-- PYTEST OPTIONS…]

Blender keeps state for as long as its process lives and may crash or hang at its end, so no two files share one. What a
file printed is kept in the report folder; of a failed one it is shown. Exit code 1 when anything failed.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

NOTHING_SELECTED = 5  # pytest's exit code


@dataclass(frozen=True)
class Count:
    """What became of some tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def run_file(file: Path, report: Path, limit: float, options: Sequence[str]) -> Count:
    """Run one file; a crash, a hang or a broken import counts as a failure even when every test passed before it."""
    name = file.with_suffix("").as_posix().replace("/", ".").removeprefix("tests.")
    results, log = report / f"{name}.xml", report / f"{name}.log"
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", str(file), "-q", "-p", "no:cacheprovider", f"--junitxml={results}"]
    start = time.monotonic()
    with open(log, "wb") as output, tempfile.TemporaryDirectory(prefix="motion-bridge-") as scratch:
        process = subprocess.Popen(
            [*command, f"--basetemp={scratch}/pytest", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        _end_group(process)
    count, fault = _judge(results, code, limit)
    print(f"{name:44} {count}  ({time.monotonic() - start:.0f} s){f'  {fault}' if fault else ''}", flush=True)
    if count.failed:
        print(log.read_text(encoding="utf-8", errors="replace")[-12000:], flush=True)
    return count


def _judge(results: Path, code: int | None, limit: float) -> tuple[Count, str]:
    count = _read(results)
    if code is None:
        return count + Count(failed=1), f"stopped after {limit:.0f} s"
    if code == NOTHING_SELECTED or (code == 0 and not count.failed):
        return count, ""
    if code < 0:
        return count + Count(failed=1), f"ended by {signal.Signals(-code).name}"
    if code == 1 and count.failed:
        return count, ""
    return count + Count(failed=1), f"exit code {code}"


def _read(results: Path) -> Count:
    try:
        suite = ElementTree.parse(results).getroot().find("testsuite")
    except (OSError, ElementTree.ParseError):
        return Count()
    if suite is None:
        return Count()
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Count(total - skipped - failed, failed, skipped)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind that the tests started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def main(arguments: Sequence[str]) -> int:
    split = list(arguments).index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--report", type=Path, required=True, help="folder for logs and counts")
    parser.add_argument("--together", type=int, default=1, help="how many files run at a time")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one file")
    given = parser.parse_args(arguments[:split])
    options = arguments[split + 1 :]
    given.report.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(given.together) as pool:
        counts = pool.map(lambda file: run_file(file, given.report, given.limit, options), given.files)
        total = sum(counts, Count())
    (given.report / "count.json").write_text(json.dumps(asdict(total)), encoding="utf-8")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
