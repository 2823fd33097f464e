"""A Shot's scene as the engines ask for it: what a frame shows, and how what it shows moves to another frame.

A Shot knows its scene in one of two ways, and both answer alike: by geometry, which is rasterized here at the Shot's
own size, or by maps of depth and object that somebody drew before.
"""

from typing import Protocol

from ..errors import BadInput
from ..shot import Shot
from .map_scene import MapScene
from .mesh_scene import MeshScene
from .motion import Motion
from .visible_surfaces import Surfaces


class Scene(Protocol):
    """Positions k and j are in Shot.frames."""

    shot: Shot

    def surfaces(self, k: int) -> Surfaces:
        """What frame k shows."""
        ...

    def motion(self, k: int, j: int, here: Surfaces) -> Motion:
        """How the pixels of frame k move to frame j; here: the surfaces of frame k."""
        ...


def scene_of(shot: Shot) -> Scene:
    """The scene that a Shot knows. BadInput when it knows none: neither geometry nor depth."""
    if shot.geometry is not None:
        return MeshScene(shot)
    if shot.depth is None:
        raise BadInput("This Shot holds neither geometry nor depth; write it again for this engine.")
    return MapScene(shot)
