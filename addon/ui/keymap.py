"""Esc stops the running job wherever the mouse is in a Blender window; Ctrl+Shift+F12 makes a take, as F12 renders.

Keymap entries rather than a modal operator: that one would hold back Blender's automatic saving for as long as the
job lasts, and would be lost when a file is loaded.
"""

from typing import Any

import bpy

_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []
KEYS: tuple[tuple[str, str, str, dict[str, bool]], ...] = (  # keymap, operator, key, with what
    ("Window", "motion_bridge.cancel", "ESC", {}),
    ("Screen", "motion_bridge.render", "F12", {"ctrl": True, "shift": True}),
)


def register() -> None:
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None:  # Blender runs without a window
        return
    for name, operator, key, held in KEYS:
        keymap = configuration.keymaps.new(name)
        items: Any = keymap.keymap_items
        _items.append((keymap, items.new(operator, key, "PRESS", **held)))


def unregister() -> None:
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()
