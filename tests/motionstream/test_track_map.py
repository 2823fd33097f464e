"""A track map says which point is where, chunk by chunk exactly as for the whole clip."""

import pytest
import torch
from motion_bridge.engines.motionstream.network.track_head import TrackHead, picture_frames
from motion_bridge.engines.motionstream.network.track_map import cells_by_rounding, draw_ids, embed_ids, track_map
from motion_bridge.errors import BadInput


def clip(count=40, frames=33, seed=0):
    make = torch.Generator().manual_seed(seed)
    points = torch.rand(count, frames, 2, generator=make) * 1.4 - 0.2
    visible = torch.rand(count, frames, generator=make) > 0.3
    return points, visible, embed_ids(draw_ids(count, make))


def test_an_identity_is_cosines_and_sines_at_falling_frequencies():
    phi = embed_ids(torch.tensor([3]))[0]
    torch.testing.assert_close(phi[:4], torch.tensor([-0.98999250, -0.62792671, -0.11596616, 0.30096731]))
    torch.testing.assert_close(phi[32:36], torch.tensor([0.14112000, 0.77827251, 0.99325317, 0.95363444]))
    assert abs(phi[63].item() - 0.00040005624759942293) < 1e-9


def test_identities_are_distinct_and_limited():
    assert draw_ids(2500, torch.Generator().manual_seed(1)).unique().numel() == 2500
    with pytest.raises(BadInput, match="100001 tracks are more than"):
        draw_ids(100_001, torch.Generator())


def test_a_visible_point_writes_its_identity_into_its_cell_and_a_hidden_one_nothing():
    phi = embed_ids(torch.tensor([7, 8]))
    points = torch.tensor([[[0.5, 0.25], [0.5, 0.25]], [[0.5, 0.25], [2.0, 0.5]]])
    drawn = track_map(points, torch.tensor([[True, False], [True, True]]), phi, height=4, width=8)
    torch.testing.assert_close(drawn[:, 0, 1, 4], phi[0] + phi[1])
    assert drawn[:, 0].abs().sum() == (phi[0] + phi[1]).abs().sum()
    assert drawn[:, 1].abs().sum() == 0  # one hidden, one outside the picture


def test_the_map_of_a_chunk_is_the_slice_of_the_whole_map():
    points, visible, phi = clip()
    whole = track_map(points, visible, phi, 6, 10)
    for start, stop in ((0, 12), (12, 24), (24, 33), (5, 6)):
        part = track_map(points[:, start:stop], visible[:, start:stop], phi, 6, 10)
        assert torch.equal(part, whole[:, start:stop])


def test_the_head_gives_for_each_chunk_the_slice_of_the_whole_clip():
    torch.manual_seed(0)
    head = TrackHead(64, 16)
    points, visible, phi = clip()
    whole = head(track_map(points, visible, phi, 6, 10)[None], starts_clip=True)
    assert whole.shape == (1, 16, 9, 6, 10)
    for start in range(0, 9, 3):
        frames = picture_frames(start, start + 3)
        maps = track_map(points[:, frames], visible[:, frames], phi, 6, 10)[None]
        torch.testing.assert_close(head(maps, starts_clip=start == 0), whole[:, :, start : start + 3])


def test_the_head_computes_what_the_open_checkpoints_compute():
    head = TrackHead(8, 4)
    c, d, t = torch.meshgrid(torch.arange(4), torch.arange(8), torch.arange(4), indexing="ij")
    head.temporal_conv.weight.data = ((((c + 1) * 3 + (d + 1) * 5 + (t + 1) * 7) % 11 - 5) / 10)[..., None, None]
    head.temporal_conv.bias.data = torch.tensor([0.1, -0.2, 0.3, 0.0])
    o, i = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    head.proj.weight.data = ((((o + 1) * 2 + (i + 1) * 3) % 7 - 3) / 10)[..., None, None, None]
    head.proj.bias.data = torch.tensor([0.05, 0.0, -0.05, 0.02])
    along = torch.arange(9) / 8
    half, one = torch.full((9,), 0.5), torch.ones(9)
    points = torch.stack([torch.stack([along, half], -1), torch.stack([one, along], -1)])
    visible = torch.ones(2, 9, dtype=torch.bool)
    visible[1, 4:7] = False
    maps = track_map(points, visible, embed_ids(torch.tensor([3, 70000]), 8), 3, 5, cells_by_rounding)
    out = head(maps[None], starts_clip=True)[0]
    expected_0 = [[0.14, 0.14, 0.14, 0.14, 0.123731], [0.123286, 0.14, 0.14, 0.14, 0.14], [0.14] * 5]
    expected_1 = [[0.14] * 4 + [-0.071576], [0.341164, 0.456412, -0.192797, 0.14, 0.065974], [0.14] * 5]
    torch.testing.assert_close(out[0, 0], torch.tensor(expected_0), atol=1e-4, rtol=0)
    torch.testing.assert_close(out[0, 1], torch.tensor(expected_1), atol=1e-4, rtol=0)
    assert abs(out.sum().item() - 5.59534) < 1e-3
    assert abs(out.abs().sum().item() - 25.19843) < 1e-3
