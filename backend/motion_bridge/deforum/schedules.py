"""The schedules that the loop reads: their names, what they are when nobody sets them, and what is wrong with one.

Names and defaults are the webui's; those in OWN are this project's. Light, so that Blender's panel can use it too.
"""

from collections.abc import Iterable, Mapping

from ..errors import BadInput
from ..motion.schedule import Context, texts, values
from ..motion.schedule.parse import Key, keys
from ..motion.schedule.text import number
from ..motion.schedule.webui_keys import NAMES, SCHEDULES
from ..names import nearest

OWN = {"start_sigma": "0:(-1)", "revealed_noise": "0:(0)", "color_amount": "0:(1)"}
FOV = "fov_schedule"
STEPS = "steps_schedule"
CLASSIC = {FOV: "0:(40)", "noise_schedule": "0:(0.02)", "amount_schedule": "0:(0.2)"}  # what the notebooks differ in
USED = (
    ("strength_schedule", "start_sigma", "cfg_scale_schedule", STEPS)
    + ("noise_schedule", "revealed_noise", "contrast_schedule", "color_amount")
    + ("kernel_schedule", "sigma_schedule", "amount_schedule", "threshold_schedule")
    + ("subseed_schedule", "subseed_strength_schedule")
    + ("angle", "zoom", "translation_x", "translation_y", "translation_z", "transform_center_x", "transform_center_y")
    + ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z", FOV, "aspect_ratio_schedule")
    + ("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma", "perspective_flip_fv")
    + ("hybrid_comp_alpha_schedule", "hybrid_comp_mask_contrast_schedule")
    + ("hybrid_comp_mask_auto_contrast_cutoff_low_schedule", "hybrid_comp_mask_auto_contrast_cutoff_high_schedule")
    + ("hybrid_flow_factor_schedule",)
)
READ = frozenset({*USED, "seed_schedule"})  # all others are known and have no effect


def known(dialect: str = "superset") -> dict[str, str]:
    """Every schedule's name and what it is when nobody sets it."""
    return {**SCHEDULES, **OWN, **(CLASSIC if dialect == "classic" else {})}


def check_names(names: Iterable[str]) -> None:
    """BadInput for a schedule that does not exist, with the nearest that does."""
    there = known()
    for name in names:
        if name not in there:
            raise BadInput(f"There is no schedule {name!r}{nearest(name, there)}")


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
