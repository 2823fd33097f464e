"""What the panel's list and the command's options say is followed is what the Shot's tracks follow."""

import importlib
from pathlib import Path

import bpy
import numpy as np
import pytest


@pytest.fixture
def tracks(scene, painted):
    """The panel's settings, the grid off."""
    scene.motion_bridge.tracks.use_grid = False
    return scene.motion_bridge.tracks


@pytest.fixture
def shot(extension, scene, tmp_path):
    """The Shot that the command writes with some options."""
    command = importlib.import_module(f"{extension.__name__}.addon.cli.command")
    shots = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.shot")

    def shot(*options: object, code: int = 0):
        folder = tmp_path / f"shot_{len(list(tmp_path.glob('shot_*')))}"
        arguments = ["shot", "--output", folder, "--frames", "1-5", *options]
        assert command.run([str(argument) for argument in arguments]) == code
        return shots.load(folder) if code == 0 else None

    return shot


def select(*names: str) -> None:
    for thing in bpy.context.view_layer.objects:
        thing.select_set(thing.name in names)
    bpy.context.view_layer.objects.active = bpy.data.objects[names[0]]


def follow(**fields: object):
    """Press + and say how; the entry."""
    tracks = bpy.context.scene.motion_bridge.tracks
    assert bpy.ops.motion_bridge.follow() == {"FINISHED"}
    entry = tracks.sources[tracks.active_source]
    for name, value in fields.items():
        setattr(entry, name, value)
    return entry


def entries(tracks) -> list[tuple[str, str]]:
    return [(entry.target(bpy.context.scene).name, entry.what) for entry in tracks.sources]


def add_rig(scene) -> bpy.types.Object:
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    scene.collection.objects.link(rig)
    select("rig")
    bpy.ops.object.mode_set(mode="EDIT")
    for name, x in (("lower", 0), ("upper", 1)):
        bone = rig.data.edit_bones.new(name)
        bone.head, bone.tail = (x, 0, 0.5), (x, 0, 1.5)
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def test_what_is_selected_is_followed_as_an_artist_probably_wants(scene, tracks, shot):
    empty = bpy.data.objects.new("target", None)
    path = bpy.data.objects.new("path", bpy.data.curves.new("path", "CURVE"))
    path.data.splines.new("BEZIER").bezier_points.add(2)
    for thing in (empty, path):
        scene.collection.objects.link(thing)
    add_rig(scene)
    select("mover", "target", "path", "rig")
    bpy.ops.motion_bridge.follow()
    wanted = [("mover", "SURFACE"), ("path", "CURVE"), ("rig", "BONES"), ("target", "ORIGIN")]
    assert sorted(entries(tracks)) == wanted
    made = shot().tracks
    counts = {name: made.name.count(name) for name in set(made.name)}
    assert counts == {"mover": 40, "path": 3, "rig": 2, "target": 1}
    assert set(made.kind) == {"path"}


def test_picked_vertices_are_followed(scene, tracks, shot):
    select("mover")
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    for number in (1, 2, 3, 6):
        bpy.data.objects["mover"].data.vertices[number].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    entry = follow()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert (entry.what, entry.picked) == ("VERTICES", "1-3 6")
    assert shot().tracks.xy.shape == (4, 5, 2)


def test_picked_bones_are_followed(scene, tracks, shot):
    add_rig(scene)
    bpy.ops.object.mode_set(mode="POSE")
    for bone in bpy.context.object.pose.bones:
        picked = bone.name == "upper"
        (bone if hasattr(bone, "select") else bone.bone).select = picked
    entry = follow(along=1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert (entry.what, entry.bone) == ("BONES", "upper")
    assert shot().tracks.name == ("rig",)


def test_nothing_selected_is_said(scene, tracks):
    bpy.ops.object.select_all(action="DESELECT")
    assert bpy.ops.motion_bridge.follow() == {"CANCELLED"}
    assert len(tracks.sources) == 0


def test_entries_leave_the_list_again(scene, tracks):
    select("mover", "pillar")
    bpy.ops.motion_bridge.follow()
    bpy.ops.motion_bridge.unfollow()
    bpy.ops.motion_bridge.unfollow()
    assert len(tracks.sources) == 0 and tracks.active_source == 0
    assert not bpy.ops.motion_bridge.unfollow.poll()


def test_a_collection_brings_in_what_it_renders(scene, tracks, shot):
    boxes = bpy.data.collections.new("boxes")
    scene.collection.children.link(boxes)
    for name in ("mover", "pillar", "floor"):
        boxes.objects.link(bpy.data.objects[name])
    bpy.data.objects["floor"].hide_render = True
    entry = tracks.sources.add()
    entry.name, entry.collection, entry.what = "boxes", boxes, "ORIGIN"
    assert sorted(shot().tracks.name) == ["mover", "pillar"]


def test_an_entry_that_is_switched_off_is_not_followed(scene, tracks, shot):
    select("mover")
    follow(enabled=False)
    assert shot().tracks is None


def test_kinds_reach_the_shot_and_pinned_points_stand_still(scene, tracks, shot):
    select("mover")
    for kind in ("path", "live", "pinned"):
        follow(what="ORIGIN", kind=kind)
    made = shot().tracks
    assert made.kind == ("path", "live", "pinned")
    assert np.ptp(made.xy[0], axis=0).max() > 5, "the box does not move"
    np.testing.assert_array_equal(made.xy[1], made.xy[0])
    np.testing.assert_array_equal(made.xy[2], np.tile(made.xy[0, :1], (5, 1)))


def test_spacing_puts_points_evenly_over_what_is_seen(scene, tracks, shot):
    select("floor")
    follow(amount="SPACING", spacing=8)
    first = shot().tracks.xy[:, 0]
    assert len(first) > 20
    apart = np.linalg.norm(first[:, None] - first, axis=2) + np.eye(len(first)) * 99
    np.testing.assert_allclose(apart.min(axis=1), 8, atol=1e-3)


def test_a_region_holds_the_points_of_grid_and_surfaces(scene, tracks, shot):
    tracks.use_grid, scene.motion_bridge.grid = True, 6
    tracks.use_region, tracks.left, tracks.right, tracks.bottom = True, 0.5, 0.75, 0.9
    select("floor")
    follow(count=20)
    made = shot().tracks
    first = made.xy[:, 0]
    assert made.kind.count("grid") == 36 and made.kind.count("path") == 20
    assert (first >= (64, 0)).all() and (first <= (96, 65)).all()
    assert np.ptp(first, axis=0).min() > 20, "the region is not filled"


def test_the_region_is_that_of_the_render(scene, tracks):
    render = scene.render
    assert not bpy.ops.motion_bridge.region_of_render.poll()
    render.use_border, render.border_min_x, render.border_max_x = True, 0.25, 0.5
    render.border_min_y, render.border_max_y = 0.0, 0.25
    bpy.ops.motion_bridge.region_of_render()
    assert tracks.use_region
    assert (tracks.left, tracks.top, tracks.right, tracks.bottom) == (0.25, 0.75, 0.5, 1.0)


def test_glass_hides_until_one_looks_through_it(scene, tracks, shot):
    glass = bpy.data.materials.new("glass")
    glass.use_nodes = True
    nodes = glass.node_tree.nodes
    pane = nodes.new("ShaderNodeBsdfGlass")
    glass.node_tree.links.new(pane.outputs[0], nodes["Material Output"].inputs["Surface"])
    bpy.data.objects["pillar"].data.materials.clear()
    bpy.data.objects["pillar"].data.materials.append(glass)
    pillar, mover = bpy.data.objects["pillar"], bpy.data.objects["mover"]
    mover.animation_data_clear()
    scene.frame_set(1)
    mover.location = pillar.location + (pillar.location - scene.camera.location) * 0.15
    select("mover")
    follow(what="ORIGIN")
    hidden = shot().tracks.visible[:, 0]
    tracks.through_glass = True
    assert not hidden.any() and shot().tracks.visible[:, 0].all()
    assert shot("--through-glass").tracks.visible[:, 0].all()


def test_the_command_says_what_is_followed_instead_of_the_list(scene, tracks, shot):
    select("pillar")
    follow()
    made = shot("--grid", 3, "--follow", "surface:floor,count=7,kind=live", "--follow", "origin:mover").tracks
    assert made.kind == ("grid",) * 9 + ("live",) * 7 + ("path",)
    assert made.name[9:] == ("floor",) * 7 + ("mover",)
    assert shot("--grid", 0, "--follow", "vertices:mover,vertices=0-2 7").tracks.name == ("mover",) * 4
    region = shot("--grid", 4, "--follow", "origin:mover", "--region", "0,0.5,0.5,1").tracks
    assert (region.xy[:16, 0] <= (64, 72)).all() and (region.xy[:16, 0, 1] >= 36).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--follow", "mover"), "surface, origin"),
        (("--follow", "surface:nobody"), "no object and no collection 'nobody'"),
        (("--follow", "bones:mover"), "'mover' has no bones"),
        (("--follow", "surface:mover,count=many"), "count is 'many'"),
        (("--follow", "surface:mover,kind=grid"), "kind is 'grid'"),
        (("--follow", "vertices:mover,vertices=5-2"), "5-2"),
        (("--follow", "vertices:mover,vertices=900"), "8 vertices"),
        (("--follow", "vertices:mover,group=hair"), "no vertex group 'hair'"),
        (("--follow", "surface:empty"), "'empty' has no surface"),
        (("--grid", "-3"), "--grid is -3"),
        (("--region", "0.5,0,0.2,1"), "from 0.5 to 0.2"),
        (("--region", "left"), "0,0,0.5,1"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(scene, tracks, shot, capfd, options, says):
    scene.collection.children.link(bpy.data.collections.new("empty"))
    shot(*options, code=2)
    assert says in capfd.readouterr().out


def test_what_has_left_the_scene_is_refused_by_name(scene, tracks, shot, capfd):
    select("mover")
    follow()
    bpy.data.objects.remove(bpy.data.objects["mover"])
    shot(code=2)
    assert "'mover' in the Tracks list is not in the scene" in capfd.readouterr().out
    shot("--follow", "origin:pillar")


def test_a_resumed_take_is_given_the_same_options_again(extension, scene, tracks, tmp_path: Path):
    command = importlib.import_module(f"{extension.__name__}.addon.cli.command")
    arguments = ["render", "--output", str(tmp_path / "take"), "--frames", "1-3", "--follow", "origin:mover"]
    assert command.run(arguments) == 0
    (tmp_path / "take" / "frame_0002.png").unlink()
    assert command.run([*arguments, "--resume"]) == 0
    assert (tmp_path / "take" / "frame_0002.png").is_file()


def test_an_export_holds_what_is_followed(extension, scene, tracks, tmp_path: Path):
    command = importlib.import_module(f"{extension.__name__}.addon.cli.command")
    options = ["--follow", "origin:mover,kind=live", "--grid", "2", "--frames", "1-5"]
    assert command.run(["export", "--format", "npz", "--output", str(tmp_path / "tracks.npz"), *options]) == 0
    with np.load(tmp_path / "tracks.npz") as found:
        assert found["kind"].tolist() == ["grid"] * 4 + ["live"]
        assert found["tracks"].shape == (5, 5, 2)
