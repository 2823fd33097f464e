"""What a `change` message may say, checked when it arrives: docs/protocol.md in code.

    {"sample": 17}                   a number that comes back with the first frame that shows this
    {"camera": {"pose": [16], "intrinsics": [9], "orthographic": false}}     as in Shot.camera, row by row
    {"objects": {"Ball": [16]}}                               object to world, for all instances of that name
    {"tracks": […]}  {"prompts": {"40": "a stormy sea"}}  {"settings": {"paused": true}}

Camera and objects arrive with the last frame of the next chunk and stay there. Whatever is wrong is left out and said;
nothing here ends a job. What is left is plain JSON, for it is noted with the frames.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..geometry.live_motion import MOST_OBJECTS

FIELDS = ("sample", "camera", "objects", "tracks", "prompts", "settings")
MOST_DEEDS = 2000  # done to tracks
MOST_PROMPTS = 1000
MOST_SETTINGS = 100
LONGEST_NAME = 255  # characters
LONGEST_PROMPT = 20_000
FARTHEST = 1e9  # scene units, and pixels
FLAT = 1e-9  # the volume of axes below which a matrix has no inverse


def checked(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The parts of a change that are as they must be, and a sentence for each that was left out."""
    kept: dict[str, Any] = {}
    said = []
    for name, value in fields.items():
        if name not in FIELDS:
            continue  # of a later version
        try:
            kept[name] = _CHECKS[name](value)
        except BadInput as fault:
            said.append(f"A change was left out: {fault}")
    return kept, said


def matrix(values: Any, side: int, what: str) -> NDArray[np.float64]:
    """A square matrix from its numbers, row by row; BadInput where they are none."""
    numbers = values if isinstance(values, list) else []
    if len(numbers) != side * side or not all(type(each) in (int, float) for each in numbers):
        raise BadInput(f"{what} must be {side * side} numbers, row by row.")
    try:
        found = np.array(numbers, np.float64).reshape(side, side)
    except OverflowError:
        raise BadInput(f"{what} holds a number that is too large.") from None
    if not np.isfinite(found).all() or np.abs(found).max() > FARTHEST:
        raise BadInput(f"{what} holds a number that is too large or not finite.")
    return found


def _sample(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise BadInput("sample must be a whole number from 0 on.")
    return value


def _camera(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput("camera must be an object with pose and intrinsics.")
    pose, intrinsics = matrix(value.get("pose"), 4, "camera.pose"), matrix(value.get("intrinsics"), 3, "intrinsics")
    turn = pose[:3, :3]
    if (
        not np.allclose(turn @ turn.T, np.eye(3), atol=1e-6)
        or np.linalg.det(turn) < 0
        or (pose[3] != (0, 0, 0, 1)).any()
    ):
        raise BadInput("camera.pose must turn and move, without scale; its last row is 0, 0, 0, 1.")
    if not abs(np.linalg.det(intrinsics[:2, :2])) > FLAT or (intrinsics[2] != (0, 0, 1)).any():
        raise BadInput("camera.intrinsics must have an inverse; the last row is 0, 0, 1.")
    flat = value.get("orthographic", False)
    if not isinstance(flat, bool):
        raise BadInput("camera.orthographic must be true or false.")
    return {"pose": pose.ravel().tolist(), "intrinsics": intrinsics.ravel().tolist(), "orthographic": flat}


def _objects(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MOST_OBJECTS:
        raise BadInput(f"objects must be poses by name, at most {MOST_OBJECTS}.")
    found = {}
    for name, pose in value.items():
        if not 0 < len(name) <= LONGEST_NAME:
            raise BadInput(f"The name of an object must have 1 to {LONGEST_NAME} characters.")
        placed = matrix(pose, 4, f"The pose of {name[:60]!r}")
        if (placed[3] != (0, 0, 0, 1)).any() or not abs(np.linalg.det(placed[:3, :3])) > 0:
            raise BadInput(f"The pose of {name[:60]!r} must have an inverse and the last row 0, 0, 0, 1.")
        found[name] = placed.ravel().tolist()
    return found


def _tracks(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_DEEDS:
        raise BadInput(f"tracks must be a list of at most {MOST_DEEDS} edits.")
    return value


def _prompts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_PROMPTS:
        raise BadInput(f"prompts must be texts by frame, at most {MOST_PROMPTS}.")
    if any(len(str(text)) > LONGEST_PROMPT for text in value.values()):
        raise BadInput(f"A prompt has more than {LONGEST_PROMPT} characters; shorten it.")
    return value


def _settings(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MOST_SETTINGS:
        raise BadInput(f"settings must be values by name, at most {MOST_SETTINGS}.")
    return value


_CHECKS = {
    "sample": _sample,
    "camera": _camera,
    "objects": _objects,
    "tracks": _tracks,
    "prompts": _prompts,
    "settings": _settings,
}
