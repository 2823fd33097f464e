"""What the measurements in Blender say, as lines for people, each beside its target."""

from collections.abc import Mapping, Sequence
from typing import Any

CAMERA_TIMES = 50  # times as fast as frame_set
CAMERA_NUMBERS = 17  # compared in each frame: the matrix and the lens
FRAMES_A_SECOND, OVER_FLOOR = 60, 1.3  # from the backend into a Blender image; its cost beside the image's own
TRACK_TIMES = {"static": 5.0, "mixed": 1.5, "deforming": 1.5}  # times as fast as the script
AGREE = 0.995  # of the visibility of tracks, at least
SLOWER = 1.5  # times as long for a frame of the longest as for one of the shortest, at most
GROWTH = 4096  # bytes that a frame more may cost

Found = Mapping[str, Any]  # what a measurement returns


def camera(found: Found) -> str:
    return "\n".join(
        (
            f"{found['frames']} frames beside {found['vertices']:,} moving vertices, Blender {found['blender']}",
            f"frame_set for each: {found['frame_set_s']:.2f} s; ours: {found['ours_s']:.3f} s",
            f"{found['times']:.0f} times as fast (at least {CAMERA_TIMES})",
            f"numbers that differ: {found['different']} of {CAMERA_NUMBERS * found['frames']:,} (0)",
        )
    )


def frame_transport(found: Found) -> str:
    return "\n".join(
        (
            f"{found['size']}, {found['frames']} frames, Blender {found['blender']}",
            f"{found['frames_per_second']:.0f} frames/s (target {FRAMES_A_SECOND})",
            f"Blender's main thread: {found['main_thread_ms']:.2f} ms a frame",
            f"the image alone: {found['floor_ms']:.2f} ms; ratio {found['ratio']:.2f} (target {OVER_FLOOR})",
        )
    )


def tracks(kind: str, found: Found) -> str:
    """kind: of the scene, a key of TRACK_TIMES."""
    return "\n".join(
        (
            f"{kind}: {found['points']} points × {found['frames']} frames, {found['faces']:,} faces",
            f"  script {found['script_s']:.2f} s; ours {found['ours_s']:.2f} s, Blender's part {found['read_s']:.2f} s",
            f"  {found['times']:.1f} times as fast (at least {TRACK_TIMES[kind]:g})",
            f"  positions {found['apart_px']:.5f} px apart on average",
            f"  visibility agrees on {found['agree']:.2%} (at least {AGREE:.1%})",
        )
    )


def long_shots(title: str, lengths: Sequence[Found]) -> str:
    """One piece of work at rising lengths."""
    slower, growth = growing(lengths)
    return "\n".join(
        (
            title,
            *(
                f"  {one['frames']:6} frames  {one['seconds']:8.2f} s  {one['megabytes']:7.1f} MB at most"
                for one in lengths
            ),
            f"  a frame takes {slower:.2f} times as long in the longest (at most {SLOWER:g})",
            f"  a frame more costs {growth:.0f} bytes (at most {GROWTH})",
        )
    )


def growing(lengths: Sequence[Found]) -> tuple[float, float]:
    """Of the longest and the shortest: how much longer a frame takes, and how many bytes a frame more costs."""
    few, many = lengths[0], lengths[-1]
    slower = (many["seconds"] / many["frames"]) / (few["seconds"] / few["frames"])
    return slower, (many["megabytes"] - few["megabytes"]) * 2**20 / max(1, many["frames"] - few["frames"])
