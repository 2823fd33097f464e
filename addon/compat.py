"""Every difference between Blender 4.2 and 5.x that the add-on meets, and nothing else."""

from typing import Any

import bpy

# The options of a path property that may begin with //; they have to be stated since 4.5.
BLEND_RELATIVE: Any = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()

# Whether a workspace chooses the scene that its Sequencer shows: since 5.0; before, it is the window's own.
WORKSPACES_CHOOSE = bpy.app.version >= (5, 0, 0)


def strips(scene: bpy.types.Scene) -> Any:
    """The scene's top-level strips, made if there are none yet; called sequences before 4.4."""
    editor: Any = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def strip_span(strip: Any) -> tuple[float, float]:
    """The first timeline frame that a strip shows and the first that it does not; renamed in 5.2."""
    if hasattr(strip, "left_handle"):
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def forget_drawn(strip: Any) -> None:
    """Make the Sequencer draw a strip's frames again: 5.x keeps what it drew before the files were there."""
    if bpy.app.version >= (5, 0, 0):
        strip.invalidate_cache("RAW")


def sequencer_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene whose strips the Sequencer shows: since 5.0 a workspace may edit another one than it looks at."""
    return getattr(context, "sequencer_scene", None) or context.scene


def show_in_sequencer(workspace: Any, scene: bpy.types.Scene, instead_of: bpy.types.Scene | None) -> None:
    """Since 5.0 a Sequencer shows the scene that its workspace has for it: give it one where it has none yet.

    instead_of: a scene that gives way, too, as long as it has no strips.
    """
    if not WORKSPACES_CHOOSE or workspace.sequencer_scene == scene:
        return
    shown = workspace.sequencer_scene
    if shown is None or (shown == instead_of and not (shown.sequence_editor and len(strips(shown)))):
        workspace.sequencer_scene = scene


def open_in_sequencer(window: Any, workspace: Any, scene: bpy.types.Scene) -> None:
    """Show a scene's strips in the Sequencers of a workspace, which a window shows or is about to."""
    if WORKSPACES_CHOOSE:
        workspace.sequencer_scene = scene
    else:
        window.scene = scene


def write_movie_files(image_settings: Any) -> None:
    """Choose FFmpeg as the output format; since 5.0 only after the kind of medium."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "VIDEO"
    image_settings.file_format = "FFMPEG"


def new_curves(owner: bpy.types.ID) -> Any:
    """The still empty curves of a new action that moves a datablock; since 4.4 they belong to a slot of it."""
    data: Any = owner.animation_data_create()
    action: Any = bpy.data.actions.new(owner.name)
    data.action = action
    if not hasattr(action, "slots"):
        return action.fcurves
    data.action_slot = slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True).fcurves


def curves_for_writing(owner: bpy.types.ID) -> Any:
    """The curves of a datablock's own action, which is made where it has none."""
    data: Any = getattr(owner, "animation_data", None)
    if data is None or data.action is None:
        return new_curves(owner)
    action = data.action
    if not hasattr(action, "slots"):
        return action.fcurves
    if data.action_slot is None:
        data.action_slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    layer = action.layers[0] if len(action.layers) else action.layers.new("Layer")
    strip = next((strip for strip in layer.strips if strip.type == "KEYFRAME"), None)
    return (strip or layer.strips.new(type="KEYFRAME")).channelbag(data.action_slot, ensure=True).fcurves


def new_curve(owner: bpy.types.ID, path: str, group: str) -> Any:
    """A curve of a datablock's own action for a property that has none; the argument for its group got a new name."""
    curves = curves_for_writing(owner)
    parameters = curves.bl_rna.functions["new"].parameters
    return curves.new(path, **{"group_name" if "group_name" in parameters else "action_group": group})


def own_curves(owner: bpy.types.ID) -> list[Any]:
    """The curves of a datablock's own action, none where it has none; since 4.4 those of its slot."""
    data = getattr(owner, "animation_data", None)
    if data is None or data.action is None:
        return []
    if not hasattr(data.action, "layers"):
        return list(data.action.fcurves)
    strips = [strip for layer in data.action.layers for strip in layer.strips if strip.type == "KEYFRAME"]
    bags = [strip.channelbag(data.action_slot) for strip in strips if data.action_slot]
    return [curve for bag in bags if bag for curve in bag.fcurves]


def compositor_tree(scene: Any) -> Any:
    """The nodes that a scene's renders go through; None where there are none. They moved out of the scene in 5.0."""
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None
