"""The one job of this Blender's window: begun by an operator, driven by a persistent timer, shown by the panel."""

from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.errors import BadInput, Cancelled, MotionBridgeError
from ...backend.motion_bridge.ipc.events import Event
from ..scene.view_layer import rendered_layer
from ..viewer import editors, image, status, takes_in_view
from ..viewer.delivery import Delivery
from ..viewer.takes_scene import chosen_scene
from .first_frame_render import FirstRender
from .job import Job, State
from .prompt_changes import Prompts
from .request import TakeRequest
from .session import PULSE, Session

Watch = Callable[[list[Event]], None]
LOOKS = bpy.types.Material | bpy.types.World
OURS = bpy.types.Scene | bpy.types.Image  # what a job itself changes


class Window:
    """The job that runs, or ran last, and why it ended if that was early."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.error: MotionBridgeError | None = None
        self.scene_changed = False  # since the running job took its snapshot
        self._request: TakeRequest | None = None  # what begins once its first frame is rendered
        self._render: FirstRender | None = None
        self._key: int | None = None  # the frame that is rendered for the session's job
        self._scene_name = ""
        self._delivering = False  # what changes now is our own strip
        self._watch: Watch | None = None  # who is told of the events of the running job, and tells it what changes
        self._prompts: Prompts | None = None  # as the running job was told them

    @property
    def rendering_first_frame(self) -> bool:
        return self._render is not None and not self._render.given_up and self._key is None

    @property
    def first_render(self) -> FirstRender | None:
        """The render of the first frame or of a key picture, while that is under way."""
        return self._render if self._render is not None and not self._render.given_up else None

    @property
    def running(self) -> bool:
        return self.rendering_first_frame or (self.session is not None and self.session.job.state.running)

    @property
    def watched(self) -> bool:
        """Whether somebody else says how the job goes, as a live session does."""
        return self._watch is not None

    @property
    def progress(self) -> tuple[str, float]:
        """How far the work is, in a few words, and its share from 0 to 1."""
        if render := self.first_render:
            done, samples = render.samples
            return f"Rendering {render.what}", done / max(samples, 1)
        if self.session is None:
            return "", 0.0
        job = self.session.job
        done, total = job.counted
        if job.live and not job.state.prepares:
            return f"Live, {done} frames", 0.0  # it ends when somebody ends it
        return f"{job.state.value}, {done} of {total}" if total else job.stage or job.state.value, job.progress

    def begin(self, context: bpy.types.Context, request: TakeRequest, watch: "Watch | None" = None) -> None:
        """Start a job that goes on while the artist works; BadInput when it cannot begin.

        watch: is given all events of the job, in a window's timer.
        """
        self._forget()
        self._watch, self._prompts = watch, Prompts.of(context.scene)
        self._scene_name = context.scene.name
        takes_in_view.leave()
        editors.look_through_camera(context, image.find())
        if request.renders_first_frame:
            self._request = request
            assert request.request
            layer, options = rendered_layer(context), request.request.options
            self._render = FirstRender(context.scene, request.frames[0], layer, options)
        else:
            self.session = session_of(context, request)
        _listen()

    def run(self, context: bpy.types.Context, request: TakeRequest) -> None:
        """The same from beginning to end, for scripts; raises what stopped it early."""
        self._forget()
        self.session = session_of(context, request)
        try:
            self.session.run()
        finally:
            self.error = self.session.job.error

    def cancel(self) -> None:
        """Stop within a second; finished frames stay."""
        if self._render:
            self._render.given_up = True  # Blender itself ends a render only for Esc
            self.error = Cancelled(f"Cancelled; if {self._render.what} is still being rendered, Esc stops that too.")
        if self.session:
            self.session.job.cancel()

    def dismiss(self) -> None:
        """Say nothing of how the last job ended."""
        self.error = None
        if self.session and not self.running:
            self.session.job.error = None

    def close(self) -> None:
        """Leave nothing behind: no process, thread, timer or handler."""
        _listen_no_more()
        status.clear()
        if self._render:
            self._render.close()
        self._forget()

    def step(self) -> bool:
        """Look at everything that is under way; False when nothing is any more."""
        try:
            if self._render:
                self._follow_render(self._render)
            if self.session:
                self._delivering = True
                events = self.session.step()
                if self._watch:
                    self._watch(events)
                else:
                    self._tell_prompts(self.session.job)
                self._render_wanted(self.session.job)
                self.error = self.session.job.error
        except MotionBridgeError as fault:
            self.error = fault.with_traceback(None)  # which would keep the snapshot
        finally:
            self._delivering = False
        waits = self.session is not None and self.session.delivery is not None and self.session.delivery.pending
        return self.running or self._render is not None or waits

    def file_loaded(self) -> None:
        """Another file is open: what was begun for the old one goes on by itself, or ends."""
        if self._render:
            self._render.close()
            self.error = Cancelled(f"Cancelled: another file was opened while {self._render.what} was rendered.")
            self._render = self._key = None
            if self.session:
                self.session.job.cancel()
        if self.session and self.session.delivery:
            self.session.delivery.file_loaded()

    def scene_updated(self, scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
        """Notice an edit of the scene that the running job was read from; going to another frame is not an update.

        What happens while the Shot is written does not count: the snapshot's own updates come late.
        """
        job = self.session.job if self.session else None
        rendering = job is not None and job.state is State.RENDERING and job.counted[0] > 0
        read = rendering or (job is not None and job.state is State.GENERATING)
        watched = read and not self._delivering and scene.name == self._scene_name
        if watched and _is_edit(depsgraph.updates):
            self.scene_changed = True

    def _tell_prompts(self, job: Job) -> None:
        """Let an engine that listens have the prompts that were typed since the job was read."""
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None or not job.state.running or "prompts" not in engines.find(job.engine).accepts:
            return
        now = Prompts.of(scene)
        changed = now.since(self._prompts) if self._prompts else {}
        if not changed or job.change({"prompts": changed}):
            self._prompts = now

    def _render_wanted(self, job: Job) -> None:
        """Begin the render of the key picture that a job waits for."""
        frame, asked = job.wanted_picture, job.picture_request
        if frame is None or asked is None or self._render or bpy.app.is_job_running("RENDER"):
            return
        done, total = job.counted
        try:
            with bpy.context.temp_override(window=_window_of(asked.scene)):
                scene = bpy.data.scenes[asked.scene]
                layer = scene.view_layers.get(asked.layer) or scene.view_layers[0]
                what = f"key picture {done + 1} of {total}"
                self._render, self._key = FirstRender(scene, frame, layer, asked.options, what), frame
        except MotionBridgeError as fault:
            job.fail(fault)

    def _follow_key(self, render: FirstRender, frame: int) -> None:
        self._render = self._key = None
        job = self.session.job if self.session else None
        try:
            picture = None if render.given_up else render.picture()
            if picture is not None and job:
                job.give_picture(frame, picture.pixels)
        except MotionBridgeError as fault:
            if job:
                job.fail(fault)
        finally:
            render.close()

    def _follow_render(self, render: FirstRender) -> None:
        if render.running:
            return
        if self._key is not None:
            self._follow_key(render, self._key)
            return
        self._render = None
        request, self._request = self._request, None
        try:
            picture = None if render.given_up else render.picture()
        finally:
            render.close()
        if picture is not None and request:
            with bpy.context.temp_override(window=_window_of(self._scene_name)):
                self.session = session_of(bpy.context, request.starting_from(picture, render.layer))

    def _forget(self) -> None:
        if self.session:
            self.session.job.close()
        self.__init__()


window = Window()


def session_of(context: bpy.types.Context, request: TakeRequest) -> Session:
    """Begin a request's job, to be shown in the Sequencer and the Image Editor of this context."""
    job = request.begin(context)
    if request.live:
        return Session(job, None)  # a strip comes when the session is kept
    return Session(job, Delivery(context.scene, chosen_scene(context), job.take, request.frames))


def _is_edit(updates: bpy.types.bpy_prop_collection) -> bool:
    """Whether something changed that a new snapshot would show; a selection or our own strip and image do not.

    A change of the render settings shades every object. A lens or a light's power makes an update without a datablock,
    as opening a window does: they go unnoticed.
    """
    return any(
        (update.is_updated_transform or update.is_updated_geometry or isinstance(update.id, LOOKS))
        and not isinstance(update.id, OURS)
        for update in updates
    )


def _window_of(scene_name: str) -> bpy.types.Window:
    for open_window in bpy.context.window_manager.windows:
        if open_window.scene.name == scene_name:
            return open_window
    raise BadInput(f"The scene {scene_name} is no longer open in any window; open it and press Render again.")


def _pulse() -> float | None:
    before, earlier_error = _looks(), window.error
    goes_on = window.step()
    if _looks() != before:
        editors.redraw_panels()
    if window.running and not window.watched:
        status.show(*window.progress)
    elif not window.running:
        status.clear()
    if window.error is not earlier_error and window.error and not isinstance(window.error, Cancelled):
        editors.pop_up(str(window.error))
    return PULSE if goes_on else None


def _looks() -> tuple[Any, ...]:
    """What the panel says; when it changes the panel is drawn anew."""
    job, render = window.session.job if window.session else None, window.first_render
    counted = render and (int(render.seconds), render.samples)
    made = job and (job.state, job.finished, job.stage, job.silent, round(job.progress, 2), int(job.seconds_left or 0))
    return window.running, window.error, counted, made


@persistent
def _file_loaded(*_: Any) -> None:
    window.file_loaded()


@persistent
def _scene_updated(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    window.scene_updated(scene, depsgraph)


HANDLERS = (("load_post", _file_loaded), ("depsgraph_update_post", _scene_updated))


def _listen() -> None:
    if not bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.register(_pulse, persistent=True)
    for name, handler in HANDLERS:
        handlers = getattr(bpy.app.handlers, name)
        if handler not in handlers:
            handlers.append(handler)


def _listen_no_more() -> None:
    if bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.unregister(_pulse)
    for name, handler in HANDLERS:
        handlers = getattr(bpy.app.handlers, name)
        if handler in handlers:
            handlers.remove(handler)
