"""Prompts as markers of the timeline, `prompt: rain`, beside the list in the panel; either edits the other.

A marker's name holds 63 bytes, so the whole text stands in a property of the marker, and the name's end says by … that
there is more. What is edited in the list goes to its marker at once. Blender does not tell when markers change, so
what is edited there counts as soon as somebody asks for the prompts, and comes into the list a moment later. A
marker's camera is never touched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

PREFIX = "prompt:"
LONGEST = 63  # bytes of a marker's name
MORE = "…"
INTERVAL = 0.3  # seconds between two looks at the markers
_Marker: Any = bpy.types.TimelineMarker  # the stubs do not know what add-ons add
_quiet = False  # while this file itself changes the list


class MotionBridgePrompt(bpy.types.PropertyGroup):
    """One prompt keyframe."""

    def _edited(self, context: bpy.types.Context) -> None:
        if not _quiet:
            _show(self.id_data, self)

    frame: IntProperty(name="Frame", description="The frame from which the prompt holds", update=_edited)
    text: StringProperty(name="Prompt", description="What the picture shows from this frame on", update=_edited)
    marker: StringProperty(options={"HIDDEN"})  # what its marker knows it by; empty while it has none


@dataclass(frozen=True)
class Prompt:
    """A prompt as it stands, in the list, in a marker or in both."""

    frame: int
    text: str
    item: Any = None  # of the list
    marker: Any = None


def prompts(scene: Any) -> dict[int, str]:
    """What holds from which frame on; of two at a frame the last one. Changes nothing."""
    return {each.frame: each.text for each in standing(scene)}


def standing(scene: Any) -> list[Prompt]:
    """The prompts of a scene in the order of the list, then those that only markers have.

    A marker that was moved, renamed or removed goes before its entry of the list.
    """
    settings = scene.motion_bridge
    if not settings.prompt_markers:
        return [Prompt(item.frame, item.text, item) for item in settings.prompts]
    known: dict[str, Any] = {}
    new = []
    own = {item.marker for item in settings.prompts if item.marker}
    for marker in scene.timeline_markers:
        if not is_prompt(marker):
            continue
        if marker.motion_bridge_prompt_id in own - known.keys():
            known[marker.motion_bridge_prompt_id] = marker
        else:  # made by hand, or a copy of another marker
            new.append(Prompt(marker.frame, text_of(marker), None, marker))
    found = []
    for item in settings.prompts:
        if not item.marker:
            found.append(Prompt(item.frame, item.text, item))
        elif (marker := known.get(item.marker)) is not None:
            found.append(Prompt(marker.frame, text_of(marker), item, marker))
    return found + new


def is_prompt(marker: Any) -> bool:
    """Whether a marker's name says that it is a prompt."""
    return marker.name.lower().startswith(PREFIX)


def text_of(marker: Any) -> str:
    """A prompt marker's whole text; what its name says where somebody renamed it."""
    whole = marker.motion_bridge_prompt
    if whole and marker.name == name_of(whole):
        return whole
    return marker.name[len(PREFIX) :].strip()


def name_of(text: str) -> str:
    """The name of a prompt's marker: as much of the text as 63 bytes hold."""
    name = f"{PREFIX} {' '.join(text.split())}"
    if len(name.encode()) <= LONGEST:
        return name
    cut = name.encode()[: LONGEST - len(MORE.encode())]
    return cut.decode(errors="ignore") + MORE


def synchronize(scene: Any) -> bool:
    """Bring what was done to markers into the list; whether there was anything."""
    settings = scene.motion_bridge
    if not settings.prompt_markers or not scene.is_editable:
        return False
    wanted = standing(scene)
    if _is_current(settings.prompts, wanted):
        return False
    with _list_changes():
        kept = {each.item.as_pointer() for each in wanted if each.item}
        for at in reversed(range(len(settings.prompts))):
            if settings.prompts[at].as_pointer() not in kept:
                settings.prompts.remove(at)
        for item, each in zip(settings.prompts, [each for each in wanted if each.item], strict=True):
            item.frame, item.text = each.frame, each.text
        for each in wanted:
            if each.item is None:
                item = settings.prompts.add()
                item.frame, item.text = each.frame, each.text
                _bind(item, each.marker)
        settings.active_prompt = max(min(settings.active_prompt, len(settings.prompts) - 1), 0)
    return True


def _is_current(items: Any, wanted: list[Prompt]) -> bool:
    return len(items) == len(wanted) and all(
        each.item is not None and (each.item.frame, each.item.text) == (each.frame, each.text) for each in wanted
    )


def add(scene: Any, frame: int, text: str) -> None:
    """A new prompt at the end of the list, and its marker."""
    synchronize(scene)
    with _list_changes():
        item = scene.motion_bridge.prompts.add()
        item.frame, item.text = frame, text
    _show(scene, item)


def remove(scene: Any, at: int) -> None:
    """Remove a prompt and its marker."""
    settings = scene.motion_bridge
    marker = _marker_of(scene, settings.prompts[at])
    settings.prompts.remove(at)
    if marker is not None:
        _free(scene, marker)


def clear(scene: Any) -> None:
    """Remove all prompts and their markers."""
    scene.motion_bridge.prompts.clear()
    _free_all(scene)


def switched(settings: Any, context: bpy.types.Context) -> None:
    """Markers are wanted, or not any more."""
    scene = settings.id_data
    if settings.prompt_markers:
        for item in settings.prompts:
            _show(scene, item)
        return
    with _list_changes():
        for item in settings.prompts:
            item.marker = ""
    _free_all(scene)


def _show(scene: Any, item: Any) -> None:
    """Let an entry of the list have its marker as it now is."""
    if not scene.motion_bridge.prompt_markers or not scene.is_editable:
        return
    marker = _marker_of(scene, item)
    if marker is not None and marker.camera and marker.frame != item.frame:
        _free(scene, marker)  # where the camera is switched is not for the list to say
        marker = None
    if marker is None:
        marker = scene.timeline_markers.new(name_of(item.text), frame=item.frame)
        _bind(item, marker)
    marker.frame, marker.name, marker.motion_bridge_prompt = item.frame, name_of(item.text), item.text


def _marker_of(scene: Any, item: Any) -> Any:
    mine = (each for each in scene.timeline_markers if item.marker and each.motion_bridge_prompt_id == item.marker)
    return next(mine, None)


def _bind(item: Any, marker: Any) -> None:
    """Let an entry and a marker know each other, by a number that no other entry of the list has."""
    taken = {each.marker for each in item.id_data.motion_bridge.prompts}
    item.marker = marker.motion_bridge_prompt_id = next(
        str(number) for number in range(1, len(taken) + 2) if str(number) not in taken
    )


def _free_all(scene: Any) -> None:
    for marker in [each for each in scene.timeline_markers if is_prompt(each) or each.motion_bridge_prompt_id]:
        _free(scene, marker)


def _free(scene: Any, marker: Any) -> None:
    """Remove a prompt's marker; one that switches the camera stays, under the camera's name."""
    if marker.camera is None:
        scene.timeline_markers.remove(marker)
    else:
        marker.name, marker.motion_bridge_prompt, marker.motion_bridge_prompt_id = marker.camera.name, "", ""


@contextmanager
def _list_changes() -> Iterator[None]:
    """The list is changed from here: its entries do not write to the markers meanwhile."""
    global _quiet
    before, _quiet = _quiet, True
    try:
        yield
    finally:
        _quiet = before


def watch() -> float:
    """A timer: the list follows the markers of the scenes that are shown."""
    changed = [synchronize(scene) for scene in {window.scene for window in bpy.context.window_manager.windows}]
    if any(changed):
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                area.tag_redraw()
    return INTERVAL


def register() -> None:
    _Marker.motion_bridge_prompt = StringProperty(options={"HIDDEN"})
    _Marker.motion_bridge_prompt_id = StringProperty(options={"HIDDEN"})
    if not bpy.app.background:
        bpy.app.timers.register(watch, first_interval=INTERVAL, persistent=True)


def unregister() -> None:
    if bpy.app.timers.is_registered(watch):
        bpy.app.timers.unregister(watch)
    del _Marker.motion_bridge_prompt, _Marker.motion_bridge_prompt_id
