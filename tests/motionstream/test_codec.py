"""The decoder streams: chunk by chunk it draws what it draws of the whole clip."""

import pytest
import torch
from motion_bridge.engines.motionstream.network.sketch_vae import Decoder, Encoder


@pytest.mark.slow
def test_streaming_decode_is_whole_decode():
    torch.manual_seed(0)
    decoder = Decoder()
    latents = torch.randn(1, 16, 7, 8, 8)
    with torch.no_grad():
        whole, _ = decoder(latents)
        parts, memory = [], None
        for start in (0, 1, 4):
            picture, memory = decoder(latents[:, :, start : {0: 1, 1: 4, 4: 7}[start]], memory)
            parts.append(picture)
    assert whole.shape == (1, 3, 25, 32, 32)
    torch.testing.assert_close(torch.cat(parts, dim=2), whole, atol=1e-4, rtol=0)


def test_latent_frame_zero_is_the_first_picture_alone():
    torch.manual_seed(0)
    encoder = Encoder()
    clip = torch.rand(1, 3, 9, 32, 32)
    other = clip.clone()
    other[:, :, 1:] = 0
    with torch.no_grad():
        assert torch.equal(encoder(clip)[:, :, 0], encoder(other)[:, :, 0])
        assert encoder(clip).shape == (1, 16, 3, 8, 8)
