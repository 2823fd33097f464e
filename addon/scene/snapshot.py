"""The scene as a Shot, in two steps: `snapshot` asks Blender, `complete` does the arithmetic in any thread."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...backend.motion_bridge import shot
from ...backend.motion_bridge.errors import BadInput, Cancelled
from .camera import CameraFrame, Picture, picture_of, read_camera
from .drivers import driver_sentences
from .evaluation import each_frame
from .first_frame import FirstFrame, Pixels, take_first_frame
from .geometry import unsupported
from .geometry.frame_geometry import frame_geometries, view_of
from .geometry.instances import Geometry, Reader
from .isolated_camera import read_cameras
from .missing_data import missing_sentences
from .passes.passes import Maps
from .tracks.build import TrackSource, begin, gathered, topology_sentences
from .tracks.control_points import ControlPointReader
from .tracks.sources import WHOLE, Grid, Region, Source
from .view_layer import layer_sentences, rendered_layer

DENSE = frozenset({"depth", "objects", "flow"})


@dataclass(frozen=True)
class Request:
    """What is to be read."""

    frames: tuple[int, ...]  # rising
    needs: frozenset[str]  # optional fields of a Shot: depth, objects, flow, tracks
    first_frame: FirstFrame
    generation: shot.GenerationSettings = shot.UNSPECIFIED  # for the engine; nothing here reads it
    grid: int = 0  # points a side of a grid over the first frame; 0 for none
    sources: tuple[Source, ...] = ()  # what else is followed
    region: Region = WHOLE  # where on the first frame the points of the grid and of surfaces are chosen
    through_glass: bool = False  # whether transmissive instances hide no tracks
    layer: str = ""  # the view layer that is read; empty: as view_layer.rendered_layer chooses

    @property
    def all_sources(self) -> tuple[Source, ...]:
        """Everything that is followed."""
        return (*((Grid(self.grid),) if self.grid else ()), *self.sources)


@dataclass
class Snapshot:
    """What Blender said; nothing in it is Blender's own, so any thread may use it."""

    request: Request
    fps: float
    picture: Picture
    cameras: list[CameraFrame]  # (T,)
    first_frame: Pixels
    geometry: Geometry | None
    control_points: ControlPointReader | None
    notes: list[str]  # what the artist should know of the shot


def snapshot(context: Any, request: Request) -> Snapshot:
    """Read the scene at every frame and leave it as it was. Main thread.

    BadInput when there is no usable camera, no frame, no first frame, or something to follow is not there.
    """
    scene = context.scene
    frames = request.frames
    if not frames or any(b <= a for a, b in pairwise(frames)):
        raise BadInput("The frames to read must be a rising range with at least one frame, such as 1-24.")
    if between := [frame for frame in frames if frame != int(frame)]:
        raise BadInput(
            f"Frame {between[0]:g} lies between two frames; a Shot has whole ones. Stretch the time instead."
        )
    picture = picture_of(scene.render)
    layer = scene.view_layers.get(request.layer) or rendered_layer(context)
    context = SimpleNamespace(scene=scene, view_layer=layer)
    if request.all_sources or request.needs & DENSE:
        cameras, geometry, control_points = _everything(context, request)
    else:
        cameras, geometry, control_points = read_cameras(context, frames), None, None
    pixels, notes = take_first_frame(request.first_frame, scene, frames[0], picture.width, picture.height, layer)
    notes = [*layer_sentences(scene, layer), *missing_sentences(scene), *driver_sentences(scene), *notes]
    if geometry:
        notes += unsupported.sentences(geometry.unread)
    fps = scene.render.fps / scene.render.fps_base
    return Snapshot(request, fps, picture, cameras, pixels, geometry, control_points, notes)


def _everything(context: Any, request: Request) -> tuple[list[CameraFrame], Geometry, ControlPointReader]:
    cameras: list[CameraFrame] = []
    reader = Reader()
    control_points = ControlPointReader(request.all_sources, reader.geometry.store)

    def visit(depsgraph: Any, frame: float) -> None:
        cameras.append(read_camera(depsgraph, frame))
        reader.read(depsgraph)
        control_points.read(depsgraph, frame)

    each_frame(context, request.frames, visit)
    return cameras, reader.geometry, control_points


def complete(
    snapshot: Snapshot, folder: Path, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> None:
    """Make the Shot's arrays frame by frame and write its folder. Raises Cancelled when `cancelled` says so.

    progress: (frames done, frames in all). What the artist should know is added to `snapshot.notes`.
    """
    request, geometry, control_points = snapshot.request, snapshot.geometry, snapshot.control_points
    count = len(request.frames)
    size = (count, snapshot.picture.height, snapshot.picture.width)
    maps = Maps(geometry, request.needs, size, folder) if geometry else None
    track_sources: list[TrackSource] = []
    for now in frame_geometries(geometry, snapshot.cameras, snapshot.picture) if geometry else ():
        if cancelled():
            raise Cancelled(f"Stopped while reading frame {request.frames[now.at]}.")
        if maps and request.needs & DENSE:
            maps.draw(now)
        if now.at == 0 and geometry and control_points:
            clear = enumerate(geometry.instances) if request.through_glass else ()
            transmissive = [number for number, instance in clear if instance.transmissive]
            track_sources = [
                begin(source, number, control_points, geometry, now, count, frozenset(transmissive), request.region)
                for number, source in enumerate(request.all_sources)
            ]
        for one in track_sources:
            one.follow(now)
        progress(now.at + 1, count)
    if geometry:
        snapshot.notes.extend(topology_sentences(track_sources, geometry, request.frames))
    tracks = gathered(track_sources, count, view_of(snapshot.cameras[0], snapshot.picture), folder)
    shot.save(_assemble(snapshot, maps, tracks), folder)


def _assemble(snapshot: Snapshot, maps: Maps | None, tracks: shot.Tracks | None) -> shot.Shot:
    request, cameras, frames = snapshot.request, snapshot.cameras, snapshot.request.frames
    return shot.Shot(
        frames=frames,
        fps=snapshot.fps,
        width=snapshot.picture.width,
        height=snapshot.picture.height,
        camera=shot.Camera(
            np.stack([camera.pose for camera in cameras]),
            np.stack([camera.intrinsics for camera in cameras]),
            np.array([camera.orthographic for camera in cameras]),
        ),
        first_frame=snapshot.first_frame,
        cuts=tuple(
            frame for frame, old, new in zip(frames[1:], cameras, cameras[1:], strict=False) if old.name != new.name
        ),
        depth=maps.depth if maps else None,
        flow=maps.flow if maps else None,
        objects=maps.objects if maps else None,
        tracks=tracks,
        **request.generation.fields(),
    )
