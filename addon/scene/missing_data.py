"""Linked data whose file is gone: Blender puts empty placeholders in its place, and renders on."""

from typing import Any

NAMED = 3  # as many files are told by name
REMEDY = "Put it back, or find it with File > External Data > Find Missing Files."


def missing_file(obj: Any) -> str | None:
    """The file that an object or its data should have come from, where it is not there; else None."""
    original = obj.original
    for block in (original, original.data):
        if block is not None and block.is_missing:
            return block.library.filepath if block.library else "another file"
    return None


def missing_sentences(scene: Any) -> list[str]:
    """Which files the scene's objects lack."""
    files = sorted({file for obj in scene.objects if (file := missing_file(obj))})
    if not files:
        return []
    some = ", ".join(files[:NAMED]) + (f" and {len(files) - NAMED} more" if len(files) > NAMED else "")
    return [f"Some objects are linked from {some}, which is not there, and are not rendered. {REMEDY}"]
