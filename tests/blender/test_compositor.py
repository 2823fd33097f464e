"""A compositor may color the first frame; it must not move its pixels, and nothing of it writes into folders."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_compositor import empty_compositor, through
from blender_session import run
from blender_takes import png


@pytest.fixture
def nodes(scene: bpy.types.Scene):
    """The scene's compositor: an empty tree with the way from render to picture still to be made."""
    scene.motion_bridge.first_frame = "RENDER"
    return empty_compositor(scene)


def set_input(node, name: str, value) -> None:
    node.inputs[name].default_value = value


def scale(tree):
    (node,) = through(tree, "Scale")
    set_input(node, "X", 1.5)


def translate(tree):
    (node,) = through(tree, "Translate")
    set_input(node, "X", 20.0)


def lens(tree):
    (node,) = through(tree, "Lensdist")
    set_input(node, "Distortion", 0.3)


def flip(tree):
    (node,) = through(tree, "Flip")
    if "Flip X" in node.inputs:
        set_input(node, "Flip X", True)


def crop(tree):
    (node,) = through(tree, "Crop")
    if "Width" in node.inputs:
        set_input(node, "Width", 60)
    else:
        node.max_x = 60


def scale_in_a_group(tree):
    group = bpy.data.node_groups.new("inner", "CompositorNodeTree")
    group.interface.new_socket("Image", in_out="INPUT", socket_type="NodeSocketColor")
    group.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    first, inner, last = (
        group.nodes.new(name) for name in ("NodeGroupInput", "CompositorNodeScale", "NodeGroupOutput")
    )
    set_input(inner, "X", 1.5)
    group.links.new(first.outputs[0], inner.inputs[0])
    group.links.new(inner.outputs[0], last.inputs[0])
    through(tree)
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = group
    render = next(node for node in tree.nodes if node.type == "R_LAYERS")
    out = next(node for node in tree.nodes if node.type in ("COMPOSITE", "GROUP_OUTPUT"))
    tree.links.new(render.outputs[0], node.inputs[0])
    tree.links.new(node.outputs[0], out.inputs[0])


@pytest.mark.parametrize(
    "spoil", [scale, translate, lens, flip, crop, scale_in_a_group], ids=lambda each: each.__name__
)
def test_a_compositor_that_moves_pixels_is_left_out_and_that_is_said(scene, nodes, tmp_path: Path, capfd, spoil):
    scene.render.use_compositing = False
    assert run("shot", "--frames", "1", "--output", tmp_path / "plain") == 0
    scene.render.use_compositing = True
    spoil(nodes)
    capfd.readouterr()
    assert run("shot", "--frames", "1", "--output", tmp_path / "composited") == 0
    assert "The compositor is left out of the first frame: its node " in capfd.readouterr().out
    np.testing.assert_array_equal(png(tmp_path / "composited/first_frame.png"), png(tmp_path / "plain/first_frame.png"))
    assert scene.render.use_compositing


def test_a_compositor_that_only_colors_stays_and_nothing_is_said(scene, nodes, tmp_path: Path, capfd):
    scene.render.use_compositing = False
    assert run("shot", "--frames", "1", "--output", tmp_path / "plain") == 0
    scene.render.use_compositing = True
    through(nodes, "Invert")
    beside = nodes.nodes.new("CompositorNodeScale")  # leads nowhere
    set_input(beside, "X", 3.0)
    capfd.readouterr()
    assert run("shot", "--frames", "1", "--output", tmp_path / "colored") == 0
    assert "The compositor" not in capfd.readouterr().out
    plain, colored = (png(tmp_path / name / "first_frame.png").astype(int) for name in ("plain", "colored"))
    assert np.abs(plain - colored).mean() > 40
    assert np.corrcoef(plain.mean(-1).ravel(), colored.mean(-1).ravel())[0, 1] < -0.7, "inverted, pixel by pixel"


def test_nodes_that_stand_at_their_neutral_values_move_nothing(scene, nodes, tmp_path: Path, capfd):
    through(nodes, "Scale", "Translate", "Rotate", "Transform", "Lensdist")
    assert run("shot", "--frames", "1", "--output", tmp_path / "out") == 0
    assert "The compositor" not in capfd.readouterr().out


@pytest.mark.parametrize("action", ["shot", "render"])
def test_file_output_nodes_write_nothing(scene, nodes, tmp_path: Path, action: str):
    through(nodes)
    folder = tmp_path / "artist"
    folder.mkdir()
    group = bpy.data.node_groups.new("inner", "CompositorNodeTree")
    outputs = [file_output(nodes, folder), file_output(group, folder)]
    nodes.nodes.new("CompositorNodeGroup").node_tree = group
    render = next(node for node in nodes.nodes if node.type == "R_LAYERS")
    nodes.links.new(render.outputs[0], outputs[0].inputs[0])
    assert run(action, "--frames", "1-2", "--output", tmp_path / "out") == 0
    assert list(folder.iterdir()) == []
    assert not any(node.mute for node in outputs)
    bpy.ops.render.render()
    assert len(list(folder.iterdir())) == 1, "the artist's own render writes them as ever"


def file_output(tree, folder: Path):
    node = tree.nodes.new("CompositorNodeOutputFile")
    if hasattr(node, "directory"):
        node.directory = f"{folder}/"
        node.file_name = "picture"
        node.format.media_type = "IMAGE"
        node.file_output_items.new("RGBA", "color")
    else:
        node.base_path = str(folder)
    return node
