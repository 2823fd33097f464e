"""Test files that run in a process of their own: those inside Blender, those of the Blender program, others on request.

Blender keeps state for as long as its process lives, and it may crash or hang at its end, so no two files share one.
Here such a file is read, not imported: each of its test functions is collected as one item. When the first of them is
due, pytest runs the file in another process and its reports are repeated here, one for each test.

    python -m pytest                                 batches of files, two at a time; without bpy Blender's are skipped
    python -m pytest FILE …                          only Blender's files are separate
    python -m pytest --each-file --together 2        every file is separate, two at a time
    python -m pytest --each-file --batch 8           neighbors that need no Blender share a process, to import once
    python -m pytest --in-one-process FILE           nothing is separate: what the other process is told
"""

import ast
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
LOGS = ROOT / "build" / "tests"
IN_BLENDER = ("blender", "real")  # folders whose files always have a process of their own
OPTIONAL = {
    *(
        "accelerate",
        "av",
        "cv2",
        "diffusers",
        "matplotlib",
        "peft",
        "PIL",
        "safetensors",
        "sentencepiece",
        "tokenizers",
    ),
    *("torch", "torchvision", "transformers"),
}
BATCH = 8  # files in a process where all are run: few enough to keep two processes busy, enough to import rarely
LAST_LINES = 12_000  # characters of a log that are shown
NEED_ARGUMENTS = ("skipif", "usefixtures", "parametrize", "timeout", "fault")  # marks that say nothing by their name
NO_TESTS_RAN = 5  # pytest's exit code


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("separate files")
    group.addoption("--each-file", action="store_true", help="run every test file in a process of its own")
    group.addoption("--together", type=int, default=1, metavar="N", help="how many separate files run at a time")
    group.addoption("--batch", type=int, default=1, metavar="N", help="files outside Blender that share a process")
    group.addoption("--file-limit", type=float, default=600, metavar="SECONDS", help="time limit of a separate file")
    group.addoption("--logs", type=Path, default=LOGS, metavar="FOLDER", help="where separate files' output is kept")
    group.addoption("--in-one-process", action="store_true", help="run Blender's files in this very process, too")
    group.addoption("--reports-to", type=Path, metavar="FILE", help="write each report into FILE as a line of JSON")


def pytest_configure(config: pytest.Config) -> None:
    option = config.option
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS  # no file or folder was named
    if everything and not (option.each_file or option.in_one_process or option.usepdb):
        option.each_file, option.batch, option.together = True, BATCH, min(2, os.cpu_count() or 1)
    if path := config.getoption("reports_to"):
        config.pluginmanager.register(_Reporter(config, path))
    elif not config.getoption("in_one_process"):
        config.pluginmanager.register(_Runner(config))


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The extension's __init__.py stands at the root; it is not a test package, and importing it needs Blender."""
    return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector:
    config = parent.config
    folder = module_path.relative_to(TESTS).parts[0] if module_path.is_relative_to(TESTS) else ""
    if not config.getoption("in_one_process") and (config.getoption("each_file") or folder in IN_BLENDER):
        return SeparateFile.from_parent(parent, path=module_path)
    return _Module.from_parent(parent, path=module_path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Blender's tests are slow: to start it for each file takes longer than most tests."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in IN_BLENDER:
            item.add_marker("slow")


class _Module(pytest.Module):
    """A test module; where it cannot be imported for want of torch and its company, its tests are skipped."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        try:
            return list(super().collect())
        except self.CollectError as error:
            cause = error.__cause__
            if isinstance(cause, ModuleNotFoundError) and (cause.name or "").partition(".")[0] in OPTIONAL:
                return list(_items_of(self, f"needs {cause.name}, which is not installed"))
            raise


class SeparateFile(pytest.File):
    """A test file that is run elsewhere."""

    def collect(self) -> Iterator["SeparateTest"]:
        return _items_of(self, _missing(self.path))


class SeparateTest(pytest.Item):
    """One test function of a file that is not imported here, with all its parameters."""

    missing = ""  # what this machine lacks for it

    def runtest(self) -> None:
        pytest.skip(self.missing)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def _items_of(parent: pytest.File, missing: str) -> Iterator[SeparateTest]:
    body = ast.parse(parent.path.read_bytes()).body
    everywhere = [mark for node in body if isinstance(node, ast.Assign) for mark in _marks(node)]
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            marks = [*everywhere, *(mark for decorator in node.decorator_list for mark in _marks(decorator))]
            for name in (node.name, *_asked_for(parent, node.name)):
                item = SeparateTest.from_parent(parent, name=name)
                item.missing = missing
                for mark in marks:
                    item.add_marker(mark)
                if parent.config.pluginmanager.hasplugin("timeout"):
                    item.add_marker(pytest.mark.timeout(0))  # the file has a limit of its own
                yield item


def _marks(node: ast.AST) -> Iterator[str]:
    """The names of `@pytest.mark.slow`, and of `pytestmark = [pytest.mark.slow]`."""
    if isinstance(node, ast.Assign):
        if ast.unparse(node.targets[0]) == "pytestmark":
            for each in node.value.elts if isinstance(node.value, ast.List) else [node.value]:
                yield from _marks(each)
        return
    name = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    if name.startswith("pytest.mark.") and not name.endswith(NEED_ARGUMENTS):
        yield name.removeprefix("pytest.mark.")


def _asked_for(parent: pytest.File, name: str) -> Iterator[str]:
    """Single parameters that the command line names: `test_export.py::test_round_trip[ati]`."""
    for argument in parent.config.args:
        file, _, test = argument.partition("::")
        if test.startswith(f"{name}[") and Path(file).name == parent.path.name:
            yield test


def _missing(path: Path) -> str:
    folder = path.relative_to(TESTS).parts[0]
    if folder == "blender" and importlib.util.find_spec("bpy") is None:
        return "needs Blender's module bpy, which is not installed"
    if folder == "real" and not os.environ.get("BLENDER"):
        return "needs the Blender program; BLENDER=/path/to/blender names one"
    lacking = [name for name in _imported_or_skipped(path) if importlib.util.find_spec(name) is None]
    return f"needs {lacking[0]}, which is not installed" if lacking else ""


def _imported_or_skipped(path: Path) -> Iterator[str]:
    """The modules of a file's own `pytest.importorskip("…")`."""
    for node in ast.parse(path.read_bytes()).body:
        call = node.value if isinstance(node, ast.Expr | ast.Assign) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.importorskip":
            yield str(ast.literal_eval(call.args[0])).partition(".")[0]


@dataclass
class _Run:
    """One file in its own process, or a few neighbors in one."""

    path: Path  # the first
    tests: list[str]
    reports: list[dict] = field(default_factory=list)
    fault: str = ""  # why the process failed, if it did other than by a failed test
    log: str = ""
    seconds: float = 0.0


class _Runner:
    """Starts the separate files, some at a time, in the order in which their tests are due."""

    def __init__(self, config: pytest.Config):
        self.config = config
        self.together = int(config.option.together)
        self.file_limit = float(config.option.file_limit)  # seconds
        self.waiting: list[_Run] = []
        self.started: dict[Path, Future[_Run] | None] = {}
        self.first: dict[Path, Path] = {}  # of the files that share a process
        self.processes: set[subprocess.Popen[bytes]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session):
        self.session = session
        items = [item for item in session.items if isinstance(item, SeparateTest) and not item.missing]
        self.first = _batches(list(dict.fromkeys(item.path for item in items)), self.config.getoption("batch"))
        runs: dict[Path, _Run] = {}
        for item in items:
            path = self.first[item.path]
            runs.setdefault(path, _Run(path, [])).tests.append(item.nodeid)
        self.waiting = list(runs.values())
        with ThreadPoolExecutor(self.together) as self.pool:
            try:
                return (yield)
            finally:
                self.pool.shutdown(wait=False, cancel_futures=True)
                for process in list(self.processes):
                    _end_group(process)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if not isinstance(item, SeparateTest):
            return None
        if item.missing:  # told here: pytest's own way of setting up would wait for a neighbor that runs elsewhere
            why = (str(item.path), 0, f"Skipped: {item.missing}")
            self._tell(pytest.TestReport(item.nodeid, item.location, {}, "skipped", why, "setup"), True, True)
            return True
        path = self.first[item.path]
        self._start_until(path)
        if future := self.started.get(path):
            self.started[path] = None
            self._repeat(future.result())
        return True

    def _start_until(self, path: Path) -> None:
        """Start what is due, and what may run beside it."""
        while self.waiting and (path not in self.started or sum(map(bool, self.started.values())) < self.together):
            run = self.waiting.pop(0)
            self.started[run.path] = self.pool.submit(self._run, run)

    def _run(self, run: _Run) -> _Run:
        name = run.path.relative_to(TESTS).with_suffix("").as_posix().replace("/", ".")
        log = Path(self.config.option.logs) / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        limit = self.file_limit * len({test.partition("::")[0] for test in run.tests})
        start = time.monotonic()
        with open(log, "wb") as output, tempfile.TemporaryDirectory(prefix="motion-bridge-") as scratch:
            reports = Path(scratch) / "reports"
            command = [sys.executable, "-m", "pytest", *self._options(), f"--reports-to={reports}"]
            process = subprocess.Popen(
                [*command, f"--basetemp={scratch}/pytest", *run.tests],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.processes.add(process)
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            _end_group(process)
            self.processes.discard(process)
            lines = reports.read_text(encoding="utf-8").splitlines() if reports.exists() else []
        run.reports = [json.loads(line) for line in lines]
        failed = any(report["outcome"] == "failed" for report in run.reports)
        run.fault = _fault(code, failed, limit)
        run.log = log.read_text(encoding="utf-8", errors="replace")[-LAST_LINES:]
        run.seconds = time.monotonic() - start
        return run

    def _options(self) -> list[str]:
        option = self.config.option
        chosen = [f"-m={option.markexpr}"] * bool(option.markexpr) + [f"-k={option.keyword}"] * bool(option.keyword)
        stop = [f"--maxfail={option.maxfail}"] * bool(option.maxfail)
        table = [f"--reliability={option.reliability.absolute()}"] if option.reliability else []
        return ["-q", "--in-one-process", "-p", "no:cacheprovider", f"--tb={option.tbstyle}", *chosen, *stop, *table]

    def _repeat(self, run: _Run) -> None:
        """Tell this process's pytest what the other one told."""
        self.session.testscollected += len({data["nodeid"] for data in run.reports}) - len(run.tests)
        hook = self.config.hook
        for data in run.reports:
            report = hook.pytest_report_from_serializable(config=self.config, data=data)
            if isinstance(report.longrepr, list):
                report.longrepr = tuple(report.longrepr)  # of a skipped test; JSON knows no tuples
            if isinstance(report, pytest.CollectReport):
                hook.pytest_collectreport(report=report)
            else:
                self._tell(report, first=report.when == "setup", last=report.when == "teardown")
        if run.fault:
            nodeid, file = run.path.relative_to(ROOT).as_posix(), str(run.path)
            text = f"{nodeid} {run.fault}:\n{run.log}"
            fault = pytest.TestReport(nodeid, (file, None, run.path.name), {}, "failed", text, "call")
            self._tell(fault, first=True, last=True)
        if (terminal := self.config.pluginmanager.get_plugin("terminalreporter")) and self.config.get_verbosity() >= 0:
            terminal.write(f" ({run.seconds:.0f} s)")

    def _tell(self, report: pytest.TestReport, first: bool, last: bool) -> None:
        if first:
            self.config.hook.pytest_runtest_logstart(nodeid=report.nodeid, location=report.location)
        self.config.hook.pytest_runtest_logreport(report=report)
        if last:
            self.config.hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)


def _batches(paths: list[Path], most: int) -> dict[Path, Path]:
    """The first file of the batch that each file belongs to: neighbors in one folder, but alone inside Blender."""
    first: dict[Path, Path] = {}
    begin, count = Path(), 0
    for path in paths:
        alone = path.relative_to(TESTS).parts[0] in IN_BLENDER
        if alone or path.parent != begin.parent or count >= most:
            begin, count = path, 0
        first[path], count = begin, count + 1
    return first


def _fault(code: int | None, failed: bool, limit: float) -> str:
    """A crash, a hang or a broken import fails the file even when every test passed before it."""
    if code is None:
        return f"was stopped after {limit:.0f} s"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    if code in (0, NO_TESTS_RAN) or failed:
        return ""
    return f"ended with exit code {code}"


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind that the tests started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


class _Reporter:
    """Writes the reports of this process for the one that started it."""

    def __init__(self, config: pytest.Config, path: Path):
        self.config, self.path = config, path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._write(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self._write(report)

    def _write(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        with open(self.path, "a", encoding="utf-8") as file:
            print(json.dumps(data), file=file, flush=True)
