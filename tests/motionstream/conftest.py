"""MotionStream's tests need torch."""

import pytest

TINY = dict(
    patch_size=(1, 2, 2),
    num_attention_heads=2,
    attention_head_dim=24,
    in_channels=12,
    out_channels=4,
    text_dim=16,
    freq_dim=32,
    ffn_dim=64,
    num_layers=2,
    rope_max_seq_len=64,
)


@pytest.fixture(autouse=True)
def _needs_torch():
    pytest.importorskip("torch")


@pytest.fixture
def student():
    import torch
    from motion_bridge.engines.motionstream.network.student import Student

    torch.manual_seed(0)
    torch.set_num_threads(1)
    return Student(**TINY).eval()
