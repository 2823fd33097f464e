"""The size at which a model draws a Shot's picture."""

import math
import re

from ...errors import BadInput
from ...model_registry.video_registry import VideoFamily

LARGEST = 4096  # pixels of a side


def chosen(family: VideoFamily, text: str, width: int, height: int) -> tuple[int, int]:
    """Width and height: what `text` asks for, else about the model's own area in the Shot's shape.

    BadInput for a size that the model does not take.
    """
    if text:
        return read(family, text)
    area, shape = family.width * family.height, width / height
    sides = math.sqrt(area * shape), math.sqrt(area / shape)
    across, down = (max(1, round(side / family.multiple)) * family.multiple for side in sides)
    return min(across, LARGEST), min(down, LARGEST)


def read(family: VideoFamily, text: str) -> tuple[int, int]:
    """A size such as 832x480. BadInput where it is none, or not a multiple of what the model's cells measure."""
    match = re.fullmatch(r"\s*([0-9]{1,5})\s*[x×*]\s*([0-9]{1,5})\s*", text)
    if match is None:
        raise BadInput(f"size is {text!r}; write it like {family.width}x{family.height}, or leave it empty.")
    size = int(match[1]), int(match[2])
    fitting = tuple(min(max(1, round(side / family.multiple)) * family.multiple, LARGEST) for side in size)
    if size != fitting:
        raise BadInput(
            f"size is {size[0]}x{size[1]}; {family.label} takes multiples of {family.multiple} up to {LARGEST}: "
            f"{fitting[0]}x{fitting[1]} would do."
        )
    return size


def sentence(family: VideoFamily, size: tuple[int, int], width: int, height: int) -> list[str]:
    """What becomes of a picture that has another size; nothing where it has not."""
    if size == (width, height):
        return []
    stretch = size[0] / width / (size[1] / height)
    more = "" if abs(stretch - 1) < 1e-3 else f", stretched by {abs(stretch - 1):.1%}; the lens follows"
    return [f"{family.label} draws {size[0]}x{size[1]}; the shot's {width}x{height} are scaled to it and back{more}."]
