"""Leave things as they were found, also when something fails on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def changed(owner: Any, **values: Any) -> Iterator[None]:
    """Properties of a datablock with other values for a while, set in this order and put back in the opposite one."""
    before = []
    try:
        for name, value in values.items():
            before.append((name, getattr(owner, name)))
            setattr(owner, name, value)
        yield
    finally:
        for name, value in reversed(before):
            if getattr(owner, name) != value:
                setattr(owner, name, value)


@contextmanager
def silent_handlers() -> Iterator[None]:
    """Nobody's render handlers run for a while: what happens here is no render to the people who wrote them."""
    lists = [getattr(bpy.app.handlers, name) for name in RENDER_HANDLERS]
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
            result.render_slots.active_index = active
        else:
            for image in set(bpy.data.images) - others:
                if image.type in ("RENDER_RESULT", "COMPOSITING"):
                    bpy.data.images.remove(image)


def _render_result() -> Any:
    return next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
