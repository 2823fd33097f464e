"""Frame ranges as people write them: 5, 1-48, -5-18, 1-48x2."""

import re

from ...backend.motion_bridge.errors import BadInput

_RANGE = re.compile(r"(-?\d{1,18})(?:-(-?\d{1,18})(?:x(\d{1,18}))?)?")
TIMELINE = 1_048_574  # Blender's first and last frame
LONGEST = 1_000_000  # frames; above it somebody has mistyped


def parse(text: str) -> tuple[int, ...]:
    """The frame numbers that a range means; BadInput for one that is empty, reversed or no range."""
    found = _RANGE.fullmatch(text.strip())
    if not found and "." in text:
        raise BadInput(
            f"{text.strip()!r} asks for times between frames, and frames are whole. To have more of them, stretch the "
            "time in the output properties: Time Stretching, Old 100, New 200 renders twice as many."
        )
    if not found:
        raise BadInput(f"{text!r} is not a frame range; write 5, 1-48, -5-18 or, for every second frame, 1-48x2.")
    first = int(found[1])
    last = int(found[2]) if found[2] else first
    step = int(found[3]) if found[3] else 1
    if last < first:
        raise BadInput(f"Frame range {text.strip()} is reversed; write {last}-{first}.")
    return span(first, last, step)


def span(first: int, last: int, step: int) -> tuple[int, ...]:
    """Every step-th frame from first to last; BadInput when there are none, or too many to be meant."""
    if step < 1:
        raise BadInput(f"A step of {step} frames goes nowhere; it must be 1 or more.")
    if last < first:
        raise BadInput(f"Frame range {first}-{last} is reversed; write {last}-{first}.")
    if first < -TIMELINE or last > TIMELINE:
        raise BadInput(f"Frame range {first}-{last} lies outside of Blender's timeline, -{TIMELINE} to {TIMELINE}.")
    if (last - first) // step >= LONGEST:
        raise BadInput(f"Frame range {first}-{last} has more than {LONGEST} frames; make shorter takes.")
    return tuple(range(first, last + 1, step))
