"""Parseq documents: their curves as Deforum's motion, and Deforum's motion as such a document.

Parseq's values are absolute positions, Deforum's are steps from frame to frame. Between them stands `<field>_delta`:
value(n) - value(n-1), the value itself at frame 0, and for zoom 1 + value(n) - value(n-1). All other fields are
taken as they are.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ..expression import Fault
from ..spline import natural, through_all
from ..variables import MOST_FRAMES
from . import time_series
from .fields import DEFAULTS, DELTAS, FIELDS, field_of
from .functions import Field
from .language import compiled

Array = NDArray[np.float64]

PLAIN = ("L", "S", "C")  # curves that need no formula

VERSION = "0.1.112"
DECIMALS = 9  # of the positions written
MOST_VALUES = 1_000_000  # keyframes times managed fields
MOST_FORMULAS = 500_000  # frames whose value is a formula's, over all fields; an expression costs READING of them
READING = 20


@dataclass(frozen=True)
class Rendered:
    """A Parseq document, calculated."""

    fps: float
    bpm: float
    cadence: int
    values: Mapping[str, Array]  # {field: (T,)}, absolute
    deltas: Mapping[str, Array]  # {field: (T,)} of the fields in DELTAS
    prompts: Mapping[int, str]  # only where the document manages them
    notices: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        return len(next(iter(self.values.values())))

    def deforum(self, deltas: bool = True) -> dict[str, Array]:
        """{Deforum's schedule: one value for each frame}, without what Parseq alone knows, such as prompt weights.

        deltas: whether Deforum is given the steps between Parseq's positions, as it wants them.
        """
        steps = self.deltas if deltas else {}
        return {FIELDS[field]: steps.get(field, values) for field, values in self.values.items() if field in FIELDS}


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a Parseq document or the manifest that Parseq renders."""
    return isinstance(document.get("options"), dict) and (
        isinstance(document.get("keyframes"), list) or isinstance(document.get("rendered_frames"), list)
    )


def read(document: Mapping[str, Any], where: str) -> Rendered:
    """The document's values; what Parseq rendered itself is taken as it is, otherwise the keyframes are calculated.

    BadInput names the file, the field and the keyframe.
    """
    options = document["options"]
    fps = _option(options, "output_fps", 20, where)
    bpm = _option(options, "bpm", 140, where)
    cadence = max(int(_option(options, "cadence", 1, where)), 1)
    rendered = document.get("rendered_frames")
    if isinstance(rendered, list) and rendered:
        values, deltas, prompts = _manifest(rendered, where)
        return Rendered(fps, bpm, cadence, values, deltas, prompts)
    notices = ()
    managed = document.get("managedFields")
    if managed is None:
        managed = list(DEFAULTS)
        notices = ("the document has no managedFields, so Parseq manages every field, at its own defaults",)
    known = {"fps": fps, "bpm": bpm, "cadence": cadence, "series": time_series.read(document, where)}
    keyframes = document.get("keyframes")
    if not isinstance(keyframes, list):
        raise BadInput(f"{where} has neither keyframes nor rendered_frames.")
    values = _calculated(keyframes, managed, known, where)
    deltas = {field: delta(field, series) for field, series in values.items() if field in DELTAS}
    return Rendered(fps, bpm, cadence, values, deltas, {}, notices)


def delta(field: str, values: Array) -> Array:
    """Deforum's step to every frame from Parseq's positions."""
    steps = np.concatenate([values[:1], np.diff(values)])
    if field == "zoom":
        steps[1:] += 1
    return steps


def positions(field: str, steps: Array) -> Array:
    """Parseq's positions from Deforum's steps; the inverse of `delta`."""
    steps = np.asarray(steps, np.float64).copy()
    if field == "zoom":
        steps[1:] -= 1
    return np.cumsum(steps)


def document(
    series: Mapping[str, Array], *, fps: float, bpm: float = 120.0, cadence: int = 1, name: str = "shot"
) -> dict[str, Any]:
    """A document for Parseq's importer that is at the same time the manifest for Deforum's box.

    series: {Deforum's schedule: (T,) one value for each frame}, T at least 2. It manages exactly these fields, has a
    keyframe at every frame and leaves the prompts to Deforum.
    """
    fields = {}
    for schedule, steps in series.items():
        field = field_of(schedule)
        if field not in FIELDS:
            raise BadInput(f"Parseq has no field for {schedule!r}.")
        values = positions(field, steps) if field in DELTAS else np.asarray(steps, np.float64)
        if not np.isfinite(values).all():
            raise BadInput(f"{schedule} is not a number at frame {np.flatnonzero(~np.isfinite(values))[0]}.")
        fields[field] = np.round(values, DECIMALS) + 0.0
    lengths = {len(values) for values in fields.values()}
    if len(lengths) != 1 or min(lengths) < 2:
        raise BadInput("A Parseq document needs schedules of one length, at least 2 frames.")
    last = lengths.pop() - 1
    lists = {field: [_short(value) for value in values.tolist()] for field, values in fields.items()}
    keyframes: list[dict[str, Any]] = [
        {"frame": frame, **{field: values[frame] for field, values in lists.items()}} for frame in range(last + 1)
    ]
    keyframes[0] |= {f"{field}_i": "S" for field in lists}
    rendered, meta = _rendered(lists)
    return {
        "meta": {"generated_by": "motion_bridge", "version": VERSION, "docName": name},
        "options": {"input_fps": fps, "output_fps": fps, "bpm": bpm, "cadence": cadence},
        "managedFields": list(lists),
        "displayedFields": list(lists),
        "prompts": _no_prompts(last),
        "keyframes": keyframes,
        "timeSeries": [],
        "keyframeLock": "frames",
        "reverseRender": False,
        "rendered_frames": rendered,
        "rendered_frames_meta": meta,
    }


def text(parseq: Mapping[str, Any]) -> str:
    """A document as JSON."""
    return json.dumps(parseq, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _short(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _rendered(lists: Mapping[str, list[float]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The manifest's frames and its summary of each field, as Parseq calculates them."""
    frames: list[dict[str, Any]] = [{"frame": frame} for frame in range(len(next(iter(lists.values()))))]
    for field, values in lists.items():
        for frame, value in zip(frames, values, strict=True):
            frame[field] = value
    if "seed" in lists:
        for frame in frames:
            frame |= {"subseed": math.ceil(frame["seed"]), "subseed_strength": _short(math.fmod(frame["seed"], 1))}
    meta = {}
    for field, values in lists.items():
        largest = max(map(abs, values))
        meta[field] = {"max": largest, "min": min(values), "isFlat": min(values) == largest}
        steps = delta(field, np.asarray(values, np.float64)).round(DECIMALS) + 0.0
        for frame, value, step in zip(frames, values, steps.tolist(), strict=True):
            frame[f"{field}_delta"] = _short(step)
            frame[f"{field}_pc"] = _short(value / largest * 100) if largest else value
    return frames, meta


def _no_prompts(last: int) -> dict[str, Any]:
    """Parseq's empty prompts, switched off, so that Deforum's own are used."""
    overlap = {"type": "none", "inFrames": 0, "outFrames": 0, "custom": "prompt_weight_1"}
    empty = {"positive": "", "negative": "", "allFrames": True, "from": 0, "to": last, "overlap": overlap}
    return {
        "format": "v2",
        "enabled": False,
        "commonPromptPos": "append",
        "commonPrompt": {"name": "Common", **empty},
        "promptList": [{"name": "Prompt 1", **empty}],
    }


def _option(options: Mapping[str, Any], name: str, default: float, where: str) -> float:
    value = options.get(name, default)
    number = _number(value)
    if number is None or number <= 0:
        raise BadInput(f"{where}: options.{name} is {value!r}; it must be a positive number.")
    return number


def _number(value: Any) -> float | None:
    """A finite number, or text that is one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _frame(entry: Any, what: str, where: str) -> int:
    number = _number(entry.get("frame")) if isinstance(entry, dict) else None
    if number is None or number != int(number) or not 0 <= number < MOST_FRAMES:
        raise BadInput(f"{where}: {what} holds an entry whose frame is not a whole number from 0 to {MOST_FRAMES - 1}.")
    return int(number)


def _manifest(entries: list[Any], where: str) -> tuple[dict[str, Array], dict[str, Array], dict[int, str]]:
    by_frame = {_frame(entry, "rendered_frames", where): entry for entry in entries}
    if 0 not in by_frame:
        raise BadInput(f"{where}: rendered_frames has no frame 0.")
    count = max(by_frame) + 1

    def series(field: str) -> Array:
        found = np.full(count, np.nan)
        for frame, entry in by_frame.items():
            if field in entry:
                number = _number(entry[field])
                if number is None:
                    raise BadInput(f"{where}: {field} at frame {frame} is {entry[field]!r}, which is not a number.")
                found[frame] = number
        last = np.maximum.accumulate(np.where(np.isnan(found), 0, np.arange(count)))  # what is missing is held
        return found[last]

    # Deforum counts a field as managed when frame 0 has it.
    fields = [name for name in by_frame[0] if name in FIELDS or name in DEFAULTS]
    if not fields:
        raise BadInput(f"{where}: rendered_frames has no field that Deforum knows at frame 0.")
    values = {field: series(field) for field in fields}
    deltas = {
        field: series(f"{field}_delta") if f"{field}_delta" in by_frame[0] else delta(field, values[field])
        for field in fields
        if field in DELTAS
    }
    prompts: dict[int, str] = {}
    for frame in sorted(by_frame):
        prompt = by_frame[frame].get("deforum_prompt")
        if isinstance(prompt, str) and (not prompts or prompts[max(prompts)] != prompt):
            prompts[frame] = prompt
    return values, deltas, prompts


def _calculated(keyframes: list[Any], managed: Any, known: dict[str, Any], where: str) -> dict[str, Array]:
    if not (isinstance(managed, list) and managed and all(isinstance(name, str) for name in managed)):
        raise BadInput(f"{where}: managedFields must be a list with at least one field's name.")
    ordered = sorted(((_frame(entry, "keyframes", where), entry) for entry in keyframes), key=lambda pair: pair[0])
    if len(ordered) < 2:
        raise BadInput(f"{where}: a Parseq document needs at least 2 keyframes.")
    if ordered[0][0] != 0:
        raise BadInput(f"{where}: the first keyframe is at frame {ordered[0][0]}; Parseq starts at 0.")
    labels = tuple((frame, label if isinstance(label := entry.get("info"), str) else None) for frame, entry in ordered)
    managed = list(dict.fromkeys(managed))
    _check_work(ordered, managed, where)
    known = {**known, "last_frame": ordered[-1][0], "labels": labels, "matches": {}}
    return {field: _field(field, ordered, known, where) for field in managed}


def _check_work(ordered: list[tuple[int, Any]], managed: Sequence[str], where: str) -> None:
    """BadInput for a document that would take minutes."""
    if len(ordered) * len(managed) > MOST_VALUES:
        raise BadInput(
            f"{where}: {len(ordered)} keyframes with {len(managed)} fields are more than {MOST_VALUES} values; render "
            "the document in Parseq and use that file."
        )
    work = 0
    for field in managed:
        starts = [(frame, str(entry[f"{field}_i"]).strip()) for frame, entry in ordered if entry.get(f"{field}_i")]
        ends = [*(frame for frame, _ in starts[1:]), ordered[-1][0] + 1]
        formulas = [end - start for (start, text), end in zip(starts, ends, strict=bool(starts)) if text not in PLAIN]
        work += sum(formulas) + READING * len(formulas)
    if work > MOST_FORMULAS:
        raise BadInput(
            f"{where}: its formulas ask for {work} values; at most {MOST_FORMULAS} are calculated. Render the document "
            "in Parseq and use that file."
        )


def _field(field: str, ordered: list[tuple[int, Any]], known: dict[str, Any], where: str) -> Array:
    count = known["last_frame"] + 1
    points = {frame: value for frame, entry in ordered if (value := _number(entry.get(field))) is not None}
    default = DEFAULTS.get(field, 0.0)
    points.setdefault(0, points[min(points)] if points else default)
    points.setdefault(count - 1, points[max(points)])
    x = np.array(sorted(points), np.float64)
    y = np.array([points[int(frame)] for frame in x])
    frames = np.arange(count, dtype=np.float64)
    at = np.searchsorted(x, frames, side="right") - 1
    after = np.minimum(at + 1, len(x) - 1)
    field_now = Field(
        known=known,
        default=default,
        linear=np.interp(frames, x, y),
        cubic=cache(partial(natural, x, y, frames)),
        polynomial=cache(partial(_polynomial, x, y, frames)),
        active=x[at].astype(np.int64),
        active_value=y[at],
        next=x[after].astype(np.int64),
        next_value=y[after],
        computed=np.zeros(count),
    )
    changes = {frame: entry[f"{field}_i"] for frame, entry in reversed(ordered) if entry.get(f"{field}_i")}
    starts = sorted({0, *changes})
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        _fill(field_now, str(changes.get(start, "L")), start, end, f"{where}: {field}, keyframe {start}")
    return field_now.computed


def _fill(field: Field, written: str, start: int, end: int, place: str) -> None:
    """Calculate the frames for which one expression holds."""
    simple = {"L": lambda: field.linear, "S": lambda: field.active_value, "C": field.cubic}.get(written.strip())
    if simple:
        field.computed[start:end] = simple()[start:end]
        return
    frame = start
    try:
        node = compiled(written, field.known["series"])
        for frame in range(start, end):
            field.computed[frame] = node((field, frame))
    except Fault as wrong:
        raise BadInput(f"{place}, column {wrong.at + 1}: {wrong} ('{written[:60]}').") from None
    except OverflowError:
        raise BadInput(f"{place}: '{written[:60]}' is too large at frame {frame}.") from None
    if not np.isfinite(field.computed[start:end]).all():
        raise BadInput(f"{place}: '{written[:60]}' is not finite at every frame.")


def _polynomial(x: Array, y: Array, frames: Array) -> Array:
    if len(x) > 30:
        raise Fault(f"P goes through {len(x)} keyframes; more than 30 have no useful polynomial", 0)
    return through_all(x, y, frames)
