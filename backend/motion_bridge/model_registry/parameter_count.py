"""How big a model is: counted from the headers of its files, without reading a weight."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import json_text
from ..files.regular import open_regular

LARGEST_HEADER = 16 << 20  # bytes; of FLUX.2 dev it has 60 thousand
MOST_WEIGHTS = 1 << 40  # that a tensor may have
SMALLEST = 64  # pixels on a side that any model takes
WIDEST = 256  # channels of a decoder at full size, where its configuration does not say


@dataclass(frozen=True)
class ParameterCounts:
    """What a plan must know of a model: parameters of its parts, and the decoder's width."""

    denoiser: int  # transformer or U-Net, with a ControlNet beside it
    text: int  # all text encoders
    vae: int
    decoder_channels: int  # at full size


def count_parameters(folder: Path, control: Path | None = None) -> ParameterCounts:
    """The facts of a pipeline's folder that folder.check found whole. BadInput for a file that is cut short."""
    parts = {part.name: parameters(part) for part in folder.iterdir() if part.is_dir()}
    beside = parameters(control) if control else 0
    return ParameterCounts(
        denoiser=parts.get("transformer", 0) + parts.get("unet", 0) + beside,
        text=sum(count for name, count in parts.items() if name.startswith("text_encoder")),
        vae=parts.get("vae", 0),
        decoder_channels=_decoder_channels(folder / "vae" / "config.json"),
    )


def parameters(folder: Path) -> int:
    """The number of weights in a component's safetensors; each counted once where there are several precisions."""
    files = [
        path for path in folder.glob("*.safetensors") if ".fp16." not in path.name and ".non_ema." not in path.name
    ]
    return sum(prod(shape) for path in files or folder.glob("*.safetensors") for shape in _shapes(path))


def _shapes(path: Path) -> Iterator[list[int]]:
    """A safetensors file starts with the length of its header, 8 bytes, and the header, JSON."""
    try:
        with open_regular(path) as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LARGEST_HEADER:
                raise ValueError("its header is too long")
            header = json_text.parse(file.read(length), "its header")
        shapes = [entry["shape"] for name, entry in header.items() if name != "__metadata__"]
        if not all(_is_shape(shape) for shape in shapes):
            raise ValueError("a shape in its header is none")
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError, BadInput) as fault:
        raise BadInput(f"{path} cannot be loaded: it is not a whole safetensors file ({fault}).") from None
    yield from shapes


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(type(side) is int and side >= 0 for side in value)
        and prod(value[:8]) <= MOST_WEIGHTS
        and len(value) <= 8
    )


def _decoder_channels(config: Path) -> int:
    """The last block of a decoder takes the channels of the block before it at the picture's full size."""
    try:
        widths = json_text.read_object(config)["block_out_channels"]
        return int(widths[min(1, len(widths) - 1)])
    except (BadInput, ValueError, KeyError, TypeError, IndexError):
        return WIDEST
