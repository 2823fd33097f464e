"""The quick way through a job: latents are fed back, and nothing waits that need not.

While a frame is denoised, the one before it is decoded on another stream of the device and the motion into the next is
read on a third; the process only hands out work. Frames are those of the engine with feedback "latent", byte for byte,
but nothing is kept on disk, so nothing can be resumed. Whatever sees pictures (an estimator of depth, motion from the
fed-back picture) has to wait for them, and does.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from ....errors import BackendFailed, BadInput
from ....model_registry import registry
from ....models.cuda_stream import Beside, Started, fetched
from ....models.image_model import NO_NUMBERS, Chance, ImageModel, Wish, noise_for
from ....models.pipeline_parts import memory_told
from ....shot import Shot
from ...base import Changes, Frame, Notice
from . import color_match
from .context import Job, prepare
from .depth import Estimated
from .feedback_space import Latents
from .images import Picture
from .internal_resolution import scaled
from .latent_channel_weights import ALL_ALIKE
from .loop import Fed, carried, changed, first, following, notes
from .scene_motion import Motion

Show = Callable[[int, Picture], None]  # a frame's position and its picture, (H, W, 3) uint8


def stream(shot: Shot, settings: Mapping[str, Any], show: Show) -> None:
    """Make all frames and show each as soon as it is there. settings: as engine.settings gives them."""
    for made in frames(shot, settings):
        if isinstance(made, Frame):
            show(made.index, made.pixels)


def frames(
    shot: Shot, settings: Mapping[str, Any], changes: Changes = list, model: ImageModel | None = None
) -> Iterator[Frame | Notice]:
    """All frames of a Shot, in rising order, after what people should know of them.

    BadInput for settings that this way does not take. model: one that is loaded already.
    """
    if settings["cadence"] != 1:
        raise BadInput(f"A preview makes every frame; cadence is {settings['cadence']}, make it 1.")
    quick = {**settings, "feedback": "latent"}
    if model is None:
        quick["model"] = registry.chosen(settings["model"])
    elif not quick["channel_weights"]:
        quick["channel_weights"] = ALL_ALIKE  # where it came from is not known
    if quick["color_coherence"] not in ("auto", "None", "Latent"):
        quick["color_coherence"] = "auto"  # others work on pixels
    sentences = list(registry.instead(shot.settings.get("model", ""), quick["model"]))
    job = prepare(shot, quick, model=model, say=sentences.append)
    frames = made(shot, replace(job, space=Unwatched(job.model, weights=job.space.weights)), changes)
    return chain(map(Notice, sentences), frames)


class Unwatched(Latents):
    """Latents that are denoised without waiting for the answer; whether it is numbers is seen when it is shown."""

    def paint(self, fed: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor:
        if sigma <= 0:
            return fed
        model = self.model
        with torch.inference_mode(), memory_told(model.parts):
            latent = model.from_cells(fed)
            latent = model.denoise(latent, noise_for(latent, chance), min(sigma, 1.0), wish, chance.seed)
            found = model.cells(latent)
        return found.clone()


@dataclass(frozen=True)
class Way:
    """The motion into a frame, and whether all that it shows is new; this process knows that without asking."""

    motion: Motion
    anew: Tensor  # () bool


@dataclass(frozen=True)
class Drawn:
    """A frame on its way out."""

    pixels: Tensor  # (H, W, 3) uint8, for this process
    numbers: Tensor  # () bool, for this process: whether all of it are numbers
    picture: Tensor  # (1, 3, H, W), on the device: what `pixels` shows


def made(shot: Shot, job: Job, changes: Changes = list) -> Iterator[Frame]:
    """The frames of a prepared job."""
    decoding: Beside[Drawn] = Beside(job.device)
    moving: Beside[Way] = Beside(job.device, follows=False)
    before: Fed | None = None
    shown: Started[Drawn] | None = None
    address = reference = ahead = motion = None
    for k in range(len(shot.frames)):
        shot = changed(shot, changes)
        if before is None or shown is None or reference is None or job.settings["mode"] == "interpolation":
            fed = first(shot, job, k)
        else:
            if looks(job):
                job.depths.follow(seen(shown), motion)
            if k == 1:
                job.conditions.begin(seen(shown))
            here = ahead or moving.start(partial(way, job, k, shown))
            anew = bool(here.here().anew)
            ahead = None if looks(job) or k + 1 == len(shot.frames) else moving.start(partial(way, job, k + 1, None))
            motion = here.on_device(lambda found: (found.motion.flow, found.motion.revealed)).motion
            address = carried(job, address, motion, k, before)
            fed = following(shot, job, k, before, motion, address, reference, anew)
        before, reference = Fed(k, fed), fed if reference is None else reference
        started = decoding.start(partial(drawn, job, fed), fed)
        if shown is not None:
            yield finished(shot, job, k - 1, shown)
        shown = started
    if shown is not None:
        yield finished(shot, job, len(shot.frames) - 1, shown)


def looks(job: Job) -> bool:
    """Whether motion depends on what is seen in the frames."""
    return isinstance(job.depths, Estimated) or bool(job.settings["hybrid_motion_use_prev_img"])


def seen(shown: Started[Drawn]) -> Tensor:
    """A frame as it is shown, for work that is queued from now on."""
    return shown.on_device(lambda found: (found.picture,)).picture


def way(job: Job, k: int, shown: Started[Drawn] | None) -> Way:
    """The motion into frame k. shown: the frame before it, where somebody looks at it."""
    picture = job.start if shown is None or not looks(job) else seen(shown)
    motion = job.motions.into(k, k - 1, picture)
    return Way(motion, fetched(motion.revealed.all()))


def drawn(job: Job, fed: Tensor) -> Drawn:
    """The frame of what is fed back."""
    model = job.model
    height, width = job.start.shape[-2:]
    with torch.inference_mode(), memory_told(model.parts):
        picture = model.decode(model.from_cells(fed))
        numbers = torch.isfinite(picture).all()
        picture = picture.float().clamp(0, 1)[..., :height, :width]
        picture = color_match.grey(picture) if job.settings["color_force_grayscale"] else picture
        pixels = (picture[0].permute(1, 2, 0) * 255).round().byte()
        again = (pixels.float() / 255).permute(2, 0, 1)[None]
    return Drawn(fetched(pixels), fetched(numbers), again.clone())


def finished(shot: Shot, job: Job, k: int, shown: Started[Drawn]) -> Frame:
    """Frame k, once it is there. BackendFailed with its number where the model's answer was no picture."""
    found = shown.here()
    if not bool(found.numbers):
        raise BackendFailed(f"Frame {shot.frames[k]} failed. {NO_NUMBERS}")
    return Frame(k, scaled(found.pixels.contiguous().numpy(), job.size), notes(shot, job, k))
