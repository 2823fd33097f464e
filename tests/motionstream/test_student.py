"""The student sees what it should, and remembers it in memory that does not grow."""

import pytest
import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor, WanTransformer3DModel
from motion_bridge.engines.motionstream.network.kv_cache import Cache, KeyValue, SlotCache

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


def slots(student, sink, window, room=48):
    return SlotCache(len(student.blocks), sink, window, room, lambda key, at: student.turned(key, at, 8, 8))


@pytest.mark.parametrize(("sink", "window"), [(1, 1), (0, 1), (1, 3), (2, 2), (1, 0), (0, 0), (0, 2)])
def test_keys_that_lie_turned_in_one_buffer_see_what_keys_put_together_anew_do(student, sink, window):
    """Reference: the memory without rotation, put together and turned for every chunk, as training has it."""
    text, cache, buffers = (
        student.read_text(words()),
        Cache(len(student.blocks), sink, window),
        slots(student, sink, window),
    )
    with torch.no_grad():
        for clean in chunks(7):
            reference = student.look_back(cache.context(), 8, 8)
            expected, memory = student.chunk(clean, torch.tensor([0.7]), text, reference)
            found, _ = student.chunk(clean, torch.tensor([0.7]), text, buffers.context())
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
            cache.commit(memory)
            buffers.commit(memory)


def test_at_a_window_of_one_chunk_each_key_is_turned_once(student):
    turned = []

    def turn(key, at):
        turned.append(at)
        return student.turned(key, at, 8, 8)

    buffers = SlotCache(len(student.blocks), 1, 1, 48, turn)
    text = student.read_text(words())
    with torch.no_grad():
        for clean in chunks(6):
            buffers.commit(student.chunk(clean, torch.zeros(1), text, buffers.context())[1])
    assert turned == [0] * 2 + [48] * 5 * 2  # two layers: the first chunk in the sink, five more in the window
    one = buffers.context()
    assert one[0].key.data_ptr() == buffers.context()[0].key.data_ptr() and one[0].key.shape[1] == 3 * 48


@pytest.mark.parametrize(("sink", "window"), [(1, 1), (1, 2), (2, 1), (2, 2), (1, 0)])
def test_a_renewed_sink_takes_the_newest_chunk_out_of_the_window(sink, window):
    """No chunk is held twice, and the next one fills the window again."""
    cache = SlotCache(1, sink, window, 1, lambda key, at: key)

    def held():
        return cache.context()[0].key[0, : cache.context()[0].tokens, 0, 0].tolist()

    def commit(number):
        one = torch.full((1, 1, 1, 1), float(number))
        cache.commit([KeyValue(one, one)])
        return [KeyValue(one, one)]

    newest = [commit(number) for number in range(6)][-1]
    before = held()
    cache.renew_sink(newest)
    assert sorted(set(held())) == sorted(held()) and held()[sink - 1] == 5.0
    assert held() == [*before[1:sink], 5.0, *(each for each in before[sink:] if each != 5.0)]
    commit(6)
    expected = [*before[1:sink], 5.0, *([each for each in before[sink:] if each != 5.0] + [6.0])[-window or 9 :]]
    assert held() == (expected if window else [5.0])


def test_a_sink_that_is_the_newest_chunk_is_not_renewed_by_itself():
    cache = SlotCache(1, 2, 1, 1, lambda key, at: key)
    both = [[KeyValue(one, one)] for one in (torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1))]
    for each in both:
        cache.commit(each)
    cache.renew_sink(both[-1])
    assert cache.context()[0].key[0, :2, 0, 0].tolist() == [0.0, 1.0]


def test_the_real_rotation_is_the_complex_one(student):
    """Reference: pairs of neighbors as complex numbers, times unit complex numbers."""
    keys = torch.randn(2, 96, 2, 24, generator=torch.Generator().manual_seed(0))
    table = student._rotation(6, 4, 4)
    unit = torch.complex(table[0], table[1])[:, None]
    pairs = torch.view_as_complex(keys.unflatten(-1, (-1, 2)).contiguous())
    expected = torch.view_as_real(pairs * unit).flatten(-2)
    torch.testing.assert_close(student.turned(keys, 0, 8, 8), expected, atol=1e-6, rtol=0)
    half = student.turned(keys[:, 48:], 48, 8, 8)  # what lies behind others is turned for there
    torch.testing.assert_close(half, expected[:, 48:], atol=1e-6, rtol=0)
