"""The scene of a session: what stands at the Shot's first frame, where somebody's hands put it at each later one."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Camera, Geometry, Placements, Shot
from .live_motion import LiveMotion, Moment, first_poses
from .mesh_scene import MeshScene

__all__ = ["LiveMotion", "LiveScene", "Moment"]

Array = NDArray[Any]
ROWS = 256  # of placements, at first


class LiveScene(MeshScene):
    """Frames are added by `place`, in order; each may then be asked for, as of any other scene."""

    def __init__(self, shot: Shot, frames: int) -> None:
        """shot: with geometry; frames: how many there may be."""
        assert shot.geometry is not None
        first = shot.camera
        clip = None if first.clip is None else np.broadcast_to(np.asarray(first.clip)[:1], (frames, 2))
        camera = Camera(np.zeros((frames, 4, 4)), np.zeros((frames, 3, 3)), np.zeros(frames, bool), clip)
        numbers = tuple(range(shot.frames[0], shot.frames[0] + frames))
        moving = MovingGeometry(shot.geometry, _first(shot))
        super().__init__(replace(shot, frames=numbers, camera=camera, geometry=moving))
        self._index = np.arange(2, len(moving.objects) + 2, dtype=np.int32)  # anything may move, so each is one
        self._moving, self._first = moving, first_poses(shot)
        self.place(0, Moment(first.pose[0], first.intrinsics[0], bool(first.orthographic[0])))

    def place(self, k: int, moment: Moment) -> None:
        """Where camera and objects are at frame k."""
        camera = self.shot.camera
        camera.pose[k], camera.intrinsics[k], camera.orthographic[k] = (
            moment.pose,
            moment.intrinsics,
            moment.orthographic,
        )
        motions = {name: pose @ np.linalg.inv(self._first[name]) for name, pose in moment.objects.items()}
        self._moving.place(k, motions)


class MovingGeometry(Geometry):
    """A geometry of one frame, to which more are added: of each only what is elsewhere than in the first."""

    _room: Placements
    _first_rows: Array
    _frames: dict[int, tuple[Array, Array]]

    def __init__(self, first: Geometry, placements: Placements) -> None:
        """placements: the first frame's alone."""
        super().__init__(first.objects, first.materials, first.meshes, placements)
        self._set("_room", placements)
        self._set("_first_rows", super().placed(0))
        self._set("_frames", {})

    def place(self, k: int, motions: dict[str, Array]) -> None:
        """Frame k: how the objects of these names were carried through the world since the first one."""
        things = [(thing, motions[name]) for thing, name in enumerate(self.objects) if name in motions]
        things = [(thing, motion) for thing, motion in things if self._first_rows[thing] >= 0]
        numbers = np.array([thing for thing, _ in things], np.int32)
        rows, kept = np.empty(len(things), np.int64), self._frames.get(k - 1)
        for at, (thing, motion) in enumerate(things):
            pose = motion @ self.placements.pose[self._first_rows[thing]]
            rows[at] = self._row(thing, pose, kept, k)
        self._frames[k] = (numbers, rows)

    def placed(self, frame: int) -> Array:
        """As Geometry has it."""
        rows = self._first_rows.copy()
        numbers, moved = self._frames[frame]
        rows[numbers] = moved
        return rows

    def _row(self, thing: int, pose: Array, before: tuple[Array, Array] | None, k: int) -> int:
        """A row of placements with this pose: the one of the frame before, if it did not move since."""
        if before is not None:
            for row in before[1][before[0] == thing].tolist():
                if np.array_equal(self.placements.pose[row], pose):
                    return row
        mesh = int(self.placements.mesh[self._first_rows[thing]])
        return self._append(k, thing, mesh, pose)

    def _append(self, k: int, thing: int, mesh: int, pose: Array) -> int:
        used = len(self.placements.frame)
        if used == len(self._room.frame):
            self._set("_room", _grown(self._room, 2 * max(used, ROWS)))
        room = self._room
        room.frame[used], room.object[used], room.mesh[used], room.pose[used] = k, thing, mesh, pose
        fields = (room.frame, room.object, room.mesh, room.pose)
        self._set("placements", Placements(*(each[: used + 1] for each in fields)))
        return used

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # a Geometry never changes for whoever was given it


def _first(shot: Shot) -> Placements:
    """What the first frame's rows say, alone."""
    assert shot.geometry is not None
    placements = shot.geometry.placements
    rows = [int(row) for row in shot.geometry.placed(0) if row >= 0]
    return Placements(
        np.zeros(len(rows), np.int32),
        np.array(placements.object[rows], np.int32),
        np.array(placements.mesh[rows], np.int32),
        np.array(placements.pose[rows], np.float64).reshape(-1, 4, 4),
    )


def _grown(placements: Placements, rows: int) -> Placements:
    def more(array: Array) -> Array:
        return np.concatenate([array, np.zeros((rows - len(array), *array.shape[1:]), array.dtype)])

    return Placements(*(more(each) for each in (placements.frame, placements.object, placements.mesh, placements.pose)))
