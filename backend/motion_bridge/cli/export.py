"""motion-bridge export SHOT --format F --out FILE: tracks, the exact camera or control videos for other programs"""

import argparse
import re
from pathlib import Path
from typing import Any

from .. import camera_formats, control_formats, shot, terminal, track_formats
from ..errors import BadInput
from ..geometry.computed_maps import with_maps

FORMATS = (
    f"tracks: {', '.join(track_formats.MODULES)}; the camera: {', '.join(camera_formats.FORMATS)}; "
    f"control videos: {', '.join(control_formats.FORMATS)}"
)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shot", type=Path, metavar="SHOT", help="a Shot folder")
    parser.add_argument("--format", required=True, metavar="F", help=FORMATS)
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the file or folder to write")
    parser.add_argument(
        "--kind", action="append", default=[], choices=shot.TRACK_KINDS, help="tracks of this kind alone"
    )
    parser.add_argument("--size", metavar="WxH", help="the picture that the other program gets, if not the Shot's own")
    parser.add_argument(
        "--timing",
        choices=track_formats.TIMINGS,
        default="real",
        help="real: keep the speed; stretch: spread the Shot over the frames that the format has",
    )


def run(arguments: argparse.Namespace) -> int:
    scene = with_maps(shot.load(arguments.shot))
    size = _size(arguments.size) if arguments.size else None
    try:
        kind = _kind(arguments.format)
        if kind is not track_formats:
            written = kind.write(scene, arguments.format, arguments.out)
        else:
            written = track_formats.write(
                scene, arguments.format, arguments.out, kinds=arguments.kind, size=size, timing=arguments.timing
            )
    except OSError as fault:
        raise BadInput(f"{arguments.out} cannot be written: {fault.strerror or fault}.") from None
    for notice in written.notices:
        terminal.note(f"motion-bridge: note: {notice}")
    for path in written.files:
        terminal.say(terminal.saved(path))
    return 0


def _kind(name: str) -> Any:
    """The package that knows the format of that name; BadInput where none does."""
    for formats in (camera_formats, control_formats, track_formats):
        try:
            formats.find(name)
        except BadInput:
            continue
        return formats
    raise BadInput(f"There is no format {name!r}. Choose one of {FORMATS}.")


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,5})[x×*]([0-9]{1,5})", text)
    if match is None:
        raise BadInput(f"--size is {text!r}; write it like 832x480.")
    return int(match[1]), int(match[2])
