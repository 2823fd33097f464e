"""The loop: the previous picture, warped and cleaned, is given to an image model, again and again.

What a frame depends on is the finished frame before it, as it lies on disk (in 8 bits, or its latents beside it), the
seeds and the Shot; nothing else is carried along. So a job that was interrupted continues byte for byte.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ....errors import BackendFailed
from ....model_registry import registry
from ....shot import Shot
from ...base import Changes, Finished, Frame, Notice
from ..known import REPAINT
from . import cadence, known_pixels
from .context import LoopContext, prepare
from .frame_notes import notes
from .images import Picture, from_bytes, to_bytes
from .internal_resolution import scaled
from .loop_state import KeyFrame, LoopState
from .noise_history import carry_noise, needs_noise_history
from .steps import (
    add_noise,
    adjust_contrast,
    apply_mask,
    blend_guided_image,
    blend_video,
    composite,
    decode,
    desaturate,
    encode_start,
    img2img,
    match_color,
    match_guided_color,
    redo,
    sharpen,
    warp,
)
from .warp import warp as warp_picture


def generate(shot: Shot, settings: dict[str, Any], finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
    """The frames of a Shot that are not finished, in rising order, after what people should know of them."""
    begun = finished.notes(0) if 0 in finished else {}
    settings = {**settings, "model": begun.get("model") or registry.resolve(settings["model"])}
    sentences = list(registry.fallback_notice(shot.settings.get("model", ""), settings["model"]))
    context = prepare(shot, settings, begun.get("precision"), say=sentences.append)
    yield from map(Notice, sentences)
    if settings["known"] != REPAINT:
        yield from known_pixels.generate(context, shot, finished, changes)
        return
    state = LoopState(shot.prompts)
    for k in cadence.keys(len(shot.frames), settings["cadence"], [shot.frames.index(cut) for cut in shot.cuts]):
        state = state.at(k)
        missing = [at for at in range(state.before + 1, k + 1) if at not in finished]
        key = restore(context, k, finished) if k in finished else None
        if not state.is_first and (missing or key is None or needs_noise_history(context)):
            state = follow_motion(context, state)
        if key is None:
            state = replace(state, prompts=changed(state, changes))
            key = make_key(context, state)
        if state.is_first:
            context.conditioning.begin(key.picture)
        for at in missing:
            if at == k:
                yield Frame(k, scaled(key.pixels, context.size), key.notes, key.saved)
            else:
                pixels = scaled(interpolate(context, state, key, at), context.size)
                yield Frame(at, pixels, {"between": [shot.frames[state.before], shot.frames[k]]})
        state = state.after(key.feedback, key.picture)


def generate_frame(context: LoopContext, state: LoopState) -> LoopState:
    """What is fed back at the frame at work: from the key frame before it, by the field's order of steps."""
    settings = context.settings
    if state.is_first or settings["mode"] == "interpolation":  # a frame of its own, from a picture or the prompt alone
        return apply_mask(context, img2img(context, encode_start(context, state)))
    state = composite(context, state, "Before Motion")
    state = warp(context, state)
    if settings["mode"] == "video":
        state = blend_video(context, state)
    state = composite(context, state, "Normal")
    state = replace(state, background=state.feedback)
    state = match_color(context, state)
    state = desaturate(context, state)
    state = adjust_contrast(context, state)
    state = sharpen(context, state)
    state = add_noise(context, state)
    state = redo(context, state)
    given = state = blend_guided_image(context, state)
    state = img2img(context, state)
    state = match_guided_color(context, state, given.feedback)
    state = composite(context, state, "After Generation")
    if not settings["legacy_colormatch"]:
        state = match_color(context, state)
    return apply_mask(context, state)


def follow_motion(context: LoopContext, state: LoopState) -> LoopState:
    """The state with the motion into the frame at work, and the noise that moves along."""
    motion = context.motion_source.into(state.frame, state.before, state.picture)
    return carry_noise(context, replace(state, motion=motion, is_cut=bool(motion.revealed.all())))


def make_key(context: LoopContext, state: LoopState) -> KeyFrame:
    """The frame at work, generated. BackendFailed with its number where the model fails."""
    try:
        state = generate_frame(context, state)
        pixels = decode(context, state)
    except BackendFailed as fault:
        raise BackendFailed(f"Frame {context.shot.frames[state.frame]} failed. {fault}") from None
    saved = context.space.saved(state.feedback)
    picture = from_bytes(pixels, context.device)  # always from bytes: a resumed job sees the very same
    feedback = context.space.restore(picture, saved)
    assert feedback is not None
    found = notes(context, state)
    depth = context.depth.follow(picture, None if state.is_first else state.motion)
    return KeyFrame(feedback, picture, pixels, saved, {**found, **depth})


def restore(context: LoopContext, k: int, finished: Finished) -> KeyFrame | None:
    """Key frame k from disk; None where what was saved beside it is gone, so that it must be made again."""
    shown, saved = finished.pixels(k), finished.state(k)
    height, width = context.start_picture.shape[-2:]
    pixels = scaled(shown, (width, height))
    picture = from_bytes(pixels, context.device)
    feedback = context.space.restore(picture, saved)
    if feedback is None:
        return None
    if pixels is not shown:
        pixels = decode(context, LoopState({}, k, feedback=feedback))  # as generated; scaling there and back loses some
        picture = from_bytes(pixels, context.device)
    context.depth.restore(picture, finished.notes(k))
    return KeyFrame(feedback, picture, pixels, saved, {})


def interpolate(context: LoopContext, state: LoopState, after: KeyFrame, at: int) -> Picture:
    """Frame `at` between two key frames, from both: the one before, and the one at work."""
    settings = context.settings
    into = context.motion_source.into(at, state.before, state.picture)
    back = context.motion_source.back(at, state.frame, state.before, state.picture)
    weight = (at - state.before) / (state.frame - state.before)
    how = (settings["padding"], settings["sampling"])
    pair = warp_picture(state.picture, into.flow, *how), warp_picture(after.picture, back.flow, *how)
    if settings["optical_flow_cadence"] != "None":
        factor = context.schedules("cadence_flow_factor_schedule", at)
        pair = cadence.align(*pair, weight, settings["optical_flow_cadence"], factor)
    return to_bytes(cadence.blend(*pair, into, back, weight))


def changed(state: LoopState, changes: Changes) -> dict[int, str]:
    """The prompts with those that somebody changed meanwhile; they hold from now on."""
    prompts = dict(state.prompts)
    for fields in changes():
        prompts = {int(frame): str(text) for frame, text in fields["prompts"].items()}
    return prompts
