"""The list of takes, and what can be done with each of them."""

import importlib
import json
import os
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


def shot_of(take: Path):
    return part("backend.motion_bridge.shot").load(take / "shot")


@pytest.fixture
def takes(scene, painted, tmp_path, monkeypatch) -> Path:
    """Two takes of three frames: reproject with marks, then without, another seed and prompt."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    settings = scene.motion_bridge
    scene.frame_end = 3
    settings.prompt, settings.seed, settings.mark_unseen = "fog over hills", 7, True
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    settings.prompt, settings.seed, settings.mark_unseen = "a city at night", 8, False
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    return tmp_path / "motion_bridge"


def listed():
    part("addon.ui.take_list").refresh(bpy.context.scene)
    return shown()


def shown():
    """The list as it is, not read anew."""
    return part("addon.properties.takes").take_list(bpy.context, bpy.context.scene)


def test_the_list_is_read_from_the_disk_so_it_survives_restarts(takes, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not len(listed().items)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    newest, oldest = listed().items
    assert (newest.name, oldest.name) == ("take_002", "take_001")
    assert (oldest.engine, oldest.prompt, oldest.seed) == ("reproject", "fog over hills", 7)
    assert (oldest.frames, oldest.total) == (3, 3) and oldest.seconds == pytest.approx(3 / 24)
    assert oldest.size.endswith("kB") and oldest.thumbnail == str(takes / "take_001/frame_0001.png")


def test_a_list_is_bounded_and_reads_no_more(takes, monkeypatch):
    monkeypatch.setattr(part("addon.take_summary"), "MOST", 1)
    assert [item.name for item in listed().items] == ["take_002"]


def test_settings_are_restored_from_a_take(scene, takes):
    settings = scene.motion_bridge
    scene.frame_end, settings.engine = 9, "deforum"
    assert bpy.ops.motion_bridge.take_restore(take="take_001") == {"FINISHED"}
    assert (settings.engine, settings.seed, settings.mark_unseen) == ("reproject", 7, True)
    assert [(key.frame, key.text) for key in settings.prompts] == [(1, "fog over hills")]
    assert (scene.frame_start, scene.frame_end, scene.frame_step) == (1, 3, 1)


def test_a_new_seed_keeps_all_else(takes):
    assert bpy.ops.motion_bridge.take_seed(take="take_001", seed=99) == {"FINISHED"}
    old, new = shot_of(takes / "take_001"), shot_of(takes / "take_003")
    assert new.seed == 99
    assert (new.prompts, new.settings, new.frames) == (old.prompts, old.settings, old.frames)


def test_a_take_is_extended_from_its_last_picture(takes):
    png = part("backend.motion_bridge.media.png")
    assert bpy.ops.motion_bridge.take_extend(take="take_001", frames=2) == {"FINISHED"}
    new = shot_of(takes / "take_003")
    assert new.frames == (3, 4, 5)
    assert np.array_equal(new.first_frame, png.read(takes / "take_001/frame_0003.png"))


def test_a_range_is_made_once_more_and_nothing_is_overwritten(takes):
    before = {path: path.read_bytes() for path in (takes / "take_001").glob("*.png")}
    assert bpy.ops.motion_bridge.take_range(take="take_001", first=2, last=9) == {"FINISHED"}
    assert shot_of(takes / "take_003").frames == (2, 3)
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(RuntimeError, match="no frame from 20 to 30; it has 1 to 3"):
        bpy.ops.motion_bridge.take_range(take="take_001", first=20, last=30)


def test_favorites_outlive_delete_old_takes(takes):
    assert bpy.ops.motion_bridge.take_favorite(take="take_001") == {"FINISHED"}
    assert [item.favorite for item in listed().items] == [False, True]
    bpy.ops.motion_bridge.clean_takes(keep=0)
    assert [item.name for item in listed().items] == ["take_001"]
    bpy.ops.motion_bridge.take_favorite(take="take_001")
    assert len(shown().items) == 1
    bpy.ops.motion_bridge.clean_takes(keep=0)
    assert len(shown().items) == 0, "the list follows without being drawn"
    assert not (takes / "take_001").exists()


def test_a_deleted_take_is_in_the_trash_and_its_strip_gone_and_all_else_in_step(scene, takes, tmp_path):
    from bl_ext.user_default.motion_bridge.addon import compat

    strips = compat.strips(scene.motion_bridge.takes)
    other = strips.new_effect("title", "COLOR", 5, 1, **compat_end(strips, 9))
    assert bpy.ops.motion_bridge.take_delete(take="take_001") == {"FINISHED"}
    assert not (takes / "take_001").exists()
    assert (tmp_path / "data/Trash/files/take_001/frame_0002.png").is_file()
    assert sorted(strip.name for strip in strips) == ["Motion Bridge take_002", "title"]
    assert (other.channel, compat.strip_span(other)[0]) == (5, 1)
    assert [item.name for item in listed().items] == ["take_002"]


def compat_end(strips, end):
    names = strips.bl_rna.functions["new_effect"].parameters.keys()
    return {"length": end - 1} if "length" in names else {"frame_end": end}


def test_a_take_that_is_being_written_is_not_deleted(takes):
    lock = part("backend.motion_bridge.takes.lock")
    with lock.held(takes / "take_001"), pytest.raises(RuntimeError, match="in use"):
        bpy.ops.motion_bridge.take_delete(take="take_001")
    assert (takes / "take_001/frame_0001.png").is_file()


def test_a_strip_knows_its_take_whatever_it_is_called_and_wherever_it_lies(scene, takes):
    strips_module = part("addon.viewer.take_strips")
    compat = part("addon.compat")
    strips = compat.strips(scene.motion_bridge.takes)
    first = next(strip for strip in strips if "take_001" in strip.name)
    first.name, first.channel = "the good one", 9
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    strips = compat.strips(bpy.context.scene.motion_bridge.takes)
    assert strips_module.take_of(strips["the good one"]).folder.resolve() == (takes / "take_001").resolve()
    title = strips.new_effect("title", "COLOR", 5, 1, **compat_end(strips, 9))
    assert strips_module.take_of(title) is None


def test_show_puts_the_take_into_the_image_and_mutes_other_takes_only(scene, takes):
    compat = part("addon.compat")
    strips = compat.strips(scene.motion_bridge.takes)
    title = strips.new_effect("title", "COLOR", 5, 1, **compat_end(strips, 9))
    scene.frame_set(2)
    assert bpy.ops.motion_bridge.take_show(take="take_001") == {"FINISHED"}
    shown = part("addon.viewer.image").find()
    assert Path(bpy.path.abspath(shown.filepath)) == takes / "take_001/frame_0002.png"
    muted = {strip.name: strip.mute for strip in strips}
    assert muted == {"Motion Bridge take_001": False, "Motion Bridge take_002": True, "title": False} and title


def test_two_takes_share_the_camera_view(scene, takes):
    in_view = part("addon.viewer.takes_in_view")
    with pytest.raises(RuntimeError, match="Show another take first"):
        bpy.ops.motion_bridge.take_compare(take="take_002")
    bpy.ops.motion_bridge.take_show(take="take_001")
    assert bpy.ops.motion_bridge.take_compare(take="take_002") == {"FINISHED"}
    assert [files[1].parent.name for files in in_view.InView.takes] == ["take_001", "take_002"]
    assert scene.motion_bridge.view.wipe == 0.5, "both are to be seen"
    assert in_view.file_at(in_view.InView.takes[0], 0) is None, "nothing stands before the first frame"
    assert in_view.file_at(in_view.InView.takes[0], 99).name == "frame_0003.png", "the last one stands"
    in_view.leave()


def test_blenders_player_gets_rate_range_and_first_frame(takes):
    actions, take = part("addon.ui.take_actions"), part("addon.take")
    command = actions.player_command(take.Take(takes / "take_001"))
    assert command[1:] == [
        "-a",
        "-f",
        "24",
        "1.0",
        "-s",
        "1",
        "-e",
        "3",
        "-j",
        "1",
        str(takes / "take_001/frame_0001.png"),
    ]


def test_a_damaged_take_is_listed_with_what_can_be_read(takes):
    (takes / "take_001/shot/shot.json").write_text("{")
    (takes / "take_001/frame_0001.png").write_bytes(b"no picture")
    oldest = listed().items[1]
    assert (oldest.name, oldest.engine, oldest.prompt, oldest.total) == ("take_001", "reproject", "", 0)
    with pytest.raises(RuntimeError, match=r"shot\.json"):
        bpy.ops.motion_bridge.take_restore(take="take_001")


class Layout:
    """Stands in for Blender's layout, which nobody can draw in the background: keeps the operators that are shown."""

    def __init__(self):
        self.shown = []

    def operator(self, name, **_):
        self.shown.append((name, SimpleNamespace(take="")))
        return self.shown[-1][1]

    def __getattr__(self, name):
        return lambda *_, **__: self


def test_the_panels_buttons_are_for_the_row_that_is_shown_and_the_strips_menu_for_the_strip(scene, takes):
    listed().active = 1
    for name, expected in (
        ("MOTION_BRIDGE_PT_view3d_takes", "take_001"),
        ("MOTION_BRIDGE_MT_take", "take_001"),
        ("MOTION_BRIDGE_MT_strip", ""),
    ):
        layout = Layout()
        getattr(bpy.types, name).draw(SimpleNamespace(layout=layout), bpy.context)
        named = {operator: told.take for operator, told in layout.shown if operator.startswith("motion_bridge.take_")}
        assert named and set(named.values()) == {expected}, named


def test_what_the_dialog_named_is_what_is_deleted(takes):
    listed().active = 1
    asked = {}
    manager = SimpleNamespace(
        motion_bridge_take_lists=bpy.context.window_manager.motion_bridge_take_lists,
        invoke_confirm=lambda operator, event, **said: asked.update(said) or {"RUNNING_MODAL"},
    )
    context = SimpleNamespace(scene=bpy.context.scene, area=None, window_manager=manager)
    operator = SimpleNamespace(take="", confirmed="")
    bpy.types.MOTION_BRIDGE_OT_take_delete.invoke(operator, context, None)
    assert operator.confirmed == str(takes / "take_001")
    assert "take_001" in asked["title"] and str(takes / "take_001") in asked["message"]
    listed().active = 0
    assert bpy.ops.motion_bridge.take_delete(confirmed=operator.confirmed) == {"FINISHED"}
    assert not (takes / "take_001").exists() and (takes / "take_002").is_dir()


def test_a_strip_is_opened_where_its_scene_is_no_longer_the_takes_scene(scene, takes, monkeypatch):
    opened = []
    workspace = part("addon.viewer.sequencer_workspace")
    monkeypatch.setattr(workspace, "open_takes", lambda window, shown: opened.append(shown))
    holds, scene.motion_bridge.takes = scene.motion_bridge.takes, None
    act = bpy.types.MOTION_BRIDGE_OT_take_strip.act
    act(None, SimpleNamespace(window=object()), part("addon.take").Take(takes / "take_001"))
    assert opened == [holds]
    assert holds.sequence_editor.active_strip.name == "Motion Bridge take_001"


def tell(take: Path, change):
    """Change what the frames of a take say of it."""
    png, key = part("backend.motion_bridge.media.png"), part("backend.motion_bridge.takes.writer").KEY
    for path in take.glob("frame_*.png"):
        pixels, text = png.read(path), png.read_text(path)
        path.write_bytes(png.encode(pixels, {**text, key: json.dumps({**json.loads(text[key]), **change})}))


def test_a_take_that_the_panel_cannot_show_changes_nothing(scene, takes):
    settings = scene.motion_bridge
    shot = takes / "take_001/shot/shot.json"
    sound = shot.read_text()
    shot.write_text(json.dumps({**json.loads(sound), "settings": {"mark_unseen": "perhaps"}}))
    with pytest.raises(RuntimeError, match="mark_unseen"):
        bpy.ops.motion_bridge.take_restore(take="take_001")
    shot.write_text(sound)
    tell(takes / "take_001", {"engine": "gone"})
    with pytest.raises(RuntimeError, match="There is no engine 'gone'"):
        bpy.ops.motion_bridge.take_restore(take="take_001")
    assert (settings.engine, settings.seed, settings.prompt) == ("reproject", 8, "a city at night")


@pytest.mark.parametrize(("seed", "shown"), [(2**40 + 5, 5), (-1, 2**31 - 1), (-(2**63), 0)])
def test_a_seed_of_64_bits_is_listed_and_restored(scene, takes, seed, shown):
    shot = takes / "take_001/shot/shot.json"
    shot.write_text(json.dumps({**json.loads(shot.read_text()), "seed": seed}))
    assert listed().items[1].seed == max(min(seed, 2**31 - 1), -(2**31))
    assert bpy.ops.motion_bridge.take_restore(take="take_001") == {"FINISHED"}
    assert (scene.motion_bridge.seed, scene.motion_bridge.prompt) == (shown, "fog over hills")


def test_two_windows_on_two_scenes_have_a_list_each_and_read_none_twice(scene, takes):
    listing, lists = part("addon.ui.take_list"), part("addon.properties.takes").take_list
    other = bpy.data.scenes.new("other")
    other.motion_bridge.output = "//elsewhere/"
    for each in (scene, other):
        listing.refresh(each)
    assert (len(lists(bpy.context, scene).items), len(lists(bpy.context, other).items)) == (2, 0)
    for each in (scene, other, scene.motion_bridge.takes):
        listing.refresh_soon(each)
        assert listing._waiting is None, each.name
    other.motion_bridge.output = "//again/"
    listing.refresh_soon(other)
    assert bpy.app.timers.is_registered(listing._waiting)
    bpy.app.timers.unregister(listing._waiting)


def test_the_picture_of_a_take_whose_name_is_used_again_is_the_new_one(takes):
    png, thumbnails = part("backend.motion_bridge.media.png"), part("addon.ui.thumbnails")
    listed()
    path = takes / "take_002/frame_0001.png"
    thumbnails.icon_of(path)
    width, height = thumbnails._loaded[str(path)].image_size
    assert width > height
    path.write_bytes(png.encode(np.zeros((72, 20, 3), np.uint8)))
    os.utime(path, (1e9, 1e9))  # Blender's own cache of small pictures tells files apart by the second
    listed()
    width, height = thumbnails._loaded[str(path)].image_size
    assert width < height
