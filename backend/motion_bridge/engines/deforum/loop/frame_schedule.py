"""What a job wants at every frame: schedules, prompts and seeds, read once before anything is generated.

Names and defaults: schedules.py. `start_sigma` (models/noise_level.py) is used in place of strength where it is set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....models.prompt_encoding import Prompt
from ....schedules import Context, values
from ....schedules.interpolation import texts as text_series
from ....schedules.prompts import held
from ....schedules.seeds import seeds
from ....shot import Shot
from ..schedules import FOV, STEPS, USED, WORDS, check_names, check_prompts, ignored
from ..schedules import known as known_schedules
from . import prompt_weights
from .webui_motion import Step2D, Step3D


@dataclass(frozen=True)
class FrameSchedules:
    """One value a frame for every schedule that the loop uses."""

    series: dict[str, NDArray[Any]]  # (T,) each
    texts: dict[str, list[str]]  # mask expressions, (T,) each; only those that the Shot itself holds
    seeds: list[int]
    given: frozenset[str]  # the schedules that the Shot itself holds
    blending: str  # of prompts: held, linear, spherical
    context: Context
    pixel_scale: float  # internal resolution over the frames'
    frames: tuple[int, ...]  # numbers in the scene
    negative: Mapping[int, str]  # prompts of the Shot's own, by frame number

    def __call__(self, name: str, k: int) -> float:
        """A schedule's value at frame k, from 0."""
        return float(self.series[name][k])

    def guidance(self, k: int, distilled: bool) -> float | None:
        """The guidance at frame k; None where nobody asked for one, so that the model's own holds.

        distilled: of a model that has guidance in its weights; Forge's files schedule that by a name of its own.
        """
        for name in ("distilled_cfg_scale_schedule",) * distilled + ("cfg_scale_schedule",):
            if name in self.given:
                return self(name, k)
        return None

    def steps(self, k: int) -> int | None:
        """The steps at frame k, at least one; None where nobody asked."""
        return max(int(self(STEPS, k)), 1) if STEPS in self.given else None

    def noise_multiplier(self, k: int) -> float:
        """What the noise that the model starts from is multiplied by; the webui's habit, so only where it is asked."""
        return self("noise_multiplier_schedule", k) if "noise_multiplier_schedule" in self.given else 1.0

    def subseed(self, k: int) -> int:
        """The second seed at frame k; below 0 it is drawn, the same each time."""
        scheduled = int(self("subseed_schedule", k))
        return scheduled if scheduled >= 0 else int(np.random.default_rng((abs(self.seeds[k]), k)).integers(2**32))

    def step_3d(self, k: int) -> Step3D:
        move = tuple(self(f"translation_{axis}", k) for axis in "xyz")
        turn = tuple(self(f"rotation_3d_{axis}", k) for axis in "xyz")
        return Step3D(move, turn, self(FOV, k), self("aspect_ratio_schedule", k))  # type: ignore[arg-type]

    def step_2d(self, k: int) -> Step2D:
        center = (self("transform_center_x", k), self("transform_center_y", k))
        move = (self.pixel_scale * self("translation_x", k), self.pixel_scale * self("translation_y", k))
        return Step2D(move, self("angle", k), self("zoom", k), center)

    def flip(self, k: int) -> tuple[float, float, float, float]:
        """Theta, phi, gamma and fv of the perspective flip."""
        theta, phi, gamma, fv = (self(f"perspective_flip_{name}", k) for name in ("theta", "phi", "gamma", "fv"))
        return theta, phi, gamma, fv

    def text(self, prompts: Mapping[int, str], k: int) -> str:
        """What prompts by frame number say for frame k, with the weights of what is mixed."""
        return prompt_weights.texts(prompts, self.frames[k], self.blending)

    def prompts(self, prompts: Mapping[int, str], k: int) -> tuple[Prompt, Prompt]:
        """The prompt and the negative prompt at frame k; a negative of the Shot's own comes first."""
        frame, spherical = self.frames[k], self.blending == "spherical"
        avoided = held(self.negative, frame)
        return prompt_weights.read(self.text(prompts, k), frame, k, self.context, spherical, avoided)

    def ignored(self) -> list[str]:
        """A sentence for each schedule of the Shot that has no effect here."""
        return ignored(sorted(self.given))


def read(shot: Shot, settings: dict[str, Any], pixel_scale: float = 1.0) -> FrameSchedules:
    """The schedules of a Shot. BadInput for a schedule that does not exist, with the nearest that does, or is wrong."""
    check_names(shot.schedules)
    check_prompts(shot.prompts, shot.frames[0])
    defaults = known_schedules(settings["dialect"])
    count = len(shot.frames)
    context = Context(count, shot.seed, shot.fps, dialect=settings["dialect"])
    texts = {name: shot.schedules.get(name, defaults[name]) for name in USED}
    series = {name: values(text, context, name) for name, text in texts.items()}
    masks = {name: text_series(shot.schedules[name], context, name) for name in WORDS if name in shot.schedules}
    behavior, scheduled = settings["seed_behavior"], None
    if behavior == "schedule":
        text = shot.schedules.get("seed_schedule", defaults["seed_schedule"])
        scheduled = values(text, context, "seed_schedule", whole=True)
    drawn = seeds(behavior, shot.seed, count, settings["seed_iter_N"], scheduled)
    blending = settings["prompt_blending"]
    if settings["mode"] == "interpolation" and blending == "held":
        blending = "linear"
    found = FrameSchedules(
        series,
        masks,
        drawn,
        frozenset(shot.schedules),
        blending,
        context,
        pixel_scale,
        shot.frames,
        shot.negative,
    )
    for k in range(count):
        found.prompts(shot.prompts, k)  # so that a wrong weight is found before anything is made
    return found
