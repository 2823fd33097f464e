"""What the add-on writes of a scene's surfaces: how large it is, how exact, and what becomes of odd surfaces."""

import importlib

import blender_scenes as kinds
import bpy
import numpy as np
import pytest
from blender_session import add_box, run

FRAMES = tuple(range(1, 13))


@pytest.fixture
def parts(extension):
    names = ("addon.scene.snapshot", "addon.scene.first_frame", "addon.scene.geometry.instances")
    backend = ("shot", "errors", "geometry.world_triangles", "geometry.camera", "geometry.computed_maps", "media.png")
    every = {name.rpartition(".")[2]: name for name in (*names, *(f"backend.motion_bridge.{name}" for name in backend))}
    return {short: importlib.import_module(f"{extension.__name__}.{name}") for short, name in every.items()}


class Reads:
    """Frames → the Shot of the current scene with its geometry; beside it the notes and the folder of the last one."""

    def __init__(self, parts, place):
        self.parts, self.place = parts, place
        self.notes, self.folder = [], place

    def __call__(self, frames=FRAMES, grid=0, needs=("geometry",)):
        render = bpy.context.scene.render
        picture = np.zeros((render.resolution_y, render.resolution_x, 3), np.uint8)
        first = self.parts["first_frame"].FromPixels(picture)
        request = self.parts["snapshot"].Request(tuple(frames), frozenset(needs), first, grid=grid)
        taken = self.parts["snapshot"].snapshot(bpy.context, request)
        self.folder = self.place / f"shot {len(list(self.place.glob('shot *')))}"
        self.parts["snapshot"].complete(taken, self.folder, lambda *_: None, lambda: False)
        self.notes = taken.notes
        return self.parts["shot"].load(self.folder)


@pytest.fixture
def read(parts, tmp_path):
    return Reads(parts, tmp_path)


def size_of(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_cube_at_1080p_and_250_frames_takes_under_10_mb_with_its_tracks_and_picture(extension, read, tmp_path):
    """It was 3.0 GB as maps."""
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.mesh.primitive_cube_add()
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.rotation_euler = (1.1, 0, 0.8)
    scene.collection.objects.link(camera)
    scene.camera = camera
    kinds.keyed(camera, "location", (7.4, -6.9, 5.0), (6.4, -7.9, 5.0), frames=(1, 250))
    shot = read(range(1, 251), grid=50)
    assert shot.tracks.xy.shape == (2500, 250, 2)
    print(f"{size_of(read.folder) / 1e6:.2f} MB")
    assert size_of(read.folder) < 10e6


def test_a_static_triangle_takes_45_bytes_once_and_a_moving_object_a_kilobyte_a_frame(scene, read):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=224, y_subdivisions=224)
    faces = 2 * len(bpy.context.object.data.polygons)
    assert faces > 100_000
    mover = bpy.data.objects["mover"]
    kinds.keyed(mover, "location", (-1, 1.5, 0.4), (2, 6, 0.4), frames=(1, 80))
    read(FRAMES)
    few = size_of(read.folder)
    read(range(1, 73))
    many = size_of(read.folder)
    print(f"{few / faces:.1f} bytes a triangle, {(many - few) / 60:.0f} bytes a frame with one object moving")
    assert few / faces < 45
    camera = 128 + 72 + 1 + 16 + 8  # bytes a frame, and its number in shot.json
    assert camera + 128 < (many - few) / 60 < camera + 1000


def test_fifty_thousand_vertices_that_deform_take_350_kb_a_frame(scene, read):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=223, y_subdivisions=223, size=4, location=(0, 0, 1))
    wave = bpy.context.object.modifiers.new("wave", "WAVE")
    wave.time_offset, wave.height, wave.width = -30, 0.4, 1.0
    vertices = len(bpy.context.object.data.vertices)
    assert vertices > 50_000
    read(range(1, 3))
    few = size_of(read.folder)
    shot = read(range(1, 8))
    a_frame = (size_of(read.folder) - few) / 5
    print(f"{a_frame / 1e6:.3f} MB a frame for {vertices} vertices")
    assert a_frame < 0.35e6
    assert len(shot.geometry.meshes.packed) == 6 * vertices, "all but the first frame are packed"


def blenders(depsgraph, name):
    thing = bpy.data.objects[name].evaluated_get(depsgraph)
    points = np.empty((len(thing.data.vertices), 3), np.float32)
    thing.data.vertices.foreach_get("co", points.reshape(-1))
    return points @ np.array(thing.matrix_world)[:3, :3].T + np.array(thing.matrix_world)[:3, 3]


@pytest.mark.parametrize("kind", [kinds.plain, kinds.deforming, kinds.bent_by_bones])
def test_every_surface_is_where_blender_has_it_to_a_hundredth_of_a_pixel(scene, parts, read, kind):
    kind(scene)
    names = {"plain": ("mover", "floor"), "deforming": ("Grid", "mover"), "bent_by_bones": ("pole",)}[kind.__name__]
    shot = read()
    reader = parts["world_triangles"].TriangleReader(shot.geometry)
    for k, frame in enumerate(FRAMES):
        scene.frame_set(frame)
        world = reader.at(k)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        for name in names:
            start = world.layout.first_point[shot.geometry.objects.index(name)]
            theirs = blenders(depsgraph, name)
            ours = world.points[start : start + len(theirs)]
            pixels = []
            for points in (ours, theirs):
                seen = parts["camera"].transform(np.linalg.inv(shot.camera.pose[k]), points.astype(np.float64))
                front = seen[:, 2] > 0.5
                pixels.append(parts["camera"].project(seen, shot.camera.intrinsics[k], False))
            error = np.abs(pixels[0] - pixels[1])[front].max()
            assert error < 0.01, f"{name} at frame {frame}: {error:.4f} px"


def test_materials_come_with_the_color_that_the_viewport_or_else_the_shader_has(scene, read):
    for name, viewport, base in (("pillar", (0.9, 0.1, 0.0), (0, 0, 1)), ("mover", (0.8, 0.8, 0.8), (0.0, 0.5, 0.2))):
        material = bpy.data.materials.new(f"of {name}")
        material.use_nodes = True
        material.diffuse_color = (*viewport, 1)
        material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*base, 1)
        bpy.data.objects[name].data.materials.clear()
        bpy.data.objects[name].data.materials.append(material)
    two = bpy.data.objects["pillar"].data
    two.materials.append(bpy.data.objects["mover"].data.materials[0])
    two.polygons[3].material_index = 1
    geometry = read().geometry
    colors = {material.name: material.color for material in geometry.materials}
    np.testing.assert_allclose(colors["of pillar"], (0.9, 0.1, 0.0), atol=1e-6)
    np.testing.assert_allclose(colors["of mover"], (0.0, 0.5, 0.2), atol=1e-6)
    names = [geometry.materials[number].name for number in geometry.meshes.material]
    assert names.count("of pillar") == 10 and names.count("of mover") == 12 + 2


def test_a_shot_without_surfaces_stays_of_version_1(scene, read):
    read(needs=())
    assert '"version": 1' in (read.folder / "shot.json").read_text()
    read()
    assert '"version": 2' in (read.folder / "shot.json").read_text()


def test_a_topology_that_changes_makes_another_surface_and_is_said(scene, read):
    modifier = bpy.data.objects["mover"].modifiers.new("cut", "SUBSURF")
    modifier.subdivision_type = "SIMPLE"
    for frame, levels in ((5, 0), (6, 1)):
        modifier.render_levels = levels
        modifier.keyframe_insert("render_levels", frame=frame)
    shot = read()
    said = [note for note in read.notes if "topology" in note]
    assert said == ["The topology of 'mover' changes at frame 6: it is another surface from there on."]
    meshes = {shot.geometry.placed(k)[shot.geometry.objects.index("mover")] for k in range(12)}
    assert -1 not in meshes


def test_folded_quads_do_not_make_another_surface(scene, parts, read):
    """Blender cuts a quad otherwise when it folds; a sheet that crumples stays one surface all the same."""
    kinds.deforming(scene)
    bpy.data.objects["Grid"].modifiers["wave"].height = 3
    bpy.data.objects["Grid"].modifiers["wave"].narrowness = 6
    geometry = read().geometry
    number = geometry.objects.index("Grid")
    rows = [geometry.placed(k)[number] for k in range(12)]
    first_triangles = {int(geometry.meshes.table[geometry.placements.mesh[row], 2]) for row in rows}
    assert len(first_triangles) == 1 and len(set(rows)) == 12


def test_a_surface_that_appears_in_mid_shot_has_its_materials_color(scene, parts, tmp_path):
    scene.render.engine = "CYCLES"
    red = bpy.data.materials.new("red")
    red.use_nodes = True
    red.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.8, 0.02, 0.02, 1)
    late = add_box(scene, "late", (0.4, -2.0, 1.2), (1.2, 0.4, 1.2), red)
    kinds.keyed(late, "hide_render", True, False, frames=(1, 6))
    assert run("render", "--frames", "1-8", "--output", tmp_path / "out") == 0
    picture = parts["png"].read(tmp_path / "out/frame_0008.png").astype(float)
    shot = parts["shot"].load(tmp_path / "out/shot")
    index = parts["computed_maps"].with_maps(shot, ("depth",))
    scene_of = importlib.import_module(parts["shot"].__name__.replace(".shot", ".geometry.scene")).scene_of
    part = scene_of(shot).surfaces(7).part
    mine = part == 1 + shot.geometry.objects.index("late")
    assert mine.sum() > 100 and index.depth is not None
    color = picture[mine].mean(axis=0)
    assert color[0] > 2 * color[1] and color[0] > 2 * color[2] and color[0] > 60, color


def test_instances_beyond_bounds_are_refused_with_their_number_and_a_remedy(scene, parts, read, monkeypatch):
    kinds.instances(scene)
    monkeypatch.setattr(parts["instances"], "MOST_INSTANCES", 5)
    with pytest.raises(parts["errors"].BadInput, match=r"has 1?\d instances at frame 1; at most 5 can be read\. Lower"):
        read()
    monkeypatch.setattr(parts["instances"], "MOST_INSTANCES", 1000)
    monkeypatch.setattr(parts["instances"], "MOST_TRIANGLES", 500)
    with pytest.raises(parts["errors"].BadInput, match=r"shows \d+ triangles at frame 1.*at most 500 can be drawn"):
        read()


def test_the_command_draws_maps_on_request(scene, painted, parts, tmp_path):
    assert run("shot", "--frames", "1-3", "--output", tmp_path / "plain") == 0
    plain = parts["shot"].load(tmp_path / "plain")
    assert plain.geometry is not None and plain.depth is None and plain.flow is None and plain.objects is None
    assert run("shot", "--frames", "1-3", "--output", tmp_path / "all", "--depth", "--index", "--flow") == 0
    drawn = parts["shot"].load(tmp_path / "all")
    assert drawn.depth.shape == (3, 72, 128) and drawn.flow.shape == (3, 72, 128, 2)
    assert drawn.objects.name == ("static", "mover")
    computed = parts["computed_maps"].with_maps(plain)
    np.testing.assert_array_equal(drawn.depth[2], computed.depth[2])
    np.testing.assert_array_equal(drawn.objects.index[1], computed.objects.index[1])


def test_a_job_that_needs_only_cameras_never_waits_for_geometry(scene, painted, parts, monkeypatch, tmp_path):
    """Deforum in 2D moves by schedules: its frames need nothing of the scene."""
    ask = importlib.import_module(parts["snapshot"].__name__.replace("scene.snapshot", "render.request"))
    take = importlib.import_module(parts["snapshot"].__name__.replace("scene.snapshot", "take"))
    monkeypatch.setattr(ask.backend, "check", lambda engine: None)

    def request(motion, **reading):
        generation = parts["shot"].GenerationSettings(prompts={1: "hills"}, settings={"motion": motion})
        return ask.fresh(take.Take(tmp_path / "new"), scene, "deforum", ask.Changes(reading, generation)).request

    assert (request("2D").needs, request("2D").grid) == (frozenset(), 0)
    assert request("2D", grid=9).grid == 9, "who asks for tracks gets them"
    assert (request("scene").needs, request("scene").grid) == ({"geometry"}, 50)
    monkeypatch.setattr(parts["instances"].Reader, "read", None)  # whoever asks for surfaces fails
    taken = parts["snapshot"].snapshot(bpy.context, request("2D"))
    assert taken.geometry is None and len(taken.cameras) == 12


def test_a_scene_without_a_camera_is_refused(scene, parts, read):
    scene.camera = None
    with pytest.raises(parts["errors"].BadInput, match="has no camera"):
        read()
