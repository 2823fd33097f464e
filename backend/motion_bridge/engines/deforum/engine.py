"""The Deforum engine as the rest of the project sees it. Light: torch and the models are imported when a job starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...shot import Shot
from ..base import Changes, Finished, Frame, settings
from .schedules import kept, known
from .settings import DEFAULTS, SETTINGS


class Deforum:
    """Engine 2: warp the previous picture, clean it, let an image model work on it, feed it back."""

    accepts = frozenset({"prompts"})
    defaults: Mapping[str, Any] = DEFAULTS
    schema = SETTINGS
    schedules: Mapping[str, str] = known()
    spoken = {"denoise": ("strength_schedule", kept)}  # what others call it, the schedule it is, and how to translate
    packages = ("torch", "diffusers", "transformers", "cv2", "av")  # what it imports when a job starts

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """The scene's motion is read from its geometry; schedules and guide videos need nothing of the scene."""
        if settings["mode"] == "feedback" and settings["motion"] == "scene":
            return frozenset({"depth", "objects"})
        seen = settings["depth_model"] == "scene" or settings["control"] != "none"
        return frozenset({"depth"}) if seen else frozenset()

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]:
        """The frames that are not finished, in rising order; each continues the one before it, from disk or not."""
        from .loop.loop import generate  # torch and the models, which the light parts of the project do without

        return generate(shot, settings(self, shot), finished, changes)


engine = Deforum()
