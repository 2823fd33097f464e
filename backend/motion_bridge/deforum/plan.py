"""What a job wants at every frame: schedules, prompts and seeds, read once before anything is generated.

Names and defaults are the webui's. Three schedules are this project's own: `start_sigma` (models/noise_level.py) in
place of strength where it is set, `revealed_noise` and `color_amount`.
"""

import difflib
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..errors import BadInput
from ..motion.schedule import Context, values
from ..motion.schedule.prompts import held, split
from ..motion.schedule.seeds import seeds
from ..motion.schedule.webui_keys import SCHEDULES
from ..shot import Shot
from .legacy import Step2D, Step3D

OWN = {"start_sigma": "0:(-1)", "revealed_noise": "0:(0)", "color_amount": "0:(1)"}
FOV = "fov_schedule"
STEPS = "steps_schedule"
CLASSIC = {FOV: "0:(40)", "noise_schedule": "0:(0.02)", "amount_schedule": "0:(0.2)"}  # what the notebooks differ in
USED = (
    ("strength_schedule", "start_sigma", "cfg_scale_schedule", STEPS)
    + ("noise_schedule", "revealed_noise", "contrast_schedule", "color_amount")
    + ("kernel_schedule", "sigma_schedule", "amount_schedule", "threshold_schedule")
    + ("subseed_schedule", "subseed_strength_schedule")
    + ("angle", "zoom", "translation_x", "translation_y", "translation_z", "transform_center_x", "transform_center_y")
    + ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z", FOV, "aspect_ratio_schedule")
    + ("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma", "perspective_flip_fv")
    + ("hybrid_comp_alpha_schedule", "hybrid_comp_mask_contrast_schedule")
    + ("hybrid_comp_mask_auto_contrast_cutoff_low_schedule", "hybrid_comp_mask_auto_contrast_cutoff_high_schedule")
    + ("hybrid_flow_factor_schedule",)
)


@dataclass(frozen=True)
class Plan:
    """One value a frame for every schedule that the loop uses."""

    series: dict[str, NDArray[Any]]  # (T,) each
    seeds: list[int]
    given: frozenset[str]  # the schedules that the Shot itself holds
    context: Context

    def __call__(self, name: str, k: int) -> float:
        """A schedule's value at frame k, from 0."""
        return float(self.series[name][k])

    def guidance(self, k: int) -> float | None:
        """The guidance at frame k; None where nobody asked for one, so that the model's own holds."""
        return self("cfg_scale_schedule", k) if "cfg_scale_schedule" in self.given else None

    def steps(self, k: int) -> int | None:
        """The steps at frame k, at least one; None where nobody asked."""
        return max(int(self(STEPS, k)), 1) if STEPS in self.given else None

    def step_3d(self, k: int) -> Step3D:
        move = tuple(self(f"translation_{axis}", k) for axis in "xyz")
        turn = tuple(self(f"rotation_3d_{axis}", k) for axis in "xyz")
        return Step3D(move, turn, self(FOV, k), self("aspect_ratio_schedule", k))  # type: ignore[arg-type]

    def step_2d(self, k: int) -> Step2D:
        centre = (self("transform_center_x", k), self("transform_center_y", k))
        move = (self("translation_x", k), self("translation_y", k))
        return Step2D(move, self("angle", k), self("zoom", k), centre)

    def flip(self, k: int) -> tuple[float, float, float, float]:
        """Theta, phi, gamma and fv of the perspective flip."""
        theta, phi, gamma, fv = (self(f"perspective_flip_{name}", k) for name in ("theta", "phi", "gamma", "fv"))
        return theta, phi, gamma, fv

    def words(self, shot: Shot, k: int) -> tuple[str, str]:
        """The prompt and the negative prompt at frame k; a negative of the Shot's own comes first."""
        wanted, unwanted = split(held(shot.prompts, shot.frames[k]), k, self.context)
        return wanted, ", ".join(part for part in (held(shot.negative, shot.frames[k]), unwanted) if part)


def read(shot: Shot, settings: dict[str, Any]) -> Plan:
    """The plan of a Shot. BadInput for a schedule that does not exist, with the nearest that does, or is wrong."""
    known = {**SCHEDULES, **OWN, **(CLASSIC if settings["dialect"] == "classic" else {})}
    for name in shot.schedules:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise BadInput(f"There is no schedule {name!r}" + (f"; did you mean {near[0]!r}?" if near else "."))
    count = len(shot.frames)
    context = Context(count, shot.seed, shot.fps, dialect=settings["dialect"])
    texts = {name: shot.schedules.get(name, known[name]) for name in USED}
    series = {name: values(text, context, name) for name, text in texts.items()}
    behaviour, scheduled = settings["seed_behavior"], None
    if behaviour == "schedule":
        text = shot.schedules.get("seed_schedule", known["seed_schedule"])
        scheduled = values(text, context, "seed_schedule", whole=True)
    drawn = seeds(behaviour, shot.seed, count, settings["seed_iter_N"], scheduled)
    return Plan(series, drawn, frozenset(shot.schedules), context)
