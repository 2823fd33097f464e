"""Vertices of sixteen bits stay within what a camera can tell."""

import numpy as np
from mesh_shots import waving
from motion_bridge.geometry.camera import project, transform
from motion_bridge.geometry.packing import PIXELS, packing_tolerance
from motion_bridge.shot import GeometryWriter
from ray_scene import intrinsics, placed

LENS = intrinsics(150, 160, 96)


def test_packed_vertices_are_seen_where_they_are_and_large_near_ones_are_not_packed(tmp_path):
    vertices, faces = waving(1)[0]
    packed = {}
    for away in (40.0, 1.2):
        pose = placed(1, (0, 0, away), (1.5, 1.5, 1.5))[0]
        tolerance = packing_tolerance(transform(pose, vertices), pose, LENS, 0.1)
        writer = GeometryWriter(tmp_path / str(away))
        writer.add_mesh(vertices.astype(np.float32), writer.add_triangles(faces, 0), tolerance)
        meshes = writer.finish().meshes
        packed[away] = len(meshes.packed) > 0
        seen, truth = (transform(pose, points) for points in (meshes.points(0), vertices))
        error = np.abs(project(seen, LENS) - project(truth, LENS)).max()
        assert error < 2 * PIXELS and np.abs(seen[:, 2] / truth[:, 2] - 1).max() < 1e-4
    assert packed[40.0] and packing_tolerance(np.zeros((0, 3)), np.eye(4), LENS, 0.1) == 0


def test_nearer_larger_and_longer_lenses_allow_less():
    points = np.array([[0.0, 0, 5], [1, 1, 9]])
    plain = packing_tolerance(points, np.eye(4), LENS, 0.1)
    assert packing_tolerance(points - (0, 0, 4), np.eye(4), LENS, 0.1) < plain
    assert packing_tolerance(points, np.diag([3.0, 3, 3, 1]), LENS, 0.1) < plain
    assert packing_tolerance(points, np.eye(4), np.diag([9.0, 9, 1]) @ LENS, 0.1) < plain
