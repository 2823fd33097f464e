"""A grid of 50 × 50 points over twelve frames at 832×480: where it ends up and what is hidden, by Cycles' passes."""

import importlib
from itertools import chain

import blender_scenes as kinds
import bpy
import cycles_passes as truth
import numpy as np
import pytest

FRAMES = tuple(range(1, 13))
LOOKS = (5, 12)  # the frames at which Cycles is asked


@pytest.fixture
def followed(extension):
    """The current scene's grid: pixels (N, T, 2), visible (N, T), and the depth (N, T) that each point itself has."""
    names = ("snapshot", "first_frame", "tracks.surface_points", "tracks.tracker", "geometry.frame_geometry")
    parts = {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}

    def followed():
        picture = parts["first_frame"].FromPixels(np.zeros((480, 832, 3), np.uint8))
        request = parts["snapshot"].Request(FRAMES, frozenset({"depth"}), picture)
        taken = parts["snapshot"].snapshot(bpy.context, request)
        pixels = parts["tracks.surface_points"].cell_centers(50, 832, 480)
        depth = np.full((len(pixels), len(FRAMES)), np.inf)
        frame_geometries = parts["geometry.frame_geometry"].frame_geometries
        moments = iter(frame_geometries(taken.geometry, taken.cameras, taken.picture))
        first = next(moments)
        bound = parts["tracks.surface_points"].Bound(pixels, first)
        track = parts["tracks.tracker"].Track(bound, pixels, len(FRAMES))
        for moment in chain([first], moments):
            track.follow(moment)
            place, _ = bound.world(moment, set())
            local = (place[bound.hit] - moment.pose[:3, 3]) @ moment.pose[:3, :3]
            depth[bound.hit, moment.at] = local[:, 2]
        return track.xy, track.visible, depth

    return followed


@pytest.fixture
def large_scene(scene):
    scene.render.resolution_x, scene.render.resolution_y = 832, 480
    return scene


def orbit(scene):
    """The camera goes round the pillar and the box, so that much is hidden and shown again."""
    kinds.fixed_lens(scene)
    scene.camera.animation_data_clear()
    kinds.keyed(scene.camera, "location", (-3, -5, 2.2), (4, -5, 1.2))
    aim = scene.camera.constraints.new("TRACK_TO")
    aim.target = bpy.data.objects["pillar"]


def crowd(scene):
    """Many thin instances in front of each other, and a deforming surface."""
    kinds.deforming(scene)
    kinds.instances(scene)
    orbit(scene)


@pytest.mark.parametrize("kind", [orbit, crowd, kinds.otherwise_in_the_viewport, kinds.bent_by_bones])
def test_a_point_is_visible_where_the_renderer_sees_it(large_scene, followed, kind):
    kind(large_scene)
    xy, visible, own = followed()
    agreed, hidden = [], []
    for frame in LOOKS:
        at = FRAMES.index(frame)
        depth = truth.passes(large_scene, frame, "Z")["Z"][..., 0] * truth.axis_scale(large_scene.camera)
        clear = truth.off_edges(depth, jump=0.05)
        inside = ((xy[:, at] >= 0) & (xy[:, at] < (832, 480))).all(axis=1) & np.isfinite(own[:, at])
        assert not visible[~inside & np.isfinite(own[:, at]), at].any()
        column, row = xy[inside, at].astype(int).T
        judged = clear[row, column] & (own[inside, at] > 0)
        truly = depth[row, column][judged] > own[inside, at][judged] * 0.985
        agreed.append(truly == visible[inside, at][judged])
        hidden.append(~truly)
    agreed, hidden = np.concatenate(agreed), np.concatenate(hidden)
    print(
        f"{kind.__name__}: {agreed.mean():.2%} of {len(agreed)}, {agreed[hidden].mean():.2%} of {hidden.sum()} hidden"
    )
    assert len(agreed) > 1500 and hidden.sum() > 30
    assert agreed.mean() >= 0.995
    assert agreed[hidden].mean() >= 0.995


@pytest.mark.parametrize(("kind", "name"), [(kinds.deforming, "Grid"), (kinds.bent_by_bones, "pole")])
def test_a_point_stays_on_the_same_spot_of_a_deforming_surface(large_scene, followed, kind, name):
    """Its texture coordinate, where the track ends up, is the one it started from; the difference is told in pixels."""
    kind(large_scene)
    for thing in large_scene.objects:
        thing.pass_index = int(thing.name == name)
    xy, visible, _ = followed()
    first = truth.passes(large_scene, FRAMES[0], "UV", "Index")
    column, row = xy[:, 0].astype(int).T
    mine = first["Index"][row, column, 0] == 1
    start = first["UV"][row, column, :2]
    for frame in LOOKS:
        at = FRAMES.index(frame)
        now = truth.passes(large_scene, frame, "UV", "Index", "Z")
        uv = now["UV"][..., :2]
        rows = np.flatnonzero(mine & visible[:, at] & ((xy[:, at] > 3) & (xy[:, at] < (829, 477))).all(axis=1))
        corner = np.floor(xy[rows, at] - 0.5).astype(int)
        share = xy[rows, at] - 0.5 - corner
        x, y = corner.T
        whole = np.ones(len(rows), bool)
        for dy in range(-1, 3):
            for dx in range(-1, 3):
                whole &= now["Index"][y + dy, x + dx, 0] == 1
        whole &= np.abs(np.diff([uv[y, x], uv[y, x + 1], uv[y + 1, x]], axis=0)).max(axis=(0, 2)) < 0.05
        across = uv[y, x + 1] - uv[y, x]
        down = uv[y + 1, x] - uv[y, x]
        twist = uv[y + 1, x + 1] - uv[y + 1, x] - across
        there = uv[y, x] + share[:, :1] * across + share[:, 1:] * down + share.prod(axis=1)[:, None] * twist
        jacobian = np.stack([across, down], axis=-1)
        whole &= np.abs(np.linalg.det(jacobian)) > 1e-9
        off = np.linalg.solve(jacobian[whole], (there - start[rows])[whole][..., None])[..., 0]
        error = np.linalg.norm(off, axis=-1)
        print(
            f"{kind.__name__} at {frame}: mean {error.mean():.4f} px, 99.9 % {np.quantile(error, 0.999):.4f} px, "
            f"{len(error)} points"
        )
        assert len(error) > 40
        assert error.mean() < 0.02 and np.quantile(error, 0.999) < 0.5
