"""Wan image to video with two clocks: Time-to-Move (Singer et al. 2025), without training.

The warped pictures are encoded; known cells follow their noised latents down to one level of noise and are free from
there on, holes are free from a higher one. With latents z of the warped pictures, M = 1 where a cell is known, noise e
and levels s_0 > … > s_N = 0:

    start     x_w = (1 − s_w) z + s_w e                                        everywhere
    i < g     x_{i+1} = (1 − M) x_{i+1} + M ((1 − s_{i+1}) z + s_{i+1} e)       after each step

w and g are the steps whose levels are nearest to those that are asked for: in noise, not in steps, because the number
of steps and the shift of the schedule move every step.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....errors import BadInput
from ..clip_inputs import ClipInputs
from .adapter import Adapter, noise, picture, signed_video
from .steps import Report


class WanTimeToMove(Adapter):
    """WanImageToVideoPipeline."""

    family = "wan-i2v"

    def check(self, control: str, width: int, height: int) -> None:
        """BadInput for the 5B model, whose latents have no room for it, and for sizes between its cells."""
        if self.pipeline.config.expand_timesteps:
            raise BadInput(
                "Time-to-Move runs on Wan image to video 14B; this folder holds the 5B model, which keeps the first "
                "frame in another way."
            )
        transformer = self.pipeline.transformer or self.pipeline.transformer_2
        base = self.pipeline.vae_scale_factor_spatial * transformer.config.patch_size[1]
        if width % base or height % base:
            raise BadInput(f"The model draws multiples of {base}; {width}x{height} is not one.")

    def call(self, inputs: ClipInputs, control: str, report: Report) -> NDArray[np.float32]:
        """The pipeline's answer."""
        return self._call(inputs, report, "np")

    def latents(self, inputs: ClipInputs, report: Report) -> Tensor:
        """The same before it is decoded: (1, 16, F', h, w), normalized."""
        return self._call(inputs, report, "latent")

    def warped_latents(self, inputs: ClipInputs) -> Tensor:
        """The latents of the warped pictures, without sampling."""
        vae = self.pipeline.vae
        assert inputs.video is not None
        video = signed_video(inputs.video, torch.empty(0, device=self.pipeline._execution_device, dtype=vae.dtype))
        latents = vae.encode(video).latent_dist.mode().float()
        mean, std = (
            torch.tensor(vae.config[name], device=latents.device).view(1, -1, 1, 1, 1)
            for name in ("latents_mean", "latents_std")
        )
        return (latents - mean) / std

    def _call(self, inputs: ClipInputs, report: Report, output: str) -> Any:
        pipeline = self.pipeline
        original = pipeline.scheduler
        levels = _levels(original, inputs.steps)
        begin, hold = window(levels, inputs.noise_free, inputs.noise_known)
        report("Encoding the warped frames", 0, inputs.steps)
        warped = self.warped_latents(inputs)
        grain = torch.randn(warped.shape, generator=noise(inputs.seed)).to(warped)
        assert inputs.hole is not None
        space = pipeline.vae_scale_factor_spatial
        known = torch.from_numpy(known_cells(inputs.hole, pipeline.vae_scale_factor_temporal, space)).to(warped)
        known = known[None, None]

        def noised(step: int) -> Tensor:
            return (1 - levels[step]) * warped + levels[step] * grain

        def step(pipeline: Any, number: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            report("Denoising", begin + number + 1, inputs.steps)
            if begin + number >= hold:
                return {}
            held = noised(begin + number + 1).to(tensors["latents"])
            return {"latents": torch.where(known > 0, held, tensors["latents"])}

        pipeline.scheduler = _beginning_at(original, begin)
        try:
            return pipeline(
                image=picture(inputs.start[-1]),
                prompt=inputs.prompt,
                negative_prompt=inputs.negative,
                height=inputs.height,
                width=inputs.width,
                num_frames=inputs.count,
                num_inference_steps=inputs.steps,
                guidance_scale=inputs.guidance,
                generator=noise(inputs.seed),
                latents=noised(begin),
                callback_on_step_end=step,
                output_type=output,
            ).frames[0 if output == "np" else slice(None)]
        finally:
            pipeline.scheduler = original


def window(levels: list[float], free: float, known: float) -> tuple[int, int]:
    """The step at which drawing begins, and that up to which known cells are held, by their levels of noise.

    levels: (N + 1,), falling, 0 at the end. BadInput where known cells would be freer than holes.
    """
    if known > free:
        raise BadInput(
            f"noise_known is {known:g} and noise_free {free:g}: what is known cannot begin from more noise than what "
            "is free; lower noise_known."
        )
    begin = int(np.argmin(np.abs(np.array(levels[:-1]) - free)))
    hold = int(np.argmin(np.abs(np.array(levels) - known)))
    return begin, max(begin, hold)


def known_cells(hole: NDArray[np.bool_], frames: int, pixels: int) -> NDArray[np.bool_]:
    """Which cells of the latents (F', h, w) are known: those of which every pixel in every frame is.

    hole: (F, H, W). The first cell in time holds one frame, the others `frames` each.
    """
    _, height, width = hole.shape
    first = np.repeat(hole[:1], frames - 1, axis=0)
    cells = np.concatenate([first, hole]).reshape(-1, frames, height // pixels, pixels, width // pixels, pixels)
    return np.logical_not(cells.any(axis=(1, 3, 5)))


def _levels(scheduler: Any, steps: int) -> list[float]:
    """The levels of noise (steps + 1,) of a schedule."""
    fresh = type(scheduler).from_config(scheduler.config)
    fresh.set_timesteps(steps)
    return [float(each) for each in fresh.sigmas]


def _beginning_at(scheduler: Any, begin: int) -> Any:
    """A scheduler whose steps before `begin` are left out, times and levels alike."""

    class Shortened(type(scheduler)):
        def set_timesteps(self, *args: Any, **kwargs: Any) -> None:
            super().set_timesteps(*args, **kwargs)
            self.timesteps, self.sigmas = self.timesteps[begin:], self.sigmas[begin:]
            self.num_inference_steps = len(self.timesteps)

    return Shortened.from_config(scheduler.config)
