"""What key pictures show is moved, exactly; only what none of them shows is painted, once.

Which frames are painted is chosen from geometry before anything is made: those that show the most of what is missing.
Each is painted when the frames before it are reached, so that a frame lies between two of them as it does between two
key pictures. What was painted keeps its surface from then on, in a picture of its own (reproject/painted.py). What is
still missing is less than THRESHOLD of a frame, and is filled.

A frame depends on the key pictures, on what was painted until then (it lies beside the frame that it was painted for)
and on the frames that its notes name. So a resumed job continues byte for byte.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ....geometry import key_frames
from ....geometry.one_ahead import one_ahead
from ....geometry.scene import scene_of
from ....geometry.visible_surfaces import Surfaces
from ....media.png import eight_bits
from ....models.image_model import image_to_image
from ....shot import Shot
from ...base import Changes, Finished, Frame, Notice
from ...reproject import painted
from ...reproject.frame_buffer import FrameBuffer, Source
from ...reproject.frame_maker import Maker, key_pictures, rounded
from .context import LoopContext
from .feedback_space import padded
from .frame_notes import notes
from .hole_painting import paint
from .images import Picture, from_bytes, to_bytes
from .internal_resolution import scaled
from .loop_state import LoopState
from .steps import conditioning_at, noise_level, noise_seed_at

THRESHOLD = key_frames.THRESHOLD  # of a frame, neither known nor painted; it is filled
PLAN = "to_paint"  # of the first frame's notes
PAINTED = "painted"  # of every frame's: what was painted for it
GUIDE = "guide"


def generate(context: LoopContext, whole: Shot, finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
    """The frames that are not finished, in rising order. whole: the Shot at the frames' own size."""
    completion = Completion(context, whole, finished, changes)
    yield Notice(completion.sentence)
    surfaces = one_ahead(completion.surfaces(k) for k in range(len(whole.frames)))
    try:
        for k, here in enumerate(surfaces):
            if k in finished:
                completion.restore(k)
            else:
                yield completion.frame(k, here)
    finally:
        surfaces.close()


class Completion:
    """One job."""

    def __init__(self, context: LoopContext, whole: Shot, finished: Finished, changes: Changes) -> None:
        """BadInput where no key picture shows anything of the scene."""
        self.context, self.finished, self.changes = context, finished, changes
        self.prompts = dict(whole.prompts)
        self.scene = scene_of(whole)
        self.rendered = key_pictures(whole)
        restyled = context.settings["restyle"]
        pictures = {0: self._restyled(whole)} if restyled else self.rendered
        keys = {k: Source(k, picture, self.scene.surfaces(k)) for k, picture in sorted(pictures.items())}
        if not any(key.surfaces.index.any() for key in keys.values()):
            frames = ", ".join(str(whole.frames[k]) for k in keys)
            raise BadInput(
                f"No key picture shows anything of the scene (frame {frames}), so nothing is known. Give one of a "
                "frame in which the camera sees something, or set known to repaint."
            )
        self.maker = Maker(self.scene, keys, painted.PaintedPictures(self.scene))
        self.buffer: FrameBuffer | None = None
        self.plan = self._planned(whole, tuple(self.rendered))

    @property
    def sentence(self) -> str:
        """What is painted, said before it is."""
        count, frames = len(self.plan), len(self.scene.shot.frames)
        said = (
            f"{count} of {frames} frames {'is' if count == 1 else 'are'} painted, as far as no key picture shows them"
        )
        if count < painted.MOST:
            return f"{said}; all others are moved pictures."
        return f"{said}. More would be needed; the rest is filled. Give more key pictures, or a shorter Shot."

    def surfaces(self, k: int) -> Surfaces:
        """What frame k shows."""
        keys = self.maker.keys
        return keys[k].surfaces if k in keys else self.scene.surfaces(k)

    def frame(self, k: int, here: Surfaces) -> Frame:
        """Frame k, after what has to be painted for it."""
        new = self._paint_for(k)
        if k == 0:
            made = self.maker.key_frame(0, {"revealed": 0, "remembers": []})
        else:
            if self.buffer is None or self.buffer.last.index != k - 1:
                self.buffer = self.maker.recalled(k - 1, Completed(self.finished))
            made, self.buffer = self.maker.made(k, here, self.buffer)
        about: dict[str, Any] = {**notes(self.context, LoopState(self.prompts, k)), **made.notes, PAINTED: new}
        if k == 0:
            about[PLAN] = self.plan
        kept = [self._stored(index) for index in new]
        if self.context.settings["known"] == GUIDE:
            kept.insert(0, _with_mask(made.pixels, np.zeros(here.index.shape, bool)))
            made = replace(made, pixels=self._repainted(k, made.pixels), deep=None)
        return replace(made, notes=about, state=np.stack(kept) if kept else None)

    def restore(self, k: int) -> None:
        """What was painted for a finished frame, from beside it, or anew where it was deleted."""
        new = list(self.finished.notes(k)[PAINTED])
        if not new:
            return
        state = self.finished.state(k)
        if state is None:
            for index in new:
                self._paint(index)
            return
        for index, picture in zip(new, np.asarray(state, np.uint8)[-len(new) :], strict=True):
            owned = picture[..., 3] > 0
            self.maker.painted.add(self.scene.surfaces(index), index, np.ascontiguousarray(picture[..., :3]), owned)

    def _planned(self, whole: Shot, given: tuple[int, ...]) -> list[int]:
        """The frames to paint, rising: positions in the Shot."""
        if 0 in self.finished:
            return [int(k) for k in self.finished.notes(0)[PLAN]]
        chosen = key_frames.choose(
            whole, THRESHOLD, given, painted.MOST + len(given), progress=lambda done, total: self._listen()
        )
        return [k for k in chosen.positions if k not in self.maker.keys][: painted.MOST]

    def _paint_for(self, k: int) -> list[int]:
        """Paint what frame k needs: all until the first that is not before it, and more while much is missing."""
        self._listen()
        due = [at for at in self.plan if at not in self.maker.painted]
        ahead = next((at for at in due if at >= k), -1)
        new = [at for at in due if at <= ahead or at < k]
        for index in new:
            self._paint(index)
        rest = [at for at in due if at not in new]
        while rest and self.maker.known(k, self.surfaces(k)).unknown.mean() > THRESHOLD:
            new.append(rest.pop(0))
            self._paint(new[-1])
        return new

    def _paint(self, index: int) -> None:
        self._listen()
        here = self.scene.surfaces(index)
        gathered = self.maker.known(index, here)
        unknown = gathered.unknown.reshape(here.index.shape).copy()
        loose = gathered.loose(here.index.shape)
        colors = self.maker.filled(gathered, index, here, list(self.maker.keys.values()))
        if index in self.rendered:  # and restyled: the scene's own picture of it tells what is there
            colors[unknown] = eight_bits(self.rendered[index])[unknown]
        state = LoopState(self.prompts, index, index - 1, is_cut=bool(unknown.all()))
        if loose.any():
            colors = paint(self.context, state, colors, loose, here)
        self.maker.painted.add(here, index, rounded(colors), unknown)

    def _stored(self, index: int) -> NDArray[np.uint8]:
        return _with_mask(*self.maker.painted.stored(index))

    def _restyled(self, whole: Shot) -> Picture:
        """The first key picture in the prompt's look."""
        if 0 in self.finished:
            return Completed(self.finished).pixels(0)
        self._listen()
        return self._generated(LoopState(self.prompts), eight_bits(whole.first_frame), None)

    def _repainted(self, k: int, pixels: Picture) -> Picture:
        return self._generated(LoopState(self.prompts, k, k - 1), pixels, self.context.settings["guide_sigma"])

    def _generated(self, state: LoopState, pixels: Picture, sigma: float | None) -> Picture:
        """A picture (H, W, 3) after the model worked on it; sigma: as is scheduled where it is None."""
        context = self.context
        small = scaled(pixels, (context.shot.width, context.shot.height))
        picture = padded(from_bytes(small, context.device), context.model.multiple)
        sigma = noise_level(context, state) if sigma is None else sigma
        made = image_to_image(
            context.model, picture, sigma, conditioning_at(context, state), noise_seed_at(context, state)
        )
        return scaled(to_bytes(made[..., : small.shape[0], : small.shape[1]]), pixels.shape[1::-1])

    def _listen(self) -> None:
        """Take prompts that somebody changed; a cancelled job ends here."""
        for fields in self.changes():
            self.prompts = {int(frame): str(text) for frame, text in fields["prompts"].items()}


class Completed:
    """Finished frames as they were before the model worked on them, where it did."""

    def __init__(self, finished: Finished) -> None:
        self._finished = finished
        self.notes, self.state = finished.notes, finished.state

    def __contains__(self, index: int) -> bool:
        return index in self._finished

    def pixels(self, index: int) -> Picture:
        state = self._finished.state(index)
        if state is not None and len(state) > len(self._finished.notes(index)[PAINTED]):
            return np.ascontiguousarray(np.asarray(state, np.uint8)[0, ..., :3])
        return self._finished.pixels(index)


def _with_mask(pixels: NDArray[np.uint8], owned: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.dstack([pixels, owned.astype(np.uint8) * 255])
