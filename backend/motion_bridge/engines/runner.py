"""One job from request to frames; the worker runs it for Blender, the command line for itself."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import shot as shots
from .. import terminal
from ..errors import BackendFailed, BadInput, ModelMissing, MotionBridgeError, OutOfMemory
from ..geometry.computed_maps import with_maps
from ..ipc.events import Event, FrameMade, Notice, Progress, Started
from ..model_registry import registry
from ..model_registry import revision as revision_of_model
from ..provenance.record import Record
from ..shot import Shot
from ..takes import output_path, writer
from . import base as engines
from . import diagnostics
from .base import Changes, Frame, GenerationRequest
from .incoming import Incoming, LiveIncoming

LONGEST_SESSION = 100_000  # frames


@dataclass(frozen=True)
class JobRequest:
    """What somebody wants made."""

    job: int  # the number that its events carry
    shot: Path  # a Shot's folder
    output: str  # the take's folder; need not exist
    engine: str
    resume: bool  # make what is missing in a folder that holds frames of this very job
    live: int = 0  # frames that a live session may have, from the Shot's first one on; 0: the Shot's own frames


def run(request: JobRequest, changes: Changes, cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Make the frames of a Shot that are not on disk yet; each is there when its event is yielded.

    Ends normally when all are finished. Raises BadInput, Cancelled, or what stopped the engine as one of errors.py.
    """

    folder = output_path.check_output(request.output)
    yield Progress(request.job, "Reading the shot", 0, 1)
    shot = shots.load(request.shot)
    with _typed(request.engine):
        engine = engines.find(request.engine)
    live = request.live or (_kept_session(folder, shot) if request.resume else 0)
    if live > LONGEST_SESSION:
        raise BadInput(f"A live session of {live} frames is too long; {LONGEST_SESSION} are allowed.")
    if live and not engine.accepts:
        raise BadInput(f"Engine {request.engine} takes no changes while it runs, so it cannot be directed live.")
    if lacking := diagnostics.lack(request.engine):
        raise ModelMissing(f"Engine {request.engine} cannot run here: {lacking}.")
    settings = engines.settings(engine, shot)
    with _typed(request.engine):
        needs = engine.needs(settings)
        engine.check(GenerationRequest(shot.generation, shot.frames, shot.fps))
    if not live:
        shot = with_maps(shot, needs | {"depth"})  # some engines use depth where there is one
    _check_needs(needs, shot, request)
    identity = writer.Identity(shots.digest(request.shot), request.engine, settings)
    numbers = range(shot.frames[0], shot.frames[0] + live) if live else shot.frames
    accepted = engine.accepts | ({"settings"} if request.live else set())  # a session can always be paused
    if request.live:
        incoming: Incoming = LiveIncoming(changes, accepted, cancelled, shot.fps)
    else:
        incoming = Incoming(changes, accepted, cancelled)

    told: list[Record] = []  # what all frames are made with, as soon as it is known

    def chunks(index: int) -> Mapping[str, str]:
        return told[0].chunks(numbers[index])

    with writer.take(folder, identity, numbers, request.resume, chunks) as take, ExitStack() as held:
        total = len(numbers)
        told.append(_record(engine, identity, shot, take))
        yield Started(request.job, total, total - len(take))
        if take.damaged:
            yield Notice(_repaired(take.damaged), request.job)
        yield Progress(request.job, "Loading", len(take), total)
        if live:
            made = held.enter_context(_closing(engine.live(shot, live, take, incoming)))
        else:
            made = held.enter_context(_closing(engine.frames(shot, take, incoming)))
        while True:
            incoming.check_cancelled()
            with _typed(request.engine):
                frame = next(made, None)
            yield from (Notice(sentence, request.job) for sentence in incoming.said)
            incoming.said.clear()
            if frame is None:
                break
            if not isinstance(frame, Frame):
                yield replace(frame, job=request.job)
                continue
            _check_frame(frame, shot, numbers, take, request.engine)
            path = take.save(frame)
            shown = _shown(frame, incoming) if live else {}
            yield FrameMade(request.job, frame.index, numbers[frame.index], path, frame.pixels, live=shown)
            if isinstance(incoming, LiveIncoming):
                incoming.yielded()
            yield Progress(request.job, "Generating", len(take), total)
        if len(take) < total:
            raise BackendFailed(f"Engine {request.engine} stopped after {len(take)} of {total} frames.")


def _record(engine: engines.Engine, identity: writer.Identity, shot: Shot, take: writer.TakeWriter) -> Record:
    """What the frames of a job are made with. A resumed one keeps the model that its first frame names."""
    begun = take.notes(0).get("model") if 0 in take else None
    model, revision = revision_of_model.named(registry.resolve(str(begun or identity.settings.get("model", ""))))
    told = replace(shot.generation, settings=identity.fields()["settings"])
    source_type = engine.source_type(identity.settings)
    return Record(identity.engine, model, revision, source_type, identity.shot, told)


@contextmanager
def _closing(made: Iterator[engines.Made]) -> Iterator[Iterator[engines.Made]]:
    """What an engine makes; a generator ends with the job, at once, so that it can stop what it has begun."""
    try:
        yield made
    finally:
        if isinstance(made, Generator):
            made.close()


def _repaired(names: list[str]) -> str:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{shown}: damaged since {'it was' if len(names) == 1 else 'they were'} finished; made again"


def _check_needs(needs: Iterable[str], shot: Shot, request: JobRequest) -> None:
    for name in sorted(needs):
        if name in ("objects", "geometry") and shot.depth is not None:
            continue  # maps do instead of geometry, and without objects it is one scene that stands still
        if getattr(shot, name) is None:
            raise BadInput(
                f"{request.shot}: engine {request.engine} needs {name}, which this Shot does not hold. Write the Shot "
                "again for this engine."
            )


def _kept_session(folder: Path, shot: Shot) -> int:
    """The frames of a live session that a folder holds: those of a Shot of one frame, as far as they go; 0 if none."""
    names = writer.there(folder)
    last = max((writer.number_of(name) for name in names), default=shot.frames[0])
    return last - shot.frames[0] + 1 if len(shot.frames) == 1 and last > shot.frames[0] else 0


def _shown(frame: Frame, incoming: Incoming) -> Mapping[str, Any]:
    """What a frame of a session says of the moment that it shows."""
    shown = frame.notes.get("live") or {"sample": incoming.sample}
    return {**shown, "chunk": frame.notes.get("chunk", frame.index)}


def _check_frame(frame: Frame, shot: Shot, numbers: Sequence[int], take: writer.TakeWriter, name: str) -> None:
    """What an engine hands over must be a picture; anything else is its own fault and is never written."""
    if not 0 <= frame.index < len(numbers):
        raise BackendFailed(f"Engine {name} made frame {frame.index} of a Shot of {len(numbers)}.")
    fault = f"Engine {name} failed at frame {numbers[frame.index]}: the picture"
    if frame.index in take:
        raise BackendFailed(f"{fault} was finished already.")
    if frame.pixels.shape != (shot.height, shot.width, 3):
        raise BackendFailed(f"{fault} has shape {frame.pixels.shape}, not {(shot.height, shot.width, 3)}.")
    if frame.pixels.dtype.kind == "f" and not np.isfinite(frame.pixels).all():
        raise BackendFailed(f"{fault} holds values that are not numbers.")
    if frame.pixels.dtype != np.uint8:
        raise BackendFailed(f"{fault} is {frame.pixels.dtype}, not uint8.")
    if frame.deep is not None and (frame.deep.dtype != np.uint16 or frame.deep.shape != frame.pixels.shape):
        raise BackendFailed(f"{fault} with 16 bits is {frame.deep.dtype} of shape {frame.deep.shape}.")


@contextmanager
def _typed(name: str) -> Iterator[None]:
    """Turn whatever an engine raises into one of errors.py; what it did not foresee is traced on stderr."""
    try:
        yield
    except MotionBridgeError:
        raise
    except ImportError as fault:
        raise ModelMissing(
            f"Engine {name} cannot be loaded: {fault}. `motion-bridge doctor` says what to install."
        ) from None
    except (Exception, SystemExit) as fault:
        terminal.trace()
        said = f"{type(fault).__name__}: {fault}"
        if isinstance(fault, MemoryError) or type(fault).__name__ == "OutOfMemoryError":  # torch has its own
            raise OutOfMemory(f"Memory ran out in engine {name} ({said}). Make the picture smaller.") from None
        raise MotionBridgeError(f"Engine {name} failed: {said}") from None
