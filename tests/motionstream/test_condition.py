"""What the model is told of a stretch of frames is the slice of what it would be told of the whole clip."""

import pytest
import torch
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, channels, whole_clip
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from motion_bridge.engines.motionstream.network.track_map import embed_ids


def told(frames, carry=True, tracks=True):
    torch.manual_seed(0)
    head = TrackHead(64, 16)
    first = FirstFrame(torch.randn(16, 6, 8), torch.zeros(16, 6, 8))
    moving = whole_clip(torch.rand(30, 33, 2), torch.rand(30, 33) > 0.3, embed_ids(torch.arange(30)))
    with torch.no_grad():
        return channels(first, moving if tracks else None, head, frames, carry), first


@pytest.mark.slow
def test_chunks_are_slices_of_the_whole():
    for carry in (True, False):
        whole, _ = told(range(9), carry)
        for start in (0, 3, 6):
            part, _ = told(range(start, start + 3), carry)
            torch.testing.assert_close(part, whole[:, start : start + 3])


def test_the_mask_and_the_picture_stand_at_latent_frame_zero_only():
    whole, first = told(range(9), carry=False)
    assert (whole[:4, 0] == 1).all() and (whole[:4, 1:] == 0).all()
    assert torch.equal(whole[4:20, 0], first.latent) and (whole[4:20, 1:] == 0).all()


def test_without_tracks_their_channels_are_exact_zeros():
    whole, _ = told(range(9), tracks=False)
    assert whole.shape == (36, 9, 6, 8)
    assert (whole[20:] == 0).all()


def test_a_point_that_moves_by_whole_cells_carries_its_feature_there():
    torch.manual_seed(0)
    head = TrackHead(64, 16)
    first = FirstFrame(torch.randn(16, 6, 8), torch.zeros(16, 6, 8))
    points = torch.tensor([[1.5 / 8, 2.5 / 6]]).repeat(1, 5, 1)[None][0]
    points = points + torch.arange(5)[None, :, None] / 4 * torch.tensor([3 / 8, 1 / 6])
    moving = whole_clip(points, torch.ones(1, 5, dtype=torch.bool), embed_ids(torch.arange(1)))
    whole = channels(first, moving, head, range(2), carry=True)
    torch.testing.assert_close(whole[4:20, 1, 3, 4], first.latent[:, 2, 1])
    assert whole[4:20, 1].abs().sum() == whole[4:20, 1, 3, 4].abs().sum()
