"""What a video is without any network: the first frame's features carried along the tracks, and the model's decoder.

A model that propagates features gets this for nothing, so its errors are told beside these.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from motion_bridge.engines.motionstream.checkpoints import load
from motion_bridge.engines.motionstream.checkpoints.generator import Generator
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, carried_alone
from motion_bridge.engines.motionstream.network.track_head import STRIDE, picture_frames
from motion_bridge.engines.motionstream.streaming import resize, track_inputs
from motion_bridge.engines.motionstream.streaming.live_tracks import LiveTracks
from motion_bridge.engines.motionstream.streaming.stream import chunk_frames
from motion_bridge.metrics.tracker import Video
from motion_bridge.shot import Shot
from torch import Tensor


@torch.no_grad()
def pictures(generator: Generator, first: FirstFrame, tracks: LiveTracks, frames: int) -> Iterator[Tensor]:
    """Chunks of pictures (3, n, H, W) in -1 … 1, until there are so many frames or more."""
    memory = None
    for number in count():
        latents = chunk_frames(generator.usage, number)
        shown = picture_frames(latents.start, latents.stop)
        clean = carried_alone(first, tracks.advance(shown), latents)
        made, memory = generator.decoder(clean[None].to(generator.device), memory)
        yield made[0]
        if shown.stop >= frames:
            return


def carried_video(shot: Shot) -> Video:
    """A Shot's video as the engine would make it if its network said nothing. The Shot needs tracks."""
    loaded = load.load(shot.settings["model"], shot.settings["device"])
    use, head = loaded.generator.usage, loaded.generator.head
    picture = resize.squeezed(shot.first_frame, *resize.size_for(use, shot.width, shot.height))
    tracks, _ = track_inputs.tracks_of(shot, head.temporal_conv.in_channels, STRIDE * use.chunk)
    assert tracks is not None, "A shot without tracks carries nothing."
    made = [
        resize.to_bytes(chunk, shot.width, shot.height).cpu().numpy()
        for chunk in pictures(loaded.generator, loaded.encode(picture), tracks, len(shot.frames))
    ]
    return np.concatenate(made)[: len(shot.frames)]
