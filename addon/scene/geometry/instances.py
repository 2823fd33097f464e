"""Every surface that the render would see, frame by frame: its triangles, where it stands, and what it is called.

Curves, text and metaballs come to a render engine as meshes already, and so does what geometry nodes and particles
make. A mesh is read again only when Blender says that it changed, and kept once however often it stands somewhere.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....backend.motion_bridge.errors import BadInput
from .array_store import Handle, Store
from .materials import MaterialList
from .mesh import MeshReader, Shape
from .unsupported import KINDS, is_volume, kind_of, materials_of

MOST_INSTANCES = 250_000  # of one frame; each of them takes about a kilobyte while it is read
MOST_TRIANGLES = 24_000_000  # of one frame, every instance counted; each of them takes about 80 bytes
NO_NUMBER = 0x7FFFFFFF  # what fills an instance's persistent_id behind its own numbers

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Instance:
    """An object, or one of those that an instancer makes: the same from frame to frame."""

    name: str  # of the object that it shows
    owner: str  # of the object that brings it in: itself, or the instancer
    instanced: bool  # whether it is one of several that an instancer makes
    transmissive: bool  # whether one sees through it


@dataclass(frozen=True, slots=True)
class PlacedInstances:
    """Which instances there are at one frame, with which meshes, and where."""

    instance: Handle  # (n,) int32, into Geometry.instances
    shape: Handle  # (n,) int32, into Geometry.shapes
    matrix: Handle  # (n, 4, 4) float64, object to world


@dataclass
class Geometry:
    """All frames of a snapshot's surfaces."""

    store: Store = field(default_factory=Store)
    instances: list[Instance] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    materials: MaterialList = field(default_factory=MaterialList)
    frames: list[PlacedInstances] = field(default_factory=list)
    unread: dict[str, str] = field(
        default_factory=dict
    )  # object → what of it renders but is not a surface: unsupported.py


class Reader:
    """Reads one frame after the other into a Geometry."""

    def __init__(self) -> None:
        self.geometry = Geometry()
        self._meshes = MeshReader(self.geometry.store)
        self._numbers: dict[Key, int] = {}
        self._no_surface: dict[Key, bool] = {}
        self._shapes: dict[Shape, int] = {}
        self._read: dict[Key, tuple[int, frozenset[int]]] = {}  # mesh → shape, and the datablocks that it depends on

    def read(self, depsgraph: Any) -> None:
        """Add the frame that the dependency graph stands at."""
        check_instances(depsgraph)
        self._forget_changed(depsgraph)
        numbers: list[int] = []
        shapes: list[int] = []
        matrices: list[Any] = []
        met: dict[Key, int] = {}
        for instance in depsgraph.object_instances:
            if not seen_by_camera(instance, depsgraph) or self._is_no_surface(instance) or not instance.show_self:
                continue
            shape = self._shape(instance)
            if shape is None:
                continue
            key = identity(instance)
            met[key] = met.get(key, -1) + 1
            numbers.append(self._number((*key, met[key]), instance))
            shapes.append(shape)
            matrices.append([row[:] for row in instance.matrix_world])
        check_triangles(sum(self.geometry.shapes[shape].triangles.shape[0] for shape in shapes), depsgraph)
        put = self.geometry.store.put
        self.geometry.frames.append(
            PlacedInstances(
                put(np.array(numbers, np.int32)),
                put(np.array(shapes, np.int32)),
                put(np.array(matrices, np.float64).reshape(-1, 4, 4)),
            )
        )

    def _is_no_surface(self, instance: Any) -> bool:
        """Whether there is nothing to read of an instance; what a render shows of it all the same is noted."""
        obj = instance.object
        key = (obj.original.as_pointer(), obj.type, instance.show_self)
        if key not in self._no_surface:
            if kind := kind_of(instance):
                self.geometry.unread[obj.original.name] = kind
            elif obj.type in KINDS:
                return True  # it is empty as yet
            self._no_surface[key] = obj.type != "MESH" or is_volume(obj)
        return self._no_surface[key]

    def _forget_changed(self, depsgraph: Any) -> None:
        changed = {update.id.original.as_pointer() for update in depsgraph.updates if update.is_updated_geometry}
        self._read = {key: entry for key, entry in self._read.items() if not entry[1] & changed}

    def _shape(self, instance: Any) -> int | None:
        obj = instance.object  # what geometry nodes make belongs to the object that has the nodes
        mesh = obj.data
        parts = (obj.original.as_pointer(), mesh.original.as_pointer())
        key = (mesh.as_pointer(), *parts)
        if key not in self._read:
            shape = self._meshes.read(obj, self.geometry.materials.numbers(obj))
            if shape is None:
                return None
            if shape not in self._shapes:
                self._shapes[shape] = len(self.geometry.shapes)
                self.geometry.shapes.append(shape)
            self._read[key] = (self._shapes[shape], frozenset(parts))
        return self._read[key][0]

    def _number(self, key: Key, instance: Any) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.geometry.instances)
            owner = instance.parent if instance.is_instance else instance.object
            name = instance.object.original.name
            several = instance.is_instance and instance.persistent_id[1] != NO_NUMBER
            instanced = several or (instance.is_instance and instance.object.original != owner.original)
            transmissive = is_transmissive(instance.object)
            self.geometry.instances.append(Instance(name, owner.original.name, instanced, transmissive))
        return self._numbers[key]


def check_instances(depsgraph: Any) -> None:
    """BadInput when a frame has more instances than can be read in bounded memory."""
    count = len(depsgraph.object_instances)
    if count > MOST_INSTANCES:
        raise BadInput(
            f"The scene has {count:,} instances at frame {depsgraph.scene.frame_current}; at most {MOST_INSTANCES:,} "
            "can be read. Lower the number that the instancers make for the render, or hide some from it."
        )


def check_triangles(count: int, depsgraph: Any) -> None:
    """BadInput when a frame has more triangles, all instances together, than can be drawn in bounded memory."""
    if count > MOST_TRIANGLES:
        raise BadInput(
            f"The scene shows {count:,} triangles at frame {depsgraph.scene.frame_current}, all instances together; at "
            f"most {MOST_TRIANGLES:,} can be drawn. Lower the render levels of modifiers or the number of instances, "
            "or hide some from the render."
        )


def identity(instance: Any) -> Key:
    """What makes an instance the same one at another frame; persistent_id alone is not unique."""
    parent = instance.parent.original.name_full if instance.is_instance else None
    persistent = tuple(instance.persistent_id) if instance.is_instance else ()
    return (instance.object.original.name_full, persistent, parent)


def seen_by_camera(instance: Any, depsgraph: Any) -> bool:
    """Whether camera rays may hit an instance; the render's own graph leaves out all else that is hidden.

    An object of an Indirect Only collection is seen only in mirrors and shadows, with all that it brings in.
    """
    owner = instance.parent if instance.is_instance else instance.object
    if owner.indirect_only_get(view_layer=depsgraph.view_layer_eval):
        return False
    return instance.object.visible_camera and owner.visible_camera


def is_transmissive(obj: Any) -> bool:
    """Whether one sees through all of an object's materials: by a glass or transparent shader, or transmission."""
    materials = materials_of(obj)
    return bool(materials) and all(material and _transmits(material) for material in materials)


def _transmits(material: Any) -> bool:
    if not material.node_tree:
        return False
    for node in material.node_tree.nodes:
        if node.type in ("BSDF_GLASS", "BSDF_REFRACTION", "BSDF_TRANSPARENT"):
            return True
        if node.type == "BSDF_PRINCIPLED":
            socket = node.inputs["Transmission Weight"]
            if not socket.is_linked and socket.default_value > 0.5:
                return True
    return False
