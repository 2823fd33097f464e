"""The bundled scene: a courtyard in evening light, a ball that rolls behind an arcade, a camera on a path that zooms.

    blender -b --factory-startup --python tools/demo_scene.py -- courtyard.blend
    python tools/demo_scene.py courtyard.blend          # with the bpy module

Everything is made by the code below: meshes from profiles, textures from shader nodes. Blender 4.2 and later.
Meters; the arcade runs along x at y = 0, the camera looks along +y.
"""

import math
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import bpy
from bpy.types import Material, Mesh, NodeTree, Object

FRAMES = 48
BAY = 2.4  # from column to column
COLUMNS = 5
SPRING = 2.45  # height at which the arches begin
WALL_TOP = 4.2
THICKNESS = 0.5
STEP = 0.16  # height of the step that the arcade stands on
BALL = 0.52  # radius

Point = tuple[float, float, float]


def build() -> None:
    """Replace whatever is open by the courtyard."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    random.seed(7)
    stone, plaster, clay = _stone(), _plaster(), _clay()
    _box("ground", (-30, -30, -0.2), (30, 60, 0), _paving())
    _box("step", (-BAY * 2 - 1.0, -0.62, 0), (BAY * 2 + 1.0, 3.4, STEP), stone)
    _arcade(plaster, stone, clay)
    _garden_wall(plaster, clay)
    _trees()
    _pots(clay)
    _bench(stone)
    _ball()
    _light()
    _camera()
    _render_settings()


# The building


def _arcade(plaster: Material, stone: Material, clay: Material) -> None:
    shaft = [(0.0, 0.0), (0.33, 0.0), (0.33, 0.09), (0.29, 0.12), (0.31, 0.17), (0.27, 0.22), (0.225, 0.27)]
    shaft += [(0.225 - 0.03 * t**2, 0.27 + (SPRING - 0.55 - 0.27) * t) for t in (0.25, 0.5, 0.75, 1.0)]
    shaft += [(0.23, SPRING - 0.52), (0.23, SPRING - 0.47), (0.20, SPRING - 0.45), (0.22, SPRING - 0.34)]
    shaft += [(0.31, SPRING - 0.19), (0.33, SPRING - 0.16)]
    column = _lathe("column", shaft, 32)
    lefts = [(index - (COLUMNS - 1) / 2) * BAY for index in range(COLUMNS)]
    for x in lefts:
        _place(f"column {x:+.1f}", column, stone, (x, 0, STEP))
        _box(f"block {x:+.1f}", (x - 0.34, -0.32, STEP + SPRING - 0.17), (x + 0.34, 0.32, STEP + SPRING), stone)
    _add("arches", _arches(lefts), plaster)
    _box("cornice", (lefts[0] - 0.42, -0.36, WALL_TOP), (lefts[-1] + 0.42, 0.36, WALL_TOP + 0.14), stone)
    tile = _tile()
    for index in range(int((lefts[-1] - lefts[0] + 0.9) / 0.23)):
        _place(f"tile {index}", tile, clay, (lefts[0] - 0.38 + 0.23 * index, -0.55, WALL_TOP + 0.12))


def _arches(columns: Sequence[float]) -> Mesh:
    """The wall above the columns: in each bay a half circle is left open."""
    edge, steps = 0.34, 20
    low, high = STEP + SPRING, WALL_TOP
    outline: list[tuple[float, float]] = [(columns[0] - edge, low), (columns[0] + edge, low)]
    for left, right in zip(columns, columns[1:], strict=False):
        middle, radius = (left + right) / 2, (right - left) / 2 - edge
        for step in range(1, steps):
            angle = math.pi * (1 - step / steps)
            outline.append((middle + radius * math.cos(angle), low + radius * math.sin(angle)))
        outline += [(right - edge, low), (right + edge, low)]
    points: list[Point] = []
    for x, z in outline:
        points += [(x, -THICKNESS / 2, z), (x, -THICKNESS / 2, high), (x, THICKNESS / 2, high), (x, THICKNESS / 2, z)]
    faces = []
    for at in range(0, len(points) - 4, 4):
        faces += [(at + side, at + 4 + side, at + 4 + (side + 1) % 4, at + (side + 1) % 4) for side in range(4)]
    faces += [(0, 1, 2, 3), tuple(len(points) - n for n in (1, 2, 3, 4))]
    return _mesh("arches", points, faces)


def _tile() -> Mesh:
    """A row of roof tiles: half a pipe that rises away from the camera, in overlapping pieces."""
    points: list[Point] = []
    faces = []
    for piece in range(4):
        y, lift = 0.34 * piece, 0.02
        for along, radius in ((0.0, 0.125), (0.36, 0.105)):
            for step in range(9):
                angle = math.pi * step / 8
                rise = 0.28 * (y + along) + (lift if along == 0 else 0.0)
                points.append((radius * math.cos(angle), y + along, rise + radius * math.sin(angle)))
        first = piece * 18
        faces += [(first + n, first + n + 1, first + n + 10, first + n + 9) for n in range(8)]
    return _mesh("tile", points, faces)


def _garden_wall(plaster: Material, clay: Material) -> None:
    _box("garden wall", (-16, 5.2, 0), (16, 5.6, 2.3), plaster)
    _box("coping", (-16, 5.1, 2.3), (16, 5.7, 2.4), clay)
    wood = _plain("shutter", (0.05, 0.17, 0.16), 0.6)
    for x in (-4.6, 0.2, 5.0):
        _box(f"niche {x:+.1f}", (x - 0.55, 5.14, 0.0), (x + 0.55, 5.21, 1.8), wood)
        for n in range(9):
            _box(f"slat {x:+.1f} {n}", (x - 0.47, 5.09, 0.2 + 0.17 * n), (x + 0.47, 5.15, 0.3 + 0.17 * n), wood)


# What stands around


def _trees() -> None:
    leaves = _leaves()
    for number, (x, y, height) in enumerate(
        [(-8.6, 8.4, 6.8), (-3.4, 9.6, 8.6), (-1.6, 8.2, 6.0), (4.4, 9.0, 7.6), (9.2, 8.2, 6.6)]
    ):
        profile = [(0.0, 0.0)]
        for step in range(1, 24):
            t = step / 24
            width = 0.75 * math.sin(math.pi * min(1.0, t * 0.92 + 0.08)) ** 0.7 * (1.1 - 0.55 * t)
            profile.append((width * random.uniform(0.86, 1.1), height * t))
        profile.append((0.0, height))
        tree = _lathe(f"cypress {number}", profile, 20)
        for vertex in tree.vertices:
            bump = random.uniform(0.88, 1.14)
            vertex.co.x *= bump
            vertex.co.y *= bump
        _place(f"cypress {number}", tree, leaves, (x, y, 0))
    hill = [(-60 + 4 * n, 46.0, 3.6 + 1.7 * math.sin(0.37 * n) + 1.1 * math.sin(0.83 * n + 1)) for n in range(31)]
    points = [point for x, y, z in hill for point in ((x, y, -1.0), (x, y, z))]
    faces = [(n, n + 2, n + 3, n + 1) for n in range(0, len(points) - 2, 2)]
    _add("hills", _mesh("hills", points, faces), _plain("hills", (0.20, 0.19, 0.26), 1.0))


def _pots(clay: Material) -> None:
    outside = [(0.0, 0.0), (0.22, 0.0), (0.25, 0.05), (0.36, 0.28), (0.40, 0.46), (0.37, 0.60), (0.34, 0.66)]
    rim = [(0.41, 0.68), (0.42, 0.74), (0.36, 0.75), (0.34, 0.70), (0.0, 0.67)]
    pot, leaf = _lathe("pot", outside + rim, 40), _leaf()
    green = _plain("agave", (0.10, 0.22, 0.13), 0.45)
    for number, (x, y, size) in enumerate([(-3.85, -1.2, 0.95), (3.3, -1.4, 1.1)]):
        _place(f"pot {number}", pot, clay, (x, y, 0), scale=size)
        for n in range(14):
            turn = 2.4 * n + number
            lean = 0.25 + 0.06 * n
            blade = _place(f"leaf {number} {n}", leaf, green, (x, y, 0.66 * size), scale=size * (1.0 - 0.02 * n))
            blade.rotation_euler = (lean, 0, turn)


def _leaf() -> Mesh:
    """A blade that stands up, hollow along its middle and pointed."""
    points: list[Point] = []
    for step in range(9):
        t = step / 8
        half = 0.075 * (1 - t) ** 0.6 * (0.55 + 1.6 * t * (1 - t))
        back = 0.16 * t * t
        points += [(-half, -back, 0.78 * t), (0.0, -back - 0.03 * (1 - t), 0.78 * t), (half, -back, 0.78 * t)]
    faces = [(3 * n + s, 3 * n + s + 1, 3 * n + s + 4, 3 * n + s + 3) for n in range(8) for s in (0, 1)]
    return _mesh("leaf", points, faces)


def _bench(stone: Material) -> None:
    _box("bench", (0.35, -2.1, 0.34), (2.15, -1.62, 0.44), stone)
    for x in (0.5, 1.72):
        _box(f"bench foot {x}", (x, -2.02, 0), (x + 0.28, -1.70, 0.34), stone)
    orange = _plain("orange", (0.86, 0.23, 0.02), 0.42)
    fruit = _lathe(
        "fruit",
        [(0.115 * math.sin(math.pi * n / 14), 0.115 - 0.115 * math.cos(math.pi * n / 14)) for n in range(15)],
        24,
    )
    for number, (x, y) in enumerate([(0.72, -1.86), (0.95, -1.78), (0.90, -1.98), (1.86, -1.90)]):
        _place(f"orange {number}", fruit, orange, (x, y, 0.44))
    _place("orange on top", fruit, orange, (0.855, -1.87, 0.61))


def _ball() -> None:
    """Rolls from left to right behind the columns without slipping."""
    profile = [(BALL * math.sin(math.pi * n / 32), -BALL * math.cos(math.pi * n / 32)) for n in range(33)]
    ball = _place("ball", _lathe("ball", profile, 48), _stripes(), (0, 1.15, STEP + BALL))
    ball.rotation_mode = "XYZ"  # tilted first, then rolled about the y axis
    for frame, x in ((1, -3.4), (FRAMES, 0.9)):
        ball.location.x = x
        ball.rotation_euler = (1.1, x / BALL, 0.0)
        ball.keyframe_insert("location", frame=frame)
        ball.keyframe_insert("rotation_euler", frame=frame)


# Light and camera


def _light() -> None:
    sun = bpy.data.lights.new("sun", "SUN")
    sun.energy, sun.angle, sun.color = 5.2, math.radians(1.5), (1.0, 0.72, 0.45)
    lamp = _link(bpy.data.objects.new("sun", sun))
    lamp.rotation_euler = (math.radians(58), 0, math.radians(-52))
    world = bpy.data.worlds.new("evening")
    bpy.context.scene.world = world
    if world.node_tree is None:
        world.use_nodes = True
    tree = _tree(world)
    tree.nodes.clear()
    height = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], height.inputs[0])
    colors = _ramp(
        tree,
        height.outputs["Z"],
        [(0.0, (0.95, 0.52, 0.28)), (0.12, (0.93, 0.63, 0.45)), (0.42, (0.34, 0.47, 0.66)), (1.0, (0.12, 0.24, 0.48))],
    )
    background = tree.nodes.new("ShaderNodeBackground")
    background.inputs["Strength"].default_value = 0.85
    tree.links.new(colors, background.inputs["Color"])
    tree.links.new(background.outputs[0], tree.nodes.new("ShaderNodeOutputWorld").inputs["Surface"])


def _camera() -> None:
    """Follows a curve past the arcade, keeps its eye on a point between the columns, and closes in with the lens."""
    curve = bpy.data.curves.new("camera path", "CURVE")
    curve.dimensions, curve.path_duration = "3D", FRAMES - 1
    spline = curve.splines.new("BEZIER")
    spline.bezier_points.add(2)
    for point, place in zip(
        spline.bezier_points, [(-1.7, -8.0, 1.5), (-0.7, -7.7, 1.65), (0.4, -7.5, 1.9)], strict=True
    ):
        point.co = place
        point.handle_left_type = point.handle_right_type = "AUTO"
    path = _link(bpy.data.objects.new("camera path", curve))
    aim = _link(bpy.data.objects.new("aim", None))
    aim.location = (0.15, 0.6, 1.85)
    data = bpy.data.cameras.new("camera")
    data.sensor_width, data.clip_end = 36.0, 200.0
    for frame, lens in ((1, 27.0), (FRAMES, 32.0)):
        data.lens = lens
        data.keyframe_insert("lens", frame=frame)
    camera = _link(bpy.data.objects.new("camera", data))
    follow = camera.constraints.new("FOLLOW_PATH")
    follow.target, follow.use_fixed_location = path, True
    for frame, offset in ((1, 0.0), (FRAMES, 1.0)):
        follow.offset_factor = offset
        follow.keyframe_insert("offset_factor", frame=frame)
    track = camera.constraints.new("TRACK_TO")
    track.target, track.track_axis, track.up_axis = aim, "TRACK_NEGATIVE_Z", "UP_Y"
    bpy.context.scene.camera = camera


def _render_settings() -> None:
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.fps = 24
    scene.render.resolution_x, scene.render.resolution_y = 832, 480
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = 16
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 4
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = 0.0


# Materials


def _stone() -> Material:
    material, tree, surface = _material("stone", 0.75)
    grain = _noise(tree, 9.0, 3.0)
    _join(tree, _ramp(tree, grain, [(0.3, (0.50, 0.43, 0.34)), (0.7, (0.72, 0.65, 0.53))]), surface, "Base Color")
    _bump(tree, _noise(tree, 38.0, 2.0), surface, 0.12)
    return material


def _plaster() -> Material:
    material, tree, surface = _material("plaster", 0.9)
    stains = _noise(tree, 1.6, 5.0)
    colors = [(0.32, (0.55, 0.30, 0.17)), (0.48, (0.76, 0.47, 0.27)), (0.7, (0.83, 0.60, 0.40))]
    _join(tree, _ramp(tree, stains, colors), surface, "Base Color")
    _bump(tree, _noise(tree, 22.0, 3.0), surface, 0.35)
    return material


def _clay() -> Material:
    material, tree, surface = _material("clay", 0.8)
    colors = [(0.35, (0.36, 0.11, 0.05)), (0.65, (0.62, 0.24, 0.11))]
    _join(tree, _ramp(tree, _noise(tree, 5.0, 3.0), colors), surface, "Base Color")
    _bump(tree, _noise(tree, 30.0, 2.0), surface, 0.2)
    return material


def _leaves() -> Material:
    material, tree, surface = _material("cypress", 1.0)
    colors = [(0.3, (0.015, 0.04, 0.02)), (0.7, (0.07, 0.13, 0.05))]
    _join(tree, _ramp(tree, _noise(tree, 7.0, 3.0), colors), surface, "Base Color")
    return material


def _paving() -> Material:
    """Slabs in two tones with darker joints."""
    material, tree, surface = _material("paving", 0.55)
    bricks = tree.nodes.new("ShaderNodeTexBrick")
    bricks.offset = 0.5
    for name, value in (("Scale", 1.0), ("Mortar Size", 0.014), ("Brick Width", 0.95), ("Row Height", 0.55)):
        bricks.inputs[name].default_value = value
    for name, color in (
        ("Color1", (0.50, 0.36, 0.25)),
        ("Color2", (0.33, 0.22, 0.16)),
        ("Mortar", (0.12, 0.085, 0.06)),
    ):
        bricks.inputs[name].default_value = (*color, 1.0)
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Object"], bricks.inputs["Vector"])
    worn = tree.nodes.new("ShaderNodeMixRGB")
    worn.blend_type = "MULTIPLY"
    worn.inputs["Fac"].default_value = 0.75
    tree.links.new(bricks.outputs["Color"], worn.inputs["Color1"])
    shade = _ramp(tree, _noise(tree, 2.2, 5.0), [(0.3, (0.62, 0.6, 0.58)), (0.68, (1.0, 1.0, 1.0))])
    tree.links.new(shade, worn.inputs["Color2"])
    _join(tree, worn.outputs["Color"], surface, "Base Color")
    _bump(tree, bricks.outputs["Fac"], surface, -0.4)
    return material


def _stripes() -> Material:
    """Six gores around the ball's axis."""
    material, tree, surface = _material("ball", 0.25)
    around = tree.nodes.new("ShaderNodeTexGradient")
    around.gradient_type = "RADIAL"
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Object"], around.inputs["Vector"])
    colors = [(0.02, 0.16, 0.36), (0.86, 0.80, 0.68), (0.62, 0.06, 0.05)] * 2
    stops = [(n / 6, color) for n, color in enumerate(colors)]
    _join(tree, _ramp(tree, around.outputs["Fac"], stops, "CONSTANT"), surface, "Base Color")
    return material


def _plain(name: str, color: tuple[float, float, float], roughness: float) -> Material:
    material, _, surface = _material(name, roughness)
    surface.inputs["Base Color"].default_value = (*color, 1.0)
    return material


def _material(name: str, roughness: float) -> tuple[Material, NodeTree, bpy.types.Node]:
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    tree = _tree(material)
    tree.nodes.clear()
    surface = tree.nodes.new("ShaderNodeBsdfPrincipled")
    surface.inputs["Roughness"].default_value = roughness
    tree.links.new(surface.outputs[0], tree.nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
    return material, tree, surface


def _tree(owner: Material | bpy.types.World) -> NodeTree:
    tree = owner.node_tree
    if tree is None:
        raise RuntimeError(f"{owner.name} has no node tree.")
    return tree


def _noise(tree: NodeTree, scale: float, detail: float) -> bpy.types.NodeSocket:
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = detail
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Object"], noise.inputs["Vector"])
    return noise.outputs[0]


def _ramp(
    tree: NodeTree,
    value: bpy.types.NodeSocket,
    stops: Sequence[tuple[float, tuple[float, float, float]]],
    interpolation: str = "LINEAR",
) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeValToRGB")
    node.color_ramp.interpolation = interpolation
    elements = node.color_ramp.elements
    while len(elements) < len(stops):
        elements.new(0.5)
    for element, (place, color) in zip(elements, stops, strict=True):
        element.position, element.color = place, (*color, 1.0)
    tree.links.new(value, node.inputs["Fac"])
    return node.outputs["Color"]


def _bump(tree: NodeTree, height: bpy.types.NodeSocket, surface: bpy.types.Node, strength: float) -> None:
    bump = tree.nodes.new("ShaderNodeBump")
    bump.invert = strength < 0
    bump.inputs["Strength"].default_value = abs(strength)
    bump.inputs["Distance"].default_value = 0.03
    tree.links.new(height, bump.inputs["Height"])
    tree.links.new(bump.outputs[0], surface.inputs["Normal"])


def _join(tree: NodeTree, output: bpy.types.NodeSocket, surface: bpy.types.Node, name: str) -> None:
    tree.links.new(output, surface.inputs[name])


# Meshes


def _lathe(name: str, profile: Sequence[tuple[float, float]], segments: int) -> Mesh:
    """A profile of (radius, height) turned around z; smooth where it bends little."""
    points: list[Point] = []
    for radius, height in profile:
        for step in range(segments):
            angle = 2 * math.pi * step / segments
            points.append((radius * math.cos(angle), radius * math.sin(angle), height))
    faces = []
    for ring in range(len(profile) - 1):
        for step in range(segments):
            a, b = ring * segments + step, ring * segments + (step + 1) % segments
            faces.append((a, b, b + segments, a + segments))
    mesh = _mesh(name, points, faces)
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    return mesh


def _box(name: str, low: Point, high: Point, material: Material) -> Object:
    middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
    half = tuple((b - a) / 2 for a, b in zip(low, high, strict=True))
    corners = [(x * half[0], y * half[1], z * half[2]) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return _place(name, _mesh(name, corners, sides), material, (middle[0], middle[1], middle[2]))


def _mesh(name: str, points: Iterable[Point], faces: Iterable[Sequence[int]]) -> Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(list(points), [], list(faces))
    mesh.validate()
    return mesh


def _add(name: str, mesh: Mesh, material: Material) -> Object:
    return _place(name, mesh, material, (0, 0, 0))


def _place(name: str, mesh: Mesh, material: Material, location: Point, scale: float = 1.0) -> Object:
    if not mesh.materials:
        mesh.materials.append(material)
    thing = _link(bpy.data.objects.new(name, mesh))
    thing.location, thing.scale = location, (scale, scale, scale)
    return thing


def _link(thing: Object) -> Object:
    bpy.context.scene.collection.objects.link(thing)
    return thing


def main(arguments: Sequence[str]) -> None:
    given = arguments[arguments.index("--") + 1 :] if "--" in arguments else arguments[1:]
    target = Path(given[0] if given else "courtyard.blend").absolute()
    build()
    target.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(target))
    print(f"Scene: {target}")


if __name__ == "__main__":
    main(sys.argv)
