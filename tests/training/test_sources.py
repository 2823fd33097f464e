"""Clips for training also come from Shots and from real videos; what is not fit is refused with a reason."""

import numpy as np
import pytest
import torch
from motion_bridge import shot
from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.takes.writer import frame_name
from training.video.bank import read_bank
from training.video.collect import main
from training.video.shots import shot_clips, thinned
from training.video.videos import Refused, read_video, tracked, video_clips

WIDTH, HEIGHT = 128, 72


def picture(shift: float) -> np.ndarray:
    """A smooth cloth that has moved to the right by some pixels."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / 9.0
    x = x - shift / 9.0
    wave = np.stack([np.sin(x + np.sin(y)), np.cos(1.3 * y - x), np.sin(0.7 * x + np.cos(y))], -1)
    return (127 + 100 * wave).astype(np.uint8)


@pytest.fixture
def take(tmp_path):
    """A finished take of 9 frames: a pan of 2 pixels a frame, with 5 exact tracks."""

    def make(name="take", step=2.0, tracks=True):
        folder = tmp_path / name
        folder.mkdir()
        frames = tuple(range(1, 10))
        start = np.array([[20, 20], [40, 30], [60, 50], [100, 60], [125, 40]], np.float32)
        xy = start[:, None] + np.arange(9, dtype=np.float32)[None, :, None] * np.array([step, 0], np.float32)
        camera = shot.Camera(np.tile(np.eye(4), (9, 1, 1)), np.tile(np.eye(3), (9, 1, 1)), np.zeros(9, bool))
        followed = shot.Tracks(xy, xy[..., 0] < WIDTH, ("cloth",) * 5, ("grid",) * 5) if tracks else None
        prompts = {1: "red cloth"}
        shot.save(
            shot.Shot(frames, 16.0, WIDTH, HEIGHT, camera, picture(0), tracks=followed, prompts=prompts),
            folder / "shot",
        )
        for k, number in enumerate(frames):
            (folder / frame_name(number)).write_bytes(png.encode(picture(step * k)))
        return folder

    return make


def test_a_take_becomes_a_clip_whose_tracks_are_the_shots_own(take):
    one, other = take("one"), take("other", step=-2.0)
    (look, clip), (same, _) = shot_clips([one, other], frames=9, size=(36, 64), tracks=4)
    assert look == same == 0  # they begin with the same picture
    assert clip.frames.shape == (3, 9, 36, 64) and clip.words == ("red", "cloth")
    assert clip.points.shape == (4, 9, 2)
    moved = clip.points[:, 8] - clip.points[:, 0]
    assert torch.allclose(moved, torch.tensor([16 / WIDTH, 0.0]).expand(4, 2), atol=1e-5)
    assert not clip.visible.all() and clip.visible[:, 0].all()


def test_takes_that_do_not_fit_are_named(take):
    with pytest.raises(BadInput, match="9 frames; clips of 13"):
        list(shot_clips([take("short")], frames=13, size=(36, 64), tracks=4))
    with pytest.raises(BadInput, match="has no tracks"):
        list(shot_clips([take("bare", tracks=False)], frames=9, size=(36, 64), tracks=4))


def test_tracks_are_thinned_evenly_and_filled_up():
    visible = np.array([True, False, True, True, False])
    assert list(thinned(5, 2, visible)) == [0, 3]
    assert set(thinned(5, 4, visible)) >= {0, 2, 3}
    assert len(thinned(3, 7, np.ones(3, bool))) == 7


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """A good film of 24 frames a second, a square one, a short one, one with a cut, and one that is not a film."""
    pytest.importorskip("av")
    from motion_bridge.media import movie

    folder = tmp_path_factory.mktemp("videos")
    movie.write(folder / "good.mp4", (picture(k / 2) for k in range(124)), 24)
    (folder / "good.txt").write_text("a waving cloth")
    movie.write(folder / "square.mp4", (picture(k)[:, :72] for k in range(124)), 24)
    movie.write(folder / "short.mp4", (picture(k) for k in range(60)), 24)
    movie.write(folder / "cut.mp4", (picture(0) if k < 60 else 255 - picture(0) for k in range(124)), 24)
    (folder / "broken.mp4").write_bytes(b"no film")
    return folder


@pytest.mark.slow
def test_a_video_is_read_at_sixteen_frames_a_second(videos):
    video = read_video(videos / "good.mp4", (HEIGHT, WIDTH))
    assert isinstance(video, np.ndarray) and video.shape == (81, HEIGHT, WIDTH, 3)
    for at in (10, 80):  # each picture is the newest there is at its time: 1.5 film frames a step
        error = [np.abs(video[at].astype(int) - picture(k / 2)).mean() for k in range(124)]
        assert int(np.argmin(error)) in (int(at * 1.5), int(at * 1.5) + 1)


def test_every_refused_video_has_its_reason(videos):
    reasons = {}
    for name in ("square", "short", "cut", "broken"):
        found = read_video(videos / f"{name}.mp4", (HEIGHT, WIDTH))
        assert isinstance(found, Refused)
        reasons[name] = found.reason
    assert "not 16:9" in reasons["square"] and "81 frames at 16" in reasons["short"]
    assert "cut at frame" in reasons["cut"] and "broken.mp4 cannot be" in reasons["broken"]


def test_points_that_find_their_way_back_are_tracks():
    pytest.importorskip("cv2")
    points, visible = tracked(np.stack([picture(k / 2) for k in range(81)]), 6)  # as drawn: no encoder was at them
    seen = visible.all(1) & (points[:, 0, 0] < 0.45 * WIDTH)  # far from where the picture ends
    assert seen.sum() > 5
    assert np.allclose((points[seen, 80] - points[seen, 0]), (40, 0), atol=0.5)


def test_a_film_becomes_a_clip_with_its_tracks_and_words(videos):
    pytest.importorskip("cv2")
    refused = []
    paths = [videos / "good.mp4", videos / "square.mp4"]
    ((number, clip),) = video_clips(paths, (HEIGHT, WIDTH), 6, refused)
    assert number == 0 and clip.words == ("a", "waving", "cloth") and [each.path.stem for each in refused] == ["square"]
    assert clip.frames.shape == (3, 81, HEIGHT, WIDTH) and clip.points.shape == (36, 81, 2)
    seen = clip.visible.all(1) & (clip.points[:, 0, 0] < 0.45)
    moved = (clip.points[seen, 80] - clip.points[seen, 0]).median(0).values * torch.tensor([WIDTH, HEIGHT])
    assert 50 < moved[0] < 70 and abs(moved[1]) < 10  # an encoder's damage adds up


def test_a_point_that_does_not_come_back_is_no_track():
    video = np.zeros((4, 32, 32, 3), np.uint8)

    def runs_away(film, points):
        return np.asarray(points, np.float32)[:, None] + 3 * np.arange(len(film), dtype=np.float32)[None, :, None]

    assert not tracked(video, 3, runs_away)[1].any()


@pytest.mark.slow
def test_one_command_makes_a_bank_of_videos_or_takes(videos, take, tmp_path, capsys):
    pytest.importorskip("cv2")
    size = ["--width", str(WIDTH), "--height", str(HEIGHT), "--grid", "4"]
    main(["videos", str(videos), "--to", str(tmp_path / "films"), *size])
    said = capsys.readouterr()
    assert "1 clips, 4 refused" in said.out and "not 16:9" in said.err
    assert len(read_bank(tmp_path / "films" / "clips")) == 1
    main(["shots", str(take()), "--to", str(tmp_path / "takes"), "--frames", "9", *size])
    assert read_bank(tmp_path / "takes" / "clips").words == [["red", "cloth"]]
