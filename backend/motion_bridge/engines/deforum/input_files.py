"""The files that a job is made from besides its Shot. One rule: a file is looked for if and only if some frame uses it.

`used` takes out of the settings what no frame uses, so that the loop never asks for it; `check` looks for the rest
before anything else is done: nobody waits for a model to hear of a missing file.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadInput
from ...files import home, json_text
from ...schedules import Context, texts, values
from ...schedules.prompts import by_frame
from .schedules import known
from .settings import FILES

GUIDE = "guide"  # the init_image that is the guide video's first frame
FIRST, VIDEO = "first", "video"  # color_references that are no files
OF_GUIDE = ("flow", "perspective", "affine")  # motions that are the guide video's
MASKS = ("mask_schedule", "noise_mask_schedule")
IN_MASK = re.compile(r"(?P<file>\[[^\[\]]*\])|\{(?P<name>[^{}]*)\}")
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def check(settings: Mapping[str, Any], schedules: Mapping[str, str], context: Context) -> None:
    """BadInput for the first file that some frame uses and that is not there, with the setting that names it.

    settings: all of the engine's.
    """
    needed = used(settings, schedules, context)
    for name in guide_followers(needed):
        if not needed["guide_video"]:
            raise BadInput(f"{name} is {needed[name]!r}, which needs a guide_video; name one.")
    for name, file in _named(needed, schedules, context):
        if ADDRESS.match(file):
            raise BadInput(f"{name}: {file} is an address on the network; save the file here and name it.")
        try:
            there = Path(file).is_file()
        except (OSError, ValueError):  # a name that no system allows
            there = False
        if not there:
            raise BadInput(f"{name}: {file} is {'a folder; name a file' if _is_folder(file) else 'not there'}.")


def used(settings: Mapping[str, Any], schedules: Mapping[str, str], context: Context) -> dict[str, Any]:
    """The settings without what no frame of the job uses, as if nobody had asked for it."""
    plan = _Plan(settings, schedules, context)
    found = dict(settings)
    if settings["hybrid_motion"] != "None" and not (plan.feeds_back and plan.ever("hybrid_flow_factor_schedule")):
        found["hybrid_motion"] = "None"
    if settings["hybrid_composite"] != "None" and not (plan.follows and plan.ever("hybrid_comp_alpha_schedule")):
        found["hybrid_composite"] = "None"
    if found["hybrid_composite"] == "None":
        found["hybrid_mask"] = "None"
    matched = settings["color_coherence"] != "None" and plan.follows and plan.ever("color_amount")
    if not matched:
        found["color_reference"] = FIRST
    if settings["use_noise_mask"] and not (plan.follows and (plan.ever("noise_schedule", "revealed_noise"))):
        found["use_noise_mask"] = False
    masks = plan.masks(found)
    if not masks & {"file", "video"}:
        found["mask_file"] = ""
    if "video" not in masks:
        found["mask_video"] = ""
    elif settings["mask_video"] and "file" not in masks:
        found["mask_file"] = ""
    if settings["mode"] == "video" or not (settings["use_init"] or plan.masked(found)):
        found["init_image"] = ""
    if settings["feedback"] != "latent":
        found["channel_weights"] = ""
    found["loras"] = plan.loras(settings["loras"])
    if not guide_followers(found):
        found["guide_video"] = ""
    return found


def guide_followers(settings: Mapping[str, Any]) -> list[str]:
    """The settings that follow the guide video."""
    follows = {
        "mode": settings["mode"] == "video",
        "motion": settings["mode"] == "feedback" and settings["motion"] in OF_GUIDE,
        "init_image": settings["init_image"] == GUIDE,
        "hybrid_motion": settings["hybrid_motion"] != "None",
        "hybrid_composite": settings["hybrid_composite"] != "None",
        "color_reference": settings["color_reference"] == VIDEO,
    }
    return [name for name, so in follows.items() if so]


class _Plan:
    """What the schedules say about the use of files."""

    def __init__(self, settings: Mapping[str, Any], schedules: Mapping[str, str], context: Context):
        self.settings, self.schedules, self.context = settings, schedules, context
        several = context.max_frames > 1
        self.follows = several and settings["mode"] != "interpolation"  # some frame comes from the one before it
        self.feeds_back = several and settings["mode"] == "feedback"

    def ever(self, *names: str) -> bool:
        """Whether one of these schedules is anything but 0 at some frame after the first."""
        defaults = known(self.settings["dialect"])
        return any(
            np.any(values(self.schedules.get(name, defaults[name]), self.context, name)[1:] != 0) for name in names
        )

    def masked(self, settings: Mapping[str, Any]) -> bool:
        """Whether there is a mask at all."""
        return bool(settings["mask_file"] or settings["mask_video"] or "mask_schedule" in self.schedules)

    def masks(self, settings: Mapping[str, Any]) -> set[str]:
        """Which of the two masks, "file" and "video", is used at some frame."""
        found = set()
        for name in self._mask_schedules(settings):
            for text in self.mask_texts(name):
                for match in IN_MASK.finditer(text):
                    if match["name"] is not None and match["name"].strip() == "init_mask":
                        found.add("file")
                    elif match["name"] is not None and match["name"].strip() == "video_mask":
                        found.add("video" if settings["mask_video"] else "file")
        return found

    def mask_files(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The files that mask schedules name in [brackets], at some frame."""
        for name in self._mask_schedules(settings):
            for text in self.mask_texts(name):
                for match in IN_MASK.finditer(text):
                    if match["file"]:
                        yield name, match["file"][1:-1].strip()

    def _mask_schedules(self, settings: Mapping[str, Any]) -> Iterator[str]:
        if self.masked(settings):
            yield "mask_schedule"
        if settings["use_noise_mask"]:
            yield "noise_mask_schedule" if "noise_mask_schedule" in self.schedules else "mask_schedule"

    def mask_texts(self, name: str) -> list[str]:
        """What a mask schedule says at some frame, each once."""
        if name not in self.schedules:
            return ["{video_mask}"]
        return list(dict.fromkeys(texts(self.schedules[name], self.context, name)))

    def loras(self, given: Any) -> Any:
        """Those whose strength is not 0 at every frame; what is not a list of them is refused where it is read."""
        return [entry for entry in given if not self._without_strength(entry)] if isinstance(given, list) else given

    def _without_strength(self, entry: Any) -> bool:
        match entry:
            case [str(), bool()]:
                return False
            case [str(), int() | float() as strength]:
                return strength == 0
            case [str(), str() as strength]:
                return not np.any(values(strength, self.context, "the strength of a LoRA") != 0)
        return False


def _named(settings: Mapping[str, Any], schedules: Mapping[str, str], context: Context) -> Iterator[tuple[str, str]]:
    """The files that settings without unused ones name, with the setting."""
    for name, choices in FILES.items():
        if settings[name] and settings[name] not in choices:
            yield name, str(settings[name])
    for file in shown(settings["guided_images"], context).values():
        yield "guided_images", file
    for file in _loras(settings["loras"]):
        yield "loras", file
    yield from _Plan(settings, schedules, context).mask_files(settings)


def _loras(given: Any) -> Iterator[str]:
    """What is not a list of files is refused where it is read (conditioning.py)."""
    for entry in given if isinstance(given, list) else []:
        match entry:
            case str(file) | [str(file), int() | float() | str()]:
                yield str(home.expand(file, "The LoRA"))


def shown(given: Any, context: Context) -> dict[int, str]:
    """The guided images that hold at some frame of the job, by the frame at which they begin."""
    images = guided(given, context)
    frames, last = list(images), context.max_frames - 1
    holds = {}
    for frame, following in zip(frames, [*frames[1:], last + 1], strict=bool(frames)):
        if (frame <= last and following > 0) or frame == frames[0] > last:
            holds[frame] = images[frame]
    return holds


def guided(given: Any, context: Context) -> dict[int, str]:
    """All guided images of a setting, {frame or expression: file} or its JSON, by frame.

    BadInput where it is something else.
    """
    found = json_text.parse(given, "guided_images") if isinstance(given, str) and given.strip() else given or {}
    if not isinstance(found, Mapping) or not all(isinstance(path, str) for path in found.values()):
        raise BadInput(
            'guided_images must name a file for each frame, such as {"0": "first.png", "max_f": "last.png"}.'
        )
    return by_frame({str(frame): path for frame, path in found.items()}, context)


def _is_folder(file: str) -> bool:
    try:
        return Path(file).is_dir()
    except (OSError, ValueError):
        return False
