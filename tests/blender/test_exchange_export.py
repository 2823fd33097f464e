"""The scene's motion in other programs' files, from File ▸ Export."""

import json
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import export, movie_frames, run

SUFFIX = {
    "npz": ".npz",
    "wantrack": ".npz",
    "wan-move": ".npy",
    "ati": ".pth",
    "comfyui-ati": ".json",
    "comfyui-wan-move": ".json",
}


def values(path: Path) -> dict[str, np.ndarray]:
    """What a schedule file means, frame by frame."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.schedules import settings_files

    found = settings_files.read(path.read_text(encoding="utf-8"), path.name)
    series, notices = settings_files.evaluate(found, found.context("webui"))
    assert not notices and not found.notices
    return {name: np.array(column) for name, column in series.items() if isinstance(column[0], float)}


def true_motion(scene) -> np.ndarray:
    """The six channels of the scene's own camera: (T, 6)."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.schedules.camera.convention import motion

    poses = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        poses.append(np.array(scene.camera.matrix_world, np.float64) @ np.diag([1, -1, -1, 1]))
    return motion(np.stack(poses))


CHANNELS = (*(f"translation_{axis}" for axis in "xyz"), *(f"rotation_3d_{axis}" for axis in "xyz"))


@pytest.mark.parametrize("kind", SUFFIX)
def test_every_track_format_is_written_from_the_scene(scene, tmp_path: Path, kind: str):
    scene.motion_bridge.grid = 6
    export(kind, tmp_path / f"tracks{SUFFIX[kind]}")
    made = [path for path in tmp_path.iterdir() if path.suffix == SUFFIX[kind]]
    assert made and all(path.stat().st_size > 100 for path in made)


def test_exported_tracks_are_the_shots_own(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.track_formats import native

    scene.motion_bridge.grid = 6
    export("npz", tmp_path / "tracks.npz")
    assert run("shot", "--output", tmp_path / "shot") == 0
    clip, told = native.read(tmp_path / "tracks.npz"), shot.load(tmp_path / "shot")
    assert clip.frames == told.frames and (clip.width, clip.height) == (128, 72)
    assert np.array_equal(clip.xy, told.tracks.xy) and np.array_equal(clip.visible, told.tracks.visible)


def test_metric_schedules_say_the_cameras_own_motion(scene, tmp_path: Path):
    scene.motion_bridge.schedule_target, scene.motion_bridge.schedule_tolerance = "METRIC", 0
    export("webui", tmp_path / "motion.txt")
    found, true = values(tmp_path / "motion.txt"), true_motion(scene)
    for column, name in zip(true.T, CHANNELS, strict=True):
        assert found[name] == pytest.approx(column, abs=2e-4 if "translation" in name else 2e-5), name
    settings = json.loads((tmp_path / "motion.txt").read_text(encoding="utf-8"))
    assert settings["max_frames"] == 12 and (settings["W"], settings["H"]) == (128, 72)
    assert settings["animation_mode"] == "3D" and settings["fps"] == 24


def test_a_tolerance_leaves_few_keys_and_keeps_to_it(scene, tmp_path: Path):
    scene.motion_bridge.schedule_target, scene.motion_bridge.schedule_tolerance = "METRIC", 0
    export("schedules", tmp_path / "all.json")
    scene.motion_bridge.schedule_tolerance = 0.5
    export("schedules", tmp_path / "few.json")
    every, few = ((tmp_path / name).read_text(encoding="utf-8") for name in ("all.json", "few.json"))
    assert few.count(":(") < 0.6 * every.count(":(")
    off = [
        values(tmp_path / "few.json")[name].cumsum() - values(tmp_path / "all.json")[name].cumsum() for name in CHANNELS
    ]
    focal = 128 * 42 / 36
    assert np.abs(np.radians(off[3:])).max() * focal < 1, "the turns add up to those of the scene"


@pytest.mark.parametrize("kind", ["webui", "schedules", "parseq"])
def test_fitted_schedules_are_better_than_nothing_and_say_by_how_much(scene, tmp_path: Path, kind: str):
    export(kind, tmp_path / "motion.txt")
    found = values(tmp_path / "motion.txt")
    moving = [name for name, column in found.items() if np.ptp(column) > 0]
    assert moving and all(len(column) == 12 for column in found.values())
    assert (tmp_path / "motion_error.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_operator_says_what_error_remains(scene, tmp_path: Path, capfd):
    export("webui", tmp_path / "motion.txt")
    said = capfd.readouterr().out
    assert "Saved" in said and "pixels a frame" in said


def test_prompts_are_counted_from_the_shots_first_frame(scene, tmp_path: Path):
    scene.frame_start, scene.frame_end = 5, 9
    for frame, text in ((1, "early"), (3, "a street"), (7, "a forest"), (90, "never")):
        key = scene.motion_bridge.prompts.add()
        key.frame, key.text = frame, text
    scene.motion_bridge.negative = "people"
    scene.motion_bridge.schedule_target = "METRIC"
    export("webui", tmp_path / "motion.txt")
    settings = json.loads((tmp_path / "motion.txt").read_text(encoding="utf-8"))
    assert settings["prompts"] == {"0": "a street --neg people", "2": "a forest --neg people"}


def test_the_guide_video_moves_as_the_scene_and_its_settings_follow_it(scene, tmp_path: Path):
    scene.frame_start, scene.frame_end = 6, 8
    export("guide", tmp_path / "guide.mp4")
    settings = json.loads((tmp_path / "guide_settings.txt").read_text(encoding="utf-8"))
    assert settings["video_init_path"] == str(tmp_path / "guide.mp4") and settings["max_frames"] == 3
    assert settings["hybrid_motion"] == "Optical Flow" and settings["hybrid_flow_method"] == "DIS Medium"
    assert not settings["hybrid_motion_use_prev_img"] and not settings["hybrid_flow_consistency"]
    assert all((values(tmp_path / "guide_settings.txt")[name] == 0).all() for name in CHANNELS)
    shown = movie_frames(tmp_path / "guide.mp4", tmp_path)
    assert len(shown) == 3 and shown[0].shape == (72, 128, 3)
    assert shown[0].std() > 40, "texture everywhere"
    truth = true_flow(tmp_path / "shot")
    for k in (1, 2):
        now = shown[k][..., 0][tuple((truth.at - 0.5).astype(int).T[::-1])].astype(float)
        moved, stayed = (sampled(shown[k - 1][..., 0], truth.at + shift) for shift in (truth.flow[k].T, 0.0))
        seen = truth.seen[k]
        assert np.abs(moved - now)[seen].mean() < 0.35 * np.abs(stayed - now)[seen].mean()


def true_flow(folder: Path):
    """The scene's motion as its Shot has it."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.geometry.computed_maps import with_maps
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.schedules.camera.reference_flow import measure

    bpy.context.scene.motion_bridge.first_frame = "IMAGE"
    bpy.context.scene.motion_bridge.first_frame_image = bpy.data.images.new("any", 128, 72)
    assert run("shot", "--output", folder) == 0
    return measure(with_maps(shot.load(folder), {"depth"}))


def sampled(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A picture (H, W) at pixels (N, 2), linear between their centers."""
    place = np.clip(at - 0.5, 0, np.array(picture.shape[::-1]) - 1.001)
    x, y = place.astype(int).T
    part_x, part_y = (place % 1).T
    top = picture[y, x] * (1 - part_x) + picture[y, x + 1] * part_x
    bottom = picture[y + 1, x] * (1 - part_x) + picture[y + 1, x + 1] * part_x
    return top * (1 - part_y) + bottom * part_y


def test_diffusion_as_shader_becomes_a_movie_without_any_package(scene, tmp_path: Path):
    scene.frame_end = 2
    export("das", tmp_path / "colors.mp4")
    clip = bpy.data.movieclips.load(str(tmp_path / "colors.mp4"))
    assert tuple(clip.size) == (720, 480) and clip.frame_duration == 49 and clip.fps == pytest.approx(8)


def test_vaces_folder_holds_what_is_known_and_a_mask_of_black_and_white(scene, painted, tmp_path: Path):
    scene.render.fps, scene.frame_end = 16, 4
    export("vace", tmp_path / "clip")
    assert sorted(path.name for path in (tmp_path / "clip").iterdir()) == ["mask.mp4", "prompt.txt", "video.mp4"]
    for place in ("masks", "pictures"):
        (tmp_path / place).mkdir()
    mask = np.stack(movie_frames(tmp_path / "clip/mask.mp4", tmp_path / "masks"))
    known = np.stack(movie_frames(tmp_path / "clip/video.mp4", tmp_path / "pictures"))
    assert mask.shape == known.shape and len(mask) == 5, "4 frames, held up to the next count that VACE takes"
    assert mask[0].max() <= 2 and (mask[-1] > 250).any(), "the first frame is known, and the camera uncovers more"
    assert ((mask <= 2) | (mask >= 253)).mean() > 0.995, "nothing between black and white but for chroma"


@pytest.mark.parametrize("kind", ["normal-video", "track-video"])
def test_other_control_videos_are_movies_at_the_models_size(scene, painted, tmp_path: Path, kind: str):
    scene.frame_end = 2
    scene.motion_bridge.grid = 4
    export(kind, tmp_path / "control.mp4")
    shown = movie_frames(tmp_path / "control.mp4", tmp_path)
    assert shown[0].shape[0] % 16 == shown[0].shape[1] % 16 == 0
    assert all(picture.std() > 1 for picture in shown)


def test_exporting_leaves_the_file_as_it_was(scene, tmp_path: Path):
    def there() -> dict[str, list[str]]:
        return {
            name: [block.name for block in getattr(bpy.data, name)]
            for name in ("scenes", "objects", "images", "actions", "meshes", "materials")
        }

    scene.frame_end = 3
    before = there(), scene.frame_current
    for kind in ("webui", "guide", "npz"):
        export(kind, tmp_path / f"motion_{kind}")
    assert (there(), scene.frame_current) == before


def test_copying_gives_a_line_for_each_field_and_a_single_field_again(scene):
    from bl_ext.user_default.motion_bridge.addon.exchange.background_task import Worker
    from bl_ext.user_default.motion_bridge.addon.exchange.export import Copy
    from bl_ext.user_default.motion_bridge.addon.ui.exchange import Last
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.schedules.camera import documents

    scene.motion_bridge.schedule_target = "METRIC"
    worker = Worker(Copy(bpy.context, {}))
    worker.finish()
    blocks = documents.fields(worker.task.made).split("\n\n")
    pairs = dict(block.strip().split("\n") for block in blocks)
    assert set(CHANNELS) <= set(pairs) and pairs["animation_mode"] == "3D"
    assert pairs["translation_z"].startswith("0:(0), 1:(")
    assert bpy.ops.motion_bridge.copy_schedules() == {"FINISHED"}
    assert Last.fields["translation_z"] == pairs["translation_z"]
    assert bpy.ops.motion_bridge.copy_field(field="translation_z") == {"FINISHED"}


@pytest.mark.parametrize(
    ("kind", "path", "says"),
    [
        ("webui", "", "no name"),
        ("webui", "{tmp}", "is a folder"),
        ("webui", "/proc/nowhere/motion.txt", "/proc"),
        ("webui", "{tmp}/../motion.txt", '".."'),
    ],
)
def test_a_file_that_cannot_be_written_is_a_sentence(scene, tmp_path: Path, kind: str, path: str, says: str):
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.motion_bridge.export(filepath=path.format(tmp=tmp_path), format=kind)


def test_a_scene_that_cannot_be_exported_is_a_sentence(scene, tmp_path: Path):
    scene.motion_bridge.grid = 0
    with pytest.raises(RuntimeError, match="no tracks"):
        bpy.ops.motion_bridge.export(filepath=str(tmp_path / "tracks.npz"), format="npz")
    scene.camera = None
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.motion_bridge.export(filepath=str(tmp_path / "motion.txt"), format="webui")
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.motion_bridge.copy_schedules()
    assert [path.name for path in tmp_path.iterdir()] == ["scene.blend"]


def test_the_command_writes_a_range_and_says_what_remains(scene, tmp_path: Path, capfd):
    path = tmp_path / "motion.json"
    options = ("--frames", "2-8x2", "--target", "metric", "--tolerance", "0", "--json")
    assert run("export", "--format", "schedules", "--output", path, *options) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert [event["path"] for event in events if event["event"] == "saved"] == [
        str(path),
        str(tmp_path / "motion_error.svg"),
    ]
    assert any("pixels a frame" in event["message"] for event in events if event["event"] == "note")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["max_frames"] == 4 and found["fps"] == 12


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "webui"], "--output"),
        (["--format", "origami", "--output", "{tmp}/motion.txt"], "no format 'origami'"),
        (["--format", "webui", "--output", "{tmp}/motion.txt", "--frames", "9-2"], "write 2-9"),
        (
            ["--format", "webui", "--output", "{tmp}/motion.txt", "--target", "metric", "--tolerance", "-1"],
            "not a number from 0",
        ),
        (["--format", "parseq", "--output", "{tmp}/motion.json", "--frames", "4"], "at least 2 frames"),
    ],
)
def test_a_command_that_cannot_be_carried_out_exits_2_with_a_sentence(
    scene, tmp_path: Path, capfd, arguments: list[str], says: str
):
    assert run("export", *(argument.format(tmp=tmp_path) for argument in arguments)) == 2
    told = capfd.readouterr()
    assert says in told.out + told.err


def test_an_export_that_is_stopped_writes_nothing_and_leaves_no_folder(scene, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.exchange.export import Export
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.errors import Cancelled

    export_ = Export(bpy.context, "guide", str(tmp_path / "guide.mp4"), {}, {})
    folder = export_._order.pictures
    seen = []  # a frame read, its depth drawn, its picture drawn
    with pytest.raises(Cancelled, match="Stopped after 1 of 12 pictures"):
        export_.work(lambda done, total: seen.append(done), lambda: seen.count(1) == 3)
    export_.close()
    assert not folder.exists() and not (tmp_path / "guide.mp4").exists()
