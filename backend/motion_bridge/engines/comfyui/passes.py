"""What a workflow can be fed with, made from a Shot frame by frame: only what it asks for."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ... import camera_formats
from ...files import regular
from ...files.temporary import temporary_folder
from ...geometry.mesh_scene import MeshScene
from ...geometry.scene import Scene, scene_of
from ...media.png import eight_bits
from ...media.resize import stretched
from ...shot import Camera, Shot
from ...track_formats import comfyui as track_text
from ..reproject.blend import blend
from ..reproject.frame_buffer import Source
from ..reproject.frame_maker import key_pictures, rounded
from ..reproject.inpaint import fill
from ..reproject.viewport_colors import ViewportColors
from .chunks import Chunk
from .settings import FILL

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GRAY = 127.0  # of what is to be made: 0 in the range of a VAE
SAMPLED = 64  # frames whose depth decides the range
STRIDE = 7  # pixels between two of them that are looked at
HIGHEST = 99.9  # percent of pixels: what is still nearer is as white


class Passes:
    """Pictures of one Shot at the size that the workflow gets."""

    def __init__(self, shot: Shot, multiple: int, holes: str):
        self.shot = shot
        self.width, self.height = (-(-side // multiple) * multiple for side in (shot.width, shot.height))
        self._holes = holes
        self._keys: dict[int, Source] = {}

    def padded(self, picture: NDArray[np.generic]) -> Picture:
        """A picture with its last row and column repeated up to the workflow's size."""
        rest = ((0, self.height - self.shot.height), (0, self.width - self.shot.width), (0, 0))
        return np.pad(eight_bits(picture), rest, mode="edge")

    def cut(self, picture: Picture) -> Picture:
        """A picture that the workflow made, of any size, as a frame of the Shot."""
        if picture.shape[:2] != (self.height, self.width):
            picture = stretched(picture, self.width, self.height)
        return np.ascontiguousarray(picture[: self.shot.height, : self.shot.width])

    def warped(self, k: int, known: Mapping[int, Picture]) -> tuple[Picture, Picture]:
        """Frame k as the pictures show it that are known by now, and the mask of what none shows: white, to be made.

        known: frames that were made, by position; they stand in for the Shot's own first frame.
        """
        own = self._own(known)
        if k in known or k in own:
            picture = known[k] if k in known else own[k]
            return self.padded(picture), np.zeros((self.height, self.width, 3), np.uint8)
        sources = self._sources({**own, **known})
        here = self._scene.surfaces(k)
        gathered = blend(self._scene, k, here, sources, self._times)
        shape = here.index.shape
        colors, loose = gathered.picture(shape), gathered.loose(shape)
        if self._holes == FILL:
            if loose.any():
                fill(colors, gathered.unseen.reshape(shape), loose, k, here, sources, self._viewport(sources))
        else:
            colors[loose] = GRAY
        mask = np.repeat((loose * np.uint8(255))[..., None], 3, axis=-1)
        return self.padded(rounded(colors)), self.padded(mask)

    def depth(self, k: int) -> Picture:
        """Inverse depth of frame k: near is white, one range for the whole Shot, black where nothing is."""
        assert self.shot.depth is not None
        low, high = self._range
        inverse = _inverse(np.asarray(self.shot.depth[k], np.float32))
        gray = np.where(inverse > 0, (inverse - low) / max(high - low, 1e-12), 0)
        return self.padded(np.repeat(rounded(gray * 255)[..., None], 3, axis=-1))

    def tracks(self, chunk: Chunk) -> str:
        """The tracks over a chunk as ComfyUI's nodes read them; each ends where it is hidden for the first time."""
        assert self.shot.tracks is not None
        at = [chunk.position(k) for k in range(chunk.length)]
        visible = np.asarray(self.shot.tracks.visible)[:, at]
        begun = visible[:, 0]
        xy, visible = np.asarray(self.shot.tracks.xy)[begun][:, at], visible[begun]
        return track_text.text(xy, np.where(visible.all(axis=1), len(at), visible.argmin(axis=1)))

    def camera(self, chunk: Chunk) -> str:
        """The camera over a chunk, in the lines of RealEstate10K."""
        at = [chunk.position(k) for k in range(chunk.length)]
        camera = Camera(
            np.asarray(self.shot.camera.pose)[at],
            np.asarray(self.shot.camera.intrinsics)[at],
            np.asarray(self.shot.camera.orthographic)[at],
        )
        frames = tuple(range(len(at)))
        clip = Shot(frames, self.shot.fps, self.width, self.height, camera, self.shot.first_frame)
        with temporary_folder() as folder:
            (file,) = camera_formats.write(clip, "realestate10k", folder / "camera.txt").files
            return regular.read_text(file)

    @cached_property
    def _scene(self) -> Scene:
        return scene_of(self.shot)

    @cached_property
    def _times(self) -> NDArray[np.float64]:
        return np.array(self.shot.frames if self.shot.times is None else self.shot.times, np.float64)

    @cached_property
    def _range(self) -> tuple[float, float]:
        """The least and the highest inverse depth of the Shot, what is nearest of all left out."""
        assert self.shot.depth is not None
        count = len(self.shot.frames)
        chosen = np.unique(np.linspace(0, count - 1, min(count, SAMPLED)).round().astype(int))
        some = [_inverse(np.asarray(self.shot.depth[int(k)], np.float32).ravel()[::STRIDE]) for k in chosen]
        found = np.concatenate(some)
        found = found[found > 0]
        return (float(found.min()), float(np.percentile(found, HIGHEST))) if len(found) else (0.0, 1.0)

    def _own(self, known: Mapping[int, Picture]) -> dict[int, NDArray[np.generic]]:
        """The Shot's own pictures, later than all that was made."""
        latest = max(known, default=-1)
        return {k: picture for k, picture in key_pictures(self.shot).items() if k > latest}

    def _sources(self, pictures: Mapping[int, NDArray[np.generic]]) -> list[Source]:
        """Pictures with what they show; the ones that were asked for last are kept."""
        kept = {}
        for k, picture in sorted(pictures.items()):
            old = self._keys.get(k)
            kept[k] = old if old and old.pixels is picture else Source(k, picture, self._scene.surfaces(k))
        self._keys = kept
        return list(kept.values())

    def _viewport(self, sources: list[Source]) -> ViewportColors | None:
        return ViewportColors(self._scene, sources[0]) if isinstance(self._scene, MeshScene) else None


def _inverse(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / z; 0 where there is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 / depth
    return np.where(np.isfinite(found) & (found > 0), found, 0).astype(np.float32)
