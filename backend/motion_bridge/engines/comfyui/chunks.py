"""A long shot in pieces: which frames one run of the workflow makes, and which of them are kept."""

from dataclasses import dataclass

from ...errors import BadInput


@dataclass(frozen=True)
class Chunk:
    """One run: positions in the Shot from `start` on."""

    number: int
    start: int
    count: int  # frames of the Shot
    length: int  # frames that the model makes: count rounded up to what it can make; the rest is dropped
    known: int  # frames at its start that the chunk before has made

    @property
    def kept(self) -> range:
        """The positions that this chunk makes."""
        return range(self.start + self.known, self.start + self.count)

    def position(self, at: int) -> int:
        """The position that its frame number `at` shows: past the Shot's end the last one is held."""
        return self.start + min(at, self.count - 1)


def chunks(frames: int, chunk: int, overlap: int, step: int) -> list[Chunk]:
    """Chunks that cover so many frames. BadInput where the lengths cannot go together."""
    if (chunk - 1) % step:
        below, above = chunk - 1 - (chunk - 1) % step + 1, chunk - 1 + step - (chunk - 1) % step + 1
        raise BadInput(
            f"chunk is {chunk}; a model that makes a multiple of {step} frames plus one can make {below} or {above}."
        )
    if overlap >= chunk > 1:
        raise BadInput(f"overlap is {overlap}; it must be less than the chunk of {chunk} frames.")
    overlap = min(overlap, chunk - 1)
    found: list[Chunk] = []
    start = 0
    while not found or start + overlap < frames:
        count = min(chunk, frames - start)
        length = -(-(count - 1) // step) * step + 1
        found.append(Chunk(len(found), start, count, length, overlap if found else 0))
        start += count - overlap
        if count < chunk:
            break
    return found
