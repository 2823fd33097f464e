"""Blender's door to Motion Bridge: everything that is registered here leaves again with unregister()."""

from . import addon


def register() -> None:
    addon.register()


def unregister() -> None:
    addon.unregister()
