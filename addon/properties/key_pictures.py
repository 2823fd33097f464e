"""What the scene remembers of key pictures and of draft quality, as `scene.motion_bridge.keys` and `.draft`."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...backend.motion_bridge.geometry.key_frames import THRESHOLD
from ..compat import BLEND_RELATIVE
from ..scene.key_picture import RenderOptions
from ..scene.key_pictures import KeyPictures

STEP = 24  # frames, as one usually starts


class MotionBridgeKeys(bpy.types.PropertyGroup):
    """Which frames are key pictures."""

    mode: EnumProperty(
        name="Key Pictures",
        description="The pictures that all frames take their colors from",
        items=[
            ("FIRST", "First", "The first frame alone"),
            ("EVERY", "Every N", "Every Nth frame and the last one, rendered with this scene's own engine"),
            (
                "AUTOMATIC",
                "Automatic",
                "As few renders as show nearly everything. Geometry says which, before anything is rendered",
            ),
            ("FILES", "Files", "Pictures that are there already: a folder of files called frame_0001.png and so on"),
        ],
        default="FIRST",
    )
    step: IntProperty(
        name="Every", description="Frames from one key picture to the next", default=STEP, min=1, soft_max=100
    )
    threshold: FloatProperty(
        name="Never Seen",
        description="How much of a frame may show what no key picture has seen, in percent. Less means more renders",
        default=100 * THRESHOLD,
        min=0.01,
        max=100,
        soft_max=5,
        precision=2,
        subtype="PERCENTAGE",
    )
    folder: StringProperty(
        name="Folder",
        description="Where files called frame_0001.png and so on are, at the shot's size. 8 or 16 bits",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
    )
    blur: BoolProperty(
        name="Motion Blur and Depth of Field",
        description="Render key pictures with them. What they blur across an edge then moves with both of its sides, "
        "so edges smear; without them every edge is sharp where it is",
    )

    def choice(self) -> KeyPictures:
        """The same as what is read."""
        match self.mode:
            case "EVERY":
                return KeyPictures(step=self.step)
            case "AUTOMATIC":
                return KeyPictures(threshold=self.threshold / 100)
            case "FILES":
                return KeyPictures(folder=self.folder or " ")
        return KeyPictures()


class MotionBridgeDraft(bpy.types.PropertyGroup):
    """A quick look at a shot."""

    size: EnumProperty(
        name="Draft",
        description="Make the take smaller, for a quick look",
        items=[
            ("100", "Full", "At the size of the output properties"),
            ("50", "50%", "At half that size"),
            ("25", "25%", "At a quarter of that size"),
        ],
        default="100",
    )
    step: IntProperty(
        name="Every Nth Frame", description="Make only every Nth frame, for a quick look", default=1, min=1, soft_max=10
    )

    def options(self, blur: bool) -> RenderOptions:
        """How pictures are rendered."""
        return RenderOptions(blur, int(self.size))
