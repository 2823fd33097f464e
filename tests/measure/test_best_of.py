"""`--best-of N` makes a take for each seed and keeps the one that obeys; `judge --heat` draws the error as bars."""

from dataclasses import replace

import numpy as np
import pytest
from motion_bridge import shot as shots
from motion_bridge.cli.main import main
from motion_bridge.engines import base
from motion_bridge.media import heat_strip, png
from motion_bridge.shot import Camera, Shot, Tracks

pytest.importorskip("cv2")

COUNT, SIZE, GOOD = 8, 96, 12


def pan(picture, pixels):
    """The picture moved to the right by whole pixels."""
    return np.roll(picture, pixels, axis=1)


class Panning(base.Engine):
    """Obeys for one seed only: with others it stands still."""

    def frames(self, shot, finished, changes):
        for k in range(len(shot.frames)):
            if k not in finished:
                yield base.Frame(k, pan(shot.first_frame, k if shot.seed == GOOD else 0))


@pytest.fixture
def shot():
    """A camera that pans past a wall of smooth noise, one pixel a frame, with a grid of tracks."""
    import cv2

    noise = np.random.default_rng(2).uniform(0, 255, (SIZE, SIZE, 3)).astype(np.float32)
    picture = np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 4 - 3 * 127, 0, 255).astype(np.uint8)
    grid = np.stack(np.meshgrid(np.arange(20, 70, 8), np.arange(20, 80, 8)), -1).reshape(-1, 1, 2) + 0.5
    xy = (grid + np.stack([np.arange(COUNT), np.zeros(COUNT)], -1)).astype(np.float32)
    pose = np.tile(np.eye(4), (COUNT, 1, 1))
    pose[:, 0, 3] = -np.arange(COUNT) / SIZE
    lens = np.tile(np.array([[SIZE, 0, SIZE / 2], [0, SIZE, SIZE / 2], [0, 0, 1.0]]), (COUNT, 1, 1))
    names = ("wall",) * len(xy)
    tracks = Tracks(xy, np.ones(xy.shape[:2], bool), names, ("grid",) * len(xy))
    camera = Camera(pose, lens, np.zeros(COUNT, bool))
    return Shot(tuple(range(1, COUNT + 1)), 24.0, SIZE, SIZE, camera, picture, tracks=tracks, seed=GOOD - 1)


@pytest.fixture(autouse=True)
def panning(monkeypatch):
    monkeypatch.setitem(base.ENGINES, "panning", "panning")
    monkeypatch.setattr(base, "import_module", lambda name, package: type("Module", (), {"engine": Panning()}))


def test_the_seed_that_obeys_is_kept(shot, tmp_path, capsys):
    shots.save(shot, tmp_path / "shot")
    words = ["render", str(tmp_path / "shot"), "--engine", "panning", "--output", str(tmp_path / "out")]
    assert main([*words, "--best-of", "3"]) == 0
    kept = [png.read(path) for path in sorted((tmp_path / "out").glob("frame_*.png"))]
    np.testing.assert_array_equal(kept, [pan(shot.first_frame, k) for k in range(COUNT)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out_seed_11", "out_seed_13", "shot"]
    assert "out was out_seed_12" in " ".join(capsys.readouterr().err.split())


def test_seeds_without_tracks_cannot_be_compared(shot, tmp_path, capsys):
    shots.save(replace(shot, tracks=None), tmp_path / "shot")
    words = ["render", str(tmp_path / "shot"), "--engine", "panning", "--output", str(tmp_path / "out")]
    assert main([*words, "--best-of", "3"]) == 2
    assert "no tracks to judge by" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_frames_that_a_shot_leaves_out_are_no_error(shot, tmp_path, capsys):
    """A take of every second frame is compared picture by picture."""
    every = replace(shot, frames=tuple(range(1, 2 * COUNT, 2)))
    shots.save(every, tmp_path / "shot")
    (tmp_path / "take").mkdir()
    for k, frame in enumerate(every.frames):
        (tmp_path / f"take/frame_{frame:04d}.png").write_bytes(png.encode(pan(shot.first_frame, k)))
    heat = tmp_path / "heat.png"
    assert main(["judge", str(tmp_path / "shot"), str(tmp_path / "take"), "--heat", str(heat)]) == 0
    said = capsys.readouterr()
    mean = float(next(line for line in said.out.splitlines() if "this video" in line).split()[2])
    assert mean < 0.3, said.out
    assert png.read(heat).shape == (heat_strip.HEIGHT, 4 * COUNT, 3)


def test_a_bar_is_high_and_red_where_the_error_is_large_and_gray_where_nothing_is_known():
    picture = heat_strip.draw(np.array([0.0, 8.0, np.nan]), 832, bar=1)
    assert picture.shape == (heat_strip.HEIGHT, 3, 3)
    green, red, unknown = picture[-1]
    assert green[1] > green[0] and red[0] > 2 * red[1] and len(set(unknown.tolist())) == 1
    filled = (picture != heat_strip.BACKGROUND).any(axis=-1).sum(axis=0)
    assert filled[1] == heat_strip.HEIGHT and filled[0] == filled[2] == heat_strip.LEAST
