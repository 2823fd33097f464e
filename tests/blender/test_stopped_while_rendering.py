"""SIGINT and SIGTERM while Blender itself is at work, where no line of Python runs for minutes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import bpy
import pytest
from blender_session import PACKAGE, names, run, wait_until

pytestmark = pytest.mark.slow  # each starts a Blender of its own
AT_ONCE = 10  # seconds; Blender without us ends within one or two
SCRIPT = f"""
    import importlib, sys
    import bpy
    bpy.ops.preferences.addon_enable(module="{PACKAGE}")
    bpy.ops.wm.open_mainfile(filepath=sys.argv[2])
    bpy.app.handlers.render_stats.append(lambda *_: print("RENDERING", file=sys.stderr, flush=True))
    command = importlib.import_module("{PACKAGE}.addon.cli.command")
    code = command.run(sys.argv[3:])
    print("CODE", code, flush=True)
    import os
    os._exit(code)
"""


@pytest.fixture
def endless(scene: bpy.types.Scene) -> str:
    """A file whose first frame takes Cycles an hour."""
    scene.cycles.samples = 1_000_000
    scene.cycles.use_adaptive_sampling = False
    scene.motion_bridge.first_frame = "RENDER"
    bpy.ops.wm.save_mainfile()
    return bpy.data.filepath


def stopped(
    extension_zip: Path, file: str, sent: signal.Signals, *arguments: object, script: str = SCRIPT, until=lambda: True
) -> tuple[int, float, str]:
    """Run a command, send a signal while Cycles renders: exit code, seconds until it was gone, what it printed."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(extension_zip), file, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout
        printed = []
        for line in process.stdout:
            printed.append(line)
            if "RENDERING" in line:
                break
        wait_until(until)
        process.send_signal(sent)
        sent_at = time.monotonic()
        try:
            rest, _ = process.communicate(timeout=AT_ONCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            pytest.fail(f"{sent.name} was lost: still at work after {AT_ONCE} s\n{''.join(printed)[-2000:]}")
        return process.returncode, time.monotonic() - sent_at, "".join(printed) + rest


@pytest.mark.fault("A signal comes while Cycles renders the first frame", "SIGINT, SIGTERM")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("action", ["render", "shot"])
def test_a_signal_while_cycles_renders_the_first_frame_ends_it_with_4(
    endless: str, extension_zip: Path, tmp_path: Path, sent, action: str
):
    code, _, printed = stopped(extension_zip, endless, sent, action, "--frames", "1-3", "--output", tmp_path / "out")
    assert code == 4, printed
    assert "motion_bridge: Cancelled" in printed
    assert not (tmp_path / "out").exists()
    assert not list(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"motion_bridge_*{os.getpid()}*"))


@pytest.mark.parametrize("action", ["render", "shot"])
def test_a_signal_while_a_key_picture_is_rendered_ends_it_with_4(
    endless: str, extension_zip: Path, tmp_path: Path, action: str
):
    asked = ("--frames", "1-3", "--key-pictures", "every:2", "--output", tmp_path / "out")
    code, _, printed = stopped(extension_zip, endless, signal.SIGTERM, action, *asked)
    assert code == 4, printed
    assert "2 of 3 frames will be rendered." in printed and "motion_bridge: Cancelled" in printed
    assert not (tmp_path / "out").exists()


def test_a_signal_while_cycles_renders_keeps_the_frames_that_are_there(
    endless: str, extension_zip: Path, tmp_path: Path
):

    painted = tmp_path / "painted.png"
    import numpy as np
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    painted.write_bytes(png.encode(np.full((72, 128, 3), 90, np.uint8)))
    assert run("render", "--frames", "1-2", "--output", tmp_path / "out", "--first-frame", painted) == 0
    import shutil

    shutil.rmtree(tmp_path / "out/shot")  # so that resuming has to render the first frame again
    code, _, printed = stopped(
        extension_zip, endless, signal.SIGTERM, "render", "--frames", "1-3", "--output", tmp_path / "out", "--resume"
    )
    assert code == 4, printed
    assert names(tmp_path / "out") == ["frame_0001.png", "frame_0002.png"]


def test_json_says_it_too(endless: str, extension_zip: Path, tmp_path: Path):
    code, _, printed = stopped(
        extension_zip, endless, signal.SIGTERM, "shot", "--frames", "1", "--output", tmp_path / "out", "--json"
    )
    assert code == 4
    assert '"event": "failed", "kind": "cancelled"' in printed


def test_a_signal_that_comes_while_somebodys_handler_runs_is_not_lost_in_it(
    scene, painted, extension_zip: Path, tmp_path: Path
):
    """Python's own signal handler may run inside of it, where Blender forgets what is raised."""
    bpy.ops.wm.save_mainfile()
    busy = """
        def work(*_):
            print("RENDERING", file=sys.stderr, flush=True)
            while True:
                sum(range(10**6))
        bpy.app.handlers.frame_change_pre.append(work)
    """
    script = SCRIPT.replace("    command = ", textwrap.dedent(busy).replace("\n", "\n    ") + "command = ", 1)
    code, _, printed = stopped(
        extension_zip, bpy.data.filepath, signal.SIGINT, "shot", "--frames", "1-3", "--output", tmp_path / "out",
        script=script,
    )  # fmt: skip
    assert code == 4, printed


def test_a_movie_that_blender_writes_is_stopped_too(scene, painted, extension_zip: Path, tmp_path: Path):

    assert run("render", "--frames", "1-3", "--output", tmp_path / "take") == 0
    long = f"""
    movie = importlib.import_module("{PACKAGE}.addon.viewer.movie")
    place = movie._place
    movie._place = lambda scene, frames: print("RENDERING", file=sys.stderr, flush=True) or place(scene, frames) * 10**5
    command = """
    movie = tmp_path / "out" / "take.mp4"
    code, _, printed = stopped(
        extension_zip, bpy.data.filepath, signal.SIGTERM, "movie", tmp_path / "take", "--output", movie,
        script=SCRIPT.replace("\n    command = ", long, 1), until=lambda: list(movie.parent.glob("*")) != [],
    )  # fmt: skip
    assert code == 4, printed
    assert "there is no movie" in printed
    assert list(movie.parent.iterdir()) == []
