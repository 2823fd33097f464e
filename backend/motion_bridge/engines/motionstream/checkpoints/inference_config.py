"""How a student is meant to be run: what it was trained with, kept beside its weights as motionstream.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ....errors import BadInput
from ....files import json_text, writing
from ..network.prediction_type import MEANINGS, VELOCITY
from ..network.sampler import SHIFT, sigmas

FILE, FORMAT, VERSION = "motionstream.json", "motion-bridge motionstream", 1
CELLS = ("floor", "round")  # track_map.cells_by_floor, cells_by_rounding
TEXTS = ("words", "t5")


@dataclass(frozen=True)
class Usage:
    """Chunks are counted in latent frames, sink and window in chunks."""

    width: int  # pixels; the size it was trained at
    height: int
    any_size: bool  # it also takes other sizes of about the same area
    text: str  # words: sketch.embed_words; t5: the text encoder in the folder
    levels: tuple[float, ...]  # noise levels of the denoising steps, from 1 downwards
    shift: float = SHIFT  # of the schedule that another number of steps is taken from
    carries: bool = False  # the first frame's features are propagated along the tracks
    answers: str = VELOCITY  # what the transformer's output means; see answer.py
    cells: str = "floor"
    chunk: int = 3
    first_chunk: int = 3  # of the clip's first chunk
    sink: int = 1
    window: int = 1
    recalled: int = 3  # how much of each chunk in the window is looked back at, its end
    whole_times: bool = False  # the noise level is told in whole thousandths, rounded down
    grey: int = 1  # latent frames after the first that the encoder's answer to grey is kept of; the last stands on

    def with_settings(self, *, steps: int = 0, chunk: int = 0, sink: int = -1, window: int = -1) -> "Usage":
        """Another number of steps, another chunk, sink or window; 0 (sink, window: -1) leaves the model's own."""
        changed: dict[str, Any] = {}
        if steps:
            changed["levels"] = tuple(sigmas(steps, self.shift))
        if chunk:
            first = chunk if self.first_chunk == self.chunk else self.first_chunk
            recalled = chunk if self.recalled == self.chunk else min(self.recalled, chunk)
            changed.update(chunk=chunk, first_chunk=first, recalled=recalled)
        if sink >= 0:
            changed["sink"] = sink
        if window >= 0:
            changed["window"] = window
        return replace(self, **changed)


# The open causal checkpoints: four steps of shift 6 on a grid that shifts its own last level again; one latent frame
# first, then three at a time, looking back at frame 0 and the last two.
OPEN = Usage(
    width=832,
    height=480,
    any_size=True,
    text="t5",
    levels=(1.0, 0.94769879, 0.85835695, 0.67105263),
    cells="round",
    first_chunk=1,
    recalled=2,
    whole_times=True,
    grey=30,
)


def read(folder: Path) -> Usage:
    """What the folder says of itself; the open checkpoints say nothing and are run as they were trained."""
    path = folder / FILE
    if not path.exists():
        return OPEN
    try:
        said = json_text.read_object(path)
        if said.pop("format") != FORMAT or said.pop("version") != VERSION:
            raise BadInput(f"{path} is of another format or version; this program reads {FORMAT} {VERSION}.")
        said["levels"] = tuple(said["levels"])
        found = Usage(**said)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise BadInput(f"{path} does not say how its model is run: {fault}.") from None
    _check(found, path)
    return found


def write(usage: Usage, folder: Path) -> None:
    """Beside the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"format": FORMAT, "version": VERSION, **asdict(usage)}
    writing.write(folder, FILE, (json.dumps(said, indent=1) + "\n").encode())


def _check(usage: Usage, path: Path) -> None:
    least = {"width": 16, "height": 16, "chunk": 1, "first_chunk": 1, "recalled": 1, "sink": 0, "window": 0, "grey": 0}
    for field in fields(usage):
        value = getattr(usage, field.name)
        if field.type in (int, "int") and (not isinstance(value, int) or value < least[field.name]):
            raise BadInput(f"{path}: {field.name} is {value!r}; it must be a whole number from {least[field.name]} on.")
    if not _falling(usage.levels):
        raise BadInput(f"{path}: levels are {usage.levels}; they must fall from 1 and stay above 0.")
    named = (("cells", usage.cells, CELLS), ("text", usage.text, TEXTS), ("answers", usage.answers, MEANINGS))
    for name, value, known in named:
        if value not in known:
            raise BadInput(f"{path}: {name} is {value!r}; choose one of {', '.join(known)}.")


def _falling(levels: Sequence[float]) -> bool:
    return bool(levels) and levels[0] == 1 and all(a > b > 0 for a, b in zip(levels, [*levels[1:], 1e-9], strict=True))
