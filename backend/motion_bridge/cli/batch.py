"""motion-bridge batch SHOT … --output DIR: many takes on one machine, a backend for each GPU.

The frames of one Shot are made in order, each from the one before; so what is spread over GPUs and machines is Shots
and seeds. A take that fails does not keep the others from being made.
"""

import argparse
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import gpu_selection, launch, terminal
from .. import shot as shots
from ..engines import base, precedence
from ..errors import BackendFailed, BadInput, Cancelled, MotionBridgeError
from ..ipc.client import Client
from ..ipc.events import Done, Event, Failed, Unresponsive
from ..shot import Shot
from ..takes import output_path, shot_copy
from . import engine_options
from .event_printer import EventPrinter
from .parser import SEEDS, whole

PULSE = 0.02  # seconds between two looks at the backends
END_PATIENCE = 3.0  # seconds that a backend has to be gone after it was told to end
MOST = 100_000  # takes of one command
BACKEND = Path(__file__).resolve().parents[2]  # the folder that holds the package


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shots", nargs="+", type=Path, metavar="SHOT", help="Shot folders, or folders of Shots")
    parser.add_argument("--output", required=True, metavar="DIR", help="each take is a folder in it, named as its Shot")
    parser.add_argument("--engine", default=base.DEFAULT, help=f"one of {', '.join(base.ENGINES)}")
    parser.add_argument("--seed", type=whole(*SEEDS), help="instead of the Shots' own; the first, with --seeds")
    parser.add_argument(
        "--seeds", type=whole(1, MOST), default=1, metavar="N", help="makes N takes of each Shot, with rising seeds"
    )
    parser.add_argument(
        "--only", type=whole(1, MOST), metavar="K", help="makes the Kth Shot alone: how a farm's task names one"
    )
    parser.add_argument("--gpus", default="all", help="a process for each: all, cpu, or numbers such as 0,2")
    parser.add_argument("--resume", action="store_true", help="make only the frames that are not there yet")
    engine_options.add(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


@dataclass(frozen=True)
class Order:
    """One take to be made."""

    name: str  # its folder's
    shot: Path
    seed: int | None  # None: the Shot's own

    def take(self, output: Path) -> Path:
        return output / self.name


def run(arguments: argparse.Namespace) -> int:
    output = output_path.check_output(arguments.output)
    base.find(arguments.engine)
    found = list(orders(arguments, output))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _cancel)
    machines = gpu_selection.chosen(arguments.gpus)[: len(found)]
    batch = _Batch(arguments, output, found)
    with _backends(machines) as backends:
        try:
            batch.run(backends)
        except Cancelled:
            raise Cancelled(f"Cancelled; {batch.summary()} Use --resume to make the rest.") from None
    if batch.failed:
        worst = max(batch.failed.values(), key=lambda fault: fault.exit_code)
        kind = BadInput if worst.exit_code == BadInput.exit_code else BackendFailed
        raise kind(f"{batch.summary()} Failed: {', '.join(batch.failed)}. Use --resume to make the rest.")
    terminal.note(f"motion-bridge: {batch.summary()}")
    return 0


def orders(arguments: argparse.Namespace, output: Path) -> Iterator[Order]:
    """The takes that are asked for. BadInput where there is no Shot, or two takes would share a folder."""
    folders = [folder for given in arguments.shots for folder in _shots_in(given)]
    names: dict[str, Path] = {}
    for folder in folders:
        name = folder.parent.name if folder.name == shot_copy.FOLDER else folder.name
        if not name:
            raise BadInput(f"{folder} has no name that its take could have; move the Shot into a folder.")
        other = names.setdefault(name.casefold(), folder)  # some disks take no two names that differ in case alone
        if other != folder:
            raise BadInput(f"{other} and {folder} would both be made in {output / name}; rename one of them.")
    if len(folders) * arguments.seeds > MOST:
        raise BadInput(f"{len(folders)} Shots with {arguments.seeds} seeds are more than {MOST:,} takes; ask for less.")
    if arguments.only is not None and arguments.only > len(folders):
        raise BadInput(f"--only is {arguments.only}, and there are {len(folders)} Shots.")
    chosen = folders if arguments.only is None else [folders[arguments.only - 1]]
    for folder in dict.fromkeys(chosen):
        name = folder.parent.name if folder.name == shot_copy.FOLDER else folder.name
        if arguments.seeds == 1 and arguments.seed is None:
            yield Order(name, folder, None)
            continue
        try:
            first = shots.load(folder).seed if arguments.seed is None else arguments.seed
        except BadInput:
            yield Order(name, folder, None)  # it fails in its turn
            continue
        for seed in range(first, first + arguments.seeds):
            yield Order(f"{name}_seed_{seed}", folder, seed)


def _shots_in(given: Path) -> list[Path]:
    """A Shot's folder, or the Shots in a folder in the order of their names."""
    given = given.absolute()
    if (given / "shot.json").is_file():
        return [given]
    below = sorted(given.iterdir()) if given.is_dir() else []
    found = [each for each in below if (each / "shot.json").is_file()]
    found = found or [each / shot_copy.FOLDER for each in below if (each / shot_copy.FOLDER / "shot.json").is_file()]
    if not found:
        raise BadInput(f"{given} is not a Shot and holds none; write one with: blender -b … -c motion_bridge shot")
    return found


class _Backend:
    """A process with its GPU, and the take that it makes; started anew when it has ended."""

    def __init__(self, variables: gpu_selection.Variables):
        self._variables = variables
        self._client: Client | None = None
        self.order: Order | None = None

    def begin(self, order: Order, shot: Path, take: Path, arguments: argparse.Namespace) -> None:
        if self._client is None or not self._client.alive:
            self._client = Client(launch.python_command(sys.executable, "-c", _SERVE, BACKEND), self._variables)
        self.order = order
        self._client.render(shot, take, arguments.engine, arguments.resume, previews=False)

    def poll(self) -> list[Event]:
        return self._client.poll() if self._client and self.order else []

    def close(self) -> None:
        if self._client:
            self._client.close()

    def join(self) -> None:
        if self._client:
            self._client.join(END_PATIENCE)


# `-m motion_bridge serve` of this very package: an isolated Python does not look where another one was told to look.
_SERVE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from motion_bridge.cli.main import main; main(['serve'])"


@contextmanager
def _backends(machines: list[gpu_selection.Variables]) -> Iterator[list[_Backend]]:
    backends = [_Backend(variables) for variables in machines]
    try:
        yield backends
    finally:
        for backend in backends:
            backend.close()
        for backend in backends:
            backend.join()


class _Batch:
    """The takes that are waiting, made and failed."""

    def __init__(self, arguments: argparse.Namespace, output: Path, found: list[Order]):
        self._arguments, self._output = arguments, output
        self._waiting = deque(found)
        self._total, self._made = len(found), 0
        self.failed: dict[str, MotionBridgeError] = {}

    def summary(self) -> str:
        return f"{self._made} of {self._total} takes are complete in {self._output}."

    def run(self, backends: list[_Backend]) -> None:
        while self._waiting or any(backend.order for backend in backends):
            happened = False
            for backend in backends:
                if backend.order is None and self._waiting:
                    self._begin(backend, self._waiting.popleft())
                for event in backend.poll():
                    happened = True
                    self._follow(backend, event)
            if not happened:
                time.sleep(PULSE)

    def _begin(self, backend: _Backend, order: Order) -> None:
        take = order.take(self._output)
        try:
            output_path.check_output(str(take))
            backend.begin(order, self._shot(order, take), take, self._arguments)
        except MotionBridgeError as fault:
            self._fail(order, fault)

    def _shot(self, order: Order, take: Path) -> Path:
        """The Shot's folder; where seed or options change the Shot, that of the take's own copy."""
        arguments = self._arguments
        if order.seed is None and not (arguments.settings or arguments.preset or arguments.set or arguments.like):
            return order.shot
        return shot_copy.keep(_changed(order, arguments), take, arguments.resume)

    def _follow(self, backend: _Backend, event: Event) -> None:
        order = backend.order
        if order is None:
            return
        match event:
            case Done():
                self._made += 1
                backend.order = None
                self._printer(order).done("whole")
            case Failed(error=error):
                backend.order = None
                self._fail(order, error)
            case Unresponsive(seconds=seconds):
                terminal.note(f"motion-bridge: {order.name}: no answer for {seconds:.0f} s")
            case _:
                self._printer(order).event(event)

    def _printer(self, order: Order) -> "_Printer":
        return _Printer(order.name, self._arguments.json, terminal.say, terminal.note, terminal.note)

    def _fail(self, order: Order, fault: MotionBridgeError) -> None:
        self.failed[order.name] = fault
        self._printer(order).failed(fault)


class _Printer(EventPrinter):
    """Each line says which take it is of; a saved frame's path does so itself."""

    def _print(self, line: Callable[[str], None], text: str, event: str, **fields: Any) -> None:
        named = text.startswith((f"{self._name}: ", "Saved: "))
        super()._print(line, text if named else f"{self._name}: {text}", event, take=self._name, **fields)


def _changed(order: Order, arguments: argparse.Namespace) -> Shot:
    """The Shot under the order's seed and the options."""
    shot = shots.load(order.shot)
    if order.seed is not None:
        shot = replace(shot, seed=order.seed)
    engine = base.find(arguments.engine)
    options = engine_options.read(arguments, arguments.engine, shot.frames, shot.settings)
    generation = precedence.over(engine, shot.generation, options.generation)
    if order.seed is not None:
        generation = replace(generation, seed=order.seed)  # over a settings file's own
    engine.check(base.GenerationRequest(generation, shot.frames, shot.fps, options.named))
    return shot.generated_with(generation)


def _cancel(signal_number: int, _: object) -> None:
    raise Cancelled("The batch was cancelled.")
