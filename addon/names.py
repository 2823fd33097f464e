"""What the extension is called inside this Blender."""

PACKAGE = (__package__ or "").rpartition(".")[0]  # bl_ext.<repository>.motion_bridge
TITLE = "Motion Bridge"
