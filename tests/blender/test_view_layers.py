"""One view layer is read and rendered, the same on every way in; Indirect Only objects are no visible surfaces."""

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_compositor import empty_compositor, through
from blender_session import run


def load(folder: Path):
    """The Shot of one frame, with its depth drawn."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.geometry.computed_maps import with_maps

    found = with_maps(shot.load(folder), {"depth"})
    return replace(found, depth=np.asarray(found.depth[0]))


@pytest.fixture
def two_layers(scene: bpy.types.Scene):
    """Two layers that render: `empty`, which comes first and lacks the pillar, and `full`."""
    scene.motion_bridge.first_frame = "RENDER"
    collection = bpy.data.collections.new("pillars")
    scene.collection.children.link(collection)
    pillar = bpy.data.objects["pillar"]
    scene.collection.objects.unlink(pillar)
    collection.objects.link(pillar)
    scene.view_layers[0].name = "empty"
    full = scene.view_layers.new("full")
    scene.view_layers["empty"].layer_collection.children["pillars"].exclude = True
    full.layer_collection.children["pillars"].exclude = False
    return scene.view_layers


def only(layers, name: str, folder: Path) -> np.ndarray:
    """The Shot's first frame and first depth, with all other layers off."""
    before = {layer.name: layer.use for layer in layers}
    for layer in layers:
        layer.use = layer.name == name
    try:
        assert run("shot", "--frames", "1", "--output", folder) == 0
    finally:
        for layer in layers:
            layer.use = before[layer.name]
    return load(folder)


@pytest.mark.parametrize("looked_at", ["empty", "full"])
def test_the_layer_that_is_looked_at_is_read_and_shown_and_that_is_said(
    scene, two_layers, tmp_path: Path, capfd, looked_at: str
):
    wanted = only(two_layers, looked_at, tmp_path / "wanted")
    other = only(two_layers, ({"empty", "full"} - {looked_at}).pop(), tmp_path / "other")
    bpy.context.window.view_layer = two_layers[looked_at]
    capfd.readouterr()
    assert run("shot", "--frames", "1", "--output", tmp_path / "out") == 0
    assert f"only {looked_at!r} is used" in capfd.readouterr().out
    found = load(tmp_path / "out")
    np.testing.assert_array_equal(found.first_frame, wanted.first_frame)
    np.testing.assert_array_equal(found.depth, wanted.depth)
    assert not np.array_equal(found.first_frame, other.first_frame)
    assert not np.array_equal(found.depth, other.depth)
    assert all(layer.use for layer in two_layers)


def test_a_layer_that_is_looked_at_but_does_not_render_gives_way_to_the_first_that_does(
    scene, two_layers, tmp_path: Path, capfd
):
    bpy.context.window.view_layer = two_layers["empty"]
    two_layers["empty"].use = False
    assert run("shot", "--frames", "1", "--output", tmp_path / "out") == 0
    assert "view layer" not in capfd.readouterr().out
    assert np.array_equal(load(tmp_path / "out").first_frame, only(two_layers, "full", tmp_path / "full").first_frame)


def test_the_operator_makes_the_same_choice(scene, two_layers, tmp_path: Path):
    wanted = only(two_layers, "full", tmp_path / "wanted")
    bpy.context.window.view_layer = two_layers["full"]
    scene.frame_end = 1
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    found = load(tmp_path / "motion_bridge/take_001/shot")
    np.testing.assert_array_equal(found.first_frame, wanted.first_frame)


def test_a_compositor_of_several_layers_is_left_out(scene, two_layers, tmp_path: Path, capfd):
    tree = empty_compositor(scene)
    through(tree)
    next(node for node in tree.nodes if node.type == "R_LAYERS").layer = "empty"
    bpy.context.window.view_layer = two_layers["full"]
    assert run("shot", "--frames", "1", "--output", tmp_path / "out") == 0
    assert "uses the view layer 'empty'" in capfd.readouterr().out
    scene.render.use_compositing = False
    assert np.array_equal(load(tmp_path / "out").first_frame, only(two_layers, "full", tmp_path / "full").first_frame)


@pytest.mark.parametrize("instanced", [False, True])
def test_indirect_only_objects_are_no_surfaces(scene, painted, tmp_path: Path, instanced: bool):
    collection = bpy.data.collections.new("mirrored")
    pillar = bpy.data.objects["pillar"]
    scene.collection.objects.unlink(pillar)
    if instanced:
        source = bpy.data.collections.new("source")
        source.objects.link(pillar)
        empty = bpy.data.objects.new("instancer", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", source
        collection.objects.link(empty)
    else:
        collection.objects.link(pillar)
    scene.collection.children.link(collection)
    shown = bpy.context.view_layer.layer_collection.children["mirrored"]
    shown.exclude = True
    assert run("shot", "--frames", "1", "--output", tmp_path / "without") == 0
    shown.exclude = False
    assert run("shot", "--frames", "1", "--output", tmp_path / "with") == 0
    shown.indirect_only = True
    assert run("shot", "--frames", "1", "--output", tmp_path / "indirect") == 0
    depth = {name: load(tmp_path / name).depth for name in ("without", "with", "indirect")}
    assert not np.array_equal(depth["with"], depth["without"])
    np.testing.assert_array_equal(depth["indirect"], depth["without"])
