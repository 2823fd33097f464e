"""Decoding beside the generation: on a GPU the decoder draws a chunk while the next one is denoised.

It works on a second CUDA stream and copies its bytes to pinned memory; whoever takes a chunk waits for that copy alone.
On the processor the same calls simply follow each other, and the bytes are the same.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ..network.decoder import Decoder


class Decoded:
    """A chunk's pictures, finished or on their way."""

    def __init__(self, pictures: Tensor, sound: Tensor, ready: torch.cuda.Event | None):
        self._pictures, self._sound, self._ready = pictures, sound, ready

    def wait(self) -> tuple[Tensor, bool]:
        """The pictures as `finish` made them, on the processor, and whether the decoder gave numbers only."""
        if self._ready is not None:
            self._ready.synchronize()
            self._ready = None
        return self._pictures, bool(self._sound)


class Decoding:
    """The decoder of one stream, with its memory."""

    def __init__(self, decoder: Decoder, finish: Callable[[Tensor], Tensor], device: torch.device):
        """finish: what becomes of pictures (3, frames, H, W) before they leave the device."""
        self._decoder, self._finish, self._memory = decoder, finish, None
        self._beside = torch.cuda.Stream(device) if device.type == "cuda" else None

    def __call__(self, clean: Tensor) -> Decoded:
        if self._beside is None:
            return Decoded(*self._decode(clean), None)
        self._beside.wait_stream(torch.cuda.current_stream(clean.device))
        with torch.cuda.stream(self._beside):
            made = [_pinned(tensor) for tensor in self._decode(clean)]
            clean.record_stream(self._beside)  # its memory is not given to others before this stream has read it
            ready = torch.cuda.Event()
            ready.record(self._beside)
        return Decoded(made[0], made[1], ready)

    def _decode(self, clean: Tensor) -> tuple[Tensor, Tensor]:
        shown, self._memory = self._decoder(clean, self._memory)
        return self._finish(shown[0]), torch.isfinite(shown).all()


def _pinned(tensor: Tensor) -> Tensor:
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    host.copy_(tensor, non_blocking=True)
    return host
