"""What a render shows and the reader does not see is said in one sentence, by name."""

import importlib

import blender_scenes as kinds
import bpy
import numpy as np
import pytest
from blender_session import run


@pytest.fixture
def notes(extension, tmp_path):
    """What is said of the current scene."""
    names = ("snapshot", "first_frame")
    reading, first_frame = (importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names)

    def notes(frames=(1, 6)):
        picture = first_frame.FromPixels(np.zeros((72, 128, 3), np.uint8))
        request = reading.Request(tuple(frames), frozenset({"depth"}), picture)
        return reading.snapshot(bpy.context, request).notes

    return notes


def fur(scene):
    hair = bpy.data.hair_curves.new("fur")
    hair.add_curves([3, 4])
    return bpy.data.objects.new("fur", hair)


def old_fur(scene):
    bpy.ops.mesh.primitive_plane_add(size=2, location=(0, -2, 1))
    thing = bpy.context.object
    thing.name = "old fur"
    thing.modifiers.new("hair", "PARTICLE_SYSTEM")
    settings = thing.particle_systems[0].settings
    settings.type, settings.count = "HAIR", 20


def drawing(scene):
    if bpy.app.version >= (4, 3):
        bpy.ops.object.grease_pencil_add(type="MONKEY")
    else:
        bpy.ops.object.gpencil_add(type="MONKEY")
    bpy.context.object.name = "drawing"


def smoke(scene):
    return bpy.data.objects.new("smoke", bpy.data.volumes.new("smoke"))


def through_nodes(name, node):
    """A cube that geometry nodes make something else of."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, -2, 1))
    thing = bpy.context.object
    thing.name = name
    group = bpy.data.node_groups.new(name, "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    made = group.nodes.new(node)
    group.links.new(group.nodes.new("NodeGroupInput").outputs[0], made.inputs[0])
    group.links.new(made.outputs[0], group.nodes.new("NodeGroupOutput").inputs[0])
    thing.modifiers.new("nodes", "NODES").node_group = group


def sparks(scene):
    through_nodes("sparks", "GeometryNodeMeshToPoints")


def cloud(scene):
    through_nodes("cloud", "GeometryNodeMeshToVolume")


def rocks(scene):
    bpy.ops.mesh.primitive_plane_add(size=2, location=(0, -2, 1))
    thing = bpy.context.object
    thing.name = "rocks"
    material = bpy.data.materials.new("rocks")
    material.use_nodes = True
    material.displacement_method = "DISPLACEMENT"
    nodes = material.node_tree.nodes
    made = nodes.new("ShaderNodeDisplacement")
    material.node_tree.links.new(made.outputs[0], material.node_tree.get_output_node("ALL").inputs["Displacement"])
    thing.data.materials.append(material)


@pytest.mark.parametrize(
    ("add", "told"),
    [
        (fur, "'fur' (hair)"),
        (old_fur, "'old fur' (hair)"),
        (drawing, "'drawing' (grease pencil)"),
        (smoke, "'smoke' (volume)"),
        (sparks, "'sparks' (points)"),
        (cloud, "'cloud' (volume)"),
        (kinds.within_fog, "'fog' (volume)"),
        (rocks, "'rocks' (displacement of its material)"),
    ],
    ids=lambda given: given.__name__.replace("_", " ") if callable(given) else "",
)
def test_it_is_named(scene, notes, add, told):
    if thing := add(scene):
        scene.collection.objects.link(thing)
    assert notes() == [
        f"Only surfaces are read, as modifiers leave them: tracks, depth and flow do not know {told}.",
    ]


def test_a_volume_hides_nothing(scene, extension):
    kinds.fixed_lens(scene)
    names = ("evaluation", "geometry.instances")
    evaluate, geometry = (importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names)

    def things():
        reader = geometry.Reader()
        evaluate.each_frame(bpy.context, [1], lambda depsgraph, frame: reader.read(depsgraph))
        return {thing.name for thing in reader.geometry.instances}

    before = things()
    kinds.within_fog(scene)
    assert things() == before == {"floor", "pillar", "mover"}


def test_nothing_is_said_of_what_is_read_or_not_rendered(scene, notes):
    kinds.curves_text_and_metaballs(scene)
    kinds.instances(scene)
    old_fur(scene)
    bpy.context.object.modifiers[0].show_render = False
    for name, data in (("hidden", bpy.data.hair_curves.new("a")), ("bald", bpy.data.hair_curves.new("b"))):
        thing = bpy.data.objects.new(name, data)
        scene.collection.objects.link(thing)
        if name == "hidden":
            data.add_curves([3])
            thing.hide_render = True
    path = bpy.data.curves.new("path", "CURVE")
    path.splines.new("POLY").points.add(3)
    scene.collection.objects.link(bpy.data.objects.new("path", path))
    assert notes() == []


def test_what_appears_later_and_much_else_is_one_sentence(scene, notes):
    for number in range(8):
        thing = fur(scene)
        thing.name = f"fur {number}"
        scene.collection.objects.link(thing)
        kinds.keyed(thing, "hide_render", number > 0, False, frames=(1, 6))
    (note,) = notes()
    assert note.endswith(
        "do not know 'fur 0' (hair), 'fur 1' (hair), 'fur 2' (hair), 'fur 3' (hair), 'fur 4' (hair) and 3 more."
    )


@pytest.mark.parametrize("action", ["shot", "render", "export"])
def test_the_terminal_tells_it(scene, painted, tmp_path, capfd, action):
    scene.collection.objects.link(fur(scene))
    where = (
        ("--format", "npz", "--output", tmp_path / "out.npz") if action == "export" else ("--output", tmp_path / "out")
    )
    assert run(action, "--frames", "1-2", "--grid", "4", *where) == 0
    assert capfd.readouterr().out.count("motion_bridge: note: Only surfaces are read") == 1


def test_the_panel_tells_it(scene, painted):
    from blender_session import begun, wait_until

    scene.collection.objects.link(fur(scene))
    window = begun(scene, 2)
    wait_until(lambda: not window.running, window.step)
    assert sum("'fur' (hair)" in note for note in window.session.job.notes) == 1
