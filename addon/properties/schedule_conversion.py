"""Schedules from text to F-curve and back.

The scene's range of frames is what both speak of: key 0 of a text is the first of its frames.
"""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.schedules import Context, writer
from ...backend.motion_bridge.schedules import values as values_of
from ...backend.motion_bridge.schedules.few_keys import few_keys, steps
from .. import compat
from . import schedule_curves
from .schedule_curves import CURVE, LIMITS, TEXT
from .schedules import FIELDS

TOLERANCE = 1e-4  # what a curve may miss a text by, at any frame
ROUNDING = 2.0**-22  # of a value, that a text may miss a curve by: Blender's numbers have 24 bits
CONSTANT, LINEAR = 0, 1  # as F-curves count interpolations


def frames_of(scene: Any) -> list[int]:
    """The frames that a text's keys count: those that a take has."""
    return list(range(scene.frame_start, scene.frame_end + 1, max(scene.frame_step, 1))) or [scene.frame_start]


def to_curve(deforum: Any, name: str, tolerance: float = TOLERANCE) -> int:
    """Make a schedule's text its F-curve, in place of the keys that there were, and let it hold; the number of keys.

    A text that is the same at every frame becomes a number without keys. BadInput where a text cannot be read, leaves
    the limits of the number, or something else than keys moves it.
    """
    scene = deforum.id_data
    frames = frames_of(scene)
    fps = scene.render.fps / scene.render.fps_base
    text = getattr(deforum.texts, name).strip()
    series = values_of(text, Context(len(frames), scene.motion_bridge.seed, fps), name, whole=LIMITS[name].whole)
    number = deforum.curves.bl_rna.properties[name]
    if outside := [at for at, value in enumerate(series) if not number.hard_min <= value <= number.hard_max]:
        raise BadInput(
            f"{name} is {series[outside[0]]:g} at frame {frames[outside[0]]}; as a curve it lies between "
            f"{number.hard_min:g} and {number.hard_max:g}. Leave it as text."
        )
    whole = LIMITS[name].whole
    keys = steps(series) if whole else few_keys(series, tolerance)
    path = f"{deforum.curves.path_from_id()}.{name}"
    _refuse_other_motion(scene, path, name)
    _write(scene, path, [(frames[at], value) for at, value in keys.items()], CONSTANT if whole else LINEAR)
    setattr(deforum.curves, name, int(series[0]) if whole else series[0])
    setattr(deforum.sources, name, CURVE)
    return len(keys) if len(keys) > 1 else 0


def to_text(deforum: Any, name: str) -> None:
    """Make a schedule's curve its text, and let it hold. The curve stays."""
    frames = frames_of(deforum.id_data)
    series = schedule_curves.values(deforum, [name], frames)[name]
    accuracy = max(float(np.abs(series).max()) * ROUNDING, 10.0**-writer.DECIMALS)
    setattr(deforum.texts, name, writer.schedule(_held(series) if LIMITS[name].whole else few_keys(series, accuracy)))
    setattr(deforum.sources, name, TEXT)


def convertible(deforum: Any, source: str, names: Sequence[str] = tuple(FIELDS)) -> list[str]:
    """Those that have something to convert: a text that holds, or a curve that says more than it did at first."""
    if source == TEXT:
        return [name for name in names if schedule_curves.source(deforum, name) == TEXT]
    curves = [name for name in names if schedule_curves.source(deforum, name) == CURVE]
    return list(schedule_curves.written(deforum, curves, frames_of(deforum.id_data)))


def _held(series: Any) -> dict[int, float]:
    """Keys of a text, whose numbers are interpolated, for values that are held until they change."""
    keys = steps(series)
    before = {at - 1: float(series[at - 1]) for at in keys if at}
    return dict(sorted({**before, **keys}.items()))


def _refuse_other_motion(scene: Any, path: str, name: str) -> None:
    if not scene.is_editable:
        raise BadInput(f"The scene {scene.name!r} is linked from another file; change {name} there.")
    data = scene.animation_data
    if data is None:
        return
    if any(curve.data_path == path for curve in data.drivers):
        raise BadInput(f"{name} is driven; remove its driver, then make a curve of the text.")
    if data.action is not None and not data.action.is_editable:
        raise BadInput(f"{data.action.name!r} is linked from another file; give the scene an action of its own.")


def _write(scene: Any, path: str, keys: Sequence[tuple[float, float]], interpolation: int) -> None:
    """An F-curve with these keys (frame, value), or none for a single one."""
    old = next((curve for curve in compat.own_curves(scene) if curve.data_path == path), None)
    if len(keys) < 2:
        if old is not None:
            compat.curves_for_writing(scene).remove(old)
        return
    if old is not None:
        compat.curves_for_writing(scene).remove(old)
    curve = compat.new_curve(scene, path, "Motion Bridge")
    render = scene.render
    stretch = render.frame_map_old / render.frame_map_new
    points = curve.keyframe_points
    points.add(len(keys))
    points.foreach_set("co", np.array([(frame * stretch, value) for frame, value in keys], np.float32).ravel())
    points.foreach_set("interpolation", np.full(len(keys), interpolation, np.int32))
    curve.update()


def redraw(context: bpy.types.Context) -> None:
    """Let the editors show curves that were written without an operator of Blender's."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("GRAPH_EDITOR", "DOPESHEET_EDITOR", "VIEW_3D"):
                area.tag_redraw()
