"""What is followed through the shot, as the panel says."""

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ...backend.motion_bridge.errors import BadInput
from ..scene.tracks.selection import TrackSelection, members, numbers_of, sources_of
from ..scene.tracks.sources import WHOLE, Region, Source

BORDERS = ("left", "top", "right", "bottom")


class MotionBridgeSource(bpy.types.PropertyGroup):
    """An object or a collection that is followed, and how."""

    enabled: BoolProperty(name="Enabled", description="Track it", default=True)
    object: PointerProperty(name="Object", description="What is followed", type=bpy.types.Object)
    collection: PointerProperty(
        name="Collection", description="Everything in it is followed", type=bpy.types.Collection
    )
    what: EnumProperty(
        name="Points Of",
        description="Which of its points are tracked",
        items=[
            ("SURFACE", "Surface", "Points spread evenly over what the first frame shows of it"),
            ("ORIGIN", "Origin", "Its origin alone"),
            ("VERTICES", "Vertices", "All its vertices, a vertex group, or some that were picked in Edit Mode"),
            ("BONES", "Bones", "The bones of an armature"),
            ("CURVE", "Curve Points", "The control points of a curve"),
            ("INSTANCES", "Instances", "The origin of each instance that it brings in"),
        ],
    )
    amount: EnumProperty(
        name="Amount",
        description="What says how many points there are",
        items=[
            ("COUNT", "Count", "So many points, as far from each other as they can be"),
            ("SPACING", "Spacing", "A point every so many pixels"),
        ],
    )
    count: IntProperty(name="Points", description="How many points, at most", default=40, min=1, max=10000)
    spacing: FloatProperty(
        name="Every",
        description="Distance from one point to the next",
        default=16,
        min=2,
        soft_max=200,
        precision=0,
        subtype="PIXEL",
    )
    group: StringProperty(name="Vertex Group", description="Only the vertices of this group; empty: all")
    picked: StringProperty(name="Vertices", description="Numbers of the vertices, such as 0-12 40; empty: all")
    bone: StringProperty(name="Bone", description="Only this bone; empty: all that bend something")
    along: FloatProperty(
        name="Along", description="From the bone's head, 0, to its tail, 1", min=0, max=1, subtype="FACTOR"
    )
    kind: EnumProperty(
        name="Kind",
        description="What the points mean to an engine that lets one take hold of them",
        items=[
            ("path", "Path", "They go where the scene takes them"),
            ("live", "Live", "They go where the scene takes them until somebody drags them while the video runs"),
            ("pinned", "Pinned", "They stay where the first frame shows them"),
        ],
    )

    def target(self, scene: Any) -> Any:
        """The object or the collection; None when it is not in the scene any more."""
        if self.collection:
            return (
                self.collection if self.collection in (scene.collection, *scene.collection.children_recursive) else None
            )
        return self.object if self.object and self.object.name in scene.objects else None

    def selection(self) -> TrackSelection:
        """How it is followed."""
        return TrackSelection(
            what=self.what.lower(),
            kind=self.kind,
            count=self.count,
            spacing=self.spacing if self.amount == "SPACING" else 0.0,
            group=self.group,
            vertices=numbers_of(self.picked),
            bone=self.bone,
            along=self.along,
        )

    def wanted(self, scene: Any) -> tuple[Source, ...]:
        """What a Shot is told to follow; BadInput when it is not there any more or has nothing of the kind."""
        target = self.target(scene)
        if target is None:
            raise BadInput(f"{self.name!r} in the Tracks list is not in the scene {scene.name!r}; remove it there.")
        objects = members(self.collection, scene) if self.collection else [self.object]
        return sources_of(target.name, objects, self.selection())


class MotionBridgeTracks(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.tracks`."""

    use_grid: BoolProperty(
        name="Camera Grid",
        description="Follow a grid of points over the first frame, which tells how the camera moves",
        default=True,
    )
    sources: CollectionProperty(type=MotionBridgeSource)
    active_source: IntProperty()
    use_region: BoolProperty(
        name="Region", description="Choose the points of the grid and of surfaces only in a part of the first frame"
    )
    left: FloatProperty(name="Left", min=0, max=1, subtype="FACTOR")
    top: FloatProperty(name="Top", min=0, max=1, subtype="FACTOR")
    right: FloatProperty(name="Right", min=0, max=1, default=1, subtype="FACTOR")
    bottom: FloatProperty(name="Bottom", min=0, max=1, default=1, subtype="FACTOR")
    through_glass: BoolProperty(
        name="Through Glass", description="Objects of glass do not hide the points that are seen through them"
    )

    def wanted(self, scene: Any) -> tuple[Source, ...]:
        """What the list says is followed; BadInput for an entry that cannot be."""
        return tuple(source for entry in self.sources if entry.enabled for source in entry.wanted(scene))

    def region(self) -> Region:
        """Where on the first frame points are chosen."""
        return Region(*(getattr(self, border) for border in BORDERS)) if self.use_region else WHOLE
