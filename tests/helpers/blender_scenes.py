"""The kinds of scenes that people build: each function turns the small scene of conftest.py into one of them."""

import bpy
from mathutils import Matrix


def keyed(owner, path, *values, frames=(1, 12)):
    for frame, value in zip(frames, values, strict=True):
        setattr(owner, path, value)
        owner.keyframe_insert(path, frame=frame)


def parent_of_camera(scene, **transform):
    parent = bpy.data.objects.new("parent", None)
    scene.collection.objects.link(parent)
    for name, value in transform.items():
        setattr(parent, name, value)
    scene.camera.parent = parent
    return parent


def plain(scene):
    """A moving camera with a keyed lens, a moving box."""


def fixed_lens(scene):
    scene.camera.data.animation_data_clear()


def mirrored(scene):
    fixed_lens(scene)
    parent_of_camera(scene, scale=(-1.5, 1.5, 1.5))


def sheared(scene):
    fixed_lens(scene)
    parent_of_camera(scene, scale=(1.0, 1.6, 0.7), rotation_euler=(0.3, 0.2, 0.5))


def animated_shift(scene):
    keyed(scene.camera.data, "shift_x", -0.1, 0.2)
    keyed(scene.camera.data, "shift_y", 0.1, -0.15)


def wide_pixels(scene):
    fixed_lens(scene)
    scene.render.pixel_aspect_x = 1.6
    scene.camera.data.shift_x = 0.1


def orthographic(scene):
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 5.0


def growing_orthographic(scene):
    orthographic(scene)
    keyed(scene.camera.data, "ortho_scale", 4.0, 7.0)


def clipped(scene):
    scene.camera.data.clip_start, scene.camera.data.clip_end = 6.2, 9.0


def deforming(scene):
    fixed_lens(scene)
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=80, y_subdivisions=80, size=4, location=(0, 0, 1))
    wave = bpy.context.object.modifiers.new("wave", "WAVE")
    wave.time_offset, wave.height, wave.width = -30, 0.4, 1.0


def bent_by_bones(scene):
    fixed_lens(scene)
    bpy.ops.mesh.primitive_cylinder_add(vertices=24, radius=0.4, depth=2, location=(-0.5, -1.5, 1))
    pole = bpy.context.object
    pole.name = "pole"
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide(number_cuts=6)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.object.armature_add(location=(-0.5, -1.5, 0))
    rig = bpy.context.object
    rig.name = "rig"
    bpy.ops.object.mode_set(mode="EDIT")
    first = rig.data.edit_bones[0]
    first.name, first.tail = "lower", (0, 0, 1)
    second = rig.data.edit_bones.new("upper")
    second.head, second.tail, second.parent = (0, 0, 1), (0, 0, 2), first
    bpy.ops.object.mode_set(mode="POSE")
    bone = rig.pose.bones["upper"]
    bone.rotation_mode = "XYZ"
    keyed(bone, "rotation_euler", (0, 0, 0), (0.4, 0, 0.9))
    bpy.ops.object.mode_set(mode="OBJECT")
    pole.select_set(True)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.parent_set(type="ARMATURE_AUTO")


def curves_text_and_metaballs(scene):
    fixed_lens(scene)
    curve = bpy.data.curves.new("curve", "CURVE")
    curve.dimensions, curve.bevel_depth = "3D", 0.2
    spline = curve.splines.new("BEZIER")
    spline.bezier_points.add(1)
    spline.bezier_points[0].co, spline.bezier_points[1].co = (-2, 0, 0.3), (0, -1, 1.8)
    text = bpy.data.curves.new("text", "FONT")
    text.body, text.extrude = "W", 0.2
    metaball = bpy.data.metaballs.new("metaball")
    metaball.elements.new().co = (0, 0, 0)
    metaball.elements.new().co = (0.8, 0, 0.2)
    metaball.render_resolution = 0.1
    for name, data, place in (
        ("curve", curve, (0, 0, 0)),
        ("text", text, (-1.5, -2, 0.5)),
        ("metaball", metaball, (2, -1, 1)),
    ):
        thing = bpy.data.objects.new(name, data)
        thing.location = place
        thing.rotation_euler.x = 1.2
        scene.collection.objects.link(thing)


def instances(scene):
    """A collection that three empties stand for, one of them moving."""
    fixed_lens(scene)
    group = bpy.data.collections.new("group")
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3, radius=0.4)
    ball = bpy.context.object
    ball.name = "ball"
    scene.collection.objects.unlink(ball)
    group.objects.link(ball)
    for x in (-1.5, 0, 1.5):
        empty = bpy.data.objects.new("instancer", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", group
        empty.matrix_world = Matrix.Translation((x, -1, 1)) @ Matrix.Diagonal((1, 0.6, 1 + x / 4, 1))
        scene.collection.objects.link(empty)
    keyed(empty, "location", (1.5, -1, 1), (2.2, -2, 1.5))


def otherwise_in_the_viewport(scene):
    """Hidden here, shown there, and finer when rendered: only the render's view is right."""
    fixed_lens(scene)
    bpy.ops.mesh.primitive_cube_add(size=1.2, location=(-1.5, -2, 1))
    smooth = bpy.context.object.modifiers.new("smooth", "SUBSURF")
    smooth.levels, smooth.render_levels = 0, 3
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.5, location=(0.5, -2, 1.5))
    bpy.context.object.hide_viewport = True
    bpy.ops.mesh.primitive_cube_add(location=(0, -4, 1))
    bpy.context.object.hide_render = True
    bpy.ops.mesh.primitive_cube_add(location=(0, -4, 1))
    bpy.context.object.visible_camera = False
    hidden = bpy.data.collections.new("hidden")
    scene.collection.children.link(hidden)
    hidden.hide_render = True
    bpy.ops.mesh.primitive_cube_add(location=(0, -4, 1))
    hidden.objects.link(bpy.context.object)
    scene.collection.objects.unlink(bpy.context.object)


def cut(scene):
    """Another camera from frame 6 on."""
    fixed_lens(scene)
    other = bpy.data.objects.new("other", bpy.data.cameras.new("other"))
    other.matrix_world = Matrix.Translation((3.5, -5, 2)) @ Matrix.Rotation(0.5, 4, "Z") @ Matrix.Rotation(1.3, 4, "X")
    scene.collection.objects.link(other)
    scene.timeline_markers.new("first", frame=1).camera = scene.camera
    scene.timeline_markers.new("second", frame=6).camera = other


def within_fog(scene):
    """A box of volume around everything, the camera too: no surface."""
    fixed_lens(scene)
    bpy.ops.mesh.primitive_cube_add(size=30)
    bpy.context.object.name = "fog"
    material = bpy.data.materials.new("fog")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.remove(next(node for node in nodes if node.type == "BSDF_PRINCIPLED"))
    volume = nodes.new("ShaderNodeVolumeScatter")
    volume.inputs["Density"].default_value = 1e-4
    links.new(volume.outputs["Volume"], material.node_tree.get_output_node("ALL").inputs["Volume"])
    bpy.context.object.data.materials.append(material)


def everything_moves_the_camera(scene):
    """Parent, path, constraints, driver, NLA and noise together, and a lens of which everything is keyed."""
    from bl_ext.user_default.motion_bridge.addon import compat

    camera, lens = scene.camera, scene.camera.data
    parent = parent_of_camera(scene, rotation_euler=(0.1, 0.2, 0.3))
    keyed(parent, "scale", (1, -1.5, 0.5), (0.7, -1, 1))
    values = {"lens": (30, 50), "shift_x": (-0.1, 0.2), "shift_y": (0.0, 0.1), "sensor_width": (36, 24)}
    for name, (first, last) in {**values, "sensor_height": (24, 18)}.items():
        keyed(lens, name, first, last)
    keyed(lens, "sensor_fit", "AUTO", "VERTICAL", "HORIZONTAL", frames=(1, 4, 9))
    curve = bpy.data.curves.new("path", "CURVE")
    curve.dimensions, curve.use_path, curve.path_duration = "3D", True, 12
    spline = curve.splines.new("BEZIER")
    spline.bezier_points.add(1)
    spline.bezier_points[0].co, spline.bezier_points[1].co = (-1, -1, 0), (1, -2, 1)
    path = bpy.data.objects.new("path", curve)
    scene.collection.objects.link(path)
    keyed(curve, "eval_time", 0.0, 12.0)
    mover, pillar = bpy.data.objects["mover"], bpy.data.objects["pillar"]
    for kind, target, influence in (
        ("FOLLOW_PATH", path, 1.0),
        ("CHILD_OF", mover, 0.3),
        ("COPY_LOCATION", mover, 0.1),
        ("DAMPED_TRACK", pillar, 0.9),
    ):
        constraint = camera.constraints.new(kind)
        constraint.target, constraint.influence = target, influence
    constraint.track_axis = "TRACK_NEGATIVE_Z"
    camera.driver_add("delta_location", 2).driver.expression = "frame * 0.01"
    animation = parent.animation_data
    for curve in compat.own_curves(parent):
        curve.modifiers.new("NOISE").strength = 0.1
    animation.nla_tracks.new().strips.new("shaken", 1, animation.action).scale = 1.5
    animation.action = None
