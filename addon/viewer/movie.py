"""A movie of a take, through Blender's own FFmpeg.

It is rendered from the Sequencer of a scene that exists only meanwhile, with the Standard view transform: through
the default one every color would shift.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge import shot
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.files import writing
from ...backend.motion_bridge.files.reserve import free
from ...backend.motion_bridge.media import mp4, png
from ...backend.motion_bridge.provenance import record
from .. import compat
from ..scene.restore_state import render_result_kept, silent_handlers
from ..take import Take
from .strip import holds


def write(take: Take, path: Path) -> Path:
    """Write the frames of a take at the shot's rate, as `write_pictures`; BadInput when there are none."""
    frames = take.frames()
    if not frames:
        raise BadInput(f"There are no frames in {take.folder}; render some first.")
    return write_pictures(frames, shot.load(take.shot).fps, path, xmp=record.movie_packet(take.folder))


def write_pictures(frames: dict[int, Path], fps: float, path: Path, exact: bool = False, xmp: str = "") -> Path:
    """Write PNG files of one folder, by their place on the timeline, as an H.264 MP4; an older one is replaced.

    exact: black and white stay so. xmp: what it was made with, a packet. BadInput when the movie cannot be written.
    """
    part = part_of(path)
    height, width, _ = png.read(next(iter(frames.values()))).shape
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writing.remove(part.parent, part.name)  # Blender would write through a link of that name
        with _movie_scene(width, height, fps, exact) as scene, render_result_kept(), silent_handlers():
            scene.frame_end = _place(scene, frames)
            scene.render.filepath = str(part)
            bpy.ops.render.render(animation=True, scene=scene.name)
        if not part.is_file() or not mp4.is_whole(part):  # FFmpeg in Blender does not notice that the disk is full
            raise BadInput(
                f"The movie {path} could not be written to its end: {free(path)}. Make room or choose another folder."
            )
        if xmp:
            writing.append(part.parent, part.name, mp4.uuid_box(mp4.XMP, xmp.encode()))
        writing.move(part, path)
    except (RuntimeError, OSError) as fault:
        raise BadInput(f"The movie {path} was not written: {fault}") from None
    finally:
        with suppress(OSError, BadInput):
            writing.remove(part.parent, part.name)
    return path


def part_of(path: Path) -> Path:
    """What a movie is called until it is whole."""
    return path.with_name(f".{path.stem}.part{path.suffix}")


@contextmanager
def _movie_scene(width: int, height: int, fps: float, exact: bool) -> Iterator[bpy.types.Scene]:
    """A scene that writes an H.264 movie and leaves nothing behind.

    H.264 wants even sides: an odd picture loses its right column or its top row, and no pixel is resampled.
    """
    scene = bpy.data.scenes.new("Motion Bridge movie")
    try:
        view: Any = scene.view_settings
        view.view_transform = "Standard"
        render = scene.render
        render.resolution_x, render.resolution_y = width - width % 2, height - height % 2
        render.resolution_percentage = 100
        render.fps = max(round(fps), 1)
        render.fps_base = render.fps / fps
        render.dither_intensity = 0
        render.use_file_extension = False
        compat.write_movie_files(render.image_settings)
        render.image_settings.color_mode = "RGB"
        render.ffmpeg.format = "MPEG4"
        render.ffmpeg.codec = "H264"
        render.ffmpeg.constant_rate_factor = "LOSSLESS" if exact else "HIGH"
        render.ffmpeg.ffmpeg_preset = "GOOD"
        render.ffmpeg.audio_codec = "NONE"
        scene.frame_start = 1
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def _place(scene: bpy.types.Scene, frames: dict[int, Path]) -> int:
    """Put the frames into the scene's Sequencer from frame 1 on; the last timeline frame that shows one."""
    files = list(frames.values())
    strip = compat.strips(scene).new_image("take", str(files[0]), 1, 1)
    shown = [file for file, times in zip(files, holds(list(frames)), strict=True) for _ in range(times)]
    for file in shown[1:]:
        strip.elements.append(file.name)
    return len(shown)
