"""The steps of the loop: verbs that take the loop's state and return the next.

Each reads what its settings and schedules say for the frame at work; what it does to pictures or latents is in a file
of its own (feedback_space.py, warp.py, color_match.py …).
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ....models.flow_matching import FlowModel
from ....models.image_model import Conditioning, NoiseSeed
from ....models.noise_level import from_strength
from . import color_match, hybrid_composite, mask, optical_flow, sharpen_and_noise, warped_noise
from .context import LoopContext
from .images import Picture, from_bytes, to_bytes
from .loop_state import LoopState
from .warp import warp as warp_picture

UNLIKE = 0.1  # difference of two pixels at which a video's motion is hardly trusted any more
SOFT = 2  # pixels of transition there


def encode_start(context: LoopContext, state: LoopState) -> LoopState:
    """The picture to begin with."""
    start = context.space.encode(context.start_picture)
    return replace(state, feedback=start, background=start)


def warp(context: LoopContext, state: LoopState) -> LoopState:
    """The key frame before, where the camera is now."""
    flow = context.space.flow(state.motion.flow)
    return state.fed(warp_picture(state.feedback, flow, context.settings["padding"], context.settings["sampling"]))


def blend_video(context: LoopContext, state: LoopState) -> LoopState:
    """Video mode: the video's frame, with the frame before kept in it where the video's own motion can be trusted."""
    there = from_bytes(context.guide[state.frame], context.device)
    followed = warp_picture(from_bytes(context.guide[state.before], context.device), state.motion.flow)
    unlike = (followed - there).abs().mean(1, keepdim=True) / UNLIKE
    trusted = mask.soften(torch.exp(-(unlike**2)) * ~state.motion.revealed[:, None], SOFT)
    weight = context.space.mask(trusted * context.schedules("video_preserve", state.frame))
    return state.fed(torch.lerp(context.space.encode(there), state.feedback, weight))


def composite(context: LoopContext, state: LoopState, when: str) -> LoopState:
    """The guide's frame mixed in, if `when` is the time that is set for it."""
    if context.settings["hybrid_composite"] != when:
        return state
    there = from_bytes(context.guide[state.frame], context.device)
    white = _composite_mask(context, state, there)
    alpha = context.schedules("hybrid_comp_alpha_schedule", state.frame)
    area = None if white is None else context.space.mask(white)
    return state.fed(hybrid_composite.composite(state.feedback, context.space.encode(there), alpha, area))


def _composite_mask(context: LoopContext, state: LoopState, there: Tensor) -> Tensor | None:
    """Where the picture stays, (1, 1, H, W); None: the guide is mixed in evenly."""
    settings, schedules, k = context.settings, context.schedules, state.frame
    kind = settings["hybrid_mask"]
    if kind == "None":
        return None
    if kind == "Video Depth":
        found = context.depth.inverse_depth_of(there)
    else:
        picture = context.space.decode(state.feedback)
        if kind == "Depth":
            found = context.depth.inverse_depth(k, picture)
        elif kind == "Blend":
            alpha = schedules("hybrid_comp_mask_blend_alpha_schedule", k)
            found = hybrid_composite.blend_mask(picture, there, alpha)
        else:
            found = hybrid_composite.difference_mask(picture, there)
    adjustment = hybrid_composite.Adjustment(
        settings["hybrid_comp_mask_inverse"],
        settings["hybrid_comp_mask_equalize"],
        schedules("hybrid_comp_mask_contrast_schedule", k),
        settings["hybrid_comp_mask_auto_contrast"],
        schedules("hybrid_comp_mask_auto_contrast_cutoff_low_schedule", k),
        schedules("hybrid_comp_mask_auto_contrast_cutoff_high_schedule", k),
    )
    return hybrid_composite.adjust(found, adjustment)


def match_color(context: LoopContext, state: LoopState) -> LoopState:
    """The colors, and as much detail, as should be kept. Detail is always the first frame's."""
    coherence, space, schedules, k = context.color_coherence, context.space, context.schedules, state.frame
    if coherence == "None":
        return state
    wanted = state.reference
    if context.color_reference is not None:
        wanted = space.encode(context.color_reference) if coherence == "Latent" else context.color_reference
    elif context.settings["color_reference"] == "video":
        every = context.settings["color_coherence_video_every_N_frames"]
        wanted = space.encode(from_bytes(context.guide[k // every * every], context.device))
    detailed = space.match_detail(state.feedback, state.reference, schedules("detail_amount", k))
    return state.fed(space.match_color(detailed, wanted, coherence, schedules("color_amount", k)))


def desaturate(context: LoopContext, state: LoopState) -> LoopState:
    """Gray, if that is asked for."""
    if not context.settings["color_force_grayscale"]:
        return state
    return state.fed(context.space.desaturate(state.feedback))


def adjust_contrast(context: LoopContext, state: LoopState) -> LoopState:
    factor = context.schedules("contrast_schedule", state.frame)
    return state.fed(context.space.adjust_contrast(state.feedback, factor))


def sharpen(context: LoopContext, state: LoopState) -> LoopState:
    amount, kernel, sigma, threshold = (
        context.schedules(f"{name}_schedule", state.frame) for name in ("amount", "kernel", "sigma", "threshold")
    )
    return state.fed(context.space.sharpen(state.feedback, amount, int(kernel), sigma, threshold))


def add_noise(context: LoopContext, state: LoopState) -> LoopState:
    """Noise of its own seed for every key frame; moving noise has one seed for the whole job."""
    settings, schedules, k, feedback = context.settings, context.schedules, state.frame, state.feedback
    extra = schedules("revealed_noise", k)
    amount = schedules("noise_schedule", k) + extra * state.motion.revealed[:, None].float()
    where = context.masks.noise(k)
    amount = context.space.mask(amount if where is None else amount * where)
    if settings["noise_type"] == "moving":
        noise = warped_noise.noise(state.noise_addresses, schedules.seeds[0], k, feedback.shape[1])
    elif settings["noise_type"] == "gaussian":
        noise = sharpen_and_noise.gaussian(feedback, schedules.seeds[k])
    else:
        cells, octaves = (settings["perlin_w"], settings["perlin_h"]), settings["perlin_octaves"]
        noise = sharpen_and_noise.perlin(feedback, schedules.seeds[k], cells, octaves, settings["perlin_persistence"])
    return state.fed(context.space.add_noise(feedback, noise, amount, settings["noise_pull"]))


def redo(context: LoopContext, state: LoopState) -> LoopState:
    """After generations that nobody sees: warped towards one, or replaced by several."""
    settings = context.settings
    if noise_level(context, state) <= 0:
        return state
    method = settings["optical_flow_redo_generation"]
    if method != "None":
        trial = img2img(context, state, trial=0)
        one, other = (to_bytes(context.space.decode(each.feedback)) for each in (state, trial))
        flow = optical_flow.optical_flow(one, other, method).to(state.feedback.device)
        flow = context.space.flow(flow * context.schedules("redo_flow_factor_schedule", state.frame))
        state = state.fed(warp_picture(state.feedback, flow, settings["padding"], settings["sampling"]))
    for trial in range(settings["redo"]):
        state = img2img(context, state, trial + 1)
    return match_color(context, state) if settings["redo"] else state


def img2img(context: LoopContext, state: LoopState, trial: int | None = None) -> LoopState:
    """What the image model makes of it. trial: the number of a generation that nobody sees."""
    noise_seed = noise_seed_at(context, state)
    if trial is not None:
        seed = int(np.random.default_rng((abs(noise_seed.seed), state.frame, trial)).integers(2**32))
        noise_seed = replace(noise_seed, seed=seed)
    conditioning = conditioning_at(context, state)
    return state.fed(context.space.img2img(state.feedback, noise_level(context, state), conditioning, noise_seed))


def conditioning_at(context: LoopContext, state: LoopState) -> Conditioning:
    """What the frame at work should show."""
    schedules, k = context.schedules, state.frame
    prompt, negative = schedules.prompts(state.prompts, k)
    guidance = schedules.guidance(k, isinstance(context.model, FlowModel))
    return Conditioning(prompt, negative, guidance, schedules.steps(k), **context.conditioning.at(k))


def noise_seed_at(context: LoopContext, state: LoopState) -> NoiseSeed:
    """Where the noise of the frame at work comes from."""
    schedules, k = context.schedules, state.frame
    subseed = schedules.subseed(k), schedules("subseed_strength_schedule", k)
    return NoiseSeed(schedules.seeds[k], *subseed, schedules.noise_multiplier(k))


def noise_level(context: LoopContext, state: LoopState) -> float:
    """The share of noise that generation starts from: scheduled itself, or from the strength that is kept."""
    settings, schedules, k = context.settings, context.schedules, state.frame
    strength = None
    if state.is_first or settings["mode"] == "interpolation":
        if not settings["use_init"]:
            return 1.0
        strength = settings["init_strength"] if settings["init_strength"] >= 0 else None
    elif state.is_cut:
        return 1.0  # a cut begins a picture of its own
    direct = schedules("start_sigma", k)
    if direct >= 0 and strength is None:
        return direct
    if strength is None:
        strength = schedules("image_strength_schedule" if context.guided_images else "strength_schedule", k)
    height, width = context.start_picture.shape[-2:]
    return from_strength(strength, context.model.levels(schedules.steps(k) or context.model.steps, width, height))


def blend_guided_image(context: LoopContext, state: LoopState) -> LoopState:
    """The guided image of the frame at work, mixed in."""
    if not context.guided_images:
        return state
    picture = context.space.encode(context.guided_images.at(state.frame))
    return state.fed(torch.lerp(state.feedback, picture, context.guided_images.weight(state.frame, context.schedules)))


def match_guided_color(context: LoopContext, state: LoopState, given: Tensor) -> LoopState:
    """The colors of what was given to the model, drawn a little towards the guided image."""
    if not context.guided_images:
        return state
    factor = context.schedules("color_correction_factor", state.frame)
    wanted = torch.lerp(given, context.space.encode(context.guided_images.at(state.frame)), factor)
    kind = "Latent" if context.settings["feedback"] == "latent" else "LAB"
    return state.fed(context.space.match_color(state.feedback, wanted, kind, 1.0))


def apply_mask(context: LoopContext, state: LoopState) -> LoopState:
    """What was generated where the mask lets it, what was there before elsewhere."""
    area = context.masks.area(state.frame)
    if area is None:
        return state
    area = context.space.mask(mask.soften(area, context.settings["mask_overlay_blur"]))
    return state.fed(mask.overlay(state.feedback, state.background, area))


def decode(context: LoopContext, state: LoopState) -> Picture:
    """What is fed back as a picture of the internal resolution."""
    shown = context.space.decode(state.feedback)
    return to_bytes(color_match.gray(shown) if context.settings["color_force_grayscale"] else shown)
