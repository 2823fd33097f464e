"""The motion of a session as keyframes: camera and objects, simplified, with straight lines between the keys."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from mathutils import Euler, Matrix, Quaternion
from numpy.typing import NDArray

from ...backend.motion_bridge.geometry.live_motion import Moment
from .. import compat
from ..scene.camera import OPENCV
from .sampler import evaluated
from .simplify import simplify

Array = NDArray[np.float64]

LINEAR = 1  # of an interpolation, as keyframe_points have it
PIXELS = 0.1  # that the simplification of a curve may cost, at most, in the picture
STILL = 1e-9  # relative; what changes less does not change


def record(scene: Any, camera_name: str, moments: Mapping[int, Moment], near: float) -> list[str]:
    """Key the camera, its lens and the objects of a session at its frames; what people should know.

    moments: by frame of the scene. near: the depth of the nearest thing that the session looked at, scene units. What
    moved them before is kept as an action of its own.
    """
    frames = np.array(sorted(moments), np.float64)
    if len(frames) < 2:
        return ["The session has no motion to record."]
    series = [moments[int(frame)] for frame in frames]
    focal = max(float(abs(np.linalg.det(each.intrinsics[:2, :2]))) ** 0.5 for each in series)
    flat = series[0].orthographic
    reach = PIXELS / focal * (1.0 if flat else max(near, 1e-6))  # scene units
    turn = PIXELS / focal if not flat else PIXELS / focal / max(near, 1e-6)  # radians
    said = []
    keyed = []  # object, its world matrices (n, 4, 4), the cost of a turn, whether it is scaled
    camera = scene.objects.get(camera_name)
    if camera is None or camera.type != "CAMERA":
        said.append(f"The camera {camera_name!r} is gone, so its motion is not recorded.")
    else:
        world = np.stack([each.pose for each in series])
        world[:, :3, :3] = world[:, :3, :3] @ OPENCV
        keyed.append((camera, world, turn, False))
        _key_lens(camera.data, frames, series)
    for name in sorted({name for each in series for name in each.objects}):
        thing = scene.objects.get(name)
        if thing is None:
            said.append(f"The object {name!r} is gone, so its motion is not recorded.")
            continue
        first = next(each.objects[name] for each in series if name in each.objects)
        world = np.stack([each.objects.get(name, first) for each in series])
        size = max(*thing.dimensions, 1e-6)
        keyed.append((thing, world, reach / size, True))
    for thing, world, turn, scaled in sorted(keyed, key=lambda each: len(_parents(each[0]))):  # parents move first
        said += _key_object(scene, thing, frames, world, reach, turn, scaled)
    return said


def _key_object(
    scene: Any, thing: Any, frames: Array, world: Array, reach: float, turn: float, scaled: bool
) -> list[str]:
    """Key an object that stands at `world` (n, 4, 4); scaled: whether its scale is the matrix's, too."""
    above = _above(scene, thing, frames)
    if not max(np.ptp(world, axis=0).max(), np.ptp(np.array(above), axis=0).max()) > STILL:
        return []
    said = []
    held = [each for each in thing.constraints if not each.mute and each.influence > 0]
    for constraint in held:
        constraint.mute = True
    if held:
        are, they = ("constraint", "is", "it"), ("constraints", "are", "they")
        noun, verb, subject = are if len(held) == 1 else they
        said.append(f"{len(held)} {noun} of {thing.name!r} {verb} muted: {subject} would move the object off its keys.")
    parts = [
        (parent.inverted_safe() @ Matrix(pose.tolist())).decompose() for parent, pose in zip(above, world, strict=True)
    ]
    location = np.array([part[0] for part in parts])
    if thing.rotation_mode == "AXIS_ANGLE":
        thing.rotation_mode = "QUATERNION"
    if thing.rotation_mode == "QUATERNION":
        path, rotation = "rotation_quaternion", _continuous([part[1] for part in parts])
    else:
        path, rotation = "rotation_euler", _eulers([part[1] for part in parts], thing.rotation_mode)
    said += _keep_old_action(thing)
    curves = compat.new_curves(thing)
    _key(thing, curves, "location", frames, location - np.array(thing.delta_location), reach)
    _key(thing, curves, path, frames, rotation, turn)
    if scaled:
        size = max(*thing.dimensions, 1e-6)
        _key(thing, curves, "scale", frames, np.array([part[2] for part in parts]), reach / size)
    return said


def _above(scene: Any, thing: Any, frames: Array) -> list[Matrix]:
    """What the object's own location, rotation and scale are placed in, at each frame when the scene is played."""
    if not _may_be_carried(thing):
        return [_placed_in(scene, thing)] * len(frames)
    now = scene.frame_current, scene.frame_subframe
    found = []
    try:
        for frame in frames:
            scene.frame_set(int(frame))
            found.append(_placed_in(scene, thing))
    finally:
        scene.frame_set(now[0], subframe=now[1])
    return found


def _placed_in(scene: Any, thing: Any) -> Matrix:
    """The same as it stands now: that of the parent, whether an object, a bone or vertices."""
    if thing.parent is None:
        return Matrix()
    depsgraph = evaluated(scene.name) or scene.view_layers[0].depsgraph
    seen = thing.evaluated_get(depsgraph) if depsgraph else thing
    return seen.matrix_world @ seen.matrix_local.inverted_safe() @ seen.matrix_parent_inverse


def _may_be_carried(thing: Any) -> bool:
    """Whether what the object is parented to may move by itself when the scene is played."""
    return any(
        each.parent_type != "OBJECT" or each.parent.animation_data or each.parent.constraints or each.parent.rigid_body
        for each in (thing, *_parents(thing))
        if each.parent
    )


def _parents(thing: Any) -> list[Any]:
    """The parent, its parent, and so on."""
    return [thing.parent, *_parents(thing.parent)] if thing.parent else []


def _continuous(turns: list[Quaternion]) -> Array:
    """Quaternions (n, 4) with signs that let neighbors be interpolated."""
    found = np.array(turns)
    flips = np.einsum("ni,ni->n", found[1:], found[:-1]) < 0
    return found * np.concatenate([[1], np.where(np.cumsum(flips) % 2, -1, 1)])[:, None]


def _eulers(turns: list[Quaternion], order: Any) -> Array:
    """Angles (n, 3) without jumps."""
    found: list[Euler] = []
    for turn in turns:
        found.append(turn.to_euler(order, found[-1]) if found else turn.to_euler(order))
    return np.array(found)


def _key_lens(data: Any, frames: Array, series: list[Moment]) -> None:
    """Key focal length and shift where they changed; what they were is what the first frame was seen with."""
    matrices = np.stack([each.intrinsics for each in series])
    focal = matrices[:, 0, 0]
    if not np.ptp(matrices, axis=0).max() > 1e-6 * np.abs(focal).max():
        return
    orthographic = data.type == "ORTHO"
    path = "ortho_scale" if orthographic else "lens"
    share = focal[-1] / focal if orthographic else focal / focal[-1]  # the scene has the lens of the last frame now
    values = {path: (getattr(data, path) * share)[:, None]}
    spanned = abs(focal[-1]) * (data.ortho_scale if orthographic else data.sensor_width / data.lens)  # pixels
    if data.sensor_fit == "VERTICAL" and not orthographic:
        spanned = abs(focal[-1]) * data.sensor_height / data.lens
    values["shift_x"] = (data.shift_x - (matrices[:, 0, 2] - matrices[-1, 0, 2]) / spanned)[:, None]
    values["shift_y"] = (data.shift_y + (matrices[:, 1, 2] - matrices[-1, 1, 2]) / spanned)[:, None]
    _keep_old_action(data)
    curves = compat.new_curves(data)
    for name, column in values.items():
        size = max(float(np.abs(column).max()), 1.0)
        _key(data, curves, name, frames, column, 1e-4 * size if name == path else PIXELS / spanned)


def _keep_old_action(owner: Any) -> list[str]:
    action = owner.animation_data.action if owner.animation_data else None
    if action is None:
        return []
    action.use_fake_user = True
    return [f"{owner.name!r} has a new action; {action.name!r}, which moved it before, is kept in the file."]


def _key(owner: Any, curves: Any, path: str, frames: Array, values: Array, tolerance: float) -> None:
    """Curves of a property of c numbers for values (n, c); what never changes gets one key."""
    kept = simplify(frames, values, np.full(values.shape[1], max(tolerance, 1e-9)))
    if not np.ptp(values, axis=0).max() > 0:
        kept = kept[:1]
    for index, column in enumerate(values[kept].T):
        curve = curves.new(path, index=index)
        curve.keyframe_points.add(len(kept))
        keys = np.column_stack([frames[kept], column]).astype(np.float32)
        curve.keyframe_points.foreach_set("co", keys.ravel())
        curve.keyframe_points.foreach_set("interpolation", np.full(len(kept), LINEAR, np.uint8))
        curve.update()
    owner.id_data.update_tag()
