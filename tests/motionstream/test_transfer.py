"""Motion transfer: the tracks of one video, the first frame of another picture."""

import json
import signal

import numpy as np
import pytest
from motion_bridge import shot, track_formats
from motion_bridge.cli.main import main
from motion_bridge.engines.motionstream.streaming.transfer import transfer
from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.media.video import LONGEST, read_footage
from motion_bridge.metrics.forward_backward import followed

pytest.importorskip("cv2")
WIDTH, HEIGHT, FRAMES = 96, 64, 13


def cloth(right: float, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A smooth picture that has moved to the right by some pixels."""
    y, x = np.mgrid[:height, :width] / 7.0
    x = x - right / 7.0
    wave = np.stack([np.sin(x + np.sin(y)), np.cos(1.3 * y - x), np.sin(0.7 * x + np.cos(y))], -1)
    return (127 + 100 * wave).astype(np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of pictures that moves a pixel a frame to the right, and a square first frame."""
    place = tmp_path_factory.mktemp("transfer")
    (place / "video").mkdir()
    for k in range(FRAMES):
        (place / "video" / f"{k:03d}.png").write_bytes(png.encode(cloth(k)))
    (place / "first.png").write_bytes(png.encode(cloth(30, 48, 48)[..., ::-1]))
    return place


@pytest.fixture
def signals():
    """What a command listens to is given back."""
    kept = {wish: signal.getsignal(wish) for wish in (signal.SIGINT, signal.SIGTERM)}
    yield
    for wish, handler in kept.items():
        signal.signal(wish, handler)


@pytest.mark.slow
def test_points_follow_the_video_in_the_first_frames_own_pixels(place):
    made, said = transfer(place / "video", place / "first.png", grid=6, prompt="red cloth", seed=3)
    shot.check(made, "transfer")
    assert (made.width, made.height, len(made.frames)) == (48, 48, FRAMES) and made.prompts == {1: "red cloth"}
    assert np.array_equal(made.first_frame, png.read(place / "first.png"))
    assert made.tracks is not None and made.tracks.xy.shape == (36, FRAMES, 2)
    seen = made.tracks.visible[:, -1] & (made.tracks.xy[:, 0, 0] > 12) & (made.tracks.xy[:, 0, 0] < 36)
    moved = (made.tracks.xy[:, -1] - made.tracks.xy[:, 0])[seen]
    assert seen.sum() > 8
    assert np.allclose(moved, ((FRAMES - 1) * 48 / WIDTH, 0), atol=0.4)  # half as wide as the video
    assert "96x64" in said[0] and "48x48" in said[0]


def test_a_point_counts_until_it_leaves_or_does_not_come_back():
    video = np.zeros((20, 32, 32, 3), np.uint8)
    video[:] = np.arange(20)[:, None, None, None]  # each picture says which one it is

    def tracker(film, points):
        """The first point stays; the second is elsewhere when sought from frame 16; the third goes to the right."""
        at = film[:, 0, 0, 0].astype(int)
        path = np.repeat(np.asarray(points, np.float32)[:, None], len(film), 1)
        path[1, -1] += 5 * (at[0] == 16)
        path[2, :, 0] += at - at[0]
        return path

    _, visible = followed(video, np.array([[8.0, 8.0], [16.0, 16.0], [20.5, 4.0]]), tracker)
    assert visible[0].all()
    assert list(visible[1]) == [True] * 9 + [False] * 11
    assert list(visible[2]) == [True] * 12 + [False] * 8


@pytest.mark.parametrize("kind", ["npz", "wantrack"])
def test_tracks_of_another_tracker_are_taken_as_they_are(place, tmp_path, kind):
    made, _ = transfer(place / "video", place / "first.png", grid=3)
    path = tmp_path / "tracks.npz"
    track_formats.write(made, kind, path)
    if kind == "npz":
        again, _ = transfer(place / "video", place / "first.png", tracks=path)
        assert np.allclose(again.tracks.xy, made.tracks.xy, atol=1e-3)
        assert np.array_equal(again.tracks.visible, made.tracks.visible)
    with pytest.raises(BadInput, match=f"through {FRAMES} frames, .* has 9"):
        transfer(place / "video", place / "first.png", tracks=path, frames=9)


def test_video_files_are_made_smaller_and_all_their_frames_are_taken(tmp_path):
    pytest.importorskip("av")
    from motion_bridge.media import movie

    movie.write(tmp_path / "wide.mp4", (cloth(k, 1024, 128) for k in range(5)), 12)
    found = read_footage(tmp_path / "wide.mp4")
    assert found.frames.shape == (5, 64, LONGEST, 3) and (found.width, found.height, found.fps) == (1024, 128, 12)
    assert np.abs(found.frames[4].astype(int) - cloth(4, 1024, 128)[::2, ::2]).mean() < 15


def test_a_large_folder_of_pictures_is_made_smaller(tmp_path):
    for k in range(2):
        (tmp_path / f"{k}.png").write_bytes(png.encode(cloth(k, 700, 90)))
    found = read_footage(tmp_path)
    assert found.frames.shape == (2, 45, 350, 3) and (found.width, found.height) == (700, 90)
    exact = cloth(0, 700, 90).reshape(45, 2, 350, 2, 3).mean((1, 3))
    assert np.abs(found.frames[0] - exact).max() <= 0.5


def runs_away(film, points):
    return np.asarray(points, np.float32)[:, None] + 3 * np.arange(len(film), dtype=np.float32)[None, :, None]


def test_what_cannot_be_transferred_is_said(place, tmp_path):
    def refused(match, video=place / "video", first=place / "first.png", **more):
        with pytest.raises(BadInput, match=match):
            transfer(video, first, **more)

    refused("no video", video=tmp_path / "none.mp4")
    refused("no picture", first=tmp_path / "none.png")
    refused("holds no pictures", video=tmp_path)
    refused("has 13 frames; 40 were asked for", frames=40)
    refused("no motion", frames=1)
    refused("one at least", grid=0)
    refused("not a track file", tracks=place / "first.png")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "0.png").write_bytes(png.encode(cloth(0)))
    refused("one frame; motion takes two", video=tmp_path / "one")
    (tmp_path / "one" / "1.png").write_bytes(png.encode(cloth(0, 32, 32)))
    refused("have one size", video=tmp_path / "one")
    refused("No point .* can be followed", tracker=runs_away)
    pytest.importorskip("av")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    refused("cannot be read as a video", video=tmp_path / "broken.mp4")


@pytest.mark.slow
def test_one_command_makes_the_frames_and_goes_on_where_it_was(place, tmp_path, capsys, signals):
    take = tmp_path / "take"
    command = ["transfer", str(place / "video"), "--first-frame", str(place / "first.png"), "--output", str(take)]
    command += ["--grid", "8", "--set", "device=cpu", "--json"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1]) == {"event": "done", "saved": FRAMES} and "stretched" in said.err
    pictures = {path.name: path.read_bytes() for path in take.glob("frame_*.png")}
    assert len(pictures) == FRAMES and shot.load(take / "shot").tracks is not None
    (take / "frame_0011.png").unlink()
    assert main([*command, "--resume"]) == 0
    assert '"saved": 1' in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in take.glob("frame_*.png")} == pictures
    assert main(command) == 2 and "Resume" in capsys.readouterr().err
