"""From sources, as a person names them, to tracks that can be followed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.errors import BadInput
from ....backend.motion_bridge.geometry.rasterizer import Array, View, rasterize
from ....backend.motion_bridge.shot import Tracks, map_array
from ..geometry.frame_geometry import FrameGeometry
from ..geometry.instances import Geometry
from .control_points import ControlPointReader
from .other_points import ControlPoints, InstancePoints, VertexPoints
from .sources import PINNED, WHOLE, Bone, CurvePoints, Grid, Instances, Origin, Pixel, Region, Source, Surface, Vertices
from .surface_points import Bound, cell_centers, instances_named, lattice, spread_over, within
from .tracker import Points, Track

NAMED = 5  # objects that are told by name


@dataclass(frozen=True)
class TrackSource:
    """One source's points on their way."""

    source: Source
    track: Track | None  # None for a place of the picture, which does not move
    names: tuple[str, ...]

    def follow(self, now: FrameGeometry) -> None:
        """Look where the points are at a frame; what is pinned stays where the first frame has it."""
        if self.track and (now.at == 0 or self.source.kind != PINNED):
            self.track.follow(now)


def begin(
    source: Source,
    number: int,
    control_points: ControlPointReader,
    geometry: Geometry,
    first: FrameGeometry,
    frames: int,
    transmissive: frozenset[int],
    region: Region,
) -> TrackSource:
    """Choose a source's points at the first frame. BadInput when there are none.

    number: the source's, among those that control_points has read. transmissive: instances that hide nothing. region:
    where a grid's and surfaces' points are chosen.
    """
    match source:
        case Grid(side):
            pixels = cell_centers(side, first.view.width, first.view.height, region)
            return _bound(source, pixels, geometry, first, frames, transmissive)
        case Surface(objects, count, spacing):
            shown = _shown(objects, geometry, first) & within(region, first.view.width, first.view.height)
            if not shown.any():
                what = ", ".join(objects) or "any surface"
                where = "" if region == WHOLE else " in the region"
                raise BadInput(f"The first frame shows nothing of {what}{where}; follow something else.")
            pixels = lattice(shown, spacing) if spacing else spread_over(shown, count)
            return _bound(source, pixels, geometry, first, frames, transmissive)
        case Pixel():
            return TrackSource(source, None, ("picture",))
        case Vertices():
            points: Points = VertexPoints(source, control_points.members.get(number), geometry, first.soup)
            names, clear = (source.object,) * len(points.infinite), transmissive
        case Instances():
            points = instances = InstancePoints(source, geometry, first.soup)
            names = tuple(geometry.instances[instance].name for instance in instances.instances)
            clear = transmissive | set(instances.instances.tolist())
        case Origin() | Bone() | CurvePoints():
            points = ControlPoints(control_points.points[number])
            names = (source.object,) * len(points.infinite)
            clear = transmissive | set(instances_named(control_points.points[number].clear_of, geometry))
    middle = np.full((len(points.infinite), 2), (first.view.width / 2, first.view.height / 2))
    return TrackSource(source, Track(points, middle, frames, clear), names)


def _bound(
    source: Source, pixels: Array, geometry: Geometry, first: FrameGeometry, frames: int, transmissive: frozenset[int]
) -> TrackSource:
    points = Bound(pixels, first)
    return TrackSource(source, Track(points, pixels, frames, transmissive), points.names(geometry))


def _shown(objects: tuple[str, ...], geometry: Geometry, first: FrameGeometry) -> NDArray[np.bool_]:
    """Where the picture shows one of the objects, or any if none is named: (H, W)."""
    seen = rasterize(first.points, first.soup.triangles, first.view)
    wanted = np.zeros(len(geometry.instances) + 1, bool)
    wanted[instances_named(objects, geometry) if objects else slice(-1)] = True
    return wanted[np.append(first.soup.instance, len(geometry.instances))[seen.triangle]]


def gathered(track_sources: list[TrackSource], frames: int, view: View, folder: Path) -> Tracks | None:
    """The tracks of a Shot, as maps of its folder's files; None when nothing was followed."""
    if not track_sources:
        return None
    names = tuple(name for each in track_sources for name in each.names)
    kinds = tuple(each.source.kind for each in track_sources for _ in each.names)
    xy = map_array(folder, "tracks.xy", (len(names), frames, 2), np.float32)
    visible = map_array(folder, "tracks.visible", (len(names), frames), np.bool_)
    begin = 0
    for each in track_sources:
        rows = slice(begin, begin + len(each.names))
        begin = rows.stop
        if each.track:
            known = slice(1) if each.source.kind == PINNED else slice(None)
            xy[rows], visible[rows] = each.track.xy[:, known], each.track.visible[:, known]
        elif isinstance(each.source, Pixel):
            place = each.source.x, each.source.y
            xy[rows], visible[rows] = place, 0 <= place[0] < view.width and 0 <= place[1] < view.height
    return Tracks(xy, visible, names, kinds)


def topology_sentences(
    track_sources: list[TrackSource], surfaces: Mapping[int, int], geometry: Geometry, frames: tuple[int, ...]
) -> list[str]:
    """What to say of meshes whose faces become others on the way.

    surfaces: the instances of which that was found while the geometry was written, and the frame (position) of each.
    """
    followed: dict[int, int] = {}
    for each in track_sources:
        for instance, at in (each.track.topology_changed if each.track else {}).items():
            followed[instance] = min(at, followed.get(instance, at))
    said = {
        geometry.instances[instance].name: f"The topology of {geometry.instances[instance].name!r} changes at frame "
        f"{frames[at]}: {'its points are hidden' if instance in followed else 'it is another surface'} from there on."
        for instance, at in sorted({**surfaces, **followed}.items())
    }
    left = [f"The topology of {len(said) - NAMED} more objects changes, too."] if len(said) > NAMED else []
    return [*list(said.values())[:NAMED], *left]
