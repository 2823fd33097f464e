"""What can be followed through a shot, as a person names it."""

from dataclasses import dataclass

GRID, PATH = "grid", "path"


@dataclass(frozen=True)
class Grid:
    """side × side points of the first frame, the background among them."""

    side: int
    kind: str = GRID


@dataclass(frozen=True)
class Surface:
    """Points spread evenly over what the first frame shows of some objects."""

    objects: tuple[str, ...]
    count: int
    kind: str = PATH


@dataclass(frozen=True)
class Vertices:
    """Vertices of an object's evaluated mesh: those of a vertex group, or of these numbers, or all; evenly thinned."""

    object: str
    group: str = ""
    indices: tuple[int, ...] = ()
    count: int = 100  # at most
    kind: str = PATH


@dataclass(frozen=True)
class Origin:
    """An object's origin: a mesh's, an empty's, a light's."""

    object: str
    kind: str = PATH


@dataclass(frozen=True)
class Instances:
    """The origin of every instance that an object brings in, or that shows it."""

    object: str
    kind: str = PATH


@dataclass(frozen=True)
class Bone:
    """The head of a bone, its tail, or a place between: `along` from 0 to 1."""

    object: str
    bone: str
    along: float = 0.0
    kind: str = PATH


@dataclass(frozen=True)
class CurvePoints:
    """A curve's control points."""

    object: str
    kind: str = PATH


@dataclass(frozen=True)
class Pixel:
    """A place of the picture itself: it does not move."""

    x: float
    y: float
    kind: str = "pinned"


Source = Grid | Surface | Vertices | Origin | Instances | Bone | CurvePoints | Pixel
