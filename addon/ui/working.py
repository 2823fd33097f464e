"""Operators whose work takes a while, and how far it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge.errors import MotionBridgeError
from ..exchange.background_task import Task, Worker
from ..names import TITLE
from ..render.manager import window
from ..viewer.editors import redraw_panels
from .operators import attempt

PULSE = 0.1  # seconds


class Working:
    """An operator whose work takes a while: in a window it goes on in a thread, from a script it returns when done."""

    under_way: Worker | None = None  # of the class: one is enough at a time
    _in_window = False
    _worker: Worker | None = None
    _timer: Any = None
    _drawn = (-1, -1)  # frames done and in all, as the panels show them

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not window.running and Working.under_way is None

    def start(self, context: bpy.types.Context, begin: Callable[[], Task]) -> set[str]:
        try:
            self._worker = Worker(begin())
        except MotionBridgeError as fault:
            self.report({"ERROR"}, str(fault))  # type: ignore[attr-defined]
            return {"CANCELLED"}
        if not self._in_window:
            return self._end()
        Working.under_way = self._worker
        manager = context.window_manager
        self._timer = manager.event_timer_add(PULSE, window=context.window)
        manager.modal_handler_add(self)  # type: ignore[arg-type]
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        worker = self._worker
        assert worker
        if event.type == "ESC":
            worker.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if (worker.done, worker.total) != self._drawn:
            self._drawn = worker.done, worker.total
            context.workspace.status_text_set(f"{TITLE}: {progress_of(worker)}")
            redraw_panels()
        if worker.running:
            return {"PASS_THROUGH"}
        self._release(context)
        ended = self._end()
        redraw_panels()
        return ended

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender does not go on with it: another file is loaded, or it quits."""
        if self._worker and self._timer:
            self._worker.abandon()
            self._release(context)

    def _release(self, context: bpy.types.Context) -> None:
        Working.under_way = None
        context.workspace.status_text_set(None)
        context.window_manager.event_timer_remove(self._timer)
        self._timer = None

    def _end(self) -> set[str]:
        return attempt(self, self._tell)  # type: ignore[arg-type]

    def _tell(self) -> None:
        assert self._worker
        self.done(self._worker.task, *self._worker.finish())

    def done(self, task: Any, files: tuple[Path, ...], sentences: tuple[str, ...]) -> None:
        """What is to be done when it went well."""


def draw_work(layout: bpy.types.UILayout) -> None:
    """How far the work is that is under way."""
    worker = Working.under_way
    assert worker
    layout.progress(text=progress_of(worker), factor=worker.done / worker.total if worker.total else 0.0)


def progress_of(worker: Worker) -> str:
    at_work = worker.total and worker.done < worker.total
    return f"{worker.done} of {worker.total} frames  (Esc)" if at_work else "Working  (Esc)"
