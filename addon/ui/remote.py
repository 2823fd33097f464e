"""Preferences: another machine whose GPU makes the frames, and a button that tries it."""

import bpy
from bpy.props import StringProperty

from ..interpreter import remote
from . import downloads, preferences
from .operators import attempt


class MotionBridgeRemote(bpy.types.PropertyGroup):
    host: StringProperty(
        name="Remote GPU",
        description="user@host: a machine with Motion Bridge that ssh reaches without a password. Empty: this one",
    )
    program: StringProperty(
        name="Remote Program",
        description="Where motion-bridge is on that machine, such as ~/motion-bridge-python/bin/motion-bridge. "
        "Empty: on its PATH",
    )


class MOTION_BRIDGE_OT_test_remote(bpy.types.Operator):
    """Connect to the other machine and ask what it has"""

    bl_idname = "motion_bridge.test_remote"
    bl_label = "Test"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(remote.name())

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: downloads.begin(f"Connecting to {remote.name()}", remote.command("test"), {}))


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    own = downloads.preferences()
    row = layout.row(align=True)
    row.prop(own.remote, "host")
    row.operator("motion_bridge.test_remote", icon="URL")
    if remote.name():
        layout.prop(own.remote, "program")


def register() -> None:
    preferences.attach("remote", MotionBridgeRemote, draw)
    bpy.utils.register_class(MOTION_BRIDGE_OT_test_remote)


def unregister() -> None:
    bpy.utils.unregister_class(MOTION_BRIDGE_OT_test_remote)
    preferences.detach("remote", MotionBridgeRemote)
