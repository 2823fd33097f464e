"""The command's options for key pictures and drafts: --key-pictures, --blur, --draft."""

import argparse
import re
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.geometry.key_frames import THRESHOLD
from ..properties import settings_of
from ..scene.key_picture import RenderOptions
from ..scene.key_pictures import KeyPictures

KEYS_HELP = (
    "first: the first frame alone; every:N: every Nth frame and the last; automatic or automatic:PERCENT: renders "
    f"where more than that of a frame was never seen (default: {100 * THRESHOLD:g}); or a folder of files "
    "frame_0001.png ..."
)
SIZES = (100, 50, 25)  # percent


def add(action: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    action.add_argument("--key-pictures", metavar="HOW", help=KEYS_HELP)
    action.add_argument("--blur", action="store_true", help="render key pictures with motion blur and depth of field")
    action.add_argument("--draft", type=int, choices=SIZES, metavar="PERCENT", help="of the size: 100, 50 or 25")
    action.add_argument("--draft-step", type=int, metavar="N", help="make only every Nth frame")


def changes(options: argparse.Namespace, scene: bpy.types.Scene) -> dict[str, Any]:
    """What the options replace, as fields of a Request. BadInput for what cannot be meant."""
    found: dict[str, Any] = {}
    settings = settings_of(scene)
    if options.key_pictures is not None:
        found["keys"] = keys_of(options.key_pictures)
    if options.blur or options.draft is not None:
        blur = options.blur or settings.keys.blur
        found["options"] = RenderOptions(blur, options.draft or int(settings.draft.size))
    if options.draft_step is not None:
        if options.draft_step < 1:
            raise BadInput(f"--draft-step is {options.draft_step}; it must be 1 or more.")
        found["draft_step"] = options.draft_step
    return found


def keys_of(text: str) -> KeyPictures:
    """The choice that a text means."""
    how, _, value = text.partition(":")
    match how:
        case "first" if not value:
            return KeyPictures()
        case "every" if re.fullmatch(r"[1-9][0-9]{0,6}", value):
            return KeyPictures(step=int(value))
        case "every":
            raise BadInput(f"--key-pictures {text!r} does not say how many frames lie between; write every:24.")
        case "automatic":
            return KeyPictures(threshold=_share(value, text))
    return KeyPictures(folder=str(Path(text).absolute()))


def _share(value: str, text: str) -> float:
    """A share from a percentage; the usual one where nothing is said."""
    if not value:
        return THRESHOLD
    try:
        percent = float(value.rstrip("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise BadInput(f"--key-pictures {text!r}: the share of a frame must be above 0 and at most 100 percent.")
    return percent / 100
