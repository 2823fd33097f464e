"""Getting what the engines need: the GPU backend and models, one at a time, while Blender stays usable."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.installation.environment import Condition
from ...backend.motion_bridge.model_registry import catalog, registry
from ...backend.motion_bridge.model_registry.catalog import Presence
from ..interpreter import command, installation, remote
from ..interpreter.task import Task
from ..names import PACKAGE
from .operators import attempt
from .text import draw_wrapped

PULSE = 0.3  # seconds
TOKEN, MODELS = "HF_TOKEN", "MOTION_BRIDGE_MODELS"
SKETCH_NOTICE = "The built-in sketch shows motion only; it paints no pictures to keep."

task: Task | None = None  # the one that runs, or ran last


def preferences() -> Any:
    """The extension's preferences; None where it runs without."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences if addon else None


def begin(title: str, line: list[str], variables: Mapping[str, str]) -> None:
    """Start the one task; BadInput where one runs, or Blender is not to use the network."""
    global task
    installation.refuse_offline()
    if task and task.running:
        raise BadInput(f"{task.title} is under way; wait for it, or cancel it.")
    try:
        task = Task(title, line, variables)
    except OSError as fault:
        raise BadInput(f"{title} cannot start: {fault.strerror or fault}.") from None
    if not bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.register(_pulse, first_interval=PULSE, persistent=True)


def get_model(name: str, accepted: bool) -> None:
    """Fetch a model with the backend's Python; the token travels in the environment."""
    entry = catalog.find(name)
    own = preferences()
    token = own.token.strip() if own else ""
    words = ["models", "get", name, "--json", *(["--accept-license"] if accepted else [])]
    line = launch.python_command(command.python(), command.BACKEND, *words)
    begin(f"Getting {entry.name}", line, {TOKEN: token} if token else {})


def install_backend() -> None:
    """Make the GPU backend's environment, with Blender's own Python as the one that runs the installer."""
    own = preferences()
    base = own.base_python.strip() if own else ""
    words = ["backend", "install", "--json", *(["--python", bpy.path.abspath(base)] if base else [])]
    begin("Installing the GPU backend", launch.python_command(sys.executable, command.BACKEND, *words), {})


def _pulse() -> float | None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("PREFERENCES", "VIEW_3D", "IMAGE_EDITOR", "SEQUENCE_EDITOR"):
                area.tag_redraw()
    return PULSE if task and task.running else None


class MOTION_BRIDGE_OT_install_backend(bpy.types.Operator):
    """Install torch and what the engines need, into a folder of its own outside Blender. Asks before it begins"""

    bl_idname = "motion_bridge.install_backend"
    bl_label = "Install GPU Backend"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Install"))

    def draw(self, context: bpy.types.Context) -> None:
        size, place = f"About {installation.gigabytes():.0f} GB are downloaded into", str(installation.root())
        self.layout.label(text=size)
        self.layout.label(text=place)
        self.layout.label(text="Blender's own Python stays as it is. It can be cancelled, and goes on later.")

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, install_backend)


class MOTION_BRIDGE_OT_get_model(bpy.types.Operator):
    """Download a model: only the files that are needed, compared with its publisher's checksums"""

    bl_idname = "motion_bridge.get_model"
    bl_label = "Get Model"

    name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    accepted: BoolProperty(name="I have read the license and agree to it", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=480, confirm_text="Get"))

    def draw(self, context: bpy.types.Context) -> None:
        entry, layout = catalog.find(self.name), self.layout
        assert layout
        layout.label(text=f"{entry.name}: {entry.gigabytes:g} GB on disk, {entry.memory:g} GB of GPU memory")
        layout.label(text=f"License: {entry.license}")
        if entry.asks:
            draw_wrapped(layout, entry.asks, context)
            layout.prop(self, "accepted")

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, self._get)

    def _get(self) -> None:
        entry = catalog.find(self.name)
        if entry.asks and not self.accepted:
            raise BadInput(f"{entry.name} is under the license {entry.license}; it must be agreed to first.")
        get_model(self.name, self.accepted)


class MOTION_BRIDGE_OT_remove_model(bpy.types.Operator):
    """Delete a downloaded model from the models folder"""

    bl_idname = "motion_bridge.remove_model"
    bl_label = "Remove Model"

    name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_confirm(self, event))

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, self._remove)

    def _remove(self) -> None:
        from ...backend.motion_bridge.model_registry import download

        if task and task.running:
            raise BadInput(f"{task.title} is under way; wait for it, or cancel it.")
        download.remove(catalog.find(self.name).name)


class MOTION_BRIDGE_OT_cancel_download(bpy.types.Operator):
    """Stop the download; what has arrived stays, and the next one goes on there"""

    bl_idname = "motion_bridge.cancel_download"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return task is not None and task.running

    def execute(self, context: bpy.types.Context) -> set[str]:
        if task:
            task.cancel()
        return {"FINISHED"}


def draw_task(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How far the download is, or how it ended."""
    if task is None:
        return
    if task.running:
        row = layout.row(align=True)
        row.progress(text=task.text(), factor=task.progress)
        row.operator("motion_bridge.cancel_download", text="", icon="CANCEL")
    elif task.fault:
        draw_wrapped(layout, task.fault, context, icon="ERROR")
    elif task.message and not task.cancelled:
        draw_wrapped(layout, task.message, context, icon="CHECKMARK")


def draw_install(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that installs or upgrades the GPU backend, where there is something to do."""
    condition = installation.status().condition
    if condition is Condition.OUTDATED:
        draw_wrapped(layout, installation.OUTDATED, context, icon="ERROR")
    elif condition is Condition.INCOMPLETE:
        draw_wrapped(layout, installation.INCOMPLETE, context, icon="INFO")
    if condition is not Condition.READY:
        verb = {Condition.OUTDATED: "Upgrade", Condition.INCOMPLETE: "Go On Installing"}.get(condition, "Install")
        text = f"{verb} GPU Backend (\N{ALMOST EQUAL TO} {installation.gigabytes():.0f} GB)"
        layout.operator("motion_bridge.install_backend", text=text, icon="IMPORT")


def draw_model(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    """Where a chosen image model is missing: the button that gets it. name: as in the menu."""
    if remote.name():
        return  # that machine knows which models are there
    wanted = registry.BEST if name == registry.AUTO else name
    if wanted not in catalog.entries() or catalog.state(catalog.find(wanted)).presence is Presence.READY:
        return
    entry = catalog.find(wanted)
    box = layout.box()
    if name == registry.AUTO:
        draw_wrapped(box, f"{entry.name} is not here. {SKETCH_NOTICE}", context, icon="INFO")
    button = box.operator("motion_bridge.get_model", text=f"Get {entry.name} ({entry.gigabytes:g} GB)", icon="IMPORT")
    button.name = entry.name  # type: ignore[union-attr]
    draw_task(box, context)


def draw_models(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """All that can be fetched, with its state, in the preferences."""
    for entry in catalog.entries().values():
        state = catalog.state(entry)
        row = layout.row(align=True)
        row.label(text=entry.name, icon="CHECKMARK" if state.presence is Presence.READY else "BLANK1")
        row.label(text=f"{entry.gigabytes:g} GB, {state.presence.value}")
        row.label(text=entry.license)
        if state.presence is not Presence.READY:
            row.operator("motion_bridge.get_model", text="", icon="IMPORT").name = entry.name  # type: ignore[union-attr]
        if state.ours:
            row.operator("motion_bridge.remove_model", text="", icon="TRASH").name = entry.name  # type: ignore[union-attr]


def use_models_folder(chosen: str) -> None:
    """Look for models in this folder, here and in every process that is started; empty: the usual place."""
    if chosen:
        os.environ[MODELS] = bpy.path.abspath(chosen)
    else:
        os.environ.pop(MODELS, None)


CLASSES = (
    MOTION_BRIDGE_OT_install_backend,
    MOTION_BRIDGE_OT_get_model,
    MOTION_BRIDGE_OT_remove_model,
    MOTION_BRIDGE_OT_cancel_download,
)

_register, _unregister = bpy.utils.register_classes_factory(CLASSES)


def register() -> None:
    _register()
    own = preferences()
    if own and own.models_folder:
        use_models_folder(own.models_folder)


def unregister() -> None:
    global task
    if task:
        task.close()
        task = None
    if bpy.app.timers.is_registered(_pulse):
        bpy.app.timers.unregister(_pulse)
    _unregister()
