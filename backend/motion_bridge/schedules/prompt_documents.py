"""Documents that hold prompts and frames and nothing of Deforum: AnimateDiff's prompt travel, FizzNodes' lines."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput

ANIMATEDIFF, FIZZNODES = "animatediff", "fizznodes"
KEY = re.compile(r"\d{1,9}")
LINE = re.compile(
    r"""\s*(?:"(?P<double>[^"\n]{1,60})" | '(?P<single>[^'\n]{1,60})' | (?P<bare>[\w+*/().-]{1,60}))\s*:\s*
    (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )\s*(?:,|$|(?=\n))""",
    re.VERBOSE | re.DOTALL,
)


def lines(text: str) -> dict[str, str]:
    """FizzNodes' `"0": "hills", "24": "sea"`, also with keys without quotes; {} where the text is something else."""
    found: dict[str, str] = {}
    at, end = 0, len(text.rstrip())
    while at < end:
        match = LINE.match(text, at)
        if match is None:
            return {}
        found[match["double"] or match["single"] or match["bare"]] = _unquoted(match["text"])
        at = match.end()
    return found


def _unquoted(text: str) -> str:
    if text[0] == '"':
        try:
            found = str(json.loads(text, strict=False))
            found.encode()  # half a letter is no text
            return found
        except ValueError:
            pass
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def is_prompts_alone(document: Mapping[str, Any]) -> bool:
    """Whether an object is nothing but `{"0": "hills", "24": "sea"}`."""
    return bool(document) and all(
        KEY.fullmatch(str(key)) and isinstance(text, str) and not text.strip().startswith("{")
        for key, text in document.items()
    )


def is_prompt_travel(document: Mapping[str, Any]) -> bool:
    """Whether an object is a configuration of AnimateDiff's command-line programs."""
    if "animation_mode" in document:
        return False
    several = "motion_module" in document and isinstance(document.get("prompt"), list)
    return several or isinstance(document.get("prompt_map"), dict)


def prompt_travel(document: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Such a configuration with its prompts and seed under the webui's names.

    BadInput where its prompts are none.
    """
    prompts = document.get("prompt_map")
    if not isinstance(prompts, dict) or not prompts:
        prompts = {"0": _first(document.get("prompt"))}
    if not prompts or not all(isinstance(text, str) for text in prompts.values()):
        raise BadInput(f"{where}: prompt_map holds no prompts by frame.")
    head, tail = (str(document.get(name) or "").strip() for name in ("head_prompt", "tail_prompt"))
    joined = {key: ", ".join(part for part in (head, text.strip(), tail) if part) for key, text in prompts.items()}
    avoided, seed = (_first(document.get(name)) for name in ("n_prompt", "seed"))
    rest = {name: value for name, value in document.items() if name not in ("prompt", "seed", "prompts")}
    found = {**rest, "prompts": joined, "seed": seed if isinstance(seed, int) else None}
    return {**found, "neg_prompts": {"0": avoided}} if isinstance(avoided, str) and avoided else found


def _first(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value
