"""The materials of surfaces: a name, and the color that stands for one where no picture shows it."""

from dataclasses import dataclass, field
from typing import Any

from ....backend.motion_bridge.shot import Material
from .unsupported import materials_of

UNSET = (0.8, 0.8, 0.8)  # the viewport color of a new material, and of a surface without one
COLORED = {"BSDF_PRINCIPLED": "Base Color", "EMISSION": "Color", "BSDF_DIFFUSE": "Color"}  # shader → its color
MOST = 65535  # what a triangle's uint16 can name; all others look like the first


@dataclass
class MaterialList:
    """The materials that were met, each with its number; number 0 is the surface without a material."""

    found: list[Material] = field(default_factory=lambda: [Material("", UNSET)])
    _numbers: dict[int, int] = field(default_factory=dict)  # by the original's pointer

    def numbers(self, obj: Any) -> list[int]:
        """The numbers of an evaluated mesh object's slots; one at least."""
        slots, made = materials_of(obj), list(obj.data.materials)  # geometry nodes may have made more
        return [self._number(material) for material in (made if len(made) > len(slots) else slots)] or [0]

    def _number(self, material: Any) -> int:
        if material is None:
            return 0
        key = material.original.as_pointer()
        if key not in self._numbers:
            self._numbers[key] = len(self.found) if len(self.found) <= MOST else 0
            self.found.append(Material(material.original.name, color_of(material)))
        return self._numbers[key]


def color_of(material: Any) -> tuple[float, float, float]:
    """A material's viewport color; where nobody has set one, the color of its surface shader."""
    red, green, blue = (max(0.0, float(part)) for part in material.diffuse_color[:3])
    if max(abs(part - unset) for part, unset in zip((red, green, blue), UNSET, strict=True)) > 1e-3:
        return red, green, blue
    return _shader_color(material) or UNSET


def _shader_color(material: Any) -> tuple[float, float, float] | None:
    tree = material.node_tree
    output = tree.get_output_node("ALL") if tree else None
    if output is None or not output.inputs["Surface"].is_linked:
        return None
    shader = output.inputs["Surface"].links[0].from_node
    socket = shader.inputs.get(COLORED.get(shader.type, ""))
    if socket is None:
        return None
    if socket.is_linked:
        return _texture_color(socket.links[0].from_node)
    red, green, blue = (max(0.0, float(part)) for part in socket.default_value[:3])
    return red, green, blue


def _texture_color(node: Any) -> tuple[float, float, float] | None:
    """The mean of the colors that a node mixes, such as a checker's two; None where it has none of its own."""
    if node.type == "RGB":
        colors = [node.outputs[0].default_value[:3]]
    elif node.type == "VALTORGB":
        colors = [element.color[:3] for element in node.color_ramp.elements]
    else:
        colors = [each.default_value[:3] for each in node.inputs if each.type == "RGBA" and not each.is_linked]
    if not colors:
        return None
    red, green, blue = (max(0.0, float(sum(parts)) / len(colors)) for parts in zip(*colors, strict=True))
    return red, green, blue
