"""Blender properties made from an engine's own description of its settings, so that the two cannot disagree."""

import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...backend.motion_bridge.engines.setting import FILE, FOLDER, Choice, Setting
from ..compat import BLEND_RELATIVE

PATHS = {FILE: "FILE_PATH", FOLDER: "DIR_PATH"}
BEST = "BEST"  # stands for an engine's empty text: Blender's menus have no empty identifiers


def property_of(setting: Setting) -> Any:
    """The property that holds a setting's value as it is."""
    texts: dict[str, Any] = {"name": setting.label, "description": setting.help}
    match setting.default:
        case bool():
            return BoolProperty(**texts, default=setting.default)
        case int():
            subtype = "PIXEL" if setting.unit == "px" else "NONE"
            return IntProperty(**texts, default=setting.default, subtype=subtype, **_limits(setting, int))
        case float():
            return FloatProperty(**texts, default=setting.default, **_limits(setting, float))
        case str() if setting.names:
            texts["subtype"] = PATHS[setting.names]
            return StringProperty(**texts, options=BLEND_RELATIVE)
    return menu(setting)


def menu(setting: Setting, more: Iterable[Choice] = (), steady: bool = False) -> Any:
    """A menu of a setting's choices and more.

    steady: a .blend stores an item's number. By default that is its position; steady ones are made of its identifier,
    so that items may come between others.
    """
    choices = [*setting.choices, *more]
    items = [(each.value or BEST, each.label, each.help) for each in choices]
    if steady:
        items = [(*item, zlib.crc32(item[0].encode()) >> 1) for item in items]
    return EnumProperty(
        name=setting.label, description=setting.help, items=items, default=setting.default or items[0][0]
    )


def automatic(setting: Setting, start: float) -> Any:
    """A checkbox that is on while `setting` holds the number that leaves it to the engine.

    It stores nothing of its own. start: what the number becomes when the checkbox is turned off.
    """

    def get(group: Any) -> bool:
        return getattr(group, setting.name) == setting.automatic

    def put(group: Any, on: bool) -> None:
        if on != get(group):
            setattr(group, setting.name, setting.automatic if on else start)

    return BoolProperty(
        name="Automatic", description=f"Let the engine choose: {setting.label}", get=get, set=put, options={"SKIP_SAVE"}
    )


def show(group: Any, settings: Mapping[str, Any]) -> None:
    """Show an engine's settings in the properties of the same names; what no property can show is left out."""
    for name, value in settings.items():
        found: Any = group.bl_rna.properties.get(name)
        if found is None:
            continue
        if found.type == "ENUM":
            value = value or BEST
            folder = f"{name}_folder"
            if value not in found.enum_items and hasattr(group, folder):  # a model of the person's own
                setattr(group, folder, value)
                value = "FOLDER"
        with suppress(TypeError):  # a choice that is no longer there
            setattr(group, name, value)


def _limits(setting: Setting, number: type) -> dict[str, Any]:
    lowest = [each for each in (setting.least, setting.automatic) if each is not None]
    found = {"min": min(lowest, default=None), "max": setting.most, "soft_max": setting.usual}
    return {name: number(value) for name, value in found.items() if value is not None}
