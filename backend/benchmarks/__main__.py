"""`python -m benchmarks NAME` from backend/: one measurement, beside its floor or its peers, in one run.

A measurement is a module with `add` and `run`, and a line in MEASUREMENTS.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from motion_bridge.errors import MotionBridgeError

MEASUREMENTS = {  # name → its module here, and what is measured
    "stream": (
        "blender.frame_transport",
        "frames a second from the backend into a Blender image, and their cost there",
    ),
    "camera": ("blender.camera", "the camera of a heavy scene at many frames, beside frame_set for each"),
    "tracks": ("blender.tracks", "points followed through a scene, beside world_to_camera_view and scene.ray_cast"),
    "first": (
        "blender.first_frame",
        "from Render to the first frame of short and of long shots, and a Shot's size",
    ),
    "long": ("blender.long_shots", "reading, track formats and schedules for thousands of frames: time and memory"),
    "reproject": ("reproject.main", "frames a second from a Shot's geometry to PNG files, beside what numpy must do"),
    "keys": (
        "key_pictures.main",
        "reprojected frames beside the renderer's own, for 1, 2, … key pictures",
    ),
    "warp": ("deforum.warp", "the legacy Deforum warp beside the webui's way of applying the same formulas"),
    "bridge": ("deforum.schedule_export", "Deforum schedules and guide videos beside the known Blender exporter"),
    "klein": ("image_models.klein", "a FLUX.2 Klein preview of random weights, beside the arithmetic limit"),
    "memory": ("memory.main", "what the plans for cards of 8 to 24 GB take, counted on fake tensors of real shapes"),
    "sketch": (
        "image_models.sketch",
        "pictures a second from the built-in image model, and how well it follows prompts",
    ),
    "burn": (
        "color_drift.main",
        "what hundreds of frames of feedback do to a picture, beside a control and a naive loop",
    ),
    "suites": ("suites.main", "how well MotionStream follows scenes whose motion is known exactly: five suites"),
    "motionstream": ("streaming.main", "a chunk of endless video: its time and memory early and late"),
    "ablations": ("ablations.main", "the sketch video model under other chunks, steps, sinks, windows and guidance"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a measurement; its exit code: 0 done, 2 bad input, 3 it failed."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Motion Bridge.")
    names = parser.add_subparsers(metavar="NAME", required=True, dest="measurement")
    for name, (module, purpose) in MEASUREMENTS.items():
        subparser = names.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        if name in words[:1]:
            import_module(f".{module}", __package__).add(subparser)
    chosen = parser.parse_args(words)
    try:
        return import_module(f".{MEASUREMENTS[chosen.measurement][0]}", __package__).run(chosen)
    except MotionBridgeError as fault:
        print(f"benchmarks: {fault}", file=sys.stderr)
        return fault.exit_code


if __name__ == "__main__":
    sys.exit(main())
