"""Another program's settings under this engine's names, one idea of theirs after the other.

Their keys have their meaning only: `device`, `precision` or `mode` in another program's file are not settings of this
engine. Names that no other program has, such as `start_sigma`, may stand in any file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...files import json_text
from ...model_registry.depth_models import ESTIMATORS, located
from ...schedules import settings_files as files
from ...schedules.programs import EVERY_KEY
from ...schedules.prompt_documents import ANIMATEDIFF, FIZZNODES
from ..settings_parser import like
from . import settings_keys
from .settings import DEFAULTS

DEPTH_MODELS = {  # how their names begin there → which of ours are as good, the nearest first
    "midas": ("midas-dpt-hybrid", "midas-dpt-large", "midas-small"),
    "depth-anything": ("depth-anything-v2-small", "depth-anything-v2-large"),
}
MODES = {"Video Input": "video", "Interpolation": "interpolation"}
HYBRID = ("Optical Flow", "Perspective", "Affine")
COMPOSITES = ("Before Motion", "Normal", "After Generation")
FLOWS = ("DIS Medium", "DIS Fine", "Farneback")
NEAREST_FLOW = {"RAFT": "DIS Fine", "DIS Slow": "DIS Fine", "Farneback Fine": "Farneback"}  # others: DIS Medium
SEEDS = ("iter", "fixed", "random", "ladder", "alternate", "schedule")
SAME = [name for name in DEFAULTS if settings_keys.USED.get(name) == "the same"]
KERNELS = ("bicubic", "bilinear", "nearest")
BORDERS = {"replicate": "border", "wrap": "wrap"}


def translated(found: files.Settings, values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """Another program's settings under our names."""
    notices.extend(_in_vain({**found.schedules, **values}))
    if found.program in (ANIMATEDIFF, FIZZNODES):
        return
    yield from _names_of_ours(values, notices)
    yield "legacy_colormatch", like(True, values.get("legacy_colormatch", True), "legacy_colormatch")
    for name in SAME:
        if name in values and name not in CHOSEN:
            yield name, like(DEFAULTS[name], values[name], name)
    if "sampling_mode" in values:
        yield "sampling", _choice("sampling_mode", values["sampling_mode"], KERNELS, "bicubic", notices)
    yield from _counts(values)
    mode = str(values.get("animation_mode", "2D"))
    if "animation_mode" in values:
        yield "noise_pull", True  # as those programs add noise
        yield from _motion(mode, values, notices)
    yield from _flows(mode, values, notices)
    yield from _color(mode, values, notices)
    yield from _masks(values, notices)
    yield from _guided(values)
    yield from _guide(values)


CHOSEN = {  # settings with the same name and meaning whose values are looked at one by one
    *("noise_type", "color_coherence", "mask_file", "mask_video", "use_init", "init_image", "seed_behavior"),
    *("hybrid_motion", "hybrid_composite", "use_noise_mask", "extract_nth_frame", "extract_from_frame"),
    *("hybrid_comp_mask_equalize", "legacy_colormatch", "prompt_weighting"),
}


def _names_of_ours(values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """Settings of this engine that stand in another program's file: those that cannot be that program's."""
    refused = []
    for name in DEFAULTS:
        if name not in values or name in EVERY_KEY or settings_keys.meaning(name)[0] != "unknown":
            continue
        if "_" in name:
            yield name, like(DEFAULTS[name], values[name], name)
        else:
            refused.append(name)
    if refused:
        notices.append(
            f"{listed(refused)}: not taken as this engine's, for the file is another program's; use --set NAME=VALUE"
        )


def listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _counts(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "diffusion_cadence" in values:
        yield "cadence", max(like(1, values["diffusion_cadence"], "diffusion_cadence"), 1)
    if "diffusion_redo" in values:
        yield "redo", max(like(0, values["diffusion_redo"], "diffusion_redo"), 0)
    if "enable_perspective_flip" in values:
        yield "perspective_flip", like(False, values["enable_perspective_flip"], "enable_perspective_flip")
    if "noise_type" in values:
        yield "noise_type", "perlin" if values["noise_type"] == "perlin" else "gaussian"
    if "seed_behavior" in values:
        behavior = values["seed_behavior"]
        yield "seed_behavior", behavior if behavior in SEEDS else "random"  # as there


def _motion(mode: str, values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    if mode in MODES:
        yield "mode", MODES[mode]
    elif mode == "3D":
        yield "motion", "3D"
        yield from _depth(values, notices)
    else:
        yield "motion", "2D"
        if mode != "2D":
            notices.append(f"animation_mode {mode!r} makes no animation there; it is taken as 2D")
    edge, edges = ("padding_mode", ("border", "reflection", "zeros")) if mode == "3D" else ("border", tuple(BORDERS))
    if edge in values:
        padding = _choice(edge, values[edge], (*edges, "zeros"), edges[0], notices)
        yield "padding", BORDERS.get(padding, padding)


def _choice(name: str, value: Any, choices: Sequence[str], otherwise: str, notices: list[str]) -> str:
    if value in choices:
        return value
    notices.append(f"{name} {str(value)[:40]!r} is not known here; {otherwise} is taken")
    return otherwise


def _depth(values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """What sees depth: an estimator where it is on this machine, otherwise the Shot's own depth, otherwise nothing."""
    if not like(True, values.get("use_depth_warping", True), "use_depth_warping"):
        yield "depth_model", ""
        return
    asked = str(values.get("depth_algorithm") or "Midas-3-Hybrid")
    begins = next((begin for begin in DEPTH_MODELS if asked.lower().startswith(begin)), "")
    names = DEPTH_MODELS[begins or "midas"]
    name = next((name for name in names if located(name)), None)
    if name is None:
        notices.append(
            f"depth by {asked}: {names[0]} is not on this machine ({ESTIMATORS[names[0]].download:g} GB, "
            f"{ESTIMATORS[names[0]].repository}), so the Shot's own depth is taken, and without one the picture "
            "counts as flat"
        )
        yield "depth_model", ""
        return
    if not begins:
        notices.append(f"depth by {asked} is not known here; MiDaS is taken")
    yield "depth_model", name


def _flows(mode: str, values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """Optical flow and hybrid video. A flow that is not here is said only where it would be used."""
    motion, composite = values.get("hybrid_motion"), values.get("hybrid_composite")
    hybrid = mode not in MODES
    if motion is not None:
        yield "hybrid_motion", motion if hybrid and motion in HYBRID else "None"
    if composite is not None:
        yield "hybrid_composite", composite if hybrid and composite in COMPOSITES else "None"
    mask = values.get("hybrid_comp_mask_type")
    if mask in ("Depth", "Video Depth", "Blend", "Difference"):
        yield "hybrid_mask", mask
    if (equalize := values.get("hybrid_comp_mask_equalize")) is not None:
        yield "hybrid_comp_mask_equalize", equalize if equalize in ("Before", "After", "Both") else "None"
    painted_each = str(values.get("diffusion_cadence", 1)) in ("0", "1")
    for name, used in (
        ("optical_flow_cadence", not painted_each),
        ("optical_flow_redo_generation", True),
        ("hybrid_flow_method", motion == "Optical Flow" and hybrid),
    ):
        value = values.get(name)
        if value in (None, "", "None", False):
            continue
        flow = (
            value if value in FLOWS else NEAREST_FLOW.get(value, "DIS Medium") if isinstance(value, str) else FLOWS[0]
        )
        if flow != value and used:
            notices.append(f"{name}: {str(value)[:40]} is not here; {flow} is taken")
        yield name, flow


def _color(mode: str, values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """Whatever is none of the names that the webui tells apart is LAB, as there."""
    if mode == "Video Input":
        yield "color_coherence", "None"
        return
    asked = values.get("color_coherence")
    if asked is None:
        return
    yield "color_coherence", asked if asked in ("None", "HSV", "RGB", "LAB") else "LAB"
    guided = values.get("hybrid_motion") in HYBRID or values.get("hybrid_composite") in COMPOSITES
    if asked == "Video Input" and guided:
        yield "color_reference", "video"
    if asked == "Image" and (path := str(values.get("color_coherence_image_path") or "").strip()):
        yield "color_reference", path
    elif asked == "Image":
        notices.append("color_coherence Image: color_coherence_image_path is empty; the first frame's colors are kept")


def _masks(values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """Masks that are switched on. There, a mask also says where noise comes."""
    still = like(False, values.get("use_mask", False), "use_mask")
    moving = like(False, values.get("use_mask_video", False), "use_mask_video")
    if still and values.get("mask_file"):
        yield "mask_file", str(values["mask_file"])
    if moving and values.get("video_mask_path"):
        yield "mask_video", str(values["video_mask_path"])
    if (still or moving) and "invert_mask" in values:
        yield "mask_invert", like(False, values["invert_mask"], "invert_mask")
    of_noise = like(False, values.get("use_noise_mask", False), "use_noise_mask")
    if of_noise and not (still or moving):
        notices.append("use_noise_mask: the file switches no mask on, so noise comes everywhere")
    if still or (of_noise and moving):
        yield "use_noise_mask", True


def _guided(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if not like(False, values.get("use_looper", False), "use_looper") or not values.get("init_images"):
        return
    given = values["init_images"]
    images = json_text.parse(given, "init_images") if isinstance(given, str) else given
    yield "guided_images", images
    yield "seed_behavior", "schedule"  # as there


def _guide(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The video that hybrid motion follows, and which of its frames belong to the job's."""
    path = values.get("video_init_path")
    if not isinstance(path, str) or not path.strip():
        return
    yield "guide_video", path.strip()
    yield "extract_nth_frame", max(like(1, values.get("extract_nth_frame", 1), "extract_nth_frame"), 1)
    yield "extract_from_frame", max(like(0, values.get("extract_from_frame", 0), "extract_from_frame"), 0)


def _in_vain(values: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for everything that the file asks for and that is not done here."""
    for reason, names in settings_keys.in_vain(values).items():
        yield f"{listed(names)}: {reason}"
    if count := settings_keys.housekeeping(values):
        yield f"{count} keys left out: {settings_keys.HOUSEKEEPING} (docs/settings-keys.md lists them)"
