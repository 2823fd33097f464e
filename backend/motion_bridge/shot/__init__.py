"""The contract between Blender and the engines: one camera move as plain data, and its folder format.

Everything is validated when it is loaded or saved and nowhere else.
"""

from .generation import UNSPECIFIED, GenerationSettings, key_at, prompt_at
from .geometry import Geometry, GeometryWriter, Material, Meshes, Placements
from .storage import FORMAT, VERSION, differences, digest, key_picture_name, load, map_array, save
from .types import LARGEST_SIDE, TRACK_KINDS, Array, Camera, Objects, Shot, Tracks
from .validation import check

__all__ = [
    "FORMAT",
    "LARGEST_SIDE",
    "TRACK_KINDS",
    "UNSPECIFIED",
    "VERSION",
    "Array",
    "Camera",
    "GenerationSettings",
    "Geometry",
    "GeometryWriter",
    "Material",
    "Meshes",
    "Objects",
    "Placements",
    "Shot",
    "Tracks",
    "check",
    "differences",
    "digest",
    "key_at",
    "key_picture_name",
    "load",
    "map_array",
    "prompt_at",
    "save",
]
