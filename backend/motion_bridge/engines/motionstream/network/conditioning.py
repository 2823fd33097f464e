"""What the model is told of a stretch of latent frames: mask, first frame and tracks, as channels beside the noise.

Order of channels: noise, 4 mask, first frame, tracks. Everything here works on one clip and on any range of its latent
frames, and a range gives exactly the slice of the whole. Tracks are drawn on the processor, where additions have an
order, so that the same tracks give the same bytes on every device.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .feature_propagation import propagate
from .track_head import STRIDE, TrackHead, picture_frames
from .track_map import cells_by_floor, track_map

MASK_CHANNELS = 4
TOUCHED = 0.1  # how much of a point in a cell makes it show that point's feature
Cells = Callable[[Tensor, int, int], Tensor]  # one of track_map's


@dataclass(frozen=True)
class FirstFrame:
    """The picture generation starts from, encoded; on the processor."""

    latent: Tensor  # (C, h, w)
    grey: Tensor  # (C, h, w): what the encoder makes of grey, for the frames that are not known
    wake: Tensor | None = None  # (C, k, h, w): what it makes of the grey right after the picture, where that differs

    def unknown(self, frames: range) -> Tensor:
        """What stands in latent frames of which nothing is known: (C, len(frames), h, w)."""
        shown = self.grey[:, None].repeat(1, len(frames), 1, 1)
        if self.wake is not None:
            for at, frame in enumerate(frames):
                if 1 <= frame <= self.wake.shape[1]:
                    shown[:, at] = self.wake[:, frame - 1]
        return shown


@dataclass(frozen=True)
class Tracks:
    """Points to follow, and who they are."""

    points: Tensor  # (N, T, 2) in fractions of the picture
    visible: Tensor  # (N, T) bool
    identity: Tensor  # (N, d), track_map.embed_ids
    origin: Tensor  # (N, 2): where the points were in picture frame 0
    known: Tensor  # (N,) bool: whether they were visible there
    start: int = 0  # the picture frame that points begin with

    def window(self, frames: slice) -> "Tracks":
        """The same points in some picture frames only."""
        part = slice(frames.start - self.start, frames.stop - self.start)
        return replace(self, points=self.points[:, part], visible=self.visible[:, part], start=frames.start)


def whole_clip(points: Tensor, visible: Tensor, identity: Tensor) -> Tracks:
    """Tracks that begin with picture frame 0."""
    return Tracks(points, visible, identity, points[:, 0], visible[:, 0])


def sent(tensor: Tensor, place: Tensor) -> Tensor:
    """A tensor with another's device and precision; to a GPU through pinned memory, so that nobody waits for it."""
    if place.device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(place, non_blocking=True)


def channels(
    first: FirstFrame, tracks: Tracks | None, head: TrackHead, frames: range, carry: bool, cells: Cells = cells_by_floor
) -> Tensor:
    """(4 + C + track channels, len(frames), h, w) for latent frames `frames`, on the head's device.

    tracks: None for no motion at all, which is exact zeros and not the head's answer to an empty map.
    carry: also propagate the first frame's features along the tracks.
    """
    _, height, width = first.latent.shape
    place = head.proj.weight
    picture = sent(_first_frame_channels(first, tracks if carry else None, frames), place)
    if tracks is None:
        return torch.cat([picture, place.new_zeros(head.proj.out_channels, len(frames), height, width)])
    seen = tracks.window(picture_frames(frames.start, frames.stop))
    drawn = sent(track_map(seen.points, seen.visible, seen.identity, height, width, cells), place)
    return torch.cat([picture, head(drawn[None], starts_clip=frames.start == 0)[0]])


def carried_alone(first: FirstFrame, tracks: Tracks, frames: range) -> Tensor:
    """A clip without any network: the first frame's features where the tracks carry them, gray elsewhere.

    (C, len(frames), h, w); what a model must beat to have learned anything about motion.
    """
    return _first_frame_channels(first, tracks.window(picture_frames(frames.start, frames.stop)), frames)[
        MASK_CHANNELS:
    ]


def _first_frame_channels(first: FirstFrame, carried: Tracks | None, frames: range) -> Tensor:
    """Mask and picture: one and the first frame at latent frame 0, afterwards zero and grey or what tracks carry."""
    latent = first.unknown(frames)
    mask = torch.zeros_like(latent[:1])
    later = range(max(1, frames.start), frames.stop)
    if carried is not None and len(later):
        at = [STRIDE * k - carried.start for k in later]
        shown = carried.visible[:, at] & carried.known[:, None]
        feature, amount = propagate(first.latent, carried.origin, carried.points[:, at], shown)
        whole = (amount / TOUCHED).clamp(max=1)  # a feature says what is there, not how sure that is: the mask does
        latent[:, -len(later) :] += whole * (feature - latent[:, -len(later) :])
        mask[:, -len(later) :] = amount
    if frames.start == 0:
        latent[:, 0] = first.latent
        mask[:, 0] = 1
    return torch.cat([mask.expand(MASK_CHANNELS, -1, -1, -1), latent])
