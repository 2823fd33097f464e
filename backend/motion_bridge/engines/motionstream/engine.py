"""The MotionStream engine as the rest of the project sees it. Light: torch is imported when a job starts."""

from collections.abc import Iterator

from ...shot import Shot
from ..base import Changes, Engine, Finished, Frame, Notice, settings
from .settings import DEFAULTS, SETTINGS


class MotionStream(Engine):
    """Engine 3: tracks, a first frame and words in, endless video out, chunk by chunk.

    It needs nothing of a Shot: one without tracks is carried out by text and first frame, and says so.
    """

    label = "MotionStream"
    description = "Stream a video along the tracks, chunk after chunk. Needs a Python with torch"
    packages = ("torch", "diffusers", "safetensors", "huggingface_hub")
    accepts = frozenset({"camera", "objects", "tracks", "prompts", "settings"})
    defaults = DEFAULTS
    schema = SETTINGS

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
        """The frames that are not finished, in rising order; the finished ones are lived through again, unseen."""
        from .streaming.generate import (
            generate,  # torch and the models, which the light parts of the project do without
        )

        return generate(shot, settings(self, shot), finished, changes)

    def live(self, shot: Shot, frames: int, finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
        """The same for a session: tracks go with camera and objects, as these are moved."""
        from .streaming.generate import generate

        return generate(shot, settings(self, shot), finished, changes, frames)


engine = MotionStream()
