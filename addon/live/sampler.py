"""What of the scene a session looks at: camera, live objects and words as they stand now, without waiting."""

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np

from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.geometry.live_motion import Moment
from ..properties import settings_of
from ..render.prompt_changes import Prompts
from ..scene.camera import Picture, Sample, placed, sample
from ..scene.tracks.sources import LIVE, Source, Surface

Fields = dict[str, Any]

SETTINGS = 25  # looks from one at the engine's settings to the next


def live_objects(sources: tuple[Source, ...]) -> tuple[str, ...]:
    """The objects whose tracks are live: these may be dragged while the session runs."""
    names: dict[str, None] = {}
    for source in sources:
        if source.kind == LIVE:
            found = source.objects if isinstance(source, Surface) else (getattr(source, "object", ""),)
            names.update(dict.fromkeys(filter(None, found)))
    return tuple(names)


def evaluated(scene_name: str) -> bpy.types.Depsgraph | None:
    """The scene as a window shows it; None where none does. Without a window, as it was updated last."""
    for window in bpy.context.window_manager.windows:
        if window.scene and window.scene.name == scene_name:
            return window.view_layer.depsgraph
    scene = bpy.data.scenes.get(scene_name)
    return scene.view_layers[0].depsgraph if scene and bpy.app.background else None


class Sampler:
    """Looks at one scene, found by its name each time: an undo or a closed window costs nothing."""

    def __init__(self, scene: bpy.types.Scene, engine: str, sources: tuple[Source, ...], picture: Picture):
        """picture: the size that the session has, whatever the scene's is later."""
        self.scene_name = scene.name
        self.objects = live_objects(sources)
        self.camera_name = scene.camera.name if scene.camera else ""
        self.problem = ""  # why the last view is held, as a sentence; empty while there is nothing to say
        self.moment: Moment | None = None  # as it was last seen
        self._picture = picture
        self._camera: Sample | None = None
        self._poses: dict[str, tuple[tuple[float, ...], ...]] = {}
        self._prompts = Prompts.of(scene)
        self._engine = engine if "settings" in engines.find(engine).accepts else ""
        self._settings = self._settings_of(scene)
        self._looks = 0
        self._unread = ""  # why the engine's settings cannot be read

    def look(self, frame: int) -> Fields:
        """What has changed since the last look, as fields of a change; empty where nothing has.

        frame: of the scene, for sentences. While Blender renders nothing is looked at: it visits frames of its own.
        """
        if bpy.app.is_job_running("RENDER"):
            self.problem = "Blender is rendering; the last view is held."
            return {}
        scene = bpy.data.scenes.get(self.scene_name)
        depsgraph = evaluated(self.scene_name) if scene else None
        if scene is None or depsgraph is None:
            self.problem = f"The scene {self.scene_name!r} is not shown in any window; the last view is held."
            return {}
        self.problem = self._unread
        found: Fields = {}
        self._look_at_camera(depsgraph, frame, found)
        self._look_at_objects(scene, depsgraph, found)
        prompts = Prompts.of(scene)
        if changed := prompts.since(self._prompts):
            found["prompts"] = changed
        self._prompts = prompts
        self._looks += 1
        if self._looks % SETTINGS == 0:
            self._look_at_settings(scene, found)
        return found

    def _look_at_settings(self, scene: Any, found: Fields) -> None:
        try:
            settings = self._settings_of(scene)
        except BadInput as fault:
            self.problem = self._unread = str(fault)
            return
        self._unread = ""
        changed = {name: value for name, value in settings.items() if self._settings.get(name) != value}
        if changed:
            found["settings"] = changed  # the engine says which of them it can change
        self._settings = settings

    def _settings_of(self, scene: Any) -> Mapping[str, Any]:
        return settings_of(scene).generation(self._engine).settings if self._engine else {}

    def _look_at_camera(self, depsgraph: bpy.types.Depsgraph, frame: int, found: Fields) -> None:
        try:
            seen = sample(depsgraph, frame)._replace(frame=0.0, picture=self._picture)
            if seen == self._camera:
                return
            (camera,) = placed([seen])
        except BadInput as fault:
            self.problem = f"{fault} Until then the last view is held."
            return
        self._camera, self.camera_name = seen, seen.name
        objects = self.moment.objects if self.moment else {}
        self.moment = Moment(camera.pose, camera.intrinsics, camera.orthographic, objects)
        found["camera"] = {
            "pose": camera.pose.ravel().tolist(),
            "intrinsics": camera.intrinsics.ravel().tolist(),
            "orthographic": camera.orthographic,
        }

    def _look_at_objects(self, scene: Any, depsgraph: bpy.types.Depsgraph, found: Fields) -> None:
        moved = {}
        for name in self.objects:
            thing = scene.objects.get(name)
            if thing is None:
                continue  # deleted meanwhile: it stays where it was
            matrix = tuple(row[:] for row in thing.evaluated_get(depsgraph).matrix_world)
            if matrix != self._poses.get(name):
                self._poses[name] = matrix
                moved[name] = np.array(matrix, np.float64)
        if not moved or self.moment is None:
            return
        now = self.moment
        self.moment = Moment(now.pose, now.intrinsics, now.orthographic, {**now.objects, **moved})
        usable = {name: pose for name, pose in moved.items() if abs(np.linalg.det(pose[:3, :3])) > 0}
        found["objects"] = {name: pose.ravel().tolist() for name, pose in usable.items()}
