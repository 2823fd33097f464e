"""A flight in 3D: forwards, swaying from side to side, and rolling a little in the second half.

    python examples/3d_rotation.py flight --model flux.2-klein-4b --depth midas-dpt-large

--depth names an estimator that sees what is near and what is far in each picture, so that near things pass by faster.
Without one the picture is a wall that the camera flies towards.
"""

import argparse

from motion_bridge import DeforumFlux

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("output", help="the folder for the frames")
parser.add_argument("--model", default="auto", help="a registered name or a model's folder")
parser.add_argument("--depth", default="", help="midas-dpt-large, depth-anything-v2-small …")
parser.add_argument("--frames", type=int, default=72)
parser.add_argument("--size", type=int, help="pixels of a side; default: what suits the model")
options = parser.parse_args()

artist = DeforumFlux(options.model)
artist.animate(
    output=options.output,
    prompt="blue mountains with trees on a clear day",
    motion="3D",
    translation_z="0:(1.5)",  # forwards
    rotation_3d_y="0:(0.8*sin(2*pi*t/48))",  # degrees a frame: a look to the right, then to the left
    rotation_3d_z='0:(0), "max_f/2":(0), max_f:(0.5)',  # keys may be formulas of the last frame
    fov=60,
    depth_model=options.depth,
    frames=options.frames,
    width=options.size,
    height=options.size,
    preset="cinematic",
    movie=f"{options.output}.mp4",
    on_frame=lambda number, pixels: print(f"frame {number}", flush=True),
)
