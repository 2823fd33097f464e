"""Plans against memory that is counted: fake tensors of the real shapes, and torch's profiler on tiny ones."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from benchmarks.memory import main
from benchmarks.memory.peak import activations
from benchmarks.memory.shapes import (
    SHAPES,
    Counted,
    clip_decode,
    count,
    flux_step,
    picture_decode,
    sana_step,
    unet_step,
    wan_step,
)
from motion_bridge.errors import OutOfMemory
from motion_bridge.model_registry import video_memory_plan
from motion_bridge.model_registry.memory_plan import GB, Device
from torch._subclasses.fake_tensor import FakeTensorMode

PAGE = Path(__file__).resolve().parents[2] / "docs" / "memory.md"
CLOSE = 0.1  # of torch's profiler
IMAGE_MODELS = ("flux.2-klein-4b", "flux.1-dev", "sdxl")

SMALL_KL = {"block_out_channels": (16, 32, 32, 32), "norm_num_groups": 8}
TINY = {  # the same classes and calls; fewer and narrower layers
    "flux.2-klein-4b": (
        {"num_layers": 1, "num_single_layers": 2, "num_attention_heads": 2, "attention_head_dim": 32}
        | {"axes_dims_rope": (8, 8, 8, 8), "joint_attention_dim": 48, "in_channels": 128},
        SMALL_KL,
        (flux_step(16, 16, 32), picture_decode(16, 16)),
    ),
    "flux.1-dev": (
        {"num_layers": 2, "num_single_layers": 3, "num_attention_heads": 4, "attention_head_dim": 32, "in_channels": 16}
        | {"axes_dims_rope": (8, 12, 12), "joint_attention_dim": 64, "pooled_projection_dim": 48},
        SMALL_KL,
        (flux_step(24, 24, 64), picture_decode(16, 16)),
    ),
    "sdxl": (
        {"block_out_channels": (32, 64, 64), "transformer_layers_per_block": (1, 1, 2), "norm_num_groups": 8}
        | {"attention_head_dim": (2, 4, 4), "cross_attention_dim": 32, "addition_time_embed_dim": 8}
        | {"projection_class_embeddings_input_dim": 80},
        SMALL_KL,
        (unet_step(32, 32, 16), picture_decode(16, 16)),
    ),
    "sana-wm": (
        {"in_channels": 8, "num_layers": 4, "hidden_size": 48, "num_attention_heads": 2, "linear_head_dim": 24}
        | {"caption_channels": 16, "chunk_plucker_post_attn_blocks": 4, "mlp_ratio": 2},
        {},
        (sana_step(3, 8, 8, 20), clip_decode(3, 4, 4)),
    ),
    "student-1.3b": (
        {"num_attention_heads": 2, "attention_head_dim": 24, "ffn_dim": 96, "text_dim": 32, "num_layers": 2},
        {},
        (wan_step(3, 12, 16, 16), clip_decode(3, 6, 8)),
    ),
}


def tiny(name):
    denoiser, decoder, (step, decode) = TINY[name]
    shape = SHAPES[name]
    return replace(
        shape,
        denoiser_config={**shape.denoiser_config, **denoiser},
        decoder_config={**shape.decoder_config, **decoder},
        step=step,
        decode=decode,
    )


def profiled(run):
    """The most bytes at once, as torch's own allocator reports them while the call really runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # with one, convolutions unfold their input
    with torch.no_grad(), torch.profiler.profile(profile_memory=True) as profile:
        kept = run()
    torch.set_num_threads(threads)
    assert profile.profiler and profile.profiler.kineto_results
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        peak = max(peak, now)
    del kept
    return peak


@pytest.mark.parametrize("part", ["denoiser", "decoder"])
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_counted_is_what_torchs_profiler_reports(name, part):
    if part == "decoder" and name not in IMAGE_MODELS:
        pytest.skip("the processor unfolds the input of 3D convolutions, 27 times its size, which no card does")
    shape = tiny(name)
    network, config, call = {
        "denoiser": (shape.denoiser, shape.denoiser_config, shape.step),
        "decoder": (shape.decoder, shape.decoder_config, shape.decode),
    }[part]
    real = profiled(call(network(**config).eval(), torch.float32))
    with FakeTensorMode():
        found = activations(call(network(**config).eval(), torch.float32), block=1)
    assert real > 0
    assert found == pytest.approx(real, rel=CLOSE)


def on_the_page():
    """The counts that docs/memory.md gives."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(
            r"\| `([\w.-]+)`, \d+x\d+ \| ([\d.]+), [\d.]+, ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", line
        ):
            denoiser, decoder, step, decode = (int(float(each) * GB) for each in match.groups()[1:])
            found[match[1]] = Counted(denoiser, decoder, step, decode)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flux.2-klein-4b", "sdxl"])  # the others take minutes; `benchmarks memory` counts all
def test_the_page_says_what_is_counted_at_full_size(name):
    with FakeTensorMode():
        found = count(SHAPES[name])
    for part, value in vars(on_the_page()[name]).items():
        assert getattr(found, part) == pytest.approx(value, abs=0.006 * GB), part


def test_the_page_has_all_models_and_their_plans():
    counted = on_the_page()
    assert list(counted) == list(SHAPES)
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for name in IMAGE_MODELS:
        cells = [main.said(name, counted[name], card) for card in main.CARDS]
        assert f"| `{name}` | {' | '.join(cells)} |" in lines


@pytest.mark.parametrize("card", main.CARDS)
@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_a_plan_needs_no_more_than_it_says(name, card):
    counted = on_the_page()[name]
    plan = main.plan_for(name, counted, card)
    assert plan is not None
    assert main.peak_of(plan, name, counted) < plan.needs < card * GB


SANA = {"transformer": 5.3 * GB, "text_encoder": 5.2 * GB, "vae": 2.4 * GB}


@pytest.mark.parametrize(
    ("device", "placement"),
    [
        (Device("cuda", 24 * GB), "resident"),
        (Device("cuda", 16 * GB), "turns"),
        (Device("cuda", 10 * GB), "streaming"),
        (Device("mps", 16 * GB), "turns"),
        (Device("cpu", 32 * GB), "resident"),
    ],
)
def test_a_video_models_parts_go_where_they_fit(device, placement):
    plan = video_memory_plan.plan("sana-wm", SANA, "sana-wm", device)
    assert plan.placement == placement
    assert plan.needs <= device.free
    assert f"sana-wm runs on {device.name}; " in plan.sentence
    assert "may need more than is free" not in plan.sentence


def test_a_video_model_on_a_card_that_is_too_small_says_so():
    assert "may need more than is free" in video_memory_plan.plan("s", SANA, "sana-wm", Device("cuda", 6 * GB)).sentence
    with pytest.raises(OutOfMemory, match="smaller model"):
        video_memory_plan.plan("s", SANA, "sana-wm", Device("mps", 8 * GB))
    with pytest.raises(OutOfMemory, match="smaller model"):
        video_memory_plan.plan("s", SANA, "sana-wm", Device("cpu", 8 * GB))


def test_sana_has_room_for_what_was_counted_of_it():
    """With parts that take turns: the larger of denoising and decoding, with its weights."""
    counted = on_the_page()["sana-wm"]
    sizes = {"transformer": counted.denoiser, "text_encoder": 2.0 * SHAPES["sana-wm"].text, "vae": counted.decoder}
    plan = video_memory_plan.plan("sana-wm", sizes, "sana-wm", Device("cuda", 16 * GB))
    assert plan.placement == "turns"
    peak = max(counted.denoiser + counted.denoising, counted.decoder + counted.decoding)
    assert peak < plan.needs
