"""What can be followed through a shot, as a person names it."""

from dataclasses import dataclass

from ....backend.motion_bridge.errors import BadInput

GRID, PATH, LIVE, PINNED = "grid", "path", "live", "pinned"  # the kinds of tracks; docs/shot.md says what they mean


@dataclass(frozen=True)
class Region:
    """A rectangle of the picture, in shares of its width and height from the top left corner."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise BadInput(
                f"The region to follow goes from {self.left:g} to {self.right:g} across and from {self.top:g} to "
                f"{self.bottom:g} down; each must rise, within 0 and 1."
            )


WHOLE = Region()


@dataclass(frozen=True)
class Grid:
    """side × side points of the first frame, the background among them."""

    side: int
    kind: str = GRID


@dataclass(frozen=True)
class Surface:
    """Points spread evenly over what the first frame shows of some objects, or of all of them."""

    objects: tuple[str, ...]  # none: all
    count: int
    spacing: float = 0.0  # pixels from one point to the next; 0: as many as count says
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
    kind: str = PINNED


Source = Grid | Surface | Vertices | Origin | Instances | Bone | CurvePoints | Pixel
