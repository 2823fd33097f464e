"""A stream that somebody steers: a generator of chunks, and what may be done between one chunk and the next.

    session = Session(generator, first, tracks, seed=7)
    for chunk in session:
        show(chunk.pictures)
        session.tracks.drag(3, to)        # in the next chunk
        session.say(text)                 # in the next chunk

A pause is not to ask for the next chunk; nothing is lost by it. Whatever is done before a chunk is begun is in that
chunk: one chunk is the latency.
"""

from collections.abc import Callable, Iterator

from torch import Tensor

from ..checkpoints.generator import Generator
from ..network.conditioning import FirstFrame
from ..network.student import Text
from .live_tracks import LiveTracks
from .stream import Chunk, Direction, stream


class Session(Iterator[Chunk]):
    """Chunks for ever, as the tracks and the text say at the moment each is begun."""

    def __init__(
        self,
        generator: Generator,
        first: FirstFrame,
        tracks: LiveTracks | None,
        text: Text,
        seed: int,
        finish: Callable[[Tensor], Tensor] = lambda pictures: pictures,
        refresh_beyond: float | None = None,
    ):
        """tracks: None for text and first frame alone. finish, refresh_beyond: as stream has them."""
        self.tracks = tracks
        self.text = text
        self._refresh = False
        self._chunks = stream(generator, first, self._direct, seed, finish, refresh_beyond)

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def say(self, text: Text) -> None:
        """Another prompt, from the next chunk on."""
        self.text = text

    def refresh_sink(self) -> None:
        """Before the next chunk, let the newest one take the place of the first: the scene has moved on."""
        self._refresh = True

    def _direct(self, frames: slice) -> Direction:
        refresh, self._refresh = self._refresh, False
        return Direction(self.tracks.advance(frames) if self.tracks else None, self.text, refresh)
