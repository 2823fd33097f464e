"""The loop: the previous picture, warped and cleaned, is given to an image model, again and again.

What a frame depends on is the finished frame before it, as it lies on disk in 8 bits, the seeds and the Shot; nothing
else is carried along. So a job that was interrupted continues byte for byte. Between two frames all is float.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.nn import functional

from ..engine import Changes, Finished, Frame
from ..errors import BackendFailed
from ..models.image import Chance, Wish, image_to_image
from ..models.noise_level import from_strength
from ..shot import Shot
from . import cadence, colour, detail, hybrid, mask, moving_noise
from .job import Job, from_bytes, prepare, to_bytes
from .metric import Motion
from .sample import warp


def generate(shot: Shot, settings: dict[str, Any], finished: Finished, changes: Changes) -> Iterator[Frame]:
    """The frames of a Shot that are not finished, in rising order."""
    job = prepare(shot, settings)
    cuts = [shot.frames.index(cut) for cut in shot.cuts]
    keys = cadence.keys(len(shot.frames), settings["cadence"], cuts)
    if 0 not in finished:
        shot = changed(shot, changes)
        pixels = to_bytes(first(shot, job))
        yield Frame(0, pixels, notes(shot, job, 0))
    else:
        pixels = finished.pixels(0)
    picture = reference = from_bytes(pixels, job.device)
    address = moving_noise.addresses(shot.height, shot.width, 0, job.device)
    for earlier, k in zip(keys, keys[1:], strict=False):
        missing = [at for at in range(earlier + 1, k + 1) if at not in finished]
        if not missing and not carries_noise(job):
            picture = from_bytes(finished.pixels(k), job.device)
            continue
        before, motion = picture, job.motions.into(k, earlier, picture)
        address = moving_noise.carried(address, motion.flow, motion.revealed, k)
        if k in finished:
            pixels = finished.pixels(k)
        else:
            shot = changed(shot, changes)
            pixels = to_bytes(following(shot, job, k, before, motion, address, reference))
        picture = from_bytes(pixels, job.device)  # always from bytes: a resumed job sees the very same
        for at in missing:
            if at == k:
                yield Frame(k, pixels, notes(shot, job, k))
            else:
                made = in_between(job, at, earlier, k, before, picture)
                yield Frame(at, to_bytes(made), {"between": [shot.frames[earlier], shot.frames[k]]})


def first(shot: Shot, job: Job) -> Tensor:
    """Frame 0: the Shot's first picture, as the model sees it, or what the prompt alone makes."""
    picture = from_bytes(shot.first_frame, job.device)
    sigma = start_sigma(job, 0, picture) if job.settings["use_init"] else 1.0
    return overlaid(job, painted(shot, job, 0, picture, sigma), picture)


def following(
    shot: Shot, job: Job, k: int, before: Tensor, motion: Motion, address: Tensor, reference: Tensor
) -> Tensor:
    """A key frame from the key before it: the field's order of steps."""
    settings, plan = job.settings, job.plan
    picture = mixed(job, k, before, "Before Motion")
    picture = warp(picture, motion.flow, settings["padding"], settings["sampling"])
    picture = moved = mixed(job, k, picture, "Normal")
    picture = coherent(job, k, picture, reference)
    picture = colour.grey(picture) if settings["color_force_grayscale"] else picture
    picture = colour.contrast(picture, plan("contrast_schedule", k))
    picture = sharpened(job, k, picture)
    noise = noise_of(job, k, picture, address)
    picture = detail.add_noise(picture, noise, noise_amount(job, k, motion.revealed))
    sigma = 1.0 if bool(motion.revealed.all()) else start_sigma(job, k, picture)  # a cut begins a picture of its own
    picture = painted(shot, job, k, picture.clamp(0, 1), sigma)
    picture = mixed(job, k, picture, "After Generation")
    picture = coherent(job, k, picture, reference)
    return overlaid(job, picture, moved)


def in_between(job: Job, at: int, earlier: int, later: int, before: Tensor, after: Tensor) -> Tensor:
    """A frame between two keys, from both."""
    into = job.motions.into(at, earlier, before)
    back = job.motions.back(at, later, earlier, before)
    share = (at - earlier) / (later - earlier)
    return cadence.between(before, after, into, back, share, job.settings["padding"], job.settings["sampling"])


def painted(shot: Shot, job: Job, k: int, picture: Tensor, sigma: float) -> Tensor:
    """What the image model makes of a picture at frame k. Any size: the model sees it with its edges mirrored."""
    model, plan = job.model, job.plan
    height, width = picture.shape[-2:]
    beyond = (-width % model.multiple, -height % model.multiple)
    whole = functional.pad(picture, (0, beyond[0], 0, beyond[1]), mode="reflect")
    prompt, negative = plan.words(shot, k)
    wish = Wish(prompt, negative, plan.guidance(k), plan.steps(k))
    chance = Chance(plan.seeds[k], int(plan("subseed_schedule", k)), plan("subseed_strength_schedule", k))
    try:
        made = image_to_image(model, whole, sigma, wish, chance)
    except BackendFailed as fault:
        raise BackendFailed(f"Frame {shot.frames[k]} failed. {fault}") from None
    return made[..., :height, :width]


def start_sigma(job: Job, k: int, picture: Tensor) -> float:
    """The share of the picture that is replaced at frame k: scheduled itself, or from the strength that is kept."""
    direct = job.plan("start_sigma", k)
    if direct >= 0:
        return direct
    height, width = picture.shape[-2:]
    own = job.model.levels(job.plan.steps(k) or job.model.steps, width, height)
    return from_strength(job.plan("strength_schedule", k), own)


def coherent(job: Job, k: int, picture: Tensor, first_made: Tensor) -> Tensor:
    """The picture with the colours it should keep."""
    space = job.settings["color_coherence"]
    if space == "None":
        return picture
    wanted = first_made if job.reference is None else job.reference
    if job.settings["color_reference"] == "video":
        wanted = from_bytes(job.guide[k], job.device)
    return colour.match(picture, wanted, space, job.plan("color_amount", k))


def sharpened(job: Job, k: int, picture: Tensor) -> Tensor:
    amount, kernel, sigma, threshold = (
        job.plan(f"{name}_schedule", k) for name in ("amount", "kernel", "sigma", "threshold")
    )
    return detail.unsharp(picture, amount, int(kernel), sigma, threshold)


def noise_amount(job: Job, k: int, revealed: Tensor) -> Tensor:
    """How much noise each pixel gets, (1, 1, H, W): more where nothing was seen before."""
    extra = job.plan("revealed_noise", k)
    return job.plan("noise_schedule", k) + extra * revealed[:, None].float()


def mixed(job: Job, k: int, picture: Tensor, when: str) -> Tensor:
    """The picture with the guide's frame mixed in, if this is when that happens."""
    settings, plan = job.settings, job.plan
    if settings["hybrid_composite"] != when:
        return picture
    there = from_bytes(job.guide[k], job.device)
    where = None
    if settings["hybrid_mask"] != "None":
        blend = settings["hybrid_mask"] == "Blend"
        where = hybrid.blend_mask(picture, there, 0.5) if blend else hybrid.difference_mask(picture, there)
        cutoff = "hybrid_comp_mask_auto_contrast_cutoff_{}_schedule"
        low, high = (plan(cutoff.format(end), k) for end in ("low", "high"))
        where = hybrid.stretched(where, low, high, plan("hybrid_comp_mask_contrast_schedule", k))
    return hybrid.composite(picture, there, plan("hybrid_comp_alpha_schedule", k), where)


def overlaid(job: Job, made: Tensor, kept: Tensor) -> Tensor:
    """The generated picture inside the mask, the one it was made from outside."""
    return made if job.mask is None else mask.overlay(made, kept, job.mask, job.settings["mask_overlay_blur"])


def noise_of(job: Job, k: int, like: Tensor, address: Tensor) -> Tensor:
    """Normal noise for key k, of its own seed; moving noise has one seed for the whole job."""
    settings, seed = job.settings, job.plan.seeds[k]
    if settings["noise_type"] == "moving":
        return moving_noise.noise(address, job.plan.seeds[0], k)
    if settings["noise_type"] == "gaussian":
        return detail.gaussian(like, seed)
    cells = (settings["perlin_w"], settings["perlin_h"])
    return detail.perlin(like, seed, cells, settings["perlin_octaves"], settings["perlin_persistence"])


def carries_noise(job: Job) -> bool:
    """Whether a frame's noise depends on all the motion before it, so that a resumed job must follow it again."""
    return job.settings["noise_type"] == "moving"


def changed(shot: Shot, changes: Changes) -> Shot:
    """The Shot with the prompts that somebody changed meanwhile; they hold from now on."""
    for fields in changes():
        shot = replace(shot, prompts={int(frame): str(text) for frame, text in fields["prompts"].items()})
    return shot


def notes(shot: Shot, job: Job, k: int) -> dict[str, Any]:
    """What a key frame says about itself."""
    prompt, negative = job.plan.words(shot, k)
    return {"prompt": prompt, "negative": negative, "seed": job.plan.seeds[k]}
