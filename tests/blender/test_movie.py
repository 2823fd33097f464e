"""A take as a movie: its own colors, its own rate, and nothing left behind."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import movie_frames, run

COLORS = [(230, 30, 30), (30, 230, 30), (30, 30, 230), (128, 128, 128), (250, 250, 250), (8, 8, 8)]


@pytest.fixture
def take(scene, painted, tmp_path: Path) -> Path:
    """Six frames, each of one color, 25 a second, with a Shot beside them as a job leaves it."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    scene.render.fps = 25
    folder = tmp_path / "motion_bridge/take_001"
    assert run("shot", "--frames", "1-6", "--output", folder / "shot") == 0
    for number, color in enumerate(COLORS, 1):
        (folder / f"frame_{number:04d}.png").write_bytes(png.encode(np.full((72, 128, 3), color, np.uint8)))
    return folder


def test_the_movie_shows_the_frames_in_their_own_colors(take: Path, tmp_path: Path):
    assert bpy.ops.motion_bridge.movie() == {"FINISHED"}
    shown = movie_frames(take.with_suffix(".mp4"), tmp_path)
    assert len(shown) == len(COLORS)
    for picture, color in zip(shown, COLORS, strict=True):
        assert np.abs(picture.astype(int) - color).max() <= 4, "beyond what H.264 rounds away"


def test_the_movie_has_the_scenes_rate(take: Path):
    bpy.ops.motion_bridge.movie()
    clip = bpy.data.movieclips.load(str(take.with_suffix(".mp4")))
    assert clip.fps == pytest.approx(25)
    assert clip.frame_duration == 6


def test_making_a_movie_leaves_nothing_in_the_file(take: Path):
    def all_there() -> dict[str, list[str]]:
        collections = ("scenes", "images", "worlds", "movieclips", "node_groups", "sounds")
        return {name: [block.name for block in getattr(bpy.data, name)] for name in collections}

    before = all_there(), bpy.context.scene.name, bpy.context.scene.frame_current
    bpy.ops.motion_bridge.movie()
    assert (all_there(), bpy.context.scene.name, bpy.context.scene.frame_current) == before
    assert sorted(path.name for path in take.parent.iterdir()) == ["take_001", "take_001.mp4"]


def test_a_picture_of_odd_size_loses_a_row_and_a_column_and_nothing_is_resampled(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    folder = tmp_path / "take"
    assert run("shot", "--frames", "1-2", "--output", folder / "shot") == 0
    picture = np.full((71, 127, 3), 40, np.uint8)
    picture[:35, :63] = (200, 60, 60)
    for number in (1, 2):
        (folder / f"frame_{number:04d}.png").write_bytes(png.encode(picture))
    assert run("movie", folder, "--output", tmp_path / "odd.mp4") == 0
    shown = movie_frames(tmp_path / "odd.mp4", tmp_path)[0]
    assert shown.shape == (70, 126, 3)
    off = np.abs(shown.astype(int) - picture[1:, :126])
    assert off[:32, :60].max() <= 6 and off[38:].max() <= 8 and off[:, 66:].max() <= 6


def test_the_command_says_where_the_movie_is_and_replaces_an_older_one(take: Path, tmp_path: Path, capfd):
    (tmp_path / "film.mp4").write_text("an older one")
    assert run("movie", take, "--output", tmp_path / "film.mp4") == 0
    assert f"Saved: '{tmp_path}/film.mp4'" in capfd.readouterr().out
    assert len(movie_frames(tmp_path / "film.mp4", tmp_path)) == 6


def test_a_stepped_take_plays_at_the_scenes_speed(scene, painted, tmp_path: Path):
    assert run("render", "--frames", "1-5x2", "--output", tmp_path / "take") == 0
    assert run("movie", tmp_path / "take", "--output", tmp_path / "film.mp4") == 0
    assert len(movie_frames(tmp_path / "film.mp4", tmp_path)) == 6


def test_without_frames_there_is_no_movie_and_a_sentence(scene, painted, tmp_path: Path):
    with pytest.raises(RuntimeError, match="no take in"):
        bpy.ops.motion_bridge.movie()
    assert not list(tmp_path.rglob("*.mp4"))


@pytest.mark.parametrize("kind", ["link", "hard link", "folder"])
@pytest.mark.fault("A movie's unfinished file is there already", "as a link, a second name of a file, a folder")
def test_a_movie_is_never_written_into_what_a_stranger_left_there(take: Path, tmp_path: Path, kind):
    other, part = tmp_path / "other.txt", take.with_name(".take_001.part.mp4")
    other.write_text("mine")
    {"link": part.symlink_to, "hard link": part.hardlink_to, "folder": lambda _: part.mkdir()}[kind](other)
    if kind == "folder":
        with pytest.raises(RuntimeError, match=r"take_001\.mp4 was not written"):
            bpy.ops.motion_bridge.movie()
    else:
        assert bpy.ops.motion_bridge.movie() == {"FINISHED"}
        assert take.with_suffix(".mp4").stat().st_size > 1000 and not part.exists()
    assert other.read_text() == "mine"
