"""Wan VACE: a video and a mask. White is made new, black is kept; the Shot's holes are white.

With depth or edges the first frames are the known pictures under black, and the control under white continues them:
what the two streams of the model, one for each color of the mask, are made for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ....model_registry.video_registry import WARP
from ..clip_inputs import ClipInputs
from .adapter import Adapter, noise, reporting, unit_video
from .steps import Report

LARGE = 500_000  # pixels, from which the schedule of 720p is used
SHIFT = 3.0, 5.0  # of the schedule of noise, at 480p and at 720p


class WanVace(Adapter):
    """WanVACEPipeline."""

    family = "wan-vace"

    def check(self, control: str, width: int, height: int) -> None:
        """BadInput for a size that is no multiple of the model's cells: the pipeline would move everything in it."""
        transformer = self.pipeline.transformer or self.pipeline.transformer_2
        base = self.pipeline.vae_scale_factor_spatial * transformer.config.patch_size[1]
        if width % base or height % base:
            raise BadInput(f"The model draws multiples of {base}; {width}x{height} is not one.")

    def call(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        """The pipeline's answer; the mask is exactly 0 and 1, at the picture's size."""
        video, hole = arrays(inputs, control)
        self._shift(inputs.width * inputs.height)
        return self.pipeline(
            prompt=inputs.prompt,
            negative_prompt=inputs.negative,
            video=video,
            mask=hole,
            conditioning_scale=inputs.strength,
            height=inputs.height,
            width=inputs.width,
            num_frames=inputs.count,
            num_inference_steps=inputs.steps,
            guidance_scale=inputs.guidance,
            generator=noise(inputs.seed),
            callback_on_step_end=reporting(report, inputs),
            output_type="np",
        ).frames[0]

    def _shift(self, pixels: int) -> None:
        scheduler: Any = self.pipeline.scheduler
        shift = SHIFT[pixels >= LARGE]
        if scheduler.config.get("flow_shift") not in (None, shift):
            self.pipeline.scheduler = type(scheduler).from_config(scheduler.config, flow_shift=shift)


def arrays(inputs: ClipInputs, control: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Video and mask, (1, F, H, W, 3) from 0 to 1: the mask is 1 where the model draws."""
    assert inputs.video is not None and inputs.hole is not None
    video, hole = inputs.video, inputs.hole
    if control != WARP:
        known = len(inputs.start)
        video, hole = video.copy(), np.ones_like(hole)
        video[:known], hole[:known] = inputs.start, False
    mask = np.repeat(hole[None, ..., None], 3, axis=-1).astype(np.float32)
    return unit_video(video), mask
