"""A Parseq manifest inside a settings file: what it gives replaces the file's own, as in the webui."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..files import json_text
from .parseq import document as parseq

if TYPE_CHECKING:
    from .settings_files import Settings

KEY = "parseq_manifest"


def applied(settings: "Settings", where: str) -> "Settings":
    """The settings with their manifest's fields in place of the schedules of these names.

    BadInput for a manifest that is an address, and for one that cannot be read.
    """
    manifest = settings.values.get(KEY)
    if manifest is None or (isinstance(manifest, str) and manifest.strip() in ("", "None")):
        return settings
    place = f"{where}: {KEY}"
    if isinstance(manifest, str):
        if manifest.strip().lower().startswith(("http:", "https:")):
            raise BadInput(f"{place} is an address on the network; save the document and put its text there.")
        manifest = json_text.parse(manifest, place)
    if not isinstance(manifest, dict) or not parseq.recognised(manifest):
        raise BadInput(f"{place} is no Parseq document: it has no options with keyframes or rendered_frames.")
    rendered = parseq.read(manifest, place)
    series = rendered.deforum(deltas=settings.values.get("parseq_use_deltas") is not False)
    values = {**settings.values, **seeds(rendered)}
    if "strength_schedule" in series:
        series["image_strength_schedule"] = series["strength_schedule"]
    given: dict[str, Any] = {}
    if settings.values.get("parseq_non_schedule_overrides") is not False:
        values["diffusion_cadence"] = rendered.cadence
        given = {"max_frames": rendered.frames, "fps": rendered.fps, "bpm": rendered.bpm}
    if rendered.prompts:
        prompts = {str(frame): prompt for frame, prompt in rendered.prompts.items()}
        given |= {"prompts": prompts, "avoided": {}, "positive": "", "negative": ""}
    schedules = {name: text for name, text in settings.schedules.items() if name not in series}
    notices = (*settings.notices, *rendered.notices)
    return replace(settings, schedules=schedules, series=series, values=values, notices=notices, **given)


def seeds(rendered: parseq.Rendered) -> dict[str, Any]:
    """What a document that manages the seed switches on."""
    managed = "seed" in rendered.values
    return {"seed_behavior": "schedule", "enable_subseed_scheduling": True} if managed else {}
