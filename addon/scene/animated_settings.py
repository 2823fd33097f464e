"""Settings of a scene at many frames, as Blender animates them: by keyframes, F-modifiers, drivers, NLA strips.

A plain F-curve is evaluated and clamped to the property's limits, which costs microseconds. A driver, an NLA strip or a
muted curve says what it does only when Blender evaluates the scene, so then a copy of the scene is taken through the
frames, without its objects: it has all that animates the settings, and a heavy scene costs no more than an empty one.
Handlers are silent meanwhile. Only where a driver may read more than that, the scene itself is taken through them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from .isolated_camera import FRAME_HANDLERS, NeedsFullScene, check_isolated
from .restore_state import silent_handlers

Values = NDArray[np.float64]


def sampled(scene: Any, group: Any, names: Sequence[str], frames: Sequence[float]) -> dict[str, Values]:
    """The values that Blender shows of numbers at every frame: {name: (T,)}. Leaves the scene as it was.

    group: the PropertyGroup of the scene that they belong to.
    """
    path = group.path_from_id()
    curves, doubtful = animation_of(scene, [f"{path}.{name}" for name in names])
    found: dict[str, Values] = {}
    evaluated = []
    for name in names:
        whole = f"{path}.{name}"
        if whole in doubtful:
            evaluated.append(name)
        elif whole in curves:
            found[name] = _along(curves[whole], group.bl_rna.properties[name], [_time(scene, each) for each in frames])
        else:
            found[name] = np.full(len(frames), float(getattr(group, name)))
    if evaluated:
        found |= _evaluated(scene, path, evaluated, frames)
    return found


def animation_of(scene: Any, paths: Sequence[str]) -> tuple[dict[str, Any], set[str]]:
    """The plain F-curves of a scene's properties by path, and the paths whose value only an evaluation tells."""
    data = scene.animation_data
    if data is None:
        return {}, set()
    if data.use_nla and (data.use_tweak_mode or any(len(track.strips) for track in data.nla_tracks)):
        return {}, set(paths)
    curves = {curve.data_path: curve for curve in compat.own_curves(scene) if curve.data_path in paths}
    doubtful = {curve.data_path for curve in data.drivers if curve.data_path in paths}
    doubtful |= {path for path, curve in curves.items() if not _is_plain(curve)}
    return curves, doubtful


def _is_plain(curve: Any) -> bool:
    return not (curve.mute or (curve.group and curve.group.mute) or curve.is_empty) and curve.is_valid


def _time(scene: Any, frame: float) -> float:
    """The time at which animation is evaluated at a frame of a scene whose time may be stretched."""
    return frame * scene.render.frame_map_old / scene.render.frame_map_new


def _along(curve: Any, number: Any, times: Sequence[float]) -> Values:
    values = np.array([curve.evaluate(time) for time in times]).clip(number.hard_min, number.hard_max)
    return np.trunc(values) if number.type == "INT" else values


def _evaluated(scene: Any, path: str, names: Sequence[str], frames: Sequence[float]) -> dict[str, Values]:
    with silent_handlers(FRAME_HANDLERS):
        try:
            with _without_objects(scene) as copy:
                return _through(copy, path, names, frames, check_isolated)
        except NeedsFullScene:
            before = scene.frame_current, scene.frame_subframe
            try:
                return _through(scene, path, names, frames)
            finally:
                scene.frame_set(before[0], subframe=before[1])


def _through(
    scene: Any, path: str, names: Sequence[str], frames: Sequence[float], check: Any = lambda depsgraph: None
) -> dict[str, Values]:
    """The evaluated values at every frame. check: is called once with the dependency graph."""
    found = np.empty((len(names), len(frames)))
    for at, frame in enumerate(frames):
        scene.frame_set(int(frame // 1), subframe=frame % 1)
        depsgraph = scene.view_layers[0].depsgraph
        if at == 0:
            check(depsgraph)
        group = depsgraph.scene_eval.path_resolve(path)
        found[:, at] = [getattr(group, name) for name in names]
    return dict(zip(names, found, strict=True))


@contextmanager
def _without_objects(scene: Any) -> Iterator[Any]:
    """A copy of a scene that has its settings, its animation and nothing else."""
    copy = scene.copy()
    try:
        for layer in list(copy.view_layers)[1:]:
            copy.view_layers.remove(layer)
        copy.camera = copy.world = copy.background_set = None
        copy.timeline_markers.clear()
        for obj in list(copy.collection.objects):
            copy.collection.objects.unlink(obj)
        for child in list(copy.collection.children):
            copy.collection.children.unlink(child)
        yield copy
    finally:
        bpy.data.scenes.remove(copy)
