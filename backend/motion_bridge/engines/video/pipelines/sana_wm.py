"""SANA-WM: a first frame and the exact camera, a pose and a lens for every frame.

The picture is given at the size at which it is drawn, so the pipeline's own scaling and cropping change nothing and the
lens stays as it is. The refiner, where its folder is named, is a second pipeline that refines the latents of the first.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ..clip_inputs import ClipInputs
from .adapter import Adapter, noise, picture, reporting
from .steps import Report

RIGID = 1e-4  # how far a pose may be from a rotation


class SanaWM(Adapter):
    """SanaWMPipeline, and SanaWMLTX2Refiner."""

    family = "sana-wm"
    refiner: Any = None

    @property
    def networks(self) -> list[Any]:
        return super().networks + ([] if self.refiner is None else [self.refiner.transformer])

    def check(self, control: str, width: int, height: int) -> None:
        """BadInput for a size between the model's cells."""
        base = self.pipeline.vae_spatial_compression_ratio
        if width % base or height % base:
            raise BadInput(f"The model draws multiples of {base}; {width}x{height} is not one.")

    def call(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        """The pipeline's answer. BadInput for a count that it would shorten without a word."""
        pose, lens = arrays(inputs)
        step = self.pipeline.vae_temporal_compression_ratio
        if inputs.count % step != 1:
            raise BadInput(f"The model takes {step}k + 1 frames; {inputs.count} are none.")
        made = self.pipeline(
            picture(inputs.start[-1]),
            inputs.prompt,
            c2w=pose,
            intrinsics=lens,
            height=inputs.height,
            width=inputs.width,
            num_frames=inputs.count,
            fps=round(inputs.fps),
            num_inference_steps=inputs.steps,
            guidance_scale=inputs.guidance,
            negative_prompt=inputs.negative,
            generator=noise(inputs.seed),
            output_type="np" if self.refiner is None else "latent",
            callback_on_step_end=reporting(report, inputs),
        )
        if self.refiner is None:
            return made.frames
        report("Refining", inputs.steps, inputs.steps)
        return self.refiner(made.latent, inputs.prompt, fps=inputs.fps, generator=noise(inputs.seed), output_type="np")[
            0
        ]


def arrays(inputs: ClipInputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poses (F, 4, 4) and lenses (F, 3, 3), in pixels of the picture that is given along."""
    assert inputs.pose is not None and inputs.intrinsics is not None
    turn = inputs.pose[:, :3, :3]
    if np.abs(turn @ turn.transpose(0, 2, 1) - np.eye(3)).max() > RIGID:
        raise BadInput("The camera's poses are scaled or sheared; apply the scale of the camera and its parents.")
    return inputs.pose, inputs.intrinsics
