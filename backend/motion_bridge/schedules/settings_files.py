"""Reading settings files: webui, Forge, notebooks, XLabs, studio, ComfyUI, Parseq, AnimateDiff, a Shot, one schedule.

Whatever the file calls them, the result uses the webui's names. Keys that nobody knows are tolerated, as the webui
does, but named in `notices` with the nearest real one: a misspelt schedule is silently ignored there.
"""

import difflib
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files import json_text
from . import comfyui_workflows, parseq_overrides, prompt_documents, writer
from .interpolation import texts, values
from .parseq import document as parseq
from .programs import COMFYUI, EVERY_KEY, XLABS, written_by
from .variables import Context
from .webui_defaults import ALL, NAMES, SCHEDULES, UNITS

LARGEST = 64_000_000  # characters of a file
MOST_KEYS = 10_000  # a whole file of the webui has 255, of Forge 290
MOST_HINTS = 20  # unknown keys that are compared with the known ones, and that are named
SCHEDULE = re.compile(r"\s*[\"']?[\w\s()+*/.-]{1,40}[\"']?\s*:\s*\S")
QUOTED = re.compile(r":\s*\(\s*[\"']")
HYBRID_OF_0_6 = "hybrid_video_"  # how the notebook's keys of hybrid video began
RENAMED = {  # older names of things that still exist; where a file has both, today's name counts
    "flip_2d_perspective": "enable_perspective_flip",
    "skip_video_for_run_all": "skip_video_creation",
    "fov": "fov_schedule",
    "near_plane": "near_schedule",
    "far_plane": "far_schedule",
    "animation_prompts": "prompts",
    "cond_prompts": "prompts",
    "uncond_prompts": "neg_prompts",
    "enable_schedule_samplers": "enable_sampler_scheduling",
    "use_zoe_depth": "depth_algorithm",
}
ZOE = {"True": "Zoe+AdaBins (old)", "False": "Midas+AdaBins (old)"}  # what `use_zoe_depth` chose between
FILLS = ("fill", "original", "latent noise", "latent nothing")
COLORS = {f"Match Frame 0 {space}": space for space in ("HSV", "LAB", "RGB")}
UNSAVED = ("init_sample", "init_image_box", "perlin_w", "perlin_h", "image_path", "outdir")  # known, without meaning
MEANINGS = ("kept", "denoise")


@dataclass(frozen=True)
class Settings:
    """What a settings file says."""

    schedules: Mapping[str, str] = field(default_factory=dict)  # as written
    series: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # given frame by frame (Parseq)
    prompts: Mapping[str, str] = field(default_factory=dict)  # keyed by frame or expression
    avoided: Mapping[str, str] = field(default_factory=dict)  # negative prompts, keyed alike
    positive: str = ""  # before every prompt
    negative: str = ""  # after every negative prompt
    max_frames: int | None = None
    seed: int | None = None
    fps: float | None = None
    bpm: float | None = None
    width: int | None = None
    height: int | None = None
    strength_means: str = "kept"  # or "denoise", as XLabs has it
    program: str = ""  # that wrote the file, as programs.py names it; empty: none of them
    values: Mapping[str, Any] = field(default_factory=dict)  # everything that is not a schedule, under today's names
    notices: tuple[str, ...] = ()

    def context(self, dialect: str = "superset") -> Context:
        """The run that the file describes; 120 frames at 24 a second where it does not say."""
        given = {"max_frames": self.max_frames, "seed": self.seed, "fps": self.fps, "bpm": self.bpm}
        return Context(dialect=dialect, **{name: value for name, value in given.items() if value is not None})


def read(content: str, where: str, strength_means: str = "kept", known: Iterable[str] = ()) -> Settings:
    """The settings in a file's text. where: the file's name, for messages.

    strength_means: "denoise" for a file whose strength is how much is made anew; XLabs' own files are told by their
    keys. known: names that no Deforum program knows and the caller does.
    BadInput names the file and the line or the key.
    """
    if strength_means not in MEANINGS:
        raise BadInput(f"strength means {' or '.join(MEANINGS)}, not {strength_means!r}.")
    if len(content) > LARGEST:
        raise BadInput(f"{where} has {len(content)} characters; at most {LARGEST} are read.")
    try:
        document = json_text.parse(content, where)
    except BadInput:
        if content.lstrip()[:1] in ("{", "["):
            raise
        if prompts := prompt_documents.lines(content):
            return Settings(prompts=prompts, program=prompt_documents.FIZZNODES)
        if SCHEDULE.match(content):
            return Settings({"schedule": content})
        raise
    if isinstance(document, str):
        return Settings({"schedule": document})
    if not isinstance(document, dict):
        raise BadInput(f"{where} holds no settings: its JSON is not an object.")
    return _object(document, where, strength_means, frozenset(known))


def _object(document: dict[str, Any], where: str, strength_means: str, known: frozenset[str]) -> Settings:
    if parseq.recognised(document):
        return _parseq(document, where)
    if comfyui_workflows.recognised(document):
        flat, notices = comfyui_workflows.parameters(document, where)
        found = _Reader(where, strength_means, known).settings(flat)
        return replace(found, program=COMFYUI, notices=(*notices, *found.notices))
    if prompt_documents.is_prompt_travel(document):
        document = prompt_documents.prompt_travel(document, where)
        return replace(
            _Reader(where, strength_means, known | set(document)).settings(document),
            program=prompt_documents.ANIMATEDIFF,
        )
    if prompt_documents.is_prompts_alone(document):
        document = {"prompts": document}
    if len(document) > MOST_KEYS:
        raise BadInput(f"{where} has {len(document)} keys; at most {MOST_KEYS} are read.")
    return parseq_overrides.applied(_Reader(where, strength_means, known).settings(document), where)


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
        values={"diffusion_cadence": rendered.cadence, **parseq_overrides.seeds(rendered)},
        prompts={str(frame): prompt for frame, prompt in rendered.prompts.items()},
        notices=rendered.notices,
    )


class _Reader:
    """Takes one flat settings object apart."""

    def __init__(self, where: str, strength_means: str, known: frozenset[str]):
        self.where = where
        self.strength_means = strength_means
        self.own = known
        self.known = {*EVERY_KEY, *UNSAVED, *RENAMED, *RENAMED.values(), *known}

    def settings(self, document: dict[str, Any]) -> Settings:
        program = written_by(document, self.own)
        inner = document.get("schedules")
        flat = _renamed({name: value for name, value in document.items() if name != "schedules"})
        if isinstance(inner, dict):  # also how a Shot writes them
            flat |= {str(name): value for name, value in inner.items()}
        if flat.get("format") == "motion-bridge shot":
            frames = flat.get("frames")
            flat["max_frames"] = len(frames) if isinstance(frames, list) else None
        flat = {"W": flat.get("width"), "H": flat.get("height"), **flat}
        schedules = dict(self._schedules(flat))
        others = {name: _modern(name, value) for name, value in flat.items() if name not in schedules}
        return Settings(
            schedules=schedules,
            prompts=self._prompts(flat.get("prompts"), "prompts"),
            avoided=self._prompts(flat.get("neg_prompts"), "neg_prompts"),
            positive=str(flat.get("animation_prompts_positive") or ""),
            negative=str(flat.get("animation_prompts_negative") or ""),
            max_frames=self._whole(flat, "max_frames"),
            seed=self._whole(flat, "seed"),
            fps=self._number(flat, "fps"),
            bpm=self._number(flat, "bpm"),
            width=self._whole(flat, "W"),
            height=self._whole(flat, "H"),
            strength_means="denoise" if program == XLABS else self.strength_means,
            program=program,
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

    def _prompts(self, prompts: Any, name: str) -> dict[str, str]:
        if isinstance(prompts, str):
            prompts = prompt_documents.lines(prompts) or ({"0": prompts} if prompts.strip() else {})
        if isinstance(prompts, list):
            prompts = {"0": prompts[0]} if prompts else {}
        if prompts is None:
            return {}
        if not isinstance(prompts, dict):
            raise BadInput(f'{self.where}: {name} must be an object like {{"0": "a meadow"}}.')
        if len(prompts) > MOST_KEYS:
            raise BadInput(f"{self.where} has {len(prompts)} {name}; at most {MOST_KEYS} are read.")
        return {str(key): str(value) for key, value in prompts.items()}

    def _number(self, flat: dict[str, Any], name: str) -> float | None:
        value = flat.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            raise BadInput(f"{self.where}: {name} is {str(value)[:60]!r}, which is not a number.") from None

    def _whole(self, flat: dict[str, Any], name: str) -> int | None:
        value = flat.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = self._number(flat, name)
        if number is None or not math.isfinite(number) or number != int(number):
            raise BadInput(f"{self.where}: {name} is {repr(value)[:60]}, which is not a whole number.")
        return int(number)


def _renamed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The keys under today's names. What stands under an older name counts only where today's is absent or empty."""
    found = {name: value for name, value in document.items() if today(name) == name}
    for name, value in document.items():
        now = today(name)
        if now != name and found.get(now) in (None, "", {}):
            found[now] = ZOE.get(str(value), value) if name == "use_zoe_depth" else value
    return found


def today(name: str) -> str:
    """What a key of an older version is called today."""
    if name.startswith(HYBRID_OF_0_6):
        return f"hybrid_{name.removeprefix(HYBRID_OF_0_6)}"
    return RENAMED.get(name, name)


def _modern(name: str, value: Any) -> Any:
    """A value in the form that today's webui has for it."""
    if name == "color_coherence":
        return COLORS.get(value, value) if isinstance(value, str) else value
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
    strangers = [name for name in flat if name not in known and not name.startswith(UNITS)]
    unnamed = []
    for name in strangers[:MOST_HINTS]:
        nearest = difflib.get_close_matches(name, list(SCHEDULES), 1, 0.8 if name not in schedules else 0.5)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
        if nearest or name in schedules:
            yield f"no Deforum program knows '{name}' and the webui ignores it{hint}"
        else:
            unnamed.append(name)
    if unnamed and not inner and flat.get("format") is None:
        more = f" and {len(strangers) - MOST_HINTS} more" if len(strangers) > MOST_HINTS else ""
        yield f"ignored, because no program that is known here writes them: {', '.join(unnamed)}{more}"
