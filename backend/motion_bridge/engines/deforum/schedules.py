"""The schedules that the loop reads: their names, what they are when nobody sets them, and what is wrong with one.

Names and defaults are the webui's; those in OWN and MEASURED are this project's. Light, so that Blender's panel can
use it too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import BadInput, nearest
from ...schedules import Context, texts, values
from ...schedules.parser import Key, keys
from ...schedules.webui_defaults import NAMES, SCHEDULES
from ...schedules.writer import number

OWN = {
    "start_sigma": "0:(-1)",  # in place of strength, where it is 0 or more
    "revealed_noise": "0:(0)",  # more noise where nothing was seen before
    "color_amount": "0:(1)",  # of color coherence
    "detail_amount": "0:(1)",  # of keeping as much detail as there is in the first frame
    "control_strength": "0:(1)",  # how closely the scene's structure is followed
    "video_preserve": "0:(0.5)",  # video mode: how much of the frame before, moved along, stays in the video's frame
}
MEASURED = {"amount_schedule": "0:(0)"}  # in place of the webui's, by `benchmarks burn`: `detail_amount` keeps detail
FOV = "fov_schedule"
STEPS = "steps_schedule"
CLASSIC = {FOV: "0:(40)", "noise_schedule": "0:(0.02)", "amount_schedule": "0:(0.2)"}  # what the notebooks differ in
USED = (
    ("strength_schedule", "start_sigma", "cfg_scale_schedule", "distilled_cfg_scale_schedule", STEPS)
    + (
        "noise_schedule",
        "noise_multiplier_schedule",
        "revealed_noise",
        "contrast_schedule",
        "color_amount",
        "detail_amount",
    )
    + ("kernel_schedule", "sigma_schedule", "amount_schedule", "threshold_schedule")
    + ("subseed_schedule", "subseed_strength_schedule")
    + ("angle", "zoom", "translation_x", "translation_y", "translation_z", "transform_center_x", "transform_center_y")
    + ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z", FOV, "aspect_ratio_schedule")
    + ("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma", "perspective_flip_fv")
    + ("hybrid_comp_alpha_schedule", "hybrid_comp_mask_blend_alpha_schedule", "hybrid_comp_mask_contrast_schedule")
    + ("hybrid_comp_mask_auto_contrast_cutoff_low_schedule", "hybrid_comp_mask_auto_contrast_cutoff_high_schedule")
    + ("hybrid_flow_factor_schedule", "cadence_flow_factor_schedule", "redo_flow_factor_schedule", "video_preserve")
    + ("image_strength_schedule", "blendFactorMax", "blendFactorSlope", "tweening_frames_schedule")
    + ("color_correction_factor", "control_strength")
)
MOVING_2D = ("angle", "zoom", "translation_x", "translation_y", "transform_center_x", "transform_center_y")
MOVING_3D = ("translation_x", "translation_y", "translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z") + (
    FOV,
    "aspect_ratio_schedule",
)
WORDS = ("mask_schedule", "noise_mask_schedule")  # schedules of words that the loop reads
UNUSED = {  # what is known, and why it has no effect
    "near_schedule": "nothing is cut off in front, there as here",
    "far_schedule": "nothing is cut off behind, there as here",
    "sampler_schedule": "each model is run with the sampler that it was taught for",
    "scheduler_schedule": "each model is run with the levels that it was taught for",
    "checkpoint_schedule": "a job has one model",
    "clipskip_schedule": "prompts are encoded as the model was taught with them",
    "ddim_eta_schedule": "the samplers here draw no noise of their own",
    "ancestral_eta_schedule": "the samplers here draw no noise of their own",
    "pix2pix_img_cfg_scale_schedule": "no InstructPix2Pix model is run here",
    "keyframe_strength_schedule": "strength_schedule holds at every frame; give it keys of its own",
    "image_keyframe_strength_schedule": "image_strength_schedule holds at every frame; give it keys of its own",
    "freeu_b1": "FreeU changes the insides of one model family",
    "freeu_b2": "FreeU changes the insides of one model family",
    "freeu_s1": "FreeU changes the insides of one model family",
    "freeu_s2": "FreeU changes the insides of one model family",
    "kohya_hrfix_block_number": "the hires fix changes the insides of one model family",
    "kohya_hrfix_downscale_factor": "the hires fix changes the insides of one model family",
    "kohya_hrfix_start_percent": "the hires fix changes the insides of one model family",
    "kohya_hrfix_end_percent": "the hires fix changes the insides of one model family",
    **{name: "structure control has settings of its own" for name in SCHEDULES if name.startswith("cn_")},
}
READ = frozenset({*USED, *WORDS, "seed_schedule"})  # all others are known and have no effect


def known(dialect: str = "superset") -> dict[str, str]:
    """Every schedule's name and what it is when nobody sets it."""
    return {**SCHEDULES, **OWN, **{"classic": CLASSIC, "webui": {}}.get(dialect, MEASURED)}


def ignored(names: Iterable[str]) -> list[str]:
    """A sentence for each of these schedules that is known and has no effect."""
    return [f"{name} has no effect: {UNUSED[name]}." for name in names if name in UNUSED]


# A strength that is asked for means no start sigma that stood there before.
OVERRIDES: Mapping[str, Mapping[str, str]] = {"strength_schedule": {"start_sigma": "0:(-1)"}}


def check_names(names: Iterable[str]) -> None:
    """BadInput for a schedule that does not exist, with the nearest that does."""
    there = known()
    for name in names:
        if name not in there:
            raise BadInput(f"There is no schedule {name!r}{nearest(name, there)}")


def check_prompts(prompts: Mapping[int, str], first: int) -> None:
    """BadInput where there are prompts and none for the first frame."""
    if prompts and min(prompts) > first:
        raise BadInput(f"The prompts begin at frame {min(prompts)}; give one for frame {first}, where the job does.")


def check_moving(settings: Mapping[str, Any], names: Iterable[str]) -> None:
    """BadInput for a schedule that would move nothing under these settings: elsewhere it is silently ignored."""
    mode, motion = settings.get("mode", "feedback"), settings.get("motion", "scene")
    kind = motion if mode == "feedback" else mode
    moving = {"2D": MOVING_2D, "3D": MOVING_3D}.get(kind, ())
    for name in names:
        if name in {*MOVING_2D, *MOVING_3D} - {*moving}:
            other = "2D" if name in MOVING_2D else "3D"
            raise BadInput(f"{name} moves nothing while the motion is {kind}; it belongs to motion {other}.")


def fault(name: str, text: str, context: Context) -> str | None:
    """What is wrong with a schedule, with its key and column; None where nothing is."""
    try:
        check_names([name])
        (texts if name in NAMES else values)(text, context, name)
    except BadInput as wrong:
        return str(wrong)
    return None


def check(schedules: Mapping[str, str], context: Context) -> None:
    """BadInput for the first schedule that does not exist or cannot be read."""
    for name, text in schedules.items():
        if wrong := fault(name, text, context):
            raise BadInput(wrong)


def kept(denoise: str) -> str:
    """The strength, which is the share that is kept, of a schedule of the share that is made anew."""
    try:
        found = keys(denoise, Context())
    except BadInput as wrong:
        raise BadInput(f"denoise, {wrong}") from None
    return ", ".join(f"{key.label}:({_rest(key)})" for key in found)


def _rest(key: Key) -> str:
    return f"1-({key.value})" if key.number is None else number(1 - key.number)
