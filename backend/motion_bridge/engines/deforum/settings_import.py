"""Settings files of the webui, Forge, the notebooks, XLabs, studio, ComfyUI and Parseq, as jobs of this engine.

What a file says under their names becomes settings (settings_translation.py) and schedules under ours; what has no
meaning here is said in `notices` (settings_keys.py).
Whether there is a picture to begin with (`use_init`) is never the file's to say: its picture is on another machine.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import BadInput
from ...files import home, json_text
from ...files.regular import read_text
from ...schedules import settings_files as files
from ...schedules import writer
from ...schedules.programs import FORGE, NOTEBOOK, XLABS
from ...schedules.prompt_syntax import from_weights, without_editing, without_networks
from ...schedules.prompts import MARK, by_frame, filled, held_at
from ...shot import GenerationSettings
from ..base import ImportedSettings
from ..settings_parser import like
from . import settings_keys
from .schedules import OWN, READ, STEPS, kept
from .settings import DEFAULTS
from .settings_translation import listed, translated

OF_THE_MODEL = ("cfg_scale_schedule", "distilled_cfg_scale_schedule", STEPS)  # they suit the model of the file only
SWITCHED = {  # schedules that hold only where they are switched on
    "enable_subseed_scheduling": ("subseed_schedule", "subseed_strength_schedule"),
    "enable_noise_multiplier_scheduling": ("noise_multiplier_schedule",),
    "use_mask": ("mask_schedule",),
    "use_noise_mask": ("noise_mask_schedule",),
    "use_looper": ("image_strength_schedule", "blendFactorMax", "blendFactorSlope", "tweening_frames_schedule")
    + ("color_correction_factor",),
}
FROM_VIDEO = {  # Video Input paints each frame of the video for itself: nothing is fed back that could be cleaned
    "video_preserve": "0:(0)",
    "noise_schedule": "0:(0)",
    "contrast_schedule": "0:(1)",
    "amount_schedule": "0:(0)",
}
OURS = {*DEFAULTS, *OWN}


def read(path: Path, model: str = "") -> ImportedSettings:
    """A file as this engine understands it. model: the one that will paint, by name or folder.

    BadInput names the file, and the line, key or column.
    """
    return imported(files.read(read_text(path), path.name, known=OURS), model)


def imported(found: files.Settings, model: str = "") -> ImportedSettings:
    """The same of a file that has been read."""
    notices = list(found.notices)
    values = {name: value for name, value in found.values.items() if value is not None}
    settings = dict(translated(found, values, notices) if found.program else _own(values))
    same_model = suits(found, model or str(settings.get("model", "")))
    schedules = _schedules(found, same_model, settings, notices)
    prompts = _prompts(found, same_model, notices)
    seed = None if found.seed is None or found.seed < 0 else found.seed
    generation = GenerationSettings(prompts, {}, seed, settings, schedules)
    return ImportedSettings(generation, found.max_frames, found.fps, found.width, found.height, tuple(notices))


def suits(found: files.Settings, model: str) -> bool:
    """Whether a model, by name or folder, is of the kind that a file was made for: Stable Diffusion, or FLUX.1."""
    if made_for_flux(found):
        return model.startswith("flux.1-dev") or _kind(model).startswith("Flux")
    return model.startswith(("sd-", "sdxl", "lcm")) or _kind(model).startswith(("StableDiffusion", "LatentConsistency"))


def made_for_flux(found: files.Settings) -> bool:
    named = str(found.values.get("sd_model_name", "")).lower()
    return found.program == XLABS or "flux" in named or (found.program == FORGE and not named)


def _kind(model: str) -> str:
    """The class of a model's folder."""
    try:
        index = home.expand(model) / "model_index.json"
        return str(json_text.read_object(index)["_class_name"]) if model and index.is_file() else ""
    except (BadInput, OSError, ValueError, KeyError):
        return ""


def _own(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A file of this project's own names; the webui's names for the same things are understood in it too."""
    if values.get("diffusion_cadence") is not None:
        yield "cadence", like(DEFAULTS["cadence"], values["diffusion_cadence"], "diffusion_cadence")
    for name in DEFAULTS:
        if name in values:
            yield name, like(DEFAULTS[name], values[name], name)


def _schedules(
    found: files.Settings, same_model: bool, settings: Mapping[str, Any], notices: list[str]
) -> dict[str, str]:
    if "schedule" in found.schedules:
        raise BadInput("The file holds one bare schedule and does not say which; write it as a settings file.")
    schedules = {name: text for name, text in found.schedules.items() if name in READ}
    if found.strength_means == "denoise" and "strength_schedule" in schedules:
        schedules["strength_schedule"] = kept(schedules["strength_schedule"])
        notices.append("strength_schedule: how much is made anew, in this program; it is turned around")
    for name, series in found.series.items():
        if name in READ:
            schedules[name] = writer.schedule(series.tolist())
    if found.program:
        schedules = dict(_switched_on(found, schedules))
        if "animation_mode" in found.values:
            schedules.setdefault("detail_amount", "0:(0)")  # nothing there keeps detail
        if settings.get("mode") == "video":
            schedules |= FROM_VIDEO
    _set_steps(found, schedules)
    left = [name for name in OF_THE_MODEL if not same_model and schedules.pop(name, None) is not None]
    if left:
        meant = "FLUX.1 dev" if made_for_flux(found) else "Stable Diffusion"
        notices.append(f"{' and '.join(left)}: left to the model; the file's were meant for {meant}")
    return schedules


def _switched_on(found: files.Settings, schedules: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Without the schedules that hold only where they are switched on, and are not."""
    off = {
        name for switch, names in SWITCHED.items() if not settings_keys.asks(found.values.get(switch)) for name in names
    }
    return ((name, text) for name, text in schedules.items() if name not in off)


def _set_steps(found: files.Settings, schedules: dict[str, str]) -> None:
    """Steps and guidance that a file gives as plain numbers."""
    values = found.values
    if not settings_keys.asks(values.get("enable_steps_scheduling")):
        schedules.pop(STEPS, None)
        if values.get("steps") not in (None, ""):
            schedules[STEPS] = f"0:({like(1, values['steps'], 'steps')})"
    if found.program in (NOTEBOOK, XLABS) and "cfg_scale_schedule" not in schedules and "scale" in values:
        schedules["cfg_scale_schedule"] = f"0:({writer.number(like(1.0, values['scale'], 'scale'))})"


def _prompts(found: files.Settings, same_model: bool, notices: list[str]) -> dict[int, str]:
    """The file's prompts with what stands before and after each of them, from frame 0 on."""
    context = files.Settings(max_frames=found.max_frames, seed=found.seed).context()
    prompts = filled(by_frame(found.prompts, context))
    avoided = filled(by_frame(found.avoided, context))
    changing = sorted({*prompts, *avoided}) if prompts else []
    prompts, avoided = held_at(prompts, changing), held_at(avoided, changing)
    result: dict[int, str] = {}
    left = False
    dropped: dict[str, list[str]] = {}
    for frame, prompt in prompts.items():
        text = _plain(prompt, found, frame, dropped)
        wanted, _, unwanted = text.partition(MARK)
        wanted = " ".join(part for part in (found.positive.strip(), wanted.strip()) if part)
        parts = (unwanted.strip(), avoided[frame].strip(), found.negative.replace(MARK, "").strip())
        unwanted = " ".join(part for part in parts if part)
        left = left or bool(unwanted and not same_model)
        result[frame] = f"{wanted} {MARK} {unwanted}" if unwanted and same_model else wanted
    notices.extend(f"{'; '.join(places)}: {why}" for why, places in dropped.items())
    if left:
        notices.append("the negative prompts are left out; they were meant for the model that the file was made for")
    return result


def _plain(prompt: str, found: files.Settings, frame: int, dropped: dict[str, list[str]]) -> str:
    """A prompt without what only the other program reads in it; `dropped` collects why and where."""
    if found.program in (NOTEBOOK, XLABS) and settings_keys.asks(found.values.get("prompt_weighting", True)):
        prompt = from_weights(prompt)
    text, networks = without_networks(prompt)
    text, edits = without_editing(text)
    if networks:
        why = "networks are not named in prompts here; give the LoRA's file: --set loras='[[\"FILE\", 0.8]]'"
        dropped.setdefault(why, []).append(f"prompt at frame {frame}, {listed(networks)}")
    if edits:
        why = "a prompt holds for all steps of a frame, so what holds at the last step is taken"
        dropped.setdefault(why, []).append(f"prompt at frame {frame}, {listed(edits)}")
    return text
