"""The settings of the Deforum engine, named as the engine names them wherever that can be.

What they are, may be and say comes from the engine's own description; what stands here in full is Blender's alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, PointerProperty, StringProperty

from ...backend.motion_bridge.engines import precedence
from ...backend.motion_bridge.engines.deforum.engine import engine
from ...backend.motion_bridge.engines.deforum.known import REPAINT
from ...backend.motion_bridge.engines.deforum.settings import SETTINGS
from ...backend.motion_bridge.engines.setting import Choice, Setting
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.model_registry.registry import AUTO, MODELS
from ...backend.motion_bridge.schedules.webui_writer import STILL
from ...backend.motion_bridge.shot import UNSPECIFIED, GenerationSettings
from ..compat import BLEND_RELATIVE
from ..paths import absolute
from ..scene.animated_settings import animation_of
from . import schedule_curves
from .from_schema import BEST, automatic, menu, property_of
from .schedule_curves import CURVE, LIMITS, TEXT, MotionBridgeScheduleCurves, MotionBridgeScheduleSources
from .schedules import FIELDS, MotionBridgeSchedules, meaning

FOLDER = "FOLDER"
FLAT = "FLAT"
PATHS = ("guide_video", "mask_file", "mask_video", "channel_weights")
SIGMA, STRENGTH = "start_sigma", "strength_schedule"
EMPTY = {  # what an empty field stands for where that is not the engine's default
    SIGMA: "0:(0.65)",
    STRENGTH: engine.schedules[STRENGTH],
    **STILL,  # nothing moves by itself
}
CONSTANT = re.compile(r"0\s*:\s*\(\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*\)")  # a schedule that is one number
AUTOMATIC = ("steps_schedule", "cfg_scale_schedule")  # numbers that every model recommends itself
IMAGE = "IMAGE"
IMAGES = {"color_reference": "color_image", "reference": "reference_image"}  # where a picture may stand for a name
DEPTH_MASKS = ("Depth", "Video Depth")
GUIDED = ("flow", "perspective", "affine")
ALONE = ("video", "interpolation")  # modes of the engine that have a motion of their own, or none
SIZE = 1024  # px: the internal resolution that is offered when it is no longer automatic


def _flat(setting: Setting) -> Setting:
    """Depth as the panel asks for it: an identifier for no depth, and the scene's own at first."""
    named = tuple(replace(each, value=each.value or FLAT) for each in setting.choices)
    return replace(setting, choices=named, default="scene")


class MotionBridgeDeforum(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.deforum`."""

    model: menu(
        SETTINGS["model"], [Choice(FOLDER, "Folder…", "A model of your own, in the layout of diffusers")], steady=True
    )
    model_folder: StringProperty(
        name="Folder", description="Folder of the model", subtype="DIR_PATH", options=BLEND_RELATIVE
    )
    device: property_of(SETTINGS["device"])
    precision: property_of(SETTINGS["precision"])
    working_size: property_of(SETTINGS["working_size"])
    working_size_automatic: automatic(SETTINGS["working_size"], SIZE)
    compile: property_of(SETTINGS["compile"])
    control: property_of(SETTINGS["control"])
    control_model: property_of(SETTINGS["control_model"])
    reference: menu(SETTINGS["reference"], [Choice(IMAGE, "Picture", "A picture file")])
    reference_image: StringProperty(
        name="Picture", description="The reference picture", subtype="FILE_PATH", options=BLEND_RELATIVE
    )
    lora: StringProperty(
        name="LoRA",
        description="A style for the model: a .safetensors file",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    lora_strength: FloatProperty(
        name="Strength", description="Strength of the style", default=1.0, soft_min=0, soft_max=2
    )
    use_init: property_of(SETTINGS["use_init"])
    motion: menu(SETTINGS["motion"], [each for each in SETTINGS["mode"].choices if each.value in ALONE], steady=True)
    depth: menu(_flat(SETTINGS["depth_model"]), steady=True)
    guide_video: property_of(SETTINGS["guide_video"])
    known: property_of(SETTINGS["known"])
    guide_sigma: property_of(SETTINGS["guide_sigma"])
    restyle: property_of(SETTINGS["restyle"])
    feedback: property_of(SETTINGS["feedback"])
    channel_weights: property_of(SETTINGS["channel_weights"])
    prompt_blending: property_of(SETTINGS["prompt_blending"])
    redo: property_of(SETTINGS["redo"])
    perspective_flip: property_of(SETTINGS["perspective_flip"])
    change_by: EnumProperty(
        name="Denoise",
        description="How to say how much of each frame is generated anew",
        items=[
            (SIGMA, "Denoise", "The share of noise that generation starts from, which means the same for every model"),
            (STRENGTH, "Strength", "Deforum's strength: the share that is kept. Coarse on models of few steps"),
        ],
    )
    cadence: property_of(SETTINGS["cadence"])
    padding: property_of(SETTINGS["padding"])
    sampling: property_of(SETTINGS["sampling"])
    color_coherence: property_of(SETTINGS["color_coherence"])
    color_reference: menu(SETTINGS["color_reference"], [Choice(IMAGE, "Picture", "A picture file")])
    color_image: StringProperty(
        name="Picture", description="The picture whose colors are kept", subtype="FILE_PATH", options=BLEND_RELATIVE
    )
    color_force_grayscale: property_of(SETTINGS["color_force_grayscale"])
    noise_type: property_of(SETTINGS["noise_type"])
    perlin_w: property_of(SETTINGS["perlin_w"])
    perlin_h: property_of(SETTINGS["perlin_h"])
    perlin_octaves: property_of(SETTINGS["perlin_octaves"])
    perlin_persistence: property_of(SETTINGS["perlin_persistence"])
    seed_behavior: property_of(SETTINGS["seed_behavior"])
    seed_iter_N: property_of(SETTINGS["seed_iter_N"])
    mask_file: property_of(SETTINGS["mask_file"])
    mask_video: property_of(SETTINGS["mask_video"])
    mask_invert: property_of(SETTINGS["mask_invert"])
    mask_overlay_blur: property_of(SETTINGS["mask_overlay_blur"])
    hybrid_motion: property_of(SETTINGS["hybrid_motion"])
    hybrid_composite: property_of(SETTINGS["hybrid_composite"])
    hybrid_mask: property_of(SETTINGS["hybrid_mask"])
    texts: PointerProperty(type=MotionBridgeSchedules)
    curves: PointerProperty(type=MotionBridgeScheduleCurves)
    sources: PointerProperty(type=MotionBridgeScheduleSources)

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        found = {name: getattr(self, name) for name in _plain()}
        found["model"] = _path(self.model_folder) if self.model == FOLDER else self.model
        found["device"] = "" if self.device == BEST else self.device
        found["mode"] = self.motion if self.motion in ALONE else "feedback"
        found["motion"] = "flow" if self.motion in ALONE else self.motion
        found["known"] = self.known if self.motion == "scene" else REPAINT
        found["restyle"] = self.restyle and found["known"] != REPAINT
        deep = self.motion == "3D" or self.hybrid_mask in DEPTH_MASKS
        found["depth_model"] = self.depth if deep and self.depth != FLAT else ""
        for name, image in IMAGES.items():
            chosen = getattr(self, name)
            found[name] = _path(getattr(self, image)) if chosen == IMAGE else chosen
        found["loras"] = [[_path(self.lora), self.lora_strength]] if self.lora.strip() else []
        found["control_model"] = _path(self.control_model) if "/" in self.control_model else self.control_model
        return found | {name: _path(getattr(self, name)) for name in PATHS}

    def schedules(self, frames: Sequence[float] = ()) -> dict[str, str]:
        """The schedules that hold: the artist's own, and what stands for those that are left at what they are at first.

        frames: the numbers of the job's frames; empty for the scene's own range.
        """
        scene: Any = self.id_data
        frames = frames or range(scene.frame_start, scene.frame_end + 1, scene.frame_step) or (scene.frame_start,)
        moving = tuple(STILL) if self.motion in ("2D", "3D") else ()
        unsaid = {name: EMPTY[name] for name in (self.change_by, *moving)}
        other = STRENGTH if self.change_by == SIGMA else SIGMA
        names = [name for name in FIELDS if name != other]
        texts = {name: getattr(self.texts, name).strip() for name in names if self.source(name) == TEXT}
        curves = schedule_curves.written(self, [name for name in names if name not in texts], frames)
        held = GenerationSettings(schedules={**unsaid, **texts, **curves})
        return dict(precedence.over(engine, UNSPECIFIED, held).schedules)

    def source(self, name: str) -> str:
        """What holds for a schedule, TEXT or CURVE."""
        return schedule_curves.source(self, name)

    def now(self, name: str) -> float:
        """The value of a schedule at the current frame. BadInput for a text that cannot be read."""
        if self.source(name) == CURVE:
            return float(getattr(self.curves, name))
        scene: Any = self.id_data
        step = max(scene.frame_step, 1)
        last = max((scene.frame_end - scene.frame_start) // step, 0)
        fps = scene.render.fps / scene.render.fps_base
        seed = scene.motion_bridge.seed
        wrong, _, values = meaning(name, getattr(self.texts, name), last + 1, seed, fps)
        if wrong:
            raise BadInput(wrong)
        return values[min(max((scene.frame_current - scene.frame_start) // step, 0), last)]

    def set_schedules(self, schedules: Mapping[str, str]) -> None:
        """Let schedules hold: a constant as the number, where nothing animates it yet, all else as text."""
        path = self.curves.path_from_id()
        fields = [name for name in schedules if name in FIELDS]
        curves, doubtful = animation_of(self.id_data, [f"{path}.{name}" for name in fields])
        for name in fields:
            text = schedules[name].strip()
            number = self._number(name, text) if f"{path}.{name}" not in {*curves, *doubtful} else None
            setattr(self.texts, name, (text or self._at_first(name)) if number is None else "")
            if number is not None:
                setattr(self.curves, name, number)
        self._choose_change(schedules)

    def _at_first(self, name: str) -> str:
        """The text of a schedule that nobody sets; empty where the model decides."""
        return "" if name in AUTOMATIC else EMPTY.get(name, engine.schedules[name])

    def _number(self, name: str, text: str) -> float | int | None:
        """The number that a schedule is at every frame, where it is one that the curve can have."""
        limits = self.curves.bl_rna.properties[name]
        if not text:
            return limits.default
        constant = CONSTANT.fullmatch(text)
        if not constant or not limits.hard_min <= float(constant[1]) <= limits.hard_max:
            return None
        return int(float(constant[1])) if LIMITS[name].whole else float(constant[1])

    def take(self, settings: Mapping[str, Any], schedules: Mapping[str, str]) -> None:
        """Show settings and schedules of the engine's in the panel; others stay as they are."""
        for name in _plain():
            if name in settings:
                setattr(self, name, settings[name])
        for name in PATHS:
            if name in settings:
                setattr(self, name, settings[name])
        mode = settings.get("mode", "feedback")
        if mode in ALONE or "motion" in settings:
            self.motion = mode if mode in ALONE else settings["motion"]
        if "model" in settings:
            known = settings["model"] in (AUTO, *MODELS)
            self.model = settings["model"] if known else FOLDER
            self.model_folder = self.model_folder if known else settings["model"]
        if "depth_model" in settings:
            self.depth = settings["depth_model"] or FLAT
        for name in (name for name in IMAGES if name in settings):
            image = settings[name] not in SETTINGS[name].values
            setattr(self, name, IMAGE if image else settings[name])
            if image:
                setattr(self, IMAGES[name], settings[name])
        for name in (name for name in schedules if name in FIELDS):
            setattr(self.texts, name, schedules[name])
        self._choose_change(schedules)

    def restore(self, settings: Mapping[str, Any], schedules: Mapping[str, str]) -> None:
        """Show settings and schedules, and let all other schedules be what they are at first."""
        self.take(settings, {})
        off = {SIGMA} if schedules.get(SIGMA) == engine.schedules[SIGMA] else set()
        told = {name: text for name, text in schedules.items() if name not in off}
        self.set_schedules({**dict.fromkeys(FIELDS, ""), **told})
        self._choose_change(told)

    def _choose_change(self, schedules: Mapping[str, str]) -> None:
        if schedules.get(SIGMA) or schedules.get(STRENGTH):
            self.change_by = SIGMA if schedules.get(SIGMA) else STRENGTH


def _plain() -> list[str]:
    """The properties that are settings of the engine in name and value."""
    special = {*PATHS, *IMAGES, "model", "device", "motion", "control_model"}
    return [name for name in MotionBridgeDeforum.__annotations__ if name in SETTINGS and name not in special]


def _path(path: str) -> str:
    """A file as the backend finds it, which knows nothing of //; empty stays empty."""
    return str(absolute(path)) if path.strip() else ""
