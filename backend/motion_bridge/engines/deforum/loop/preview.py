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
from ....models.cuda_stream import CudaStream, Pending, to_host
from ....models.image_model import NO_NUMBERS, Conditioning, ImageModel, NoiseSeed, noise_for
from ....models.pipeline_parts import naming_out_of_memory
from ....shot import Shot
from ...base import Changes, Frame, Notice
from . import color_match
from .context import LoopContext, prepare
from .depth import Estimated
from .feedback_space import LatentSpace
from .frame_notes import notes
from .images import Picture
from .internal_resolution import scaled
from .latent_channel_weights import ALL_ALIKE
from .loop import changed, generate_frame
from .loop_state import LoopState
from .noise_history import carry_noise
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
        quick["model"] = registry.resolve(settings["model"])
    elif not quick["channel_weights"]:
        quick["channel_weights"] = ALL_ALIKE  # where it came from is not known
    if quick["color_coherence"] not in ("auto", "None", "Latent"):
        quick["color_coherence"] = "auto"  # others work on pixels
    sentences = list(registry.fallback_notice(shot.settings.get("model", ""), quick["model"]))
    context = prepare(shot, quick, model=model, say=sentences.append)
    space = Unwatched(context.model, weights=context.space.weights)
    return chain(map(Notice, sentences), preview(replace(context, space=space), changes))


class Unwatched(LatentSpace):
    """Latents that are denoised without waiting for the result; whether it is finite is seen when it is shown."""

    def img2img(self, feedback: Tensor, sigma: float, conditioning: Conditioning, noise_seed: NoiseSeed) -> Tensor:
        if sigma <= 0:
            return feedback
        model = self.model
        with torch.inference_mode(), naming_out_of_memory(model.parts):
            latent = model.from_vae_latent(feedback)
            latent = model.denoise(
                latent, noise_for(latent, noise_seed), min(sigma, 1.0), conditioning, noise_seed.seed
            )
            found = model.to_vae_latent(latent)
        return found.clone()


@dataclass(frozen=True)
class MotionAhead:
    """The motion into a frame, and whether all that it shows is new; this process knows that without asking."""

    motion: Motion
    is_cut: Tensor  # () bool


@dataclass(frozen=True)
class Decoded:
    """A frame on its way out."""

    pixels: Tensor  # (H, W, 3) uint8, for this process
    finite: Tensor  # () bool, for this process: whether all values are numbers
    picture: Tensor  # (1, 3, H, W), on the device: what `pixels` shows


def preview(context: LoopContext, changes: Changes = list) -> Iterator[Frame]:
    """The frames of a prepared job."""
    decoding: CudaStream[Decoded] = CudaStream(context.device)
    moving: CudaStream[MotionAhead] = CudaStream(context.device, follows=False)
    count = len(context.shot.frames)
    state, ahead, shown = LoopState(context.shot.prompts), None, None
    for k in range(count):
        state = replace(state.at(k), prompts=changed(state, changes))
        if shown is not None and context.settings["mode"] != "interpolation":
            if looks_at_frames(context):
                context.depth.follow(picture_of(shown), None if k == 1 else state.motion)
            if k == 1:
                context.conditioning.begin(picture_of(shown))
            here = ahead or moving.start(partial(motion_into, context, k, shown))
            is_cut = bool(here.wait().is_cut)
            last = k + 1 == count
            ahead = None if looks_at_frames(context) or last else moving.start(partial(motion_into, context, k + 1))
            motion = here.wait_on_device(lambda found: (found.motion.flow, found.motion.revealed)).motion
            state = carry_noise(context, replace(state, motion=motion, is_cut=is_cut))
        made = generate_frame(context, state)
        started = decoding.start(partial(decode, context, made.feedback), made.feedback)
        if shown is not None:
            yield finished(context, state.at(k - 1), shown)
        shown, state = started, state.after(made.feedback)
    if shown is not None:
        yield finished(context, state.at(count - 1), shown)


def looks_at_frames(context: LoopContext) -> bool:
    """Whether motion depends on what is seen in the frames."""
    return isinstance(context.depth, Estimated) or bool(context.settings["hybrid_motion_use_prev_img"])


def picture_of(shown: Pending[Decoded]) -> Tensor:
    """A frame as it is shown, for work that is queued from now on."""
    return shown.wait_on_device(lambda found: (found.picture,)).picture


def motion_into(context: LoopContext, k: int, shown: Pending[Decoded] | None = None) -> MotionAhead:
    """The motion into frame k. shown: the frame before it, where somebody looks at it."""
    picture = context.start_picture if shown is None or not looks_at_frames(context) else picture_of(shown)
    motion = context.motion_source.into(k, k - 1, picture)
    return MotionAhead(motion, to_host(motion.revealed.all()))


def decode(context: LoopContext, feedback: Tensor) -> Decoded:
    """The frame of what is fed back."""
    model = context.model
    height, width = context.start_picture.shape[-2:]
    with torch.inference_mode(), naming_out_of_memory(model.parts):
        picture = model.decode(model.from_vae_latent(feedback))
        finite = torch.isfinite(picture).all()
        picture = picture.float().clamp(0, 1)[..., :height, :width]
        picture = color_match.gray(picture) if context.settings["color_force_grayscale"] else picture
        pixels = (picture[0].permute(1, 2, 0) * 255).round().byte()
        again = (pixels.float() / 255).permute(2, 0, 1)[None]
    return Decoded(to_host(pixels), to_host(finite), again.clone())


def finished(context: LoopContext, state: LoopState, shown: Pending[Decoded]) -> Frame:
    """The frame at work, once it is there. BackendFailed with its number where the model's result is not finite."""
    found = shown.wait()
    if not bool(found.finite):
        raise BackendFailed(f"Frame {context.shot.frames[state.frame]} failed. {NO_NUMBERS}")
    return Frame(state.frame, scaled(found.pixels.contiguous().numpy(), context.size), notes(context, state))
