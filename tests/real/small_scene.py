"""Makes the scene of the tests in this folder, inside Blender: … -P small_scene.py -- FILE"""

import sys

import bpy


def box(name: str, center: tuple, size: tuple, color: tuple) -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add(size=1, location=center)
    thing = bpy.context.object
    thing.name, thing.scale = name, size
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*color, 1)
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Base Color"].default_value = (*color, 1)
    thing.data.materials.append(material)
    return thing


bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, 12
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 128, 72
scene.view_settings.view_transform = "Standard"
box("floor", (0, 0, -0.05), (12, 12, 0.1), (0.5, 0.45, 0.4))
box("pillar", (1, 0, 1), (0.6, 0.6, 2), (0.1, 0.3, 0.7))
mover = box("mover", (-1.6, 1.5, 0.4), (0.8, 0.8, 0.8), (0.8, 0.2, 0.1))
bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0))
bpy.context.object.data.energy = 4
bpy.ops.object.camera_add(location=(0, -7, 2.2), rotation=(1.35, 0, 0))
camera = scene.camera = bpy.context.object
for frame, across, lens in ((1, 0, 35), (12, 0.5, 38)):
    mover.location.x = -1.6 + 2 * across
    camera.location.x = across
    camera.data.lens = lens
    mover.keyframe_insert("location", frame=frame)
    camera.keyframe_insert("location", frame=frame)
    camera.data.keyframe_insert("lens", frame=frame)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
