"""The loop: the previous picture, warped and cleaned, is given to an image model, again and again.

What a frame depends on is the finished frame before it, as it lies on disk (in 8 bits, or its latents beside it), the
seeds and the Shot; nothing else is carried along. So a job that was interrupted continues byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from ....errors import BackendFailed
from ....model_registry import registry
from ....schedules.prompts import held, split
from ....shot import Shot
from ...base import Changes, Finished, Frame, Notice
from . import cadence, color_match, warped_noise
from .context import Job, prepare
from .feedback_space import State
from .images import Picture, from_bytes, to_bytes
from .internal_resolution import scaled
from .scene_motion import Motion
from .steps import (
    coherent,
    coloured,
    drawn_on,
    in_video,
    mixed,
    moved,
    noisy,
    overlaid,
    painted,
    redone,
    sharpened,
    start_sigma,
)
from .warp import warp


@dataclass(frozen=True)
class Fed:
    """What the next frame is made from."""

    at: int  # position in the Shot
    fed: Tensor


@dataclass(frozen=True)
class Key(Fed):
    """A generated frame, exactly as a resumed job finds it again."""

    picture: Tensor  # (1, 3, H, W)
    pixels: Picture  # (H, W, 3)
    state: State
    notes: dict[str, Any]


def generate(shot: Shot, settings: dict[str, Any], finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
    """The frames of a Shot that are not finished, in rising order, after what people should know of them."""
    begun = finished.notes(0) if 0 in finished else {}
    settings = {**settings, "model": begun.get("model") or registry.chosen(settings["model"])}
    sentences = list(registry.instead(shot.settings.get("model", ""), settings["model"]))
    job = prepare(shot, settings, begun.get("precision"), say=sentences.append)
    yield from map(Notice, sentences)
    keys = cadence.keys(len(shot.frames), settings["cadence"], [shot.frames.index(cut) for cut in shot.cuts])
    before = reference = address = motion = None
    for k in keys:
        missing = [at for at in range(before.at + 1 if before else 0, k + 1) if at not in finished]
        key = recalled(job, k, finished) if k in finished else None
        if before and (missing or not key or carries_noise(job)):
            motion = job.motions.into(k, before.at, before.picture)
            address = carried(job, address, motion, k, before)
        if key is None:
            shot = changed(shot, changes)
            key = made(shot, job, k, before, motion, address, reference)
        if reference is None:
            reference = key.fed
            job.conditions.begin(key.picture)
        for at in missing:
            if at == k:
                yield Frame(k, scaled(key.pixels, job.size), key.notes, key.state)
            elif before:
                pixels = scaled(in_between(job, at, before, key), job.size)
                yield Frame(at, pixels, {"between": [shot.frames[before.at], shot.frames[k]]})
        before = key


def first(shot: Shot, job: Job, k: int) -> Tensor:
    """A frame of its own, from a picture or from the prompt alone: the first, and all of the interpolation mode."""
    fed = job.space.enter(job.start)
    given = job.settings["init_strength"]
    sigma = start_sigma(job, k, given if given >= 0 else None) if job.settings["use_init"] else 1.0
    return overlaid(job, k, painted(shot, job, k, fed, sigma), fed)


def following(
    shot: Shot,
    job: Job,
    k: int,
    before: Fed,
    motion: Motion,
    address: Tensor | None,
    reference: Tensor,
    anew: bool,
) -> Tensor:
    """A key frame from the key before it: the field's order of steps. anew: nothing here was seen before."""
    settings, space = job.settings, job.space
    fed = mixed(job, k, before.fed, "Before Motion")
    fed = moved(job, fed, motion)
    if settings["mode"] == "video":
        fed = in_video(job, k, before.at, fed, motion)
    fed = kept = mixed(job, k, fed, "Normal")
    fed = coherent(job, k, fed, reference)
    fed = space.grey(fed) if settings["color_force_grayscale"] else fed
    fed = space.contrast(fed, job.plan("contrast_schedule", k))
    fed = sharpened(job, k, fed)
    fed = noisy(job, k, fed, motion, address)
    sigma = 1.0 if anew else start_sigma(job, k)  # a cut begins a picture of its own
    fed = redone(shot, job, k, fed, sigma, reference)
    fed = given = drawn_on(job, k, fed)
    fed = painted(shot, job, k, fed, sigma)
    fed = coloured(job, k, fed, given)
    fed = mixed(job, k, fed, "After Generation")
    fed = fed if settings["legacy_colormatch"] else coherent(job, k, fed, reference)
    return overlaid(job, k, fed, kept)


def made(
    shot: Shot,
    job: Job,
    k: int,
    before: Key | None,
    motion: Motion | None,
    address: Tensor | None,
    reference: Tensor | None,
) -> Key:
    """Key k, generated. BackendFailed with the frame's number where the model fails."""
    try:
        if before is None or motion is None or reference is None or job.settings["mode"] == "interpolation":
            fed = first(shot, job, k)
        else:
            anew = bool(motion.revealed.all())
            fed = following(shot, job, k, before, motion, address, reference, anew)
        pixels = looked_at(job, fed)
    except BackendFailed as fault:
        raise BackendFailed(f"Frame {shot.frames[k]} failed. {fault}") from None
    state = job.space.state(fed)
    picture = from_bytes(pixels, job.device)  # always from bytes: a resumed job sees the very same
    again = job.space.recalled(picture, state)
    assert again is not None
    return Key(k, again, picture, pixels, state, {**notes(shot, job, k), **job.depths.follow(picture, motion)})


def recalled(job: Job, k: int, finished: Finished) -> Key | None:
    """Key k from disk; None where its state is gone, so that it must be made again."""
    shown, state = finished.pixels(k), finished.state(k)
    pixels = scaled(shown, job.start.shape[:1:-1])
    picture = from_bytes(pixels, job.device)
    fed = job.space.recalled(picture, state)
    if fed is None:
        return None
    if pixels is not shown:
        pixels = looked_at(job, fed)  # as it was painted; scaling there and back loses something
        picture = from_bytes(pixels, job.device)
    job.depths.recall(picture, finished.notes(k))
    return Key(k, fed, picture, pixels, state, {})


def looked_at(job: Job, fed: Tensor) -> Picture:
    """What is fed back as a picture of the size it was painted at."""
    shown = job.space.leave(fed)
    return to_bytes(color_match.grey(shown) if job.settings["color_force_grayscale"] else shown)


def in_between(job: Job, at: int, before: Key, after: Key) -> Picture:
    """A frame between two keys, from both."""
    settings = job.settings
    into = job.motions.into(at, before.at, before.picture)
    back = job.motions.back(at, after.at, before.at, before.picture)
    share = (at - before.at) / (after.at - before.at)
    how = (settings["padding"], settings["sampling"])
    pair = warp(before.picture, into.flow, *how), warp(after.picture, back.flow, *how)
    if settings["optical_flow_cadence"] != "None":
        factor = job.plan("cadence_flow_factor_schedule", at)
        pair = cadence.approached(*pair, share, settings["optical_flow_cadence"], factor)
    return to_bytes(cadence.between(*pair, into, back, share))


def carried(job: Job, address: Tensor | None, motion: Motion, k: int, before: Fed) -> Tensor | None:
    """Where each pixel's noise lives at frame k."""
    if not carries_noise(job):
        return None
    height, width = before.fed.shape[-2:]
    if address is None:
        address = warped_noise.addresses(height, width, 0, job.device)
    revealed = job.space.area(motion.revealed[:, None].float())[:, 0] > 0.5
    return warped_noise.carried(address, job.space.flow(motion.flow), revealed, k)


def carries_noise(job: Job) -> bool:
    """Whether a frame's noise depends on all the motion before it, so that a resumed job must follow it again."""
    return job.settings["noise_type"] == "moving" and job.settings["mode"] != "interpolation"


def changed(shot: Shot, changes: Changes) -> Shot:
    """The Shot with the prompts that somebody changed meanwhile; they hold from now on."""
    for fields in changes():
        shot = replace(shot, prompts={int(frame): str(text) for frame, text in fields["prompts"].items()})
    return shot


def notes(shot: Shot, job: Job, k: int) -> dict[str, Any]:
    """What a key frame says about itself."""
    wanted, unwanted = split(job.plan.text(shot, k), k, job.plan.context)
    negative = ", ".join(part for part in (held(shot.negative, shot.frames[k]), unwanted) if part)
    found: dict[str, Any] = {"prompt": wanted, "negative": negative, "seed": job.plan.seeds[k]}
    if k == 0:
        found["precision"] = job.model.parts.precision  # a resumed job keeps it, whatever memory is free by then
        if job.settings["model"] != shot.settings.get("model"):
            found["model"] = job.settings["model"]  # and what was chosen for it, whatever models are there by then
    return found
