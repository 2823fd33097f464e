"""The camera at many frames, where nothing else of the scene is asked for: without the rest of the scene.

A new scene that holds nothing but the cameras still evaluates all that moves them (parents, constraint targets, what
drivers read), and nothing more, so a heavy scene costs no more than an empty one. What only the scene itself brings
along, such as physics, is missing there. So what drives the cameras is looked through, and a few frames are read from
the whole scene too: where anything is doubtful or any number differs, the whole scene is read at every frame.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np

from .camera import CameraFrame, Sample, placed, sample
from .evaluation import each_frame

CHECKED = 4  # frames that are read both ways: the first, the last and some between
WORTH_IT = 3 * CHECKED  # frames; fewer are read from the whole scene at once

SETTINGS = ("active_clip",)  # of a scene, which a camera or what moves it may depend on
RENDER_SETTINGS = (
    "resolution_x",
    "resolution_y",
    "resolution_percentage",
    "pixel_aspect_x",
    "pixel_aspect_y",
    "fps",
    "fps_base",
    "frame_map_old",
    "frame_map_new",
    "use_simplify",
    "simplify_subdivision_render",
    "simplify_child_particles_render",
)
REMEMBERING = {  # modifiers whose result may depend on more than the frame
    "CLOTH",
    "DYNAMIC_PAINT",
    "EXPLODE",
    "FLUID",
    "NODES",
    "PARTICLE_INSTANCE",
    "PARTICLE_SYSTEM",
    "SOFT_BODY",
}
FRAME_HANDLERS = ("frame_change_pre", "frame_change_post", "depsgraph_update_pre", "depsgraph_update_post")


class NeedsFullScene(Exception):
    """What moves the camera cannot be evaluated, or not surely, without the whole scene."""


def read_cameras(context: Any, frames: Sequence[float]) -> list[CameraFrame]:
    """The active camera at every frame; leaves the scene as it was. BadInput as each_frame and camera.sample say."""
    return placed(camera_samples(context, frames))


def camera_samples(context: Any, frames: Sequence[float]) -> list[Sample]:
    """The same as Blender says it."""
    try:
        return _surely(context, frames)
    except NeedsFullScene:
        return whole_scene_samples(context, frames)


def whole_scene_samples(context: Any, frames: Sequence[float]) -> list[Sample]:
    """The same from the whole scene, whatever it costs."""
    found: list[Sample] = []
    each_frame(context, frames, lambda depsgraph, frame: found.append(sample(depsgraph, frame)))
    return found


def camera_only_samples(context: Any, frames: Sequence[float]) -> list[Sample]:
    """The same from the cameras alone; raises NeedsFullScene where something that moves them needs more."""
    found: list[Sample] = []

    def visit(depsgraph: Any, frame: float) -> None:
        if not found:
            check_isolated(depsgraph)
        found.append(sample(depsgraph, frame))

    with camera_only_scene(context.scene) as scene:
        each_frame(SimpleNamespace(scene=scene, view_layer=scene.view_layers[0]), frames, visit)
    return found


def _surely(context: Any, frames: Sequence[float]) -> list[Sample]:
    scene = context.scene
    if len(frames) < WORTH_IT:
        raise NeedsFullScene("There is little to gain.")
    if any(getattr(bpy.app.handlers, name) for name in FRAME_HANDLERS):
        raise NeedsFullScene("A handler may change objects at each frame.")
    if scene.animation_data and scene.render.use_simplify:  # of all SETTINGS only these can be animated
        raise NeedsFullScene("How far the scene is simplified may change.")
    if scene.camera is None and not any(marker.camera for marker in scene.timeline_markers):
        raise NeedsFullScene("There is no camera; reading the whole scene says so.")
    found = camera_only_samples(context, frames)
    places = np.linspace(0, len(frames) - 1, CHECKED).round().astype(int).tolist()
    if whole_scene_samples(context, [frames[at] for at in places]) != [found[at] for at in places]:
        raise NeedsFullScene("The cameras move otherwise without the rest of the scene.")
    return found


@contextmanager
def camera_only_scene(whole: Any) -> Iterator[Any]:
    """A scene that holds a scene's cameras, its markers that switch them, and the settings that matter to them."""
    scene = bpy.data.scenes.new(whole.name)
    try:
        for name in SETTINGS:
            setattr(scene, name, getattr(whole, name))
        for name in RENDER_SETTINGS:
            setattr(scene.render, name, getattr(whole.render, name))
        scene.camera = whole.camera
        for marker in whole.timeline_markers:
            if marker.camera:
                scene.timeline_markers.new(marker.name, frame=marker.frame).camera = marker.camera
        for camera in {whole.camera, *(marker.camera for marker in whole.timeline_markers)} - {None}:
            scene.collection.objects.link(camera)
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def check_isolated(depsgraph: Any) -> None:
    """Raise NeedsFullScene when something in a camera-only scene, whose graph is what moves the cameras, needs more."""
    for evaluated in depsgraph.ids:
        obj = evaluated.original
        if isinstance(obj, bpy.types.Scene) and obj != depsgraph.scene.original:
            raise NeedsFullScene(f"A driver reads the scene {obj.name!r}.")
        if isinstance(obj, bpy.types.ParticleSettings):
            raise NeedsFullScene(f"There are particles, {obj.name!r}.")
        if isinstance(obj, bpy.types.Object):
            _refuse_physics(obj)
        if depends_on_code(obj):
            raise NeedsFullScene(f"A driver of {obj.name!r} is Python, which may read anything.")


def _refuse_physics(obj: Any) -> None:
    remembering = [modifier.name for modifier in obj.modifiers if modifier.type in REMEMBERING]
    if obj.rigid_body or obj.rigid_body_constraint or obj.particle_systems or remembering:
        raise NeedsFullScene(f"{obj.name!r} is simulated: {', '.join(remembering) or 'physics'}.")
    if obj.pose and obj.pose.ik_solver == "ITASC":
        raise NeedsFullScene(f"The pose of {obj.name!r} is simulated.")


def depends_on_code(block: Any) -> bool:
    """Whether a datablock has a driver that is more than arithmetic of what it names itself."""
    animation = getattr(block, "animation_data", None)
    for curve in animation.drivers if animation else ():
        driver = curve.driver
        if driver.type == "SCRIPTED" and not driver.is_simple_expression:
            return True
        if any(variable.type == "CONTEXT_PROP" for variable in driver.variables):
            return True
    return False
