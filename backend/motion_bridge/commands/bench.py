"""motion-bridge bench NAME: one measurement, beside its floor or its peers, in one run.

A measurement is a file in bench/ and a line in MEASUREMENTS.
"""

import argparse
from importlib import import_module

MEASUREMENTS = {  # name → what is measured; its file in bench/ has the same name, with `add` and `run`
    "stream": "frames a second from the backend into a Blender image, and what they cost Blender",
    "camera": "the camera of a heavy scene at many frames, beside frame_set for each",
    "tracks": "points followed through a scene, beside world_to_camera_view and scene.ray_cast for each",
    "long": "reading, track formats and schedules for thousands of frames: time and memory",
    "warp": "the legacy Deforum warp beside the webui's way of applying the same formulas",
    "klein": "a FLUX.2 Klein preview of random weights: frames a second, memory, stages, beside the arithmetic limit",
    "burn": "what hundreds of frames of feedback do to a picture, beside a control and a naive loop",
    "sketch": "pictures a second from the built-in image model, and how often it follows a prompt",
    "suites": "how well the engine follows scenes whose motion is known exactly: five suites from Blender",
    "motionstream": "a chunk of endless video: its time and memory early and late, beside the arithmetic limit",
    "ablations": "the sketch video model under other chunks, steps, sinks, windows, guidance and conditioning: a page",
    "bridge": "Deforum schedules and guide videos beside the known Blender exporter, under the webui's own warp",
}


def add(parser: argparse.ArgumentParser) -> None:
    names = parser.add_subparsers(metavar="NAME", required=True, dest="measurement")
    for name, purpose in MEASUREMENTS.items():
        import_module(f"..bench.{name}", __package__).add(names.add_parser(name, help=purpose, description=purpose))


def run(arguments: argparse.Namespace) -> int:
    return import_module(f"..bench.{arguments.measurement}", __package__).run(arguments)
