"""The head that brings the track map to the latent's rate: four frames packed into channels, then one small mix.

Latent frame 0 stands for picture frame 0, latent frame k for frames 4k-3 … 4k, as in Wan's VAE: so the clip is padded
with three empty frames in front, once. Parameter names and shapes are those of the open 52-channel checkpoints.
"""

from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4  # picture frames in a latent frame


class TrackHead(nn.Module):
    def __init__(self, identity_width: int = 64, channels: int = 16):
        super().__init__()
        self.temporal_conv = nn.Conv3d(identity_width, channels, (STRIDE, 1, 1), stride=(STRIDE, 1, 1))
        self.proj = nn.Conv3d(channels, channels, 1)

    def forward(self, maps: Tensor, starts_clip: bool) -> Tensor:
        """(B, d, T, h, w) at the picture's frame rate → (B, channels, latent frames, h, w).

        starts_clip: the maps begin with the clip's frame 0; otherwise with the first frame of a later latent frame.
        """
        if starts_clip:
            maps = functional.pad(maps, (0, 0, 0, 0, STRIDE - 1, 0))
        return self.proj(self.temporal_conv(maps.to(self.proj.weight.dtype)))


def picture_frames(latent_start: int, latent_stop: int) -> slice:
    """The picture frames that the latent frames [start, stop) stand for."""
    return slice(max(0, STRIDE * latent_start - (STRIDE - 1)), STRIDE * (latent_stop - 1) + 1)
