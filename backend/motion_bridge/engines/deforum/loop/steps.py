"""The steps of the loop that need to know the job: what its settings and schedules make of a step at frame k.

`fed` is what is fed back, in pixels or in latents (space.py); `reference` is the first frame's.
"""

import numpy as np
import torch
from torch import Tensor

from ....models.flow_matching import FlowModel
from ....models.image_model import Chance, Wish
from ....models.noise_level import from_strength
from ....shot import Shot
from . import composite, mask, optical_flow, sharpen_and_noise, warped_noise
from .composite import Drawing
from .context import Job
from .images import from_bytes, to_bytes
from .scene_motion import Motion
from .warp import warp

UNLIKE = 0.1  # difference of two pixels at which a video's motion is hardly believed any more
SOFT = 2  # pixels of transition there


def moved(job: Job, fed: Tensor, motion: Motion) -> Tensor:
    """What is fed back, where the camera is now."""
    return warp(fed, job.space.flow(motion.flow), job.settings["padding"], job.settings["sampling"])


def in_video(job: Job, k: int, earlier: int, fed: Tensor, motion: Motion) -> Tensor:
    """Video mode: the video's frame, with the frame before kept in it where the video's own motion can be believed."""
    there = from_bytes(job.guide[k], job.device)
    followed = warp(from_bytes(job.guide[earlier], job.device), motion.flow)
    unlike = (followed - there).abs().mean(1, keepdim=True) / UNLIKE
    believed = mask.softened(torch.exp(-(unlike**2)) * ~motion.revealed[:, None], SOFT)
    kept = job.space.area(believed * job.plan("video_preserve", k))
    return torch.lerp(job.space.enter(there), fed, kept)


def mixed(job: Job, k: int, fed: Tensor, when: str) -> Tensor:
    """What is fed back with the guide's frame mixed in, if this is when that happens."""
    if job.settings["hybrid_composite"] != when:
        return fed
    there = from_bytes(job.guide[k], job.device)
    white = _hybrid_mask(job, k, fed, there)
    share = job.plan("hybrid_comp_alpha_schedule", k)
    return composite.mixed(fed, job.space.enter(there), share, None if white is None else job.space.area(white))


def _hybrid_mask(job: Job, k: int, fed: Tensor, there: Tensor) -> Tensor | None:
    settings, plan = job.settings, job.plan
    kind = settings["hybrid_mask"]
    if kind == "None":
        return None
    if kind == "Video Depth":
        found = job.depths.near_of(there)
    else:
        picture = job.space.leave(fed)
        if kind == "Depth":
            found = job.depths.near(k, picture)
        elif kind == "Blend":
            found = composite.blend_mask(picture, there, plan("hybrid_comp_mask_blend_alpha_schedule", k))
        else:
            found = composite.difference_mask(picture, there)
    drawing = Drawing(
        settings["hybrid_comp_mask_inverse"],
        settings["hybrid_comp_mask_equalize"],
        plan("hybrid_comp_mask_contrast_schedule", k),
        settings["hybrid_comp_mask_auto_contrast"],
        plan("hybrid_comp_mask_auto_contrast_cutoff_low_schedule", k),
        plan("hybrid_comp_mask_auto_contrast_cutoff_high_schedule", k),
    )
    return composite.drawn(found, drawing)


def coherent(job: Job, k: int, fed: Tensor, reference: Tensor) -> Tensor:
    """What is fed back with the colours, and as much detail, as it should keep. Detail is always the first frame's."""
    if job.coherence == "None":
        return fed
    wanted = reference
    if job.reference is not None:
        wanted = job.space.enter(job.reference) if job.coherence == "Latent" else job.reference
    elif job.settings["color_reference"] == "video":
        every = job.settings["color_coherence_video_every_N_frames"]
        wanted = job.space.enter(from_bytes(job.guide[k // every * every], job.device))
    fed = job.space.detail(fed, reference, job.plan("detail_amount", k))
    return job.space.match(fed, wanted, job.coherence, job.plan("color_amount", k))


def sharpened(job: Job, k: int, fed: Tensor) -> Tensor:
    amount, kernel, sigma, threshold = (
        job.plan(f"{name}_schedule", k) for name in ("amount", "kernel", "sigma", "threshold")
    )
    return job.space.sharpen(fed, amount, int(kernel), sigma, threshold)


def noisy(job: Job, k: int, fed: Tensor, motion: Motion, address: Tensor) -> Tensor:
    """Noise of its own seed for every key; moving noise has one seed for the whole job."""
    settings, seed = job.settings, job.plan.seeds[k]
    extra = job.plan("revealed_noise", k)
    amount = job.plan("noise_schedule", k) + extra * motion.revealed[:, None].float()
    where = job.masks.noise(k)
    amount = job.space.area(amount if where is None else amount * where)
    if settings["noise_type"] == "moving":
        noise = warped_noise.noise(address, job.plan.seeds[0], k, fed.shape[1])
    elif settings["noise_type"] == "gaussian":
        noise = sharpen_and_noise.gaussian(fed, seed)
    else:
        cells = (settings["perlin_w"], settings["perlin_h"])
        noise = sharpen_and_noise.perlin(fed, seed, cells, settings["perlin_octaves"], settings["perlin_persistence"])
    return job.space.noisy(fed, noise, amount, settings["noise_pull"])


def redone(shot: Shot, job: Job, k: int, fed: Tensor, sigma: float, reference: Tensor) -> Tensor:
    """What is fed back after generations that nobody sees: warped towards one, or replaced by several."""
    settings = job.settings
    if sigma <= 0:
        return fed
    method = settings["optical_flow_redo_generation"]
    if method != "None":
        trial = painted(shot, job, k, fed, sigma, trial=0)
        one, other = (to_bytes(job.space.leave(each)) for each in (fed, trial))
        flow = optical_flow.optical_flow(one, other, method).to(fed.device) * job.plan("redo_flow_factor_schedule", k)
        fed = warp(fed, job.space.flow(flow), settings["padding"], settings["sampling"])
    for trial in range(settings["redo"]):
        fed = painted(shot, job, k, fed, sigma, trial + 1)
    return coherent(job, k, fed, reference) if settings["redo"] else fed


def painted(shot: Shot, job: Job, k: int, fed: Tensor, sigma: float, trial: int | None = None) -> Tensor:
    """What the image model makes of it at frame k. trial: the number of a generation that nobody sees."""
    plan = job.plan
    prompt, negative = plan.prompts(shot, k)
    guidance = plan.guidance(k, isinstance(job.model, FlowModel))
    wish = Wish(prompt, negative, guidance, plan.steps(k), **job.conditions.at(k))
    seed = plan.seeds[k]
    if trial is not None:
        seed = int(np.random.default_rng((abs(seed), k, trial)).integers(2**32))
    chance = Chance(seed, plan.subseed(k), plan("subseed_strength_schedule", k), plan.noise_size(k))
    return job.space.paint(fed, sigma, wish, chance)


def start_sigma(job: Job, k: int, strength: float | None = None) -> float:
    """The share that is replaced at frame k: scheduled itself, or from the strength that is kept."""
    direct = job.plan("start_sigma", k)
    if direct >= 0 and strength is None:
        return direct
    if strength is None:
        strength = job.plan("image_strength_schedule" if job.guided else "strength_schedule", k)
    height, width = job.start.shape[-2:]
    return from_strength(strength, job.model.levels(job.plan.steps(k) or job.model.steps, width, height))


def drawn_on(job: Job, k: int, fed: Tensor) -> Tensor:
    """What is fed back with the guided image of frame k mixed in."""
    if not job.guided:
        return fed
    return torch.lerp(fed, job.space.enter(job.guided.at(k)), job.guided.share(k, job.plan))


def coloured(job: Job, k: int, fed: Tensor, before: Tensor) -> Tensor:
    """The colours of what was given to the model, drawn a little towards the guided image."""
    if not job.guided:
        return fed
    wanted = torch.lerp(before, job.space.enter(job.guided.at(k)), job.plan("color_correction_factor", k))
    kind = "Latent" if job.settings["feedback"] == "latent" else "LAB"
    return job.space.match(fed, wanted, kind, 1.0)


def overlaid(job: Job, k: int, fed: Tensor, kept: Tensor) -> Tensor:
    """What was made where the mask lets it, what was there before elsewhere."""
    area = job.masks.area(k)
    if area is None:
        return fed
    return mask.overlay(fed, kept, job.space.area(mask.softened(area, job.settings["mask_overlay_blur"])))
