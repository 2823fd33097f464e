"""What can be written from the scene, and what each of it needs to be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...backend.motion_bridge import camera_formats, control_formats, track_formats
from ...backend.motion_bridge.files import writing
from ...backend.motion_bridge.geometry.cancellation import breathe
from ...backend.motion_bridge.geometry.computed_maps import with_maps
from ...backend.motion_bridge.media import png
from ...backend.motion_bridge.schedules.camera import documents, guide_video
from ...backend.motion_bridge.schedules.camera.documents import Written
from ...backend.motion_bridge.shot import Shot
from ...backend.motion_bridge.track_formats import das

DEEP = frozenset({"depth", "objects"})
MOVIE = ".mp4"


@dataclass(frozen=True)
class Order:
    """What somebody wants written."""

    path: Path
    target: str = "WEBUI"  # of TARGETS: whose warp the schedules are for
    keys: str = "FEWEST"  # of KEYS: where the schedules have keys
    tolerance: float = 0.25  # pixels that few keys may cost
    places: frozenset[int] = frozenset()  # the positions among the Shot's frames that the artist keyed
    pictures: Path = Path()  # a folder for the frames of a movie
    drawn: Callable[[int, int], None] = lambda done, total: None  # told of each of them; may raise Cancelled


@dataclass(frozen=True)
class Made:
    """What came of it."""

    files: tuple[Path, ...]
    sentences: tuple[str, ...]
    movies: tuple["Frames", ...] = ()
    beside: Mapping[Path, str | bytes] = field(default_factory=dict)  # to be written once the movies are there


@dataclass(frozen=True)
class Frames:
    """A movie's pictures, of which Blender is still to make it."""

    path: Path
    folder: Path  # where `picture` finds them
    count: int
    fps: float
    exact: bool = False


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    label: str
    suffix: str
    about: str
    make: Callable[[Shot, Order], Made]
    needs: frozenset[str] = DEEP
    tracks: bool = False  # whether points are followed
    picture: bool = False  # whether it holds the first frame, which then is rendered or read as for a take


TARGETS = {"WEBUI": documents.for_webui, "METRIC": documents.for_metric}


KEYS = ("FEWEST", "ARTIST", "EVERY")


def schedules(shot: Shot, order: Order) -> Written:
    """The Shot's camera for the order's target, within its tolerance."""
    tolerance = 0.0 if order.keys == "EVERY" else order.tolerance
    return TARGETS[order.target](shot, tolerance, order.places)


def picture(folder: Path, number: int) -> Path:
    """Where a movie's frame lies until the movie is made; the first is 1."""
    return folder / f"{number:06d}.png"


def _settings(shot: Shot, order: Order) -> Made:
    found = schedules(shot, order)
    return _with_plot(order, found, documents.settings_file(shot, found), found.sentences)


def _json(shot: Shot, order: Order) -> Made:
    found = schedules(shot, order)
    return _with_plot(order, found, documents.json_file(shot, found), found.sentences)


def _parseq(shot: Shot, order: Order) -> Made:
    found = schedules(shot, order)
    text, beside = documents.parseq_file(shot, found, order.path.stem)
    return _with_plot(order, found, text, (*found.sentences, *beside))


def _with_plot(order: Order, found: Written, text: str, sentences: tuple[str, ...]) -> Made:
    plot = order.path.with_name(f"{order.path.stem}_error.svg")
    writing.write_named(order.path, text)
    writing.write_named(plot, found.plot)
    return Made((order.path, plot), sentences)


def _guide(shot: Shot, order: Order) -> Made:
    settings = order.path.with_name(f"{order.path.stem}_settings.txt")
    rate, count = documents.rate(shot), len(shot.frames)
    drawn = _drawn(order, control_formats.Movie(order.path, rate, count, lambda: guide_video.pictures(shot)))
    error = guide_video.expected_error(shot)[1:]
    left = f"The webui should follow it within {np.mean(error):.2f} pixels a frame." if len(error) else ""
    how = f"Load {settings.name} in Deforum; it names the movie, so move neither alone."
    beside = {settings: documents.guide_settings(shot, str(order.path))}
    return Made((order.path, settings), tuple(filter(None, (left, how))), (drawn,), beside)


def _tracks(name: str) -> Callable[[Shot, Order], Made]:
    def make(shot: Shot, order: Order) -> Made:
        found = track_formats.write(shot, name, order.path)
        return Made(found.files, found.notices)

    return make


def _camera(name: str) -> Format:
    known = camera_formats.FORMATS[name]

    def make(shot: Shot, order: Order) -> Made:
        found = camera_formats.write(with_maps(shot, {"depth"}) if known.depth else shot, name, order.path)
        return Made(found.files, tuple(f"{notice[0].upper()}{notice[1:]}." for notice in found.notices))

    about = f"The exact camera for {known.label}; what it cannot hold is said in pixels"
    needs = frozenset({"depth"} if known.depth else ())
    return Format(f"{known.label} Camera", known.suffix, about, make, needs, tracks=True, picture=known.depth)


def _das(shot: Shot, order: Order) -> Made:
    if order.path.suffix.lower() != MOVIE:
        return _tracks("das")(shot, order)
    pictures = das.render(shot)
    return Made(
        (order.path,), (), (_drawn(order, control_formats.Movie(order.path, das.FPS, len(pictures), lambda: pictures)),)
    )


def _control(name: str) -> Format:
    known = control_formats.FORMATS[name]

    def make(shot: Shot, order: Order) -> Made:
        control = control_formats.prepare(shot, name, order.path)
        movies = tuple(_drawn(order, movie) for movie in control.movies)
        return Made((*(movie.path for movie in movies), *control.files), control.notices, movies, control.files)

    needs = frozenset({"geometry"} if known.surfaces else ())
    return Format(known.label, known.suffix, known.about, make, needs, tracks=not known.surfaces, picture=known.picture)


def _drawn(order: Order, movie: control_formats.Movie) -> Frames:
    """A movie's pictures, put where Blender finds them."""
    folder = order.pictures / movie.path.stem
    for number, drawn in enumerate(movie.pictures(), 1):
        breathe()
        writing.write_named(picture(folder, number), png.encode(drawn))
        order.drawn(number, movie.count)
    return Frames(movie.path, folder, movie.count, movie.fps, movie.exact)


def _followed(label: str, suffix: str, about: str, name: str) -> Format:
    return Format(label, suffix, about, _tracks(name), frozenset(), tracks=True)


SCHEDULES = ("webui", "parseq", "schedules")  # the formats that hold schedules
FORMATS = {
    "webui": Format(
        "Deforum Settings", ".txt", "Settings file for the webui and Forge, with all their keys", _settings
    ),
    "parseq": Format("Parseq Document", ".json", "For Parseq's importer, and as the manifest in Deforum", _parseq),
    "schedules": Format("Schedules (JSON)", ".json", "The schedules alone, for scripts", _json),
    "guide": Format(
        "Guide Video", MOVIE, "A textured movie that the webui's optical flow follows, and settings", _guide
    ),
    "npz": _followed("Motion Bridge Tracks", ".npz", "Everything that is known of the tracks", "npz"),
    "wantrack": _followed("WanTrack", ".npz", "For FastVideo's WanTrack", "wantrack"),
    "wan-move": _followed("Wan-Move", ".npy", "Two arrays: tracks and visibility", "wan-move"),
    "ati": _followed("ATI", ".pth", "For ByteDance's ATI", "ati"),
    "comfyui-ati": _followed("ComfyUI ATI", ".json", "Coordinates for the spline editor, for ATI", "comfyui-ati"),
    "comfyui-wan-move": _followed("ComfyUI Wan-Move", ".json", "Coordinates for Wan-Move nodes", "comfyui-wan-move"),
    **{name: _camera(name) for name in camera_formats.FORMATS},
    **{name: _control(name) for name in control_formats.FORMATS},
    "das": Format("Diffusion as Shader", MOVIE, "A movie whose colors are positions", _das),
}
