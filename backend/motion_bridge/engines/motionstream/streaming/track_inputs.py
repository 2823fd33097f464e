"""A Shot's tracks as the model is told them."""

import torch
from torch import Tensor

from ....errors import BadInput
from ....shot import Shot
from ..network.track_map import ID_SPACE, draw_ids, embed_ids
from .live_tracks import LiveTracks


def tracks_of(shot: Shot, width: int, beyond: int) -> tuple[LiveTracks | None, list[str]]:
    """The Shot's tracks under identities drawn by its seed, and what must be said about them.

    Grid and path tracks follow the scene, pinned ones stay; live ones follow their path until a hand takes them. None
    where no track is ever seen: then text and first frame are all the model is told.
    width: of the identities; beyond: picture frames past the end for which paths are carried on. BadInput for more
    tracks than identities.
    """
    tracks = shot.tracks
    if tracks is None or not len(tracks.name):
        return None, ["This shot has no tracks: the video follows text and first frame alone."]
    draw = torch.Generator().manual_seed(shot.seed % (1 << 63))
    count = len(tracks.name)
    numbers = draw_ids(max(count, ID_SPACE), draw)  # of one drawing, whoever is added later too
    identity, spare = embed_ids(numbers[:count], width), numbers[count:]
    size = torch.tensor([shot.width, shot.height], dtype=torch.float32)
    points, marked = torch.tensor(tracks.xy) / size, torch.tensor(tracks.visible)
    inside = ((points >= 0) & (points < 1)).all(-1)
    said = []
    outside = int((marked & ~inside).any(1).sum())
    if outside:
        said.append(
            f"{outside} of {len(marked)} tracks are marked visible outside the picture; they count as hidden there."
        )
    visible = marked & inside
    points, visible = _carried_on(points, visible, beyond)
    if not visible.any() and "live" not in tracks.kind:
        return None, [
            *said,
            f"All {len(marked)} tracks are hidden in every frame: the video follows text and first frame alone.",
        ]
    return LiveTracks(points, visible, identity, spare), said


def no_tracks(shot: Shot, width: int) -> LiveTracks:
    """Nobody yet; tracks may be added while the job runs, under identities drawn by the Shot's seed."""
    numbers = draw_ids(ID_SPACE, torch.Generator().manual_seed(shot.seed % (1 << 63)))
    nothing = torch.zeros(0, len(shot.frames))
    return LiveTracks(nothing[..., None].expand(-1, -1, 2), nothing.bool(), torch.zeros(0, width), numbers)


def _carried_on(points: Tensor, visible: Tensor, beyond: int) -> tuple[Tensor, Tensor]:
    """Paths that go on past the Shot's end as they last moved, for the rest of its last chunk.

    A chunk is made as one: were its end silent, its beginning would be told to come to rest.
    """
    step = points[:, -1] - points[:, -2] if points.shape[1] > 1 else torch.zeros_like(points[:, 0])
    more = points[:, -1:] + torch.arange(1, beyond + 1)[:, None] * step[:, None]
    inside = ((more >= 0) & (more < 1)).all(-1)
    return torch.cat([points, more], dim=1), torch.cat([visible, visible[:, -1:] & inside], dim=1)


def check_lengths(shot: Shot) -> None:
    """BadInput where tracks and frames do not fit together, for Shots that no folder was read for."""
    if shot.tracks is None:
        return
    found, frames = shot.tracks.xy.shape, len(shot.frames)
    if found != (len(shot.tracks.name), frames, 2) or shot.tracks.visible.shape != found[:2]:
        raise BadInput(
            f"The tracks have positions {found} and visibilities {shot.tracks.visible.shape} for "
            f"{len(shot.tracks.name)} tracks and {frames} frames."
        )
