"""Reading settings files: webui, Forge, classic notebook, XLabs, Parseq, a Shot, a bare schedule.

Whatever the file calls them, the result uses the webui's names. Keys that nobody knows are tolerated, as the webui
does, but named in `notices` with the nearest real one: a misspelt schedule is silently ignored there.
"""

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from . import writer
from .interpolation import texts, values
from .parseq import document as parseq
from .variables import Context
from .webui_defaults import ALL, FORGE, NAMES, SCHEDULES, UNITS

LARGEST = 64_000_000  # characters of a file
SCHEDULE = re.compile(r"\s*[\"']?[\w\s()+*/.-]{1,40}[\"']?\s*:\s*\S")
QUOTED = re.compile(r":\s*\(\s*[\"']")
RENAMED = {  # older names of things that still exist
    "flip_2d_perspective": "enable_perspective_flip",
    "skip_video_for_run_all": "skip_video_creation",
    "fov": "fov_schedule",
    "near_plane": "near_schedule",
    "far_plane": "far_schedule",
    "animation_prompts": "prompts",
}
FILLS = ("fill", "original", "latent noise", "latent nothing")
COLOURS = {f"Match Frame 0 {space}": space for space in ("HSV", "LAB", "RGB")}
UNSAVED = ("init_sample", "init_image_box", "perlin_w", "perlin_h", "image_path", "outdir")  # known, without meaning
MEANINGS = ("kept", "denoise")


@dataclass(frozen=True)
class Settings:
    """What a settings file says."""

    schedules: Mapping[str, str] = field(default_factory=dict)  # as written
    series: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # given frame by frame (Parseq)
    prompts: Mapping[str, str] = field(default_factory=dict)  # keyed by frame or expression
    positive: str = ""  # before every prompt
    negative: str = ""  # after every negative prompt
    max_frames: int | None = None
    seed: int | None = None
    fps: float | None = None
    bpm: float | None = None
    width: int | None = None
    height: int | None = None
    strength_means: str = "kept"  # or "denoise", as XLabs has it
    values: Mapping[str, Any] = field(default_factory=dict)  # everything that is no schedule, under today's names
    notices: tuple[str, ...] = ()

    def context(self, dialect: str = "superset") -> Context:
        """The run that the file describes; 120 frames at 24 a second where it does not say."""
        given = {"max_frames": self.max_frames, "seed": self.seed, "fps": self.fps, "bpm": self.bpm}
        return Context(dialect=dialect, **{name: value for name, value in given.items() if value is not None})


def read(content: str, where: str, strength_means: str = "kept", known: Iterable[str] = ()) -> Settings:
    """The settings in a file's text. where: the file's name, for messages.

    strength_means: "denoise" for a file of the XLabs program, whose strength is how much is made anew. known: names
    that no Deforum program knows and the caller does.
    BadInput names the file and the line or the key.
    """
    if strength_means not in MEANINGS:
        raise BadInput(f"strength means {' or '.join(MEANINGS)}, not {strength_means!r}.")
    if len(content) > LARGEST:
        raise BadInput(f"{where} has {len(content)} characters; at most {LARGEST} are read.")
    try:
        document = json.loads(content.removeprefix("\ufeff"))
    except RecursionError:
        raise BadInput(f"{where} is nested too deeply to be a settings file.") from None
    except ValueError as wrong:
        if SCHEDULE.match(content) and not content.lstrip().startswith("{"):
            return Settings({"schedule": content})
        raise BadInput(f"{where} is no JSON: {wrong}.") from None
    if isinstance(document, str):
        return Settings({"schedule": document})
    if not isinstance(document, dict):
        raise BadInput(f"{where} holds no settings: its JSON is no object.")
    if parseq.recognised(document):
        return _parseq(document, where)
    return _Reader(where, strength_means, frozenset(known)).settings(document)


def evaluate(settings: Settings, context: Context) -> tuple[dict[str, list[float] | list[str]], list[str]]:
    """{schedule: one value for each frame}, and notices about schedules that no program knows and that fail.

    BadInput names the schedule, the key and the column.
    """
    found: dict[str, list[float] | list[str]] = {}
    notices = []
    for name, written in settings.schedules.items():
        try:
            if _words(name, written):
                found[name] = texts(written, context, name)
            else:
                found[name] = values(written, context, name).tolist()
        except BadInput as wrong:
            if name in SCHEDULES or len(settings.schedules) == 1:
                raise
            notices.append(f"left out: {wrong}")
    for name, series in settings.series.items():
        found[name] = _fitted(series, context.max_frames).tolist()
    return found, notices


def _words(name: str, written: str) -> bool:
    """Whether a schedule holds words; of one that nobody knows, its quotes tell."""
    return name in NAMES or (name not in SCHEDULES and QUOTED.search(written) is not None)


def denoise(settings: Settings, context: Context) -> NDArray[np.float64]:
    """How much of the picture is made anew at every frame, 0 … 1: (T,), whatever the file calls strength."""
    written = settings.schedules.get("strength_schedule", SCHEDULES["strength_schedule"])
    strength = values(written, context, "strength_schedule")
    return strength if settings.strength_means == "denoise" else 1 - strength


def _fitted(series: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Cut to the run, or its last value held until the end."""
    return np.concatenate([series[:frames], np.full(max(frames - len(series), 0), series[-1])])


def _parseq(document: dict[str, Any], where: str) -> Settings:
    rendered = parseq.read(document, where)
    return Settings(
        series=rendered.deforum(),
        max_frames=rendered.frames,
        fps=rendered.fps,
        bpm=rendered.bpm,
        values={"diffusion_cadence": rendered.cadence},
        prompts={str(frame): prompt for frame, prompt in rendered.prompts.items()},
        notices=rendered.notices,
    )


class _Reader:
    """Takes one flat settings object apart."""

    def __init__(self, where: str, strength_means: str, known: frozenset[str]):
        self.where = where
        self.strength_means = strength_means
        self.known = {*ALL, *FORGE, *UNSAVED, *known}

    def settings(self, document: dict[str, Any]) -> Settings:
        inner = document.get("schedules")
        flat = {RENAMED.get(name, name): value for name, value in document.items() if name != "schedules"}
        if isinstance(inner, dict):  # also how a Shot writes them
            flat |= {str(name): value for name, value in inner.items()}
        if flat.get("format") == "motion-bridge shot":
            frames = flat.get("frames")
            flat["max_frames"] = len(frames) if isinstance(frames, list) else None
            flat |= {"W": flat.get("width"), "H": flat.get("height")}
        schedules = dict(self._schedules(flat))
        others = {name: _modern(name, value) for name, value in flat.items() if name not in schedules}
        return Settings(
            schedules=schedules,
            prompts=self._prompts(flat.get("prompts")),
            positive=str(flat.get("animation_prompts_positive") or flat.get("positive_prompts") or ""),
            negative=str(flat.get("animation_prompts_negative") or flat.get("negative_prompts") or ""),
            max_frames=self._whole(flat, "max_frames"),
            seed=self._whole(flat, "seed"),
            fps=self._number(flat, "fps"),
            bpm=self._number(flat, "bpm"),
            width=self._whole(flat, "W"),
            height=self._whole(flat, "H"),
            strength_means=self.strength_means,
            values=others,
            notices=tuple(_notices(flat, schedules, self.known, inner if isinstance(inner, dict) else {})),
        )

    def _schedules(self, flat: dict[str, Any]) -> Iterator[tuple[str, str]]:
        for name, value in flat.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and name in SCHEDULES:
                yield name, f"0:({writer.number(value)})"  # older files have plain numbers in some places
            elif name in SCHEDULES and isinstance(value, str):
                yield name, value
            elif name in SCHEDULES and value is not None:
                raise BadInput(f"{self.where}: {name} is a {type(value).__name__}; a schedule is a text like 0:(1).")
            elif name not in ALL and isinstance(value, str) and SCHEDULE.match(value) and "(" in value:
                yield name, value

    def _prompts(self, prompts: Any) -> dict[str, str]:
        if isinstance(prompts, list):
            prompts = {"0": prompts[0]} if prompts else {}
        if prompts is None or prompts == "":
            return {}
        if not isinstance(prompts, dict):
            raise BadInput(f'{self.where}: prompts must be an object like {{"0": "a meadow"}}.')
        return {str(key): str(value) for key, value in prompts.items()}

    def _number(self, flat: dict[str, Any], name: str) -> float | None:
        value = flat.get(name)
        if value is None:
            return None
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            raise BadInput(f"{self.where}: {name} is {str(value)[:60]!r}, which is no number.") from None

    def _whole(self, flat: dict[str, Any], name: str) -> int | None:
        value = flat.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = self._number(flat, name)
        if number is None or not math.isfinite(number) or number != int(number):
            raise BadInput(f"{self.where}: {name} is {value!r}, which is no whole number.")
        return int(number)


def _modern(name: str, value: Any) -> Any:
    """A value in the form that today's webui has for it."""
    if name == "color_coherence":
        return COLOURS.get(value, value) if isinstance(value, str) else value
    if name == "hybrid_composite" and isinstance(value, bool):
        return "Normal" if value else "None"
    if name in ("optical_flow_cadence", "optical_flow_redo_generation") and isinstance(value, bool):
        return "DIS Fine" if value else "None"
    if name == "fill" and isinstance(value, int) and 0 <= value < len(FILLS):
        return FILLS[value]
    return value


def _notices(
    flat: dict[str, Any], schedules: Mapping[str, str], known: Collection[str], inner: Mapping[str, Any]
) -> Iterator[str]:
    strangers = []
    for name in flat:
        if name in known or name.startswith(UNITS):
            continue
        nearest = difflib.get_close_matches(name, list(SCHEDULES), 1, 0.8 if name not in schedules else 0.5)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
        if nearest or name in schedules:
            yield f"no Deforum program knows '{name}' and the webui ignores it{hint}"
        else:
            strangers.append(name)
    if strangers and not inner and flat.get("format") is None:
        more = " …" if len(strangers) > 20 else ""
        yield f"ignored, because the webui does not know them: {', '.join(strangers[:20])}{more}"
