"""A camera and objects that somebody moves: where they are at each frame, as the changes say.

A change says where things are to be when the next frames end. On the way there they go straight, at an even pace, and
turn about one axis: the rotation of each pose is interpolated on the sphere, translation and stretch linearly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot

Array = NDArray[np.float64]

MOST_OBJECTS = 100  # that a session moves: all of them are told with each of its frames


@dataclass(frozen=True)
class Moment:
    """Where everything is at one frame."""

    pose: Array  # (4, 4) camera to world
    intrinsics: Array  # (3, 3)
    orthographic: bool
    objects: Mapping[str, Array] = field(default_factory=dict)  # name → (4, 4) object to world, of what was ever moved
    sample: int = -1  # of the change that is carried out with this frame; -1 before the first

    def notes(self) -> dict[str, Any]:
        """The same as JSON; `of_notes` reads it."""
        return {
            "pose": self.pose.ravel().tolist(),
            "intrinsics": self.intrinsics.ravel().tolist(),
            "orthographic": self.orthographic,
            "objects": {name: pose.ravel().tolist() for name, pose in self.objects.items()},
            "sample": self.sample,
        }


def of_notes(notes: Mapping[str, Any]) -> Moment:
    """The moment that `notes` wrote. KeyError, TypeError or ValueError for anything else."""
    return Moment(
        np.array(notes["pose"], np.float64).reshape(4, 4),
        np.array(notes["intrinsics"], np.float64).reshape(3, 3),
        bool(notes["orthographic"]),
        {str(name): np.array(pose, np.float64).reshape(4, 4) for name, pose in notes["objects"].items()},
        int(notes["sample"]),
    )


class LiveMotion:
    """Camera and objects of a session. Changes are those that engines/changes.py has checked."""

    def __init__(self, shot: Shot):
        """shot: its first frame is where everything begins."""
        camera = shot.camera
        self.now = Moment(np.array(camera.pose[0]), np.array(camera.intrinsics[0]), bool(camera.orthographic[0]))
        self._goal = self.now
        self.poses = first_poses(shot)  # of every object, before anybody moved it

    def take(self, fields: Mapping[str, Any]) -> list[str]:
        """What the next frames shall arrive at; a sentence for every object that does not."""
        said = []
        if (camera := fields.get("camera")) is not None:
            pose, intrinsics = np.array(camera["pose"]).reshape(4, 4), np.array(camera["intrinsics"]).reshape(3, 3)
            flat = camera.get("orthographic", False)
            self._goal = replace(self._goal, pose=pose, intrinsics=intrinsics, orthographic=flat)
        moved = dict(self._goal.objects)
        for name, pose in fields.get("objects", {}).items():
            if name not in moved and len(moved) >= MOST_OBJECTS:
                said.append(f"{name!r} does not move: a session moves at most {MOST_OBJECTS} objects.")
            elif name in self.poses:
                moved[name] = np.array(pose, np.float64).reshape(4, 4)
            else:
                said.append(f"{name!r} is not in this shot, so it does not move in it.")
        self._goal = replace(self._goal, objects=moved, sample=fields.get("sample", self._goal.sample))
        return said

    def go_to(self, moment: Moment) -> Moment:
        """Be there at once, as a frame that was made before; nothing else is wanted any more."""
        self.now = self._goal = moment
        return moment

    def advance(self, count: int) -> list[Moment]:
        """The next frames; the last of them is where the changes want everything."""
        start, goal = self.now, self._goal
        begun = {name: start.objects.get(name, self.poses[name]) for name in goal.objects}
        found = []
        for step in range(1, count + 1):
            share = step / count
            objects = {name: between(begun[name], pose, share) for name, pose in goal.objects.items()}
            pose = between(start.pose, goal.pose, share)
            intrinsics = start.intrinsics + (goal.intrinsics - start.intrinsics) * share
            found.append(Moment(pose, intrinsics, goal.orthographic, objects, goal.sample))
        found[-1] = goal  # exactly
        self.now = goal
        return found


def first_poses(shot: Shot) -> dict[str, Array]:
    """Where each object stands at the first frame, by name; of several that share one, the first."""
    if shot.geometry is None:
        return {}
    rows, found = shot.geometry.placed(0), {}
    for thing, row in enumerate(rows.tolist()):
        if row >= 0 and shot.geometry.objects[thing] not in found:
            pose = np.array(shot.geometry.placements.pose[row])
            if abs(np.linalg.det(pose[:3, :3])) > 0:
                found[shot.geometry.objects[thing]] = pose
    return found


def between(one: Array, other: Array, share: float) -> Array:
    """The pose (4, 4) at a share, 0 to 1, of the way from one to another."""
    if share >= 1 or np.array_equal(one, other):
        return other
    (turn, stretch), (turned, stretched) = _polar(one[:3, :3]), _polar(other[:3, :3])
    made = np.eye(4)
    made[:3, :3] = turn @ _part_of(turn.T @ turned, share) @ (stretch + (stretched - stretch) * share)
    made[:3, 3] = one[:3, 3] + (other[:3, 3] - one[:3, 3]) * share
    return made


def _polar(matrix: Array) -> tuple[Array, Array]:
    """Rotation and the symmetric stretch before it; a mirror goes with the stretch."""
    u, sizes, v = np.linalg.svd(matrix)
    mirror = np.sign(np.linalg.det(u @ v))
    turn = mirror * (u @ v)
    return turn, mirror * (v.T * sizes @ v)


def _part_of(turn: Array, share: float) -> Array:
    """A share of a rotation, about its own axis (Rodrigues)."""
    skew = (turn - turn.T) / 2
    axis = np.array([skew[2, 1], skew[0, 2], skew[1, 0]])
    sine, cosine = float(np.linalg.norm(axis)), (float(np.trace(turn)) - 1) / 2
    angle = np.arctan2(sine, cosine)
    if sine < 1e-12:
        if cosine > 0:
            return np.eye(3)
        axis = np.sqrt(np.maximum(np.diagonal(turn) + 1, 0) / 2)  # half a turn: either way
        first = int(np.argmax(axis))
        signs = np.where(turn[first] + np.eye(3)[first] < 0, -1.0, 1.0)
        axis = axis * signs
        sine = float(np.linalg.norm(axis))
    x, y, z = axis / sine
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle * share) * cross + (1 - np.cos(angle * share)) * cross @ cross
