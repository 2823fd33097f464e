"""The settings of the video engine, each described once: defaults, `--set` and the panel follow this."""

from ...model_registry.video_registry import CAMERA, DEPTH, EDGES, MODELS, TRACKS, USUAL, WARP
from ..setting import FILE, FOLDER, Choice, Setting, by_name

MOTION, NEAREST = "motion", "nearest"

SETTINGS = by_name(
    (
        Setting(
            "model",
            USUAL,
            "Model",
            "The video model that draws the frames",
            tuple(
                Choice(name, name, f"{model.license}, about {model.download:g} GB") for name, model in MODELS.items()
            ),
            names=FOLDER,
        ),
        Setting(
            "control",
            "",
            "Control",
            "What the model is told of the scene",
            (
                Choice("", "Best", "The first of these that the model takes"),
                Choice(CAMERA, "Camera", "The exact poses and lenses"),
                Choice(
                    WARP, "Warp and Mask", "The first frame moved along the scene's motion, and what it cannot show"
                ),
                Choice(DEPTH, "Depth", "The scene's exact depth, near is white"),
                Choice(EDGES, "Edges", "Silhouettes, from depth and objects"),
                Choice(TRACKS, "Tracks", "Points that are followed, drawn as dots with a trail"),
            ),
        ),
        Setting(
            "strength",
            1.0,
            "Control Strength",
            "How much the control counts",
            least=0.0,
            most=2.0,
        ),
        Setting(
            "steps",
            0,
            "Steps",
            "Denoising steps of a clip. Automatic: as the model is used",
            least=1,
            usual=100,
            automatic=0,
        ),
        Setting(
            "guidance",
            -1.0,
            "Guidance",
            "How closely the prompt is followed. Automatic: as the model is used",
            least=0.0,
            usual=15.0,
            automatic=-1.0,
        ),
        Setting(
            "size",
            "",
            "Size",
            "The size at which the model draws, such as 832x480. Empty: about its own, in the shape of the shot",
        ),
        Setting(
            "length",
            0,
            "Clip Length",
            "Frames of the longest clip. Automatic: what the model was trained for",
            least=1,
            usual=257,
            automatic=0,
        ),
        Setting(
            "resampling",
            MOTION,
            "Between Frames",
            "What a frame shows where the model has another rate than the shot",
            (
                Choice(MOTION, "Motion", "The nearest of the model's frames, moved along the scene's motion"),
                Choice(NEAREST, "Nearest", "The nearest of the model's frames as it is; needs no depth"),
            ),
        ),
        Setting(
            "noise_free",
            0.986,
            "Noise Where Free",
            "Time-to-Move: the noise from which holes are drawn, as a share. 1: from nothing but noise",
            least=0.0,
            most=1.0,
        ),
        Setting(
            "noise_known",
            0.964,
            "Noise Where Known",
            "Time-to-Move: the noise down to which known pixels are held. The lower, the closer to the warped picture",
            least=0.0,
            most=1.0,
        ),
        Setting("lora", "", "Control LoRA", "LTX-2: the file of the IC-LoRA for this control", names=FILE),
        Setting(
            "refiner", "", "Refiner", "SANA-WM: the folder of its refiner. Empty: frames as they are", names=FOLDER
        ),
        Setting(
            "accept_license",
            False,
            "License Accepted",
            "You have read and accept the license of a model that asks for it: LTX-2, Cosmos Transfer",
        ),
        Setting(
            "device",
            "",
            "Device",
            "Where the model runs",
            (
                Choice("", "Best", "A graphics card where there is one"),
                Choice("cuda", "NVIDIA or AMD", "CUDA or ROCm"),
                Choice("mps", "Apple", "Metal"),
                Choice("cpu", "Processor", "For tiny models and patience"),
            ),
        ),
    )
)
DEFAULTS = {name: setting.default for name, setting in SETTINGS.items()}
