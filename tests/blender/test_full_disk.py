"""A disk that fills while a scene is read: Blender goes on, and a sentence says what is missing where."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import bpy
import pytest
from blender_session import PACKAGE, begun, wait_until

pytestmark = pytest.mark.slow  # most start a Blender of their own
MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 2 MB; skipped where this user may not mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.decode(errors='replace').strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def in_its_own_process(script: str, *arguments: object, **environment: str) -> tuple[int, str]:
    """Run a script in a Blender of its own: what is tested here used to kill it."""
    import os

    head = f"""
        import importlib, sys
        import bpy
        bpy.ops.preferences.addon_enable(module="{PACKAGE}")
    """
    whole = textwrap.dedent(head) + textwrap.dedent(script) + "\nsys.stdout.flush()\nimport os\nos._exit(0)\n"
    answer = subprocess.run(
        [sys.executable, "-c", whole, *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
        env={**os.environ, **environment},
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.fault("The disk fills while Blender reads the scene", "a file system of 2 MB under the Shot")
@pytest.mark.parametrize("action", ["shot", "render"])
def test_a_shot_that_does_not_fit_is_a_sentence_and_leaves_nothing(
    scene, painted, extension_zip, small_disk: Path, tmp_path: Path, action: str
):
    bpy.ops.wm.save_mainfile()
    script = f"""
        bpy.ops.wm.open_mainfile(filepath=sys.argv[2])
        command = importlib.import_module("{PACKAGE}.addon.cli.command")
        print("CODE", command.run(["{action}", "--frames", "1-150", "--output", sys.argv[3]]))
    """
    code, said = in_its_own_process(script, extension_zip, bpy.data.filepath, small_disk / "out")
    assert code == 0, f"Blender ended with {code}:\n{said[-2000:]}"
    assert "CODE 2" in said or "CODE 3" in said
    (sentence,) = [line for line in said.splitlines() if line.startswith("motion_bridge: ")]
    assert str(small_disk / "out") in sentence and "it needs" in sentence and "MB are free" in sentence
    assert "Traceback" not in said
    assert not (small_disk / "out").exists()


@pytest.mark.fault("The temporary folder fills while Blender reads the scene", "a file system of 2 MB")
def test_a_temporary_folder_that_fills_is_a_sentence(scene, painted, extension_zip, small_disk: Path, tmp_path: Path):
    mover = bpy.data.objects["mover"]
    change = mover.modifiers.new("fine", "SUBSURF")
    change.levels = change.render_levels = 6
    mover.modifiers.new("wave", "WAVE")
    bpy.ops.wm.save_mainfile()
    script = f"""
        import tempfile
        tempfile.tempdir = sys.argv[4]
        bpy.ops.wm.open_mainfile(filepath=sys.argv[2])
        command = importlib.import_module("{PACKAGE}.addon.cli.command")
        print("CODE", command.run(["shot", "--frames", "1-40", "--output", sys.argv[3]]))
    """
    code, said = in_its_own_process(script, extension_zip, bpy.data.filepath, tmp_path / "out", small_disk)
    assert code == 0, f"Blender ended with {code}:\n{said[-2000:]}"
    assert "CODE 2" in said
    (sentence,) = [line for line in said.splitlines() if line.startswith("motion_bridge: ")]
    assert str(small_disk) in sentence and "MB are free" in sentence
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_first_frame_that_cannot_be_saved_for_want_of_room_says_so(scene, small_disk: Path, monkeypatch):
    import tempfile

    from bl_ext.user_default.motion_bridge.addon.scene.first_frame import render_frame
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.errors import BadInput

    (small_disk / "filler").write_bytes(bytes(2 * MEGABYTE))
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    with pytest.raises(BadInput, match=r"small.* does not fit: .* free"):
        render_frame(scene, 1)


def test_the_panels_job_ends_in_a_sentence_too(scene, painted, small_disk: Path):

    if sys.platform == "win32":
        pytest.skip("mounts a file system")
    scene.motion_bridge.output = str(small_disk / "takes")
    shutil.copy(painted, small_disk / "painted.png")

    window = begun(scene, 150)
    wait_until(lambda: not window.running, window.step)
    assert "it needs" in str(window.error) and "MB are free" in str(window.error)
    assert not (small_disk / "takes/take_001").exists()


@pytest.mark.fault("The disk fills while Blender writes a movie", "a file system with 4 kB left")
def test_a_movie_that_does_not_fit_is_a_sentence_and_leaves_no_half_of_it(
    scene, painted, small_disk: Path, tmp_path: Path, capfd
):
    from blender_session import run

    assert run("render", "--frames", "1-12", "--output", tmp_path / "take") == 0
    (small_disk / "filler").write_bytes(bytes(2 * MEGABYTE - 4096))
    capfd.readouterr()
    assert run("movie", tmp_path / "take", "--output", small_disk / "take.mp4") == 2
    said = capfd.readouterr().out
    assert str(small_disk / "take.mp4") in said and "MB are free" in said
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
