"""Control videos on disk: polarity, gray in holes, rate and count as each program reads them."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from motion_bridge import control_formats
from motion_bridge import shot as shots
from motion_bridge.engines.video import normal_control
from motion_bridge.errors import BadInput
from motion_bridge.geometry.scene import scene_of
from motion_bridge.geometry.visible_surfaces import find_surfaces
from motion_bridge.media import png, video


def frames_of(path):
    with video.streamed(path) as (frames, fps):
        return np.stack(list(frames)), fps


@pytest.fixture(scope="module")
def folders(short_film, tmp_path_factory):
    out = tmp_path_factory.mktemp("controls")
    shot = replace(short_film.shot, fps=16.0)
    return {name: control_formats.write(shot, name, out / name) for name in ("vace", "ttm")}, out


def test_vace_draws_where_its_mask_is_white_and_finds_gray_there(folders):
    _, out = folders
    pictures, fps = frames_of(out / "vace/video.mp4")
    mask, _ = frames_of(out / "vace/mask.mp4")
    assert fps == 16 and len(pictures) == len(mask) == 13 and pictures.shape[1] % 16 == pictures.shape[2] % 16 == 0
    assert mask[0].max() <= 1, "the first frame is kept whole"
    assert 0.02 < (mask[9] > 250).mean() < 0.7
    assert np.isin(mask, [0, 1, 254, 255]).all(), "nothing between black and white"
    hole = mask[9, ..., 0] > 127
    inner = hole & np.roll(hole, 2, 0) & np.roll(hole, -2, 0) & np.roll(hole, 2, 1) & np.roll(hole, -2, 1)
    assert abs(np.median(pictures[9][inner]) - 127) <= 3


def test_time_to_move_holds_what_is_white_the_opposite_of_vace(folders):
    written, out = folders
    vace, _ = frames_of(out / "vace/mask.mp4")
    ttm, _ = frames_of(out / "ttm/mask.mp4")
    assert np.array_equal(ttm > 127, vace <= 127)
    assert ttm[0].min() >= 254, "the first frame is known whole"
    assert {path.name for path in written["ttm"].files} == {
        "first_frame.png",
        "motion_signal.mp4",
        "mask.mp4",
        "prompt.txt",
    }
    assert (out / "ttm/prompt.txt").read_text() == "red hills"
    assert png.read(out / "ttm/first_frame.png").shape == ttm.shape[1:]


@pytest.mark.parametrize("name", ["vace", "depth-video"])
def test_the_command_writes_them(short_film, tmp_path, name):
    shots.save(replace(short_film.shot, settings={}), tmp_path / "shot")
    out = tmp_path / ("out" if name == "vace" else "depth.mp4")
    words = ["export", str(tmp_path / "shot"), "--format", name, "--out", str(out)]
    done = subprocess.run([sys.executable, "-m", "motion_bridge", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert out.exists() and "16 frames a second and this shot has 24" in done.stderr


@pytest.mark.parametrize("tilt", [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (-0.5, 0.5, 0.7), (0.1, -0.9, 0.3)])
def test_a_plane_has_the_same_normal_everywhere_red_right_green_up(tilt):
    lens = np.array([[80.0, 0.0, 50.0], [0.0, 70.0, 30.0], [0.0, 0.0, 1.0]])
    right, up, toward = np.array(tilt) / np.linalg.norm(tilt)
    away = np.array([-right, up, toward])  # OpenCV's axes: n · X = 4 on a plane that faces the camera
    v, u = np.mgrid[:60, :100] + 0.5
    rays = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(lens).T
    inverse = (rays @ away / 4).clip(0).astype(np.float32)
    here = find_surfaces((inverse > 0).astype(np.uint16), inverse, 1e-6, lens, False)
    found = normal_control.normals(here, lens)
    inside = np.zeros(inverse.shape, bool)
    inside[2:-2, 2:-2] = True
    inside &= inverse > 0.01
    assert inside.sum() > 500
    assert np.abs(found[inside] - (right, up, toward)).max() < 2e-3


def test_where_there_is_nothing_a_normal_is_black(short_film):
    scene = scene_of(short_film.shot)
    picture = normal_control.picture(scene.surfaces(0), short_film.shot.camera.intrinsics[0])
    empty = scene.surfaces(0).inverse_depth <= 0
    assert not picture[empty].any() and picture[~empty].min(axis=-1).size and picture[~empty][..., 2].mean() > 128


def test_a_mask_video_is_the_mask_of_vace_and_a_track_video_needs_tracks(short_film, folders, tmp_path):
    _, out = folders
    shot = replace(short_film.shot, fps=16.0)
    control_formats.write(shot, "mask-video", tmp_path / "mask.mp4")
    assert np.array_equal(frames_of(tmp_path / "mask.mp4")[0] > 127, frames_of(out / "vace/mask.mp4")[0] > 127)
    with pytest.raises(BadInput, match="needs tracks"):
        control_formats.write(replace(shot, tracks=None), "track-video", tmp_path / "tracks.mp4")


def test_a_shot_without_surfaces_is_refused(short_film, tmp_path):
    with pytest.raises(BadInput, match="geometry or depth"):
        control_formats.write(replace(short_film.shot, depth=None), "vace", tmp_path)
