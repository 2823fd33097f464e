"""The Deforum engine as the rest of the project sees it. Light: torch and the models are imported when a job starts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...provenance import xmp
from ...schedules import Context
from ...shot import Shot
from ..base import (
    Alias,
    Changes,
    Engine,
    Finished,
    Frame,
    GenerationRequest,
    ImportedSettings,
    Notice,
    completed,
    settings,
)
from . import input_files, known, schedule_limits
from .presets import PRESETS
from .schedules import OVERRIDES, check_moving, check_prompts, kept
from .schedules import check as check_schedules
from .schedules import known as known_schedules
from .settings import DEFAULTS, SETTINGS


class Deforum(Engine):
    """Engine 2: warp the previous picture, clean it, let an image model work on it, feed it back."""

    label = "Deforum"
    description = "Warp each frame, let an image model repaint it, feed it back. Needs a Python with torch"
    packages = ("torch", "diffusers", "transformers", "cv2", "av")
    accepts = frozenset({"prompts"})
    defaults = DEFAULTS
    schema = SETTINGS
    schedules = known_schedules()
    aliases = {"denoise": Alias("strength_schedule", kept)}
    overrides = OVERRIDES
    presets = PRESETS

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """The scene's motion is read from its geometry; schedules and guide videos need nothing of the scene."""
        if settings["mode"] == "feedback" and settings["motion"] == "scene":
            return frozenset({"depth", "objects"})
        seen = settings["depth_model"] == "scene" or settings["control"] != "none"
        return frozenset({"depth"}) if seen else frozenset()

    def uses_tracks(self, settings: Mapping[str, Any]) -> bool:
        """Motion is read from the geometry, from schedules or from a guide video."""
        return False

    def source_type(self, settings: Mapping[str, Any]) -> str:
        """Pixels of the scene are kept beside the painted ones, or a video is mixed in."""
        mixed = settings["known"] != known.REPAINT or settings["hybrid_composite"] != "None"
        return xmp.COMPOSITE if mixed else xmp.TRAINED

    def check(self, request: GenerationRequest) -> None:
        """Besides what is written, the files that are named."""
        self.check_texts(request)
        asked = request.generation
        input_files.check(completed(self, asked.settings), asked.schedules, _context(request))

    def check_texts(self, request: GenerationRequest) -> None:
        """Schedules that exist, can be read and move something, to somewhere; a prompt to begin with."""
        asked, context = request.generation, _context(request)
        known.check(completed(self, asked.settings))
        check_moving(asked.settings, request.named)
        check_schedules(asked.schedules, context)
        check_prompts(asked.prompts, request.frames[0])
        schedule_limits.check(completed(self, asked.settings), asked.schedules, context, request.frames)

    def read_settings_file(self, path: Path, model: str = "") -> ImportedSettings:
        """Files of the webui, Forge, the notebooks and Parseq."""
        from . import settings_import  # which knows this engine's settings

        return settings_import.read(path, model)

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
        """The frames that are not finished, in rising order; each continues the one before it, from disk or not."""
        from .loop.loop import generate  # torch and the models, which the light parts of the project do without

        return generate(shot, settings(self, shot), finished, changes)


def _context(request: GenerationRequest) -> Context:
    """What schedules and prompts may speak of."""
    asked = request.generation
    dialect = asked.settings.get("dialect", DEFAULTS["dialect"])
    return Context(len(request.frames), asked.seed or 0, request.fps, dialect=dialect)


engine = Deforum()
