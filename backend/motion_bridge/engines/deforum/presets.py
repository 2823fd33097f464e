"""Four ways to begin: a preset is a handful of settings and schedules under one word.

What is asked for beside a preset goes before it. The numbers are explained in docs/presets.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import BadInput, nearest
from .. import settings_parser
from .engine import engine


@dataclass(frozen=True)
class Preset:
    """Settings and schedules by the names that `wishes.sort` knows."""

    title: str
    purpose: str
    wishes: Mapping[str, Any]


PRESETS = {
    "smooth": Preset(
        "Smooth",
        "Steady and calm: little is made anew, and two of three frames are moved rather than painted",
        {"start_sigma": 0.55, "cadence": 3, "noise": 0.02, "noise_type": "moving"},
    ),
    "creative": Preset(
        "Creative",
        "The prompt leads: much is made anew at every frame, and the picture keeps changing",
        {"start_sigma": 0.85, "cadence": 1, "noise": 0.05, "noise_type": "moving"},
    ),
    "cinematic": Preset(
        "Cinematic",
        "The camera leads: things keep their shape, and what comes into view is painted more freely",
        {
            "start_sigma": 0.65,
            "cadence": 2,
            "noise": 0.03,
            "revealed_noise": 0.15,
            "noise_type": "moving",
        },
    ),
    "fast_preview": Preset(
        "Fast Preview",
        "To judge the motion: every fourth frame is painted, in few steps",
        {"start_sigma": 0.6, "cadence": 4, "noise": 0.02, "steps": 4},
    ),
}


def find(name: str) -> Preset:
    """The preset of that name; BadInput lists those there are."""
    if name not in PRESETS:
        raise BadInput(f"There is no preset {name!r} among {', '.join(PRESETS)}{nearest(name, PRESETS)}")
    return PRESETS[name]


def asked(name: str) -> settings_parser.Sorted:
    """A preset's settings and schedules under their full names."""
    return settings_parser.sort(engine, find(name).wishes)
