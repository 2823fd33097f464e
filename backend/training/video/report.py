"""`python -m training video report --model DIR`: what a packed sketch model can do, as tables in Markdown.

Everything is measured on drawn clips that training never saw (another seed), by re-tracking the made videos.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from motion_bridge.engines.motionstream.checkpoints import checkpoint, load
from motion_bridge.engines.motionstream.checkpoints.generator import Generator
from motion_bridge.engines.motionstream.network.sketch_config import SIZE
from motion_bridge.engines.motionstream.network.teacher import Teacher
from motion_bridge.engines.motionstream.streaming.stream import Direction, stream
from motion_bridge.metrics.drift import appearance, slope
from motion_bridge.metrics.epe import error_by_frame
from motion_bridge.metrics.memory import peak
from motion_bridge.metrics.similarity import psnr, ssim
from motion_bridge.metrics.tracker import Video
from numpy.typing import NDArray
from safetensors.torch import load_file

from .bank import encode_bank, write_bank
from .batch import Source
from .clips import MOTIONS, drawn
from .codec import Codec, encode_grey
from .evaluate import Maker, Report, decoded, evaluate, student_maker, teacher_maker
from .recipe import SKETCH
from .rollout import Reach, Streamer, roll_out

PARTS = ("followed", "endless", "cost")
SEED = 1  # of the clips; training draws from seed 0
SHORT, WHOLE = 9, 15  # latent frames: of most training clips, and the longest that training saw
LONG = 63  # latent frames: 249 pictures, of which 241 are judged


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training video report", description=__doc__)
    parser.add_argument("--model", type=Path, default=load.SKETCH_FOLDER)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--chunks", type=int, default=300, help="of the run that measures whether cost is constant")
    parser.add_argument("--part", choices=PARTS, help="only this table")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args(argv)
    torch.set_num_threads(chosen.threads)
    packed = load.load(str(chosen.model))
    generator, teacher = packed.generator, load_teacher(chosen.model)
    streamer = Streamer(generator.student, generator.head, generator.usage.carries, generator.usage.answers)
    for part in [chosen.part] if chosen.part else PARTS:
        if part == "cost":
            print(cost(generator, packed, chosen.chunks), flush=True)
            continue
        frames, count = (4 * WHOLE - 3, chosen.clips) if part == "followed" else (4 * LONG - 3, 4)
        with TemporaryDirectory() as place:
            source = held_out(Path(place), count, frames, chosen.model)
            if part == "followed":
                print(followed(teacher, streamer, generator, source), flush=True)
            else:
                print(endless(streamer, generator, source), flush=True)


def load_teacher(folder: Path) -> Teacher:
    weights = checkpoint.load(folder / "teacher")
    return Teacher(*checkpoint.build(weights, "cpu", torch.float32), SKETCH.carries, SKETCH.answers).eval()


def held_out(place: Path, count: int, frames: int, folder: Path) -> Source:
    """Two clips of each look."""
    codec = Codec()
    codec.load_state_dict(load_file(folder / "codec" / load.CODEC))
    encoder = codec.encoder.requires_grad_(False)
    every = (clip for number, clip in enumerate(drawn(frames, SIZE, SEED)) if number % (MOTIONS // 2) == 0)
    bank = write_bank(place, every, count)
    return Source(bank, encode_bank(place, bank, encoder), encode_grey(encoder))


def followed(teacher: Teacher, streamer: Streamer, generator: Generator, source: Source) -> str:
    """End-point errors of teacher and student under all kinds of tracks."""
    usual = Reach(generator.usage.sink, generator.usage.window)
    levels = list(generator.usage.levels)
    rows: list[tuple[str, int, Maker]] = [
        ("teacher, joint guidance", SHORT, teacher_maker(teacher, SKETCH.way, SKETCH.shift, SKETCH.guidance)),
        ("teacher, plain", SHORT, teacher_maker(teacher, SKETCH.way, SKETCH.shift, None)),
        ("student", SHORT, student_maker(streamer, levels, usual)),
        ("student", WHOLE, student_maker(streamer, levels, usual)),
        ("student without sink", WHOLE, student_maker(streamer, levels, replace(usual, sink=0))),
    ]
    lines = [
        f"| EPE in pixels | frames | tracker | {' | '.join(Report.COLUMNS)} | true / carried |",
        "|---" * (4 + len(Report.COLUMNS)) + "|",
    ]
    clips = list(range(len(source.bank)))
    for name, latent_frames, make in rows:
        found = evaluate(make, generator.decoder, source, clips, latent_frames)
        for tracker, one in found.items():
            ratio = f"{one.true / one.carried:.2f}"
            lines.append(f"| {name} | {4 * latent_frames - 3} | {tracker} | {one.row()} | {ratio} |")
    return "\n".join(lines) + "\n"


def endless(streamer: Streamer, generator: Generator, source: Source) -> str:
    """241 frames with and without sink: what is lost on the way, as slopes for every 12 frames."""
    lines = [
        "| 241 frames | EPE | PSNR | SSIM | EPE / 12 | PSNR / 12 | mean / 12 | contrast / 12 | sharpness / 12 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    clips = list(range(len(source.bank)))
    batch = source.batch(clips, LONG, torch.Generator().manual_seed(0), complete=True)
    truth = source.bank.frames[:, :241]
    levels = list(generator.usage.levels)
    made = {"the true clips": list(truth)}
    for sink, window in ((1, 1), (0, 1), (0, 2)):
        noise = torch.Generator().manual_seed(0)
        with torch.no_grad():
            latents = roll_out(streamer, batch, levels, len(levels) - 1, noise, Reach(sink, window))
        made[f"sink {sink}, window {window}"] = [video[:241] for video in decoded(generator.decoder, latents)]
    for name, videos in made.items():
        rows = [
            _judged(video, told.points.numpy() * SIZE, told.visible.numpy(), true)
            for video, told, true in zip(videos, batch.tracks, truth, strict=True)
            if told is not None
        ]
        lines.append(f"| {name} | " + " | ".join(f"{value:.2f}" for value in np.nanmean(rows, axis=0)) + " |")
    return "\n".join(lines) + "\n"


def _judged(video: Video, points: NDArray[np.floating], visible: NDArray[np.bool_], true: Video) -> list[float]:
    errors = error_by_frame(video, points, visible)
    likeness = np.array([min(99.0, psnr(a, b)) for a, b in zip(video, true, strict=True)])
    drifts = [slope(values) - slope(appearance(true)[name]) for name, values in appearance(video).items()]
    return [float(np.nanmean(errors)), likeness.mean(), ssim(video, true), slope(errors), slope(likeness), *drifts]


def cost(generator: Generator, packed: load.Model, chunks: int) -> str:
    """Processor time and memory of a long stream."""
    first = packed.encode(torch.zeros(3, SIZE, SIZE))
    text = packed.read("", None)
    spent, memory = [], []

    def direct(frames: slice) -> Direction:
        return Direction(None, text)

    made = stream(generator, first, direct, seed=0)
    for _ in range(chunks):
        began = time.process_time()
        next(made).decoded.wait()
        spent.append(time.process_time() - began)
        memory.append(peak())
    early, late = np.median(spent[5:16]), np.median(spent[-11:])
    return (
        f"{chunks} chunks of 12 frames on {torch.get_num_threads()} thread(s): {12 / np.median(spent):.1f} frames for "
        f"each second of processor time; chunk {chunks} costs {late / early:.3f} of chunk 10 (medians of 11); memory "
        f"{memory[10]:.0f} MiB at chunk 10, {memory[-1]:.0f} MiB at the end.\n"
    )
