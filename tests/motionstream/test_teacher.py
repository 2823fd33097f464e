"""The teacher makes a whole clip at once, guided by text and motion together."""

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, whole_clip
from motion_bridge.engines.motionstream.network.guidance import Coefficients, coefficients
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.teacher import Teacher, generate
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from motion_bridge.engines.motionstream.network.track_map import embed_ids

SHAPE = dict(patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=24, in_channels=16, out_channels=4)


def made(weights, steps=4):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    transformer = WanTransformer3DModel(**SHAPE, text_dim=16, freq_dim=32, ffn_dim=64, num_layers=2)
    teacher = Teacher(transformer.eval(), TrackHead(64, 4), carries=True)
    first = FirstFrame(torch.randn(4, 8, 8), torch.zeros(4, 8, 8))
    tracks = whole_clip(torch.rand(6, 9, 2), torch.ones(6, 9, dtype=torch.bool), embed_ids(torch.arange(6)))
    noise, text = torch.randn(4, 3, 8, 8), torch.randn(5, 16)
    clip = generate(teacher, noise, first, tracks, text, sigmas(steps), weights)
    return clip, (teacher, noise, first, tracks, text)


def test_with_all_weight_on_both_it_is_a_plain_euler_run_under_text_and_motion():
    clip, (teacher, plain, first, tracks, text) = made(Coefficients(1.0, 0.0, 0.0))
    levels = sigmas(4)
    with torch.no_grad():
        for level, following in zip(levels, [*levels[1:], 0.0], strict=True):
            velocity = teacher(plain[None], torch.tensor([level]), [first], [tracks], text[None])[0]
            plain = plain + (following - level) * velocity
    torch.testing.assert_close(clip, plain, atol=1e-5, rtol=1e-5)


def test_one_step_under_guidance_is_the_weighted_sum_of_three_velocities():
    weights = coefficients()
    clip, (teacher, noise, first, tracks, text) = made(weights, steps=1)
    one = torch.ones(1)
    with torch.no_grad():
        both = teacher(noise[None], one, [first], [tracks], text[None])[0]
        no_text = teacher(noise[None], one, [first], [tracks], torch.zeros_like(text)[None])[0]
        no_motion = teacher(noise[None], one, [first], [None], text[None])[0]
    velocity = weights.both * both + weights.no_text * no_text + weights.no_motion * no_motion
    torch.testing.assert_close(clip, noise - velocity, atol=1e-5, rtol=1e-5)
