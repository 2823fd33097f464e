"""A settings file, a Parseq document or another program's camera file as a keyframed camera of this scene."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ...backend.motion_bridge import camera_formats
from ...backend.motion_bridge.camera_formats.path import camera_of, from_first
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.files import regular
from ...backend.motion_bridge.schedules.camera import camera_import as deforum_camera
from ...backend.motion_bridge.shot import Camera
from .. import compat
from ..paths import absolute
from ..scene.camera import OPENCV, CameraFrame, picture_of, read_camera
from ..scene.evaluation import each_frame

Array = NDArray[np.float64]

LINEAR = 1  # Blender's number of the interpolation
SHORTEST, SENSOR, LARGEST_SENSOR = 1.0, 36.0, 100.0  # mm: the shortest lens, the usual and the largest sensor
UPRIGHT = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])  # looking along Y, OpenCV's axes


@dataclass(frozen=True)
class Placing:
    """How a file's motion comes into the scene."""

    first: int = 1  # the timeline frame of the file's frame 0
    scale: float = 1.0  # scene units a depth unit; in 2D mode the picture's width at frame 0
    from_active: bool = True  # go on from where the active camera is at that frame
    set_range: bool = False  # give the scene the file's length


def load(context: bpy.types.Context, path: str, placing: Placing) -> tuple[bpy.types.Object, tuple[str, ...]]:
    """Add a file's camera to the context's scene, and what its reader should know. BadInput names the file."""
    scene = context.scene
    place = absolute(path)
    if not (np.isfinite(placing.scale) and placing.scale > 0):
        raise BadInput(f"The scale is {placing.scale:g}; it must be positive.")
    if camera_formats.is_camera_file(place):
        return _load_exact(context, place, placing)
    content = regular.read_text(place)
    size = picture_of(scene.render)
    found = deforum_camera.read(content, place.name, (size.width, size.height), 1 / placing.scale)
    start = active_camera(context, placing.first) if placing.from_active else None
    thing = add(scene, found.camera, found.width, place.stem, placing, start)
    _present(context, thing, placing, len(found.camera.pose))
    notices = list(found.notices)
    if found.width * size.height != found.height * size.width:
        theirs, ours = f"{found.width}×{found.height}", f"{size.width}×{size.height}"
        notices.append(f"The file is for {theirs} pixels; this scene renders {ours}, of another shape.")
    return thing, tuple(notices)


def _load_exact(context: bpy.types.Context, place: Path, placing: Placing) -> tuple[bpy.types.Object, tuple[str, ...]]:
    """The same for poses and lenses that are known exactly: nerfstudio, COLMAP, RealEstate10K, SANA-WM."""
    scene = context.scene
    size = picture_of(scene.render)
    found = camera_formats.read(place, size.width, size.height, scene.render.fps / scene.render.fps_base)
    start = active_camera(context, placing.first) if placing.from_active else None
    shift = (found.intrinsics[:, :2, 2] - np.array([found.width, found.height]) / 2) * [-1, 1] / found.width
    thing = add(scene, camera_of(from_first(found)), found.width, place.stem, placing, start, shift)
    _present(context, thing, placing, len(found.pose))
    notices = []
    rate = scene.render.fps / scene.render.fps_base
    if abs(found.fps - rate) > 1e-3:
        notices.append(f"{place.name} has {found.fps:g} frames a second, this scene {rate:g}; each is a frame here.")
    if np.abs(found.intrinsics[:, 0, 0] - found.intrinsics[:, 1, 1]).max() > 1e-3 * found.width:
        notices.append(f"{place.name} has pixels that are not square; the lens is that of the picture's width.")
    if found.width * size.height != found.height * size.width:
        theirs, ours = f"{found.width}×{found.height}", f"{size.width}×{size.height}"
        notices.append(f"The file is for {theirs} pixels; this scene renders {ours}, of another shape.")
    return thing, tuple(notices)


def _present(context: bpy.types.Context, thing: bpy.types.Object, placing: Placing, frames: int) -> None:
    """Select the new camera alone; give the scene its length if that is wanted."""
    for other in context.view_layer.objects:
        other.select_set(False)
    thing.select_set(True)
    context.view_layer.objects.active = thing
    if placing.set_range:
        context.scene.frame_start, context.scene.frame_end = placing.first, placing.first + frames - 1


def active_camera(context: Any, frame: int) -> CameraFrame | None:
    """The scene's camera at a frame as the render sees it; None where there is none."""
    if context.scene.camera is None:
        return None
    found: list[CameraFrame] = []
    each_frame(context, (frame,), lambda depsgraph, number: found.append(read_camera(depsgraph, number)))
    return found[0]


def add(
    scene: bpy.types.Scene,
    camera: Camera,
    width: int,
    name: str,
    placing: Placing,
    start: CameraFrame | None,
    shift: Array | None = None,
) -> bpy.types.Object:
    """A camera object with a key at every frame, its clipping taken over from `start`.

    shift: (T, 2) of the lens, in parts of the picture's width; that of `start` if not given. It becomes the scene's
    camera where there is none.
    """
    flat = bool(camera.orthographic[0])
    focal = np.abs(camera.intrinsics[:, 0, 0]) / width
    sensor = SENSOR if flat else _sensor(focal, name)
    data: Any = bpy.data.cameras.new(name)
    thing: Any = bpy.data.objects.new(name, data)
    data.sensor_fit = "HORIZONTAL"
    picture = picture_of(scene.render)
    unit = placing.scale if flat else 1.0  # of the poses, in scene units
    if start:
        data.clip_start, data.clip_end = start.near, start.far
        data.shift_x = 0.5 - start.intrinsics[0, 2] / picture.width
        tall = picture.aspect[1] / picture.aspect[0]
        data.shift_y = (start.intrinsics[1, 2] - picture.height / 2) * tall / picture.width
        if flat and start.orthographic:
            unit *= picture.width / abs(start.intrinsics[0, 0])
    if shift is not None:
        _set(data, {"shift_x": shift[:, :1], "shift_y": shift[:, 1:]}, placing.first)
    if flat:
        data.type = "ORTHO"
        _set(data, {"ortho_scale": unit / focal[:, None]}, placing.first)
    else:
        data.sensor_width = sensor
        _set(data, {"lens": focal[:, None] * sensor}, placing.first)
    thing.rotation_mode = "QUATERNION"
    pose = camera.pose.copy()
    pose[:, :3, 3] *= unit
    world = (start.pose if start else UPRIGHT) @ pose
    turn = _without_flips(np.array([Matrix((one[:3, :3] @ OPENCV).tolist()).to_quaternion() for one in world]))
    _set(thing, {"location": world[:, :3, 3], "rotation_quaternion": turn}, placing.first)
    scene.collection.objects.link(thing)
    if scene.camera is None:
        scene.camera = thing
    return thing


def _sensor(focal: Array, name: str) -> float:
    """A sensor's width with which every focal length (T,), in parts of the width, is one that Blender has."""
    for width in (SENSOR, LARGEST_SENSOR):
        if focal.min() * width >= SHORTEST:
            return width
    frame = int(focal.argmin())
    fov = np.degrees(2 * np.arctan(0.5 / focal[frame]))
    raise BadInput(f"{name}: the field of view is {fov:.1f}° at frame {frame}; a Blender camera has at most 178°.")


def _without_flips(quaternion: Array) -> Array:
    """The same turns (T, 4) with signs that let neighbors be interpolated."""
    turned = np.einsum("ti,ti->t", quaternion[1:], quaternion[:-1]) < 0
    return quaternion * np.concatenate([[1], np.where(np.cumsum(turned) % 2, -1, 1)])[:, None]


def _set(owner: Any, values: dict[str, Array], first: int) -> None:
    """Key properties of a datablock: {path: (T, C)}. What never changes is set and not keyed."""
    curves = None
    for path, series in values.items():
        setattr(owner, path, series[0] if series.shape[1] > 1 else series[0, 0])
        if not np.ptp(series, axis=0).any():
            continue
        curves = compat.new_curves(owner) if curves is None else curves
        for at, column in enumerate(series.T):
            curve = curves.new(path, index=at)
            curve.keyframe_points.add(len(column))
            keys = np.column_stack([np.arange(first, first + len(column)), column])
            curve.keyframe_points.foreach_set("co", keys.astype(np.float32).ravel())
            curve.keyframe_points.foreach_set("interpolation", np.full(len(column), LINEAR, np.uint8))
            curve.update()
