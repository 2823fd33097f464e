"""From sources, as a person names them, to tracks that can be followed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.errors import BadInput
from ....backend.motion_bridge.geometry.rasterizer import Array, View, rasterize
from ....backend.motion_bridge.shot import Tracks, map_array
from ..geometry.frame_geometry import Moment
from ..geometry.instances import Geometry
from .control_points import HandleReader
from .other_points import HandlePoints, InstancePoints, VertexPoints
from .sources import PINNED, WHOLE, Bone, CurvePoints, Grid, Instances, Origin, Pixel, Region, Source, Surface, Vertices
from .surface_points import Bound, cell_centres, lattice, spread_over, things_named, within
from .tracker import Points, Track


@dataclass(frozen=True)
class Followed:
    """One source's points on their way."""

    source: Source
    track: Track | None  # None for a place of the picture, which does not move
    names: tuple[str, ...]

    def follow(self, moment: Moment) -> None:
        """Look where the points are at a frame; what is pinned stays where the first frame has it."""
        if self.track and (moment.at == 0 or self.source.kind != PINNED):
            self.track.follow(moment)


def begin(
    source: Source,
    number: int,
    handles: HandleReader,
    geometry: Geometry,
    first: Moment,
    frames: int,
    glass: frozenset[int],
    region: Region,
) -> Followed:
    """Choose a source's points at the first frame. BadInput when there are none.

    number: the source's, among those that handles has read. glass: things that hide nothing. region: where a grid's
    and surfaces' points are chosen.
    """
    match source:
        case Grid(side):
            pixels = cell_centres(side, first.view.width, first.view.height, region)
            return _bound(source, pixels, geometry, first, frames, glass)
        case Surface(objects, count, spacing):
            shown = _shown(objects, geometry, first) & within(region, first.view.width, first.view.height)
            if not shown.any():
                what = ", ".join(objects) or "any surface"
                where = "" if region == WHOLE else " in the region"
                raise BadInput(f"The first frame shows nothing of {what}{where}; follow something else.")
            pixels = lattice(shown, spacing) if spacing else spread_over(shown, count)
            return _bound(source, pixels, geometry, first, frames, glass)
        case Pixel():
            return Followed(source, None, ("picture",))
        case Vertices():
            points: Points = VertexPoints(source, handles.members.get(number), geometry, first.soup)
            names, clear = (source.object,) * len(points.infinite), glass
        case Instances():
            points = instances = InstancePoints(source, geometry, first.soup)
            names = tuple(geometry.things[thing].name for thing in instances.things)
            clear = glass | set(instances.things.tolist())
        case Origin() | Bone() | CurvePoints():
            points = HandlePoints(handles.handles[number])
            names = (source.object,) * len(points.infinite)
            clear = glass | set(things_named(handles.handles[number].clear_of, geometry))
    middle = np.full((len(points.infinite), 2), (first.view.width / 2, first.view.height / 2))
    return Followed(source, Track(points, middle, frames, clear), names)


def _bound(
    source: Source, pixels: Array, geometry: Geometry, first: Moment, frames: int, glass: frozenset[int]
) -> Followed:
    points = Bound(pixels, first)
    return Followed(source, Track(points, pixels, frames, glass), points.names(geometry))


def _shown(objects: tuple[str, ...], geometry: Geometry, first: Moment) -> NDArray[np.bool_]:
    """Where the picture shows one of the objects, or any if none is named: (H, W)."""
    seen = rasterize(first.points, first.soup.triangles, first.view)
    wanted = np.zeros(len(geometry.things) + 1, bool)
    wanted[things_named(objects, geometry) if objects else slice(-1)] = True
    return wanted[np.append(first.soup.thing, len(geometry.things))[seen.triangle]]


def gathered(all_followed: list[Followed], frames: int, view: View, folder: Path) -> Tracks | None:
    """The tracks of a Shot, as maps of its folder's files; None when nothing was followed."""
    if not all_followed:
        return None
    names = tuple(name for followed in all_followed for name in followed.names)
    kinds = tuple(followed.source.kind for followed in all_followed for _ in followed.names)
    xy = map_array(folder, "tracks.xy", (len(names), frames, 2), np.float32)
    visible = map_array(folder, "tracks.visible", (len(names), frames), np.bool_)
    begin = 0
    for followed in all_followed:
        rows = slice(begin, begin + len(followed.names))
        begin = rows.stop
        if followed.track:
            known = slice(1) if followed.source.kind == PINNED else slice(None)
            xy[rows], visible[rows] = followed.track.xy[:, known], followed.track.visible[:, known]
        elif isinstance(followed.source, Pixel):
            place = followed.source.x, followed.source.y
            xy[rows], visible[rows] = place, 0 <= place[0] < view.width and 0 <= place[1] < view.height
    return Tracks(xy, visible, names, kinds)


def torn_notes(all_followed: list[Followed], geometry: Geometry, frames: tuple[int, ...]) -> list[str]:
    """What to say of meshes whose faces become others on the way."""
    torn: dict[int, int] = {}
    for followed in all_followed:
        for thing, at in (followed.track.torn if followed.track else {}).items():
            torn[thing] = min(at, torn.get(thing, at))
    return [
        f"The mesh of {geometry.things[thing].name!r} is another from frame {frames[at]} on "
        "(its vertices or faces are counted otherwise): its points are hidden from there."
        for thing, at in sorted(torn.items())
    ]
