"""`python -m training video lessons --folder DIR`: go through curriculum.LESSONS; run it again to go on.

Needs DIR/codec.safetensors, which the stage codec leaves. Each kind of conditioning has a folder of its own:
DIR/KIND/LESSON.safetensors. `--report` measures what is there on clips that no lesson saw.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from motion_bridge.engines.motionstream.checkpoints.load import CODEC, SKETCH_FOLDER
from motion_bridge.engines.motionstream.network.teacher import Teacher
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..common.loop import train
from ..common.state import steps_done
from .bank import encode_bank, read_bank, write_bank
from .batch import Batch, Source
from .clips import MOTIONS, drawn
from .codec import CELL, Codec, encode_grey
from .curriculum import KINDS, LESSONS, RECIPE, Lesson, beginner
from .evaluate import Report, evaluate, latent_errors, teacher_maker
from .live_clips import LiveSource
from .stages import load_codec
from .teacher import disturbed, flow_loss

HELD_OUT = 1  # seed of the clips that are only measured; training draws from seed 0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training video lessons", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kind", choices=tuple(KINDS), default="ids", help="what the network is told of the tracks")
    parser.add_argument("--through", choices=tuple(each.name for each in LESSONS), default=LESSONS[-1].name)
    parser.add_argument("--steps", type=int, help="of each lesson, instead of its own")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", action="store_true", help="train nothing; measure what is there")
    parser.add_argument("--clips", type=int, default=8, help="of the report")
    chosen = parser.parse_args(argv)
    torch.set_num_threads(chosen.threads)
    if chosen.report:
        print(report(chosen.folder, chosen.kind, chosen.clips))
        return
    torch.manual_seed(chosen.seed)
    teacher = beginner(KINDS[chosen.kind])
    for lesson in LESSONS:
        lesson = replace(lesson, steps=lesson.steps if chosen.steps is None else chosen.steps)
        take(chosen.folder, chosen.kind, teacher, lesson, chosen.seed)
        if lesson.name == chosen.through:
            return


def take(folder: Path, kind: str, teacher: Teacher, lesson: Lesson, seed: int) -> None:
    """One lesson; the teacher then holds what it left, in this run or an earlier one."""
    done = folder / kind / f"{lesson.name}.safetensors"
    if done.exists():
        teacher.load_state_dict(load_file(done))
        return
    loss = lesson_loss(teacher, lesson, lesson_source(folder, lesson).draw)
    train(folder / kind / lesson.name, teacher, loss, steps=lesson.steps, rate=lesson.rate, seed=seed)
    save_file({name: tensor.contiguous() for name, tensor in teacher.state_dict().items()}, done)


Draw = Callable[[int, int, torch.Generator], Batch]  # Source.draw, LiveSource.draw


def lesson_loss(teacher: Teacher, lesson: Lesson, draw: Draw) -> Callable[[int, torch.Generator], Tensor]:
    """What a lesson asks for: the clean clip from pure noise, or flow matching."""

    def loss(step: int, generator: torch.Generator) -> Tensor:
        batch = draw(lesson.clips, lesson.latent_frames, generator)
        times = torch.rand(lesson.clips, generator=generator)
        if lesson.regression:
            times = torch.ones(lesson.clips)
        noisy, sigma, noise = disturbed(batch.clean, times, RECIPE, generator)
        velocity = teacher(noisy, sigma, batch.first, batch.tracks, batch.text)
        return flow_loss(velocity, noise - batch.clean, sigma, RECIPE)

    return loss


def until(folder: Path, kind: str, device: str, seconds: float, steps: int | None = None) -> dict[str, float]:
    """Lessons in a row on a device, with clips drawn there, until the time is over: the steps that each has done.

    The codec is the package's own. Goes on where an earlier run stopped; steps: of each lesson, instead of its own.
    """
    began, done = time.monotonic(), {}
    codec = Codec()
    codec.load_state_dict(load_file(SKETCH_FOLDER / "codec" / CODEC))
    codec.to(device).requires_grad_(False)
    torch.manual_seed(0)
    teacher = beginner(KINDS[kind]).to(device)
    for lesson in LESSONS:
        count = steps or lesson.steps
        left = seconds - (time.monotonic() - began)
        grey = encode_grey(codec.to("cpu").encoder)[:, : lesson.size // CELL, : lesson.size // CELL]
        codec.to(device)
        live = LiveSource(
            lesson.size, lesson.size // CELL, codec.encoder, grey, device, lesson.movement, lesson.omissions
        )
        place, loss = folder / kind / lesson.name, lesson_loss(teacher, lesson, live.draw)
        train(place, teacher, loss, steps=count, rate=lesson.rate, minutes=max(0.0, left) / 60)
        done[lesson.name] = steps_done(place)
        if done[lesson.name] < count:
            break
    return done


def lesson_source(folder: Path, lesson: Lesson, seed: int = 0, count: int | None = None) -> Source:
    """The lesson's bank, drawn when it is asked for first; shared by all kinds and by lessons of the same clips."""
    frames, moves = 4 * lesson.latent_frames - 3, lesson.movement
    count = lesson.bank if count is None else count
    place = folder / f"clips-{lesson.size}-{frames}-{moves.turn:g}-{moves.zoom:g}-{seed}-{count}"
    if not (place / "clips.json").exists():
        write_bank(place, drawn(frames, lesson.size, seed, moves, lesson.size // CELL), count)
    return as_source(place, load_codec(folder), lesson)


def as_source(place: Path, codec: Codec, lesson: Lesson) -> Source:
    encoder, bank, cells = codec.encoder.requires_grad_(False), read_bank(place), lesson.size // CELL
    grey = encode_grey(encoder)[:, :cells, :cells]
    return Source(bank, encode_bank(place, bank, encoder), grey, omissions=lesson.omissions)


def report(folder: Path, kind: str, count: int) -> str:
    """A table of every lesson that is finished: end-point errors by each tracker, and errors of the latents."""
    lines = ["| lesson | tracker | " + " | ".join(Report.COLUMNS) + " |", "|---" * (2 + len(Report.COLUMNS)) + "|"]
    errors = ["| lesson | latent MSE: true | swapped | none | still | carried alone |", "|---" * 6 + "|"]
    for lesson in LESSONS:
        done = folder / kind / f"{lesson.name}.safetensors"
        if not done.exists():
            continue
        teacher = beginner(KINDS[kind])
        teacher.load_state_dict(load_file(done))
        rows = measured(folder, teacher.eval(), lesson, count)
        lines += [f"| {lesson.name} | {name} | {found.row()} |" for name, found in rows[0].items()]
        errors.append(f"| {lesson.name} | " + " | ".join(f"{value:.3f}" for value in rows[1]) + " |")
    return "\n".join([*lines, "", *errors])


def measured(folder: Path, teacher: Teacher, lesson: Lesson, count: int) -> tuple[dict[str, Report], list[float]]:
    """On clips of the lesson's kind that training never drew, two of a look: Report by tracker, latent_errors."""
    source = lesson_source(folder, lesson, HELD_OUT, MOTIONS // 2 * count)
    chosen = list(range(0, len(source.bank), MOTIONS // 2))[:count]
    make = teacher_maker(teacher, 1 if lesson.regression else RECIPE.way, RECIPE.shift, None)
    codec = load_codec(folder)
    found = evaluate(make, codec.decoder, source, chosen, lesson.latent_frames)
    return found, latent_errors(make, source, chosen, lesson.latent_frames)
