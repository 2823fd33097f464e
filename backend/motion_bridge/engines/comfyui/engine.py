"""The engine `comfyui` as the rest of the project sees it. Light: what speaks to the server is imported with a job."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import BadInput
from ...provenance import xmp
from ...shot import Shot
from ..base import Changes, Engine, Finished, GenerationRequest, Made, settings
from ..setting import check
from . import workflow as workflows
from .address import checked
from .chunks import chunks
from .settings import DEFAULTS, SETTINGS

NEEDS = {"video": ("depth", "objects"), "mask": ("depth", "objects"), "depth": ("depth",), "tracks": ("tracks",)}


class ComfyUI(Engine):
    """A workflow of the artist's own, run by a ComfyUI that is there already; only what it asks for is made."""

    label = "ComfyUI"
    description = "Run a workflow on a ComfyUI server with exact pictures, masks, depth and cameras of this scene"
    packages = ("requests", "websockets")
    defaults = DEFAULTS
    schema = SETTINGS

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """What the workflow's nodes ask for."""
        try:
            asked = workflows.read(str(settings["workflow"])).slots
        except BadInput:
            return frozenset()  # `check` says what is wrong
        return frozenset(name for role in asked for name in NEEDS.get(role, ()))

    def source_type(self, settings: Mapping[str, Any]) -> str:
        """What a workflow does with the pictures it gets is its own; most paint on them."""
        return xmp.COMPOSITE

    def check(self, request: GenerationRequest) -> None:
        """Whether the workflow can be fed, and the server may be asked at all."""
        check(SETTINGS, request.generation.settings)
        given = {**DEFAULTS, **request.generation.settings}
        checked(given["server"], given["allow_remote"])
        workflows.read(given["workflow"])
        chunks(len(request.frames), given["chunk"], given["overlap"], given["frame_step"])

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Made]:
        """The frames that are not finished, chunk by chunk."""
        from .generate import generate

        return generate(shot, settings(self, shot), finished, changes)


engine = ComfyUI()
