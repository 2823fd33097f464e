"""The engine `reproject`: the first frame, moved along the true motion of camera and objects.

Each pixel of a frame asks, in turn, the first frame, the frames in memory and the frame before whether they show its
point, and takes the colour from the first that does. What nobody shows is filled, or marked. Positions and colours are
floating point throughout and rounded once, when the frame is finished.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.visible_surfaces import Surfaces, surfaces
from ...shot import Shot
from ..base import Changes, Finished, Frame
from ..base import settings as engine_settings
from .frame_buffer import Memory, Source
from .gather import Gathered, doubtful, gather, paint
from .inpaint import guess, mark, relax


class Reproject:
    """Nothing may change while it runs: every frame builds on those before it, so a change would mix two jobs."""

    accepts: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = {"mark_unseen": False}  # hatch what the first frame does not show, or fill it

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """What its motion is read from."""
        return frozenset({"depth", "objects"})

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]:
        """The missing frames in order; each notes how many pixels it revealed and which frames were remembered."""
        marking = bool(engine_settings(self, shot)["mark_unseen"])
        first = Source(0, shot.first_frame, surfaces(shot, 0))
        memory = None
        for k in range(len(shot.frames)):
            changes()  # nothing comes of it, but a cancelled job ends here
            if k in finished:
                memory = None
            elif k == 0:
                yield Frame(0, shot.first_frame, {"revealed": 0, "remembers": []})
            elif marking:
                yield marked(shot, k, first)
            else:
                frame, memory = made(shot, k, memory or recalled(shot, k - 1, first, finished))
                yield frame


def made(shot: Shot, k: int, memory: Memory) -> tuple[Frame, Memory]:
    """Frame k, and the memory after it."""
    here = surfaces(shot, k)
    memory = memory.before(shot, k, here)
    durable = memory.durable()
    gathered = gather(shot, k, here, durable)
    fresh = gathered.unseen
    if durable[-1] is not memory.last:
        gathered = gathered.and_then(gather(shot, k, here, [memory.last], gathered.unknown))
    pixels = rounded(painted(gathered, here, [*durable, memory.last]))
    notes = {"revealed": int(gathered.unseen.sum()), "remembers": memory.notes()}
    return Frame(k, pixels, notes), memory.after(Source(k, pixels, here), fresh)


def marked(shot: Shot, k: int, first: Source) -> Frame:
    """Frame k with a hatch where the first frame does not show what is there."""
    here = surfaces(shot, k)
    gathered = gather(shot, k, here, [first])
    colours = painted(gathered, here, [first])
    mark(colours, gathered.unseen)
    return Frame(k, rounded(colours), {"revealed": int(gathered.unseen.sum()), "remembers": []})


def recalled(shot: Shot, k: int, first: Source, finished: Finished) -> Memory:
    """The memory after a finished frame, from what the finished frames say."""
    last = first if k == 0 else Source(k, finished.pixels(k), surfaces(shot, k))
    kept = tuple(
        (worth, Source(index, finished.pixels(index), surfaces(shot, index)))
        for index, worth in finished.notes(k)["remembers"]
    )
    memory = Memory(first, kept, last, np.zeros((shot.height, shot.width), bool))
    return memory.after(last, gather(shot, k, last.surfaces, memory.durable()).unseen)


def painted(gathered: Gathered, here: Surfaces, sources: Sequence[Source]) -> NDArray[np.float32]:
    """The colours (H, W, 3) of a frame: those that were found, and what fills the rest."""
    colours = np.zeros((*here.index.shape, 3), np.float32)
    for each in [*gathered.ghosts, *gathered.found]:
        paint(colours, each, here)
    if gathered.unknown.any():
        loose = gathered.unknown | doubtful(gathered)
        guess(colours, gathered.unseen, ~loose, here, sources)
        relax(colours, loose, here)
    return colours


def rounded(colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)


engine = Reproject()
