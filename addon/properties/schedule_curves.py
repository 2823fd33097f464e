"""Deforum schedules as numbers that Blender animates, and which of curve and text holds for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy.props import EnumProperty, FloatProperty, IntProperty
from numpy.typing import NDArray

from ...backend.motion_bridge.schedules import writer
from ..scene.animated_settings import sampled
from .schedules import FIELDS

TEXT, CURVE = "TEXT", "CURVE"


@dataclass(frozen=True)
class Limits:
    """What a schedule is at first, what it may be, and where its slider ends."""

    start: float
    least: float | None = None
    most: float | None = None
    slider: tuple[float, float] | None = None
    whole: bool = False

    @property
    def property(self) -> Any:
        """FloatProperty or IntProperty, for whole numbers."""
        return IntProperty if self.whole else FloatProperty

    def options(self) -> dict[str, Any]:
        """Arguments of the property."""
        kind = int if self.whole else float
        ends = self.slider or (None, None)
        found = {"default": self.start, "min": self.least, "max": self.most, "soft_min": ends[0], "soft_max": ends[1]}
        made: dict[str, Any] = {name: kind(value) for name, value in found.items() if value is not None}
        if (self.least, self.most) == (0, 1):
            made["subtype"] = "FACTOR"
        return made if self.whole else {**made, "precision": 3}


SHARE = Limits(0, 0, 1)
ANGLE = Limits(0, slider=(-180, 180))
TURN = Limits(0, slider=(-5, 5))
MOVE = Limits(0, slider=(-20, 20))
PLACE = Limits(0.5, slider=(0, 1))
FACTOR = Limits(1, 0, slider=(0, 2))
LIMITS = {
    "start_sigma": Limits(0.65, 0, 1),
    "strength_schedule": Limits(0.65, 0, 1),
    "steps_schedule": Limits(0, 0, 1000, (0, 50), whole=True),  # 0: as the model recommends, here and in the next
    "cfg_scale_schedule": Limits(0, 0, 100, (0, 15)),
    "video_preserve": Limits(0.5, 0, 1),
    "revealed_noise": Limits(0, 0, slider=(0, 1)),
    "control_strength": FACTOR,
    "angle": TURN,
    "zoom": Limits(1, 1e-4, 1e4, (0.9, 1.1)),
    "translation_x": MOVE,
    "translation_y": MOVE,
    "translation_z": MOVE,
    "transform_center_x": PLACE,
    "transform_center_y": PLACE,
    "rotation_3d_x": TURN,
    "rotation_3d_y": TURN,
    "rotation_3d_z": TURN,
    "fov_schedule": Limits(70, 0.1, 179.9, (10, 120)),
    "aspect_ratio_schedule": Limits(1, 1e-4, 1e4, (0.5, 2)),
    "perspective_flip_theta": ANGLE,
    "perspective_flip_phi": ANGLE,
    "perspective_flip_gamma": ANGLE,
    "perspective_flip_fv": Limits(53, 0.1, 179.9, (10, 120)),
    "color_amount": Limits(1, 0, 1),
    "detail_amount": Limits(1, 0, 1),
    "contrast_schedule": Limits(1, 0, slider=(0.5, 1.5)),
    "noise_schedule": Limits(0.065, 0, slider=(0, 0.2)),
    "amount_schedule": Limits(0, 0, slider=(0, 1)),
    "kernel_schedule": Limits(5, 1, slider=(1, 15), whole=True),
    "sigma_schedule": Limits(1, 0, slider=(0, 5)),
    "threshold_schedule": Limits(0, 0, 255),
    "seed_schedule": Limits(-1, -1, whole=True),
    "subseed_schedule": Limits(1, -1, whole=True),
    "subseed_strength_schedule": SHARE,
    "hybrid_comp_alpha_schedule": Limits(0.5, 0, 1),
    "hybrid_comp_mask_contrast_schedule": FACTOR,
    "hybrid_comp_mask_auto_contrast_cutoff_low_schedule": Limits(0, 0, 100),
    "hybrid_comp_mask_auto_contrast_cutoff_high_schedule": Limits(100, 0, 100),
    "hybrid_flow_factor_schedule": FACTOR,
}


def _number(name: str) -> Any:
    label, about = FIELDS[name]
    limits = LIMITS[name]
    about = about.replace("Empty:", "0:")
    return limits.property(name=label, description=about, **limits.options())


def _source(name: str) -> Any:
    return EnumProperty(
        name=FIELDS[name][0],
        description="What holds for this schedule",
        items=[
            (TEXT, "Text", "The text, in Deforum's language; the curve where the text is empty", "TEXT", 0),
            (CURVE, "Curve", "The number, as keyframes, drivers and modifiers of Blender's animate it", "FCURVE", 1),
        ],
        default=TEXT,
        options=set(),
    )


# Fixed properties and no collection: animation finds them by name.
MotionBridgeScheduleCurves = type(
    "MotionBridgeScheduleCurves",
    (bpy.types.PropertyGroup,),
    {
        "__doc__": "As `scene.motion_bridge.deforum.curves`.",
        "__annotations__": {name: _number(name) for name in FIELDS},
    },
)

# A text that is not empty holds unless the curve is chosen: files from before there were curves stay on their texts.
MotionBridgeScheduleSources = type(
    "MotionBridgeScheduleSources",
    (bpy.types.PropertyGroup,),
    {
        "__doc__": "As `scene.motion_bridge.deforum.sources`.",
        "__annotations__": {name: _source(name) for name in FIELDS},
    },
)


def source(deforum: Any, name: str) -> str:
    """What holds for a schedule, TEXT or CURVE."""
    return TEXT if getattr(deforum.sources, name) == TEXT and getattr(deforum.texts, name).strip() else CURVE


def values(deforum: Any, names: Sequence[str], frames: Sequence[float]) -> dict[str, NDArray[np.float64]]:
    """The curves of schedules at every frame of the scene: {name: (T,)}."""
    return sampled(deforum.id_data, deforum.curves, names, frames)


def written(deforum: Any, names: Sequence[str], frames: Sequence[float]) -> dict[str, str]:
    """The curves of schedules as texts whose frame 0 is the first of these; without those that leave it at what it is
    at first.
    """
    found = {}
    for name, series in values(deforum, names, frames).items():
        start = deforum.curves.bl_rna.properties[name].default
        if (series != start).any():
            found[name] = writer.schedule(series if np.ptp(series) else series[:1])
    return found
