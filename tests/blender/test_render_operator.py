"""The button Render: from the scene's panel to a numbered take."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import wait_until


def frames(folder: Path) -> dict[str, np.ndarray]:
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    return {path.name: png.read(path) for path in sorted(folder.glob("frame_*.png"))}


def test_render_makes_a_frame_for_each_frame_of_the_range(scene: bpy.types.Scene, tmp_path: Path):
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    made = frames(tmp_path / "motion_bridge/take_001")
    assert list(made) == [f"frame_{number:04d}.png" for number in range(1, 13)]
    assert {picture.shape for picture in made.values()} == {(72, 128, 3)}
    assert made["frame_0001.png"].std() > 20, "the first frame shows nothing"
    assert changed(made["frame_0001.png"], made["frame_0012.png"]) > 0.2, "the camera moved, the picture did not"


def changed(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pixels that differ clearly."""
    return (np.abs(one.astype(int) - other).max(-1) > 16).mean()


def test_the_first_frame_is_the_scenes_own_render(scene: bpy.types.Scene, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    scene.frame_end = 2
    scene.frame_set(1)
    scene.render.filepath = str(tmp_path / "truth.png")
    scene.render.image_settings.color_mode = "RGB"
    bpy.ops.render.render(write_still=True)
    bpy.ops.motion_bridge.render()
    made = frames(tmp_path / "motion_bridge/take_001")
    assert np.array_equal(made["frame_0001.png"], png.read(tmp_path / "truth.png"))


def test_the_second_take_starts_from_the_camera_and_not_from_the_first_takes_strip(scene, painted, tmp_path: Path):
    scene.frame_end = 2
    bpy.ops.motion_bridge.render()
    scene.motion_bridge.first_frame = "RENDER"
    scene.render.use_sequencer = True  # as an artist has it who edits in this scene
    bpy.ops.motion_bridge.render()
    one, two = (frames(tmp_path / f"motion_bridge/take_00{number}")["frame_0001.png"] for number in (1, 2))
    assert changed(one, two) > 0.5


def test_each_render_is_a_new_take(scene: bpy.types.Scene, painted: Path, tmp_path: Path):
    scene.frame_end = 2
    bpy.ops.motion_bridge.render()
    bpy.ops.motion_bridge.render()
    assert sorted(path.name for path in (tmp_path / "motion_bridge").iterdir()) == ["take_001", "take_002"]
    assert frames(tmp_path / "motion_bridge/take_001").keys() == frames(tmp_path / "motion_bridge/take_002").keys()


def test_every_second_frame_is_made_where_the_scene_steps_by_two(scene, painted, tmp_path: Path):
    scene.frame_start, scene.frame_end, scene.frame_step = 3, 8, 2
    bpy.ops.motion_bridge.render()
    assert list(frames(tmp_path / "motion_bridge/take_001")) == ["frame_0003.png", "frame_0005.png", "frame_0007.png"]


def test_an_image_that_is_open_in_blender_is_the_first_frame(scene: bpy.types.Scene, painted: Path, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    scene.frame_end = 2
    scene.motion_bridge.first_frame = "IMAGE"
    scene.motion_bridge.first_frame_image = bpy.data.images.load(str(painted))
    bpy.ops.motion_bridge.render()
    assert np.array_equal(frames(tmp_path / "motion_bridge/take_001")["frame_0001.png"], png.read(painted))


def test_a_take_holds_its_frames_its_shot_and_nothing_else(scene: bpy.types.Scene, painted: Path, tmp_path: Path):
    scene.frame_end = 3
    bpy.ops.motion_bridge.render()
    names = {path.name for path in (tmp_path / "motion_bridge/take_001").iterdir()}
    assert names == {"frame_0001.png", "frame_0002.png", "frame_0003.png", "shot"}


def test_marking_what_was_never_seen_changes_the_frames(scene: bpy.types.Scene, painted: Path, tmp_path: Path):
    bpy.ops.motion_bridge.render()
    scene.motion_bridge.mark_unseen = True
    bpy.ops.motion_bridge.render()
    filled, marked = (frames(tmp_path / f"motion_bridge/take_00{number}") for number in (1, 2))
    assert np.array_equal(filled["frame_0001.png"], marked["frame_0001.png"])
    assert changed(filled["frame_0012.png"], marked["frame_0012.png"]) > 0.005


def no_camera(scene):
    scene.camera = None


def panorama(scene):
    scene.camera.data.type = "PANO"


def no_first_frame(scene):
    scene.motion_bridge.first_frame = "FILE"
    scene.motion_bridge.first_frame_path = "//nowhere.png"


def no_image(scene):
    scene.motion_bridge.first_frame = "IMAGE"


def text_as_first_frame(scene):
    path = Path(bpy.path.abspath("//words.png"))
    path.write_text("not a picture")
    scene.motion_bridge.first_frame, scene.motion_bridge.first_frame_path = "FILE", str(path)


def dots_in_output(scene):
    scene.motion_bridge.output = "//../elsewhere"


def reserved_output(scene):
    scene.motion_bridge.output = "//con"


def empty_output(scene):
    scene.motion_bridge.output = " "


def output_is_a_file(scene):
    Path(bpy.path.abspath("//taken")).write_text("")
    scene.motion_bridge.output = "//taken"


def unsaved(scene):
    scene.motion_bridge.first_frame = "RENDER"
    bpy.ops.wm.read_homefile(use_empty=True)


def huge(scene):
    scene.render.resolution_x = 40000


def no_python(scene):
    from blender_session import PACKAGE

    bpy.context.preferences.addons[PACKAGE].preferences.python = "/nowhere/python"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (no_camera, "no camera"),
        (panorama, "only perspective"),
        (no_first_frame, "nowhere.png"),
        (no_image, "pick an image"),
        (text_as_first_frame, "words.png"),
        (dots_in_output, '".."'),
        (reserved_output, "'con'"),
        (empty_output, "output folder is empty"),
        (output_is_a_file, "taken is a file"),
        (unsaved, "save the file first"),
        (huge, "40000"),
        (no_python, "/nowhere/python"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_rendered_is_refused_in_a_sentence_and_leaves_nothing(
    scene: bpy.types.Scene, painted: Path, tmp_path: Path, spoil, says: str
):
    from blender_session import PACKAGE

    spoil(scene)
    try:
        with pytest.raises(RuntimeError, match=says):
            bpy.ops.motion_bridge.render()
    finally:
        bpy.context.preferences.addons[PACKAGE].preferences.python = ""
    assert not (tmp_path / "motion_bridge").exists()
    assert bpy.ops.motion_bridge.render.poll(), "the button stays usable"


def test_a_prompt_is_keyed_at_the_current_frame_and_reaches_the_shot(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot

    for frame, text in ((1, "a red house"), (2, "a blue house")):
        scene.frame_set(frame)
        bpy.ops.motion_bridge.prompt_key()
        scene.motion_bridge.prompts[scene.motion_bridge.active_prompt].text = text
    bpy.ops.motion_bridge.prompt_key()  # the same frame again: no second key
    scene.frame_end = 3
    bpy.ops.motion_bridge.render()
    made = shot.load(tmp_path / "motion_bridge/take_001/shot")
    assert [made.prompt(frame) for frame in made.frames] == ["a red house", "a blue house", "a blue house"]


def test_two_renders_at_once_both_get_their_take(scene, painted, tmp_path: Path):
    """Two Blenders, or a window and a batch: both have counted the takes before either has begun one."""
    from bl_ext.user_default.motion_bridge.addon.render.request import new_take

    scene.frame_end = 2
    orders = [new_take(scene), new_take(scene)]
    jobs = [order.begin(bpy.context) for order in orders]
    try:
        wait_until(lambda: not any(job.state.running for job in jobs), lambda: [job.tick() for job in jobs])
        assert [job.error for job in jobs] == [None, None]
    finally:
        for job in jobs:
            job.close()
    for number in (1, 2):
        assert len(frames(tmp_path / f"motion_bridge/take_00{number}")) == 2


def test_a_number_that_a_file_has_is_passed_over(scene, painted, tmp_path: Path):
    (tmp_path / "motion_bridge").mkdir()
    (tmp_path / "motion_bridge/take_001").write_text("a file of that name")
    scene.frame_end = 1
    bpy.ops.motion_bridge.render()
    assert len(frames(tmp_path / "motion_bridge/take_002")) == 1
