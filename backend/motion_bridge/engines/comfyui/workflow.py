"""A workflow as ComfyUI exports it for its API, and which of its nodes this engine feeds and listens to.

A node is told by its title: `MB video` takes the warped picture, and so on. A role that no title names goes to the
node of the type that fits, where the workflow has exactly one of that type.
"""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadInput
from ...files import json_text
from ...files.home import expand

PICTURE, TEXT, NUMBER, OUTPUT = "picture", "text", "number", "output"
FILES = ("image", "file", "video")  # inputs that name an uploaded file; the last two take movies
MOVIES = ("file", "video")
TEXTS = ("text", "value", "string", "prompt")


@dataclass(frozen=True)
class Role:
    """What a node is for."""

    title: str  # as people write it above the node
    kind: str
    inputs: tuple[str, ...]  # of the node, the first that it has is set
    types: tuple[str, ...] = ()  # of nodes that may have the role without the title


ROLES = {
    "first_frame": Role("MB first frame", PICTURE, FILES, ("LoadImage",)),
    "video": Role("MB video", PICTURE, FILES, ("LoadVideo", "VHS_LoadVideo")),
    "mask": Role("MB mask", PICTURE, FILES, ("LoadImageMask",)),
    "depth": Role("MB depth", PICTURE, FILES),
    "camera": Role("MB camera", TEXT, ("camera", "poses", "camera_poses", *TEXTS)),
    "tracks": Role("MB tracks", TEXT, ("tracks", "coordinates", *TEXTS), ("WanTrackToVideo",)),
    "prompt": Role("MB prompt", TEXT, TEXTS, ("CLIPTextEncode",)),
    "negative": Role("MB negative", TEXT, TEXTS),
    "seed": Role("MB seed", NUMBER, ("seed", "noise_seed", "value"), ("KSampler", "KSamplerAdvanced", "RandomNoise")),
    "frames": Role("MB frames", NUMBER, ("value", "length", "int")),
    "output": Role("MB output", OUTPUT, (), ("SaveImage", "PreviewImage", "SaveVideo", "VHS_VideoCombine")),
}
TITLES = {role.title.casefold(): name for name, role in ROLES.items()}


@dataclass(frozen=True)
class Slot:
    """One input of one node."""

    node: str  # its number
    input: str


@dataclass(frozen=True)
class Workflow:
    """What a file holds."""

    path: Path
    nodes: Mapping[str, Mapping[str, Any]]  # by number: class_type, inputs, _meta
    slots: Mapping[str, tuple[Slot, ...]]  # by role
    output: str  # the number of the node whose pictures are taken

    def name(self, node: str) -> str:
        """A node as people know it."""
        found = self.nodes.get(node, {})
        return title_of(found) or str(found.get("class_type", f"node {node}"))

    def takes_movie(self, role: str) -> bool:
        """Whether a picture role wants a movie file rather than an animated PNG."""
        return any(slot.input in MOVIES for slot in self.slots.get(role, ()))

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The nodes as the server takes them, with values by role."""
        nodes = copy.deepcopy(dict(self.nodes))
        for role, value in values.items():
            for slot in self.slots[role]:
                nodes[slot.node]["inputs"][slot.input] = value
        return nodes

    @property
    def digest(self) -> str:
        """Tells this workflow from every other."""
        return hashlib.sha256(json.dumps(self.nodes, sort_keys=True).encode()).hexdigest()[:16]


def read(file: str) -> Workflow:
    """The workflow in a file. BadInput for what is missing or cannot be fed."""
    if not file:
        raise BadInput("There is no workflow; choose a file that ComfyUI wrote with Workflow ▸ Export (API).")
    path = expand(file, "The workflow")
    nodes = json_text.read_object(path)
    if isinstance(nodes.get("prompt"), dict):  # as some programs keep it
        nodes = nodes["prompt"]
    if isinstance(nodes.get("nodes"), list):
        raise BadInput(f"{path} is a workflow for ComfyUI's editor; save it there again with Workflow ▸ Export (API).")
    for number, node in nodes.items():
        whole = isinstance(node, dict) and isinstance(node.get("class_type"), str)
        if not whole or not isinstance(node.get("inputs", {}), dict):
            raise BadInput(f"{path} is not a workflow in API format: {number!r} is not a node.")
        node.setdefault("inputs", {})
    if not nodes:
        raise BadInput(f"{path} holds no nodes.")
    found = _nodes_by_role(nodes, path)
    slots = {
        role: tuple(Slot(number, _input(ROLES[role], nodes[number], path)) for number in numbers)
        for role, numbers in found.items()
        if role != "output"
    }
    return Workflow(path, nodes, slots, _output(found.get("output", []), path))


def title_of(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return title.strip() if isinstance(title, str) else ""


def is_link(value: Any) -> bool:
    """Whether an input comes from another node: [its number, which of its outputs]."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)


def _nodes_by_role(nodes: Mapping[str, Any], path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number, node in nodes.items():
        title = " ".join(title_of(node).split()).casefold()
        if title in TITLES:
            found.setdefault(TITLES[title], []).append(number)
        elif title.startswith("mb "):
            known = ", ".join(role.title for role in ROLES.values())
            raise BadInput(f"{path}: no node can be titled {title_of(node)!r}; the titles are {known}.")
    taken = {number for numbers in found.values() for number in numbers}
    for name, role in ROLES.items():
        fitting = [number for number, node in nodes.items() if node["class_type"] in role.types]
        free = name not in found and len(fitting) == 1 and fitting[0] not in taken
        if free and (role.kind == OUTPUT or _has_input(role, nodes[fitting[0]])):
            found[name] = fitting
    return found


def _has_input(role: Role, node: Mapping[str, Any]) -> bool:
    return any(name in node["inputs"] and not is_link(node["inputs"][name]) for name in role.inputs)


def _input(role: Role, node: Mapping[str, Any], path: Path) -> str:
    for name in role.inputs:
        if name in node["inputs"] and not is_link(node["inputs"][name]):
            return name
    raise BadInput(
        f"{path}: {node['class_type']} cannot be {role.title!r}; a node with one of the inputs "
        f"{', '.join(role.inputs)} that is not linked can."
    )


def _output(numbers: list[str], path: Path) -> str:
    if len(numbers) != 1:
        several = "more than one node is" if numbers else "no node is"
        raise BadInput(f"{path}: {several} titled 'MB output'; give the title to the node that saves the pictures.")
    return numbers[0]
