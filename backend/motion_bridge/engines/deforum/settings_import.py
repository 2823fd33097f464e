"""Settings files of the webui, Forge, the notebooks, Parseq, as jobs of this engine.

What a file says under their names becomes settings and schedules under ours; what has no meaning here is said, once,
in `notices`. Keys of this engine's own, such as `motion` or `start_sigma`, may stand in a file too. Whether there is a
picture to begin with (`use_init`) is never the file's to say: its picture is on another machine.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadInput
from ...schedules import settings_files as files
from ...schedules import writer as written
from ...schedules.prompts import MARK, by_frame
from ..settings_parser import like
from .engine import DEFAULTS
from .schedules import OWN, READ, STEPS

DEPTH_MODELS = {"midas": "midas-dpt-hybrid", "depth-anything": "depth-anything-v2-small"}  # how their names begin
MODES = {"Video Input": "video", "Interpolation": "interpolation"}
RENAMED = {  # theirs → ours, where both mean the same
    "diffusion_cadence": "cadence",
    "sampling_mode": "sampling",
    "enable_perspective_flip": "perspective_flip",
    "diffusion_redo": "redo",
    "video_init_path": "guide_video",
}
# Names that both know and that need a look, or must not be taken as they are.
ELSEWHERE = ("noise_type", "color_coherence", "mask_file", "mask_video", "use_init", "init_image")
FLOWS = ("optical_flow_cadence", "optical_flow_redo_generation", "hybrid_flow_method")
RAFT = "DIS Fine"  # what stands in for it: RAFT is a network of its own
OF_THE_MODEL = ("cfg_scale_schedule", STEPS)  # numbers that suit the model a file was made for and no other
SWITCHED = {  # schedules that hold only where they are switched on
    "enable_subseed_scheduling": ("subseed_schedule", "subseed_strength_schedule"),
    "enable_noise_multiplier_scheduling": ("noise_multiplier_schedule",),
}
OURS = {*DEFAULTS, *OWN}
NOT_DONE = {  # keys that switch on what this engine does not do → what to call it
    "enable_checkpoint_scheduling": "a change of model on the way",
    "enable_sampler_scheduling": "another sampler",
    "tiling": "tiling",
    "restore_faces": "face restoration",
    "use_alpha_as_mask": "the alpha channel as a mask",
}


@dataclass(frozen=True)
class Brought:
    """What a file asks for; None where it does not say."""

    settings: Mapping[str, Any]
    schedules: Mapping[str, str]
    prompts: Mapping[int, str]  # from frame 0 of the job
    frames: int | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    notices: tuple[str, ...] = ()


def read(path: Path, model: str = "") -> Brought:
    """A file as this engine understands it. model: the one that will paint, by name or folder.

    BadInput names the file, and the line, key or column.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise BadInput(f"{path} cannot be read: {fault.strerror or fault}.") from None
    except UnicodeDecodeError as fault:
        raise BadInput(f"{path} is no text in UTF-8: byte {fault.start} cannot be read.") from None
    return brought(files.read(content, path.name, known=OURS), model)


def brought(found: files.Settings, model: str = "") -> Brought:
    """The same of a file that has been read."""
    notices = list(found.notices)
    values = {name: value for name, value in found.values.items() if value is not None}
    settings = dict(_settings(values, notices))
    theirs = of_stable_diffusion(model or str(settings.get("model", "")))
    return Brought(
        settings,
        _schedules(found, theirs, notices),
        _prompts(found, theirs, notices),
        found.max_frames,
        found.fps,
        found.width,
        found.height,
        None if found.seed is None or found.seed < 0 else found.seed,
        tuple(notices),
    )


def placed(prompts: Mapping[int, str], frames: Sequence[int]) -> dict[int, str]:
    """A file's prompts, which count from 0, at a job's frames; those past its end are left out."""
    return {frames[at]: text for at, text in prompts.items() if 0 <= at < len(frames)}


def of_stable_diffusion(model: str) -> bool:
    """Whether a model, by name or folder, is of the kind that these files were made for."""
    index = Path(model).expanduser() / "model_index.json"
    try:
        kind = str(json.loads(index.read_text(encoding="utf-8"))["_class_name"]) if model and index.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        kind = ""
    return kind.startswith(("StableDiffusion", "LatentConsistency")) or model.startswith(("sd-", "sdxl", "lcm"))


def _settings(values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    """Theirs first, then what stands under our own names."""
    for theirs, ours in RENAMED.items():
        if values.get(theirs) not in (None, ""):
            yield ours, like(DEFAULTS[ours], values[theirs], theirs)
    if "noise_type" in values:
        yield "noise_type", {"uniform": "gaussian"}.get(values["noise_type"], values["noise_type"])
    if "animation_mode" in values:
        yield "noise_pull", True  # as those programs add noise
        yield from _motion(values, notices)
    yield from _colour(values)
    if values.get("mask_file") and values.get("use_mask", True):
        yield "mask_file", str(values["mask_file"])
        yield "mask_invert", bool(values.get("invert_mask"))
    if video := values.get("video_mask_path") if values.get("use_mask_video") else values.get("mask_video"):
        yield "mask_video", str(video)
    if values.get("hybrid_comp_mask_type"):
        yield "hybrid_mask", str(values["hybrid_comp_mask_type"])
    if values.get("use_looper") and values.get("init_images"):
        yield "guided_images", _guided(values["init_images"])
    off = [called for name, called in NOT_DONE.items() if values.get(name)]
    off += ["ControlNet"] if any(values.get(f"cn_{unit}_enabled") for unit in range(1, 6)) else []
    if off:
        notices.append(f"not done here: {', '.join(off)}")
    for name in DEFAULTS:
        if name in values and name not in ELSEWHERE:
            value = values[name]
            if name in FLOWS and value == "RAFT":
                notices.append(f"{name}: RAFT is not here; {RAFT} is taken")
                value = RAFT
            yield name, like(DEFAULTS[name], value, name)


def _guided(given: Any) -> Any:
    try:
        return json.loads(given) if isinstance(given, str) else given
    except ValueError as wrong:
        raise BadInput(f"init_images is no JSON: {wrong}.") from None


def _motion(values: Mapping[str, Any], notices: list[str]) -> Iterator[tuple[str, Any]]:
    mode = values["animation_mode"]
    if mode in ("2D", "3D"):
        yield "motion", mode
        edge = "padding_mode" if mode == "3D" else "border"
        if edge in values:
            yield "padding", {"replicate": "border"}.get(values[edge], values[edge])
    elif mode in MODES:
        yield "mode", MODES[mode]
    else:
        notices.append(f"animation mode {mode} is taken as 2D")
        yield "motion", "2D"
    if mode == "3D" and values.get("use_depth_warping", True):
        asked = str(values.get("depth_algorithm", "Midas-3-Hybrid"))
        begins = next((begin for begin in DEPTH_MODELS if asked.lower().startswith(begin)), "")
        if not begins:
            notices.append(f"depth by {asked} is not known here; MiDaS is taken")
        yield "depth_model", DEPTH_MODELS[begins or "midas"]


def _colour(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    match values.get("color_coherence"):
        case None:
            return
        case "Video Input":
            yield "color_coherence", "LAB"
            yield "color_reference", "video"
        case "Image":
            yield "color_coherence", "LAB"
            yield "color_reference", str(values.get("color_coherence_image_path") or "first")
        case space:
            yield "color_coherence", space


def _schedules(found: files.Settings, same_model: bool, notices: list[str]) -> dict[str, str]:
    if "schedule" in found.schedules:
        raise BadInput("The file holds one bare schedule and does not say which; write it as a settings file.")
    schedules = {name: text for name, text in found.schedules.items() if name in READ}
    for name, series in found.series.items():
        schedules[name] = written.schedule(series.tolist())
    if "animation_mode" in found.values:
        schedules.setdefault("detail_amount", "0:(0)")  # nothing there keeps detail
    if not found.values.get("enable_steps_scheduling"):
        schedules.pop(STEPS, None)
        if "steps" in found.values:
            schedules[STEPS] = f"0:({like(1, found.values['steps'], 'steps')})"
    for switch, names in SWITCHED.items():
        if not found.values.get(switch):
            for name in names:
                schedules.pop(name, None)
    left = [name for name in OF_THE_MODEL if not same_model and schedules.pop(name, None) is not None]
    if left:
        notices.append(f"{' and '.join(left)}: left to the model; the file's were meant for Stable Diffusion")
    return schedules


def _prompts(found: files.Settings, same_model: bool, notices: list[str]) -> dict[int, str]:
    """The file's prompts with what stands before and after each of them."""
    prompts = by_frame(found.prompts, found.context())
    left = False
    for frame, prompt in prompts.items():
        wanted, _, unwanted = prompt.partition(MARK)
        wanted = ", ".join(part for part in (found.positive.strip(), wanted.strip()) if part)
        unwanted = ", ".join(part for part in (unwanted.strip(), found.negative.strip()) if part)
        left = left or bool(unwanted and not same_model)
        prompts[frame] = f"{wanted} {MARK} {unwanted}" if unwanted and same_model else wanted
    if left:
        notices.append("the negative prompts are left out, because FLUX models know none")
    return prompts
