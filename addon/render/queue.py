"""Takes one after the other, in the order of the scene's queue, while the artist works on."""

from dataclasses import replace
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...backend.motion_bridge.errors import BadInput, Cancelled, MotionBridgeError
from ...backend.motion_bridge.shot import GenerationSettings
from .. import take
from ..properties import settings_of
from ..viewer.editors import redraw_panels
from .manager import window
from .request import Changes, TakeRequest, fresh

PULSE = 0.2  # seconds between two looks at the job


class Queue:
    """The queue that is being rendered; one at a time."""

    scene = ""  # its name; empty while none is
    camera = 0  # the scene's own, by its number in this session, that it gets back; 0 for none


def running() -> bool:
    """Whether a queue is being rendered."""
    return bool(Queue.scene)


def begin(context: Any) -> None:
    """Render what is not done yet. BadInput where nothing waits or something else is under way."""
    scene = context.scene
    if window.running or running():
        raise BadInput("A take is being made; wait, or press Esc.")
    entries = settings_of(scene).queue
    if all(entry.state == "DONE" for entry in entries):
        raise BadInput("The queue has nothing to render; add a camera, a seed or an engine.")
    for entry in entries:
        entry.state = "DONE" if entry.state == "DONE" else "WAITING"
    Queue.scene, Queue.camera = scene.name, scene.camera.session_uid if scene.camera else 0
    if bpy.app.background:
        _run(context, scene)
        return
    _next()
    if running() and not bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.register(_pulse, first_interval=PULSE, persistent=True)


def cancel() -> None:
    """Cancel the current take, keep its frames, and stop the queue."""
    window.cancel()
    _end()


def request_of(scene: Any, entry: Any) -> TakeRequest:
    """The take that an entry asks for. BadInput as for `fresh`."""
    engine = entry.engine or settings_of(scene).engine
    if entry.camera is not None and entry.camera.name not in scene.objects:
        raise BadInput(f"The camera {entry.camera.name} is not in this scene.")
    folder = take.output_folder(settings_of(scene).output)
    changes = Changes(generation=GenerationSettings(seed=entry.seed))
    return replace(fresh(take.new(folder), scene, engine, changes), numbered=True)


def _run(context: Any, scene: Any) -> None:
    """All of it, here and now."""
    try:
        while (entry := _waiting(scene)) is not None:
            _look_through(scene, entry)
            try:
                window.run(context, request_of(scene, entry))
                _note(entry, None)
            except MotionBridgeError as fault:
                _note(entry, fault)
                if isinstance(fault, Cancelled):
                    break
    finally:
        _end()


def _next() -> None:
    """Begin the next one that can be begun; end where there is none."""
    scene = bpy.data.scenes.get(Queue.scene)
    shown = next((each for each in bpy.context.window_manager.windows if scene and each.scene == scene), None)
    while scene is not None and shown is not None and (entry := _waiting(scene)) is not None:
        _look_through(scene, entry)
        try:
            with bpy.context.temp_override(window=shown):
                window.begin(bpy.context, request_of(scene, entry))
            return
        except MotionBridgeError as fault:
            _note(entry, fault)
            if isinstance(fault, Cancelled):
                break
    _end()


def _pulse() -> float | None:
    if not running():
        return None
    delivery = window.session.delivery if window.session else None
    if window.running or window.first_render or (delivery is not None and delivery.pending):
        return PULSE
    scene = bpy.data.scenes.get(Queue.scene)
    entries = settings_of(scene).queue if scene else ()
    entry = next((each for each in entries if each.state == "RUNNING"), None)
    if entry is not None:
        _note(entry, window.error)
    if isinstance(window.error, Cancelled):
        _end()
    else:
        _next()
    redraw_panels()
    return PULSE if running() else None


def _waiting(scene: Any) -> Any:
    return next((entry for entry in settings_of(scene).queue if entry.state == "WAITING"), None)


def _look_through(scene: Any, entry: Any) -> None:
    entry.state, entry.outcome = "RUNNING", ""
    scene.camera = entry.camera or _own_camera(scene)


def _own_camera(scene: Any) -> Any:
    """The camera that the scene had when the queue began; the present one where that was deleted."""
    if not Queue.camera:
        return None
    return next((each for each in bpy.data.objects if each.session_uid == Queue.camera), scene.camera)


def _note(entry: Any, fault: MotionBridgeError | None) -> None:
    if fault is None:
        entry.state = "DONE"
        entry.outcome = window.session.job.take.name if window.session else ""
    else:
        entry.state, entry.outcome = ("WAITING" if isinstance(fault, Cancelled) else "FAILED"), str(fault)


def _end() -> None:
    scene = bpy.data.scenes.get(Queue.scene)
    if scene is not None:
        scene.camera = _own_camera(scene)
        for entry in settings_of(scene).queue:
            if entry.state == "RUNNING":
                entry.state = "WAITING"
    Queue.scene, Queue.camera = "", 0


@persistent
def _file_loaded(*_: Any) -> None:
    Queue.scene, Queue.camera = "", 0


def register() -> None:
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_file_loaded)
    if bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.unregister(_pulse)
    Queue.scene, Queue.camera = "", 0
