"""Which folders and files may be written to.

New names follow the rules of all systems together, because takes are copied from one to another.
"""

import os
import re
import sys
from pathlib import Path

from ..errors import BadInput
from ..files import home, writing

LONGEST_NAME = 255  # bytes of one part of a path, on every common file system
LONGEST_PATH = {"win32": 259, "darwin": 1023}  # characters on Windows, bytes elsewhere; others allow 4095
BELOW = len("/take_0001/shot/geometry.placed.object.npy.part")  # the longest that will lie in an output folder
_FORBIDDEN = ':?<>|*"\\'
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)")


def check_output(text: str) -> Path:
    """The folder that an output path means, absolute; it need not exist. BadInput says what is wrong with it."""
    path = _checked(text, BELOW, "name a folder")
    if path == Path(path.anchor):
        raise BadInput(f"The output path {text} is the root of the disk; name a folder in it.")
    _check_place(path)
    return path


def check_file(text: str) -> Path:
    """The file that an output path means, absolute; it need not exist. BadInput says what is wrong with it."""
    path = _checked(text, len(writing.PART), "name a file")
    if not path.name or text.endswith(("/", os.sep)) or path.is_dir():
        raise BadInput(f"The output path {text} is a folder; name a file in it.")
    _check_place(path.parent)
    return path


def _checked(text: str, below: int, remedy: str) -> Path:
    """What a text means as a path, if every name in it is a good one. below: characters that will follow it."""
    if not text.strip():
        raise BadInput(f"The output path is empty; {remedy}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"The output path {text!a} is not valid Unicode; choose another name.") from None
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise BadInput(f"The output path {text!a} holds control characters; choose another name.")
    if os.name != "nt" and _DRIVE.match(text):
        raise BadInput(f"The output path {text} is a Windows path; this machine has no drive {text[0]}.")
    if os.name != "nt" and text.startswith("//"):
        raise BadInput(f"The output path {text} starts with //, which only Blender understands; write it in full.")
    text = str(home.expand(text, "The output path")) if text.startswith("~") else text
    if ".." in Path(text).parts:
        raise BadInput(f'The output path {text} contains ".."; write the folder that is meant.')
    path = Path(text).absolute()
    _check_length(path, below)
    for place in (path, *path.parents):
        if place.name and not _exists(place):
            _check_name(place.name, text)
    return path


def _check_length(path: Path, below: int) -> None:
    """So that everything below the folder has a path that the system takes."""
    windows = sys.platform == "win32"
    length = len(str(path)) if windows else len(os.fsencode(path))
    longest = LONGEST_PATH.get(sys.platform, 4095) - below
    if length > longest:
        what = "characters" if windows else "bytes"
        raise BadInput(
            f"The output path {str(path)[:40]}… has {length} {what}; with the names of the files in it, this system "
            f"takes {longest}. Choose a shorter one."
        )


def _check_name(name: str, text: str) -> None:
    if wrong := next((letter for letter in name if letter in _FORBIDDEN), None):
        raise BadInput(
            f"The output path {text} contains {name!r}; {wrong} cannot stand in a name on Windows. Choose another name."
        )
    if _RESERVED.fullmatch(name):
        raise BadInput(f"The output path {text} contains {name!r}, a name that Windows reserves; choose another.")
    if name[-1] in ". ":
        raise BadInput(f"The output path {text} contains {name!r}, which ends in a dot or space; choose another name.")
    if len(name.encode()) > LONGEST_NAME:
        raise BadInput(
            f"The output path contains a name of {len(name.encode())} bytes ({name[:20]}…); "
            f"{LONGEST_NAME} is the most that a disk can store."
        )


def _check_place(path: Path) -> None:
    """The folder, or the nearest one above it that exists, must be a folder that can be written to."""
    there = next(place for place in (path, *path.parents) if _exists(place))
    if not there.is_dir():
        raise BadInput(f"{there} is a file, not a folder; choose another output path.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"Nothing can be written to {there}; choose another output path or change its permissions.")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a folder that cannot be looked into
        return False
