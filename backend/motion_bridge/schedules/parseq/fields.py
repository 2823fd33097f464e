"""Parseq's fields: their defaults, their names in Deforum, and which of them Deforum takes as steps."""

from ..webui_defaults import SCHEDULES

DELTAS = (
    *("angle", "zoom", "translation_x", "translation_y", "translation_z"),
    *("rotation_3d_x", "rotation_3d_y", "rotation_3d_z"),
    *("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma"),
)

DEFAULTS: dict[str, float] = {
    "seed": -1,
    "scale": 7,
    "noise": 0.08,
    "noise_multiplier": 1.05,
    "strength": 0.6,
    "clipskip": 0,
    "contrast": 1,
    **{f"prompt_weight_{i}": float(i in (1, 8)) for i in range(1, 9)},
    "angle": 0,
    "zoom": 1,
    "transform_center_x": 0.5,
    "transform_center_y": 0.5,
    "perspective_flip_theta": 0,
    "perspective_flip_phi": 0,
    "perspective_flip_gamma": 0,
    "perspective_flip_fv": 50,
    "translation_x": 0,
    "translation_y": 0,
    "translation_z": 10,
    "rotation_3d_x": 0,
    "rotation_3d_y": 0,
    "rotation_3d_z": 0,
    "fov": 40,
    "near": 200,
    "far": 10000,
    "antiblur_kernel": 5,
    "antiblur_sigma": 1,
    "antiblur_amount": 0.2,
    "antiblur_threshold": 0,
    "hybrid_comp_alpha": 1,
    "hybrid_comp_mask_blend_alpha": 0.5,
    "hybrid_comp_mask_contrast": 1,
    "hybrid_comp_mask_auto_contrast_cutoff_low": 0,
    "hybrid_comp_mask_auto_contrast_cutoff_high": 100,
    "hybrid_flow_factor": 1,
    "cadence_flow_factor": 1,
    "redo_flow_factor": 1,
    **{f"cn_{i}_weight": 1 for i in range(1, 6)},
    **{f"cn_{i}_guidance_start": 0 for i in range(1, 6)},
    **{f"cn_{i}_guidance_end": 1 for i in range(1, 6)},
    "guided_blendFactorMax": 0.35,
    "guided_blendFactorSlope": 0.25,
    "guided_tweening_frames": 20,
    "guided_color_correction_factor": 0.075,
}

_OWN = {"cfg_scale_schedule": "scale"} | {
    f"{name}_schedule": f"antiblur_{name}" for name in ("kernel", "sigma", "amount", "threshold")
}
_GUIDED = ("blendFactorMax", "blendFactorSlope", "tweening_frames_schedule", "color_correction_factor")


def field_of(schedule: str) -> str:
    """Parseq's name of a Deforum schedule."""
    plain = _OWN.get(schedule, schedule.removesuffix("_schedule"))
    return f"guided_{plain}" if schedule in _GUIDED else plain


FIELDS = {field_of(schedule): schedule for schedule in SCHEDULES}  # Parseq's name → Deforum's
