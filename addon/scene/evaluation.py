"""The scene at many frames, evaluated as the render evaluates it.

Blender hands a render-mode dependency graph only to a render engine: objects that the viewport hides, render levels of
modifiers and "is viewport" nodes are then right. So reading is a render with an engine that draws nothing, and one such
render visits all the frames. As after any render, what was posed in the viewport but not keyed falls back to its keys.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import bpy

from ...backend.motion_bridge.errors import BadInput, MotionBridgeError
from .geometry.simulations import first_step, step_through
from .restore_state import changed, render_result_kept, silent_handlers
from .view_layer import only_layer, rendered_layer

ENGINE = "MOTION_BRIDGE_READER"

Visit = Callable[[Any, float], None]  # what is done with the evaluated scene: (depsgraph, frame number)


def each_frame(context: Any, frames: Iterable[float], visit: Visit) -> None:
    """Call `visit` with the render's dependency graph at every frame, in rising order; leaves the scene as it was.

    What `visit` raises comes out here. BadInput when there is no camera at all.
    """
    scene = context.scene
    layer = rendered_layer(context)
    flush_edits(scene)
    camera = scene.camera or marker_camera(scene)
    if camera is None:
        raise BadInput(f"The scene {scene.name!r} has no camera; add one and make it active (Ctrl+Numpad 0).")
    before = scene.frame_current, scene.frame_subframe
    wanted = list(frames)
    first = first_step(scene)
    steps = range(0) if first is None else range(first, math.ceil(wanted[-1]) + 1)
    reader = _Reader(layer.name, sorted({*steps, *wanted}), set(wanted), before, visit)
    settings = {
        "use_compositing": False,
        "use_sequencer": False,
        "use_multiview": False,
        "use_persistent_data": False,
        "use_border": False,
        "engine": ENGINE,
    }
    members = {"bl_idname": ENGINE, "bl_label": "Motion Bridge", "bl_use_postprocess": False, "render": reader.render}
    engine = type("MOTION_BRIDGE_Reader", (bpy.types.RenderEngine,), members)
    bpy.utils.register_class(engine)
    try:
        step_through(scene, steps)
        with (
            silent_handlers(),
            render_result_kept(),
            only_layer(scene, layer),
            changed(scene, camera=camera),
            changed(scene.render, **settings),
        ):
            bpy.ops.render.render(scene=scene.name)
    except RuntimeError as fault:
        raise BadInput(f"Blender cannot evaluate the scene for a render: {fault}") from None
    finally:
        bpy.utils.unregister_class(engine)
        if steps:
            scene.frame_set(before[0], subframe=before[1])
    if reader.fault:
        raise reader.fault
    if not reader.finished:
        raise MotionBridgeError(f"Blender did not evaluate the view layer {layer.name!r}; nothing was read.")


class _Reader:
    """What the engine does when Blender asks it to render."""

    def __init__(
        self, layer: str, frames: list[float], wanted: set[float], before: tuple[int, float], visit: Visit
    ) -> None:
        """frames: to go through; wanted: those among them to visit; before: where the scene stood."""
        self.layer, self.frames, self.wanted, self.before, self.visit = layer, frames, wanted, before, visit
        self.fault: BaseException | None = None
        self.finished = False

    @property
    def render(self) -> Callable[[Any, Any], None]:
        def render(engine: Any, depsgraph: Any) -> None:
            if depsgraph.view_layer.name != self.layer:
                return
            try:
                for frame in self.frames:
                    whole = math.floor(frame)
                    engine.frame_set(whole, frame - whole)
                    if frame in self.wanted:
                        self.visit(depsgraph, frame)
                self.finished = True
            except BaseException as fault:  # Blender forgets what a callback raises: carry it out
                self.fault = fault
            finally:
                engine.frame_set(*self.before)

        return render


def marker_camera(scene: Any) -> Any:
    """The camera of the first marker that has one."""
    markers = sorted((marker for marker in scene.timeline_markers if marker.camera), key=lambda marker: marker.frame)
    return markers[0].camera if markers else None


def flush_edits(scene: Any) -> None:
    """What is being edited counts as it stands, as it does for a render."""
    for obj in scene.objects:
        if obj.mode == "EDIT":
            obj.update_from_editmode()
