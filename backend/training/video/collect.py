"""`python -m training video collect shots|videos FOLDER… --to DIR`: a bank of clips from what there is already.

shots: takes of this project, frames with the Shot beside them. videos: folders of films; what is not fit is listed with
the reason. The bank lands in DIR/clips, where the training stages look for it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .bank import write_bank
from .clips import GRID
from .shots import shot_clips
from .videos import FRAMES, Refused, video_clips, video_files


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training video collect", description=__doc__)
    parser.add_argument("kind", choices=("shots", "videos"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--width", type=int, default=832)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--frames", type=int, default=FRAMES, help="of a Shot's clip; videos always give 81")
    parser.add_argument("--grid", type=int, default=GRID, help="tracks a side")
    chosen = parser.parse_args(argv)
    size, refused = (chosen.height, chosen.width), []
    if chosen.kind == "shots":
        clips = shot_clips(chosen.folders, chosen.frames, size, chosen.grid**2)
        bank = write_bank(chosen.to / "clips", clips, len(chosen.folders))
    else:
        paths = [path for folder in chosen.folders for path in video_files(folder)]
        bank = write_bank(chosen.to / "clips", video_clips(paths, size, chosen.grid, refused), len(paths), fewer=True)
    _report(len(bank), refused)


def _report(count: int, refused: list[Refused]) -> None:
    for each in refused:
        print(f"{each.path}: {each.reason}", file=sys.stderr)
    print(f"{count} clips, {len(refused)} refused")
