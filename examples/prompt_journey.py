"""A journey through prompts: each melts into the next while the camera goes on.

python examples/prompt_journey.py journey --model flux.2-klein-4b
"""

import argparse

from motion_bridge import DeforumFlux

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("output", help="the folder for the frames")
parser.add_argument("--model", default="auto", help="a registered name or a model's folder")
parser.add_argument("--frames", type=int, default=96)
parser.add_argument("--size", type=int, help="pixels of a side; default: what suits the model")
options = parser.parse_args()

artist = DeforumFlux(options.model)
artist.animate(
    output=options.output,
    prompt={
        0: "green hills with trees in the morning",
        "max_f/3": "a yellow desert under a blue sky",
        "2*max_f/3": "the sea with a boat at sunset",
        "max_f": "blue mountains with the moon at night",
    },
    prompt_blending="spherical",  # "held" would change at once at each key
    zoom="0:(1.01)",
    angle="0:(0.3*sin(t/12))",
    start_sigma="0:(0.8)",  # how much of each frame is generated anew; it has to be enough for another place to appear
    color_coherence="None",  # each place has colors of its own
    frames=options.frames,
    width=options.size,
    height=options.size,
    movie=f"{options.output}.mp4",
    on_frame=lambda number, pixels: print(f"frame {number}", flush=True),
)
