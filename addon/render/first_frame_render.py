"""The first frame, rendered as F12 does it while Blender stays usable."""

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...backend.motion_bridge.errors import BadInput, Cancelled
from ..scene.first_frame import Pixels, render_result


class FirstRender:
    """A render that is under way in the window; the scene gets its frame and settings back when it has ended."""

    def __init__(self, scene: bpy.types.Scene, frame: int):
        if bpy.app.is_job_running("RENDER"):
            raise BadInput("Blender is rendering; press Render again when that has ended.")
        self.given_up = False  # somebody cancelled: what comes out is not wanted any more
        self._scene_name = scene.name
        self._frame = scene.frame_current, scene.frame_subframe
        self._kept = {name: getattr(scene.render, name) for name in ("use_sequencer", "use_border")}
        self._outcome: str | None = None
        self._handlers = self._listen()
        scene.render.use_sequencer = scene.render.use_border = False
        scene.frame_set(frame)
        bpy.ops.render.render("INVOKE_DEFAULT", scene=scene.name)

    @property
    def running(self) -> bool:
        return self._outcome is None or bpy.app.is_job_running("RENDER")

    def pixels(self) -> Pixels:
        """What was rendered; Cancelled when somebody pressed Esc in the render."""
        if self._outcome != "complete":
            raise Cancelled("Cancelled while the first frame was rendered; no frame yet.")
        return render_result(bpy.data.scenes[self._scene_name])

    def close(self) -> None:
        """Give the scene back what was changed for the render."""
        for handlers, handler in self._handlers:
            if handler in handlers:
                handlers.remove(handler)
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is not None:
            for name, value in self._kept.items():
                setattr(scene.render, name, value)
            scene.frame_set(self._frame[0], subframe=self._frame[1])

    def _listen(self) -> list[tuple[Any, Any]]:
        @persistent
        def complete(*_: Any) -> None:
            self._outcome = "complete"

        @persistent
        def cancel(*_: Any) -> None:
            self._outcome = "cancelled"

        pairs = [(bpy.app.handlers.render_complete, complete), (bpy.app.handlers.render_cancel, cancel)]
        for handlers, handler in pairs:
            handlers.append(handler)
        return pairs
