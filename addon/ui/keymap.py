"""Esc stops the running job, wherever the mouse is in a Blender window.

A keymap entry rather than a modal operator: that one would hold back Blender's automatic saving for as long as the
job lasts, and would be lost when a file is loaded.
"""

import bpy

_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None:  # Blender runs without a window
        return
    keymap = configuration.keymaps.new("Window")
    _items.append((keymap, keymap.keymap_items.new("motion_bridge.cancel", "ESC", "PRESS")))


def unregister() -> None:
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()
