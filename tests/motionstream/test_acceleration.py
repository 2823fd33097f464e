"""What makes the passes fast changes nothing that is computed, and says what a machine cannot do."""

import pytest
import torch
from motion_bridge.engines.motionstream.network.acceleration import Acceleration, accelerate
from motion_bridge.engines.motionstream.network.kv_cache import SlotCache
from motion_bridge.engines.motionstream.network.student import block_pass
from motion_bridge.errors import BadInput


def streamed(student, count=4):
    """Velocities of some chunks, each looking back at the ones before."""
    make = torch.Generator().manual_seed(2)
    text = student.read_text(torch.randn(1, 5, 16, generator=make))
    cache = SlotCache(len(student.blocks), 1, 1, 48, lambda key, at: student.turned(key, at, 8, 8))
    made = []
    with torch.no_grad():
        for clean in torch.randn(count, 1, 12, 3, 8, 8, generator=make):
            context = cache.context()
            made.append(student.chunk(clean, torch.tensor([0.7]), text, context)[0])
            cache.commit(student.chunk(clean, torch.zeros(1), text, context)[1])
    return torch.stack(made)


@pytest.mark.slow
def test_blocks_compile_without_a_break_once_for_all_layers_and_give_the_same(student):
    """Three graphs: looking back at nothing, at one chunk, at two; whatever the layer and the chunk's number."""
    from torch._dynamo.testing import CompileCounter

    expected, counter = streamed(student, 6), CompileCounter()
    student.run_block = torch.compile(block_pass, fullgraph=True, dynamic=False, backend=counter)
    try:
        torch.testing.assert_close(streamed(student, 6), expected, atol=1e-5, rtol=0)
    finally:
        torch._dynamo.reset()
    assert counter.frame_count == 3


def test_what_this_machine_cannot_do_is_refused_with_a_remedy(student):
    for wanted, says in (
        (Acceleration(attention="fast"), "attention is 'fast'; choose one of native, cudnn, flash3"),
        (Acceleration(attention="cudnn"), "attention cudnn needs an NVIDIA card"),
        (Acceleration(graphs=True), "graphs need an NVIDIA card"),
        (Acceleration(precision="fp8"), "has no torchao"),
    ):
        with pytest.raises(BadInput, match=says):
            accelerate(student, wanted)
    with pytest.raises(BadInput, match="precision is 'float7'"):
        Acceleration(precision="float7").dtype("cpu")


def test_compiling_without_a_compiler_is_refused_before_the_job_begins(student, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(BadInput, match="needs a C\\+\\+ compiler"):
        accelerate(student, Acceleration(compile=True))
    assert student.run_block is None


def test_precision_follows_the_device_unless_it_is_named():
    assert Acceleration().dtype("cpu") == torch.float32 and Acceleration().dtype("cuda:0") == torch.bfloat16
    assert Acceleration(precision="float32").dtype("cuda") == torch.float32
    assert Acceleration(precision="fp8").dtype("cuda") == torch.bfloat16  # what is not a matrix product


def test_nothing_asked_for_changes_nothing(student):
    before = streamed(student)
    assert torch.equal(streamed(accelerate(student, Acceleration())), before)
