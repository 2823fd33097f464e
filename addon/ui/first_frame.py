"""The picture that generation starts from: where it comes from, and a small view of it."""

from typing import Any

import bpy

from ..paths import absolute
from ..properties import settings_of
from ..properties.takes import take_list
from .thumbnails import icon_of

SCALE = 3.6  # of the small view, in lines


def draw_first_frame(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The choice beside the picture."""
    settings: Any = settings_of(context.scene)
    row = layout.row()
    icon = first_frame_icon(settings, take_list(context, context.scene))
    if icon:
        row.template_icon(icon, scale=SCALE)
    column = row.column(align=True)
    column.label(text="First Frame")
    column.row(align=True).prop(settings, "first_frame", expand=True)
    if settings.first_frame == "FILE":
        column.prop(settings, "first_frame_path", text="")
    elif settings.first_frame == "IMAGE":
        column.template_ID(settings, "first_frame_image", open="image.open")


def first_frame_icon(settings: Any, takes: Any) -> int:
    """The icon of the picture as far as it is there; 0 where it is still to be rendered.

    takes: the list of them, if it was read. Where the first frame is rendered, the newest take shows what it was last.
    """
    match settings.first_frame:
        case "FILE" if settings.first_frame_path:
            return icon_of(absolute(settings.first_frame_path))
        case "IMAGE" if settings.first_frame_image is not None:
            preview = settings.first_frame_image.preview
            return preview.icon_id if preview is not None else 0
        case "RENDER" if takes and len(takes.items) and takes.output == settings.output:
            return icon_of(takes.items[0].thumbnail)
    return 0
