"""Where a model's parts go: chosen from what is free, told in a sentence, and the same picture wherever they are."""

import json
import struct

import pytest
import tiny_diffusion as tiny
import torch
from motion_bridge.errors import BadInput, OutOfMemory
from motion_bridge.model_registry import memory_plan, parameter_count
from motion_bridge.model_registry.memory_plan import GB, Device
from motion_bridge.model_registry.parameter_count import ParameterCounts
from motion_bridge.models import device as machine
from motion_bridge.models import load, offload
from motion_bridge.models.image_model import Conditioning, NoiseSeed, image_to_image
from motion_bridge.models.load import ModelSelection, load_model
from motion_bridge.models.pipeline_parts import is_out_of_memory

BILLION = 1_000_000_000
KLEIN = ParameterCounts(denoiser=int(3.9 * BILLION), text=4 * BILLION, vae=84_000_000, decoder_channels=256)
FLUX1 = ParameterCounts(denoiser=12 * BILLION, text=int(4.9 * BILLION), vae=84_000_000, decoder_channels=256)
FLUX2 = ParameterCounts(denoiser=32 * BILLION, text=24 * BILLION, vae=84_000_000, decoder_channels=256)
SD = ParameterCounts(denoiser=860_000_000, text=123_000_000, vae=84_000_000, decoder_channels=256)
BOTH = frozenset({"fp8", "4-bit"})
SIZE = (1024, 1024)


@pytest.mark.parametrize(
    ("facts", "device", "size", "expected"),
    [
        (KLEIN, Device("cuda", 24 * GB, True, BOTH), SIZE, ("bf16", "resident", "resident")),
        (KLEIN, Device("cuda", 15 * GB, True, BOTH), SIZE, ("bf16", "swapped", "resident")),
        (KLEIN, Device("cuda", 9 * GB, True, BOTH), SIZE, ("fp8", "swapped", "resident")),
        (KLEIN, Device("cuda", 7.5 * GB, True, BOTH), SIZE, ("fp8", "streamed", "resident")),
        (KLEIN, Device("cuda", 6 * GB, True, BOTH), SIZE, ("4-bit", "streamed", "resident")),
        (KLEIN, Device("cuda", 6 * GB, True), SIZE, ("bf16", "streamed", "streamed")),
        (KLEIN, Device("cuda", 24 * GB, False, BOTH), SIZE, ("fp16", "resident", "resident")),
        (FLUX1, Device("cuda", 80 * GB, True, BOTH), SIZE, ("bf16", "resident", "resident")),
        (FLUX1, Device("cuda", 32 * GB, True, BOTH), SIZE, ("bf16", "swapped", "resident")),
        (FLUX1, Device("cuda", 24 * GB, True, BOTH), SIZE, ("fp8", "swapped", "resident")),
        (FLUX1, Device("cuda", 11.5 * GB, True, BOTH), SIZE, ("4-bit", "swapped", "resident")),
        (FLUX2, Device("cuda", 80 * GB, True, BOTH), SIZE, ("bf16", "swapped", "resident")),
        (FLUX2, Device("cuda", 24 * GB, True, BOTH), SIZE, ("4-bit", "streamed", "resident")),
        (FLUX2, Device("cuda", 16 * GB, True, BOTH), SIZE, ("bf16", "streamed", "streamed")),
        (SD, Device("cuda", 8 * GB, True, BOTH), (512, 512), ("bf16", "resident", "resident")),
        (KLEIN, Device("mps", 20 * GB, shared=24 * GB), SIZE, ("bf16", "resident", "resident")),
        (KLEIN, Device("mps", 12 * GB, shared=24 * GB), SIZE, ("bf16", "swapped", "resident")),
        (KLEIN, Device("cpu", 64 * GB), SIZE, ("fp32", "resident", "resident")),
        (KLEIN, Device("cpu", 24 * GB), SIZE, ("bf16", "resident", "resident")),
    ],
)
def test_the_most_exact_and_fastest_plan_that_fits_is_taken(facts, device, size, expected):
    plan = memory_plan.plan("a model", facts, device, size)
    assert (plan.precision, plan.text, plan.blocks) == expected
    assert plan.needs <= device.free


@pytest.mark.parametrize("free", [4, 6, 8, 10, 14, 20, 40, 80])
def test_more_memory_never_means_a_worse_plan(free):
    order = [
        "resident/resident/bf16",
        "swapped/resident/bf16",
        "swapped/resident/fp8",
        "streamed/resident/fp8",
        "streamed/resident/4-bit",
    ]
    order.append("streamed/streamed/bf16")
    rank = []
    for gigabytes in (free, free + 2, free + 10):
        plan = memory_plan.plan("a model", KLEIN, Device("cuda", gigabytes * GB, True, BOTH), (512, 512))
        rank.append(order.index(f"{plan.text}/{plan.blocks}/{plan.precision}"))
    assert rank == sorted(rank, reverse=True)


def test_what_does_not_fit_says_what_would():
    with pytest.raises(
        OutOfMemory, match=r"needs [\d.]+ GB for 2048x1152, and 5.0 GB are free on cuda. (\d+x\d+) would"
    ):
        memory_plan.plan("klein", KLEIN, Device("cuda", 5 * GB, True, BOTH), (2048, 1152))
    with pytest.raises(OutOfMemory, match="No size would fit: choose a smaller model"):
        memory_plan.plan("flux", FLUX2, Device("cpu", 8 * GB), SIZE)


def test_the_size_that_is_said_to_fit_does():
    device = Device("cuda", 5 * GB, True, BOTH)
    said = memory_plan.what_fits(KLEIN, device, (2048, 1152))
    width, height = (int(side) for side in said.split()[0].split("x"))
    assert memory_plan.plan("klein", KLEIN, device, (width, height)).needs <= device.free


def test_a_precision_that_is_asked_for_is_taken_or_refused():
    roomy = Device("cuda", 100 * GB, True, frozenset({"fp8"}))
    for precision, arithmetic in (("fp32", "fp32"), ("fp16", "fp16"), ("fp8", "bf16")):
        plan = memory_plan.plan("klein", KLEIN, roomy, SIZE, precision)
        assert (plan.precision, plan.arithmetic) == (precision, arithmetic)
    with pytest.raises(BadInput, match="cannot run in 4-bit on cuda; install bitsandbytes, or set precision to auto"):
        memory_plan.plan("klein", KLEIN, roomy, SIZE, "4-bit")
    with pytest.raises(BadInput, match="precision is 'fp64'; choose one of auto, fp32"):
        memory_plan.plan("klein", KLEIN, roomy, SIZE, "fp64")


def test_a_plan_is_told_in_one_sentence(tmp_path):
    device = Device("cuda", 15 * GB, True, BOTH)
    said = memory_plan.plan("flux.2-klein-4b", KLEIN, device, SIZE).sentence("flux.2-klein-4b", device)
    assert said.startswith(
        "flux.2-klein-4b runs on cuda in bf16; its text encoder is swapped in when the prompt changes: "
    )
    assert said.endswith(" of 15.0 GB free.")
    heard = []
    load_model(ModelSelection(str(tiny.save("sd", tmp_path / "sd")), "cpu", (64, 64)), heard.append)
    assert len(heard) == 1 and "runs on cpu in fp32; all of it stays there" in heard[0]


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return tiny.save("flux2-klein", tmp_path_factory.mktemp("klein"))


def test_a_models_size_is_counted_without_opening_its_weights(klein):
    from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline

    pipeline = Flux2KleinPipeline.from_pretrained(klein)
    counts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in pipeline.components.items()
        if isinstance(part, torch.nn.Module)
    }
    found = parameter_count.count_parameters(klein)
    statistics = sum(b.numel() for b in pipeline.vae.buffers())
    assert (found.denoiser, found.text) == (counts["transformer"], counts["text_encoder"])
    assert found.vae == counts["vae"] + statistics
    assert found.decoder_channels == 8


def test_weights_in_two_precisions_are_counted_once(tmp_path):
    header = json.dumps({"a": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 60]}}).encode()
    for name in ("model.safetensors", "model.fp16.safetensors"):
        (tmp_path / name).write_bytes(struct.pack("<Q", len(header)) + header + bytes(60))
    assert parameter_count.parameters(tmp_path) == 15
    (tmp_path / "model.safetensors").unlink()
    assert parameter_count.parameters(tmp_path) == 15


def made_with(plan, folder, monkeypatch, **conditioning):
    """A picture made under a plan, on the processor standing in for an accelerator."""
    monkeypatch.setattr(memory_plan, "plan", lambda *_: plan)
    model = load_model(ModelSelection(str(folder), "cpu", (64, 64)))
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    return model, image_to_image(model, picture, 0.6, Conditioning("red hills", steps=2, **conditioning), NoiseSeed(3))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["flux2-klein", "flux", "sd"])
def test_where_parts_live_does_not_change_the_picture(family, klein, tmp_path, monkeypatch):
    folder = klein if family == "flux2-klein" else tiny.save(family, tmp_path / family)
    pictures = []
    for text, blocks in (
        ("resident", "resident"),
        ("swapped", "resident"),
        ("streamed", "resident"),
        ("streamed", "streamed"),
    ):
        plan = memory_plan.MemoryPlan("fp32", "fp32", text, blocks, 0.0)
        pictures.append(made_with(plan, folder, monkeypatch)[1])
    assert all(torch.equal(picture, pictures[0]) for picture in pictures)


def test_eight_bits_hold_less_and_draw_nearly_the_same(klein, monkeypatch):
    whole, expected = made_with(memory_plan.MemoryPlan("fp32", "fp32", "resident", "resident", 0.0), klein, monkeypatch)
    monkeypatch.setattr(offload, "find_spec", lambda name: None)  # as where torchao is not installed
    eighth, found = made_with(memory_plan.MemoryPlan("fp8", "fp32", "resident", "resident", 0.0), klein, monkeypatch)
    stored = eighth.parts.pipeline.transformer.transformer_blocks[0].attn.to_q.weight
    assert stored.dtype == torch.float8_e4m3fn
    assert whole.parts.pipeline.transformer.transformer_blocks[0].attn.to_q.weight.dtype == torch.float32
    assert 0 < (found - expected).abs().mean() < 0.05
    assert eighth.parts.precision == "fp8"


def test_text_encoders_are_on_the_device_only_while_they_read(klein, monkeypatch):
    moves = []
    monkeypatch.setattr(offload, "_move", lambda modules, device: moves.append((type(modules[0]).__name__, device)))
    model, _ = made_with(memory_plan.MemoryPlan("fp32", "fp32", "swapped", "resident", 0.0), klein, monkeypatch)
    denoiser, encoder = (
        type(model.parts.pipeline.transformer).__name__,
        type(model.parts.pipeline.text_encoder).__name__,
    )
    assert moves == [(denoiser, "cpu"), (encoder, "cpu"), (encoder, "cpu"), (denoiser, "cpu")]
    image_to_image(model, torch.rand(1, 3, 64, 64), 0.6, Conditioning("red hills", steps=2), NoiseSeed(9))
    assert len(moves) == 4


@pytest.mark.slow
@pytest.mark.parametrize("part", ["vae", "transformer"])
@pytest.mark.parametrize(
    "fault", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_memory_that_runs_out_is_typed_and_says_what_would_fit(klein, part, fault):
    model = load_model(ModelSelection(str(klein), "cpu", (640, 384)))

    def full(*_):
        raise fault

    target = model.parts.pipeline.vae.encoder if part == "vae" else model.parts.pipeline.transformer
    target.register_forward_pre_hook(full)
    with pytest.raises(OutOfMemory, match=r"Memory ran out.* smaller: 480x288 would need 0\.0\d+ GB less"):
        image_to_image(model, torch.rand(1, 3, 64, 64), 0.6, Conditioning("a", steps=1), NoiseSeed(1))


def test_another_runtime_error_stays_what_it_is(klein):
    model = load_model(ModelSelection(str(klein), "cpu", (64, 64)))

    def wrong(*_):
        raise RuntimeError("shapes cannot be multiplied")

    model.parts.pipeline.vae.encoder.register_forward_pre_hook(wrong)
    with pytest.raises(RuntimeError, match="shapes"):
        image_to_image(model, torch.rand(1, 3, 64, 64), 0.6, Conditioning("a", steps=1), NoiseSeed(1))


def test_a_folder_that_holds_only_half_precision_is_loaded(tmp_path):
    folder = tiny.save("sd", tmp_path / "sd")
    for weights in folder.glob("*/*.safetensors"):
        weights.rename(weights.with_name(weights.name.replace(".safetensors", ".fp16.safetensors")))
    model = load.load(str(folder), "cpu")
    assert image_to_image(model, torch.rand(1, 3, 64, 64), 0.5, Conditioning("a", steps=1), NoiseSeed(1)).shape == (
        1,
        3,
        64,
        64,
    )


def test_this_machine_says_what_is_free():
    there = machine.device("cpu")
    assert there.name == "cpu" and there.free > 0.1 * GB


def test_where_memory_is_shared_what_waits_beside_the_device_takes_of_the_same():
    with pytest.raises(OutOfMemory, match=r"and 11\.0 GB are free in the memory that mps shares"):
        memory_plan.plan("klein", KLEIN, Device("mps", 12 * GB, shared=11 * GB), SIZE)
    small = memory_plan.plan("sd", SD, Device("mps", 12 * GB, shared=11 * GB), (512, 512))
    assert (small.text, small.blocks) == ("resident", "resident") and small.total <= 11 * GB


def test_memory_that_torch_keeps_is_given_back_on_apple(monkeypatch):
    given = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "empty_cache", lambda: given.append("mps"))
    machine.release_unused()
    assert given == ["mps"]


def test_an_apple_gpu_has_what_its_limit_and_the_system_leave(monkeypatch):
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: int(20 * GB))
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: int(2 * GB))
    monkeypatch.setattr(machine.hardware, "memory_free", lambda: int(9 * GB))
    assert machine.device("mps") == Device("mps", 18 * GB, shared=9 * GB)


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB, other allocations: 1 GB, max allowed: 9 GB)."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] . DefaultCPUAllocator: can't allocate memory: 9 bytes."),
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_is_called_so_on_every_device(fault):
    assert is_out_of_memory(fault)
    assert not is_out_of_memory(RuntimeError("shapes differ"))
