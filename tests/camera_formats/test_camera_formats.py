"""Camera files, read back by formulas written anew from what each program's reader does, point to the same pixels."""

import json
from dataclasses import replace

import numpy as np
import pytest
from motion_bridge import camera_formats
from motion_bridge.camera_formats import loss, path, points
from motion_bridge.cli.main import main
from motion_bridge.errors import BadInput
from motion_bridge.shot import Camera, Shot, Tracks, save

WIDTH, HEIGHT = 832, 480
EXACT = 1e-3  # pixels
rng = np.random.default_rng(7)
WORLD = np.column_stack([rng.uniform(-2, 2, (40, 2)), rng.uniform(4, 9, 40)])


def turned(x, y, z):
    a, b, c = np.radians([x, y, z])
    rx = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
    ry = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
    rz = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    return np.array(rz) @ np.array(ry) @ np.array(rx)


def camera(frames=81, zoom=0.0, shift=(0.0, 0.0), speed=1.0, start=None):
    pose, lens = np.tile(np.eye(4), (frames, 1, 1)), np.zeros((frames, 3, 3))
    for k in range(frames):
        t = k / max(frames - 1, 1)
        pose[k, :3, :3] = turned(4 * t * speed, -6 * t * speed, 3 * t * speed)
        pose[k, :3, 3] = speed * np.array([0.5 * t, -0.2 * np.sin(3 * t), 0.8 * t])
        focal = 700 * (1 + zoom * t)
        lens[k] = [[focal, 0, WIDTH / 2 + shift[0]], [0, focal, HEIGHT / 2 + shift[1]], [0, 0, 1]]
    if start is not None:
        pose = start @ pose
    return pose, lens


def seen(pose, lens, world=WORLD):
    """Pixels (N, T, 2) of world points, straight from the definition."""
    found = np.zeros((len(world), len(pose), 2))
    for k, (matrix, k3) in enumerate(zip(pose, lens, strict=True)):
        local = (np.linalg.inv(matrix) @ np.column_stack([world, np.ones(len(world))]).T)[:3]
        picture = k3 @ local
        found[:, k] = (picture[:2] / picture[2]).T
    return found


def shot(fps=16.0, depth=False, names=None, xy=None, world=WORLD, **how):
    pose, lens = camera(**how)
    frames = len(pose)
    xy = seen(pose, lens, world) if xy is None else xy
    visible = (xy >= 0).all(-1) & (xy < (WIDTH, HEIGHT)).all(-1)
    count = len(xy)
    tracks = Tracks(xy.astype(np.float32), visible, tuple(names or ["wall"] * count), ("grid",) * count)
    return Shot(
        tuple(range(1, frames + 1)),
        fps,
        WIDTH,
        HEIGHT,
        Camera(pose, lens, np.zeros(frames, bool)),
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        depth=np.full((frames, HEIGHT, WIDTH), 5.0, np.float32) if depth else None,
        tracks=tracks,
        prompts={1: "a wall"},
    )


# --- readers, written anew from the programs' formulas: (poses, lenses) or the part of them that is read


def read_sana(place):
    return np.load(place), np.load(place.with_name(f"{place.stem}_intrinsics.npy"))


def read_sana_bench(place):
    found = np.load(place)
    assert found["fps"] == 16 and found["num_frames"] == len(found["c2w"])
    return found["c2w"], found["intrinsics"]


def read_lingbot(place):
    pose, lens = np.load(place / "poses.npy"), np.load(place / "intrinsics.npy")
    fx, fy, cx, cy = lens[0] * [WIDTH / 832, HEIGHT / 480, WIDTH / 832, HEIGHT / 480]
    return pose, np.tile([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], (len(pose), 1, 1))


def camera_lines(place):
    rows = np.array([[float(word) for word in line.split()] for line in place.read_text().splitlines()[1:]])
    world = np.tile(np.eye(4), (len(rows), 1, 1))
    world[:, :3] = rows[:, 7:].reshape(-1, 3, 4)
    return rows, np.linalg.inv(world)


def read_plain_lines(place):
    rows, pose = camera_lines(place)
    lens = np.zeros((len(rows), 3, 3))
    lens[:, 0, 0], lens[:, 1, 1], lens[:, 2, 2] = rows[:, 1] * WIDTH, rows[:, 2] * HEIGHT, 1
    lens[:, 0, 2], lens[:, 1, 2] = rows[:, 3] * WIDTH, rows[:, 4] * HEIGHT
    return pose, lens


def read_stretched_lines(place):
    """As VideoX-Fun does: the numbers are those of 1280×720, stretched where the picture has another shape."""
    rows, pose = camera_lines(place)
    fx, fy = rows[:, 1].copy(), rows[:, 2].copy()
    shape, own = WIDTH / HEIGHT, 1280 / 720
    if own > shape:
        fx = (HEIGHT * own) * fx / WIDTH
    else:
        fy = (WIDTH / own) * fy / HEIGHT
    lens = np.zeros((len(rows), 3, 3))
    lens[:, 0, 0], lens[:, 1, 1], lens[:, 2, 2] = fx * WIDTH, fy * HEIGHT, 1
    lens[:, 0, 2], lens[:, 1, 2] = rows[:, 3] * WIDTH, rows[:, 4] * HEIGHT
    return pose, lens


def read_worldplay(place):
    found = json.loads(place.read_text())
    assert list(found) == [str(k) for k in range(len(found))] and len(found) % 16 == 0
    pose = np.array([each["extrinsic"] for each in found.values()])
    lens = np.array([each["K"] for each in found.values()])
    lens[:, 0] /= 2 * lens[:, :1, 2]
    lens[:, 1] /= 2 * lens[:, 1:2, 2]
    lens[:, 0, 2] = lens[:, 1, 2] = 0.5
    return pose, lens * [[WIDTH], [HEIGHT], [1]]


def read_uni3c(place):
    found = json.loads((place / "cam_info.json").read_text())
    world = np.array(found["extrinsic"])
    pose = np.linalg.inv(world @ np.linalg.inv(world[0]))  # its own order: on the other side
    return pose, np.tile(np.array(found["intrinsic"]), (len(pose), 1, 1))


def read_recammaster(place):
    found = json.loads(place.read_text())
    pose = []
    for number in range(len(found)):
        rows = found[f"frame{number}"]["cam01"].strip().split("] [")
        matrix = np.array([[float(word) for word in row.strip("[] ").split()] for row in rows]).T
        matrix = matrix[:, [1, 2, 0, 3]]
        matrix[:3, 1] *= -1
        matrix[:3, 3] /= 100
        pose.append(matrix)
    return np.linalg.inv(pose[0]) @ np.array(pose), None


def read_gen3c(place):
    found = np.load(place)
    assert found["images_key_frames"].shape == (1, 3, HEIGHT, WIDTH) and (len(found["w2cs_all"]) - 1) % 120 == 0
    lens = found["Ks_all"].copy()
    lens[:, :2, 2] += 0.5  # its integers are pixel centers
    return np.linalg.inv(found["w2cs_all"].astype(float)), lens


def read_nerfstudio(place):
    found = json.loads(place.read_text())
    pose = np.array([each["transform_matrix"] for each in found["frames"]]) * [1, -1, -1, 1]
    values = [{**found, **each} for each in found["frames"]]
    return pose, np.array([[[v["fl_x"], 0, v["cx"]], [0, v["fl_y"], v["cy"]], [0, 0, 1]] for v in values])


def read_colmap(place):
    lenses = {}
    for line in (place / "cameras.txt").read_text().splitlines():
        number, model, _, _, fx, fy, cx, cy = line.split()
        assert model == "PINHOLE"
        lenses[number] = [[float(fx), 0, float(cx)], [0, float(fy), float(cy)], [0, 0, 1]]
    pose, lens = [], []
    lines = (place / "images.txt").read_text().splitlines()
    assert all(line == "" for line in lines[1::2])
    for line in lines[::2]:
        words = line.split()
        w, x, y, z, *place_ = map(float, words[1:8])
        world = np.eye(4)
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        world[:3, :3] = np.eye(3) + 2 * w * cross + 2 * cross @ cross
        world[:3, 3] = place_
        pose.append(np.linalg.inv(world))
        lens.append(lenses[words[8]])
    return np.array(pose), np.array(lens)


READERS = {
    "sana-wm": (read_sana, "c.npy"),
    "sana-wm-bench": (read_sana_bench, "c.npz"),
    "lingbot": (read_lingbot, "folder"),
    "realestate10k": (read_plain_lines, "c.txt"),
    "videox-fun": (read_stretched_lines, "c.txt"),
    "hy-worldplay": (read_worldplay, "c.json"),
    "uni3c": (read_uni3c, "folder"),
    "recammaster": (read_recammaster, "c.json"),
    "gen3c": (read_gen3c, "c.npz"),
    "nerfstudio": (read_nerfstudio, "transforms.json"),
    "colmap": (read_colmap, "folder"),
}
SAYS = {  # the format → how the Shot's camera may move without anything being lost
    "sana-wm": {"zoom": 0.3, "shift": (20, -10)},
    "sana-wm-bench": {"zoom": 0.3, "shift": (20, -10)},
    "lingbot": {"shift": (20, -10)},
    "realestate10k": {"zoom": 0.3, "shift": (20, -10)},
    "videox-fun": {"zoom": 0.3, "shift": (20, -10)},
    "hy-worldplay": {"zoom": 0.3},
    "uni3c": {"shift": (20, -10)},
    "recammaster": {},
    "gen3c": {"zoom": 0.3, "shift": (20, -10)},
    "nerfstudio": {"zoom": 0.3, "shift": (20, -10)},
    "colmap": {"zoom": 0.3, "shift": (20, -10)},
}


def test_every_format_has_an_independent_reader():
    assert set(READERS) == set(SAYS) == set(camera_formats.FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("start", ["origin", "elsewhere"])
def test_what_a_format_can_say_comes_back_exactly(name, start, tmp_path):
    elsewhere = np.eye(4)
    elsewhere[:3, :3], elsewhere[:3, 3] = turned(20, -70, 130), (12, -5, 3)
    start = elsewhere if start == "elsewhere" else np.eye(4)
    world = WORLD @ start[:3, :3].T + start[:3, 3]
    fps = {"gen3c": 24.0, "hy-worldplay": 24.0}.get(name, 16.0)
    scene = shot(fps, depth=name == "gen3c", world=world, start=start, **SAYS[name])
    read, file = READERS[name]
    camera_formats.write(scene, name, tmp_path / file)
    pose, lens = read(tmp_path / file)
    if name in ("nerfstudio", "colmap"):
        pose = np.linalg.inv(start) @ pose
    true = np.linalg.inv(start) @ scene.camera.pose
    every = 4 if name == "hy-worldplay" else 1
    count = min(len(pose), -(-len(true) // every))
    assert count >= 20
    true, k = true[::every][:count], scene.camera.intrinsics[::every][:count]
    lens = k if lens is None else lens[:count]
    assert np.abs(seen(pose[:count], lens) - seen(true, k)).max() < EXACT


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_locked_camera_is_exactly_still(name, tmp_path):
    start = np.eye(4)
    start[:3, :3], start[:3, 3] = turned(10, 40, -7), (3.3, -1.7, 0.9)
    scene = shot(depth=True, speed=0.0, start=start)
    noise = np.random.default_rng(3).normal(0, 1e-9, scene.camera.pose[:, :3].shape)
    scene.camera.pose[:, :3] += noise  # as evaluation may leave it
    read, file = READERS[name]
    camera_formats.write(scene, name, tmp_path / file)
    pose, _ = read(tmp_path / file)
    if name in ("nerfstudio", "colmap"):  # which keep the world, noise and all
        assert np.abs(pose - pose[0]).max() < 1e-7
    else:
        assert (pose == pose[0]).all()


@pytest.mark.parametrize(("frames", "count"), [(81, 81), (80, 81), (82, 89), (1, 1), (120, 121)])
def test_counts_are_rounded_up_and_said_never_cut(frames, count, tmp_path):
    done = camera_formats.write(shot(frames=frames), "sana-wm", tmp_path / "c.npy")
    assert len(np.load(tmp_path / "c.npy")) == count
    assert any("the last pose is held" in notice for notice in done.notices) == (count > frames)


def test_what_is_too_long_for_a_model_is_said(tmp_path):
    done = camera_formats.write(shot(frames=200), "uni3c", tmp_path / "folder")
    assert any("only the first 5.00 of 12.44 seconds" in notice for notice in done.notices)


@pytest.mark.parametrize("fps", [24.0, 24000 / 1001, 30.0, 8.0])
def test_another_rate_keeps_the_speed(fps, tmp_path):
    scene = shot(fps=fps, frames=97)
    done = camera_formats.write(scene, "sana-wm", tmp_path / "c.npy")
    pose, _ = read_sana(tmp_path / "c.npy")
    at = np.arange(len(pose)) / 16
    inside = at <= 96 / fps
    for axis in range(3):
        true = np.interp(at[inside], np.arange(97) / fps, scene.camera.pose[:, axis, 3])
        assert np.abs(pose[inside, axis, 3] - true).max() < 1e-6
    assert any("interpolated" in notice for notice in done.notices)


def test_turns_are_interpolated_along_the_great_circle():
    pose = np.tile(np.eye(4), (2, 1, 1))
    pose[1, :3, :3] = turned(0, 170, 0)
    camera_path = path.CameraPath(pose, np.tile(np.eye(3), (2, 1, 1)), 8, 8, 1.0)
    middle = path.between(camera_path, np.array([0.25])).pose[0, :3, :3]
    assert np.abs(middle - turned(0, 42.5, 0)).max() < 1e-12


@pytest.mark.parametrize("angles", [(0, 0, 0), (180, 0, 0), (0, 179.9999, 0), (90, 0, 90), (1e-7, 0, 0), (3, -99, 7)])
def test_rotations_survive_their_vectors_and_quaternions(angles):
    matrix = turned(*angles)
    assert np.abs(path.rotation(path.rotation_vector(matrix)) - matrix).max() < 1e-9


@pytest.mark.parametrize(
    ("name", "how", "expected"),
    [
        ("lingbot", {"zoom": 0.43}, "lost in this format: the zoom"),
        ("uni3c", {"zoom": 0.43}, "sana-wm, videox-fun and gen3c keep the zoom"),
        ("recammaster", {"zoom": 0.2}, "the model guesses it"),
        ("hy-worldplay", {"shift": (60.0, 0.0)}, "the lens shift"),
        ("lingbot", {}, "the unit of length is free"),
    ],
)
def test_what_a_format_loses_is_said_in_pixels(name, how, expected, tmp_path):
    done = camera_formats.write(shot(**how), name, tmp_path / READERS[name][1])
    assert any(expected in notice for notice in done.notices)
    assert done.loss is not None and (done.loss.mean > 1) == bool(how)


@pytest.mark.parametrize("name", ["lingbot", "uni3c", "hy-worldplay"])
@pytest.mark.parametrize("how", [{"zoom": 0.43}, {"shift": (60.0, -20.0)}])
def test_the_predicted_loss_is_the_one_that_the_file_has(name, how, tmp_path):
    fps = 24.0 if name == "hy-worldplay" else 16.0
    scene = shot(fps, **how)
    read, file = READERS[name]
    done = camera_formats.write(scene, name, tmp_path / file)
    pose, lens = read(tmp_path / file)
    every = {"hy-worldplay": 4}.get(name, 1)
    known = np.arange(0, 81, every)
    if name == "lingbot":  # reads every fourth pose; compared where it does
        known, pose, lens = np.arange(0, 81, 4), pose[::4], lens[::4]
    count = min(len(known), len(pose))
    found = points.static_points(scene)
    true = np.array(scene.tracks.xy)[found.track][:, known[:count]]
    apart = np.linalg.norm(seen(pose[:count], lens[:count])[found.track] - true, axis=-1)
    visible = scene.tracks.visible[found.track][:, known[:count]]
    kept = loss.reduced(path.of_shot(scene), camera_formats.FORMATS[name].reading)
    expected = np.linalg.norm(points.pixels(kept, found.xyz)[:, known[:count]] - true, axis=-1)
    assert np.abs(apart - expected)[visible].max() < 2 * EXACT
    said = {("lingbot", "zoom"), ("uni3c", "zoom"), ("hy-worldplay", "shift")}
    assert done.loss is not None and (done.loss.worst > 10) == ((name, *how) in said)


def test_poses_between_those_that_are_read_cost_what_they_cost():
    scene = shot(frames=81)
    pose = scene.camera.pose.copy()
    pose[:, 0, 3] = 0.2 * np.sin(np.arange(81) / 81 * 2 * np.pi * 3)
    sway = replace(scene, camera=replace(scene.camera, pose=pose))
    sway = replace(sway, tracks=replace(sway.tracks, xy=seen(pose, sway.camera.intrinsics).astype(np.float32)))
    lost = camera_formats.predict(sway, camera_formats.FORMATS["lingbot"].reading)
    assert 0.3 < lost.worst < 8 and any("every 4 frames" in sentence for sentence in lost.sentences)


def test_objects_that_move_by_themselves_are_named():
    scene = shot(names=["wall"] * 30 + ["ball"] * 10)
    xy = np.array(scene.tracks.xy)
    xy[30:, :, 0] += 40 * np.sin(np.arange(81) / 9)
    lost = camera_formats.predict(
        replace(scene, tracks=replace(scene.tracks, xy=xy)), camera_formats.FORMATS["nerfstudio"].reading
    )
    assert lost.moving == ("ball",) and set(lost.by_object) == {"wall"} and lost.mean < 0.01


def test_track_points_are_where_they_were_put():
    found = points.static_points(shot())
    assert len(found.track) > 30 and np.abs(found.xyz - WORLD[found.track]).max() < 1e-3


def test_a_turning_camera_needs_no_distances():
    scene = shot()
    pose = scene.camera.pose.copy()
    pose[:, :3, 3] = 0
    xy = seen(pose, scene.camera.intrinsics)
    scene = replace(scene, camera=replace(scene.camera, pose=pose))
    scene = replace(scene, tracks=replace(scene.tracks, xy=xy.astype(np.float32)))
    lost = camera_formats.predict(scene, camera_formats.FORMATS["sana-wm"].reading)
    assert not lost.moving and lost.worst < 0.01


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: replace(c, orthographic=np.arange(81) > 4), "orthographic at frame 6"),
        (lambda c: replace(c, intrinsics=c.intrinsics + [[0, 3.0, 0], [0, 0, 0], [0, 0, 0]]), "sheared at frame 1"),
        (lambda c: replace(c, intrinsics=c.intrinsics * [[-1], [1], [1]]), "mirrored at frame 1"),
    ],
)
@pytest.mark.parametrize("name", ["sana-wm", "colmap"])
def test_cameras_that_are_no_pinhole_are_refused_by_name(name, change, expected, tmp_path):
    scene = shot()
    with pytest.raises(BadInput, match=expected):
        camera_formats.write(replace(scene, camera=change(scene.camera)), name, tmp_path / "c.npy")
    assert not list(tmp_path.iterdir())


def test_gen3c_keeps_all_depths_below_its_limit(tmp_path):
    scene = shot(24.0, depth=True)
    assert scene.depth is not None
    deep = scene.depth * 100
    deep[:, :40] = np.inf
    done = camera_formats.write(replace(scene, depth=deep), "gen3c", tmp_path / "c.npz")
    found = np.load(tmp_path / "c.npz")
    assert found["depth_key_frames"].max() == pytest.approx(100) and any("scaled by 0.2" in n for n in done.notices)
    moved = np.linalg.inv(found["w2cs_all"][80].astype(float))[:3, 3]
    assert np.abs(moved - scene.camera.pose[80, :3, 3] * 0.2).max() < 1e-5
    with pytest.raises(BadInput, match="needs the first frame's depth"):
        camera_formats.write(shot(), "gen3c", tmp_path / "d.npz")


@pytest.mark.parametrize("name", ["nerfstudio", "colmap", "realestate10k", "sana-wm", "sana-wm-bench"])
def test_written_files_are_read_back(name, tmp_path):
    scene = shot(zoom=0.3, shift=(20, -10))
    file = tmp_path / READERS[name][1]
    camera_formats.write(scene, name, file)
    found = camera_formats.read(file, WIDTH, HEIGHT, 16.0)
    assert (found.width, found.height) == (WIDTH, HEIGHT) and found.fps == pytest.approx(16)
    assert np.abs(seen(found.pose, found.intrinsics) - seen(scene.camera.pose, scene.camera.intrinsics)).max() < EXACT


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("transforms.json", "{}", "has no frames"),
        ("transforms.json", '{"frames": [{"transform_matrix": [[1]]}]}', "not a 4x4 matrix"),
        (
            "transforms.json",
            '{"frames": [{"transform_matrix": [[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,1]]}]}',
            "rotation",
        ),
        ("transforms.json", '{"frames": [{"transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}]}', "fl_x"),
        ("transforms.json", "[", "not valid JSON"),
        ("cameras.txt", "1 OPENCV 8 8 1 1 1 1 0 0 0 0\n", "distortion"),
        ("c.txt", "\n0 1 1 0.5\n", "line 2: 19 numbers"),
        ("c.txt", "\n", "no camera lines"),
        ("c.npy", "nonsense", ".npy"),
        ("c.fbx", "", "not a camera file that can be read"),
    ],
)
def test_bad_files_are_named(name, content, expected, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=expected):
        camera_formats.read(tmp_path / name, WIDTH, HEIGHT)


def test_the_command_writes_them_and_says_what_is_lost(tmp_path, capsys):
    save(shot(zoom=0.43), tmp_path / "shot")
    out = tmp_path / "cameras"
    assert main(["export", str(tmp_path / "shot"), "--format", "LingBot", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "poses.npy" in said.out and "lost in this format: the zoom" in said.err
    assert main(["export", str(tmp_path / "shot"), "--format", "fbx", "--out", str(out)]) == 2
    assert "sana-wm" in capsys.readouterr().err
