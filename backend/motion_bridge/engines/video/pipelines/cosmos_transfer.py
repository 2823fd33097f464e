"""Cosmos Transfer 2.5: depth or edges of the whole Shot, one control net at a time, no first frame.

It does not run without its safety checker, which is a package and a gated model of its own. Longer Shots are continued
inside the pipeline, clip by clip.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from ..clip_inputs import ClipInputs
from .adapter import Adapter, noise, reporting, unit_video
from .steps import Report


class CosmosTransfer(Adapter):
    """Cosmos2_5_TransferPipeline."""

    family = "cosmos-transfer"

    def call(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        """The pipeline's answer."""
        assert inputs.video is not None
        controls = torch.from_numpy(unit_video(inputs.video)).permute(0, 1, 4, 2, 3)
        more = {"negative_prompt": inputs.negative} if inputs.negative else {}
        return self.pipeline(
            controls=controls,
            controls_conditioning_scale=inputs.strength,
            prompt=inputs.prompt,
            height=inputs.height,
            width=inputs.width,
            num_frames=inputs.count,
            num_frames_per_chunk=min(93, inputs.count),
            num_inference_steps=inputs.steps,
            guidance_scale=inputs.guidance,
            generator=noise(inputs.seed),
            callback_on_step_end=reporting(report, inputs),
            output_type="np",
            **more,
        ).frames[0]
