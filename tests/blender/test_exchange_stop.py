"""An export that is stopped ends at once and leaves nothing, whatever it was at."""

import importlib
from pathlib import Path

import bpy
import pytest
from blender_session import SOON, wait_until


@pytest.fixture
def parts(extension):
    names = ("exchange.export", "exchange.background_task")
    return [importlib.import_module(f"{extension.__name__}.addon.{name}") for name in names]


@pytest.fixture
def cancelled(extension):
    return importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors").Cancelled


def stop(worker, cancelled) -> None:
    """Stop it; what is stopped too late would be done instead, or go on for minutes."""
    worker.cancel()
    wait_until(lambda: not worker.running, seconds=SOON)
    with pytest.raises(cancelled):
        worker.finish()


@pytest.mark.parametrize("kind", ["webui", "parseq", "guide", "das"])
def test_stopped_while_it_fits_or_draws_it_leaves_no_file(scene, parts, cancelled, tmp_path: Path, kind):
    export, work = parts
    scene.frame_end = 60
    before = set(tmp_path.iterdir())
    task = export.Export(bpy.context, kind, str(tmp_path / "motion"), {}, export.choices_of(scene))
    worker = work.Worker(task)
    wait_until(lambda: worker.done == 60)
    stop(worker, cancelled)
    assert set(tmp_path.iterdir()) == before


def test_stopped_while_the_scene_is_read_it_leaves_no_file(scene, parts, cancelled, tmp_path: Path):
    export, work = parts
    scene.frame_end = 300
    before = set(tmp_path.iterdir())
    worker = work.Worker(export.Export(bpy.context, "webui", str(tmp_path / "motion"), {}, export.choices_of(scene)))
    wait_until(lambda: worker.done > 2)
    stop(worker, cancelled)
    assert set(tmp_path.iterdir()) == before


def test_schedules_for_the_clipboard_can_be_stopped(scene, parts, cancelled):
    export, work = parts
    scene.frame_end = 60
    bpy.context.window_manager.clipboard = "kept"
    worker = work.Worker(export.Copy(bpy.context, {}))
    wait_until(lambda: worker.done == 60)
    stop(worker, cancelled)
