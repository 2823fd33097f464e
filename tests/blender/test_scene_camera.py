"""The camera of a Shot is the camera that Blender renders with, in every way that an artist can set one up."""

import importlib
from math import radians

import blender_scenes as kinds
import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

FRAMES = (1, 3, 7, 12)


@pytest.fixture
def camera_module(extension):
    return importlib.import_module(f"{extension.__name__}.addon.scene.camera")


@pytest.fixture
def read(extension, camera_module):
    """frames → what each_frame and read_camera say, beside Blender's own matrices at the same moment."""
    each_frame = importlib.import_module(f"{extension.__name__}.addon.scene.evaluation").each_frame

    def read(frames=FRAMES):
        found = []

        def visit(depsgraph, frame):
            thing = depsgraph.scene.camera.evaluated_get(depsgraph)
            size = camera_module.picture_of(depsgraph.scene.render)
            render = depsgraph.scene.render
            matrix = thing.calc_matrix_camera(
                depsgraph, x=size.width, y=size.height, scale_x=render.pixel_aspect_x, scale_y=render.pixel_aspect_y
            )
            world = np.array(thing.matrix_world)
            found.append((camera_module.read_camera(depsgraph, frame), np.array(matrix), world, size))

        each_frame(bpy.context, frames, visit)
        return found

    return read


def blenders_pixels(points, projection, world, size):
    """Where Blender's projection matrix puts world points; its camera has each column's scale taken away."""
    axes = world.copy()
    axes[:3, :3] /= np.linalg.norm(axes[:3, :3], axis=0)
    homogeneous = np.column_stack([points, np.ones(len(points))])
    clip = homogeneous @ np.linalg.inv(axes).T @ projection.T
    plane = clip[:, :2] / clip[:, 3:]
    return (plane * (1, -1) + 1) / 2 * (size.width, size.height)


def shots_pixels(points, camera):
    seen = (points - camera.pose[:3, 3]) @ camera.pose[:3, :3]
    plane = seen[:, :2] if camera.orthographic else seen[:, :2] / seen[:, 2:]
    return plane @ camera.intrinsics[:2, :2].T + camera.intrinsics[:2, 2]


def points_before(camera):
    """World points all over a camera's view, at many depths."""
    random = np.random.default_rng(0)
    local = random.uniform([-0.5, -0.4, 2], [0.5, 0.4, 9], (60, 3))
    local[:, :2] *= 4 if camera.orthographic else local[:, 2:]
    return local @ camera.pose[:3, :3].T + camera.pose[:3, 3]


def agree(found, within=0.002):
    assert len(found) == len(FRAMES)
    for camera, projection, world, size in found:
        points = points_before(camera)
        ours, theirs = shots_pixels(points, camera), blenders_pixels(points, projection, world, size)
        assert np.abs(ours - theirs).max() < within * max(1, np.abs(theirs).max() / size.width)
        assert np.linalg.det(camera.pose[:3, :3]) == pytest.approx(1)


def parent_of(scene, **transform):
    parent = bpy.data.objects.new("parent", None)
    scene.collection.objects.link(parent)
    for name, value in transform.items():
        setattr(parent, name, value)
    scene.camera.parent = parent
    return parent


def keyed(owner, path, *values):
    for frame, value in zip((1, 12), values, strict=True):
        setattr(owner, path, value)
        owner.keyframe_insert(path, frame=frame)


def moving_parent(scene):
    keyed(parent_of(scene, rotation_euler=(0.2, 0.1, -0.3)), "location", (0, 0, 0), (1, 2, 0.5))


def track_to(scene):
    constraint = scene.camera.constraints.new("TRACK_TO")
    constraint.target = bpy.data.objects["mover"]
    constraint.track_axis, constraint.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"


def driven(scene):
    scene.camera.animation_data_clear()
    scene.camera.driver_add("location", 2).driver.expression = "frame / 5 + 1"


def shifted(scene):
    keyed(scene.camera.data, "shift_x", -0.2, 0.35)
    keyed(scene.camera.data, "shift_y", 0.1, -0.25)


def vertical_fit(scene):
    scene.camera.data.sensor_fit, scene.camera.data.sensor_height = "VERTICAL", 19.0
    shifted(scene)


def horizontal_fit_of_a_tall_picture(scene):
    scene.camera.data.sensor_fit, scene.camera.data.sensor_width = "HORIZONTAL", 29.0
    scene.render.resolution_x, scene.render.resolution_y = 72, 128
    shifted(scene)


def tall_picture(scene):
    scene.render.resolution_x, scene.render.resolution_y = 72, 128
    shifted(scene)


def wide_pixels(scene):
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = 1.7, 1.0
    shifted(scene)


def tall_pixels_that_turn_the_fit(scene):
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = 1.0, 2.5
    shifted(scene)


def odd_percentage(scene):
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 333, 217, 37
    shifted(scene)


def mirrored(scene):
    parent_of(scene, scale=(-1.5, 1.5, 1.5), rotation_euler=(0, 0, 0.4))
    shifted(scene)


def sheared(scene):
    parent_of(scene, scale=(1.0, 2.2, 0.6), rotation_euler=(0.3, 0.2, 0.5))
    scene.camera.rotation_euler.x += 0.3
    shifted(scene)


def sheared_and_mirrored(scene):
    parent_of(scene, scale=(1.0, -2.2, 0.6), rotation_euler=(0.3, 0.2, 0.5))


def orthographic(scene):
    scene.camera.data.type = "ORTHO"
    keyed(scene.camera.data, "ortho_scale", 4.0, 9.0)
    shifted(scene)


def orthographic_and_sheared(scene):
    orthographic(scene)
    parent_of(scene, scale=(1.0, 2.2, 0.6), rotation_euler=(0.3, 0.2, 0.5))


def field_of_view_in_degrees(scene):
    scene.camera.data.lens_unit = "FOV"
    scene.camera.data.animation_data_clear()
    scene.camera.data.angle = radians(63)


SETUPS = [
    moving_parent,
    track_to,
    driven,
    shifted,
    vertical_fit,
    horizontal_fit_of_a_tall_picture,
    tall_picture,
    wide_pixels,
    tall_pixels_that_turn_the_fit,
    odd_percentage,
    mirrored,
    sheared,
    sheared_and_mirrored,
    orthographic,
    orthographic_and_sheared,
    field_of_view_in_degrees,
    kinds.everything_moves_the_camera,
]


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.__name__.replace("_", " "))
def test_pixels_are_where_blenders_own_projection_puts_them(scene, read, setup):
    setup(scene)
    agree(read())


@pytest.mark.parametrize(
    "setup",
    [shifted, vertical_fit, tall_picture, wide_pixels, tall_pixels_that_turn_the_fit, odd_percentage, orthographic],
)
def test_intrinsics_are_those_of_blenders_projection_within_a_thousandth_of_a_pixel(scene, read, setup):
    setup(scene)
    for camera, projection, _, size in read():
        half = np.diag([size.width / 2, -size.height / 2])
        shift = projection[:2, 3] if camera.orthographic else -projection[:2, 2]
        theirs = np.column_stack(
            [half @ projection[:2, :2] @ np.diag([1, -1]), half @ shift + (size.width / 2, size.height / 2)]
        )
        np.testing.assert_allclose(camera.intrinsics[:2], theirs, atol=1e-3)


def test_pixels_are_where_world_to_camera_view_puts_them(scene, read):
    shifted(scene)
    for (camera, *_, size), frame in zip(read(), FRAMES, strict=True):
        scene.frame_set(frame)
        points = points_before(camera)
        views = np.array([world_to_camera_view(scene, scene.camera, Vector(point)) for point in points])
        theirs = np.column_stack([views[:, 0] * size.width, (1 - views[:, 1]) * size.height])
        assert np.abs(shots_pixels(points, camera) - theirs).max() < 0.002


def test_a_keyed_lens_changes_the_intrinsics_and_the_motion_is_sampled_not_read_from_curves(scene, read):
    found = read()
    lengths = [camera.intrinsics[0, 0] for camera, *_ in found]
    assert lengths == sorted(lengths) and lengths[-1] == pytest.approx(42 / 36 * 128, rel=1e-6)
    assert lengths[0] == pytest.approx(35 / 36 * 128, rel=1e-6)


def test_a_mirroring_parent_mirrors_the_picture_and_not_the_pose(scene, read):
    mirrored(scene)
    camera = read()[0][0]
    assert camera.intrinsics[0, 0] < 0 < camera.intrinsics[1, 1]


def test_sub_frames_lie_between_frames(scene, read):
    _ = read()
    middle = read((1, 3, 3.5, 4))
    x = [camera.pose[0, 3] for camera, *_ in middle]
    assert x[1] < x[2] < x[3]


def test_what_the_viewport_shows_does_not_matter(scene, read):
    before = [camera.pose for camera, *_ in read()]
    scene.camera.hide_viewport = True
    bpy.data.objects["pillar"].hide_viewport = True
    for old, (camera, *_) in zip(before, read(), strict=True):
        np.testing.assert_array_equal(old, camera.pose)


def test_markers_switch_cameras(scene, read):
    other = bpy.data.objects.new("other", bpy.data.cameras.new("other"))
    other.matrix_world = Matrix.Translation((3, -5, 2)) @ Matrix.Rotation(1.3, 4, "X")
    scene.collection.objects.link(other)
    scene.timeline_markers.new("first", frame=1).camera = scene.camera
    scene.timeline_markers.new("second", frame=7).camera = other
    assert [camera.name for camera, *_ in read()] == ["camera", "camera", "other", "other"]


def test_a_camera_that_only_markers_name_is_found(scene, read):
    scene.timeline_markers.new("only", frame=1).camera = scene.camera
    scene.camera = None
    assert [camera.name for camera, *_ in read()] == ["camera"] * 4
    assert scene.camera is None


def without_camera(scene):
    scene.camera = None


def panoramic(scene):
    scene.camera.data.type = "PANO"


def a_light_for_a_camera(scene):
    scene.camera = bpy.data.objects["sun"]


def no_size(scene):
    scene.render.resolution_x, scene.render.resolution_percentage = 4, 1


def too_large(scene):
    scene.render.resolution_x = 20000


def flat(scene):
    parent_of(scene, scale=(1, 0, 1))


@pytest.mark.parametrize(
    ("setup", "says"),
    [
        (without_camera, "no camera.*add one"),
        (panoramic, "camera.*frame 1 is pano.*Change its type"),
        (a_light_for_a_camera, "'sun' at frame 1 is of type Light"),
        (no_size, "0×0 pixels.*resolution"),
        (too_large, "20000×72 pixels"),
        (flat, "'camera' is flat at frame 1.*zero scale"),
    ],
)
def test_a_camera_that_cannot_be_used_is_refused_with_what_to_do(scene, extension, setup, says):
    errors = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors")
    reading = importlib.import_module(f"{extension.__name__}.addon.scene.snapshot")
    sources = importlib.import_module(f"{extension.__name__}.addon.scene.first_frame")
    setup(scene)
    with pytest.raises(errors.BadInput, match=says):
        reading.snapshot(bpy.context, reading.Request((1, 2), frozenset(), sources.FromRender()))
