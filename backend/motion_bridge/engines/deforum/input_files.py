"""The files that settings name, looked for before anything else is done: nobody waits for a model to hear of one."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import BadInput

WORDS = {  # settings that name a file → words that may stand there instead
    "init_image": ("guide",),
    "color_reference": ("first", "video"),
    "reference": ("none", "first"),
    "mask_file": (),
    "mask_video": (),
    "guide_video": (),
    "channel_weights": ("even",),
}
MASKS = ("mask_schedule", "noise_mask_schedule")
IN_MASK = re.compile(r"\[([^\[\]]*)\]")


def check(settings: Mapping[str, Any], schedules: Mapping[str, str]) -> None:
    """BadInput for the first file that is not there, with the setting that names it.

    settings: those that are given; others name nothing.
    """
    for name, file in _named(settings, schedules):
        if not Path(file).is_file():
            raise BadInput(f"{name}: {file} is {'a folder; name a file' if Path(file).is_dir() else 'not there'}.")


def _named(settings: Mapping[str, Any], schedules: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, words in WORDS.items():
        if settings.get(name) and settings[name] not in words:
            yield name, str(settings[name])
    for file in _guided(settings.get("guided_images")):
        yield "guided_images", file
    for file in _loras(settings.get("loras")):
        yield "loras", file
    for name in MASKS:
        for file in IN_MASK.findall(schedules.get(name, "")):
            yield name, file.strip()


def _loras(given: Any) -> Iterator[str]:
    """What is no list of files is refused where it is read (conditions.py)."""
    for entry in given if isinstance(given, list) else []:
        match entry:
            case str(file) | [str(file), int() | float() | str()]:
                yield str(Path(file).expanduser())


def _guided(given: Any) -> Iterator[str]:
    """What is no JSON, or names no files, is refused where it is read (guided.py)."""
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return
    if isinstance(found, Mapping):
        yield from (file for file in found.values() if isinstance(file, str))
