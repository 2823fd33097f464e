"""Everything that only a graphics card can say, within fifteen minutes: one JSON line for each rung.

    python tools/gpu_run.py --output run.jsonl            on a machine with CUDA, in the backend's Python
    python tools/gpu_run.py --dry                         the same rungs in toy shapes on the processor

Every rung runs in a process of its own under its own time limit: what hangs or runs out of memory costs that rung
alone, and its line says so. Weights are random where only speed is asked for. What time is left at the end trains the
sketch with clips that are drawn on the card, into --folder, from where another run goes on.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BACKEND = Path(__file__).resolve().parents[1] / "backend"
MINUTES, PATIENCE = 15.0, 4
Found = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dry", action="store_true", help="toy shapes on the processor")
    parser.add_argument("--output", type=Path, help="also append the lines to this file")
    parser.add_argument("--folder", type=Path, default=Path("gpu-run"), help="of the training's state")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for all of it")
    parser.add_argument("--only", choices=tuple(RUNGS), action="append", help="this rung, and others so named")
    parser.add_argument("--rung", choices=tuple(RUNGS), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rung:
        return run_rung(chosen)
    patience = PATIENCE if chosen.dry else 1  # a busy processor is no reason to fail
    began, failed = time.monotonic(), 0
    for name in chosen.only or RUNGS:
        left = 60 * chosen.minutes * patience - (time.monotonic() - began)
        line = climb(name, min(RUNGS[name][1] * patience, left), chosen)
        failed += "error" in line
        text = json.dumps(line)
        print(text, flush=True)
        if chosen.output:
            with open(chosen.output, "a", encoding="utf-8") as file:
                file.write(text + "\n")
    return 1 if failed else 0


def climb(name: str, seconds: float, chosen: argparse.Namespace) -> Found:
    """A rung in a process of its own; its line."""
    if seconds < 5:
        return {"rung": name, "error": "no time was left for it"}
    command = [sys.executable, __file__, "--rung", name, "--seconds", str(seconds), "--folder", str(chosen.folder)]
    path = os.pathsep.join([str(BACKEND), os.environ.get("PYTHONPATH", "")])
    began = time.monotonic()
    try:
        done = subprocess.run(
            command + ["--dry"] * chosen.dry, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
            timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"rung": name, "error": f"it took longer than its {seconds:.0f} s"}
    spent = round(time.monotonic() - began, 1)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        told = done.stderr.strip().splitlines()
        return {"rung": name, "seconds": spent, "error": told[-1] if told else f"it ended with {done.returncode}"}
    return {"rung": name, "seconds": spent, **json.loads(lines[-1])}


def run_rung(chosen: argparse.Namespace) -> int:
    """Inside the rung's process: measure, and print one JSON object."""
    import torch

    if not chosen.dry and not torch.cuda.is_available():
        sys.exit("there is no CUDA device here; --dry runs on the processor")
    torch.set_num_threads(1 if chosen.dry else torch.get_num_threads())
    device = "cpu" if chosen.dry else "cuda"
    run = SimpleNamespace(dry=chosen.dry, device=device, seconds=chosen.seconds, folder=chosen.folder)
    found = RUNGS[chosen.rung][0](run)
    found["device"] = "cpu" if chosen.dry else torch.cuda.get_device_name()
    print(json.dumps(found))
    return 0


def milliseconds(work: Callable[[], Any], device: str, turns: int = 20) -> float:
    """The median of some turns, after three that do not count."""
    import torch

    times = []
    for turn in range(3 + turns):
        began = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times += [time.perf_counter() - began] if turn > 2 else []
    return 1e3 * sorted(times)[len(times) // 2]


def ceilings(run: SimpleNamespace) -> Found:
    """TFLOP/s of the products and of the attention at a chunk's real shapes, by each backend; GB/s of a copy."""
    import torch
    from motion_bridge.engines.motionstream.network import attention

    kind = torch.float32 if run.dry else torch.bfloat16
    tokens, past, width, wide, heads = (12, 36, 48, 96, 2) if run.dry else (4680, 14040, 1536, 8960, 12)
    found: Found = {}
    for inside, out in ((width, width), (width, wide), (wide, width)):
        one = torch.randn(tokens, inside, device=run.device, dtype=kind)
        weight = torch.randn(out, inside, device=run.device, dtype=kind)
        spent = milliseconds(lambda one=one, weight=weight: torch.nn.functional.linear(one, weight), run.device)
        found[f"product {tokens}x{inside}x{out}, TFLOP/s"] = round(2e-9 * tokens * inside * out / spent, 3)
    query = torch.randn(1, tokens, heads, width // heads, device=run.device, dtype=kind)
    key = torch.randn(1, past, heads, width // heads, device=run.device, dtype=kind)
    for name in attention.BACKENDS:
        try:
            attention.chosen(name, query.device)
            spent = milliseconds(lambda name=name: attention.attend(query, key, key, name), run.device)
            found[f"attention {name}, TFLOP/s"] = round(4e-9 * tokens * past * width / spent, 3)
        except Exception as fault:  # a backend that is not here is a result too
            found[f"attention {name}"] = str(fault).splitlines()[0]
    many = torch.empty((1 << 16) if run.dry else (1 << 30), dtype=torch.uint8, device=run.device)
    found["copy, GB/s"] = round(2e-6 * many.numel() / milliseconds(many.clone, run.device), 1)
    return found


def network(run: SimpleNamespace, layers: int = 0):
    """(a student of random weights, a pass over a late chunk's shapes, its number of frames)."""
    import torch
    from benchmarks.streaming.run import RANDOM
    from motion_bridge.engines.motionstream.checkpoints import checkpoint
    from motion_bridge.engines.motionstream.network.kv_cache import SlotCache
    from motion_bridge.engines.motionstream.network.student import Student

    shape, width, height, words = RANDOM["toy" if run.dry else "1.3b"]
    kind = torch.float32 if run.dry else torch.bfloat16
    torch.manual_seed(0)
    with torch.device(run.device):
        student = Student(**{**shape, "num_layers": layers or shape["num_layers"]}).eval().requires_grad_(False)
        checkpoint.cast(student, kind)
        given = torch.randn(1, 52, 3, height // 8, width // 8, dtype=kind)
        sigma, told = torch.full((1,), 0.7), torch.randn(1, words, shape["text_dim"], dtype=kind)
    size = given.shape[-2:]

    def turn(key, at):
        return student.turned(key, at, *size)

    @torch.no_grad()
    def chunks(count: int):
        """Velocities of some chunks in a row, each committed; and a pass over the last one's shapes."""
        text, cache = student.read_text(told), SlotCache(len(student.blocks), 1, 1, student.tokens(3, *size), turn)
        made = []
        for _ in range(count):
            context = cache.context()
            velocity, own = student.chunk(given, sigma, text, context)
            made.append(velocity.float().clone())
            cache.commit(own)
        context = cache.context()
        return torch.stack(made), torch.no_grad()(lambda: student.chunk(given, sigma, text, context))

    return student, chunks


WAYS = {  # the ladder, from the bottom
    "eager": {"attention": "native"},
    "best attention": {},
    "compiled": {"compile": True},
    "compiled, graphs": {"compile": True, "graphs": True},
    "compiled, graphs, fp8": {"compile": True, "graphs": True, "precision": "fp8"},
}


def ways(run: SimpleNamespace):
    """What can be tried here: graphs and fp8 need a card, and toy shapes are not worth machine code."""
    if not run.dry:
        return WAYS
    return {
        name: {**way, "compiler": "aot_eager"} for name, way in WAYS.items() if not {"graphs", "precision"} & set(way)
    }


def equality(run: SimpleNamespace) -> Found:
    """How far each way's velocities are from the eager ones', relative to their size; four chunks, four layers."""
    from motion_bridge.engines.motionstream.network.acceleration import Acceleration, accelerate

    found, expected = {}, None
    for name, way in ways(run).items():
        student, chunks = network(run, layers=2 if run.dry else 4)
        try:
            accelerate(student, Acceleration(**way))
            made, _ = chunks(4)
        except Exception as fault:
            found[name] = f"{type(fault).__name__}: {str(fault).splitlines()[0]}"
            continue
        expected = made if expected is None else expected
        found[name] = float((made - expected).abs().max() / expected.abs().max())
    return {"relative difference": found}


def ladder(run: SimpleNamespace) -> Found:
    """Milliseconds of a pass on each step of the ladder, and the frames a second that four passes a chunk allow."""
    import torch
    from motion_bridge.engines.motionstream.network.acceleration import Acceleration, accelerate

    found = {}
    for name, way in ways(run).items():
        student, chunks = network(run)
        try:
            accelerate(student, Acceleration(**way))
            _, once = chunks(3)
            spent = milliseconds(once, run.device, 3 if run.dry else 10)
            found[name] = {"pass, ms": round(spent, 2), "frames/s before decoding": round(12e3 / (4 * spent), 1)}
        except Exception as fault:
            found[name] = f"{type(fault).__name__}: {str(fault).splitlines()[0]}"
        del student, chunks
        if run.device == "cuda":
            torch.cuda.empty_cache()
    return {"steps": found}


def stream(run: SimpleNamespace) -> Found:
    """Thirty chunks end to end: maps, passes, decoding, bytes on the processor; first frame and memory."""
    found = {}
    for precision in ("bf16",) if run.dry else ("bf16", "fp8"):
        found[precision] = streamed(run, compile=not run.dry, graphs=not run.dry, fp8=precision == "fp8")
    return found


def plans(run: SimpleNamespace) -> Found:
    """Peak memory of every plan: decoders, compiled or not, fp8."""
    choices = {"tiny decoder": {}, "full decoder": {"decoder": "full"}}
    if not run.dry:
        choices |= {"tiny decoder, compiled": {"compile": True}, "tiny decoder, fp8": {"fp8": True}}
    return {name: streamed(run, chunks=12, **choice) for name, choice in choices.items()}


def streamed(run: SimpleNamespace, chunks: int = 30, **choice: Any) -> Found:
    """benchmarks motionstream, as a few numbers."""
    import torch
    from benchmarks.streaming.run import measure

    asked = {"model": "toy" if run.dry else "1.3b", "device": run.device, "chunks": 12 if run.dry else chunks}
    asked |= {"steps": 0, "decoder": "tiny", "layers": 0, "threads": 0, "attention": "", "size": ""}
    asked |= {"fp8": False, "compile": False, "graphs": False, **choice}
    try:
        if run.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        one = measure(argparse.Namespace(**asked))
    except Exception as fault:
        return {"error": f"{type(fault).__name__}: {str(fault).splitlines()[0]}"}
    gib = torch.cuda.max_memory_allocated() / 2**30 if run.device == "cuda" else max(one.memory.values()) / 2**10
    return {
        "frames/s": round(one.frames_a_second, 1),
        "p50, ms a chunk": round(one.p50, 1),
        "p95, ms a chunk": round(one.p95, 1),
        "first frames, ms": round(one.first_frame),
        "peak, GiB": round(gib, 2),
        "limit, frames/s": round(one.limit_frames, 1),
        "stages, ms": {name: round(value, 1) for name, value in one.stages.items()},
    }


def klein(run: SimpleNamespace) -> Found:
    """FLUX.2 Klein 4B, random weights: sixty frames at 1024², and the preview's stream at 512²."""
    from benchmarks.image_models.klein_run import Bench

    found = {}
    for size, count in ((64, 2),) if run.dry else ((1024, 60), (512, 60)):
        bench = Bench("small" if run.dry else "klein-4b", run.device, size, compiled=not run.dry)
        one = bench.measure(count, 0.6)
        found[f"{size}², {count} frames"] = {
            "seconds": round(one.seconds, 2),
            "frames/s": round(count / one.seconds, 2),
            "evaluations a frame": one.evaluations,
            "memory": one.memory,
            "stages, s": {name: round(value, 4) for name, value in one.stages.items()},
        }
        del bench
    return found


SMALL_SANA = {
    "in_channels": 8, "num_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "linear_head_dim": 16,
    "softmax_every_n": 2, "caption_channels": 16, "chunk_plucker_post_attn_blocks": 2,
}  # fmt: skip


def sana(run: SimpleNamespace) -> Found:
    """SANA-WM, random weights: one evaluation over 161 frames of 704x1280, and what sixty under guidance would take."""
    import torch
    from diffusers import SanaWMTransformer3DModel

    kind = torch.float32 if run.dry else torch.bfloat16
    frames, rows, columns, words = (3, 4, 4, 8) if run.dry else (21, 22, 40, 300)
    with torch.device(run.device):
        model = SanaWMTransformer3DModel(**(SMALL_SANA if run.dry else {})).to(kind).eval().requires_grad_(False)
        config = model.config
        latents = torch.randn(1, config.in_channels, frames, rows, columns, dtype=kind)
        pose = torch.eye(4).flatten().expand(1, frames, 16)
        lens = torch.tensor([float(columns), float(columns), columns / 2, rows / 2]).expand(1, frames, 4)
        rays = torch.zeros(1, config.chunk_plucker_channels, frames, rows, columns, dtype=kind)
        text, time_ = torch.randn(1, 1, words, config.caption_channels, dtype=kind), torch.full((1, 1, frames), 500.0)
        mask = torch.ones(1, words, dtype=torch.long)
    camera = torch.cat([pose, lens], dim=-1).to(kind)

    @torch.no_grad()
    def once():
        return model(latents, time_, text, mask, camera_conditions=camera, chunk_plucker=rays)

    spent = milliseconds(once, run.device, 2)
    found: Found = {"evaluation, ms": round(spent, 1), "60 steps under guidance, s": round(0.12 * spent, 1)}
    if run.device == "cuda":
        found["peak, GiB"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    return found


def training(run: SimpleNamespace) -> Found:
    """The sketch's first lessons with clips drawn on the card, until the time is over; it goes on from --folder."""
    from training.video import lessons

    seconds = run.seconds - 60 if run.seconds > 120 else 0.5 * run.seconds
    return {"steps": lessons.until(run.folder, "ids", run.device, seconds, steps=2 if run.dry else None)}


RUNGS: dict[str, tuple[Callable[[SimpleNamespace], Found], float]] = {  # and its limit in seconds
    "ceilings": (ceilings, 45),
    "equality": (equality, 120),
    "ladder": (ladder, 180),
    "stream": (stream, 180),
    "klein": (klein, 150),
    "sana-wm": (sana, 60),
    "plans": (plans, 120),
    "training": (training, 60 * MINUTES),
}

if __name__ == "__main__":
    sys.exit(main())
