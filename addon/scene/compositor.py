"""What a scene's compositor does beside coloring: it may move pixels, bring in other view layers, and write files."""

from collections.abc import Iterable, Iterator
from typing import Any

import bpy

from .. import compat

MOVING = {  # types of nodes after which pixels lie elsewhere, and the inputs with which they do not
    "CORNERPIN": None,
    "CROP": None,
    "DISPLACE": None,
    "FLIP": {"Flip X": False, "Flip Y": False},
    "LENSDIST": {"Distortion": 0.0, "Dispersion": 0.0},
    "MAP_UV": None,
    "MOVIEDISTORTION": None,
    "PLANETRACKDEFORM": None,
    "ROTATE": {"Angle": 0.0},
    "SCALE": {"X": 1.0, "Y": 1.0},
    "STABILIZE2D": None,
    "TRANSFORM": {"X": 0.0, "Y": 0.0, "Angle": 0.0, "Scale": 1.0},
    "TRANSLATE": {"X": 0.0, "Y": 0.0},
}
Place = tuple[str | None, str]  # a node's group, None for the compositor itself, and its name
OLDER_NAMES = {"Angle": "Degr"}  # of inputs, before 5.0


def composited(scene: Any) -> Any:
    """The nodes that a render of a scene goes through; None where it goes through none."""
    return compat.compositor_tree(scene) if scene.render.use_compositing else None


def moving_node(scene: Any) -> str | None:
    """The name of a node on the way to the picture after which pixels lie elsewhere; None where there is none."""
    tree = composited(scene)
    return next((node.name for node in _upstream(tree) if _moves(node)), None) if tree else None


def other_layer(scene: Any, layer: Any) -> str | None:
    """Another view layer of the scene's that renders and is part of the picture; None where there is none."""
    tree = composited(scene)
    others = {each.name for each in scene.view_layers if each.use and each != layer}
    for node in _upstream(tree) if tree and others else ():
        if node.type == "R_LAYERS" and node.scene == scene and node.layer in others:
            return node.layer
    return None


def unmuted_file_outputs(scene: Any) -> list[Place]:
    """The nodes of the scene's compositor that write files, those in groups too."""
    tree = composited(scene)
    found = _all_nodes(tree, set()) if tree else ()
    return [(_group(owner, tree), node.name) for owner, node in found if node.type == "OUTPUT_FILE" and not node.mute]


def mute(scene: Any, places: Iterable[Place], value: bool) -> None:
    """Mute nodes or let them work again; those that are not there any more are passed over."""
    for group, name in places:
        tree = compat.compositor_tree(scene) if group is None else bpy.data.node_groups.get(group)
        if tree and (node := tree.nodes.get(name)):
            node.mute = value


def _group(owner: Any, tree: Any) -> str | None:
    return None if owner == tree else owner.name


def _all_nodes(tree: Any, met: set[int]) -> Iterator[tuple[Any, Any]]:
    """The nodes of a tree and of the groups in it, each with the tree that it is in."""
    met.add(tree.as_pointer())
    for node in tree.nodes:
        yield tree, node
        group = node.node_tree if node.type == "GROUP" else None
        if group and group.as_pointer() not in met:
            yield from _all_nodes(group, met)


def _upstream(tree: Any) -> Iterator[Any]:
    """The nodes that the picture passes on its way out, those within groups too; muted ones let it pass unchanged."""
    outputs = [node for node in tree.nodes if node.type in ("COMPOSITE", "GROUP_OUTPUT") and not node.mute]
    met: set[int] = set()
    waiting = [node for node in outputs if node.type == "COMPOSITE" or node.is_active_output]
    while waiting:
        node = waiting.pop()
        if node.as_pointer() in met:
            continue
        met.add(node.as_pointer())
        if not node.mute:
            yield node
            if node.type == "GROUP" and node.node_tree:
                yield from _upstream(node.node_tree)
        waiting += [link.from_node for socket in node.inputs for link in socket.links if link.is_valid]


def _moves(node: Any) -> bool:
    if node.type not in MOVING:
        return False
    neutral = MOVING[node.type]
    if neutral is None:
        return True
    if node.type == "SCALE" and not _is_relative(node):
        return True
    return not all(_is(node, name, value) for name, value in neutral.items())


def _is_relative(node: Any) -> bool:
    """Whether a Scale node multiplies sizes; its choice has been an input since 5.0."""
    chosen = node.inputs.get("Type")
    return (chosen.default_value if chosen else node.space).upper() == "RELATIVE"


def _is(node: Any, name: str, value: float) -> bool:
    """Whether an input has this value for certain."""
    socket = node.inputs.get(name) or node.inputs.get(OLDER_NAMES.get(name, name))
    return socket is not None and not socket.is_linked and socket.default_value == value
