"""Renders with the operator of the panel's button and prints, as JSON, what stands in the Sequencer and the images."""

import json
import sys
from pathlib import Path

import bpy

output = Path(sys.argv[-1])
scene = bpy.context.scene
scene.motion_bridge.output = str(output)
assert bpy.ops.motion_bridge.render() == {"FINISHED"}
editor = scene.motion_bridge.takes.sequence_editor
report = {
    "strips": [
        {
            "type": strip.type,
            "start": strip.frame_final_start if bpy.app.version < (5, 2) else strip.left_handle,
            "channel": strip.channel,
            "folder": Path(bpy.path.abspath(strip.directory)).name,
            "files": [element.filename for element in strip.elements],
        }
        for strip in editor.strips
    ],
    "images": {image.name: list(image.size) for image in bpy.data.images},
}
print("REPORT " + json.dumps(report))
