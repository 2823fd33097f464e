"""What a job wants at every frame: schedules, prompts and seeds, read once before anything is generated.

Names and defaults: schedules.py. `start_sigma` (models/noise_level.py) is used in place of strength where it is set.
"""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..motion.schedule import Context, values
from ..motion.schedule.prompts import held, split
from ..motion.schedule.seeds import seeds
from ..shot import Shot
from .legacy import Step2D, Step3D
from .schedules import FOV, STEPS, USED, check_names, known


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
    check_names(shot.schedules)
    defaults = known(settings["dialect"])
    count = len(shot.frames)
    context = Context(count, shot.seed, shot.fps, dialect=settings["dialect"])
    texts = {name: shot.schedules.get(name, defaults[name]) for name in USED}
    series = {name: values(text, context, name) for name, text in texts.items()}
    behaviour, scheduled = settings["seed_behavior"], None
    if behaviour == "schedule":
        text = shot.schedules.get("seed_schedule", defaults["seed_schedule"])
        scheduled = values(text, context, "seed_schedule", whole=True)
    drawn = seeds(behaviour, shot.seed, count, settings["seed_iter_N"], scheduled)
    return Plan(series, drawn, frozenset(shot.schedules), context)
