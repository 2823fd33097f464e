"""The scene as a Shot, in two steps: `snapshot` asks Blender, `complete` does the arithmetic in any thread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge import shot
from ...backend.motion_bridge.errors import BadInput, Cancelled
from . import key_pictures
from .camera import CameraFrame, Picture, Sample, picture_of, placed, sample
from .drivers import driver_sentences
from .evaluation import each_frame
from .first_frame import FirstFrame, FromRender, Pixels, take_first_frame
from .geometry import unsupported
from .geometry.frame_geometry import frame_geometries, view_of
from .geometry.instances import Geometry, Reader
from .geometry.shot_geometry import GeometryFiles
from .isolated_camera import read_cameras
from .key_picture import DEFAULT, RenderOptions, key_picture_sentences, percentage
from .key_pictures import FIRST_ONLY, KeyPictures
from .map_export import MAPS, with_drawn_maps
from .missing_data import missing_sentences
from .restore_state import changed
from .tracks.build import TrackSource, begin, gathered, topology_sentences
from .tracks.control_points import ControlPointReader
from .tracks.sources import WHOLE, Grid, Region, Source
from .view_layer import layer_sentences, rendered_layer

PLACED_TOGETHER = 16  # cameras; one by one takes three times as long
SURFACES = frozenset({"geometry", *MAPS})  # what of a Shot needs the scene's surfaces


@dataclass(frozen=True)
class Request:
    """What is to be read."""

    frames: tuple[int, ...]  # rising
    needs: frozenset[str]  # optional fields of a Shot: geometry, and those that are drawn from it: depth, objects, flow
    first_frame: FirstFrame
    generation: shot.GenerationSettings = shot.UNSPECIFIED  # for the engine; nothing here reads it
    grid: int = 0  # points a side of a grid over the first frame; 0 for none
    sources: tuple[Source, ...] = ()  # what else is followed
    region: Region = WHOLE  # where on the first frame the points of the grid and of surfaces are chosen
    through_glass: bool = False  # whether transmissive instances hide no tracks
    layer: str = ""  # the view layer that is read; empty: as view_layer.rendered_layer chooses
    keys: KeyPictures = FIRST_ONLY
    options: RenderOptions = DEFAULT  # of what is rendered; its size is the Shot's

    @property
    def all_sources(self) -> tuple[Source, ...]:
        """Everything that is followed."""
        return (*((Grid(self.grid),) if self.grid else ()), *self.sources)

    @property
    def renders_later(self) -> bool:
        """Whether the first frame is rendered with the other key pictures, once the scene is read."""
        return self.keys.rendered and isinstance(self.first_frame, FromRender)


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
    scene: str  # its name
    layer: str  # the name of the view layer that was read
    key_pictures: Mapping[int, NDArray[np.generic]] = field(default_factory=dict)  # files of the artist's, by frame


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
    layer = scene.view_layers.get(request.layer) or rendered_layer(context)
    with changed(scene.render, resolution_percentage=percentage(scene, request.options.size)):
        return _snapshot(SimpleNamespace(scene=scene, view_layer=layer), request)


def _snapshot(context: Any, request: Request) -> Snapshot:
    scene, layer, frames = context.scene, context.view_layer, request.frames
    picture = picture_of(scene.render)
    files = key_pictures.files(request.keys.folder, frames) if request.keys.folder else {}
    given = key_pictures.read(files, picture.width, picture.height)
    if request.all_sources or request.needs & SURFACES:
        cameras, geometry, control_points = _everything(context, request)
    else:
        cameras, geometry, control_points = read_cameras(context, frames), None, None
    if request.renders_later:
        pixels = np.zeros((picture.height, picture.width, 3), np.uint8)
        notes = key_picture_sentences(scene, layer, request.options)
    else:
        pixels, notes = take_first_frame(request.first_frame, scene, frames[0], picture.width, picture.height, layer)
    notes = [*layer_sentences(scene, layer), *missing_sentences(scene), *driver_sentences(scene), *notes]
    if geometry:
        notes += unsupported.sentences(geometry.unread)
    fps = scene.render.fps / scene.render.fps_base
    found = request, fps, picture, cameras, pixels, geometry, control_points, notes
    return Snapshot(*found, scene.name, layer.name, given)


def _everything(context: Any, request: Request) -> tuple[list[CameraFrame], Geometry, ControlPointReader]:
    cameras: list[CameraFrame] = []
    samples: list[Sample] = []
    reader = Reader()
    control_points = ControlPointReader(request.all_sources, reader.geometry.store)

    def visit(depsgraph: Any, frame: float) -> None:
        samples.append(sample(depsgraph, frame))
        if len(samples) == PLACED_TOGETHER:
            cameras.extend(placed(samples))
            samples.clear()
        reader.read(depsgraph)
        control_points.read(depsgraph, frame)

    each_frame(context, request.frames, visit)
    return [*cameras, *(placed(samples) if samples else ())], reader.geometry, control_points


Rendered = Callable[[tuple[int, ...], str], Mapping[int, Pixels]]  # frame numbers, what to say of them → their renders


def complete(
    snapshot: Snapshot,
    folder: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    rendered: Rendered = lambda frames, sentence: {},
) -> None:
    """Make the Shot's arrays frame by frame and write its folder. Raises Cancelled when `cancelled` says so.

    progress: (frames done, frames in all). rendered: waits for the renders of key pictures. What the artist should know
    is added to `snapshot.notes`.
    """
    request, geometry, control_points = snapshot.request, snapshot.geometry, snapshot.control_points
    count = len(request.frames)
    files = GeometryFiles(geometry, folder) if geometry and request.needs & SURFACES else None
    track_sources: list[TrackSource] = []

    def check(at: int) -> None:
        if cancelled():
            raise Cancelled(f"Stopped while reading frame {request.frames[at]}.")

    for now in frame_geometries(geometry, snapshot.cameras, snapshot.picture) if geometry else ():
        check(now.at)
        if files:
            files.add(now)
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
        changed = files.topology_changed if files else {}
        snapshot.notes.extend(topology_sentences(track_sources, changed, geometry, request.frames))
    tracks = gathered(track_sources, count, view_of(snapshot.cameras[0], snapshot.picture), folder)
    made = _assemble(snapshot, files.finish() if files else None, tracks)
    if drawn := request.needs & set(MAPS):

        def draw(done: int, total: int) -> None:
            check(done - 1)
            progress(done, total)

        made = with_drawn_maps(made, frozenset(drawn), folder, draw)
    if request.keys.rendered and geometry:

        def compared(done: int, total: int) -> None:
            check(done - 1)
            progress(done, total)

        frames, sentence = key_pictures.chosen(request.keys, made, not request.renders_later, compared)
        pictures = dict(rendered(frames, sentence))
        first = pictures.pop(request.frames[0], made.first_frame)
        made = replace(made, first_frame=first, key_pictures=pictures)
    shot.save(made, folder)


def _assemble(snapshot: Snapshot, geometry: shot.Geometry | None, tracks: shot.Tracks | None) -> shot.Shot:
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
            np.array([(camera.near, camera.far) for camera in cameras]) if geometry else None,
        ),
        first_frame=snapshot.first_frame,
        cuts=tuple(
            frame for frame, old, new in zip(frames[1:], cameras, cameras[1:], strict=False) if old.name != new.name
        ),
        geometry=geometry,
        key_pictures=snapshot.key_pictures,
        tracks=tracks,
        **request.generation.fields(),
    )
