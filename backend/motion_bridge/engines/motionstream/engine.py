"""The MotionStream engine as the rest of the project sees it. Light: torch is imported when a job starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...model_registry.video_models import SKETCH
from ...shot import Shot
from ..base import Changes, Finished, Frame, settings

DEFAULTS: dict[str, Any] = {
    "model": SKETCH,  # one of known.MODELS or a folder
    "device": "",  # cuda, mps or cpu; empty: the best there is
    "decoder": "",  # tiny or full; empty: the tiny one where the model has it
    "steps": 0,  # denoising steps a chunk; 0: the model's own
    "chunk": 0,  # latent frames, four pictures each; 0: the model's own
    "sink": -1,  # chunks at the start that are never forgotten; -1: the model's own
    "window": -1,  # newest chunks that are remembered; -1: the model's own
    "refresh_sink": False,  # let a later chunk take the sink's place when the picture has moved far from it
}


class MotionStream:
    """Engine 3: tracks, a first frame and words in, endless video out, chunk by chunk."""

    accepts = frozenset({"tracks", "prompts", "settings"})
    defaults: Mapping[str, Any] = DEFAULTS
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
