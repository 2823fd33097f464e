"""What the panel says while something is under way: numbers, and no time left that nobody can know."""

import importlib
from types import SimpleNamespace

import pytest
from blender_session import PACKAGE, begun, wait_until


@pytest.fixture
def panels(extension):
    return importlib.import_module(f"{PACKAGE}.addon.ui.panels")


@pytest.fixture
def state(extension):
    return importlib.import_module(f"{PACKAGE}.addon.render.job").State


def job(state, counted, left=None, stage="", silent=""):
    return SimpleNamespace(state=state, counted=counted, seconds_left=left, stage=stage, silent=silent)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (None, "2 of 48"),
        (0.0, "2 of 48"),
        (0.6, "2 of 48"),
        (1.0, "2 of 48  ·  0:01 left"),
        (83, "2 of 48  ·  1:23 left"),
    ],
)
def test_no_time_left_is_told_while_frames_are_missing_and_it_would_read_zero(panels, state, left, expected):
    assert panels.progress_text(job(state.GENERATING, (2, 48), left)) == expected


def test_reading_the_scene_is_told_in_frames(panels, state):
    assert panels.progress_text(job(state.READING, (12, 48))) == "Reading the scene  12 of 48"
    assert panels.progress_text(job(state.READING, (0, 0))) == "Reading the scene"


def test_before_frames_are_counted_the_backends_stage_is_told(panels, state):
    assert panels.progress_text(job(state.GENERATING, (0, 0), stage="Loading")) == "Loading"
    assert panels.progress_text(job(state.GENERATING, (0, 0))) == "Starting"


def test_a_backend_that_is_silent_is_told_whatever_is_counted(panels, state):
    silent = "The backend is not responding (5 s)"
    for counted, expected in (((0, 0), silent), ((2, 48), f"2 of 48  ·  {silent}")):
        assert panels.progress_text(job(state.GENERATING, counted, 83, "Generating", silent)) == expected


def test_the_render_of_the_first_frame_is_told_in_samples_and_seconds(panels):
    assert panels.rendering(37.2, 12, 128) == {
        "text": "Rendering the first frame  ·  sample 12 of 128  ·  0:37",
        "factor": 12 / 128,
    }
    assert panels.rendering(61.0, 0, 0) == {"text": "Rendering the first frame  ·  1:01", "factor": 0.0}


def test_an_engine_that_makes_frames_in_bursts_is_judged_by_the_time_that_has_passed(extension):
    pace = importlib.import_module(f"{PACKAGE}.addon.render.job").Pace()
    for at in (100.0, 100.01, 100.02, 100.03, 100.04):
        pace.count(at)
    assert pace.seconds(40, now=108.0) == pytest.approx(80)


def test_while_the_scene_is_read_the_job_counts_and_tells_it(scene, painted):
    scene.frame_end = 60
    window = begun(scene, 60)
    told = []
    wait_until(
        lambda: not window.session.job.state.value.startswith("Reading"), lambda: told.extend(window.session.step())
    )
    progress = [event for event in told if type(event).__name__ == "Progress" and event.stage == "Reading the scene"]
    assert progress and all(event.total == 60 for event in progress)
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    window.close()
