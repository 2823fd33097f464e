"""The runs behind `benchmarks klein`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from motion_bridge.engines.base import settings
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import preview
from motion_bridge.engines.deforum.loop.warp import warp
from motion_bridge.engines.deforum.shot_builder import shot_of
from motion_bridge.metrics import memory
from motion_bridge.models.compiled import compile_parts
from motion_bridge.models.device import best_device
from motion_bridge.models.flux2 import Flux2
from motion_bridge.models.image_model import Conditioning, NoiseSeed, noise_for
from motion_bridge.models.noise_level import from_strength, levels_from
from motion_bridge.models.pipeline_parts import PipelineParts
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..streaming.roofline import peak

WORDS = 512  # tokens of a prompt
ROUNDS = 5
KLEIN_4B = {"num_layers": 5, "num_single_layers": 20, "num_attention_heads": 24, "joint_attention_dim": 7680}
SMALL = {
    "num_layers": 1,
    "num_single_layers": 2,
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "axes_dims_rope": (8, 8, 8, 8),
    "joint_attention_dim": 48,
}
SMALL_DECODER = {"block_out_channels": (16, 32, 32, 32), "norm_num_groups": 8}
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {"klein-4b": (KLEIN_4B, {}), "small": (SMALL, SMALL_DECODER)}


@dataclass(frozen=True)
class Found:
    """What one run gave. Stages were timed one after the other, waiting for each."""

    evaluations: int
    seconds: float  # for all frames, decoding beside
    memory: str
    stages: dict[str, float]  # seconds a frame
    operations: float  # of a frame
    limit: float  # frames a second
    limit_from: str


class Known(Flux2):
    """Prompts are encoded already, as they are after a job's first frame."""

    def _run_text_encoders(self, text: str) -> tuple[Tensor, ...]:
        width = self.pipeline.transformer.config.joint_attention_dim
        random = torch.Generator().manual_seed(len(text))
        return (torch.randn(1, WORDS, width, generator=random).to(self.device, self.parts.dtype),)


class Bench:
    """A model of random weights, and what it takes to make frames with it."""

    def __init__(self, shape: str, device: str, size: int, compiled: bool):
        self.device, self.size = device, size
        threads = f"{device} with {torch.get_num_threads()} threads"
        self.device_name = torch.cuda.get_device_name() if device == "cuda" else threads
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        self.precision = "bf16" if device == "cuda" else "fp32"
        self.model = random_klein(shape, device, dtype)
        self.parameters = sum(weight.numel() for weight in self.model.pipeline.transformer.parameters())
        self.work = self._work()
        self.how = compile_parts(self.model) if compiled else "The model is not compiled."

    def measure(self, count: int, strength: float) -> Found:
        """Frames on the way of the preview, then each stage by itself."""
        self._frames(3, strength)  # compiling, and finding the fastest kernels
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds = self._timed(lambda: self._frames(count, strength))
        own = self.model.levels(self.model.steps, self.size, self.size)
        sigma = min(from_strength(strength, own), 1.0)
        stages = self._stages(sigma)
        rate, limit_from = peak(torch.device(self.device), fp8=False)
        evaluations = len(levels_from(sigma, own))
        operations = evaluations * self.work[0] + self.work[1]
        return Found(evaluations, seconds, self._memory(), stages, operations, rate / operations, limit_from)

    def _frames(self, count: int, strength: float) -> None:
        asked: dict[str, Any] = {"strength": f"0:({strength})", "zoom": "0:(1.02)", "noise": "0:(0)", "amount": "0:(0)"}
        shot, _ = shot_of(
            prompt="hills", frames=count, width=self.size, height=self.size, device=self.device, cadence=1, **asked
        )
        for _ in preview.frames(shot, settings(engine, shot), model=self.model):
            pass

    @torch.inference_mode()
    def _work(self) -> tuple[float, float]:
        """Operations of one evaluation of the transformer, and of decoding, counted while they are done."""
        latent = self.model.encode(torch.rand(1, 3, self.size, self.size, device=self.device))
        with FlopCounterMode(display=False) as evaluation:
            self.model.denoise(latent, noise_for(latent, NoiseSeed(1)), 0.01, Conditioning("hills"), 1)
        with FlopCounterMode(display=False) as decoding:
            self.model.decode(latent)
        return float(evaluation.get_total_flops()), float(decoding.get_total_flops())

    @torch.inference_mode()
    def _stages(self, sigma: float) -> dict[str, float]:
        """Seconds of each stage of a frame."""
        model, conditioning = self.model, Conditioning("hills")
        latent = model.encode(torch.rand(1, 3, self.size, self.size, device=self.device))
        noise = noise_for(latent, NoiseSeed(1))
        cells = model.to_vae_latent(latent)
        flow = torch.zeros(1, *cells.shape[-2:], 2, device=self.device) + 0.5
        works: dict[str, Callable[[], Any]] = {
            "warp and noise": lambda: (warp(cells, flow), noise_for(latent, NoiseSeed(1))),
            "denoise": lambda: model.denoise(latent, noise, sigma, conditioning, 1),
            "decode": lambda: model.decode(latent),
        }
        seconds = {}
        for name, work in works.items():
            self._timed(work)
            seconds[name] = min(self._timed(work) for _ in range(ROUNDS))
        return seconds

    def _timed(self, work: Callable[[], Any]) -> float:
        self._wait()
        began = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - began

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def _memory(self) -> str:
        if self.device == "cuda":
            return f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB on the device"
        return f"{memory.peak() * 2**20 / 1e9:.2f} GB of the whole process"


def there() -> str:
    """The device that is measured."""
    return best_device()


def random_klein(shape: str, device: str, dtype: torch.dtype) -> Known:
    """A model of a shape, made on the device; the text encoder is left out."""
    transformer, decoder = SHAPES[shape]
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device), torch.random.fork_rng(devices=["cuda"] if device == "cuda" else []):
            torch.manual_seed(7)
            denoiser = Flux2Transformer2DModel(guidance_embeds=False, **transformer).eval()
            vae = AutoencoderKLFlux2(**decoder).eval()
    finally:
        torch.set_default_dtype(before)
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0)
    pipeline: Any = Flux2KleinPipeline(scheduler, vae, None, None, denoiser, is_distilled=True)  # pyright: ignore[reportArgumentType]
    return Known(PipelineParts(pipeline, steps=4, guidance=1.0, device=device, dtype=dtype))
