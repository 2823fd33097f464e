"""One camera move as plain data: what Blender makes and engines take. docs/shot.md says the same in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from .generation import GenerationSettings, prompt_at
from .geometry import Geometry

LARGEST_SIDE = 16384  # pixels; above it a frame no longer fits one message
TRACK_KINDS = ("grid", "path", "live", "pinned")

Array = NDArray[Any]


@dataclass(frozen=True)
class Camera:
    """The camera at every frame; axes and pixels as in geometry/camera.py."""

    pose: Array  # (T, 4, 4) float64, camera to world, no scale
    intrinsics: Array  # (T, 3, 3) float64, pixels
    orthographic: Array  # (T,) bool: no division by depth
    clip: Array | None = None  # (T, 2) float64, scene units: what is nearer or farther along the axis is not seen


@dataclass(frozen=True)
class Tracks:
    """Points followed through the picture."""

    xy: Array  # (N, T, 2) float32, pixels
    visible: Array  # (N, T) bool: inside the picture, in front of the camera, not hidden by geometry
    name: tuple[str, ...]  # (N,) the object that a point belongs to
    kind: tuple[str, ...]  # (N,) one of TRACK_KINDS


@dataclass(frozen=True)
class Objects:
    """Which rigid thing is seen at each pixel, and how each of them moves."""

    index: Array  # (T, H, W) uint16: 0 where there is nothing, i where pose[i - 1] is seen
    pose: Array  # (M, T, 4, 4) float64, object to world, any invertible affine matrix
    name: tuple[str, ...]  # (M,)


@dataclass(frozen=True)
class Shot:
    """Everything about one camera move that a generator needs."""

    frames: tuple[int, ...]  # (T,) frame numbers, rising
    fps: float
    width: int  # pixels
    height: int
    camera: Camera
    first_frame: Array  # (H, W, 3) uint8, sRGB, top row first
    cuts: tuple[int, ...] = ()  # frames at which another camera takes over
    depth: Array | None = None  # (T, H, W) float16 or float32 along the optical axis, scene units, inf where nothing is
    flow: Array | None = None  # (T, H, W, 2) float32: where each pixel of frame k came from in frame k-1, pixels
    objects: Objects | None = None
    tracks: Tracks | None = None
    geometry: Geometry | None = None  # the surfaces; depth, objects and flow are then computed where they are used
    key_pictures: Mapping[int, Array] = field(default_factory=dict)  # (H, W, 3) uint8 or uint16 sRGB, by frame number
    times: Array | None = None  # (T,) float64, rising: when each frame is, in the scene's frames; None: at its number
    prompts: Mapping[int, str] = field(default_factory=dict)  # held from their frame until the next
    negative: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)  # the engine's own
    schedules: Mapping[str, str] = field(default_factory=dict)  # Deforum strings

    def prompt(self, frame: int) -> str:
        """The prompt that holds at a frame number; empty before the first."""
        return prompt_at(self.prompts, frame)

    @property
    def generation(self) -> GenerationSettings:
        """What the engine is told beside camera and scene."""
        return GenerationSettings(self.prompts, self.negative, self.seed, self.settings, self.schedules)

    def generated_with(self, generation: GenerationSettings) -> "Shot":
        """The same camera and scene under other generation settings."""
        return replace(self, **generation.fields())
