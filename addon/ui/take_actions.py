"""What can be done with a take: the buttons of the list, and of the strips in the Sequencer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.media import png
from .. import compat, take, take_summary, takes_on_disk
from ..properties import settings_of
from ..properties.takes import take_list
from ..render import again
from ..render.manager import window
from ..render.request import TakeRequest, last_take, resumed
from ..take import Take
from ..viewer import editors, image, movie, sequencer_workspace, take_strips, takes_in_view
from . import take_list as listing
from .operators import Idle, attempt


def chosen(context: Any, name: str = "") -> Take:
    """The take of that name; else that of the strip, in a Sequencer; else the one chosen in the list; else the newest.

    BadInput where there is none.
    """
    scene = take_strips.source_scene(context.scene)
    output = take.output_folder(settings_of(scene).output)
    if name:
        return Take(output / name)
    if (found := take_strips.take_of(active_strip(context))) is not None:
        return found
    listed = take_list(context, scene)
    if listed and 0 <= listed.active < len(listed.items):
        return Take(Path(listed.items[listed.active].folder))
    return take.last(output)


def active_strip(context: Any) -> Any:
    """The strip that a Sequencer's menu is about; None elsewhere."""
    if context.area is None or context.area.type != "SEQUENCE_EDITOR":
        return None
    editor = compat.sequencer_scene(context).sequence_editor
    return editor.active_strip if editor else None


class OfTake:
    """An operator on a take; which one: `chosen`."""

    take: StringProperty(name="Take", description="Its name; empty: the one that is chosen", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self.act(context, chosen(context, self.take)))  # type: ignore[arg-type]

    def act(self, context: bpy.types.Context, made: Take) -> None:
        raise NotImplementedError


class MakesTake(Idle, OfTake):
    """One that makes a take: nothing else may be under way. In a window it goes on by itself."""

    def act(self, context: bpy.types.Context, made: Take) -> None:
        scene = take_strips.source_scene(context.scene)
        _in_scene(context, scene, lambda: self.request(scene, made))

    def request(self, scene: bpy.types.Scene, made: Take) -> TakeRequest:
        raise NotImplementedError


def _in_scene(context: Any, scene: bpy.types.Scene, request: Callable[[], TakeRequest]) -> None:
    """Begin a take of a scene, which need not be the one in the window."""
    begin = window.run if bpy.app.background else window.begin
    if context.scene == scene:
        begin(context, request())
        return
    open_window = next((each for each in context.window_manager.windows if each.scene == scene), None)
    if open_window is None:
        raise BadInput(f"The scene {scene.name} is open in no window; go back to it and try again.")
    with context.temp_override(window=open_window):
        begin(bpy.context, request())


class MOTION_BRIDGE_OT_take_show(OfTake, bpy.types.Operator):
    """Show this take in the camera view at the playhead, in open Image Editors, and its strip alone in the Sequencer"""

    bl_idname = "motion_bridge.take_show"
    bl_label = "Show"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        path = frame_at(made, context.scene.frame_current)
        picture = image.show(png.read(path), path)
        if picture is not None:
            editors.show_image(picture)
        scene = take_strips.source_scene(context.scene)
        editors.look_through_camera(context, picture)
        takes_in_view.show(scene, made)
        take_strips.show_only(made)


class MOTION_BRIDGE_OT_take_compare(OfTake, bpy.types.Operator):
    """Show this take right of the wipe in the camera view, beside the one that is shown there"""

    bl_idname = "motion_bridge.take_compare"
    bl_label = "Compare"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        takes_in_view.compare(take_strips.source_scene(context.scene), made)


class MOTION_BRIDGE_OT_take_play(OfTake, bpy.types.Operator):
    """Play this take in Blender's animation player, at its own rate"""

    bl_idname = "motion_bridge.take_play"
    bl_label = "Play"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        try:
            launch.start(player_command(made))
        except (OSError, ValueError) as fault:
            raise BadInput(f"Blender's player does not start: {fault}.") from None


class MOTION_BRIDGE_OT_take_strip(OfTake, bpy.types.Operator):
    """Open this take's strip in the Sequencer"""

    bl_idname = "motion_bridge.take_strip"
    bl_label = "Open in Sequencer"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        found = take_strips.strips_of(made)
        if not found:
            raise BadInput(f"{made.name} has no strip; Resume makes it one.")
        scene, strip = found[0]
        if context.window is not None:
            sequencer_workspace.open_takes(context.window, scene)
        take_strips.select(scene, strip)


class MOTION_BRIDGE_OT_take_movie(OfTake, bpy.types.Operator):
    """Write this take as an H.264 movie beside its folder"""

    bl_idname = "motion_bridge.take_movie"
    bl_label = "Make Movie"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        path = movie.write(made, made.folder.with_suffix(".mp4"))
        self.report({"INFO"}, f"Saved {path}")


class MOTION_BRIDGE_OT_take_folder(OfTake, bpy.types.Operator):
    """Show this take's files in the system's file browser"""

    bl_idname = "motion_bridge.take_folder"
    bl_label = "Open Folder"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        bpy.ops.wm.path_open(filepath=str(made.folder))


class MOTION_BRIDGE_OT_take_resume(MakesTake, bpy.types.Operator):
    """Make the frames that this take still lacks, from the scene as it was when the take was begun"""

    bl_idname = "motion_bridge.take_resume"
    bl_label = "Resume"

    def request(self, scene: bpy.types.Scene, made: Take) -> TakeRequest:
        engine = take_summary.engine_of(made)
        return resumed(made, scene, engine or settings_of(scene).engine) if made.folder.is_dir() else last_take(scene)


class MOTION_BRIDGE_OT_take_restore(OfTake, bpy.types.Operator):
    """Set the panel as it was for this take: engine, prompts, seed, settings and frame range"""

    bl_idname = "motion_bridge.take_restore"
    bl_label = "Restore Settings"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: bpy.types.Context, made: Take) -> None:
        again.restore(take_strips.source_scene(context.scene), made)


class MOTION_BRIDGE_OT_take_seed(MakesTake, bpy.types.Operator):
    """Make the same take once more with another seed"""

    bl_idname = "motion_bridge.take_seed"
    bl_label = "New Seed"

    seed: IntProperty(name="Seed", description="-1: a random one", default=-1, min=-1, options={"SKIP_SAVE"})

    def request(self, scene: bpy.types.Scene, made: Take) -> TakeRequest:
        return again.with_new_seed(scene, made, again.random_seed() if self.seed < 0 else self.seed)


class MOTION_BRIDGE_OT_take_extend(MakesTake, bpy.types.Operator):
    """Go on where this take ends: a new take that begins with its last picture"""

    bl_idname = "motion_bridge.take_extend"
    bl_label = "Extend"

    frames: IntProperty(name="Frames", description="Number of frames to add", default=24, min=1, soft_max=500)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self))

    def request(self, scene: bpy.types.Scene, made: Take) -> TakeRequest:
        return again.extended(scene, made, self.frames)


class MOTION_BRIDGE_OT_take_range(MakesTake, bpy.types.Operator):
    """Make a part of this take once more: a new take that begins with the old picture of its first frame"""

    bl_idname = "motion_bridge.take_range"
    bl_label = "Regenerate Range"

    first: IntProperty(name="From")
    last: IntProperty(name="To")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        def propose() -> None:
            frames = list(chosen(context, self.take).frames())
            if not frames:
                raise BadInput("This take has no frames yet; resume it first.")
            self.first, self.last = proposed_range(context, frames[0], frames[-1])

        if attempt(self, propose) == {"CANCELLED"}:
            return {"CANCELLED"}
        return set(context.window_manager.invoke_props_dialog(self))

    def request(self, scene: bpy.types.Scene, made: Take) -> TakeRequest:
        return again.regenerated(scene, made, self.first, self.last)


class MOTION_BRIDGE_OT_take_favorite(OfTake, bpy.types.Operator):
    """Mark or unmark this take as a favorite: Delete Old Takes leaves favorites alone"""

    bl_idname = "motion_bridge.take_favorite"
    bl_label = "Favorite"

    def act(self, context: bpy.types.Context, made: Take) -> None:
        take_summary.set_favorite(made, not take_summary.is_favorite(made))
        listing.refresh(context.scene)


class MOTION_BRIDGE_OT_take_delete(OfTake, bpy.types.Operator):
    """Move this take's folder to the system's trash, and remove its strips"""

    bl_idname = "motion_bridge.take_delete"
    bl_label = "Delete Take"
    bl_options = {"UNDO"}

    confirmed: StringProperty(description="The folder that the dialog named", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        def choose() -> None:
            self.confirmed = str(chosen(context, self.take).folder)

        if attempt(self, choose) == {"CANCELLED"}:
            return {"CANCELLED"}
        title = f"Delete {Path(self.confirmed).name}?"
        message = f"{self.confirmed} goes to the system's trash."
        ask = context.window_manager.invoke_confirm
        return set(ask(self, event, title=title, message=message, confirm_text="Delete", icon="WARNING"))

    def act(self, context: bpy.types.Context, made: Take) -> None:
        made = Take(Path(self.confirmed)) if self.confirmed else made
        name = made.name
        takes_on_disk.to_trash(made)
        take_strips.remove_of(made)
        listing.refresh(context.scene)
        self.report({"INFO"}, f"{name} is in the trash.")


def frame_at(made: Take, frame: int) -> Path:
    """The file of the frame that a take shows at a frame of the timeline. BadInput where it has none at all."""
    frames = made.frames()
    if not frames:
        raise BadInput(f"{made.name} has no frames yet; resume it first.")
    return frames[max((number for number in frames if number <= frame), default=next(iter(frames)))]


def player_command(made: Take) -> list[str]:
    """Blender's own player with a take's frames. BadInput where there are none."""
    frames = made.frames()
    if not frames:
        raise BadInput(f"{made.name} has no frames yet; resume it first.")
    numbers = list(frames)
    fps = again.shot_of(made).fps
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    whole = max(round(fps), 1)
    rate = ("-f", str(whole), str(whole / fps))
    span = ("-s", str(numbers[0]), "-e", str(numbers[-1]), "-j", str(step))
    return [bpy.app.binary_path, "-a", *rate, *span, str(frames[numbers[0]])]


def proposed_range(context: Any, first: int, last: int) -> tuple[int, int]:
    """The preview range, else from the current frame on, within a take."""
    scene = take_strips.source_scene(context.scene)
    start = scene.frame_preview_start if scene.use_preview_range else scene.frame_current
    end = scene.frame_preview_end if scene.use_preview_range else last
    return min(max(start, first), last), max(min(end, last), first)


CLASSES = (
    MOTION_BRIDGE_OT_take_show,
    MOTION_BRIDGE_OT_take_compare,
    MOTION_BRIDGE_OT_take_play,
    MOTION_BRIDGE_OT_take_strip,
    MOTION_BRIDGE_OT_take_movie,
    MOTION_BRIDGE_OT_take_folder,
    MOTION_BRIDGE_OT_take_resume,
    MOTION_BRIDGE_OT_take_restore,
    MOTION_BRIDGE_OT_take_seed,
    MOTION_BRIDGE_OT_take_extend,
    MOTION_BRIDGE_OT_take_range,
    MOTION_BRIDGE_OT_take_favorite,
    MOTION_BRIDGE_OT_take_delete,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
