"""Small pictures in panels and lists: of engines, of first frames, of takes. Blender reads them while it draws."""

import os
from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews

PICTURES = Path(__file__).parent / "pictures"
LARGEST = 300  # pictures that are kept at once: 150 kB each, once drawn
PLAIN = "RENDER_ANIMATION"  # of an engine that brings no picture
ENGINES = frozenset(path.stem for path in PICTURES.glob("*.png"))

_loaded: Any = None
_written: dict[str, int] = {}  # file → when it was written, in nanoseconds, as far as that is followed


def icon_of(path: Path | str) -> int:
    """The icon of a picture file, for `template_icon` and `icon_value`; nothing is read here. 0 where there is none."""
    name = str(path)
    if _loaded is None or not name:
        return 0
    if name not in _loaded:
        if len(_loaded) >= LARGEST:
            _loaded.clear()
        _loaded.load(name, name, "IMAGE")
    return _loaded[name].icon_id


def follow_file(path: str) -> None:
    """Have a picture read anew where its file was replaced since the last call: a take's name may be used again."""
    try:
        written = os.stat(path).st_mtime_ns
    except OSError:
        return
    if _loaded is not None and path in _loaded and _written.get(path, written) != written:
        _loaded[path].reload()
    _written[path] = written


def engine_icon(engine: str) -> int:
    """The picture that stands for an engine."""
    return icon_of(PICTURES / f"{engine}.png") if engine in ENGINES else _built_in(PLAIN)


def _built_in(name: str) -> int:
    layout: Any = bpy.types.UILayout.bl_rna
    return layout.functions["prop"].parameters["icon"].enum_items[name].value


def register() -> None:
    global _loaded
    _loaded = bpy.utils.previews.new()


def unregister() -> None:
    global _loaded
    bpy.utils.previews.remove(_loaded)
    _loaded = None
    _written.clear()
