"""The Deforum engine for Python programs: `from motion_bridge import DeforumFlux`.

    DeforumFlux().animate(prompt="a valley at dawn", zoom="0:(1.02)", frames=60, output="valley")

What may be asked for is explained in docs/API_REFERENCE.md, and stands in `shot_builder.shot_of`. Nothing heavy is
imported until frames are made.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ... import shot as shots
from ... import terminal
from ...errors import BadInput, ModelMissing
from ...ipc.events import FrameMade, Notice
from ...media import movie as film
from ...media import png
from ...provenance import record
from ...shot import Shot
from ...takes import output_path, shot_copy, writer
from .. import base as engines
from .. import diagnostics, runner
from ..base import Changes, Frame, GenerationRequest
from . import shot_builder
from .engine import engine
from .pixels import Picture, as_pixels
from .shot_builder import Prompt
from .unspecified import UnspecifiedNumber, UnspecifiedText, specified
from .video_input import VideoInputProcessor

NAME = "deforum"
NEXT = "animation_{:03d}"  # the folder where nobody names one
PREVIEW = "fast_preview"
STANDS, ONCE = UnspecifiedText("0:(0)"), UnspecifiedText("0:(1.0)")
FRAMES, FPS, SMOOTH = UnspecifiedNumber(60), UnspecifiedNumber(24), UnspecifiedText("smooth")

OnFrame = Callable[[int, Picture], None]


class DeforumFlux:
    """An image model that makes animations, in the way of Deforum.

    model: a registered name, such as flux.2-klein-4b or flux-dev, or a model's folder; None: what a Shot or settings
    file says, else the engine's default. device: cuda, mps or cpu; empty: the best there is.
    """

    def __init__(self, model: str | None = None, device: str = ""):
        self.model = model
        self.device = device

    def animate(
        self,
        prompt: Prompt | None = None,
        zoom: Any = ONCE,
        angle: Any = STANDS,
        translation_x: Any = STANDS,
        translation_y: Any = STANDS,
        translation_z: Any = STANDS,
        frames: int = FRAMES,
        fps: float = FPS,
        strength: Any = None,
        output: str | Path | None = None,
        seed: int | None = None,
        preset: str = SMOOTH,
        *,
        resume: bool = False,
        movie: str | Path | None = None,
        on_frame: OnFrame | None = None,
        **asked: Any,
    ) -> Path:
        """Make the frames of an animation in a folder of their own, and return the folder.

        prompt: a text, or texts by frame; needed unless a Shot or settings file has one. zoom … translation_z:
        schedules; one that stands still conflicts with nothing. frames, fps, preset: as here, where neither a Shot nor
        a settings file says otherwise. strength: how much of each frame is kept; None: the preset's. output: the
        folder; None: a new one, animation_001 … in the working directory.

        resume: make only what the folder lacks, by what it was begun with where nothing else is asked. movie: an .mp4
        to write as well. on_frame: is called with each frame's number and pixels (H, W, 3) uint8. asked: `shot_of`.
        BadInput, ModelMissing, OutOfMemory … as sentences; frames that are finished stay. What a settings file asks for
        and is not done here is a warning.
        """
        given = {"prompt": prompt, "zoom": zoom, "angle": angle, "translation_x": translation_x}
        given |= {"translation_y": translation_y, "translation_z": translation_z, "frames": frames, "fps": fps}
        given |= {"strength": strength, "seed": seed, "preset": preset, **asked}
        wanted = {name: value for name, value in specified(given).items() if value is not None}
        folder = output_path.check_output(str(_new_folder() if output is None else output))
        if movie is not None:
            film.check(output_path.check_file(str(movie)))
        kept = folder / shot_copy.FOLDER
        if not (resume and not wanted and (kept / "shot.json").is_file()):
            if not {"shot", "settings"} & set(wanted):
                wanted = {**_default(given), **wanted}
            kept = shot_copy.keep(self._shot(wanted), folder, resume)
        request = runner.JobRequest(1, kept, str(folder), NAME, resume or not writer.there(folder))
        for event in runner.run(request, list, lambda: False):
            match event:
                case FrameMade(number=number, pixels=pixels) if on_frame:
                    on_frame(number, pixels)
                case Notice(sentence=sentence):
                    warnings.warn(terminal.printable(sentence), stacklevel=2)
        if movie is not None:
            shot = shots.load(kept)
            pictures = (png.read(folder / writer.frame_name(number)) for number in shot.frames)
            film.write(Path(movie), pictures, shot.fps, xmp=record.movie_packet(folder))
        return folder

    def generate_animation(
        self,
        prompts: Prompt,
        motion_params: Mapping[str, Any] | None = None,
        num_frames: int = FRAMES,
        fps: float = FPS,
        strength: Any = None,
        output_path: str | Path | None = None,
        seed: int | None = None,
        mode: str | None = None,
        color_coherence: str | None = None,
        **asked: Any,
    ) -> Path:
        """`animate`, with the motion's schedules in one mapping. mode: what is fed back, pixel or latent."""
        also = {"feedback": mode, "color_coherence": color_coherence}
        asked = {name: value for name, value in also.items() if value is not None} | asked
        given = {"frames": num_frames, "fps": fps, "strength": strength, "output": output_path, "seed": seed}
        return self.animate(prompts, **given, **dict(motion_params or {}), **asked)

    def generate_from_video(
        self,
        video_path: str | Path,
        prompts: Prompt,
        strength: Any = None,
        preserve_motion: bool = True,
        output: str | Path | None = None,
        **asked: Any,
    ) -> Path:
        """Generate over each frame of a video; as long, as large and as fast as the video where nothing else is said.

        strength: how much of each frame is kept; None: the preset's. preserve_motion: keep half of the frame before in
        each frame, warped along the video's optical flow; otherwise each begins with the video's frame alone.
        """
        video = VideoInputProcessor(video_path, asked.get("fps"))
        its_own = {"frames": len(video), "fps": video.fps, "width": video.length.width, "height": video.length.height}
        way = {"mode": "video", "guide_video": str(video_path), "preserve_motion": preserve_motion}
        return self.animate(prompts, strength=strength, output=output, **{**way, **its_own, **asked})

    def stream(self, **asked: Any) -> "Stream":
        """The frames of an animation as they are made; nothing is written.

        asked: `shot_builder.shot_of`; wrong ones are refused here, not at the first frame.
        """
        shot = self._shot(asked)
        _check_ready()
        return Stream(shot, lambda changes: engine.frames(shot, Nothing(), changes))

    def preview(self, **asked: Any) -> "Stream":
        """The same by the quick way: latents are fed back, and a frame is decoded while the next one is generated.

        Every frame is generated (cadence 1). Meant for FLUX.2 Klein on a graphics card; runs anywhere.
        """
        shot = self._shot({"cadence": 1, **asked})
        _check_ready()
        from .loop import preview  # torch

        settings = engines.settings(engine, shot)
        return Stream(shot, lambda changes: preview.frames(shot, settings, changes))

    def preview_frame(
        self,
        prompt: str,
        prev_image: Any = None,
        motion_params: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> Picture:
        """One frame, (H, W, 3) uint8: the next after `prev_image` under some motion, or a first one.

        prev_image: (H, W, 3) uint8, or a picture of Pillow's. motion_params: schedules by name, of which this frame
        is number 1.
        """
        asked = {"preset": PREVIEW, "prompt": prompt, **dict(motion_params or {}), **asked}
        if prev_image is None:
            return next(self.preview(frames=1, **asked))
        amount = asked.pop("start_sigma", None)
        if amount is None and "strength" not in asked:
            amount = engine.presets[asked["preset"]].values["start_sigma"]
        if amount is not None:
            asked["start_sigma"] = f"0:(0), 1:({amount})"  # the frame before is taken as it is
        else:
            asked["strength"] = f"0:(1), 1:({asked['strength']})"
        shown = self.stream(frames=2, first_frame=as_pixels(prev_image), cadence=1, **asked)
        next(shown)
        return next(shown)

    def stream_animation(
        self,
        prompts: Prompt,
        motion_params: Mapping[str, Any] | None = None,
        callback: OnFrame | None = None,
        **asked: Any,
    ) -> Iterator[Picture]:
        """`preview`, with the motion's schedules in one mapping. callback: is called with each position and frame."""
        stream = self.preview(**{"preset": PREVIEW, "prompt": prompts, **dict(motion_params or {}), **asked})
        return _called(stream, callback)

    def _shot(self, asked: dict[str, Any]) -> Shot:
        if self.device:
            asked = {"device": self.device, **asked}
        if "model" in asked:
            raise BadInput("The model is chosen once for all: DeforumFlux(model=…).")
        shot, notices = shot_builder.shot_of(model=self.model, **asked)
        if not (_written(shot.prompts) and _written(asked.get("prompt", shot.prompts))):
            raise BadInput("There is no prompt; say what the frames show: prompt='a valley at dawn'.")
        engine.check(GenerationRequest(shot.generation, shot.frames, shot.fps))
        for notice in notices:
            warnings.warn(terminal.printable(notice), stacklevel=3)  # where animate or stream was called
        return shot


class KleinPreviewPipeline(DeforumFlux):
    """FLUX.2 Klein for previews. size: 4b or 9b."""

    def __init__(self, size: str = "4b", device: str = ""):
        super().__init__(f"flux.2-klein-{size}", device)


def create_pipeline(version: str | None = None, device: str = "") -> DeforumFlux:
    """A `DeforumFlux`. version: its model."""
    return DeforumFlux(version, device)


def _default(given: Mapping[str, Any]) -> dict[str, Any]:
    """What holds where nobody says otherwise; a video's own length and rate where one is animated."""
    length = {} if given.get("mode") == "video" else {"frames": int(FRAMES), "fps": int(FPS)}
    return {"preset": str(SMOOTH), **length}


def _written(prompt: str | Mapping[Any, str]) -> bool:
    """Whether a prompt says anything."""
    return any(text.strip() for text in ([prompt] if isinstance(prompt, str) else prompt.values()))


def _new_folder() -> Path:
    """The first of animation_001, animation_002 … that is not there."""
    number = 1
    while (folder := Path.cwd() / NEXT.format(number)).exists():
        number += 1
    return folder


def _called(stream: Iterator[Picture], callback: OnFrame | None) -> Iterator[Picture]:
    for position, pixels in enumerate(stream):
        if callback:
            callback(position, pixels)
        yield pixels


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
            warnings.warn(terminal.printable(made.sentence), stacklevel=2)
        return made.pixels

    def say(self, prompt: str) -> None:
        """Generate something else from the next generated frame on."""
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
