"""The settings of the Deforum engine, named as the engine names them wherever that can be."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ...backend.motion_bridge.engines.deforum.engine import DEFAULTS, engine
from ...backend.motion_bridge.engines.deforum.schedules import over
from ...backend.motion_bridge.model_registry.registry import AUTO, BEST, MODELS, Model
from ...backend.motion_bridge.schedules.webui_writer import STILL
from ..compat import BLEND_RELATIVE
from .schedules import FIELDS, MotionBridgeSchedules

FOLDER = "FOLDER"
FLAT = "FLAT"
PATHS = ("guide_video", "mask_file", "mask_video", "channel_weights")
SIGMA, STRENGTH = "start_sigma", "strength_schedule"
EMPTY = {  # what an empty field stands for where that is not the engine's default
    SIGMA: "0:(0.65)",
    STRENGTH: engine.schedules[STRENGTH],
    **STILL,  # nothing moves by itself
}
IMAGE = "IMAGE"
IMAGES = {"color_reference": "color_image", "reference": "reference_image"}  # where a picture may stand for a name
NAMED = ("none", "first", "video")
PRECISIONS = ("fp32", "bf16", "fp16", "fp8", "4-bit")
DEPTH_MASKS = ("Depth", "Video Depth")
GUIDED = ("flow", "perspective", "affine")
ALONE = ("video", "interpolation")  # modes of the engine that have a motion of their own, or none
PLAIN = (  # properties that are settings of the engine, name and value
    (
        "precision",
        "compile",
        "control",
        "feedback",
        "use_init",
        "perspective_flip",
        "working_size",
        "cadence",
        "padding",
        "sampling",
        "prompt_blending",
        "redo",
    )
    + ("color_coherence", "color_force_grayscale", "noise_type", "perlin_w", "perlin_h", "perlin_octaves")
    + ("perlin_persistence", "seed_behavior", "seed_iter_N", "mask_invert", "mask_overlay_blur")
    + ("hybrid_motion", "hybrid_composite", "hybrid_mask")
)


def _items(*items: tuple[str, ...]) -> list[tuple[str, str, str, int]]:
    """Items of a menu whose numbers, which a .blend stores, stay when others are added between them."""
    return [(name, label, about, zlib.crc32(name.encode()) >> 1) for name, label, about in items]


def about(model: Model) -> str:
    """What a person should know of a model before choosing it."""
    return (
        f"{model.licence}, {model.download:g} GB to download" if model.repository else "Small and simple; comes along"
    )


class MotionBridgeDeforum(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.deforum`."""

    model: EnumProperty(
        name="Model",
        description="The image model that paints the frames; it must be on this machine",
        items=_items(
            (AUTO, "Automatic", f"{BEST} where it is on this machine, else the small sketch model that comes along"),
            *((each.name, each.name, about(each)) for each in MODELS.values()),
            (FOLDER, "Folder…", "A model of your own, in the layout of diffusers"),
        ),
        default=DEFAULTS["model"],
    )
    model_folder: StringProperty(
        name="Folder", description="Folder of the model", subtype="DIR_PATH", options=BLEND_RELATIVE
    )
    device: EnumProperty(
        name="Device",
        description="Where the model runs",
        items=[
            ("BEST", "Best", "A graphics card where there is one"),
            ("cuda", "NVIDIA or AMD", "CUDA or ROCm"),
            ("mps", "Apple", "Metal"),
            ("cpu", "Processor", "Slow, and always there"),
        ],
    )
    precision: EnumProperty(
        name="Precision",
        description="Of the model's weights",
        items=[
            ("auto", "Automatic", "The most exact that fits into the memory that is free"),
            *((name, name, "Takes more memory" if name == "fp32" else "Takes less memory") for name in PRECISIONS),
        ],
    )
    working_size: IntProperty(
        name="Painted Size",
        description="Longer side that is painted, in pixels, and scaled to the frames'. 0: as suits the model",
        subtype="PIXEL",
        min=0,
        soft_max=4096,
    )
    compile: BoolProperty(
        name="Compile", description="Minutes at the start for faster frames after it, on NVIDIA and AMD cards"
    )
    control: EnumProperty(
        name="Follow",
        description="Let the model follow this scene's structure; it needs a ControlNet, or FLUX.1 Depth",
        items=[
            ("none", "Prompt Alone", "Shapes come from the picture and the prompt"),
            ("depth", "Depth", "Things stand where this scene has them: its exact depth"),
            ("canny", "Edges", "Outlines stand where this scene has them"),
        ],
    )
    control_model: StringProperty(
        name="ControlNet",
        description="Its registered name or folder. Empty: the one for this model",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
    )
    reference: EnumProperty(
        name="Reference",
        description="A picture that FLUX.2 looks at for every frame, so that things stay themselves over long takes",
        items=[
            ("none", "None", "No picture"),
            ("first", "First Frame", "The first painted frame"),
            (IMAGE, "Picture", "A picture file"),
        ],
    )
    reference_image: StringProperty(
        name="Picture", description="The picture to look at", subtype="FILE_PATH", options=BLEND_RELATIVE
    )
    lora: StringProperty(
        name="LoRA",
        description="A style for the model: a .safetensors file",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    lora_strength: FloatProperty(name="Strength", description="Of the style", default=1.0, soft_min=0, soft_max=2)
    use_init: BoolProperty(
        name="Use First Frame",
        description="Paint over the first frame. Otherwise the first picture is made from the prompt alone",
        default=True,
    )
    motion: EnumProperty(
        name="Motion",
        description="What moves the picture from frame to frame",
        items=_items(
            ("scene", "Scene", "This scene's camera and objects, exactly"),
            ("2D", "2D Schedules", "Zoom, turn and shift the picture as schedules say"),
            ("3D", "3D Schedules", "Fly through the picture as schedules say, by its depth"),
            ("flow", "Guide: Every Pixel", "Every pixel moves as it does in a guide video, by optical flow"),
            ("perspective", "Guide: Camera", "The whole picture follows a guide video's camera, with perspective"),
            ("affine", "Guide: Flat Camera", "The whole picture follows a guide video: shift, turn and scale"),
            ("video", "Video", "Each frame is painted over the guide video's own, and moves as it does"),
            (
                "interpolation",
                "Prompts Alone",
                "Nothing moves: each frame is painted for itself, from prompt to prompt",
            ),
        ),
        default="scene",
    )
    depth: EnumProperty(
        name="Depth",
        description="How 3D schedules know what is near and what is far",
        items=_items(
            ("scene", "Scene", "This scene's own depth"),
            (FLAT, "Flat", "Everything is equally far"),
            ("midas-dpt-large", "MiDaS", "Guessed from each picture by MiDaS, 1.4 GB"),
            ("midas-dpt-hybrid", "MiDaS Hybrid", "Guessed from each picture, as the webui does, 0.5 GB"),
            ("depth-anything-v2-small", "Depth Anything", "Guessed from each picture, 0.1 GB"),
            ("depth-anything-v2-large", "Depth Anything Large", "Guessed from each picture, 1.3 GB"),
        ),
        default="scene",
    )
    guide_video: StringProperty(
        name="Guide Video", description="The movie to follow", subtype="FILE_PATH", options=BLEND_RELATIVE
    )
    feedback: EnumProperty(
        name="Feed Back",
        description="What each frame is made from",
        items=[
            ("pixel", "Picture", "The finished frame before it"),
            ("latent", "Latent", "What the model made before it became a picture: finer, and only for some models"),
        ],
    )
    channel_weights: StringProperty(
        name="Channels",
        description="A report of `motion-bridge channels`: which latents are colour and which texture. Empty: the "
        "model's own, where it has one",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    prompt_blending: EnumProperty(
        name="Prompts",
        description="What is painted between one prompt and the next",
        items=[
            ("held", "Hold", "Each prompt until the next begins"),
            ("linear", "Blend", "Both, more and more of the next"),
            ("spherical", "Blend Round", "Both, along the sphere of their meanings"),
        ],
    )
    redo: IntProperty(
        name="Repeat", description="Paint each frame so many times more, so that it settles", min=0, max=9
    )
    perspective_flip: BoolProperty(name="Perspective Flip", description="Turn the picture like a card, too")
    change_by: EnumProperty(
        name="Repaint By",
        description="How to say how much of each frame is painted anew",
        items=[
            (SIGMA, "Share", "The share that is painted anew, which means the same for every model"),
            (STRENGTH, "Strength", "Deforum's strength: the share that is kept. Coarse on models of few steps"),
        ],
    )
    cadence: IntProperty(
        name="Paint Every",
        description="Paint every so many frames; those between are moved along exactly. 1: paint them all",
        default=DEFAULTS["cadence"],
        min=1,
        soft_max=12,
    )
    padding: EnumProperty(
        name="Edges",
        description="What comes in where the picture's edge moves inwards",
        items=[
            ("border", "Stretch", "The outermost pixels, drawn out"),
            ("reflection", "Mirror", "The picture, mirrored"),
            ("wrap", "Wrap", "The opposite edge"),
            ("zeros", "Black", "Nothing"),
        ],
    )
    sampling: EnumProperty(
        name="Sampling",
        description="How moved pixels are mixed",
        items=[
            ("spline", "Spline", "Keeps place and sharpness over hundreds of frames"),
            ("bicubic", "Bicubic", "As the webui has it: sharpens a little and drifts"),
            ("bilinear", "Bilinear", "Softer"),
            ("nearest", "Nearest", "Hard"),
        ],
    )
    color_coherence: EnumProperty(
        name="Keep Colours",
        description="Match every frame's colours, so that they do not drift",
        items=[
            ("auto", "Automatic", "LAB, or the latents' own statistics where latents are fed back"),
            ("None", "Off", "Let them drift"),
            ("LAB", "LAB", "Lightness and hue as we see them"),
            ("RGB", "RGB", "Red, green and blue"),
            ("HSV", "HSV", "Hue, saturation and value"),
            ("Latent", "Latent", "The statistics of the latents, where those are fed back"),
        ],
        default=DEFAULTS["color_coherence"],
    )
    color_reference: EnumProperty(
        name="Colours Of",
        description="The picture whose colours are kept",
        items=[
            ("first", "First Frame", "The first painted frame"),
            ("video", "Guide Video", "The guide video's frame of the same time"),
            (IMAGE, "Picture", "A PNG file"),
        ],
    )
    color_image: StringProperty(
        name="Picture", description="The PNG whose colours are kept", subtype="FILE_PATH", options=BLEND_RELATIVE
    )
    color_force_grayscale: BoolProperty(name="Grey", description="Make every frame grey before it is painted")
    noise_type: EnumProperty(
        name="Kind",
        description="Of the noise that is added before each painting",
        items=[
            ("moving", "Moving", "It rides on the surfaces, so that details stay where they are"),
            ("gaussian", "Gaussian", "New at every frame"),
            ("perlin", "Perlin", "New at every frame, in soft clouds"),
        ],
        default=DEFAULTS["noise_type"],
    )
    perlin_w: IntProperty(name="Clouds Across", description="Clouds side by side", default=8, min=1, max=256)
    perlin_h: IntProperty(name="Down", description="Clouds one above the other", default=8, min=1, max=256)
    perlin_octaves: IntProperty(name="Octaves", description="Finer and finer clouds", default=4, min=1, max=7)
    perlin_persistence: FloatProperty(
        name="Persistence", description="How strong the finer ones are", default=0.5, min=0, max=1
    )
    seed_behavior: EnumProperty(
        name="Seeds",
        description="How the seed goes on from frame to frame",
        items=[
            ("iter", "Count", "One more at every frame"),
            ("fixed", "Fixed", "The same at every frame: textures may stick to the screen"),
            ("random", "Random", "A random one at every frame; the same ones in every run"),
            ("ladder", "Ladder", "Two up, one down"),
            ("alternate", "Alternate", "One up, one down"),
            ("schedule", "Schedule", "As a schedule says"),
        ],
    )
    seed_iter_N: IntProperty(name="Frames a Seed", description="Frames that share a seed", default=1, min=1)
    mask_file: StringProperty(
        name="Mask",
        description="A picture: white may be painted, black stays",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    mask_video: StringProperty(
        name="Mask Video",
        description="A movie whose frames are the masks",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    mask_invert: BoolProperty(name="Invert", description="Black may be painted, white stays")
    mask_overlay_blur: IntProperty(name="Soft Edge", description="Pixels of transition", default=4, min=0, soft_max=64)
    hybrid_motion: EnumProperty(
        name="Also Move By",
        description="The guide video's motion, on top of the frame's own",
        items=[
            ("None", "Nothing", "Only the motion that is chosen above"),
            ("Optical Flow", "Every Pixel", "By optical flow"),
            ("Perspective", "Camera", "As a whole, with perspective"),
            ("Affine", "Flat Camera", "As a whole: shift, turn and scale"),
        ],
    )
    hybrid_composite: EnumProperty(
        name="Mix In",
        description="When the guide video's picture is mixed into the frame",
        items=[
            ("None", "Never", "Only its motion may be used"),
            ("Before Motion", "Before Motion", "It is moved along with the frame"),
            ("Normal", "Before Painting", "It is painted over"),
            ("After Generation", "After Painting", "It stays as it is"),
        ],
    )
    hybrid_mask: EnumProperty(
        name="Where",
        description="Where the guide's picture is mixed in",
        items=[
            ("None", "Everywhere", "Evenly"),
            ("Depth", "Where It Is Near", "By the frame's depth"),
            ("Video Depth", "Where the Guide Is Near", "By the depth of the guide's frame"),
            ("Blend", "Where It Is Light", "Where both pictures are light"),
            ("Difference", "Where It Differs", "Where the two differ"),
        ],
    )
    texts: PointerProperty(type=MotionBridgeSchedules)

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        found = {name: getattr(self, name) for name in PLAIN}
        found["model"] = _path(self.model_folder) if self.model == FOLDER else self.model
        found["device"] = "" if self.device == "BEST" else self.device
        found["mode"] = self.motion if self.motion in ALONE else "feedback"
        found["motion"] = "flow" if self.motion in ALONE else self.motion
        deep = self.motion == "3D" or self.hybrid_mask in DEPTH_MASKS
        found["depth_model"] = self.depth if deep and self.depth != FLAT else ""
        for name, image in IMAGES.items():
            chosen = getattr(self, name)
            found[name] = _path(getattr(self, image)) if chosen == IMAGE else chosen
        found["loras"] = [[_path(self.lora), self.lora_strength]] if self.lora.strip() else []
        found["control_model"] = _path(self.control_model) if "/" in self.control_model else self.control_model
        return found | {name: _path(getattr(self, name)) for name in PATHS}

    def schedules(self) -> dict[str, str]:
        """The schedules that hold: the artist's own, and what an empty field stands for."""
        moving = tuple(STILL) if self.motion in ("2D", "3D") else ()
        unsaid = {name: EMPTY[name] for name in (self.change_by, *moving)}
        given = self.texts.given()
        given.pop(STRENGTH if self.change_by == SIGMA else SIGMA, None)
        return over({}, {**unsaid, **given})

    def take(self, settings: Mapping[str, Any], schedules: Mapping[str, str]) -> None:
        """Show settings and schedules of the engine's in the panel; others stay as they are."""
        for name in PLAIN:
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
            image = settings[name] not in NAMED
            setattr(self, name, IMAGE if image else settings[name])
            if image:
                setattr(self, IMAGES[name], settings[name])
        for name in (name for name in schedules if name in FIELDS):
            setattr(self.texts, name, schedules[name])
        if SIGMA in schedules or STRENGTH in schedules:
            self.change_by = SIGMA if SIGMA in schedules else STRENGTH


def _path(path: str) -> str:
    """A file as the backend finds it, which knows nothing of //; empty stays empty."""
    return str(Path(bpy.path.abspath(path))) if path.strip() else ""
