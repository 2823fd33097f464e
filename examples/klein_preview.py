"""A preview that streams: pictures arrive as they are made, and half-way the words change.

    python examples/klein_preview.py preview.mp4 --model flux.2-klein-4b

Latents are fed back and a picture is decoded while the next one is painted. Nothing is kept but the movie; a program
with a window would show each picture where this one counts them.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from motion_bridge import DeforumFlux
from motion_bridge.media import movie

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("movie", type=Path, help="the .mp4 to write")
parser.add_argument("--model", default="auto", help="a registered name or a model's folder")
parser.add_argument("--frames", type=int, default=60)
parser.add_argument("--size", type=int, help="pixels of a side; default: what suits the model")
options = parser.parse_args()

movie.check(options.movie)
stream = DeforumFlux(options.model).preview(
    prompt="green hills with a white house on a clear day",
    zoom="0:(1.015)",
    frames=options.frames,
    width=options.size,
    height=options.size,
    preset="fast_preview",
    start_sigma=0.8,  # enough for new words to show
)


def pictures() -> Iterator:
    """What comes, counted."""
    start = 0.0
    for number, picture in enumerate(stream):
        start = start or time.monotonic()  # the first one also pays for loading
        if number:
            print(f"frame {number}: {number / (time.monotonic() - start):.1f} frames/s", flush=True)
        if number == options.frames // 2:
            stream.say("green hills with a white house at night")
        yield picture


movie.write(options.movie, pictures(), fps=24)
