"""What a workflow needs and the server lacks, told before anything is queued."""

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import BadInput, ModelMissing
from .workflow import Workflow, is_link

MODELS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
Describe = Callable[[str], Mapping[str, Any] | None]  # a node's type → the server's own description of it


def check(workflow: Workflow, describe: Describe, server: str) -> None:
    """ModelMissing lists nodes and models that the server does not have, BadInput inputs that do not fit.

    What this engine sets itself is not looked at.
    """
    ours = {(slot.node, slot.input) for slots in workflow.slots.values() for slot in slots}
    types = sorted({node["class_type"] for node in workflow.nodes.values()})
    known = {name: describe(name) for name in types}
    models: list[str] = []
    inputs: list[str] = []
    for number, node in workflow.nodes.items():
        about = known[node["class_type"]]
        if about is None:
            continue
        for name, value in node["inputs"].items():
            if is_link(value):
                if value[0] not in workflow.nodes:
                    inputs.append(f"{workflow.name(number)}: {name} comes from a node that is not there")
                continue
            choices = _choices(about, name)
            if choices is not None and value not in choices and (number, name) not in ours:
                if isinstance(value, str) and value.lower().endswith(MODELS):
                    models.append(f"{value} (for {workflow.name(number)})")
                else:
                    inputs.append(f"{workflow.name(number)}: {name} cannot be {value!r}")
        for name in _required(about):
            if name not in node["inputs"]:
                inputs.append(f"{workflow.name(number)}: {name} is missing")
    nodes = [name for name in types if known[name] is None]
    lacking = [
        f"{what}: {', '.join(dict.fromkeys(names))}"
        for what, names in (("nodes", nodes), ("models", models), ("inputs", inputs))
        if names
    ]
    if lacking:
        remedy = "Install them there" if nodes or models else "Correct the workflow in ComfyUI and export it again"
        kind = ModelMissing if nodes or models else BadInput
        raise kind(f"ComfyUI at {server} cannot run {workflow.path.name}. {'; '.join(lacking)}. {remedy}.")


def _required(about: Mapping[str, Any]) -> list[str]:
    return [name for name, kind in _inputs(about, "required").items() if _is_plain(kind)]


def _is_plain(kind: Any) -> bool:
    """Whether the input stands under its own name: growing and dynamic ones have names of their own, buttons none."""
    return isinstance(kind, list) and bool(kind) and not str(kind[0]).startswith(("COMFY_", "IMAGEUPLOAD"))


def _choices(about: Mapping[str, Any], name: str) -> list[Any] | None:
    """What a menu input may be, nothing where the server has no model for it; None for other inputs."""
    kind = {**_inputs(about, "required"), **_inputs(about, "optional")}.get(name)
    if not isinstance(kind, list) or not kind:
        return None
    if isinstance(kind[0], list):  # as nodes were written until 2025
        return kind[0]
    options = kind[1].get("options") if kind[0] == "COMBO" and len(kind) > 1 and isinstance(kind[1], dict) else None
    return options if isinstance(options, list) else None


def _inputs(about: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    found = about.get("input", {}).get(group) if isinstance(about.get("input"), dict) else None
    return found if isinstance(found, dict) else {}
