"""The programs whose settings files are read, in the versions whose keys and defaults are listed here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from . import comfyui_defaults, forge_defaults, notebook_defaults, webui_versions
from .webui_defaults import ALL


@dataclass(frozen=True)
class Program:
    """One version of a program that writes settings files."""

    name: str
    version: str
    keys: Mapping[str, Any]  # every key that it writes, with its default

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".strip()


WEBUI, FORGE, NOTEBOOK, XLABS, STUDIO, COMFYUI = "webui", "forge", "notebook", "xlabs", "studio", "comfyui"
PROGRAMS: tuple[Program, ...] = (
    Program(WEBUI, "2024-03", ALL),
    Program(WEBUI, "2023-10", webui_versions.OCTOBER_2023),
    Program(WEBUI, "2023-08", webui_versions.AUGUST_2023),
    Program(WEBUI, "2023-05", webui_versions.MAY_2023),
    Program(WEBUI, "2023-03", webui_versions.MARCH_2023),
    Program(WEBUI, "2023-01", webui_versions.JANUARY_2023),
    Program(WEBUI, "2022-12", webui_versions.DECEMBER_2022),
    Program(WEBUI, "2022-10", webui_versions.OCTOBER_2022),
    Program(FORGE, "2025-06", forge_defaults.FORGE_2025_06),
    Program(FORGE, "2024-12", forge_defaults.FORGE_2024_12),
    Program(FORGE, "2024-09", forge_defaults.FORGE_2024_09),
    Program(NOTEBOOK, "0.7.1", notebook_defaults.NOTEBOOK_0_7_1),
    Program(NOTEBOOK, "0.7", notebook_defaults.NOTEBOOK_0_7),
    Program(NOTEBOOK, "0.6.1", notebook_defaults.NOTEBOOK_0_6_1),
    Program(NOTEBOOK, "0.6", notebook_defaults.NOTEBOOK_0_6),
    Program(NOTEBOOK, "0.5", notebook_defaults.NOTEBOOK_0_5),
    Program(NOTEBOOK, "0.4", notebook_defaults.NOTEBOOK_0_4),
    Program(XLABS, "2024-08", notebook_defaults.XLABS),
    Program(STUDIO, "2025-06", notebook_defaults.STUDIO),
    Program(COMFYUI, "2025-05", comfyui_defaults.COMFYUI),
)
EVERY_KEY = frozenset(name for program in PROGRAMS for name in program.keys)

_COMMON = {"prompts", "negative", "seed", "fps", "bpm", "width", "height", "W", "H", "max_frames", "steps"}


def written_by(document: Mapping[str, Any], own: Collection[str] = ()) -> str:
    """Which program wrote a flat settings object, by the keys that tell them apart; empty: none of them.

    own: names of this project's; a file of nothing but them, schedules and what all have in common is its own.
    """
    if "animation_mode" not in document and not _foreign(document, own):
        return ""
    if {"turbo_steps", "operation_id", "models_path"} & set(document):
        return STUDIO
    if {"distilled_cfg_scale_schedule", "keyframe_distribution", "scheduler_schedule"} & set(document):
        return FORGE
    if "cfg_scale_schedule" not in document and {"scale", "precision", "n_samples"} & set(document):
        flux = any("flux" in str(document.get(name, "")).lower() for name in ("sampler", "sampler_schedule"))
        return XLABS if flux else NOTEBOOK
    return WEBUI


def _foreign(document: Mapping[str, Any], own: Collection[str]) -> bool:
    """Whether there are settings, not schedules, that only other programs have."""
    others = EVERY_KEY & set(document) - _COMMON - set(own)
    return any(not (isinstance(document[name], str) and ":" in document[name]) for name in others)
