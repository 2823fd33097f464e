"""MotionStream from the command line of the Blender program."""

import os
import subprocess
from pathlib import Path

import pytest
from blender_program import HERE, ROOT, Blender, contents, run_script, saved, succeed

SAVE = "import sys, tiny_motionstream as tiny; tiny.save(__import__('pathlib').Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def streaming(blender: Blender, scene_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small scene with MotionStream and a tiny model chosen; a Python with torch in the preferences."""
    named = os.environ.get("MOTION_BRIDGE_TORCH")
    python = Path(named) if named else ROOT / ".nox/tests-torch/bin/python"
    if not python.is_file():
        pytest.skip(f"{python} is not there; MOTION_BRIDGE_TORCH=/path/to/python with torch would test that engine too")
    folder = tmp_path_factory.mktemp("streaming")
    paths = os.pathsep.join((str(ROOT / "backend"), str(ROOT / "tests/helpers")))
    subprocess.run(
        [str(python), "-c", SAVE, str(folder / "model")], env={**os.environ, "PYTHONPATH": paths}, check=True
    )
    file = folder / "streaming.blend"
    run_script(blender, scene_file, HERE / "choose_motionstream.py", python, folder / "model", file)
    return file


def test_the_command_streams_a_scene_and_resumes_it_to_the_same_bytes(
    blender: Blender, streaming: Path, tmp_path: Path
):
    out = tmp_path / "take"
    command = ("-b", streaming, "-c", "motion_bridge", "render", "--engine", "motionstream", "--output", out)
    output = succeed(blender.run(*command, "--frames", "1-11"))
    names = [f"frame_{number:04d}.png" for number in range(1, 12)]
    assert saved(output) == names
    assert "note: The model draws 32x32 pixels; the first frame of 128x72 is squeezed" in output
    whole = contents(out)
    assert len(set(whole.values())) == 11
    for name in names[3:]:
        (out / name).unlink()
    assert saved(succeed(blender.run(*command, "--resume"))) == names[3:]
    assert contents(out) == whole
