"""What Cycles says of a scene: its data passes as arrays, one sample at the very center of each pixel."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np

SOCKETS = {
    "Z": ("Depth", "Z"),
    "Vector": ("Vector",),
    "Position": ("Position",),
    "UV": ("UV",),
    "Index": ("IndexOB", "Object Index"),
}
SWITCHES = {"Z": "use_pass_z", "Vector": "use_pass_vector", "Position": "use_pass_position", "UV": "use_pass_uv"}


def passes(scene: bpy.types.Scene, frame: int, *names: str) -> dict[str, np.ndarray]:
    """Render a frame: name → (H, W, C) float32, top row first. The compositor of the scene is not kept."""
    layer = scene.view_layers[0]
    for name in names:
        setattr(layer, SWITCHES.get(name, "use_pass_object_index"), True)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01
    scene.cycles.max_bounces = 0
    scene.render.use_compositing, scene.render.use_sequencer = True, False
    scene.frame_set(frame)
    with tempfile.TemporaryDirectory() as folder, file_outputs(scene, Path(folder), names):
        bpy.ops.render.render(scene=scene.name)
        return {name: read_exr(next(Path(folder).glob(f"{name}_*.exr"))) for name in names}


@contextmanager
def file_outputs(scene, folder, names):
    """One single-layer EXR for each pass; what a multi-layer one holds cannot be read back."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("truth", "CompositorNodeTree")
        scene.compositing_node_group = tree
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        end = tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        end = tree.nodes.new("CompositorNodeComposite")
    layers = tree.nodes.new("CompositorNodeRLayers")
    layers.scene = scene
    tree.links.new(layers.outputs["Image"], end.inputs[0])
    for name in names:
        node = tree.nodes.new("CompositorNodeOutputFile")
        if hasattr(node, "file_output_items"):
            node.directory, node.file_name = str(folder), f"{name}_"
            node.format.media_type = "IMAGE"
            node.file_output_items.new("FLOAT" if name in ("Z", "Index") else "RGBA", name)
        else:
            node.base_path = str(folder)
            node.file_slots[0].path = f"{name}_"
        node.format.file_format, node.format.color_depth = "OPEN_EXR", "32"
        node.format.color_mode = "RGB"
        socket = next(layers.outputs[label] for label in SOCKETS[name] if label in layers.outputs)
        tree.links.new(socket, node.inputs[0])
    try:
        yield
    finally:
        if hasattr(scene, "compositing_node_group"):
            scene.compositing_node_group = None
            bpy.data.node_groups.remove(tree)
        else:
            tree.nodes.clear()
            scene.use_nodes = False


def read_exr(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    try:
        image.colorspace_settings.name = "Non-Color"
        width, height = tuple(image.size)
        values = np.empty(width * height * image.channels, np.float32)
        image.pixels.foreach_get(values)
        return values.reshape(height, width, image.channels)[::-1].copy()
    finally:
        bpy.data.images.remove(image)


def off_edges(depth: np.ndarray, reach: int = 2, jump: float = 0.2) -> np.ndarray:
    """Pixels (H, W) of a depth pass around which, within some pixels, depth does not jump."""
    padded = np.pad(np.minimum(depth, 1e4), reach, mode="edge")
    height, width = depth.shape
    around = [padded[y : y + height, x : x + width] for y in range(2 * reach + 1) for x in range(2 * reach + 1)]
    return np.ptp(np.log(around), axis=0) < jump


def axis_scale(camera: bpy.types.Object) -> float:
    """Cycles measures depth along the camera's own axis; where a parent shears, that axis leans out of the picture."""
    axes = np.array(camera.matrix_world)[:3, :3]
    axes /= np.linalg.norm(axes, axis=0)
    return 1 / float(np.linalg.norm(np.linalg.inv(axes)[2]))
