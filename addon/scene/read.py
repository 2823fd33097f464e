"""The scene as a Shot, in two steps: `snapshot` asks Blender, `complete` does the arithmetic in any thread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...backend.motion_bridge import shot
from ...backend.motion_bridge.errors import BadInput, Cancelled
from ...backend.motion_bridge.motion.camera import transform
from ...backend.motion_bridge.motion.raster import View, rasterise
from .camera import CameraFrame, Picture, picture_of, read_camera
from .evaluate import each_frame
from .first_frame import FirstFrame, Pixels, take_first_frame
from .geometry import Geometry, Reader
from .grid import Grid, cell_centres, torn_notes
from .movers import Movers, find_movers
from .soup import Soup, soups


@dataclass(frozen=True)
class Request:
    """What is to be read."""

    frames: tuple[int, ...]  # rising
    needs: frozenset[str]  # optional fields of a Shot: depth, objects, tracks
    first_frame: FirstFrame
    prompts: Mapping[int, str] = field(default_factory=dict)
    negative: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)  # the engine's
    grid: int = 0  # points a side; 0 for no tracks


@dataclass
class Snapshot:
    """What Blender said; nothing in it is Blender's own, so any thread may use it."""

    request: Request
    fps: float
    picture: Picture
    cameras: list[CameraFrame]  # (T,)
    first_frame: Pixels
    geometry: Geometry | None
    notes: list[str]  # what the artist should know of the shot


def snapshot(context: Any, request: Request) -> Snapshot:
    """Read the scene at every frame and leave it as it was. Main thread.

    BadInput when there is no usable camera, no frame, or no first frame.
    """
    scene = context.scene
    frames = request.frames
    if not frames or any(b <= a for a, b in pairwise(frames)):
        raise BadInput("The frames to read must be a rising range with at least one frame, such as 1-24.")
    picture = picture_of(scene.render)
    cameras: list[CameraFrame] = []
    reader = Reader() if request.grid or request.needs & {"depth", "objects", "tracks"} else None

    def visit(depsgraph: Any, frame: float) -> None:
        cameras.append(read_camera(depsgraph, frame))
        if reader:
            reader.read(depsgraph)

    each_frame(context, frames, visit)
    pixels, notes = take_first_frame(request.first_frame, scene, frames[0], picture.width, picture.height)
    fps = scene.render.fps / scene.render.fps_base
    return Snapshot(request, fps, picture, cameras, pixels, reader.geometry if reader else None, notes)


def complete(
    snapshot: Snapshot, folder: Path, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> None:
    """Make the Shot's arrays frame by frame and write its folder. Raises Cancelled when `cancelled` says so.

    progress: (frames done, frames in all). What the artist should know is added to `snapshot.notes`.
    """
    request = snapshot.request
    count = len(request.frames)
    size = (count, snapshot.picture.height, snapshot.picture.width)
    geometry = snapshot.geometry
    movers = find_movers(geometry) if geometry and "objects" in request.needs else None
    depth = shot.map_array(folder, "depth", size, np.float32) if "depth" in request.needs else None
    index = shot.map_array(folder, "objects.index", size, np.uint16) if movers else None
    grid = Grid(cell_centres(request.grid, size[2], size[1]), count) if request.grid else None
    for at, soup in enumerate(soups(geometry) if geometry else ()):
        if cancelled():
            raise Cancelled(f"Stopped while reading frame {request.frames[at]}.")
        camera = snapshot.cameras[at]
        view = view_of(camera, snapshot.picture)
        if depth is not None or index is not None:
            _draw(at, soup, camera, view, movers, depth, index)
        if grid:
            if at == 0:
                grid.bind(soup, camera.pose, view)
            grid.follow(at, soup, camera.pose, view)
        progress(at + 1, count)
    if grid and geometry:
        snapshot.notes.extend(torn_notes(grid, geometry, request.frames))
    shot.save(_assemble(snapshot, depth, index, movers, grid), folder)


def view_of(camera: CameraFrame, picture: Picture) -> View:
    """A camera as the rasteriser takes it."""
    return View(camera.intrinsics, picture.width, picture.height, camera.near, camera.far, camera.orthographic)


def _draw(at: int, soup: Soup, camera: CameraFrame, view: View, movers: Movers | None, depth: Any, index: Any) -> None:
    points = transform(np.linalg.inv(camera.pose), soup.points)
    seen = rasterise(points, soup.triangles, view)
    if depth is not None:
        depth[at] = seen.depth
    if index is not None and movers:
        of_triangle = np.concatenate([movers.entry[soup.thing], np.zeros(1, np.uint16)])  # the last is nothing: -1
        index[at] = of_triangle[seen.triangle]


def _assemble(snapshot: Snapshot, depth: Any, index: Any, movers: Movers | None, grid: Grid | None) -> shot.Shot:
    request, cameras, frames = snapshot.request, snapshot.cameras, snapshot.request.frames
    tracks = None
    if grid and snapshot.geometry:
        names = grid.names(snapshot.geometry)
        tracks = shot.Tracks(grid.xy, grid.visible, names, ("grid",) * len(names))
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
        depth=depth,
        objects=shot.Objects(index, movers.pose, movers.name) if movers else None,
        tracks=tracks,
        prompts=request.prompts,
        negative=request.negative,
        seed=request.seed,
        settings=request.settings,
    )
