"""The Deforum engine as the rest of the project sees it. Light: torch and the models are imported when a job starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...shot import Shot
from ..base import Changes, Finished, Frame, settings
from .schedules import kept, known

DEFAULTS: dict[str, Any] = {
    "model": "auto",  # a registered name or a folder; auto: FLUX.2 Klein where it is on this machine, else the sketch
    "device": "",  # cuda, mps or cpu; empty: the best there is
    "precision": "auto",  # of its weights: fp32, bf16, fp16, fp8, 4-bit; auto: the most exact that fits
    "working_size": 0,  # longer side that is painted, in pixels, and scaled to the frames'; 0: as suits the model
    "compile": False,  # minutes at the start for faster frames after it, on CUDA
    "control": "none",  # the structure of the scene that it follows: none, depth, canny
    "control_model": "",  # a ControlNet's registered name or folder; empty: the one for this model
    "reference": "none",  # a picture that FLUX.2 reads along: none, first (the first generated frame), or a file
    "loras": [],  # [file, strength or schedule] each
    "mode": "feedback",  # each frame from the one before it, from the guide's (video), or alone (interpolation)
    "feedback": "pixel",  # what is fed back: pixel, or latent, which is never decoded and encoded again
    "channel_weights": "",  # a report of `motion-bridge channels` that latents are cleaned by; empty: the model's own
    "use_init": True,  # whether frame 0 begins with a picture; otherwise with the prompt alone
    "init_image": "",  # that picture: the Shot's first frame where empty, the guide's (guide), or a file
    "init_strength": -1.0,  # how much of it is kept; below 0: as strength is scheduled
    "motion": "scene",  # scene, 2D, 3D, or of the guide video: flow, perspective, affine
    "depth_model": "",  # for 3D and depth masks; scene: the Shot's own; empty: that where there is one, else none
    "perspective_flip": False,
    "cadence": 1,
    "optical_flow_cadence": "None",  # neighbours are drawn to each other by: None, DIS Medium, DIS Fine, Farneback
    "padding": "border",  # border, reflection, zeros, wrap
    "sampling": "spline",  # spline, bicubic (the webui's), bilinear, nearest
    "color_coherence": "auto",  # None, LAB, RGB, HSV, Latent; auto: LAB, or Latent where latents are fed back
    "color_reference": "first",  # first, video, or a picture's path
    "color_coherence_video_every_N_frames": 1,
    "legacy_colormatch": False,  # colours are matched before generation only, not after it as well
    "color_force_grayscale": False,
    "noise_type": "moving",  # moving, gaussian, perlin
    "noise_pull": False,  # noise fades the picture towards grey, as the webui's does
    "perlin_w": 8,
    "perlin_h": 8,
    "perlin_octaves": 4,
    "perlin_persistence": 0.5,
    "seed_behavior": "iter",
    "seed_iter_N": 1,
    "prompt_blending": "held",  # between two prompts: held, linear, spherical
    "guided_images": {},  # frame (from 0) or expression → a picture that the job is drawn towards
    "redo": 0,  # times that a frame is generated for nothing first, so that it settles
    "optical_flow_redo_generation": "None",  # it is warped towards such a frame by this flow
    "mask_file": "",  # a picture: white may change
    "mask_video": "",
    "mask_invert": False,
    "mask_contrast_adjust": 1.0,
    "mask_brightness_adjust": 1.0,
    "mask_overlay_blur": 4,
    "use_noise_mask": False,  # noise comes where noise_mask_schedule says
    "guide_video": "",
    "extract_nth_frame": 0,  # the guide's frames are taken by number, every nth; 0: by time, so that it keeps its speed
    "extract_from_frame": 0,  # the first of them
    "hybrid_motion": "None",  # the guide's motion after the job's own: None, Optical Flow, Perspective, Affine
    "hybrid_flow_method": "DIS Medium",  # DIS Medium, DIS Fine, Farneback
    "hybrid_motion_use_prev_img": False,  # motion from the fed-back picture to the guide's frame
    "hybrid_flow_consistency": False,  # only flow that leads there and back
    "hybrid_consistency_blur": 2,
    "hybrid_composite": "None",  # None, Before Motion, Normal, After Generation
    "hybrid_mask": "None",  # None, Depth, Video Depth, Blend, Difference
    "hybrid_comp_mask_inverse": False,
    "hybrid_comp_mask_equalize": "None",  # None, Before, After, Both
    "hybrid_comp_mask_auto_contrast": False,
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
        if settings["mode"] == "feedback" and settings["motion"] == "scene":
            return frozenset({"depth", "objects"})
        seen = settings["depth_model"] == "scene" or settings["control"] != "none"
        return frozenset({"depth"}) if seen else frozenset()

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]:
        """The frames that are not finished, in rising order; each continues the one before it, from disk or not."""
        from .loop.loop import generate  # torch and the models, which the light parts of the project do without

        return generate(shot, settings(self, shot), finished, changes)


engine = Deforum()
