"""The command's options for what is followed: --grid, --follow, --region, --through-glass."""

import argparse
import math
import re
from dataclasses import replace
from typing import Any

import bpy

from ...backend.motion_bridge.errors import BadInput
from ..scene.tracks.selection import PointKind, TrackSelection, named, numbers_of, sources_of
from ..scene.tracks.sources import LIVE, PATH, PINNED, Region, Source

KEYS = ("kind", "count", "spacing", "group", "vertices", "bone", "along")  # of a TrackSelection, as --follow names them
KINDS = (PATH, LIVE, PINNED)
LARGEST_GRID = 1000
FARTHEST = 1e6  # pixels between points
_KEY = re.compile(rf",({'|'.join(KEYS)})=")
FOLLOW_HELP = (
    f"what to follow instead of the scene's list: {', '.join(PointKind)}, a colon, an object's or collection's name, "
    f"and what else is to be said of it by {', '.join(KEYS)}: surface:Car,count=200,kind=live; can be given again"
)


def add(action: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    action.add_argument("--grid", type=int, metavar="N", help="follow N x N points of the first frame; 0: none")
    action.add_argument("--follow", action="append", metavar="HOW:NAME", help=FOLLOW_HELP)
    action.add_argument(
        "--region",
        metavar="L,T,R,B",
        help="choose the points of grid and surfaces only there: shares of the picture, such as 0,0,0.5,1",
    )
    action.add_argument("--through-glass", action="store_true", default=None, help="glass hides no points")


def changes(options: argparse.Namespace, scene: bpy.types.Scene) -> dict[str, Any]:
    """What the options replace, as fields of a Request. BadInput for what cannot be followed."""
    found: dict[str, Any] = {}
    if options.grid is not None:
        if not 0 <= options.grid <= LARGEST_GRID:
            raise BadInput(f"--grid is {options.grid}; it must be between 0 and {LARGEST_GRID}.")
        found["grid"] = options.grid
    if options.follow is not None:
        found["sources"] = tuple(source for text in options.follow for source in followed(text, scene))
    if options.region is not None:
        found["region"] = region_of(options.region)
    if options.through_glass is not None:
        found["through_glass"] = options.through_glass
    return found


def followed(text: str, scene: bpy.types.Scene) -> tuple[Source, ...]:
    """What one --follow means."""
    name, selection = selection_of(text)
    return sources_of(name, named(name, scene), selection)


def selection_of(text: str) -> tuple[str, TrackSelection]:
    """A name and how it is followed, from surface:Car,count=200; BadInput says how to write it."""
    what, colon, rest = text.partition(":")
    if not colon or what not in set(PointKind):
        raise BadInput(f"--follow {text!r} does not begin with one of {', '.join(PointKind)} and a colon.")
    name, *pairs = _KEY.split(rest)
    selection = TrackSelection(what)
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        selection = replace(selection, **{key: _value(key, value, text)})
    return name, selection


def _value(key: str, value: str, text: str) -> Any:
    try:
        match key:
            case "count" if 1 <= int(value) <= LARGEST_GRID**2:
                return int(value)
            case "spacing" if 1 <= float(value) <= FARTHEST:
                return float(value)
            case "along" if 0 <= float(value) <= 1:
                return float(value)
            case "kind" if value in KINDS:
                return value
            case "vertices":
                return numbers_of(value)
            case "group" | "bone":
                return value
    except ValueError:
        pass
    wanted = {
        "count": f"a whole number from 1 to {LARGEST_GRID**2:,}",
        "spacing": "a number of pixels of at least 1",
        "along": "between 0 and 1",
        "kind": f"one of {', '.join(KINDS)}",
    }
    raise BadInput(f"--follow {text!r}: {key} is {value!r}; it must be {wanted[key]}.")


def region_of(text: str) -> Region:
    """The region that a text means."""
    try:
        left, top, right, bottom = (float(word) for word in text.split(","))
    except ValueError:
        raise BadInput(
            f"--region {text!r} is not four numbers: left, top, right and bottom, such as 0,0,0.5,1."
        ) from None
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise BadInput(f"--region {text!r} holds something that is not a number.")
    return Region(left, top, right, bottom)
