"""LTX-2 with an IC-LoRA: a reference video of depth, edges or tracks, and the first frame as it is.

The LoRAs were trained with a reference at half the size, which their files say; the reference is given at exactly that
size. A single picture is compressed as H.264 before it is encoded unless that is switched off; here it is off, so that
the first frame stays the Shot's.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition
from diffusers.pipelines.ltx2.pipeline_ltx2_ic_lora import LTX2ReferenceCondition
from numpy.typing import NDArray

from ....errors import BadInput
from ....files import home
from ....models import lora
from ..clip_inputs import ClipInputs
from ..resize import resized
from .adapter import Adapter, noise, picture, reporting, unit_video
from .steps import Report

FACTOR = "reference_downscale_factor"  # in a LoRA's metadata
NAMED = re.compile(r"ref(0\.5|1(?:\.0)?)")  # in its name
GUIDANCE_BLOCK = 28  # of the transformer, for spatio-temporal guidance


class LTX2(Adapter):
    """LTX2InContextPipeline."""

    family = "ltx-2"
    factor = 1  # how much smaller the reference is

    def use_lora(self, file: str) -> None:
        """Put the IC-LoRA in. BadInput where it is not one of this model."""
        if not file:
            raise BadInput("LTX-2 follows depth, edges or tracks by an IC-LoRA; name its file in lora.")
        path = home.expand(file, "The LoRA")
        lora.load(self.pipeline, [path], [1.0])
        self.factor = reference_factor(path)
        self.said.append(f"{path.name} takes its reference at 1/{self.factor} of the size.")

    def check(self, control: str, width: int, height: int) -> None:
        """BadInput for a size whose reference lies between the model's cells."""
        base = self.pipeline.vae_spatial_compression_ratio * self.factor
        if width % base or height % base:
            raise BadInput(f"With this LoRA the model draws multiples of {base}; {width}x{height} is not one.")

    def call(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        """The pipeline's answer; its sound is left out. BadInput for a count that it would shorten without a word."""
        step = self.pipeline.vae_temporal_compression_ratio
        if inputs.count % step != 1:
            raise BadInput(f"The model takes {step}k + 1 frames; {inputs.count} are none.")
        assert inputs.video is not None
        blocks = min(GUIDANCE_BLOCK, len(self.pipeline.transformer.transformer_blocks) - 1)
        first = picture(inputs.start[-1])
        made = self.pipeline(
            prompt=inputs.prompt,
            negative_prompt=inputs.negative,
            reference_conditions=[LTX2ReferenceCondition(frames=reference(inputs, self.factor), strength=1.0)],
            conditions=[LTX2VideoCondition(frames=first, index=0, strength=1.0, crf=0)],
            reference_downscale_factor=self.factor,
            conditioning_attention_strength=min(inputs.strength, 1.0),
            height=inputs.height,
            width=inputs.width,
            num_frames=inputs.count,
            frame_rate=inputs.fps,
            num_inference_steps=inputs.steps,
            guidance_scale=inputs.guidance,
            spatio_temporal_guidance_blocks=[blocks],
            generator=noise(inputs.seed),
            callback_on_step_end=reporting(report, inputs),
            output_type="np",
        )
        return made.frames[0]


def reference(inputs: ClipInputs, factor: int) -> Any:
    """The control at the size of the reference, (1, F, 3, h, w) from 0 to 1."""
    assert inputs.video is not None
    width, height = inputs.width // factor, inputs.height // factor
    small = np.stack([resized(each, width, height) for each in inputs.video])
    return torch.from_numpy(unit_video(small)).permute(0, 1, 4, 2, 3)


def reference_factor(file: Path) -> int:
    """How much smaller than the picture a LoRA's reference is: from its metadata, else from its name, else 1."""
    with safetensors.safe_open(file, "pt") as opened:
        said = (opened.metadata() or {}).get(FACTOR, "")
    if said.isdigit() and 1 <= int(said) <= 8:
        return int(said)
    named = NAMED.search(file.name)
    return round(1 / float(named[1])) if named else 1
