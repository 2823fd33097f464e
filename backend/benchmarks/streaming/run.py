"""The runs behind `benchmarks motionstream`."""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from statistics import median
from typing import cast

import torch
from motion_bridge.engines.motionstream.checkpoints import checkpoint, inference_config, load
from motion_bridge.engines.motionstream.checkpoints.generator import Generator
from motion_bridge.engines.motionstream.network.acceleration import FP8, Acceleration, accelerate
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, channels
from motion_bridge.engines.motionstream.network.kv_cache import Buffer, Kept
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.student import Student, Text
from motion_bridge.engines.motionstream.network.tiny_decoder import TinyDecoder
from motion_bridge.engines.motionstream.network.track_head import STRIDE, TrackHead
from motion_bridge.engines.motionstream.network.track_map import embed_ids
from motion_bridge.engines.motionstream.streaming import resize
from motion_bridge.engines.motionstream.streaming.live_tracks import LiveTracks
from motion_bridge.engines.motionstream.streaming.session import Session
from motion_bridge.engines.motionstream.streaming.stream import chunk_frames, handed_out
from motion_bridge.errors import BadInput
from motion_bridge.metrics.memory import held

from .roofline import peak, work_of

STEADY = 0.05  # by how much a late chunk's median may exceed an early one's
GRID = 50  # tracks a side
YOUNG = range(5, 20)  # the chunks that late ones are measured beside
LATE = 60  # chunks after the last one that are
FULL = dict(  # Wan 2.1 of 1.3 billion parameters, with tracks
    num_attention_heads=12,
    attention_head_dim=128,
    in_channels=52,
    out_channels=16,
    text_dim=4096,
    freq_dim=256,
    ffn_dim=8960,
    num_layers=30,
    cross_attn_norm=True,
)
TOY = {**FULL, "num_attention_heads": 2, "attention_head_dim": 24, "ffn_dim": 96, "text_dim": 32, "num_layers": 2}
RANDOM = {"1.3b": (FULL, 832, 480, 512), "toy": (TOY, 64, 48, 16)}  # shapes, pixels, words


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor's own time, which others lengthen less; on a GPU the clock's."""

    clock: float
    spent: float

    def since(self, start: "Took") -> "Took":
        return Took(self.clock - start.clock, self.spent - start.spent)


@dataclass(frozen=True)
class Found:
    """Everything that was measured; times in milliseconds, memory in MiB."""

    model: str
    device: str
    size: str
    usage: str
    chunks: int
    p50: float
    p95: float
    largest: float
    frames_a_second: float
    first_frame: float  # from the order to the first chunk's pictures
    busy: float  # median of the processor's own time; on a GPU it is the clock's
    early: float  # medians of that: of young streams' chunks, and of those that follow on this one's last
    late: float
    memory: dict[str, float]  # by chunk
    stages: dict[str, float]
    operations: float  # of a chunk, 1e12
    limit_frames: float  # a second, by arithmetic alone
    limit_from: str

    @property
    def steady(self) -> bool:
        return self.late / self.early <= 1 + STEADY

    @property
    def flat(self) -> bool:
        begun, *_, ended = self.memory.values()
        return ended <= 1.02 * begun + 32


@torch.no_grad()
def measure(arguments: argparse.Namespace) -> Found:
    """One stream of so many chunks, then its stages one by one."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    generator, first, text, words = (_random if arguments.model in RANDOM else _real)(arguments, device)
    precision = FP8 if arguments.fp8 else ""
    accelerate(
        generator.student, Acceleration(precision, arguments.attention, arguments.compile, graphs=arguments.graphs)
    )
    use, (rows, columns) = generator.usage, first.latent.shape[1:]
    cell = use.width // columns
    width, height, on_gpu = columns * cell, rows * cell, generator.device.type == "cuda"

    def begin() -> Session:
        return Session(
            generator,
            first,
            _grid(generator),
            text,
            0,
            finish=lambda pictures: resize.to_bytes(pictures, width, height),
        )

    endless = begin()
    took, memory = _stream(endless, arguments.chunks, on_gpu)
    early, late = _early_and_late(begin, endless, min(LATE, arguments.chunks // 3), on_gpu)
    ordered, frames = sorted(each.clock for each in took[2:]), STRIDE * use.chunk
    cells = rows * columns // 4
    past = (min(use.sink, 1) * use.first_chunk + max(0, use.sink - 1) * use.chunk) + use.window * use.recalled
    work = work_of(generator.student.config, use.chunk * cells, (past + use.chunk) * cells, words)
    rate, source = peak(generator.device, arguments.fp8)
    operations = work.total * (len(use.levels) + 1)
    return Found(
        model=arguments.model,
        device=torch.cuda.get_device_name() if device.startswith("cuda") else f"{torch.get_num_threads()} threads",
        size=f"{width}x{height}",
        usage=f"chunk {use.chunk}, sink {use.sink}, window {use.window}, {len(use.levels)} steps and a commit",
        chunks=arguments.chunks,
        p50=1e3 * median(ordered),
        p95=1e3 * ordered[int(0.95 * (len(ordered) - 1))],
        largest=1e3 * ordered[-1],
        frames_a_second=frames * len(ordered) / sum(ordered),
        first_frame=1e3 * took[0].clock,
        busy=1e3 * median(each.spent for each in took[2:]),
        early=1e3 * early,
        late=1e3 * late,
        memory=memory,
        stages=_stages(generator, first, text, past * cells),
        operations=operations / 1e12,
        limit_frames=frames * rate / operations,
        limit_from=source,
    )


def _stream(endless: Session, chunks: int, on_gpu: bool) -> tuple[list[Took], dict[str, float]]:
    """How long each chunk took, the first from the order on, and the memory at some of them."""
    looked_at, memory = {10, 100, chunks} if chunks > 100 else {10, chunks}, {}
    marks = [_now(on_gpu)]
    for number, chunk in enumerate(handed_out(islice(endless, chunks), on_gpu), 1):
        chunk.decoded.wait()
        marks.append(_now(on_gpu))
        if number in looked_at:
            memory[str(number)] = held()
    return [b.since(a) for a, b in pairwise(marks)], memory


def _early_and_late(begin: Callable[[], Session], old: Session, turns: int, on_gpu: bool) -> tuple[float, float]:
    """Medians of the chunks of young streams, and of those by which an old one goes on.

    They are made in turn, now this one first and now that: what else the machine does meets both.
    """
    times: tuple[list[float], list[float]] = ([], [])
    young = old
    for turn in range(turns):
        if turn % len(YOUNG) == 0:
            young = begin()
            for chunk in islice(young, YOUNG.start):
                chunk.decoded.wait()
        pair = list(zip((young, old), times, strict=True))
        for stream, kept in pair if turn % 2 else reversed(pair):
            start = _now(on_gpu)
            next(stream).decoded.wait()
            kept.append(_now(on_gpu).since(start).spent)
    return median(times[0]), median(times[1])


def _now(on_gpu: bool) -> Took:
    clock = time.perf_counter()
    return Took(clock, clock if on_gpu else time.process_time())


def _stages(generator: Generator, first: FirstFrame, text: Text, past: int) -> dict[str, float]:
    """Milliseconds of each part of a late chunk, each by itself."""
    use, student = generator.usage, generator.student
    latents = chunk_frames(use, 3)
    tracks = _grid(generator)
    asked = slice(STRIDE * latents.start - STRIDE + 1, STRIDE * (latents.stop - 1) + 1)
    told = channels(first, tracks.advance(asked), generator.head, latents, use.carries)[None]
    noisy = torch.zeros(1, first.latent.shape[0], *told.shape[2:], device=told.device)
    given, sigma = torch.cat([noisy.to(told), told], dim=1), torch.ones(1, device=told.device)
    nothing = cast("Kept", [None] * len(student.blocks))
    _, own = student.chunk(given, sigma, text, nothing)
    room, context = past + own[0].tokens, cast("Kept", [None] * len(own))
    if past:
        times = -(-room // own[0].tokens)
        long = [[each.repeat(1, times, 1, 1)[:, :room] for each in (kv.key, kv.value)] for kv in own]
        context = [Buffer(key, value, past) for key, value in long]
    _, memory = generator.decoder(noisy, None)
    parts: dict[str, Callable[[], object]] = {
        "tracks to channels": lambda: channels(first, tracks.advance(asked), generator.head, latents, use.carries),
        "one denoising step": lambda: student.chunk(given, sigma, text, context),
        "decoding": lambda: generator.decoder(noisy, memory),
    }
    found = {name: 1e3 * _timed(part, generator.device) for name, part in parts.items()}
    found[f"{len(use.levels)} steps and the commit"] = found["one denoising step"] * (len(use.levels) + 1)
    return found


def _timed(part: Callable[[], object], device: torch.device) -> float:
    """Seconds: the median of a few runs, after two that do not count."""
    times = []
    for turn in range(9):
        began = time.perf_counter()
        part()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times += [time.perf_counter() - began] if turn > 1 else []
    return median(times)


def _real(arguments: argparse.Namespace, device: str) -> tuple[Generator, FirstFrame, Text, int]:
    """A model's own weights, a flat first frame, no words."""
    loaded = load.load(
        arguments.model, device, "" if arguments.decoder == "tiny" else "full",
        lambda own: own.with_settings(steps=arguments.steps),
    )  # fmt: skip
    use = loaded.generator.usage
    width, height = _size(arguments.size) if arguments.size else (use.width, use.height)
    width, height = resize.size_for(use, width, height)
    picture = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    text = loaded.read("", loaded.look(picture))
    keys = text.layers[0].key.shape[1] + (text.picture[0].key.shape[1] if text.picture else 0)
    return loaded.generator, loaded.encode(picture), text, keys


def _random(arguments: argparse.Namespace, device: str) -> tuple[Generator, FirstFrame, Text, int]:
    """Random weights, which cost what trained ones cost."""
    shape, width, height, words = RANDOM[arguments.model]
    if arguments.size:
        width, height = _size(arguments.size)
    use = replace(
        inference_config.OPEN,
        width=width,
        height=height,
        levels=tuple(sigmas(arguments.steps or 3)),
        first_chunk=3,
        recalled=3,
    )
    torch.manual_seed(0)
    kind = torch.bfloat16 if device.startswith("cuda") else torch.float32
    with torch.device(device):
        student = Student(**{**shape, "num_layers": arguments.layers or shape["num_layers"]}).eval()
        checkpoint.cast(student, kind)
        head, decoder = TrackHead(64, 16).to(kind), _decoder(arguments, kind)
        text = student.read_text(torch.randn(1, words, shape["text_dim"], dtype=kind))
    latent = torch.randn(16, height // 8, width // 8)
    return Generator(student, head, decoder, use), FirstFrame(latent, latent * 0), text, words


def _decoder(arguments: argparse.Namespace, kind: torch.dtype):
    small = arguments.model == "toy"
    if arguments.decoder == "tiny":
        return (TinyDecoder(16, (12, 8, 8, 8), 1) if small else TinyDecoder()).eval().to(kind)
    from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
    from motion_bridge.engines.motionstream.network.wan_vae import WanDecoder

    shape = {"base_dim": 8, "dim_mult": [1, 1, 2, 2], "num_res_blocks": 1} if small else {}
    vae = AutoencoderKLWan(**shape).eval()
    checkpoint.cast(vae, kind)
    return WanDecoder(vae)


def _grid(generator: Generator) -> LiveTracks:
    """A full grid that drifts for ever, which is what a moving camera gives."""
    line = (torch.arange(GRID) + 0.5) / GRID
    place = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(-1, 1, 2)
    points = (place + torch.arange(64)[:, None] * torch.tensor([0.002, 0.001])).remainder(1)
    identity = embed_ids(torch.arange(GRID * GRID), generator.head.temporal_conv.in_channels)
    return Endless(points, torch.ones(GRID * GRID, 64, dtype=torch.bool), identity)


class Endless(LiveTracks):
    """Tracks whose plan begins anew when it ends."""

    def advance(self, frames: slice):
        start = frames.start % 32 if frames.start > 32 else frames.start
        return replace(super().advance(slice(start, start + frames.stop - frames.start)), start=frames.start)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise BadInput(f"--size is {text!r}; write it like 832x480.") from None
    return width, height
