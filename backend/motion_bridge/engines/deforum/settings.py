"""The settings of the Deforum engine, each described once.

Everything else is drawn from here: the engine's defaults, what `--set` accepts, what a job refuses, the fields of
Blender's panel and docs/deforum-settings.md. Menus of the panel are stored in .blend files by position: add choices at
the end. Light, so that Blender can use it.
"""

from ...model_registry.controlnets import CONTROLS
from ...model_registry.parameter_count import SMALLEST
from ...model_registry.registry import AUTO, BEST, MODELS, Model
from ...schedules.variables import DIALECTS
from ..setting import FILE, FOLDER, Choice, Setting, by_name, defaults, device

NONE = "None"
FLOW_METHODS = (
    Choice("DIS Medium", "DIS Medium", "Dense inverse search: fast, good for most"),
    Choice("DIS Fine", "DIS Fine", "Dense inverse search at full resolution: slower, finer"),
    Choice("Farneback", "Farneback", "Polynomial expansion: smooth"),
)
NO_FLOW = Choice(NONE, "None", "No optical flow")
DIALECT_OF = {
    "superset": "Everything that the others know",
    "webui": "AUTOMATIC1111's and Forge's Deforum",
    "classic": "The notebooks up to 0.7",
    "studio": "Deforum Studio",
}


def _summary(model: Model) -> str:
    """What a person should know of a model before choosing it."""
    if not model.repository:
        return "Small, simple and included"
    return f"{model.license}{', gated' if model.gated else ''}, {model.download:g} GB to download"


MODEL = (
    Setting(
        "model",
        AUTO,
        "Model",
        "The image model that generates the frames: a registered name or a folder. It must be on this machine",
        (
            Choice(AUTO, "Automatic", f"{BEST} where it is on this machine, else the small sketch model"),
            *(Choice(each.name, each.name, _summary(each)) for each in MODELS.values()),
        ),
        names=FOLDER,
    ),
    device("Slow, and always there"),
    Setting(
        "precision",
        "auto",
        "Precision",
        "Number format of the model's weights",
        (
            Choice("auto", "Automatic", "The most exact one that fits into the free memory"),
            Choice("fp32", "fp32", "Takes more memory"),
            Choice("bf16", "bf16", "Takes less memory"),
            Choice("fp16", "fp16", "Takes less memory"),
            Choice("fp8", "fp8", "Takes less memory"),
            Choice("4-bit", "4-bit", "Takes less memory"),
        ),
    ),
    Setting(
        "working_size",
        0,
        "Internal Resolution",
        "Longer side of the pictures that the model works on; finished frames are scaled to their own size. Automatic: "
        "as suits the model",
        least=SMALLEST,
        usual=4096,
        unit="px",
        automatic=0,
    ),
    Setting("compile", False, "Compile", "Spend minutes at the start for faster frames after it, on NVIDIA and AMD"),
    Setting(
        "control",
        "none",
        "Structure",
        "What of this scene's structure guides the model; it needs a ControlNet, or FLUX.1 Depth",
        (
            Choice("none", "Prompt Alone", "Shapes come from the picture and the prompt"),
            Choice("depth", "Depth", "Objects stay where this scene has them, by its exact depth"),
            Choice("canny", "Edges", "Outlines stay where this scene has them"),
        ),
    ),
    Setting(
        "control_model",
        "",
        "ControlNet",
        "A ControlNet's registered name or folder. Empty: the one that belongs to the model",
        tuple(Choice(each.name, each.name, each.license) for each in CONTROLS.values()),
        names=FOLDER,
    ),
    Setting(
        "reference",
        "none",
        "Reference",
        "A picture that FLUX.2 sees with every frame, so that subjects keep their identity over long takes",
        (
            Choice("none", "None", "No picture"),
            Choice("first", "First Frame", "The first generated frame"),
        ),
        names=FILE,
    ),
    Setting("loras", [], "LoRA", "Styles for the model: [file, strength or schedule] each"),
)

START = (
    Setting(
        "mode",
        "feedback",
        "Mode",
        "What each frame begins with",
        (
            Choice("feedback", "Feedback", "The frame before it, warped"),
            Choice("video", "Video", "The guide video's frame, with the frame before kept in it"),
            Choice("interpolation", "Interpolation", "Nothing: each frame is generated for itself, prompt to prompt"),
        ),
    ),
    Setting(
        "feedback",
        "pixel",
        "Feedback",
        "What each frame is made from",
        (
            Choice("pixel", "Picture", "The finished frame before it"),
            Choice("latent", "Latent", "The model's latents before they became a picture: finer, for some models only"),
        ),
    ),
    Setting(
        "channel_weights",
        "",
        "Channels",
        "A report of `motion-bridge channels`: which latent channels carry color and which texture. Empty: the model's "
        "own, where it has one",
        (Choice("even", "Even", "No report: all channels alike"),),
        names=FILE,
    ),
    Setting(
        "use_init",
        True,
        "Use First Frame",
        "Start from the first frame. Otherwise the first picture is generated from the prompt alone",
    ),
    Setting(
        "init_image",
        "",
        "Init Image",
        "The picture to start from. Empty: the Shot's first frame",
        (Choice("guide", "Guide Video", "The guide video's first frame"),),
        names=FILE,
    ),
    Setting(
        "init_strength",
        -1.0,
        "Init Strength",
        "How much of the first picture is kept. Automatic: as strength is scheduled",
        least=0,
        most=1,
        automatic=-1.0,
    ),
)

KNOWN = (
    Setting(
        "known",
        "repaint",
        "Known Pixels",
        "What becomes of the pixels that the first frame or another key picture shows",
        (
            Choice("repaint", "Repaint", "Every frame is generated anew, from the one before it"),
            Choice("guide", "Guide", "They are moved exactly, and painted over with little noise"),
            Choice("keep", "Keep", "They are moved exactly and stay; only what no key picture shows is painted, once"),
        ),
    ),
    Setting(
        "guide_sigma",
        0.25,
        "Guide Noise",
        "The share of noise that frames are painted over from, where known pixels guide them",
        least=0,
        most=1,
    ),
    Setting(
        "restyle",
        False,
        "Restyle Keys",
        "Generate the first key picture by the prompt; later ones show it, moved, with only what is new painted",
    ),
)

MOTION = (
    Setting(
        "motion",
        "scene",
        "Motion",
        "What moves the picture from frame to frame",
        (
            Choice("scene", "Scene", "This scene's camera and objects, exactly"),
            Choice("2D", "2D Schedules", "Zoom, rotate and shift the picture as schedules say"),
            Choice("3D", "3D Schedules", "Fly through the picture as schedules say, by its depth"),
            Choice("flow", "Guide: Optical Flow", "Every pixel moves as in a guide video"),
            Choice("perspective", "Guide: Perspective", "The whole picture follows a guide video's camera (RANSAC)"),
            Choice("affine", "Guide: Affine", "The whole picture follows a guide video: shift, rotation and scale"),
        ),
    ),
    Setting(
        "depth_model",
        "",
        "Depth",
        "Where 3D schedules and depth masks take depth from",
        (
            Choice("scene", "Scene", "This scene's own depth"),
            Choice("", "Flat", "Everything is equally far; the Shot's own depth where it has one"),
            Choice("midas-dpt-large", "MiDaS", "Estimated from each picture, 1.4 GB"),
            Choice("midas-dpt-hybrid", "MiDaS Hybrid", "Estimated from each picture, as in the webui, 0.5 GB"),
            Choice("depth-anything-v2-small", "Depth Anything", "Estimated from each picture, 0.1 GB"),
            Choice("depth-anything-v2-large", "Depth Anything Large", "Estimated from each picture, 1.3 GB"),
        ),
        names=FOLDER,
    ),
    Setting("perspective_flip", False, "Perspective Flip", "Also turn the picture like a card"),
    Setting(
        "cadence",
        1,
        "Cadence",
        "Generate every Nth frame; those between are warped from both neighbors",
        least=1,
        usual=12,
        unit="frames",
    ),
    Setting(
        "optical_flow_cadence",
        NONE,
        "Optical Flow Cadence",
        "Draw the two neighbors of a frame between towards each other by this optical flow",
        (NO_FLOW, *FLOW_METHODS),
    ),
    Setting(
        "padding",
        "border",
        "Padding",
        "What fills the picture where its edge moves inwards",
        (
            Choice("border", "Border", "The outermost pixels, stretched"),
            Choice("reflection", "Reflection", "The picture, mirrored"),
            Choice("wrap", "Wrap", "The opposite edge"),
            Choice("zeros", "Black", "Nothing"),
        ),
    ),
    Setting(
        "sampling",
        "spline",
        "Sampling",
        "How warped pixels are interpolated",
        (
            Choice("spline", "Spline", "Keeps place and sharpness over hundreds of frames"),
            Choice("bicubic", "Bicubic", "As in the webui: sharpens a little and drifts"),
            Choice("bilinear", "Bilinear", "Softer"),
            Choice("nearest", "Nearest", "Hard"),
        ),
    ),
)

COLOR = (
    Setting(
        "color_coherence",
        "auto",
        "Color Coherence",
        "Match every frame's colors, so that they do not drift",
        (
            Choice("auto", "Automatic", "LAB, or the latents' own statistics where latents are fed back"),
            Choice(NONE, "Off", "Let them drift"),
            Choice("LAB", "LAB", "Histograms of lightness and the two color axes"),
            Choice("RGB", "RGB", "Histograms of red, green and blue"),
            Choice("HSV", "HSV", "Histograms of hue, saturation and value"),
            Choice("Latent", "Latent", "Mean and deviation of the latent channels"),
        ),
    ),
    Setting(
        "color_reference",
        "first",
        "Color Reference",
        "The picture whose colors are kept",
        (
            Choice("first", "First Frame", "The first generated frame"),
            Choice("video", "Guide Video", "The guide video's frame of the same time"),
        ),
        names=FILE,
    ),
    Setting(
        "color_coherence_video_every_N_frames",
        1,
        "Reference Every",
        "The guide video gives a new color reference every Nth frame",
        least=1,
        unit="frames",
    ),
    Setting(
        "legacy_colormatch",
        False,
        "Legacy Color Match",
        "Match colors before generation only, not after it as well",
    ),
    Setting("color_force_grayscale", False, "Grayscale", "Make every frame gray before it is generated"),
)

NOISE = (
    Setting(
        "noise_type",
        "moving",
        "Noise Type",
        "The noise that is added before each generation",
        (
            Choice("moving", "Moving", "Warped with the surfaces, so that details stay where they are"),
            Choice("gaussian", "Gaussian", "New at every frame"),
            Choice("perlin", "Perlin", "New at every frame, in soft clouds"),
        ),
    ),
    Setting("noise_pull", False, "Noise Fades", "Noise fades the picture towards gray, as in the webui"),
    Setting("perlin_w", 8, "Perlin Width", "Cells of the coarsest octave side by side", least=1, usual=256),
    Setting("perlin_h", 8, "Perlin Height", "Cells of the coarsest octave one above the other", least=1, usual=256),
    Setting("perlin_octaves", 4, "Octaves", "Layers of finer and finer clouds", least=1, usual=7),
    Setting("perlin_persistence", 0.5, "Persistence", "How strong each finer layer is", least=0, most=1),
    Setting(
        "seed_behavior",
        "iter",
        "Seed Behavior",
        "How the seed changes from frame to frame",
        (
            Choice("iter", "Iterate", "One more at every frame"),
            Choice("fixed", "Fixed", "The same at every frame: textures may stick to the screen"),
            Choice("random", "Random", "A random one at every frame; the same ones in every run"),
            Choice("ladder", "Ladder", "Two up, one down"),
            Choice("alternate", "Alternate", "One up, one down"),
            Choice("schedule", "Schedule", "As a schedule says"),
        ),
    ),
    Setting("seed_iter_N", 1, "Frames per Seed", "Frames that share a seed", least=1, unit="frames"),
)

GENERATION = (
    Setting(
        "prompt_blending",
        "held",
        "Prompt Blending",
        "What is generated between one prompt and the next",
        (
            Choice("held", "Hold", "Each prompt until the next begins"),
            Choice("linear", "Linear", "Both, more and more of the next"),
            Choice("spherical", "Slerp", "Both, by spherical interpolation of their embeddings"),
        ),
    ),
    Setting(
        "guided_images", {}, "Guided Images", "Pictures that frames are drawn towards, by frame (from 0) or expression"
    ),
    Setting(
        "redo",
        0,
        "Redo",
        "Extra generations of a frame before the one that is kept, so that it settles",
        least=0,
        usual=9,
    ),
    Setting(
        "optical_flow_redo_generation",
        NONE,
        "Optical Flow Redo",
        "Generate each frame once, then warp its input towards that by this optical flow",
        (NO_FLOW, *FLOW_METHODS),
    ),
)

MASK = (
    Setting("mask_file", "", "Mask", "A picture: white may change, black stays", names=FILE),
    Setting("mask_video", "", "Mask Video", "A movie whose frames are the masks", names=FILE),
    Setting("mask_invert", False, "Invert", "Black may change, white stays"),
    Setting("mask_contrast_adjust", 1.0, "Mask Contrast", "Contrast of the mask: 1 leaves it", least=0),
    Setting("mask_brightness_adjust", 1.0, "Mask Brightness", "Brightness of the mask: 1 leaves it", least=0),
    Setting("mask_overlay_blur", 4, "Mask Blur", "Width of the transition", least=0, usual=64, unit="px"),
    Setting("use_noise_mask", False, "Noise Mask", "Add noise only where noise_mask_schedule says"),
)

GUIDE = (
    Setting("guide_video", "", "Guide Video", "The movie whose motion or pictures are used", names=FILE),
    Setting(
        "extract_nth_frame",
        0,
        "Extract Every",
        "Take every Nth frame of the guide video by number. Automatic: by time, so that it keeps its speed",
        least=1,
        unit="frames",
        automatic=0,
    ),
    Setting("extract_from_frame", 0, "Extract From", "The guide video's first frame that is used", least=0),
    Setting(
        "hybrid_motion",
        NONE,
        "Hybrid Motion",
        "The guide video's motion, on top of the frame's own",
        (
            Choice(NONE, "None", "Only the motion that is chosen above"),
            Choice("Optical Flow", "Optical Flow", "Every pixel"),
            Choice("Perspective", "Perspective", "As a whole, with perspective"),
            Choice("Affine", "Affine", "As a whole: shift, rotation and scale"),
        ),
    ),
    Setting("hybrid_flow_method", "DIS Medium", "Flow Method", "Optical flow of the guide video", FLOW_METHODS),
    Setting(
        "hybrid_motion_use_prev_img",
        False,
        "Motion from Previous Frame",
        "Measure motion from the previous generated frame to the guide's, not between two of the guide's",
    ),
    Setting(
        "hybrid_flow_consistency",
        False,
        "Consistent Flow",
        "Use optical flow only where flow forth and back agree",
    ),
    Setting("hybrid_consistency_blur", 2, "Consistency Blur", "Width of the transition", least=0, unit="px"),
    Setting(
        "hybrid_composite",
        NONE,
        "Hybrid Composite",
        "When the guide video's picture is mixed into the frame",
        (
            Choice(NONE, "Never", "Only its motion may be used"),
            Choice("Before Motion", "Before Motion", "It is warped along with the frame"),
            Choice("Normal", "Before Generation", "After the warp; the model works on it"),
            Choice("After Generation", "After Generation", "It stays as it is"),
        ),
    ),
    Setting(
        "hybrid_mask",
        NONE,
        "Composite Mask",
        "Where the guide's picture is mixed in",
        (
            Choice(NONE, "Everywhere", "Evenly"),
            Choice("Depth", "Depth", "By the frame's depth"),
            Choice("Video Depth", "Video Depth", "By the depth of the guide's frame"),
            Choice("Blend", "Blend", "By the brightness of both pictures"),
            Choice("Difference", "Difference", "By the difference of the two"),
        ),
    ),
    Setting("hybrid_comp_mask_inverse", False, "Invert Composite Mask", "Mix in where the mask is white"),
    Setting(
        "hybrid_comp_mask_equalize",
        NONE,
        "Equalize",
        "When the composite mask's histogram is equalized",
        (
            Choice(NONE, "Never", "The mask stays as it is"),
            Choice("Before", "Before", "Before its contrast is changed"),
            Choice("After", "After", "After its contrast is changed"),
            Choice("Both", "Both", "Before and after"),
        ),
    ),
    Setting(
        "hybrid_comp_mask_auto_contrast",
        False,
        "Auto Contrast",
        "Stretch the composite mask between two percentiles",
    ),
)

OTHER = (
    Setting(
        "dialect",
        "superset",
        "Dialect",
        "Whose language the schedules are written in",
        tuple(Choice(name, name.capitalize(), DIALECT_OF[name]) for name in DIALECTS),
    ),
)

GROUPS = {
    "Model": MODEL,
    "Start and feedback": START,
    "Known pixels": KNOWN,
    "Motion": MOTION,
    "Color": COLOR,
    "Noise and seeds": NOISE,
    "Generation": GENERATION,
    "Mask": MASK,
    "Guide video": GUIDE,
    "Schedules": OTHER,
}
SETTINGS = by_name(setting for group in GROUPS.values() for setting in group)
DEFAULTS = defaults(SETTINGS)
FILES = {name: setting.values for name, setting in SETTINGS.items() if setting.names == FILE}  # → choices that are not
