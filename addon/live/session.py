"""The live session of this Blender, if one is open: what its tools, overlay and panel ask and tell."""

import threading
import time
import traceback
from collections import deque
from enum import Enum

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge import terminal
from ...backend.motion_bridge.errors import BadInput, MotionBridgeError
from ...backend.motion_bridge.geometry.live_motion import Moment, of_notes
from ...backend.motion_bridge.geometry.live_points import LivePoints
from ...backend.motion_bridge.ipc.events import Event, FrameMade
from ...backend.motion_bridge.takes import lock
from ...backend.motion_bridge.takes.writer import frame_name
from .. import takes_on_disk
from ..render.job import Job, State
from ..render.manager import window
from ..render.request import TakeRequest, live_take
from ..scene.camera import picture_of
from ..scene.key_picture import percentage
from ..scene.restore_state import changed
from ..take import Take
from ..viewer import camera_overlay, status, takes_in_view
from ..viewer.strip import TakeStrip
from ..viewer.takes_scene import chosen_scene
from . import recording
from .hands import Hands, Points
from .sampler import Sampler

PULSE = 0.02  # seconds between two looks at the scene
PACE = 24  # frames by which the rate is judged
TICKS = 1000  # of which the times are kept
SAMPLES = 4096  # of which it is known when they were sent
ENDING = 5.0  # seconds that a job has to end before its take is left alone


class LiveState(Enum):
    """Where a session is; its value is what people read."""

    PREPARING = "Preparing"
    RUNNING = "Live"
    PAUSED = "Paused"
    ENDED = "Stopped"  # by itself: the engine failed, or the longest session was reached; it can still be kept
    CLOSED = "Closed"


class LiveSession:
    """An engine that streams while the scene is changed.

    Live frame k stands for frame `start + k` of the scene. Points are numbered as the Shot's tracks, and added ones
    behind them; positions are pixels of the Shot's frame, its origin the top left corner.
    """

    def __init__(self, scene: bpy.types.Scene, request: TakeRequest):
        assert request.request
        self.start = request.frames[0]
        self.scene_name = scene.name
        self.engine = request.engine
        self.state = LiveState.PREPARING
        self.error = ""  # why it ended by itself, as a sentence
        self.used_frames = -1  # the index of the last frame that was generated
        self.chunk = 0  # the number of the chunk that came last
        self.frames_per_second = scene.render.fps / scene.render.fps_base  # at first the scene's
        self.behind = 0.0  # seconds from the sampling of what the newest frame shows to its arrival
        self.work: deque[float] = deque(maxlen=TICKS)  # seconds of the main thread's processor that each tick took
        self.latencies: deque[float] = deque(maxlen=TICKS)  # from sampling to the first frame that shows it, seconds
        self.hands = Hands([])
        self.newest: FrameMade | None = None  # the picture that came last
        self.moments: dict[int, Moment] = {}  # what each frame shows, by its index
        with changed(scene.render, resolution_percentage=percentage(scene, request.request.options.size)):
            picture = picture_of(scene.render)  # the Shot's, a draft's too
        self.size = (picture.width, picture.height)  # of the frames, pixels
        self._sampler = Sampler(scene, request.engine, request.request.sources, picture)
        self._sent: dict[int, tuple[float, Moment | None]] = {}  # by sample: when, and what it said
        self._sample = self._shown = -1
        self._arrivals: deque[float] = deque(maxlen=PACE)
        self._points: LivePoints | None = None
        self._reading: threading.Thread | None = None
        self._paused_told = False
        self._drawn: FrameMade | None = None  # what the camera's view shows
        self._job: Job | None = None  # another one may run in the window once this has ended

    @property
    def paused(self) -> bool:
        return self.state is LiveState.PAUSED

    @property
    def ready(self) -> bool:
        """Whether the Shot's points are read, so that others can be added behind them."""
        return self._points is not None

    @property
    def points(self) -> Points:
        """(N, 2) pixels, where the points are now; nan for what is removed. Empty until the session runs."""
        moment = self._sampler.moment
        if self._points is None or moment is None:
            return np.zeros((0, 2))
        return self.hands.placed(self._points.at(self._known(moment)))

    @property
    def kinds(self) -> list[str]:
        """(N,) grid, path, live or pinned; what somebody holds is live."""
        return self.hands.kinds

    @property
    def sentence(self) -> str:
        """Why things are not as they usually are; empty where they are."""
        return self.error or self._sampler.problem

    @property
    def summary(self) -> str:
        """How it goes, in a line: chunk 5 · 12 fps · 0.4 s behind."""
        if self.used_frames < 0:
            ended = self.state is LiveState.ENDED
            return self.state.value if ended else f"{LiveState.PREPARING.value}\N{HORIZONTAL ELLIPSIS}"
        parts = [f"chunk {self.chunk}", f"{self.frames_per_second:.0f} fps", f"{self.behind:.1f} s behind"]
        if self.state is not LiveState.RUNNING:
            parts.insert(0, self.state.value)
        return "  \N{MIDDLE DOT}  ".join(parts)

    @property
    def job(self) -> Job | None:
        """Its job; None while the first frame is rendered."""
        if self._job is None and window.session:
            self._job = window.session.job
        return self._job

    @property
    def take(self) -> Take | None:
        """Where its frames are."""
        return self.job.take if self.job else None

    def drag(self, point: int, x: float, y: float) -> None:
        """Take hold of a point, if nobody has, and move it: it is at the pixel when the next chunk ends."""
        points = self.points
        if 0 <= point < len(points):
            self.hands.drag(point, points[point], float(x), float(y))

    def release(self, point: int) -> None:
        """Let a point go."""
        self.hands.release(point)

    def pin(self, point: int) -> None:
        """Hold a point still where it is."""
        points = self.points
        if 0 <= point < len(points):
            self.hands.pin(point, points[point])

    def remove(self, point: int) -> None:
        """Forget a point."""
        self.hands.remove(point)

    def add(self, x: float, y: float) -> int:
        """A new point, held at a pixel; its number, -1 when there are too many, or before the session is ready."""
        return self.hands.add(float(x), float(y)) if self.ready else -1

    def toggle_pause(self) -> None:
        """Stop making frames, or go on."""
        if self.state in (LiveState.RUNNING, LiveState.PAUSED):
            self.state = LiveState.RUNNING if self.paused else LiveState.PAUSED

    def saw(self, events: list[Event]) -> None:
        """What the job has told."""
        for event in events:
            if isinstance(event, FrameMade):
                self._arrived(event)

    def tick(self) -> None:
        """Look at the scene and tell the engine what has changed; never waits."""
        begun = time.thread_time()
        try:
            self._tick()
        finally:
            self.work.append(time.thread_time() - begun)

    def keep(self) -> list[str]:
        """End it and record its motion as keyframes; what people should know. The caller makes the undo step."""
        job, count = self._cancelled(), self.used_frames + 1
        if job:
            _endings.append(_Ending(job, job.take, count))  # whatever becomes of the keyframes
        if job is None or count == 0:
            camera_overlay.forget()
            return ["Nothing was generated yet, so there is nothing to keep."]
        said = []
        scene = bpy.data.scenes.get(self.scene_name)
        if scene is None:
            said.append(f"The scene {self.scene_name!r} is gone, so no keyframes were made.")
        else:
            moments = {self.start + index: moment for index, moment in self.moments.items() if index < count}
            said += recording.record(scene, self._sampler.camera_name, moments, self._nearest)
            frames = range(self.start, self.start + count)
            strip = TakeStrip(scene, chosen_scene(bpy.context), job.take.folder, frames)
            for index in range(count):
                strip.add(index, frame_name(self.start + index))
            strip.place()
            takes_in_view.show(scene, job.take)
        return [f"{job.take.name}: {count} frames and their motion are kept.", *said]

    def drop(self) -> None:
        """End it and put what it made into the trash."""
        job = self._cancelled()
        camera_overlay.forget()
        if job:
            _endings.append(_Ending(job, job.take, 0))

    def leave(self, why: str) -> None:
        """End it where no keyframes can be made any more; its frames stay on disk."""
        job, count = self.job, self.used_frames + 1
        if self.state is not LiveState.CLOSED:
            self._cancelled()
            if job and count:
                self.error = f"The live session ended: {why} Its {count} frames are in {job.take.folder}."
                terminal.note(self.error)

    def _cancelled(self) -> Job | None:
        """Close the session and have its job end; the job, if there is one yet."""
        job = self.job
        self.state = LiveState.CLOSED
        if job:
            job.cancel()
        else:
            window.cancel()
        return job

    @property
    def _nearest(self) -> float:
        return self._points.nearest if self._points else 1.0

    def _tick(self) -> None:
        job = self.job
        if self.state in (LiveState.CLOSED, LiveState.ENDED):
            return
        if job is None:
            if not window.running:
                self._end(str(window.error or "The first frame was not rendered."))
            return
        if not job.state.running:
            self._end(str(job.error or "The session has reached its maximum length."))
            return
        if job.state is not State.GENERATING:
            return
        if self._reading is None:
            job.pack_pictures()
            self._reading = threading.Thread(target=self._read, args=(job.take,), name="motion-bridge-live")
            self._reading.start()
        self._tell(job)
        if self.newest is not None and self.newest is not self._drawn and self.newest.packed is not None:
            self._drawn = self.newest
            camera_overlay.show(self.scene_name, self.newest.packed)

    def _read(self, take: Take) -> None:
        """In a thread: the Shot's tracks."""
        try:
            shot = shots.load(take.shot)
            if shot.tracks is not None and shot.geometry is not None:
                found = LivePoints(shot)
                self.hands = Hands(list(shot.tracks.kind))
                self._points = found
        except MotionBridgeError as fault:
            self.error = str(fault)

    def _tell(self, job: Job) -> None:
        fields = {} if self.paused else self._sampler.look(self.start + self.used_frames + 1)
        if deeds := self.hands.take_deeds():
            fields["tracks"] = deeds
        if self.paused != self._paused_told:
            self._paused_told = self.paused
            fields["settings"] = {**fields.get("settings", {}), "paused": self.paused}
        if not fields:
            return
        self._sample += 1
        self._sent[self._sample] = time.monotonic(), self._sampler.moment
        self._sent.pop(self._sample - SAMPLES, None)
        try:
            job.change({**fields, "sample": self._sample})
        except BadInput as fault:
            self.error = str(fault)

    def _arrived(self, frame: FrameMade) -> None:
        if self.state is LiveState.CLOSED:
            return
        if self.state is LiveState.PREPARING:
            self.state = LiveState.RUNNING
        self.newest, self.used_frames = frame, max(self.used_frames, frame.index)
        self.chunk = frame.live.get("chunk", frame.index)
        sample = frame.live.get("sample", -1)
        if sample > self._shown and sample in self._sent:
            self._shown = sample
            self.behind = frame.arrived - self._sent[sample][0]
            self.latencies.append(self.behind)
        self.moments[frame.index] = self._moment_of(frame, sample)
        self._arrivals.append(frame.arrived)
        if len(self._arrivals) > 1 and self._arrivals[-1] > self._arrivals[0]:
            self.frames_per_second = (len(self._arrivals) - 1) / (self._arrivals[-1] - self._arrivals[0])

    def _moment_of(self, frame: FrameMade, sample: int) -> Moment:
        try:
            return of_notes(frame.live)
        except (KeyError, TypeError, ValueError):  # an engine that does not say: what was sampled for it
            sent = self._sent.get(sample, (0.0, None))[1] or self._sampler.moment
            return sent or Moment(np.eye(4), np.eye(3), False)

    def _known(self, moment: Moment) -> Moment:
        """The moment with only those objects that the Shot holds."""
        known = self._points.names if self._points else frozenset()
        if moment.objects.keys() <= known:
            return moment
        objects = {name: pose for name, pose in moment.objects.items() if name in known}
        return Moment(moment.pose, moment.intrinsics, moment.orthographic, objects)

    def _end(self, sentence: str) -> None:
        if self.state is not LiveState.ENDED:
            self.state, self.error = LiveState.ENDED, sentence

    def fail(self, fault: Exception) -> None:
        """End it by itself because of a fault of ours; it can still be kept."""
        self._end(f"The live session ended because of an error in Motion Bridge: {fault or type(fault).__name__}")
        if self.job:
            self.job.cancel()


_session: LiveSession | None = None


def current() -> LiveSession | None:
    """The session that is open; None while there is none."""
    return _session


def begin(context: bpy.types.Context) -> LiveSession:
    """Open a session on the context's scene. BadInput when there is none to be had."""
    global _session
    scene = context.scene
    request = live_take(scene)
    scene.frame_set(request.frames[0])  # so that the session begins with what its first frame shows
    session = LiveSession(scene, request)
    window.begin(context, request, session.saw)
    _session = session
    if not bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.register(_pulse, persistent=True)
    if _file_loaded not in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.append(_file_loaded)
    return session


def close() -> None:
    """Forget the session that was kept or dropped, or end it; what it made stays."""
    global _session
    if _session:
        _session.leave("Motion Bridge was switched off.")
    _session = None
    if bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.unregister(_pulse)
    if _file_loaded in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(_file_loaded)


def step() -> bool:
    """Look at the session and at those that are about to end; False when there is nothing to look at any more."""
    global _session
    _endings[:] = [ending for ending in _endings if not ending.over()]
    session = _session
    if session is not None:
        if session.state is LiveState.CLOSED or (session.state is LiveState.ENDED and not session.moments):
            _session = None
        else:
            try:
                session.tick()
            except Exception as fault:  # out of the timer it would stop the timer, and the session could never end
                traceback.print_exc()
                session.fail(fault)
    return _session is not None or bool(_endings)


def _pulse() -> float | None:
    goes_on = step()
    if _session is not None and window.running:
        said = f"Live, {_session.used_frames + 1} frames"
        status.show(said, None, _session.summary)
    return PULSE if goes_on else None


@persistent
def _file_loaded(*_: object) -> None:
    global _session
    if _session:
        _session.leave("another file was opened.")
        _session = None


class _Ending:
    """A session's job on its way to its end; then its take is made what was kept of it."""

    def __init__(self, job: Job, take: Take, count: int):
        """count: the frames to keep; for none the take goes to the trash."""
        self._job, self._take, self._count = job, take, count
        self._give_up = time.monotonic() + ENDING

    def over(self) -> bool:
        """Go on as far as possible without waiting; whether there is nothing left to do."""
        late = time.monotonic() > self._give_up
        if self._job.state.running and not late:
            return False
        window.dismiss()
        names = [frame_name(number) for number in sorted(self._take.frames())]
        try:
            if self._count == 0:
                _discard(self._take)
            elif beyond := names[self._count :]:
                takes_on_disk.remove(self._take, beyond)
                takes_in_view.refresh(self._take)
        except BadInput:  # the backend is about to let it go
            return late
        return True


def _discard(take: Take) -> None:
    """Into the trash; deleted where there is none, or nothing was generated. BadInput while it is in use."""
    with lock.held(take.folder):
        pass
    try:
        if take.frames():
            takes_on_disk.to_trash(take)
    except BadInput:
        pass  # there is no trash that it could go to
    if take.folder.exists():
        takes_on_disk.remove(take)


_endings: list[_Ending] = []
