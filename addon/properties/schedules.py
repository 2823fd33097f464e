"""Deforum schedules as texts in fields, and what they mean while somebody types."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import bpy
from bpy.props import StringProperty

from ...backend.motion_bridge.engines.deforum.schedules import fault
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.schedules import Context, values
from ...backend.motion_bridge.schedules.parser import keys

FIELDS = {  # schedule: its name in the panel, and what it does
    "start_sigma": ("Denoise", "How much of each frame is generated anew: 0 nothing, 1 everything"),
    "strength_schedule": ("Strength", "How much of each frame is kept, as Deforum counts it: 1 everything, 0 nothing"),
    "steps_schedule": ("Steps", "Steps of the model for each frame. Empty: as many as the model recommends"),
    "cfg_scale_schedule": ("Guidance", "How strictly the prompt is followed. Empty: as the model recommends"),
    "video_preserve": (
        "Previous Frame",
        "How much of the frame before stays, warped by the video: 0 none, 1 all",
    ),
    "revealed_noise": (
        "Disocclusion Noise",
        "More noise where the camera uncovers what was hidden, so that it is generated anew",
    ),
    "control_strength": ("Control Strength", "How closely the scene's structure is followed: 0 not at all, 1 closely"),
    "angle": ("Angle", "Degrees a frame, counter-clockwise"),
    "zoom": ("Zoom", "Factor a frame: 1 leaves it, 1.02 zooms in"),
    "translation_x": ("Move X", "To the right: pixels a frame in 2D, 200ths of the depth in 3D"),
    "translation_y": ("Move Y", "Down in 2D, up in 3D"),
    "translation_z": ("Move Z", "Forward"),
    "transform_center_x": ("Center X", "The point that rotation and zoom leave in place: 0 left edge, 1 right edge"),
    "transform_center_y": ("Center Y", "The point that rotation and zoom leave in place: 0 top edge, 1 bottom edge"),
    "rotation_3d_x": ("Tilt", "Degrees a frame, up"),
    "rotation_3d_y": ("Pan", "Degrees a frame, to the right"),
    "rotation_3d_z": ("Roll", "Degrees a frame, clockwise"),
    "fov_schedule": ("Field of View", "Degrees"),
    "aspect_ratio_schedule": ("Aspect", "Of the field of view"),
    "perspective_flip_theta": ("Flip Theta", "Degrees the picture turns about its vertical axis, like a card"),
    "perspective_flip_phi": ("Flip Phi", "Degrees about its horizontal axis"),
    "perspective_flip_gamma": ("Flip Gamma", "Degrees in its plane"),
    "perspective_flip_fv": ("Flip View", "Field of view in degrees"),
    "color_amount": ("Color Match", "How much of the color match is applied: 0 none, 1 all"),
    "detail_amount": (
        "Detail Coherence",
        "How much of the first frame's sharpness is kept: 0 none, 1 all",
    ),
    "contrast_schedule": ("Contrast", "Before each generation, about middle gray: 1 leaves it"),
    "noise_schedule": ("Noise", "Added before each generation; it gives the model something to make details from"),
    "amount_schedule": ("Sharpen", "Amount of unsharp masking before each generation"),
    "kernel_schedule": ("Kernel", "Pixels that sharpening looks at, an odd number"),
    "sigma_schedule": ("Radius", "Of sharpening, in pixels"),
    "threshold_schedule": ("Threshold", "Differences smaller than this, of 255, are not sharpened"),
    "seed_schedule": ("Seed Schedule", "The seed of each frame; s is the seed above, -1 a random one"),
    "subseed_schedule": ("Subseed", "A second seed, mixed with the first"),
    "subseed_strength_schedule": ("Subseed Mix", "Share of the second seed: 0 none, 1 all"),
    "hybrid_comp_alpha_schedule": ("Mix", "How much of the guide video's picture is mixed in"),
    "hybrid_comp_mask_contrast_schedule": ("Contrast", "Of the mask"),
    "hybrid_comp_mask_auto_contrast_cutoff_low_schedule": ("Low Cutoff", "Percent of the mask that becomes black"),
    "hybrid_comp_mask_auto_contrast_cutoff_high_schedule": ("High Cutoff", "Percent above which the mask is white"),
    "hybrid_flow_factor_schedule": ("Flow Factor", "How much of the guide's motion is taken: 1 all of it"),
}
HOW = "frame:(value), frame:(value) … frame 0 is the first of the range. A value may be a formula of t, the frame"


def _typed(name: str) -> Callable[[Any, bpy.types.Context], None]:
    """A text that somebody gives holds from then on."""

    def update(group: Any, context: bpy.types.Context) -> None:
        if getattr(group, name).strip():
            setattr(group.id_data.motion_bridge.deforum.sources, name, "TEXT")

    return update


# One text for each schedule; where it is empty, the curve holds.
MotionBridgeSchedules = type(
    "MotionBridgeSchedules",
    (bpy.types.PropertyGroup,),
    {
        "__doc__": "As `scene.motion_bridge.deforum.texts`.",
        "__annotations__": {
            name: StringProperty(name=label, description=f"{about}.\n{HOW}", update=_typed(name))
            for name, (label, about) in FIELDS.items()
        },
    },
)


@lru_cache(maxsize=1024)
def meaning(name: str, text: str, frames: int, seed: int, fps: float) -> tuple[str, str, tuple[float, ...]]:
    """What is wrong with a schedule, which of its keys mean nothing, and its values, one for each frame.

    Kept, because panels are drawn often.
    """
    try:
        context = Context(max(frames, 1), seed, fps)
    except BadInput as wrong:
        return str(wrong), "", ()
    if wrong := fault(name, text, context):
        return wrong, "", ()
    late = [key.label for key in keys(text, context) if key.frame >= frames]
    idle = f"Key {late[0]} has no effect: the last frame is {frames - 1}." if late else ""
    return "", idle, tuple(values(text, context, name).tolist())
