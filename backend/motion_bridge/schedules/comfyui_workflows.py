"""Workflows of ComfyUI: the values of Deforum's parameter nodes and of FizzNodes' prompt nodes.

A workflow that was saved has `nodes` with values in the order of their parameters; one for the API has numbered nodes
with `class_type` and named inputs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadInput
from .comfyui_defaults import NODES

PROMPTS = ("PromptSchedule", "BatchPromptSchedule")  # how the names of FizzNodes' prompt nodes begin
BEFORE, AFTER = "pre_text", "app_text"


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a workflow."""
    if isinstance(document.get("nodes"), list):
        return any(isinstance(node, dict) and "type" in node for node in document["nodes"])
    return bool(document) and all(isinstance(node, dict) and "class_type" in node for node in document.values())


def parameters(document: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """The flat settings that a workflow's nodes hold, and what is to be said of it.

    BadInput for a workflow without a node that is known here.
    """
    found: dict[str, Any] = {}
    seen: list[str] = []
    for kind, values in _nodes(document):
        if kind in NODES:
            found |= {name: value for name, value in _named(kind, values).items() if not isinstance(value, list)}
            seen.append(kind)
        elif kind.startswith(PROMPTS) and "prompts" not in found:
            found |= _fizz(values)
            seen.append(kind)
    if not seen:
        raise BadInput(f"{where} is a workflow of ComfyUI without parameter nodes of Deforum or prompts of FizzNodes.")
    if any(kind in NODES for kind in seen):
        found.setdefault("animation_mode", "None")
    found.pop("control_after_generate", None)
    return found, [f"of the workflow, only these nodes are read: {', '.join(dict.fromkeys(seen))}"]


def _nodes(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each node's type and its values: a list in order, or an object by name."""
    if isinstance(document.get("nodes"), list):
        for node in document["nodes"]:
            if isinstance(node, dict) and node.get("mode") not in (2, 4):  # muted or bypassed
                yield str(node.get("type")), node.get("widgets_values")
    else:
        for node in document.values():
            yield str(node["class_type"]), node.get("inputs")


def _named(kind: str, values: Any) -> dict[str, Any]:
    if isinstance(values, dict):
        return {name: value for name, value in values.items() if name in NODES[kind]}
    return dict(zip(NODES[kind], values if isinstance(values, list) else [], strict=False))


def _fizz(values: Any) -> dict[str, Any]:
    if isinstance(values, list):
        texts = [value for value in values if isinstance(value, str)]
        frames = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        values = {"text": texts[0] if texts else "", "max_frames": frames[0] if frames else None}
    if not isinstance(values, dict):
        return {}
    found = {"prompts": values.get("text") if isinstance(values.get("text"), str) else ""}
    if isinstance(values.get("max_frames"), int):
        found["max_frames"] = values["max_frames"]
    if isinstance(values.get(BEFORE), str):
        found["animation_prompts_positive"] = values[BEFORE]
    return found
