"""The Deforum engine as the rest of the project sees it. Light: torch and the models are imported when a job starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..engine import Changes, Finished, Frame, settings
from ..shot import Shot
from .schedules import kept, known

DEFAULTS: dict[str, Any] = {
    "model": "flux.2-klein-4b",  # a registered name or a folder
    "device": "",  # cuda, mps or cpu; empty: the best there is
    "use_init": True,  # whether frame 0 begins with the Shot's first frame; otherwise with the prompt alone
    "motion": "scene",  # scene, 2D, 3D, or of the guide video: flow, perspective, affine
    "depth_model": "",  # for 3D; empty: the Shot's own depth, or none
    "perspective_flip": False,
    "cadence": 1,
    "padding": "border",  # border, reflection, zeros, wrap
    "sampling": "bicubic",  # bicubic, bilinear, nearest
    "color_coherence": "LAB",  # None, LAB, RGB, HSV
    "color_reference": "first",  # first, video, or the path of a PNG
    "color_force_grayscale": False,
    "noise_type": "moving",  # moving, gaussian, perlin
    "perlin_w": 8,
    "perlin_h": 8,
    "perlin_octaves": 4,
    "perlin_persistence": 0.5,
    "seed_behavior": "iter",
    "seed_iter_N": 1,
    "mask_file": "",  # a PNG: white may change
    "mask_invert": False,
    "mask_overlay_blur": 4,
    "guide_video": "",
    "hybrid_composite": "None",  # None, Before Motion, Normal, After Generation
    "hybrid_mask": "None",  # None, Blend, Difference
    "dialect": "superset",  # of the schedules
}


class Deforum:
    """Engine 2: warp the previous picture, clean it, let an image model work on it, feed it back."""

    accepts = frozenset({"prompts"})
    defaults: Mapping[str, Any] = DEFAULTS
    schedules: Mapping[str, str] = known()
    spoken = {"denoise": ("strength_schedule", kept)}  # what others call it, the schedule it is, and how to translate
    packages = ("torch", "diffusers", "transformers", "cv2", "av")  # what it imports when a job starts

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """The scene's motion is read from its geometry; schedules and guide videos need nothing of the scene."""
        return frozenset({"depth", "objects"}) if settings["motion"] == "scene" else frozenset()

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]:
        """The frames that are not finished, in rising order; each continues the one before it, from disk or not."""
        from .loop import generate  # torch and the models, which the light parts of the project do without

        return generate(shot, settings(self, shot), finished, changes)


engine = Deforum()
