"""Leave things as they were found, also when something fails on the way."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import bpy

RENDER_HANDLERS = (
    "render_init",
    "render_pre",
    "render_post",
    "render_write",
    "render_stats",
    "render_complete",
    "render_cancel",
)
SLOT = "Motion Bridge"
PNG = {"media_type": "IMAGE", "file_format": "PNG"}  # the kind of medium, which there is since 5.0, comes first


@contextmanager
def changed(owner: Any, **values: Any) -> Iterator[None]:
    """Properties of a datablock with other values for a while, set in this order and put back in the opposite one."""
    before: dict[str, Any] = {}
    try:
        for name, value in values.items():
            before[name] = getattr(owner, name)
            setattr(owner, name, value)
        yield
    finally:
        restore(owner, dict(reversed(before.items())))


def restore(owner: Any, values: Mapping[str, Any]) -> None:
    """Give properties their values back, in this order. What Blender does not take any more is left, the rest is done.

    A choice that its list does not offer reads as an empty text and cannot be set; a datablock may be gone.
    """
    for name, value in values.items():
        with suppress(TypeError, ValueError, AttributeError, ReferenceError, RuntimeError):
            if getattr(owner, name) != value:
                setattr(owner, name, value)


@contextmanager
def png_output(image_settings: Any) -> Iterator[None]:
    """Pictures are saved as 8-bit RGB PNG for a while.

    Color mode, depth and compression are kept beside the format, and a format shows only what it allows: they are
    remembered as PNG shows them and given back while it is chosen, then again as the artist's own format shows them.
    """
    details = {"color_mode": "RGB", "color_depth": "8", "compression": 15}
    formats = {name: value for name, value in PNG.items() if hasattr(image_settings, name)}
    outside = {name: getattr(image_settings, name) for name in (*formats, *details)}
    inside: dict[str, Any] = {}
    try:
        for name, value in formats.items():
            setattr(image_settings, name, value)
        inside = {name: getattr(image_settings, name) for name in details}
        for name, value in details.items():
            setattr(image_settings, name, value)
        yield
    finally:
        restore(image_settings, inside)
        restore(image_settings, outside)


@contextmanager
def silent_handlers(names: Sequence[str] = RENDER_HANDLERS) -> Iterator[None]:
    """Nobody's handlers run for a while: what happens here is no render to the people who wrote them."""
    lists = [getattr(bpy.app.handlers, name) for name in names]
    kept = [list(handlers) for handlers in lists]
    try:
        for handlers in lists:
            handlers.clear()
        yield
    finally:
        for handlers, before in zip(lists, kept, strict=True):
            handlers[:] = before


@contextmanager
def render_result_kept() -> Iterator[None]:
    """The picture that somebody rendered last is still there afterwards.

    A render writes into the active slot of the Render Result; whatever happens here goes into a slot of our own, which
    stays (Blender cannot remove one from a script). Where nothing was rendered yet, nothing is left at all.
    """
    result = _render_result()
    others = set(bpy.data.images)
    active = result.render_slots.active_index if result else 0
    try:
        if result:
            slots = result.render_slots
            names = [slot.name for slot in slots]
            if SLOT not in names:
                slots.new(name=SLOT)
                names.append(SLOT)
            slots.active_index = names.index(SLOT)
        yield
    finally:
        if result:
            with suppress(ReferenceError):  # another file is open by now
                restore(result.render_slots, {"active_index": active})
        else:
            for image in set(bpy.data.images) - others:
                if image.type in ("RENDER_RESULT", "COMPOSITING"):
                    bpy.data.images.remove(image)


def _render_result() -> Any:
    return next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
