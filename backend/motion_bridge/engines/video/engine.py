"""The video engine as the rest of the project sees it. Light: torch is imported when a job starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...model_registry.video_registry import CAMERA, TRACKS
from ...shot import Shot
from ..base import Changes, Engine, Finished, GenerationRequest, Made, Notice, completed, settings
from ..setting import check as check_settings
from . import clip_plan, frame_size
from .requirements import check_control, check_license, chosen
from .settings import DEFAULTS, NEAREST, SETTINGS


class Video(Engine):
    """Engine 4: other people's video models, each fed with what it takes of the Shot."""

    label = "Video Models"
    description = "Feed SANA-WM, Wan, LTX-2 or Cosmos the scene's exact motion. Needs a Python with torch"
    packages = ("torch", "diffusers", "transformers", "safetensors", "huggingface_hub", "ftfy")
    defaults = DEFAULTS
    schema = SETTINGS

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """Depth and objects, unless the camera is all that is told and frames stay as the model draws them."""
        _, control = chosen(settings)
        needed = set()
        if control == TRACKS:
            needed.add("tracks")
        if settings["resampling"] != NEAREST or control not in (CAMERA, TRACKS, ""):
            needed |= {"depth", "objects"}
        return frozenset(needed)

    def check(self, request: GenerationRequest) -> None:
        """Settings that the model can carry out, as far as its name says what it is; a license that is accepted."""
        asked = completed(self, request.generation.settings)
        check_settings(SETTINGS, asked)
        family, _ = chosen(asked)
        if family is None:
            return
        check_control(family, asked["control"])
        check_license(family, asked["accept_license"])
        clip_plan.check_length(family, asked["length"])
        if asked["size"]:
            frame_size.read(family, asked["size"])

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Made]:
        """The frames that are not finished, in rising order, clip by clip."""
        from .generate import generate
        from .pipelines.load import load, plan_for  # torch and diffusers, which the light parts do without

        asked = settings(self, shot)
        plan = plan_for(asked)
        if plan:  # said before anything is loaded
            yield Notice(plan.sentence)
        yield from generate(shot, asked, finished, changes, lambda _: load(asked, plan), plan and plan.sentence)


engine = Video()
