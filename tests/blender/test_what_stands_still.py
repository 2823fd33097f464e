"""What would stand still or be missing without a word: drivers that may not run, linked files that are gone."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import run


@pytest.fixture
def driven(scene, painted, tmp_path: Path) -> Path:
    """A file whose camera moves by a driver that only Python can evaluate."""
    bpy.data.objects["camera"].animation_data_clear()
    curve = scene.camera.driver_add("location", 0)
    curve.driver.expression = "__import__('math').sin(frame)"
    path = tmp_path / "file.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def test_a_driver_that_may_not_run_is_named(driven: Path, tmp_path: Path, capfd):
    bpy.ops.wm.open_mainfile(filepath=str(driven), use_scripts=False)
    assert run("shot", "--frames", "1-4", "--output", tmp_path / "out") == 0
    said = capfd.readouterr().out
    assert "'camera' location is driven by an expression that does not run" in said
    assert "--enable-autoexec" in said


def test_a_driver_that_runs_is_not_mentioned_and_moves_the_camera(driven: Path, tmp_path: Path, capfd):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot

    bpy.ops.wm.open_mainfile(filepath=str(driven), use_scripts=True)
    assert run("shot", "--frames", "1-4", "--output", tmp_path / "out") == 0
    assert "driven" not in capfd.readouterr().out
    x = shot.load(tmp_path / "out").camera.pose[:, 0, 3]
    np.testing.assert_allclose(x, np.sin([1, 2, 3, 4]), atol=1e-6)


def test_a_driver_that_is_wrong_is_named_with_another_remedy(driven: Path, tmp_path: Path, capfd):
    bpy.ops.wm.open_mainfile(filepath=str(driven), use_scripts=True)
    bpy.context.scene.camera.animation_data.drivers[0].driver.expression = "no_such_function(frame)"
    assert run("shot", "--frames", "1-4", "--output", tmp_path / "out") == 0
    said = capfd.readouterr().out
    assert "'camera' location is driven" in said and "correct it in the Drivers editor" in said


@pytest.fixture
def library(scene, tmp_path: Path) -> Path:
    path = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    return path


@pytest.mark.parametrize("linked", ["objects", "cameras"])
def test_a_camera_whose_file_is_gone_is_said_to_be_linked_from_it(scene, library: Path, tmp_path: Path, linked, capfd):
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):  # pyright: ignore[reportGeneralTypeIssues]
        setattr(wanted, linked, ["camera"])
    found = getattr(wanted, linked)[0]
    camera = found if linked == "objects" else bpy.data.objects.new("own", found)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    path = tmp_path / "linking.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    library.rename(tmp_path / "elsewhere.blend")
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert run("shot", "--frames", "1-2", "--output", tmp_path / "out") == 2
    said = capfd.readouterr().out
    assert "is linked from" in said and "library.blend, which is not there" in said
    assert "Empty" not in said


def test_other_objects_whose_file_is_gone_are_said_to_be_missing(scene, painted, library: Path, tmp_path: Path, capfd):
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):  # pyright: ignore[reportGeneralTypeIssues]
        wanted.objects = ["pillar"]
    scene.collection.objects.link(wanted.objects[0])
    bpy.ops.wm.save_mainfile()
    library.rename(tmp_path / "elsewhere.blend")
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert run("shot", "--frames", "1-2", "--output", tmp_path / "out") == 0
    assert "Some objects are linked from" in capfd.readouterr().out
