"""The MotionStream engine as the rest of the project sees it. Light: torch is imported when a job starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...shot import Shot
from ..base import Changes, Finished, Frame, settings
from .settings import DEFAULTS, SETTINGS


class MotionStream:
    """Engine 3: tracks, a first frame and words in, endless video out, chunk by chunk."""

    accepts = frozenset({"tracks", "prompts", "settings"})
    defaults: Mapping[str, Any] = DEFAULTS
    schema = SETTINGS
    packages = ("torch", "diffusers", "safetensors", "huggingface_hub")  # what it imports when a job starts

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """Nothing: a Shot without tracks is carried out by text and first frame, and says so."""
        return frozenset()

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]:
        """The frames that are not finished, in rising order; the finished ones are lived through again, unseen."""
        from .streaming.generate import (
            generate,  # torch and the models, which the light parts of the project do without
        )

        return generate(shot, settings(self, shot), finished, changes)


engine = MotionStream()
