"""A job together with what shows it; the one session of this Blender, if one is running, is in window.py."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import bpy

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.ipc.events import Event, FrameMade, Preview
from ..scene.first_frame import Pixels, render_frame
from ..viewer.delivery import Delivery
from .job import Job, PictureRequest


def render_picture(frame: int, asked: PictureRequest) -> Pixels:
    """A key picture, here and now."""
    scene = bpy.data.scenes.get(asked.scene)
    if scene is None:
        raise BadInput(f"The scene {asked.scene!r} is gone, so its key pictures cannot be rendered.")
    return render_frame(scene, frame, scene.view_layers.get(asked.layer), asked.options)


PULSE = 1 / 60  # seconds between two looks at the backend


class Session:
    """Drives a job and delivers its frames; `step` never blocks."""

    def __init__(self, job: Job, delivery: Delivery | None):
        self.job = job
        self.delivery = delivery
        self._counted = False
        if not bpy.app.background:
            job.pack_pictures()

    def step(self) -> list[Event]:
        """Go on as far as possible without waiting; what the backend has told since the last call."""
        events = self.job.tick()
        if self.delivery:
            if self.job.total and not self._counted:
                self._counted = True
                self.delivery.add_earlier()
            self.delivery.add([event for event in events if isinstance(event, FrameMade | Preview)])
            self.delivery.show(last=not self.job.state.running)
        return events

    def run(
        self,
        saw: Callable[[Event], None] = lambda event: None,
        while_blender_renders: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Drive the job to its end where no timer does it; the job's error, if any, is raised."""
        try:
            while self.job.state.running:
                events = self.step()
                for event in events:
                    saw(event)
                if (frame := self.job.wanted_picture) is not None:
                    assert self.job.picture_request
                    with while_blender_renders():
                        picture = render_picture(frame, self.job.picture_request)
                    self.job.give_picture(frame, picture)
                elif not events:
                    time.sleep(PULSE)
        finally:
            self.job.close()
        if self.job.error:
            raise self.job.error
