"""The Deforum engine for Python programs: `from motion_bridge import DeforumFlux`.

    DeforumFlux().animate(prompt="a valley at dawn", zoom="0:(1.02)", frames=60, output="valley")

What may be asked for is explained in docs/api.md, and stands in `shot_builder.shot_of`. Nothing heavy is imported until
frames are made.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ... import shot as shots
from ...errors import BadInput, ModelMissing
from ...ipc.events import FrameMade, Notice
from ...media import movie as film
from ...media import png
from ...shot import Shot
from ...takes import output_path, shot_copy, writer
from .. import base as engines
from .. import diagnostics, runner
from ..base import Changes, Frame, GenerationRequest
from . import shot_builder
from .engine import engine

NAME = "deforum"

Picture = NDArray[np.uint8]
OnFrame = Callable[[int, Picture], None]


class DeforumFlux:
    """An image model that paints animations, in the way of Deforum.

    model: a name that is registered or a model's folder; None: what a Shot or settings file says, else the engine's
    default. device: cuda, mps or cpu; empty: the best there is.
    """

    def __init__(self, model: str | None = None, device: str = ""):
        self.model = model
        self.device = device

    def animate(
        self,
        output: str | Path,
        *,
        resume: bool = False,
        movie: str | Path | None = None,
        on_frame: OnFrame | None = None,
        **asked: Any,
    ) -> Path:
        """Make the frames of an animation in a folder of their own, and the folder.

        resume: make only what the folder lacks, by what it was begun with where nothing else is asked. movie: an .mp4
        to write as well. on_frame: is called with each frame's number and pixels (H, W, 3) uint8. asked: `shot_of`.
        BadInput, ModelMissing, OutOfMemory … as sentences; frames that are finished stay. What a settings file asks for
        and is not done here is a warning.
        """
        folder = output_path.check_output(str(output))
        if movie is not None:
            film.check(Path(movie))
        kept = folder / shot_copy.FOLDER
        if not (resume and not asked and (kept / "shot.json").is_file()):
            kept = shot_copy.keep(self._shot(asked), folder, resume)
        request = runner.JobRequest(1, kept, str(folder), NAME, resume or not writer.there(folder))
        for event in runner.run(request, list, lambda: False):
            match event:
                case FrameMade(number=number, pixels=pixels) if on_frame:
                    on_frame(number, pixels)
                case Notice(sentence=sentence):
                    warnings.warn(sentence, stacklevel=2)
        if movie is not None:
            shot = shots.load(kept)
            pictures = (png.read(folder / writer.frame_name(number)) for number in shot.frames)
            film.write(Path(movie), pictures, shot.fps)
        return folder

    def stream(self, **asked: Any) -> "Stream":
        """The frames of an animation as they are made; nothing is written.

        asked: `shot_builder.shot_of`; wrong ones are refused here, not at the first frame.
        """
        shot = self._shot(asked)
        _check_ready()
        return Stream(shot, lambda changes: engine.frames(shot, Nothing(), changes))

    def preview(self, **asked: Any) -> "Stream":
        """The same by the quick way: latents are fed back, and a frame is decoded while the next one is painted.

        Every frame is painted (cadence 1). Meant for FLUX.2 Klein on a graphics card; runs anywhere.
        """
        shot = self._shot({"cadence": 1, **asked})
        _check_ready()
        from .loop import preview  # torch

        settings = engines.settings(engine, shot)
        return Stream(shot, lambda changes: preview.frames(shot, settings, changes))

    def _shot(self, asked: dict[str, Any]) -> Shot:
        if self.device:
            asked = {"device": self.device, **asked}
        if "model" in asked:
            raise BadInput("The model is chosen once for all: DeforumFlux(model=…).")
        shot, notices = shot_builder.shot_of(model=self.model, **asked)
        engine.check(GenerationRequest(shot.generation, shot.frames, shot.fps))
        for notice in notices:
            warnings.warn(notice, stacklevel=3)  # where animate or stream was called
        return shot


def _check_ready() -> None:
    if lacking := diagnostics.lack(NAME):
        raise ModelMissing(f"Engine {NAME} cannot run here: {lacking}.")


class Stream(Iterator[Picture]):
    """Frames as they are made, (H, W, 3) uint8 each."""

    def __init__(self, shot: Shot, make: Callable[[Changes], Iterator[Frame | Notice]]):
        self._changes: list[Mapping[str, Any]] = []
        self._first = shot.frames[0]
        self._made = make(self._asked)

    def __next__(self) -> Picture:
        while isinstance(made := next(self._made), Notice):
            warnings.warn(made.sentence, stacklevel=2)
        return made.pixels

    def say(self, prompt: str) -> None:
        """Paint something else from the next painted frame on."""
        self._changes.append({"prompts": {self._first: prompt}})

    def _asked(self) -> list[Mapping[str, Any]]:
        asked, self._changes = self._changes, []
        return asked


class Nothing:
    """The finished frames of a job that keeps none."""

    def __contains__(self, index: int) -> bool:
        return False

    def pixels(self, index: int) -> NoReturn:
        raise KeyError(index)

    notes = state = pixels
