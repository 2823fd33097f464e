"""Key pictures: chosen from geometry before anything is rendered, then rendered by the scene's own engine, or files."""

import importlib
import json
import re

import blender_scenes as kinds
import bpy
import numpy as np
import pytest
from blender_session import add_box, names, run


@pytest.fixture
def parts(extension):
    short = {
        "shot": "backend.motion_bridge.shot",
        "png": "backend.motion_bridge.media.png",
        "first_frame": "addon.scene.first_frame",
        "key_picture": "addon.scene.key_picture",
        "request": "addon.render.request",
    }
    return {name: importlib.import_module(f"{extension.__name__}.{path}") for name, path in short.items()}


@pytest.fixture
def round_the_pillar(scene):
    """The camera goes round to the other side of what stands there, so the first frame knows little of the last."""
    scene.camera.animation_data_clear()
    scene.camera.data.animation_data_clear()
    empty = bpy.data.objects.new("middle", None)
    scene.collection.objects.link(empty)
    scene.camera.parent = empty
    kinds.keyed(empty, "rotation_euler", (0, 0, 0), (0, 0, 2.4))
    return scene


def rendered(scene, monkeypatch, parts):
    """The frames that are rendered from here on."""
    frames = []
    real = parts["first_frame"].render_frame

    def counted(scene, frame, *more):
        frames.append(frame)
        return real(scene, frame, *more)

    session = importlib.import_module(parts["request"].__name__.replace("request", "session"))
    monkeypatch.setattr(session, "render_frame", counted)
    monkeypatch.setattr(parts["first_frame"], "render_frame", counted)
    return frames


def test_automatic_says_how_many_frames_it_renders_and_renders_just_those(
    round_the_pillar, parts, tmp_path, capfd, monkeypatch
):
    frames = rendered(round_the_pillar, monkeypatch, parts)
    out = tmp_path / "out"
    assert run("render", "--key-pictures", "automatic", "--output", out) == 0
    said = capfd.readouterr().out
    (count,) = re.findall(r"(\d+) of 12 frames will be rendered\.", said)
    assert said.index("will be rendered") < said.index("Saved:")
    shot = parts["shot"].load(out / "shot")
    assert 1 < int(count) < 12 and frames == [1, *sorted(shot.key_pictures)] and len(frames) == int(count)
    assert len(names(out)) == 12
    for frame in frames[1:]:
        truth = parts["png"].read(out / f"frame_{frame:04d}.png")
        np.testing.assert_array_equal(truth, shot.key_pictures[frame])
        np.testing.assert_array_equal(truth, parts["first_frame"].render_frame(round_the_pillar, frame))


def test_automatic_keeps_what_is_never_seen_below_the_threshold(round_the_pillar, parts, tmp_path):
    shares = {}
    for how in ("first", "automatic", "automatic:5"):
        out = tmp_path / how.replace(":", "")
        assert run("render", "--key-pictures", how, "--output", out) == 0
        told = [parts["png"].read_text(path) for path in sorted(out.glob("frame_*.png"))]
        notes = [json.loads(text["motion_bridge"])["notes"] for text in told]
        shares[how] = max(note["revealed"] for note in notes) / (128 * 72)
    assert shares["first"] > 0.1
    assert shares["automatic"] < 0.01 and shares["automatic"] <= shares["automatic:5"] < 0.06


def test_every_so_many_frames_are_rendered_and_the_last(scene, parts, tmp_path, capfd):
    assert run("shot", "--key-pictures", "every:5", "--output", tmp_path / "shot") == 0
    assert "4 of 12 frames will be rendered." in capfd.readouterr().out
    assert sorted(path.name for path in (tmp_path / "shot").glob("key_*")) == [
        "key_0006.png",
        "key_0011.png",
        "key_0012.png",
    ]


def test_a_threshold_that_renders_every_frame_is_said(scene, tmp_path, capfd):
    for thing in ("floor", "mover"):
        kinds.keyed(bpy.data.objects[thing], "hide_render", False, True, frames=(1, 2))
    for frame in range(1, 4):
        box = add_box(scene, f"wall {frame}", (0, -3 - 0.4 * frame, 1.5), (20, 0.2, 20), bpy.data.materials[0])
        for at in range(1, 4):
            box.hide_render = at != frame
            box.keyframe_insert("hide_render", frame=at)
    assert run("render", "--frames", "1-3", "--key-pictures", "automatic", "--output", tmp_path / "out") == 0
    assert "3 of 3 frames will be rendered: every frame shows more than 0.5% that no other" in capfd.readouterr().out


def picture(path, value, size=(72, 128), deep=False):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    pixels = np.full((*size, 3), value * 257 if deep else value, np.uint16 if deep else np.uint8)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(png.encode(pixels))


def test_files_are_key_pictures_and_nothing_is_rendered(scene, parts, tmp_path, monkeypatch):
    frames = rendered(scene, monkeypatch, parts)
    scene.motion_bridge.first_frame = "RENDER"
    for frame, value in ((1, 40), (7, 90), (12, 140), (99, 7)):
        picture(tmp_path / f"keys/frame_{frame:04d}.png", value, deep=frame == 7)
    (tmp_path / "keys/notes.txt").write_text("no picture")
    assert run("render", "--key-pictures", tmp_path / "keys", "--output", tmp_path / "out") == 0
    assert frames == []
    for frame, value in ((1, 40), (7, 90), (12, 140)):
        assert (parts["png"].read(tmp_path / f"out/frame_{frame:04d}.png") == value).all()
    assert sorted(parts["shot"].load(tmp_path / "out/shot").key_pictures) == [1, 7, 12]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: picture(folder / "frame_0003.png", 9, (36, 64)), "frame_0003.png is 64×36 pixels, the shot"),
        (lambda folder: picture(folder / "frame_0099.png", 9), "holds no key picture of the frames 1-12"),
        (lambda folder: (folder / "frame_0003.png").write_bytes(b"nothing"), "frame_0003.png"),
        (lambda folder: folder.rmdir(), "is not there"),
    ],
    ids=["another size", "none of these frames", "damaged", "no folder"],
)
def test_files_that_do_not_fit_are_refused_in_a_sentence(scene, painted, tmp_path, capfd, make, says):
    folder = tmp_path / "keys"
    folder.mkdir()
    make(folder)
    assert run("render", "--key-pictures", folder, "--output", tmp_path / "out") == 2
    assert says in capfd.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", ["every", "every:0", "automatic:0", "automatic:200", "automatic:x"])
def test_a_choice_that_cannot_be_meant_is_refused(scene, painted, tmp_path, capfd, how):
    assert run("render", "--key-pictures", how, "--output", tmp_path / "out") == 2
    assert "--key-pictures" in capfd.readouterr().out


def test_the_panels_choice_is_what_the_command_takes(scene, painted, parts):
    keys = scene.motion_bridge.keys
    request = lambda: parts["request"].request_of(scene, "reproject").keys  # noqa: E731
    assert (request().step, request().threshold, request().folder) == (0, None, "")
    keys.mode, keys.step = "EVERY", 6
    assert request().step == 6
    keys.mode = "AUTOMATIC"
    assert request().threshold == pytest.approx(0.005)
    keys.mode, keys.folder = "FILES", "//nowhere"
    with pytest.raises(Exception, match="is not there"):
        request()
    assert parts["request"].request_of(scene, "motionstream").keys.folder == ""


def test_key_pictures_are_rendered_without_motion_blur_and_focus_unless_asked(scene, parts):
    scene.render.use_motion_blur = True
    scene.camera.data.dof.use_dof = True
    scene.camera.data.dof.focus_distance = 0.3
    render, options = parts["first_frame"].render_frame, parts["key_picture"].RenderOptions
    sharp = render(scene, 6)
    blurred = render(scene, 6, None, options(blur=True))
    assert scene.render.use_motion_blur and scene.camera.data.dof.use_dof
    scene.render.use_motion_blur = scene.camera.data.dof.use_dof = False
    np.testing.assert_array_equal(render(scene, 6), sharp)
    assert np.abs(blurred.astype(int) - sharp).mean() > 3


def test_a_job_whose_key_picture_cannot_be_rendered_leaves_nothing(scene, parts, tmp_path, monkeypatch, capfd):
    session = importlib.import_module(parts["request"].__name__.replace("request", "session"))
    errors = importlib.import_module(parts["shot"].__name__.replace("shot", "errors"))

    def fails(*_):
        raise errors.BadInput("Frame 6 of the scene cannot be rendered: no.")

    monkeypatch.setattr(session, "render_frame", fails)
    assert run("render", "--key-pictures", "every:5", "--output", tmp_path / "out") == 2
    assert "cannot be rendered" in capfd.readouterr().out
    assert not (tmp_path / "out").exists()


def test_resume_goes_on_from_the_takes_own_key_pictures(round_the_pillar, parts, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert run("render", "--key-pictures", "every:4", "--output", out) == 0
    whole = {path.name: path.read_bytes() for path in out.glob("frame_*.png")}
    for name in ("frame_0007.png", "frame_0012.png"):
        (out / name).unlink()
    frames = rendered(round_the_pillar, monkeypatch, parts)
    assert run("render", "--key-pictures", "every:4", "--output", out, "--resume") == 0
    assert frames == []
    assert {path.name: path.read_bytes() for path in out.glob("frame_*.png")} == whole


def test_a_draft_is_smaller_and_has_fewer_frames(scene, parts, tmp_path):
    percentage = scene.render.resolution_percentage
    assert run("render", "--draft", 50, "--draft-step", 3, "--output", tmp_path / "out") == 0
    assert names(tmp_path / "out") == [f"frame_{number:04d}.png" for number in (1, 4, 7, 10)]
    shot = parts["shot"].load(tmp_path / "out/shot")
    assert (shot.width, shot.height) == (64, 36)
    assert scene.render.resolution_percentage == percentage
    full = parts["shot"].load(_shot_of(tmp_path / "full"))
    np.testing.assert_allclose(shot.camera.intrinsics[1][:2], full.camera.intrinsics[3][:2] / 2)


def _shot_of(folder):
    assert run("shot", "--output", folder) == 0
    return folder
