"""What all adapters share: a loaded pipeline, its noise, its report of steps."""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ....errors import BadInput
from ..clip_inputs import ClipInputs, Step
from .steps import Report, stepwise


class Adapter:
    """One family. A subclass says in `call` how its pipeline is called."""

    family = ""

    def __init__(self, pipeline: Any, said: list[str]) -> None:
        self.pipeline, self.said = pipeline, said

    def check(self, control: str, width: int, height: int) -> None:
        """BadInput for what this very model cannot do."""

    def draw(self, inputs: ClipInputs, control: str) -> Generator[Step | None, None, NDArray[np.float32]]:
        """The frames (F, H, W, 3), sRGB from 0 to 1; until then steps as they are done, and None now and then."""
        return stepwise(lambda report: self._frames(inputs, control, report), self.networks)

    def call(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        """The pipeline's answer for a clip, (F, H, W, 3)."""
        raise NotImplementedError

    @property
    def networks(self) -> list[nn.Module]:
        return [part for part in self.pipeline.components.values() if isinstance(part, nn.Module)]

    def _frames(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        report("Reading the prompt", 0, inputs.steps)
        try:
            with torch.no_grad():
                return np.asarray(self.call(inputs, control, report), np.float32)
        except (ValueError, TypeError) as fault:  # how diffusers says that it does not take an argument
            raise BadInput(f"The model refuses this clip: {' '.join(str(fault).split())[:300]}") from fault


def noise(seed: int) -> torch.Generator:
    """Noise that is the same on every device."""
    return torch.Generator("cpu").manual_seed(seed)


def reporting(report: Report, inputs: ClipInputs) -> Callable[..., dict[str, Any]]:
    """A callback for the end of a step."""

    def step(pipeline: Any, number: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        report("Denoising", number + 1, inputs.steps)
        return {}

    return step


def picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """Pixels (H, W, 3) as PIL has them."""
    return Image.fromarray(np.ascontiguousarray(pixels))


def unit_video(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Frames (F, H, W, 3) as (1, F, H, W, 3) from 0 to 1."""
    return frames[None].astype(np.float32) / np.float32(255)


def signed_video(frames: NDArray[np.uint8], like: Tensor) -> Tensor:
    """Frames (F, H, W, 3) as (1, 3, F, H, W) from -1 to 1."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2)[None].to(like) / 127.5 - 1
