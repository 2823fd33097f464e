"""What the model is conditioned on beside picture and prompt: structure, a reference picture, LoRA strengths."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ....errors import BadInput
from ....files import home
from ....models import control_images
from ....models.image_model import ControlImage, ImageModel
from ....models.load import ModelSelection
from ....schedules import values
from ....shot import Shot
from . import images
from .feedback_space import padded
from .frame_schedule import FrameSchedules
from .images import from_bytes

FIRST = "first"  # the reference that is the first generated frame
NONE = "none"


def choice(
    shot: Shot, settings: Mapping[str, Any], schedules: FrameSchedules, device: str, precision: str | None
) -> ModelSelection:
    """The model that is wanted. precision: that of the frames which exist, where a job goes on."""
    return ModelSelection(
        settings["model"],
        device,
        (shot.width, shot.height),
        precision or settings["precision"],
        settings["control"],
        settings["control_model"],
        tuple((file, float(weights[0])) for file, weights in loras(settings["loras"], schedules)),
    )


def loras(setting: Any, schedules: FrameSchedules) -> list[tuple[Path, NDArray[Any]]]:
    """Files and their strengths, (T,) each, from [[file, strength or schedule], …]; a file alone has strength 1."""
    found = []
    for entry in setting if isinstance(setting, list) else [None]:
        file, weight = entry if isinstance(entry, list) and len(entry) == 2 else (entry, 1)
        if not isinstance(file, str) or isinstance(weight, bool) or not isinstance(weight, int | float | str):
            raise BadInput(f'loras is {json.dumps(setting)}; write [["FILE.safetensors", 0.8], …].')
        text = weight if isinstance(weight, str) else f"0:({weight})"
        found.append((home.expand(file, "The LoRA"), values(text, schedules.context, f"the strength of {file}")))
    return found


class FrameConditioning:
    """Made once for a job, after its model."""

    def __init__(
        self, shot: Shot, settings: Mapping[str, Any], schedules: FrameSchedules, model: ImageModel, device: str
    ):
        self._shot, self._schedules, self._model, self._device = shot, schedules, model, device
        self._kind, self._named = settings["control"], settings["reference"]
        self._weights = [weights for _, weights in loras(settings["loras"], schedules)]
        self._depth_range = (
            control_images.near_range(shot.depth) if self._kind == "depth" and shot.depth is not None else (0, 1)
        )
        self._reference: Tensor | None = None
        if self._named != NONE and not model.takes_reference:
            raise BadInput(f"{settings['model']} takes no reference picture; set reference to none, or use FLUX.2.")
        if self._named not in (NONE, FIRST):
            self._reference = from_bytes(images.read(self._named, "reference"), device)

    def begin(self, picture: Tensor) -> None:
        """The first frame is made, or found again: (1, 3, H, W)."""
        if self._named == FIRST:
            self._reference = picture

    def at(self, k: int) -> dict[str, Any]:
        """Fields of a Conditioning for frame k."""
        weights = tuple(float(each[k]) for each in self._weights) or None
        return {"structure": self._structure(k), "reference": self._reference, "lora_weights": weights}

    def _structure(self, k: int) -> ControlImage | None:
        depth, objects = self._shot.depth, self._shot.objects
        if self._kind == NONE or depth is None:
            return None
        if self._kind == "depth":
            drawn = control_images.of_depth(depth[k], self._depth_range)
        else:
            focal = float(self._shot.camera.intrinsics[k, 0, 0])
            drawn = control_images.of_edges(depth[k], None if objects is None else objects.index[k], focal)
        whole = padded(drawn.to(self._device), self._model.multiple)
        return ControlImage(whole, self._kind, self._schedules("control_strength", k))


def check(shot: Shot, settings: Mapping[str, Any]) -> None:
    """BadInput for what no model could be shown."""
    if settings["control"] != NONE and shot.depth is None:
        raise BadInput("control follows the scene's depth, which this Shot does not hold; read it again with depth.")
    if settings["reference"] not in (NONE, FIRST):
        images.read(settings["reference"], "reference")  # so that a wrong file is found before the model is loaded
