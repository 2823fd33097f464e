"""The generated picture over the camera's view, where the camera sees it.

A picture comes packed (media/texture.py), so the main thread only uploads and draws it. The shader decodes sRGB:
what Blender draws into is encoded again, so the framebuffer holds the picture's own bytes, whatever the view transform.
Each pixel of the screen is the mean, in linear light, of four places of the picture a quarter of a pixel around it:
enlarged pictures stay sharp and are exact, smaller ones do not flicker.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent
from bpy_extras.view3d_utils import location_3d_to_region_2d
from gpu_extras.batch import batch_for_shader
from numpy.typing import NDArray

from ..properties import settings_of

Array = NDArray[Any]
Packed = NDArray[np.float32]  # (H, W), of media/texture.py

VERTEX = """
void main()
{
  place = vec2(corner.x, 1.0 - corner.y);
  gl_Position = ModelViewProjectionMatrix * vec4(frame.xy + corner * frame.zw, 0.0, 1.0);
}
"""
FRAGMENT = """
vec3 linear_light(vec2 at, bool right)
{
  ivec2 size = right ? textureSize(right_picture, 0) : textureSize(picture, 0);
  ivec2 texel = clamp(ivec2(floor(at * vec2(size))), ivec2(0), size - 1);
  float stored = right ? texelFetch(right_picture, texel, 0).r : texelFetch(picture, texel, 0).r;
  uint bits = floatBitsToUint(stored);
  vec3 srgb = vec3(float(bits & 255u), float((bits >> 8) & 255u), float((bits >> 16) & 255u)) / 255.0;
  vec3 curve = pow((srgb + 0.055) / 1.055, vec3(2.4));
  return mix(curve, srgb / 12.92, vec3(lessThanEqual(srgb, vec3(0.04045))));
}

void main()
{
  bool right = place.x > look.y;
  bool compared = look.z > 0.5;
  if (right && !compared) {
    discard;
  }
  vec2 quarter = 0.25 / frame.zw;
  vec3 sum = linear_light(place + quarter, right) + linear_light(place - quarter, right);
  quarter.x = -quarter.x;
  sum += linear_light(place + quarter, right) + linear_light(place - quarter, right);
  color = vec4(sum / 4.0, look.x);
  if (look.y < 1.0 && abs(place.x - look.y) * frame.z < look.w) {
    color = vec4(1.0, 1.0, 1.0, 0.8);
  }
}
"""
EDGE = 1.0  # half the width of the wipe's line, pixels at a scale of 1


@dataclass
class Picture:
    """A packed picture and its texture, which is made when it is drawn first."""

    packed: Packed
    uploaded: Any = None

    @property
    def texture(self) -> Any:
        if self.uploaded is None:
            height, width = self.packed.shape
            values, types = self.packed.reshape(-1), _types()
            buffer = types.Buffer("FLOAT", values.size, values)
            self.uploaded = types.GPUTexture((width, height), format="R32F", data=buffer)
        return self.uploaded


class Overlay:
    """What the camera views show; one for all of them."""

    scene = ""  # the name of the scene whose camera saw it; empty: nothing is shown
    picture: Picture | None = None
    compared: Picture | None = None  # stands right of the wipe, in place of the view itself
    handle: Any = None


def show(scene: str, picture: Packed, compared: Packed | None = None) -> None:
    """Show a picture over the view of a scene's camera. compared: another one, for the right side of the wipe."""
    Overlay.scene = scene
    Overlay.picture = Picture(picture)
    Overlay.compared = None if compared is None else Picture(compared)
    redraw()


def forget() -> None:
    """Show nothing any more."""
    Overlay.scene, Overlay.picture, Overlay.compared = "", None, None
    redraw()


def is_seen(scene: str) -> bool:
    """Whether a 3D View that is open looks through a scene's camera."""
    return any(
        window.scene.name == scene and space.region_3d.view_perspective == "CAMERA"
        for window, space in _views()
        if not space.use_local_camera
    )


def redraw() -> None:
    """Have the camera views drawn anew."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D" and area.spaces.active.region_3d.view_perspective == "CAMERA":  # type: ignore[attr-defined]
                for region in area.regions:
                    if region.type == "WINDOW":
                        region.tag_redraw()


def draw() -> None:
    """Draw in the region that is being drawn, if it looks through the camera that the picture is of."""
    picture, context = Overlay.picture, bpy.context
    if picture is None or context.scene.name != Overlay.scene or not looks_through_camera(context):
        return
    view: Any = settings_of(context.scene).view
    corners = picture_corners(context) if view.overlay and view.opacity > 0 else None
    if corners is None:
        return
    (left, top), (right, bottom) = corners
    compared = Overlay.compared
    edge = EDGE * context.preferences.system.ui_scale
    shader, quad = _shader()
    gpu.state.blend_set("ALPHA")
    shader.bind()
    shader.uniform_float("frame", (left, bottom, right - left, top - bottom))
    shader.uniform_float("look", (view.opacity, view.wipe, float(compared is not None), edge))
    shader.uniform_sampler("picture", picture.texture)
    shader.uniform_sampler("right_picture", (compared or picture).texture)
    quad.draw(shader)
    gpu.state.blend_set("NONE")


def picture_corners(context: bpy.types.Context) -> Array | None:
    """Where the camera's frame has its top left and bottom right corners in the region: (2, 2) pixels, or None."""
    camera: Any = context.scene.camera
    _, bottom_right, _, top_left = camera.data.view_frame(scene=context.scene)
    matrix = camera.matrix_world.normalized()
    found = [
        location_3d_to_region_2d(context.region, context.region_data, matrix @ corner)
        for corner in (top_left, bottom_right)
    ]
    return None if None in found else np.array(found)


def looks_through_camera(context: Any) -> bool:
    """Whether the region shows the scene's own camera; quad view draws four regions of which one does.

    A scene may look through any object, such as a lamp: that sees no frame.
    """
    camera, region_data = context.scene.camera, context.region_data
    return (
        region_data is not None
        and region_data.view_perspective == "CAMERA"
        and camera is not None
        and camera.type == "CAMERA"
        and not context.space_data.use_local_camera
    )


def _views() -> list[tuple[Any, Any]]:
    """The open 3D Views: window and space."""
    return [
        (window, area.spaces.active)
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]


def _types() -> Any:
    """gpu.types; 4.2's stubs know no constructor of these types."""
    return gpu.types


@cache
def _shader() -> tuple[Any, Any]:
    """The shader, and the square from 0 to 1 that it stretches over the camera's frame."""
    info: Any = gpu.types.GPUShaderCreateInfo()
    between = _types().GPUStageInterfaceInfo("motion_bridge_overlay")
    between.smooth("VEC2", "place")
    info.push_constant("MAT4", "ModelViewProjectionMatrix")
    info.push_constant("VEC4", "frame")  # left, bottom, width, height in pixels of the region
    info.push_constant("VEC4", "look")  # opacity, wipe, whether there is a second picture, half width of the edge
    info.sampler(0, "FLOAT_2D", "picture")
    info.sampler(1, "FLOAT_2D", "right_picture")
    info.vertex_in(0, "VEC2", "corner")
    info.vertex_out(between)
    info.fragment_out(0, "VEC4", "color")
    info.vertex_source(VERTEX)
    info.fragment_source(FRAGMENT)
    shader = gpu.shader.create_from_info(info)
    corners: Any = np.array([(0, 0), (1, 0), (0, 1), (1, 1)], np.float32)
    return shader, batch_for_shader(shader, "TRI_STRIP", {"corner": corners})


@persistent
def _file_loaded(*_: Any) -> None:
    forget()


def register() -> None:
    Overlay.handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_file_loaded)
    bpy.types.SpaceView3D.draw_handler_remove(Overlay.handle, "WINDOW")
    Overlay.handle = None
    forget()
    _shader.cache_clear()
