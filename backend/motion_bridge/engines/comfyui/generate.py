"""A Shot through a workflow, chunk by chunk: passes up, the prompt into the queue, its pictures down.

A chunk is run when one of its frames is missing, so a resumed job repeats at most one. What was made before is read
from the finished frames, so it is the same whether the job was interrupted or not.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BackendFailed, BadInput
from ...files import regular, writing
from ...files.temporary import temporary_folder
from ...media import apng, movie, png, video
from ...shot import Shot
from ...shot.generation import prompt_at
from ..base import Changes, Finished, Frame, Made, Notice, Preview, Progress
from . import requirements
from . import workflow as workflows
from .address import checked
from .chunks import Chunk, chunks
from .listener import Listener, PreviewFile, Reconnected, Told
from .passes import Passes
from .server import File, Server, Unreachable
from .workflow import Workflow

OPENING = 3.0  # seconds that the websocket may take; without it there is no progress, but frames all the same
LOOK = 0.1  # seconds between two looks at whether the job was cancelled
ASK = 2.0  # seconds between two questions whether the prompt has ended
PATIENCE = 120.0  # seconds that a server may be silent
PREVIEW = 0.25  # seconds between two previews
MOVIES = (".mp4", ".webm", ".mov", ".mkv", ".gif", ".avi")
ENDS = ("execution_success", "execution_error", "execution_interrupted")

Picture = NDArray[np.uint8]


def generate(shot: Shot, settings: Mapping[str, Any], finished: Finished, changes: Changes) -> Iterator[Made]:
    """The frames that are not finished. The prompt is taken from the server's queue when this ends early."""
    workflow = workflows.read(settings["workflow"])
    _check_resumed(workflow, len(shot.frames), finished)
    plan = chunks(len(shot.frames), settings["chunk"], settings["overlap"], settings["frame_step"])
    missing = [chunk for chunk in plan if any(k not in finished for k in chunk.kept)]
    yield from _notices(shot, workflow, plan)

    def check() -> None:
        changes()  # nothing comes of it, but a cancelled job ends here

    url = checked(settings["server"], settings["allow_remote"])
    with closing(Server(url, check)) as server:
        requirements.check(workflow, server.describe, url)
        client = uuid.uuid4().hex
        with closing(Listener(url, client)) as listener:
            passes = Passes(shot, settings["multiple"], settings["holes"])
            for chunk in missing:
                known = _known(chunk, plan, finished)
                values = yield from _values(shot, passes, workflow, chunk, known, server, check)
                if not listener.wait_until_open(OPENING):
                    yield Notice("ComfyUI's websocket cannot be opened, so neither progress nor previews are shown.")
                files = yield from _run(server, listener, client, workflow, values)
                made = _pictures(server, files, chunk, workflow)
                for at, picture in enumerate(made):
                    k = chunk.start + at
                    if k in chunk.kept and k not in finished:
                        yield Frame(k, passes.cut(picture), {"workflow": workflow.digest})


def _check_resumed(workflow: Workflow, frames: int, finished: Finished) -> None:
    for k in range(frames):
        if k in finished:
            if finished.notes(k).get("workflow") != workflow.digest:
                raise BadInput(
                    f"{workflow.path} is not the workflow any more that this take was begun with. Begin a new take."
                )
            return


def _notices(shot: Shot, workflow: Workflow, plan: list[Chunk]) -> Iterator[Notice]:
    continues = "first_frame" in workflow.slots or "video" in workflow.slots
    if len(plan) > 1 and plan[0].count > 1:
        how = "each starts from the last frames of the one before" if continues else "their seams may show"
        yield Notice(f"{len(shot.frames)} frames are made in {len(plan)} runs of the workflow; {how}.")
    if (last := plan[-1]).length > last.count:
        yield Notice(
            f"The last run makes {last.length} frames for {last.count}: the end is held, and what is more is dropped."
        )
    if len(shot.prompts) > 1 and plan[0].count > 1:
        yield Notice("A run of the workflow has one prompt: the one at its first frame.")


def _known(chunk: Chunk, plan: list[Chunk], finished: Finished) -> dict[int, Picture]:
    """What was made before a chunk and is used for it, by position: the very first frame, and the last ones."""
    if chunk.number == 0:
        return {}
    last = range(chunk.start, chunk.start + chunk.known) or (chunk.start - 1,)
    return {k: finished.pixels(k) for k in sorted({0, *last})}


def _values(
    shot: Shot,
    passes: Passes,
    workflow: Workflow,
    chunk: Chunk,
    known: Mapping[int, Picture],
    server: Server,
    check: Callable[[], None],
) -> Iterator[Progress]:
    """What each role of the workflow gets in a chunk; pictures are uploaded. Returned, the progress is yielded."""
    values: dict[str, Any] = {}
    asked = workflow.slots.keys()

    def upload(role: str, pictures: list[Picture]) -> None:
        content, suffix = _file(pictures, shot.fps, workflow.takes_movie(role))
        values[role] = server.upload(role, content, suffix)

    if "first_frame" in asked:
        start = known[max(known)] if known and chunk.known == 0 else known.get(chunk.start, shot.first_frame)
        upload("first_frame", [passes.padded(start)])
    wanted = asked & {"video", "mask", "depth"}
    pictures: dict[str, list[Picture]] = {role: [] for role in wanted}
    if wanted:
        for at in range(chunk.count):
            check()
            yield Progress(0, "Drawing the passes", at, chunk.count)
            k = chunk.start + at
            if wanted & {"video", "mask"}:
                colors, mask = passes.warped(k, known)
                for role, picture in (("video", colors), ("mask", mask)):
                    if role in wanted:
                        pictures[role].append(picture)
            if "depth" in wanted:
                pictures["depth"].append(passes.depth(k))
        for role, row in pictures.items():
            yield Progress(0, f"Sending {workflows.ROLES[role].title.removeprefix('MB ')}", 0, 1)
            upload(role, row + row[-1:] * (chunk.length - len(row)))
    if "camera" in asked:
        values["camera"] = passes.camera(chunk)
    if "tracks" in asked:
        values["tracks"] = passes.tracks(chunk)
    first = shot.frames[chunk.start]
    prompts = {"prompt": shot.prompt(first), "negative": prompt_at(shot.negative, first)}
    numbers = {"seed": shot.seed + chunk.number, "frames": chunk.length}
    return values | {role: value for role, value in (prompts | numbers).items() if role in asked}


def _file(pictures: list[Picture], fps: float, as_movie: bool) -> tuple[bytes, str]:
    """Pictures as one file, without loss where the node reads pictures."""
    if as_movie:
        with temporary_folder() as folder:
            path = folder / "clip.mp4"
            movie.check(path)
            movie.write(path, pictures, fps)
            return regular.read_bytes(path), ".mp4"
    return (png.encode(pictures[0]) if len(pictures) == 1 else apng.encode(pictures, fps)), ".png"


def _run(
    server: Server, listener: Listener, client: str, workflow: Workflow, values: Mapping[str, Any]
) -> Iterator[Made]:
    """Queue the workflow and wait for its end; its pictures' files are returned. Cancelled, only this prompt ends."""
    prompt = uuid.uuid4().hex
    ended = False
    try:
        number = server.queue(workflow.filled(values), client, prompt, workflow)
        prompt = number
        outcome = yield from _wait(server, listener, prompt, workflow)
        ended = True
    finally:
        if not ended:
            server.cancel(prompt)
    if outcome.error:
        raise outcome.error
    return outcome.files


def _wait(server: Server, listener: Listener, prompt: str, workflow: Workflow) -> Iterator[Made]:
    """Until the prompt has ended; its Outcome is returned."""
    asked = answered = time.monotonic()
    shown = asked - PREVIEW
    ended = False
    while True:
        server.check()
        message = listener.receive(LOOK)
        match message:
            case Told(kind, data) if data.get("prompt_id", prompt) == prompt:
                ended = ended or kind in ENDS or (kind == "executing" and data.get("node") is None)
                if progress := _progress(kind, data, workflow):
                    yield progress
            case PreviewFile(content) if time.monotonic() - shown >= PREVIEW:
                shown = time.monotonic()
                if (picture := _preview(content)) is not None:
                    yield Preview(picture)
        now = time.monotonic()
        if not (ended or isinstance(message, Reconnected) or now - asked >= ASK):
            continue
        asked = now
        try:
            outcome = server.outcome(prompt, workflow)
            position = None if outcome else server.position(prompt)
            if outcome is None and position is None:
                outcome = server.outcome(prompt, workflow)  # it may have ended between the two questions
                if outcome is None:
                    raise BackendFailed(f"ComfyUI at {server.url} does not know the prompt any more; was it restarted?")
        except Unreachable as fault:
            if now - answered > PATIENCE:
                raise BackendFailed(
                    f"ComfyUI at {server.url} has not answered for {PATIENCE:.0f} s ({fault})."
                ) from None
            yield Progress(0, "ComfyUI does not answer", 0, 1)
            continue
        answered = now
        if outcome:
            return outcome
        if position:
            yield Progress(0, "Waiting in ComfyUI's queue for", 0, position)


def _progress(kind: str, data: Mapping[str, Any], workflow: Workflow) -> Progress | None:
    """How far a node is, of a sampler its steps."""
    node = str(data.get("node") or "")
    if kind == "progress":
        done, total = data.get("value"), data.get("max")
        if isinstance(done, int | float) and isinstance(total, int | float) and total > 0:
            return Progress(0, workflow.name(node), int(done), int(total))
    if kind == "executing" and node:
        return Progress(0, workflow.name(node), 0, 1)
    return None


def _preview(content: bytes) -> Picture | None:
    """A preview's picture; None where this Python cannot decode it."""
    if content.startswith(png.SIGNATURE):
        with suppress(BadInput):
            return png.decode(content, "A preview")
        return None
    with suppress(BadInput):
        return _decoded(content, ".jpg")[0]
    return None


def _pictures(server: Server, files: tuple[File, ...], chunk: Chunk, workflow: Workflow) -> Iterator[Picture]:
    """The pictures of a chunk, one at a time, fetched as they are asked for."""
    single = [file for file in files if not file.filename.lower().endswith(MOVIES)]
    if len(single) < len(files):
        (file, *more) = [file for file in files if file not in single]
        if more or single:
            raise BadInput(f"{workflow.name(workflow.output)} saves more than one movie; the workflow must save one.")
        frames = _decoded(_fetched(server, file), Path(file.filename).suffix)
        _check_count(len(frames), chunk, workflow)
        yield from frames[: chunk.count]
        return
    _check_count(len(single), chunk, workflow)
    for file in single[: chunk.count]:
        content = _fetched(server, file)
        if content.startswith(png.SIGNATURE):
            yield png.decode(content, f"{file.filename} of ComfyUI")
        else:
            yield _decoded(content, Path(file.filename).suffix)[0]


def _fetched(server: Server, file: File) -> bytes:
    """A file's bytes, asked for again while the server does not answer."""
    begun = time.monotonic()
    while True:
        try:
            return server.view(file)
        except Unreachable as fault:
            if time.monotonic() - begun > PATIENCE:
                raise BackendFailed(f"ComfyUI at {server.url} does not answer any more ({fault}).") from None
            server.pause(LOOK)


def _check_count(made: int, chunk: Chunk, workflow: Workflow) -> None:
    if not chunk.count <= made <= chunk.length:
        raise BadInput(
            f"{workflow.name(workflow.output)} gave {made} pictures; {chunk.length} are due. Give the title "
            "'MB frames' to the number that sets the video's length, or take it from MB video, and see the settings "
            "chunk and frame_step."
        )


def _decoded(content: bytes, suffix: str) -> list[Picture]:
    """The pictures in a file that is no PNG. BadInput without PyAV."""
    with temporary_folder() as folder:
        path = folder / f"made{suffix}"
        writing.write_named(path, content)
        if suffix.lower() in MOVIES:
            with video.streamed(path) as (frames, _):
                return list(frames)
        return [video.read_picture(path)]
