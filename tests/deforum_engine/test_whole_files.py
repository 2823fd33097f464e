"""Whole settings files of every program and version render, as they are, through the public command."""

import json

import numpy as np
import pytest
import whole_files
from motion_bridge import shot as shots
from motion_bridge.cli import main as command
from motion_bridge.media import movie
from motion_bridge.schedules import parseq
from motion_bridge.schedules.camera import guide_video
from motion_bridge.schedules.programs import PROGRAMS
from motion_bridge.schedules.webui_writer import document
from motion_bridge.shot import Camera, Shot
from motion_bridge.takes import writer

FRAMES, SIDE = 3, 64
NEWEST = {program.name: program for program in reversed(PROGRAMS)}


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """A Shot without depth, so that nothing but the file says how it moves."""
    lens = np.array([[SIDE, 0, SIDE / 2], [0, SIDE, SIDE / 2], [0, 0, 1]], np.float64)
    still = Camera(np.tile(np.eye(4), (FRAMES, 1, 1)), np.tile(lens, (FRAMES, 1, 1)), np.zeros(FRAMES, bool))
    picture = np.random.default_rng(4).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    folder = tmp_path_factory.mktemp("still") / "shot"
    shots.save(Shot(tuple(range(1, FRAMES + 1)), 24.0, SIDE, SIDE, still, picture), folder)
    return folder


@pytest.fixture
def render(shot, tmp_path, capsys):
    """Render a settings file's text; the code, what was said on stderr, and the take."""

    def run(text, *words):
        (tmp_path / "deforum_settings.txt").write_text(text, encoding="utf-8")
        take = tmp_path / "take"
        options = ["--settings", str(tmp_path / "deforum_settings.txt"), "--set", "model=sketch", *words]
        code = command.main(["render", str(shot), "--engine", "deforum", "--output", str(take), *options])
        return code, capsys.readouterr().err, take

    return run


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.title)
def test_a_whole_file_renders_as_its_program_wrote_it(program, render):
    code, said, take = render(whole_files.text(program))
    assert code == 0, said
    assert writer.there(take) == [f"frame_{number:04d}.png" for number in range(1, FRAMES + 1)]
    assert "did you mean" not in said and "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in whole_files.VARIANTS if name != "defaults"])
@pytest.mark.parametrize("program", NEWEST.values(), ids=lambda program: program.title)
def test_a_whole_file_renders_with_what_people_change_first(program, name, render):
    changes = {key: value for key, value in whole_files.VARIANTS[name].items() if key in program.keys}
    code, said, take = render(whole_files.text(program, **changes))
    assert code == 0 and len(writer.there(take)) == FRAMES, said


def test_a_file_that_this_project_wrote_renders(render):
    written = document({"zoom": "0:(1.02)"}, width=64, height=64, max_frames=3, fps=24, mode="2D", prompts={0: "hills"})
    code, said, take = render(json.dumps(written))
    assert code == 0 and len(writer.there(take)) == FRAMES, said


def test_the_settings_of_a_guide_that_this_project_exported_follow_its_video(render, tmp_path):
    path = tmp_path / "guide.mp4"
    chance = np.random.default_rng(6)
    large = np.kron(chance.integers(0, 255, (16, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    movie.write(path, (large[:SIDE, 2 * k : 2 * k + SIDE] for k in range(FRAMES)), 24.0)
    given = {name: value for name, value in guide_video.SETTINGS.items() if name != "animation_mode"}
    motion = {name: given.pop(name) for name in list(given) if str(given[name]).startswith("0:")}
    changes = {**given, "video_init_path": str(path)}
    size = {"width": SIDE, "height": SIDE, "max_frames": FRAMES, "fps": 24}
    written = document(motion, **size, mode="2D", prompts={0: "hills"}, changes=changes)
    code, said, take = render(json.dumps(written))
    assert code == 0 and len(writer.there(take)) == FRAMES, said


def test_a_parseq_manifest_in_a_whole_file_moves_the_picture(render):
    manifest = parseq.document.document({"angle": np.array([0.0, 9.0, 9.0])}, fps=12)
    still = whole_files.text(NEWEST["webui"], zoom="0:(1)", strength_schedule="0:(1)", noise_schedule="0:(0)")
    code, said, take = render(still)
    assert code == 0, said
    unmoved = (take / "frame_0003.png").read_bytes()
    for path in take.glob("frame_*.png"):
        path.unlink()
    code, said, take = render(json.dumps({**json.loads(still), "parseq_manifest": json.dumps(manifest)}))
    assert code == 0, said
    assert (take / "frame_0003.png").read_bytes() != unmoved


def test_a_refused_job_leaves_nothing_that_blocks_its_own_correction(render):
    code, said, take = render(whole_files.text(NEWEST["webui"], hybrid_motion="Optical Flow"))
    assert code == 2 and "guide_video: https://deforum.github.io/a1/V1.mp4 is an address on the network" in said
    code, said, take = render(whole_files.text(NEWEST["webui"]))
    assert code == 0 and len(writer.there(take)) == FRAMES, said
    code, said, _ = render(whole_files.text(NEWEST["webui"]))
    assert code == 2 and "holds a take already" in said
