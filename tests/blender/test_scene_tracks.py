"""Tracks against the renderer's truth at 832×480: Cycles' Vector pass where it is one, else its Position pass."""

import importlib

import blender_scenes as kinds
import bpy
import cycles_passes as truth
import numpy as np
import pytest

BEFORE, AFTER = 5, 6
STEP = 4  # pixels between the points that are compared

BY_VECTOR = [
    kinds.fixed_lens,
    kinds.mirrored,
    kinds.sheared,
    kinds.wide_pixels,
    kinds.deforming,
    kinds.bent_by_bones,
    kinds.curves_text_and_metaballs,
    kinds.instances,
    kinds.otherwise_in_the_viewport,
]
BY_POSITION = [kinds.plain, kinds.animated_shift, kinds.orthographic, kinds.growing_orthographic, kinds.cut]


@pytest.fixture
def parts(extension):
    names = (
        "snapshot",
        "tracks.surface_points",
        "tracks.tracker",
        "geometry.frame_geometry",
        "first_frame",
        "tracks.sources",
    )
    return {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}


@pytest.fixture
def large_scene(scene):
    scene.render.resolution_x, scene.render.resolution_y = 832, 480
    return scene


def snapshot(parts, frames):
    picture = parts["first_frame"].FromPixels(np.zeros((480, 832, 3), np.uint8))
    request = parts["snapshot"].Request(tuple(frames), frozenset({"depth"}), picture)
    return parts["snapshot"].snapshot(bpy.context, request)


def flow_back(parts, taken):
    """Points on a lattice of pixel centers at the later of two frames: (N, 2), their track (N, 2, 2), which hit."""
    before, after = parts["geometry.frame_geometry"].frame_geometries(taken.geometry, taken.cameras, taken.picture)
    pixels = np.stack(np.meshgrid(np.arange(0, 832, STEP), np.arange(0, 480, STEP)), axis=-1).reshape(-1, 2)
    bound = parts["tracks.surface_points"].Bound(pixels + 0.5, after)
    track = parts["tracks.tracker"].Track(bound, pixels + 0.5, 2)
    for moment in (after, before):
        track.follow(moment)
    return pixels, track.xy, bound.hit & (np.abs(track.xy[:, 0]) < 3000).all(axis=1)


def report(name, error):
    print(
        f"{name}: mean {error.mean():.5f} px, 99.9th percentile {np.quantile(error, 0.999):.5f}, max {error.max():.4f}"
    )


@pytest.mark.parametrize("kind", BY_VECTOR, ids=lambda kind: kind.__name__.replace("_", " "))
def test_points_move_from_frame_to_frame_as_the_vector_pass_says(large_scene, parts, kind):
    kind(large_scene)
    pixels, xy, hit = flow_back(parts, snapshot(parts, (BEFORE, AFTER)))
    vector = truth.passes(large_scene, AFTER, "Vector")["Vector"][pixels[:, 1], pixels[:, 0], :2] * (1, -1)
    error = np.linalg.norm(xy[hit, 0] - xy[hit, 1] - vector[hit], axis=-1)
    report(kind.__name__, error)
    np.testing.assert_allclose(xy[hit, 1], pixels[hit] + 0.5, atol=1e-3)
    assert np.abs(vector[hit]).mean() > 0.3
    assert error.mean() < 0.01
    assert np.quantile(error, 0.999) < 0.5


def blenders_projection(scene, frame, points):
    """Pixels of world points as Blender's own matrices give them, and whether the points are before the camera."""
    scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    camera, render = scene.camera.evaluated_get(depsgraph), scene.render
    size = render.resolution_x, render.resolution_y
    aspect = {"scale_x": render.pixel_aspect_x, "scale_y": render.pixel_aspect_y}
    projection = np.array(camera.calc_matrix_camera(depsgraph, x=size[0], y=size[1], **aspect))
    world = np.array(camera.matrix_world.normalized())
    clip = np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(world).T @ projection.T
    return (clip[:, :2] / clip[:, 3:] * (1, -1) + 1) / 2 * size


@pytest.mark.parametrize("kind", BY_POSITION, ids=lambda kind: kind.__name__.replace("_", " "))
def test_points_move_as_the_position_pass_says_where_vectors_are_no_truth(large_scene, parts, kind):
    kind(large_scene)
    bpy.data.objects["mover"].animation_data_clear()
    pixels, xy, hit = flow_back(parts, snapshot(parts, (BEFORE, AFTER)))
    place = truth.passes(large_scene, AFTER, "Position")["Position"][pixels[:, 1], pixels[:, 0], :3].astype(float)
    for at, frame in enumerate((BEFORE, AFTER)):
        theirs = blenders_projection(large_scene, frame, place[hit])
        error = np.linalg.norm(xy[hit, at] - theirs, axis=-1)
        report(f"{kind.__name__} at frame {frame}", error)
        assert error.mean() < 0.02
        assert np.quantile(error, 0.999) < 0.5
