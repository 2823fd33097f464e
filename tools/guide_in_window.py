"""Work in Blender's window as a person does and take pictures of the screen: `guide_pictures.py` calls it.

blender --window … courtyard.blend -P tools/guide_in_window.py -- FIRST_FRAME.png FOLDER
"""

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

FIRST, FOLDER = Path(sys.argv[-2]), Path(sys.argv[-1])
PULSE = 0.05  # seconds
PATIENCE = 580  # seconds for everything
FRAMES = 48
EVERY = 2  # frames from one picture of the screen to the next


def steps() -> Iterator[Callable[[], bool]]:
    """What is done, and what is waited for in between."""
    open_look()
    bpy.context.preferences.view.show_splash = False
    scene: Any = bpy.context.scene
    settings = scene.motion_bridge
    settings.output, settings.engine = str(FOLDER / "takes"), "reproject"
    settings.first_frame, settings.first_frame_image = "IMAGE", bpy.data.images.load(str(FIRST))
    settings.prompts.add().text = "a courtyard in the evening sun"
    scene.frame_end = FRAMES
    scene.frame_set(1)
    yield from three_editors()
    yield drawn(6)
    invoke("render")
    seen = 0
    while not bpy.ops.motion_bridge.render.poll() or seen == 0:
        there = len(list(FOLDER.glob("takes/take_*/frame_*.png")))
        if there >= min(seen + EVERY, FRAMES) > seen:
            with backend_waits():
                seen = there
                scene.frame_set(min(there, FRAMES))
                if seen <= EVERY:
                    fit_picture()
                yield drawn(2)
                picture(f"arriving_{seen:03d}")
        else:
            yield lambda: True
    show_sidebar(view(), True)
    yield drawn(6)
    for region in view().regions:
        if region.type == "UI":
            region.active_panel_category = "Motion Bridge"
    settings.view.wipe = 1
    yield drawn(6)
    picture("editors")
    scene.frame_set(FRAMES)
    scene.render.filepath = str(FOLDER / "viewport.png")
    scene.display.shading.color_type = "MATERIAL"
    bpy.ops.render.opengl(write_still=True, view_context=False)
    yield from look(settings)


def look(settings: Any) -> Iterator[Callable[[], bool]]:
    """Two keyed numbers in the panel, alone so that it is large, and their curves."""
    main: Any = bpy.types.MOTION_BRIDGE_PT_view3d  # type: ignore[attr-defined]
    main.draw = lambda panel, context: None
    settings.engine = "deforum"
    curves = settings.deforum.curves
    for name, keys in (
        ("noise_schedule", ((1, 0.1), (24, 0.18), (FRAMES, 0.05))),
        ("start_sigma", ((1, 0.45), (24, 0.7), (FRAMES, 0.5))),
    ):
        for frame, value in keys:
            setattr(curves, name, value)
            curves.keyframe_insert(name, frame=frame)
    graph = next(area for area in main_window().screen.areas if area.type == "IMAGE_EDITOR")
    graph.ui_type = "FCURVES"
    settings.view.overlay = False
    settings.id_data.frame_set(24)
    yield drawn(3)
    show_sidebar(graph, False)
    yield drawn(3)
    with bpy.context.temp_override(window=main_window(), area=graph, region=region_of(graph)):
        bpy.ops.graph.view_all()
    yield drawn(8)
    picture("look")


def show_sidebar(area: bpy.types.Area, shown: bool) -> None:
    space: Any = area.spaces.active
    space.show_region_ui = shown


def fit_picture() -> None:
    """Let the Image Editor show its picture as large as it can."""
    area = next(area for area in main_window().screen.areas if area.type == "IMAGE_EDITOR")
    with bpy.context.temp_override(window=main_window(), area=area, region=region_of(area)):
        bpy.ops.image.view_all(fit_view=True)


@contextmanager
def backend_waits() -> Iterator[None]:
    """No frame is made meanwhile: a picture of the screen takes longer than a frame."""
    from bl_ext.user_default.motion_bridge.addon.render.manager import window

    backend = window.session.job.backend_pid
    try:
        os.kill(backend, signal.SIGSTOP)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(backend, signal.SIGCONT)


def open_look() -> None:
    """Let the panel of sliders be open, which is closed at first."""
    panel: Any = bpy.types.MOTION_BRIDGE_PT_view3d_look  # type: ignore[attr-defined]
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()
    panel.bl_order = 0
    bpy.utils.register_class(panel)


def three_editors() -> Iterator[Callable[[], bool]]:
    """The camera's view, the pictures beside it, the strip below."""
    for kind in ("PROPERTIES", "OUTLINER", "DOPESHEET_EDITOR"):
        for area in [each for each in main_window().screen.areas if each.type == kind]:
            with bpy.context.temp_override(window=main_window(), area=area):
                bpy.ops.screen.area_close()
            yield drawn(2)
    split("HORIZONTAL", 0.27)
    areas = sorted(main_window().screen.areas, key=lambda area: area.y)
    areas[0].ui_type = "SEQUENCE_EDITOR"
    sequencer: Any = areas[0].spaces.active
    sequencer.timeline_overlay.show_strip_source = False
    yield drawn(2)
    split("VERTICAL", 0.5)
    right = max((each for each in main_window().screen.areas if each.type == "VIEW_3D"), key=lambda area: area.x)
    right.ui_type = "IMAGE_EDITOR"
    yield drawn(2)
    space: Any = view().spaces.active
    space.region_3d.view_perspective = "CAMERA"
    space.shading.color_type = "MATERIAL"
    space.show_region_ui = space.show_region_toolbar = False
    space.overlay.show_floor = space.overlay.show_axis_x = space.overlay.show_axis_y = False
    yield drawn(4)
    with bpy.context.temp_override(window=main_window(), area=view(), region=region_of(view())):
        bpy.ops.view3d.view_center_camera()
    bpy.context.scene.motion_bridge.view.wipe = 0.5  # type: ignore[attr-defined]


def split(direction: Any, factor: float) -> None:
    with bpy.context.temp_override(window=main_window(), area=view(), region=region_of(view())):
        bpy.ops.screen.area_split(direction=direction, factor=factor)


def main_window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def view() -> bpy.types.Area:
    """The 3D View."""
    return next(area for area in main_window().screen.areas if area.type == "VIEW_3D")


def region_of(area: bpy.types.Area) -> bpy.types.Region:
    return next(region for region in area.regions if region.type == "WINDOW")


def invoke(name: str) -> None:
    """Press a button of the panel."""
    with bpy.context.temp_override(window=main_window(), area=view(), region=region_of(view())):
        getattr(bpy.ops.motion_bridge, name)("INVOKE_DEFAULT")


def drawn(times: int) -> Callable[[], bool]:
    """True after so many pulses, each of which asks for everything to be drawn."""
    left = iter(range(times))

    def again() -> bool:
        for area in main_window().screen.areas:
            area.tag_redraw()
        return next(left, None) is None

    return again


def picture(name: str) -> None:
    """The whole screen, by ImageMagick."""
    subprocess.run(["import", "-window", "root", "-depth", "8", f"PNG24:{FOLDER / name}.png"], timeout=60, check=False)


def main() -> None:
    work = steps()
    deadline = time.monotonic() + PATIENCE
    wait: Callable[[], bool] = lambda: True  # noqa: E731

    def pulse() -> float | None:
        nonlocal wait
        try:
            if time.monotonic() > deadline:
                raise TimeoutError(f"still at work after {PATIENCE} s")
            if wait():
                wait = next(work)
            return PULSE
        except StopIteration:
            pass
        except Exception:  # nobody stands above a timer
            traceback.print_exc()
        bpy.ops.wm.quit_blender()
        return None

    bpy.app.timers.register(pulse, first_interval=2.0, persistent=True)


main()
