"""A job together with what shows it; the one session of this Blender, if one is running, is in window.py."""

import time
from collections.abc import Callable

from ...backend.motion_bridge.ipc.events import Event, FrameMade, Preview
from ..viewer.delivery import Delivery
from .job import Job

PULSE = 1 / 60  # seconds between two looks at the backend


class Session:
    """Drives a job and delivers its frames; `step` never blocks."""

    def __init__(self, job: Job, delivery: Delivery | None):
        self.job = job
        self.delivery = delivery
        self._counted = False

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

    def run(self, saw: Callable[[Event], None] = lambda event: None) -> None:
        """Drive the job to its end where no timer does it; the job's error, if any, is raised."""
        try:
            while self.job.state.running:
                events = self.step()
                for event in events:
                    saw(event)
                if not events:
                    time.sleep(PULSE)
        finally:
            self.job.close()
        if self.job.error:
            raise self.job.error
