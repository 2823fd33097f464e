"""`judge`: it says of a video what is known to be wrong with it, and of a true one that nothing is."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from motion_bridge.cli.main import main
from motion_bridge.errors import BadInput
from motion_bridge.geometry.camera import pixel_centers, project, transform
from motion_bridge.media import png
from motion_bridge.shot import Camera, Objects, Shot, Tracks, save
from ray_scene import intrinsics, looking

cv2 = pytest.importorskip("cv2")
from motion_bridge.metrics.obedience import judge  # noqa: E402  it needs OpenCV

WIDTH, HEIGHT, COUNT = 416, 240, 13
pytestmark = pytest.mark.slow
CARD = 1  # a unit square that slides by before the rest


def texture(seed):
    """Noise with detail of a few pixels, which a tracker can hold on to."""
    noise = np.random.default_rng(seed).uniform(0, 255, (512, 512, 3)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 2.0) * 4 - 3 * 127


TEXTURES = np.stack([texture(seed) for seed in range(3)])


def slide(k):
    return np.array([-0.9 + 0.05 * k, 0.2, 4.0])


def surfaces(k, pose, lens, at):
    """Color (N, 3), depth along the axis (N,) and surface (N,) that pixels (N, 2) show: a wall, a floor, a card."""
    local = np.column_stack([at, np.ones(len(at))]) @ np.linalg.inv(lens).T
    ray, eye = local @ pose[:3, :3].T, pose[:3, 3]
    depth, thing, uv = np.full(len(at), np.inf), np.zeros(len(at), int), np.zeros((len(at), 2))
    corner = slide(k)
    for number, (axis, place, across) in enumerate([(2, 9.0, (0, 1)), (2, corner[2], (0, 1)), (1, 1.5, (0, 2))]):
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (place - eye[axis]) / ray[:, axis]
        hit = (eye + z[:, None] * ray)[:, across]
        near = (z > 0) & (z < depth)
        if number == CARD:
            hit = hit - corner[:2]
            near &= (np.abs(hit) < 0.5).all(-1)
        depth[near], thing[near], uv[near] = z[near], number, hit[near]
    uv = np.mod(uv * 40, 510)
    low = uv.astype(int)
    t, colors = uv - low, np.zeros((len(at), 3))
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weight = np.abs(1 - right - t[:, 0]) * np.abs(1 - down - t[:, 1])
        colors += weight[:, None] * TEXTURES[thing, low[:, 1] + down, low[:, 0] + right]
    return colors, depth, thing


def picture(k, pose, lens):
    """What a renderer shows, smoothed by four rays a pixel."""
    centers, total = pixel_centers(WIDTH, HEIGHT).reshape(-1, 2), 0
    for shift in ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)):
        total = total + surfaces(k, pose, lens, centers + shift)[0] / 4
    return np.clip(np.rint(total), 0, 255).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)


def cameras(turning=False):
    poses = []
    for k in range(COUNT):
        s = k / (COUNT - 1)
        place = (0, 0, 0) if turning else (0.5 * s, -0.2 * s, 0.9 * s)
        poses.append(looking(place, (0.6 * s, 0.2, 6), roll=4 * s))
    return np.array(poses), np.array([intrinsics(WIDTH * (0.9 + 0.1 * k / COUNT), WIDTH, HEIGHT) for k in range(COUNT)])


def shot_of(poses, lenses, grid=16):
    """The Shot with exact depth, objects and a grid of tracks."""
    depth, index = np.zeros((COUNT, HEIGHT, WIDTH), np.float32), np.zeros((COUNT, HEIGHT, WIDTH), np.uint16)
    centers = pixel_centers(WIDTH, HEIGHT).reshape(-1, 2)
    for k in range(COUNT):
        _, z, thing = surfaces(k, poses[k], lenses[k], centers)
        depth[k], index[k] = z.reshape(HEIGHT, WIDTH), (1 + (thing == CARD)).reshape(HEIGHT, WIDTH)
    x, y = np.meshgrid((np.arange(grid) + 0.5) / grid * WIDTH, (np.arange(grid) + 0.5) / grid * HEIGHT)
    at = np.floor(np.stack([x.ravel(), y.ravel()], -1)) + 0.5
    _, z, thing = surfaces(0, poses[0], lenses[0], at)
    local = np.column_stack([at, np.ones(len(at))]) @ np.linalg.inv(lenses[0]).T * z[:, None]
    world = transform(poses[0], local)
    xy, visible = np.empty((len(at), COUNT, 2)), np.empty((len(at), COUNT), bool)
    for k in range(COUNT):
        moved = world + np.where((thing == CARD)[:, None], slide(k) - slide(0), 0)
        here = transform(np.linalg.inv(poses[k]), moved)
        xy[:, k] = project(here, lenses[k])
        inside = (xy[:, k] > 0).all(-1) & (xy[:, k, 0] < WIDTH) & (xy[:, k, 1] < HEIGHT)
        shown = surfaces(k, poses[k], lenses[k], np.where(inside[:, None], xy[:, k], 1.0))[1]
        visible[:, k] = inside & (np.abs(shown - here[:, 2]) < 0.01 * here[:, 2])
    moves = np.tile(np.eye(4), (2, COUNT, 1, 1))
    moves[1, :, :3, 3] = [slide(k) for k in range(COUNT)]
    names = tuple("card" if each == CARD else "room" for each in thing)
    return Shot(
        tuple(range(1, COUNT + 1)),
        24.0,
        WIDTH,
        HEIGHT,
        Camera(poses, lenses, np.zeros(COUNT, bool)),
        picture(0, poses[0], lenses[0]),
        depth=depth,
        objects=Objects(index, moves, ("room", "card")),
        tracks=Tracks(xy.astype(np.float32), visible, names, ("grid",) * len(at)),
    )


def frames_of(poses, lenses):
    return [picture(k, poses[k], lenses[k]) for k in range(COUNT)]


@pytest.fixture(scope="module")
def scene():
    return shot_of(*cameras()), frames_of(*cameras())


def test_the_renderers_own_frames_obey(scene):
    shot, frames = scene
    found = judge(shot, frames, reference=frames)
    assert found.error.points > 300 and found.error.mean < 0.5 and found.error.close > 0.85
    assert found.floor is not None and found.floor.mean == pytest.approx(found.error.mean)
    assert found.still.mean > 20 * found.error.mean
    assert found.poses is not None and found.poses.degrees.mean() < 0.1 and abs(found.poses.travel - 1) < 0.01
    assert set(found.by_object) == {"room", "card"}
    assert found.covisible is not None and found.covisible_wrong is not None
    assert found.covisible > found.covisible_wrong + 5


def test_a_still_video_errs_by_the_whole_motion(scene):
    shot, frames = scene
    found = judge(shot, [frames[0]] * COUNT)
    assert found.error.mean == pytest.approx(found.still.mean, rel=1e-3)


def test_a_wrong_camera_is_measured(scene):
    """One degree too far around its own axis, and five percent too far along its way."""
    shot, _ = scene
    turn = np.eye(4)
    angle = np.radians(1.0)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    poses = [shot.camera.pose[0]]
    for pose in shot.camera.pose[1:]:
        wrong = pose @ turn
        wrong[:3, 3] = poses[0][:3, 3] + 1.05 * (pose[:3, 3] - poses[0][:3, 3])
        poses.append(wrong)
    found = judge(shot, frames_of(poses, shot.camera.intrinsics))
    assert found.poses is not None
    assert abs(found.poses.degrees.mean() - 1.0) < 0.1 and abs(found.poses.travel - 1.05) < 0.01
    assert found.error.mean > 1 and found.published["RotErr (WorldScore, mean, degrees)"] == pytest.approx(1, abs=0.1)


def test_another_rate_size_and_length_are_met_and_said(scene):
    shot, frames = scene
    twice = [frame for frame in frames[:6] for _ in range(2)]
    large = [np.repeat(np.repeat(frame, 2, 0), 2, 1) for frame in twice]
    found = judge(shot, large, fps=48.0)
    assert found.frames == 6 and found.error.mean < 0.6
    said = " ".join(found.notices)
    assert "48 frames a second" in said and "832x480" in said and "6 of the Shot's 13 frames" in said


def test_memory_does_not_grow_with_the_video(scene):
    shot, frames = scene
    read = []

    def coming():
        for k in range(1000):
            read.append(k)
            yield frames[k % COUNT]

    assert judge(shot, coming()).frames == COUNT and len(read) <= COUNT + 1


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ([], "no frames"),
        ([np.zeros((HEIGHT, WIDTH, 3), np.uint8)], "one frame"),
        ([np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 4, "no texture"),
    ],
)
def test_what_cannot_be_judged_is_a_sentence(scene, video, expected):
    with pytest.raises(BadInput, match=expected):
        judge(scene[0], video)
    with pytest.raises(BadInput, match="no tracks"):
        judge(replace(scene[0], tracks=None), video)


def test_the_command_prints_a_table_or_json_and_draws_the_error(scene, tmp_path, capsys):
    shot, frames = scene
    save(shot, tmp_path / "shot")
    for k, frame in enumerate(frames, 1):
        (tmp_path / f"frame_{k:04d}.png").write_bytes(png.encode(frame))
    words = ["judge", str(tmp_path / "shot"), str(tmp_path), "--reference", str(tmp_path)]
    assert main([*words, "--plot", str(tmp_path / "error.svg")]) == 0
    said = capsys.readouterr().out
    assert "still" in said and "floor" in said and "card" in said and "of the way" in said
    assert (tmp_path / "error.svg").read_text().startswith("<svg")
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["frames"] == COUNT and found["error"]["mean"] < 0.5 and found["by_frame"][0] is None
    assert main(["judge", str(tmp_path / "shot"), str(tmp_path / "none.mp4")]) == 2


def test_a_camera_that_only_turns_travels_nowhere():
    found = judge(shot_of(*cameras(turning=True)), frames_of(*cameras(turning=True)))
    assert found.error.mean < 0.5 and found.poses is not None and np.isnan(found.poses.travel)


def test_a_thousand_frames_need_no_more_memory_than_a_few():
    """The pictures are read one at a time: 1,000 of 416×240 would be 300 MB."""
    count, grid = (
        1000,
        np.stack(np.meshgrid(np.arange(40, 376, 48), np.arange(40, 200, 40)), -1).reshape(-1, 1, 2) + 0.5,
    )
    sway = np.rint(8 * np.sin(np.arange(count) / 20)).astype(int)
    base = np.clip(TEXTURES[0][:HEIGHT, :WIDTH], 0, 255).astype(np.uint8)
    pose, lens = np.tile(np.eye(4), (count, 1, 1)), np.tile(intrinsics(WIDTH, WIDTH, HEIGHT), (count, 1, 1))
    pose[:, 0, 3] = -sway / WIDTH
    xy = (grid + np.stack([sway, np.zeros(count)], -1)).astype(np.float32)
    tracks = Tracks(xy, np.ones(xy.shape[:2], bool), ("wall",) * len(xy), ("grid",) * len(xy))
    frames = tuple(range(1, count + 1))
    shot = Shot(frames, 24.0, WIDTH, HEIGHT, Camera(pose, lens, np.zeros(count, bool)), base, tracks=tracks)
    tracemalloc.start()
    try:
        found = judge(shot, (np.roll(base, step, axis=1) for step in sway))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.frames == count and found.error.mean < 0.5
    assert peak < 40e6, f"{peak / 1e6:.0f} MB at the highest"
