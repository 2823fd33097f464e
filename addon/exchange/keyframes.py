"""Where the artist put the keys of a camera, read from its own action.

Motion itself is always sampled; keys only say which frames matter to the artist. Where something else than keys moves
the camera, they would say nothing, and there are none.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from .. import compat

MOVING = ("location", "rotation", "scale", "delta_")  # how the paths of an object's curves begin that move it
LENS = ("lens", "shift_x", "shift_y", "ortho_scale", "sensor_width", "sensor_height", "sensor_fit", "type")
ABRUPT = ("CONSTANT", "LINEAR")  # interpolations that leave a corner at their keys, the sharper first


@dataclass(frozen=True)
class Key:
    """A frame at which the artist keyed something of a camera."""

    frame: float  # of the timeline, may lie between two
    interpolation: str  # to the next key, the most abrupt of all that are keyed here: CONSTANT, LINEAR, BEZIER …


@dataclass(frozen=True)
class Keys:
    """A camera's keys, rising; or why it has none of its own."""

    keys: tuple[Key, ...]
    missing: str = ""  # a sentence


def keys_of(camera: bpy.types.Object) -> Keys:
    """The keys of a camera, its lens and what it is parented to."""
    chain = list(_with_parents(camera))
    lens: Any = camera.data
    for thing in (*chain, lens):
        if why := _moved_otherwise(thing):
            return Keys((), f"The camera {camera.name!r} has no keys of its own: {thing.name!r} {why}.")
    found: dict[float, str] = {}
    for thing in chain:
        _gather(found, (curve for curve in compat.own_curves(thing) if curve.data_path.startswith(MOVING)))
    _gather(found, (curve for curve in compat.own_curves(lens) if curve.data_path in LENS))
    if not found:
        return Keys((), f"The camera {camera.name!r} has no keys.")
    return Keys(tuple(Key(frame, found[frame]) for frame in sorted(found)))


def places(keys: Sequence[Key], frames: Sequence[int]) -> set[int]:
    """The positions among a Shot's frames at which schedules, whose keys are motions from one frame to the next, need
    keys to be keyed where the camera is: at each key, and after it where the motion has a corner there.
    """
    found: set[int] = set()
    before = ""
    for key in keys:
        after = bisect_left(frames, key.frame, hi=len(frames) - 1)
        place = after - 1 if after and key.frame - frames[after - 1] < frames[after] - key.frame else after
        if frames[0] - 0.5 <= key.frame <= frames[-1] + 0.5:
            found.add(place)
            if before in ABRUPT or key.interpolation in ABRUPT:
                found.add(place + 1)
            if before == "CONSTANT":  # all of the motion happens in the one step that arrives here
                found.add(place - 1)
        before = key.interpolation
    return {place for place in found if 0 <= place < len(frames)}


def artist_places(scene: bpy.types.Scene, cameras: Sequence[str], frames: Sequence[int]) -> tuple[set[int], list[str]]:
    """The positions that the artist keyed, and a sentence for each camera that has none.

    cameras: the name of the active one at each frame.
    """
    render = scene.render
    speed = render.frame_map_new / render.frame_map_old
    found: set[int] = set()
    sentences = []
    for name in dict.fromkeys(cameras):
        keys = keys_of(bpy.data.objects[name])
        rendered = [Key(key.frame * speed, key.interpolation) for key in keys.keys]
        found |= {place for place in places(rendered, frames) if cameras[place] == name}
        if keys.missing:
            sentences.append(f"{keys.missing} Its schedules have the fewest keys that do.")
    return found, sentences


def _with_parents(thing: Any) -> Iterator[Any]:
    while thing is not None:
        yield thing
        thing = thing.parent


def _moved_otherwise(thing: Any) -> str:
    """What moves an object or a lens that is not a key of its own; empty where nothing does."""
    for constraint in getattr(thing, "constraints", ()):
        if constraint.enabled and constraint.influence > 0:
            return f"has the constraint {constraint.name!r}"
    if getattr(thing, "rigid_body", None):
        return "is moved by physics"
    if getattr(thing, "parent_type", "OBJECT") == "BONE":
        return "is parented to a bone"
    animation = thing.animation_data
    if animation is None:
        return ""
    if animation.use_nla and any(len(track.strips) and not track.mute for track in animation.nla_tracks):
        return "is moved by NLA strips"
    paths = [curve.data_path for curve in animation.drivers]
    if any(path.startswith(MOVING) or path in LENS for path in paths):
        return "is driven"
    return ""


def _gather(found: dict[float, str], curves: Iterable[Any]) -> None:
    """Add the keys of curves; at the same frame the most abrupt interpolation stays."""
    order = {name: at for at, name in enumerate(ABRUPT)}
    for curve in curves:
        for point in () if curve.mute else curve.keyframe_points:
            frame, kind = round(float(point.co.x), 3), point.interpolation
            if order.get(kind, len(ABRUPT)) <= order.get(found.get(frame, ""), len(ABRUPT)):
                found[frame] = kind
