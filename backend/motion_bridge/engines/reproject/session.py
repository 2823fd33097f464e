"""A live session: the key picture, moved as camera and objects are moved, a frame at a time."""

from collections.abc import Iterator

from ...errors import BadInput
from ...geometry.live_motion import LiveMotion, of_notes
from ...geometry.live_scene import LiveScene
from ...shot import Shot
from ..base import Changes, Finished, Frame, Notice
from .frame_buffer import Source
from .frame_maker import Maker


def session(shot: Shot, frames: int, finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
    """The frames that are not finished, one for each call of `changes`.

    Finished ones stand where their notes say. A frame that was lost between them stands where the next one says.
    """
    if shot.geometry is None:
        raise BadInput("A live session needs the scene's geometry; write this Shot again.")
    motion, scene = LiveMotion(shot), LiveScene(shot, frames)
    maker = Maker(scene, {0: Source(0, shot.first_frame, scene.surfaces(0))})
    buffer = None
    for k in range(frames):
        taken = changes()
        if k in finished:
            motion.go_to(of_notes(finished.notes(k)["live"]))
            scene.place(k, motion.now)
            buffer = None
            continue
        yield from (Notice(sentence) for fields in taken for sentence in motion.take(fields))
        before = motion.now
        if k == 0:
            made, moment = maker.key_frame(0, {"revealed": 0, "remembers": []}), before
        else:
            moment = (
                motion.go_to(of_notes(finished.notes(k + 1)["before"])) if k + 1 in finished else motion.advance(1)[0]
            )
            scene.place(k, moment)
            if buffer is None:
                buffer = maker.recalled(k - 1, finished)
            made, buffer = maker.made(k, scene.surfaces(k), buffer)
        live = {"live": moment.notes(), "before": before.notes()}
        yield Frame(k, made.pixels, {**made.notes, **live})
