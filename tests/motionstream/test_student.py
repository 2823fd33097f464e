"""The student sees what it should, and remembers it in memory that does not grow."""

import pytest
import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor, WanTransformer3DModel
from motion_bridge.engines.motionstream.network.kv_cache import Cache, KeyValue

CHUNK = (12, 3, 8, 8)  # channels, frames, rows, columns: 48 tokens


def chunks(count):
    return torch.randn(count, 1, *CHUNK, generator=torch.Generator().manual_seed(2))


def stream(student, clips, sink, window, sigma):
    """Commit every chunk but the last, then look at the last at noise level sigma."""
    text = student.read_text(torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(3)))
    cache = Cache(len(student.blocks), sink, window)
    with torch.no_grad():
        for clean in clips[:-1]:
            _, memory = student.chunk(clean, torch.zeros(1), text, student.look_back(cache.context(), 8, 8))
            cache.commit(memory)
        return student.chunk(clips[-1], torch.tensor([sigma]), text, student.look_back(cache.context(), 8, 8))[0], cache


def words():
    return torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(3))


def test_one_chunk_alone_is_the_teachers_own_forward(student):
    clip = chunks(1)
    velocity, _ = stream(student, clip, 1, 1, 0.7)
    with torch.no_grad():
        expected = WanTransformer3DModel.forward(student, clip[0], torch.tensor([700.0]), words()).sample
    torch.testing.assert_close(velocity, expected, atol=1e-5, rtol=1e-5)


def test_a_cached_chunk_is_the_uncached_forward_over_the_same_slots(student):
    """Reference: the teacher's forward over three chunks, with a block-causal mask and a noise level for each token."""

    class BlockCausal(WanAttnProcessor):
        def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, rotary_emb=None):
            if encoder_hidden_states is None:
                chunk = torch.arange(hidden_states.shape[1]) // 48
                attention_mask = (chunk[:, None] >= chunk[None])[None, None]
            return super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb)

    clips = chunks(3)
    velocity, _ = stream(student, clips, sink=1, window=1, sigma=0.7)
    for block in student.blocks:
        block.attn1.set_processor(BlockCausal())
    times = torch.cat([torch.zeros(96), torch.full((48,), 700.0)])[None]
    with torch.no_grad():
        together = torch.cat(list(clips), dim=2)
        whole = WanTransformer3DModel.forward(student, together, times, words()).sample
    torch.testing.assert_close(velocity, whole[:, :, 6:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("sink", "window"), [(1, 1), (0, 1), (1, 3), (2, 2), (1, 0), (0, 0)])
def test_the_cache_holds_the_sink_and_the_last_window_in_order(sink, window):
    cache = Cache(layers=1, sink=sink, window=window)
    for chunk in range(9):
        expected = [c for c in range(chunk) if c < sink or c >= chunk - window]
        context = cache.context()[0]
        seen = [] if context is None else context.key[0, :, 0, 0].tolist()
        assert seen == expected
        one = torch.full((1, 1, 1, 1), float(chunk))
        cache.commit([KeyValue(one, one)])
    assert len(cache.slots) == sink + window


def test_what_left_the_window_no_longer_matters(student):
    clips = chunks(4)
    usual, _ = stream(student, clips, sink=1, window=1, sigma=0.5)
    other = clips.clone()
    other[1] += 1.0  # neither sink nor window for the last chunk, but chunk 2 looked at it
    text = student.read_text(words())
    cache = Cache(len(student.blocks), 1, 1)
    with torch.no_grad():
        for clean in clips[:3]:
            _, memory = student.chunk(clean, torch.zeros(1), text, student.look_back(cache.context(), 8, 8))
            cache.commit(memory)
        held = student.look_back(cache.context(), 8, 8)
        again = student.chunk(clips[3], torch.tensor([0.5]), text, held)[0]
    assert torch.equal(usual, again)
    assert held[0].key.shape[1] == 96  # two chunks of 48 tokens, whatever came before
    changed, _ = stream(student, other, sink=1, window=1, sigma=0.5)
    assert not torch.equal(usual, changed)
