"""What every decoder of latents can do."""

from typing import Any, Protocol

from torch import Tensor


class Decoder(Protocol):
    """Latents to pictures, chunk by chunk, with the memory that it returned: codec.Decoder, wan_vae.WanDecoder."""

    def __call__(self, latents: Tensor, memory: Any = None) -> tuple[Tensor, Any]: ...
