"""A slow zoom into a picture that is made from a prompt alone: ten lines of Python.

    python examples/simple_zoom.py zoom                       # frames, and zoom.mp4
    python examples/simple_zoom.py zoom --model flux.2-klein-4b

Needs `pip install "motion-bridge[deforum]"`. Without --model the best one on this machine paints; the sketch that comes
along knows landscapes, patterns, materials and simple things in named colors.
"""

import argparse

from motion_bridge import DeforumFlux

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("output", help="the folder for the frames")
parser.add_argument("--model", default="auto", help="a registered name or a model's folder")
parser.add_argument("--frames", type=int, default=60)
parser.add_argument("--size", type=int, help="pixels of a side; default: what suits the model")
options = parser.parse_args()

artist = DeforumFlux(options.model)
artist.animate(
    output=options.output,
    prompt="green hills with a red house at sunset",
    zoom="0:(1.02)",  # two percent nearer at every frame
    frames=options.frames,
    width=options.size,
    height=options.size,
    preset="smooth",
    movie=f"{options.output}.mp4",
    on_frame=lambda number, pixels: print(f"frame {number}", flush=True),
)
