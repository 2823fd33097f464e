"""The first frame and other key pictures, rendered as F12 does it while Blender stays usable."""

import re
import time
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...backend.motion_bridge.errors import BadInput, Cancelled
from ..scene.first_frame import FromPixels, render_result
from ..scene.key_picture import KeyPictureSettings, RenderOptions, key_picture_sentences
from ..scene.restore_state import changed

_SAMPLE = re.compile(r"Sample (\d+)/(\d+)")


class FirstRender:
    """A render that is under way in the window; the scene gets its frame and settings back when it has ended."""

    def __init__(
        self,
        scene: bpy.types.Scene,
        frame: int,
        layer: bpy.types.ViewLayer,
        options: RenderOptions,
        what: str = "the first frame",
    ) -> None:
        """what: how it is called on the screen."""
        if bpy.app.is_job_running("RENDER"):
            raise BadInput("Blender is rendering; press Render again when that has ended.")
        self.given_up = False  # somebody cancelled: what comes out is not wanted any more
        self.samples = 0, 0  # done and in all, where the render engine counts them
        self.layer = layer.name
        self.what = what
        self._scene_name = scene.name
        self._notes = tuple(key_picture_sentences(scene, layer, options))
        self._frame = scene.frame_current, scene.frame_subframe
        self._begun = time.monotonic()
        self._outcome: str | None = None
        self._handlers = self._listen()
        self._settings = KeyPictureSettings(scene, layer, options)
        try:
            scene.frame_set(frame)
            with changed(bpy.context.preferences.view, render_display_type="NONE"):  # no black window; the panel counts
                bpy.ops.render.render("INVOKE_DEFAULT", scene=scene.name)
        except RuntimeError as fault:
            self.close()
            raise BadInput(f"Frame {frame} of the scene {scene.name!r} cannot be rendered: {fault}") from None
        except BaseException:
            self.close()
            raise

    @property
    def running(self) -> bool:
        return self._outcome is None or bpy.app.is_job_running("RENDER")

    @property
    def seconds(self) -> float:
        """For how long it has been at work."""
        return time.monotonic() - self._begun

    def picture(self) -> FromPixels:
        """What was rendered; Cancelled when somebody pressed Esc in the render."""
        if self._outcome != "complete":
            raise Cancelled(f"Cancelled while {self.what} was rendered; no frame yet.")
        return FromPixels(render_result(bpy.data.scenes[self._scene_name]), self._notes)

    def close(self) -> None:
        """Give the scene back what was changed for the render."""
        for handlers, handler in self._handlers:
            if handler in handlers:
                handlers.remove(handler)
        self._settings.restore()
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is not None:
            scene.frame_set(self._frame[0], subframe=self._frame[1])

    def _listen(self) -> list[tuple[Any, Any]]:
        @persistent
        def complete(*_: Any) -> None:
            self._outcome = "complete"

        @persistent
        def cancel(*_: Any) -> None:
            self._outcome = "cancelled"

        @persistent
        def count(stats: Any, *_: Any) -> None:  # in the render's own thread
            if found := _SAMPLE.search(str(stats)):
                self.samples = int(found[1]), int(found[2])

        names = {"render_complete": complete, "render_cancel": cancel, "render_stats": count}
        pairs = [(getattr(bpy.app.handlers, name), handler) for name, handler in names.items()]
        for handlers, handler in pairs:
            handlers.append(handler)
        return pairs
