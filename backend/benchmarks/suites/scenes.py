"""The scenes of the suites: a studio with a few textured shapes, and what moves in it. Everything is made here.

Colors and patterns are of the kind that the sketch model was trained on; perspective, bodies and shading are not.
Surfaces shine in their own color, a little darker where they turn away from the light: without rays and shadows there
is no noise, and a point keeps its color while nothing turns. Meters; the wall stands behind, along x; z is up.
"""

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 64  # pixels of the pictures
AIM = (0.0, 0.3, 1.3)
EYE = (0.0, -7.2, 2.1)
LIGHT = (-0.45, -0.75, 0.55)
TEXELS = 128
COLORS = {
    "red": (0.86, 0.2, 0.18),
    "orange": (0.95, 0.56, 0.16),
    "yellow": (0.95, 0.84, 0.3),
    "green": (0.27, 0.62, 0.32),
    "teal": (0.2, 0.62, 0.62),
    "blue": (0.22, 0.37, 0.8),
    "violet": (0.52, 0.32, 0.72),
    "grey": (0.56, 0.56, 0.6),
}

Array = NDArray[np.floating]
Path = Callable[[float], tuple[float, float, float]]  # share of the clip, 0 … 1 → place


def studio(bpy: ModuleType) -> dict[str, Any]:
    """Wall, floor, a ball, a box, a ring and a star, all at rest, and the camera before them; by name."""
    scene = bpy.context.scene
    _render_settings(scene)
    things = {
        "wall": _sheet(bpy, "wall", ((-9, 4, -1), (9, 4, -1), (9, 4, 8), (-9, 4, 8)), "teal", "blotched", 0.14),
        "floor": _sheet(bpy, "floor", ((-9, -9, 0), (9, -9, 0), (9, 4, 0), (-9, 4, 0)), "orange", "checked", 0.16),
        "ball": _ball(bpy, "ball", 0.75, "red", "striped"),
        "box": _box(bpy, "box", (1.3, 1.1, 1.3), "yellow", "dotted"),
        "ring": _ring(bpy, "ring", 0.7, 0.27, "blue", "striped"),
        "star": _star(bpy, "star", 0.95, 0.47, 0.35, "violet", "blotched"),
    }
    for name, place in {
        "ball": (-0.95, -0.5, 0.75),
        "box": (0.95, 0.2, 0.65),
        "ring": (1.55, 2.6, 2.4),
        "star": (-1.25, 2.4, 2.3),
    }.items():
        things[name].location = place
    things["box"].rotation_euler.z = 0.5
    camera = scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.lens, camera.data.sensor_width, camera.rotation_mode = 58.0, 36.0, "QUATERNION"
    scene.collection.objects.link(camera)
    _look(camera, EYE, AIM)
    return {**things, "camera": camera}


# Camera moves, all in a scene that stands still


def pan(bpy: ModuleType, frames: int) -> None:
    """The camera turns to the right and a little up."""
    camera = studio(bpy)["camera"]
    _film(camera, frames, lambda t: EYE, lambda t: (AIM[0] + 1.7 * _ease(t), AIM[1], AIM[2] + 0.25 * _ease(t)))


def dolly(bpy: ModuleType, frames: int) -> None:
    """The camera goes 1.9 m forward."""
    camera = studio(bpy)["camera"]
    _film(camera, frames, lambda t: (EYE[0], EYE[1] + 1.9 * _ease(t), EYE[2] - 0.25 * _ease(t)), lambda t: AIM)


def orbit(bpy: ModuleType, frames: int) -> None:
    """The camera goes 22 degrees around what it looks at."""
    camera, reach = studio(bpy)["camera"], AIM[1] - EYE[1]

    def place(t: float) -> tuple[float, float, float]:
        angle = math.radians(22) * _ease(t)
        return reach * math.sin(angle), AIM[1] - reach * math.cos(angle), EYE[2]

    _film(camera, frames, place, lambda t: AIM)


def arc(bpy: ModuleType, frames: int) -> None:
    """The camera rises in an arc to the left and looks down; what it looks at glides to the right."""
    camera = studio(bpy)["camera"]

    def place(t: float) -> tuple[float, float, float]:
        angle = math.radians(90) * _ease(t)
        return -1.5 * math.sin(angle), EYE[1], EYE[2] + 1.1 * (1 - math.cos(angle))

    _film(camera, frames, place, lambda t: (AIM[0] + 0.4 * _ease(t), AIM[1], AIM[2]))


def loop(bpy: ModuleType, frames: int, period: int) -> None:
    """The camera goes round in a circle before the scene; after every period it is where it was."""
    camera = studio(bpy)["camera"]

    def place(t: float) -> tuple[float, float, float]:
        angle = 2 * math.pi * ((t * (frames - 1)) % period) / period
        return 1.2 * math.sin(angle), EYE[1] + 0.5 * (1 - math.cos(angle)), EYE[2] + 0.35 * math.sin(2 * angle)

    _film(camera, frames, place, lambda t: AIM)


# Objects, before a camera that stands still


def rigid(bpy: ModuleType, frames: int) -> None:
    """The ball rolls to the right and towards the camera, the star turns and sinks."""
    things = studio(bpy)
    ball, star = things["ball"], things["star"]
    begun, hung = ball.location.copy(), star.location.z
    for at, t in _times(frames):
        along = 1.4 * _ease(t)
        ball.location, ball.rotation_euler.y = (begun[0] + along, begun[1] - 0.4 * _ease(t), begun[2]), along / 0.75
        star.location.z, star.rotation_euler.y = hung - 0.6 * _ease(t), 0.8 * _ease(t)
        for thing in (ball, star):
            _key(thing, at, "location", "rotation_euler")


def articulated(bpy: ModuleType, frames: int) -> None:
    """An arm of three limbs waves; each hangs on the one before."""
    things = studio(bpy)
    for name in ("ball", "star"):
        bpy.data.objects.remove(things[name])
    limbs: list[Any] = []
    height = 0.0
    for name, length, color in (("upper arm", 1.2, "red"), ("forearm", 1.05, "green"), ("hand", 0.75, "blue")):
        limb = _box(bpy, name, (0.55, 0.4, length), color, "dotted", foot=True)
        limb.parent, limb.location = (limbs[-1], (0, -0.02, height)) if limbs else (None, (-0.6, -0.3, 0.0))
        limbs.append(limb)
        height = 0.88 * length
    for at, t in _times(frames):
        for limb, low, high in zip(limbs, (-0.3, -0.25, -0.3), (0.2, 0.5, 0.5), strict=True):
            limb.rotation_euler.y = low + (high - low) * _ease(t)
            _key(limb, at, "rotation_euler")


def occluding(bpy: ModuleType, frames: int) -> None:
    """The ball goes behind the box and out again on the other side; the ring comes down before the star."""
    things = studio(bpy)
    ball, box, ring, star = (things[name] for name in ("ball", "box", "ring", "star"))
    box.location, box.rotation_euler.z, star.location = (0.15, -0.6, 0.65), 0.25, (-0.9, 3.0, 2.6)
    for at, t in _times(frames):
        ball.location = -1.35 + 3.2 * _ease(t), 1.75, 0.75
        ring.location = 1.2 - 1.5 * _ease(t), 1.0, 2.3 - 0.1 * _ease(t)
        for thing in (ball, ring):
            _key(thing, at, "location")


# One first frame, five motions


def _motion(**goals: tuple[float, float, float]) -> Callable[[ModuleType, int], None]:
    """Things, or the camera, that move by so much, eased."""

    def build(bpy: ModuleType, frames: int) -> None:
        things = studio(bpy)
        starts = {name: things[name].location.copy() for name in goals}
        for at, t in _times(frames):
            for name, goal in goals.items():
                things[name].location = [a + b * _ease(t) for a, b in zip(starts[name], goal, strict=True)]
                _key(things[name], at, "location")

    return build


ball_right = _motion(ball=(1.3, 0.0, 0.0))
ball_up = _motion(ball=(-0.25, 0.0, 1.2))
apart = _motion(ball=(-0.45, 0.0, 0.35), box=(0.35, 0.0, 0.5))
camera_left = _motion(camera=(-0.8, 0.0, 0.15))
crossed = _motion(camera=(0.7, 0.0, 0.0), ball=(1.1, -0.2, 0.2), star=(0.5, 0.0, -0.3))


def handled(bpy: ModuleType, frames: int, borders: Sequence[int], goals: Sequence[tuple[float, float]]) -> None:
    """The ball goes straight from place to place, each reached as a chunk ends, as a hand would drag it.

    borders: positions of the frames that end chunks; goals: meters across and up from where the ball begins.
    """
    things = studio(bpy)
    start, at, places = things["ball"].location.copy(), [0, *borders], [(0.0, 0.0), *goals]
    for frame in range(frames):
        across = np.interp(frame, at, [each[0] for each in places])
        up = np.interp(frame, at, [each[1] for each in places])
        things["ball"].location = start[0] + across, start[1], start[2] + up
        _key(things["ball"], frame + 1, "location")


# How things move


def _times(frames: int) -> list[tuple[int, float]]:
    """Frame numbers from 1 on, and the share of the clip at each."""
    return [(k + 1, k / max(frames - 1, 1)) for k in range(frames)]


def _ease(t: float) -> float:
    """Starts and ends gently, and goes steadily in between."""
    return t - 0.6 * math.sin(2 * math.pi * t) / (2 * math.pi)


def _film(camera: Any, frames: int, place: Path, aim: Path) -> None:
    for at, t in _times(frames):
        _look(camera, place(t), aim(t))
        _key(camera, at, "location", "rotation_quaternion")


def _look(camera: Any, place: Sequence[float], aim: Sequence[float]) -> None:
    way = np.subtract(aim, place)
    turn, tilt = math.atan2(-way[0], way[1]), math.atan2(way[2], math.hypot(way[0], way[1]))
    half = (tilt + math.pi / 2) / 2
    camera.location = place  # tilted about x, then turned about z; no sign ever flips
    camera.rotation_quaternion = (
        math.cos(turn / 2) * math.cos(half),
        math.cos(turn / 2) * math.sin(half),
        math.sin(turn / 2) * math.sin(half),
        math.sin(turn / 2) * math.cos(half),
    )


def _key(thing: Any, frame: int, *paths: str) -> None:
    for path in paths:
        thing.keyframe_insert(path, frame=frame)


# What things look like


def _render_settings(scene: Any) -> None:
    render = scene.render
    render.engine, render.resolution_x, render.resolution_y, render.resolution_percentage = "CYCLES", SIDE, SIDE, 100
    render.fps, render.use_persistent_data = 16, True
    scene.cycles.device, scene.cycles.samples, scene.cycles.seed = "CPU", 16, 0
    scene.cycles.use_adaptive_sampling, scene.cycles.use_denoising, scene.cycles.max_bounces = False, False, 0
    scene.view_settings.view_transform = "Standard"


def _texture(bpy: ModuleType, color: str, pattern: str, seed: int) -> Any:
    """An image of a color, a second shade of it in a pattern, and blotches so that every place differs."""
    y, x = np.mgrid[:TEXELS, :TEXELS] / TEXELS
    rng = np.random.default_rng(seed)
    striped = np.sin(2 * np.pi * 2 * x) > 0
    second = {
        "striped": striped,
        "checked": striped ^ (np.sin(2 * np.pi * 2 * y) > 0),
        "dotted": np.sin(2 * np.pi * 2 * x) * np.sin(2 * np.pi * 2 * y) > 0.4,
        "blotched": _blotches(rng, 3) > 0.5,
    }[pattern]
    base = np.array(COLORS[color])
    tone = np.where(second[..., None], np.clip(base * 1.2, 0, 1), base * 0.85) + 0.08 * _blotches(rng, 5)[..., None]
    pixels = np.ones((TEXELS, TEXELS, 4), np.float32)
    pixels[..., :3] = np.clip(tone, 0, 1)
    image = bpy.data.images.new(f"{color} {pattern}", TEXELS, TEXELS)
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    return image


def _blotches(rng: np.random.Generator, cells: int) -> Array:
    """Smooth noise about ±1 that goes on over the image's edges."""
    wave = np.arange(TEXELS) * 2j * np.pi / TEXELS
    total = np.zeros((TEXELS, TEXELS))
    for down in range(-cells, cells + 1):
        for across in range(cells + 1):
            strength = rng.normal() * np.exp(1j * rng.uniform(0, 2 * np.pi))
            if down**2 + across**2 < cells**2:
                total += (strength * np.exp(down * wave)[:, None] * np.exp(across * wave)).real
    return total / total.std()


def _paint(bpy: ModuleType, thing: Any, color: str, pattern: str, repeat: float) -> Any:
    """A material that shows a texture on all sides of a thing, in its own coordinates, whatever way it turns."""
    material = bpy.data.materials.new(thing.name)
    if not material.node_tree:
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    place, scaled, picture = (
        nodes.new(kind) for kind in ("ShaderNodeTexCoord", "ShaderNodeVectorMath", "ShaderNodeTexImage")
    )
    scaled.operation, scaled.inputs["Scale"].default_value = "SCALE", repeat
    picture.image = _texture(bpy, color, pattern, sum(thing.name.encode()))
    picture.projection, picture.projection_blend = "BOX", 0.15
    links.new(place.outputs["Object"], scaled.inputs[0])
    links.new(scaled.outputs[0], picture.inputs["Vector"])
    facing, shade = nodes.new("ShaderNodeVectorMath"), nodes.new("ShaderNodeMapRange")
    facing.operation, facing.inputs[1].default_value = "DOT_PRODUCT", np.divide(LIGHT, np.linalg.norm(LIGHT))
    shade.inputs["From Min"].default_value, shade.inputs["To Min"].default_value = -1.0, 0.35
    links.new(nodes.new("ShaderNodeNewGeometry").outputs["Normal"], facing.inputs[0])
    links.new(facing.outputs["Value"], shade.inputs["Value"])
    shine = nodes.new("ShaderNodeEmission")
    links.new(picture.outputs["Color"], shine.inputs["Color"])
    links.new(shade.outputs["Result"], shine.inputs["Strength"])
    links.new(shine.outputs[0], nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
    thing.data.materials.append(material)
    return thing


def _mesh(bpy: ModuleType, name: str, points: Any, faces: Any, smooth: bool = False) -> Any:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(points, float).tolist(), [], [list(face) for face in faces])
    mesh.polygons.foreach_set("use_smooth", [smooth] * len(mesh.polygons))
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _sheet(bpy: ModuleType, name: str, corners: Any, color: str, pattern: str, repeat: float) -> Any:
    return _paint(bpy, _mesh(bpy, name, corners, [(0, 1, 2, 3)]), color, pattern, repeat)


def _box(bpy: ModuleType, name: str, size: Sequence[float], color: str, pattern: str, foot: bool = False) -> Any:
    """foot: it stands on its origin; otherwise that is its middle."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    points = (signs + (0, 0, 0.5 * foot)) * size
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return _paint(bpy, _mesh(bpy, name, points, faces), color, pattern, 0.7)


def _ball(bpy: ModuleType, name: str, radius: float, color: str, pattern: str) -> Any:
    around, up = 28, 16
    angle, height = np.arange(around) * 2 * np.pi / around, np.linspace(-np.pi / 2, np.pi / 2, up)
    points = [(np.cos(h) * np.cos(a), np.cos(h) * np.sin(a), np.sin(h)) for h in height for a in angle]
    faces = _mantle(up, around, closed=False)
    return _paint(bpy, _mesh(bpy, name, radius * np.array(points), faces, smooth=True), color, pattern, 0.6)


def _ring(bpy: ModuleType, name: str, radius: float, thick: float, color: str, pattern: str) -> Any:
    """It stands upright and shows its hole."""
    rounds, around = 32, 12
    points = []
    for a in np.arange(rounds) * 2 * np.pi / rounds:
        for b in np.arange(around) * 2 * np.pi / around:
            out = radius + thick * np.cos(b)
            points.append((out * np.cos(a), thick * np.sin(b), out * np.sin(a)))
    faces = _mantle(rounds, around, closed=True)
    return _paint(bpy, _mesh(bpy, name, points, faces, smooth=True), color, pattern, 0.5)


def _mantle(rows: int, around: int, closed: bool) -> list[tuple[int, int, int, int]]:
    """Faces between rows of points that go round; closed: after the last row comes the first."""
    faces = []
    for row in range(rows if closed else rows - 1):
        below, above = row * around, (row + 1) % rows * around
        faces += [(below + k, below + (k + 1) % around, above + (k + 1) % around, above + k) for k in range(around)]
    return faces


def _star(bpy: ModuleType, name: str, outer: float, inner: float, deep: float, color: str, pattern: str) -> Any:
    """Five points, upright, facing the camera."""
    angle = np.pi / 2 + np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2, inner, outer)
    front = np.stack([reach * np.cos(angle), np.full(10, -deep / 2), reach * np.sin(angle)], 1)
    points = [*front, *(front + (0, deep, 0)), (0, -deep / 2, 0), (0, deep / 2, 0)]
    faces = []
    for k in range(10):
        after = (k + 1) % 10
        faces += [(20, k, after), (21, after + 10, k + 10), (k, k + 10, after + 10, after)]
    return _paint(bpy, _mesh(bpy, name, points, faces), color, pattern, 0.7)
