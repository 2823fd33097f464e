"""Compositors of scenes, in every version of Blender."""

import bpy


def empty_compositor(scene: bpy.types.Scene):
    """The scene's compositor without a node: a tree of its own since 5.0, the scene's before."""
    if hasattr(scene, "compositing_node_group"):
        tree = scene.compositing_node_group = bpy.data.node_groups.new("comp", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        return tree
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree


def through(tree, *between: str):
    """Link the render to the picture through nodes of these types; the nodes."""
    kind = "NodeGroupOutput" if hasattr(bpy.context.scene, "compositing_node_group") else "CompositorNodeComposite"
    made = [tree.nodes.new(f"CompositorNode{name}") for name in between]
    chain = [tree.nodes.new("CompositorNodeRLayers"), *made, tree.nodes.new(kind)]
    for one, other in zip(chain, chain[1:], strict=False):
        socket = next((each for each in other.inputs if each.name in ("Image", "Color")), other.inputs[0])
        tree.links.new(one.outputs[0], socket)
    return made
