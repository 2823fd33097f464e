"""Several key pictures: which frames are chosen, and what becomes of each pixel between them."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from mesh_shots import CORNERS, FACES, boxes, shot_of
from motion_bridge import shot as shots
from motion_bridge.engines.reproject import frame_maker
from motion_bridge.engines.reproject.antialias import mixture
from motion_bridge.engines.reproject.resample import prepare, sample, sample_averaged
from motion_bridge.engines.runner import JobRequest, run
from motion_bridge.geometry import key_frames
from motion_bridge.geometry.correspondence import where_was
from motion_bridge.geometry.one_ahead import one_ahead
from motion_bridge.geometry.scene import scene_of
from motion_bridge.geometry.visible_surfaces import widened
from motion_bridge.ipc.events import FrameMade
from motion_bridge.media import png
from ray_scene import film, flight, intrinsics, looking, placed, stage

WIDTH, HEIGHT, COUNT = 160, 96, 12
STILL = looking((0, 0, -3), (0, 0, 6))
LENS = intrinsics(150, WIDTH, HEIGHT)


def decibels(picture, truth, where=...):
    return 10 * np.log10(255**2 / np.mean((picture.astype(float) - truth)[where] ** 2))


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    """A camera that flies past a block, traced; and its Shot with geometry."""
    things = stage(COUNT, ball=False)
    traced = film(things, *flight(COUNT, WIDTH, HEIGHT), WIDTH, HEIGHT)
    camera = traced.shot.camera
    folder = tmp_path_factory.mktemp("geometry")
    shot = shot_of(
        folder, boxes(things, COUNT), camera.pose, camera.intrinsics, WIDTH, HEIGHT, first=traced.shot.first_frame
    )
    return traced, shot


def picture(traced, k):
    return np.clip(np.rint(traced.truth(k)), 0, 255).astype(np.uint8)


@pytest.mark.slow
def test_every_key_picture_is_a_frame_and_makes_those_around_it_better(flown, generate):
    traced, shot = flown
    alone = generate(shot)
    keys = {shot.frames[k]: picture(traced, k) for k in (6, 11)}
    frames = generate(replace(shot, key_pictures=keys))
    for k in (6, 11):
        np.testing.assert_array_equal(frames[k].pixels, keys[shot.frames[k]])
    for k in (5, 8, 10):
        before, after = (decibels(each[k].pixels, traced.truth(k)) for each in (alone, frames))
        assert after > before + 3
        assert frames[k].notes["revealed"] < alone[k].notes["revealed"]
        surfaces = scene_of(shot).surfaces(k)
        inside = ~widened(surfaces.fringe, 2) & (surfaces.index > 0)
        error = np.abs(frames[k].pixels - traced.truth(k)).max(-1)[inside]
        assert np.median(error) <= 1.5


def test_light_that_changes_between_key_pictures_fades_from_one_to_the_other(tmp_path, generate):
    count = 9
    wall = [(CORNERS, FACES, placed(count, (0, 0, 9), (19, 9, 0.5))[k]) for k in range(count)]
    dark, light = np.full((HEIGHT, WIDTH, 3), 60, np.uint8), np.full((HEIGHT, WIDTH, 3), 160, np.uint8)
    shot = shot_of(tmp_path, [("wall", (0.5,) * 3, wall)], [STILL] * count, [LENS] * count, WIDTH, HEIGHT, first=dark)
    frames = generate(replace(shot, key_pictures={5: light, 9: dark}))
    level = np.array([frames[k].pixels.mean() for k in range(count)])
    assert level[[0, 4, 8]].tolist() == [60, 160, 60]
    assert level[2] == pytest.approx(110, abs=1) and level[6] == pytest.approx(110, abs=1)
    assert (np.diff(level[:5]) > 0).all() and (np.diff(level[4:]) < 0).all()
    assert np.abs(np.diff(level)).max() < 60, "no frame pops"
    assert max(np.ptp(frames[k].pixels) for k in range(count)) <= 1, "nor does any place"


@pytest.mark.slow
def test_a_job_with_key_pictures_resumes_to_the_same_bytes(flown, generate):
    traced, shot = flown
    shot = replace(shot, key_pictures={shot.frames[7]: picture(traced, 7)})
    whole = generate(shot)
    for stop in (3, 7, 8):
        again = generate(shot, {k: frame for k, frame in whole.items() if k < stop})
        for k in range(COUNT):
            np.testing.assert_array_equal(again[k].pixels, whole[k].pixels)
            assert again[k].notes == whole[k].notes


def test_sixteen_bits_say_what_eight_do(flown, generate):
    traced, shot = flown
    byte = picture(traced, 11)
    frames = generate(replace(shot, key_pictures={shot.frames[11]: byte}))
    deep = generate(replace(shot, key_pictures={shot.frames[11]: byte.astype(np.uint16) * 257}))
    assert max(np.abs(frames[k].pixels.astype(int) - deep[k].pixels).max() for k in range(COUNT)) <= 1


@pytest.mark.slow
def test_frames_have_sixteen_bits_where_all_key_pictures_have(flown, tmp_path):
    """Written, finished, and resumed to the same bytes; the events carry eight bits as always."""
    traced, shot = flown
    deep = {shot.frames[k]: np.rint(np.clip(traced.truth(k), 0, 255) * 257).astype(np.uint16) for k in (0, 11)}
    shots.save(replace(shot, key_pictures=deep), tmp_path / "shot")

    def render(take, resume=False):
        order = JobRequest(1, tmp_path / "shot", str(tmp_path / take), "reproject", resume)
        made = [event for event in run(order, list, lambda: False) if isinstance(event, FrameMade)]
        assert all(event.pixels.dtype == np.uint8 for event in made)
        return {path.name: path.read_bytes() for path in sorted((tmp_path / take).glob("frame_*.png"))}

    whole = render("whole")
    path = tmp_path / "whole" / "frame_0006.png"
    assert png.read_deep(path).dtype == np.uint16 and (png.read_deep(path) % 257 != 0).any()
    byte, fine = png.read(tmp_path / "whole" / "frame_0012.png"), png.read_deep(tmp_path / "whole" / "frame_0012.png")
    np.testing.assert_array_equal(fine, deep[shot.frames[11]])
    assert np.abs(byte.astype(int) - fine / 257).max() <= 1
    shutil.copytree(tmp_path / "whole", tmp_path / "part")
    for number in (4, 8, 9):
        (tmp_path / "part" / f"frame_{number:04d}.png").unlink()
    assert render("part", resume=True) == whole


def test_an_object_that_no_picture_shows_has_its_materials_color_and_keeps_it(tmp_path, generate):
    count = 8
    wall = [(CORNERS, FACES, placed(count, (0, 0, 9), (19, 9, 0.5))[k]) for k in range(count)]
    x = np.linspace(-9, 1, count)
    comes = [(CORNERS, FACES, placed(count, np.stack([x, 0 * x, 0 * x + 4], -1), turn=20)[k]) for k in range(count)]
    objects = [("wall", (0.3, 0.3, 0.3), wall), ("comes", (0.05, 0.6, 0.05), comes)]
    gray = np.full((HEIGHT, WIDTH, 3), 149, np.uint8)
    shot = shot_of(tmp_path, objects, [STILL] * count, [LENS] * count, WIDTH, HEIGHT, first=gray)
    frames = generate(shot)
    shown = [k for k in range(count) if (scene_of(shot).surfaces(k).parts == 2).sum() > 300]
    assert len(shown) >= 3
    colors = []
    for k in shown:
        surfaces = scene_of(shot).surfaces(k)
        mine = (surfaces.parts == 2) & ~widened(surfaces.fringe, 1)
        colors.append(np.median(frames[k].pixels[mine], axis=0))
        red, green, blue = colors[-1]
        assert green > red + 60 and green > blue + 60, "green, not the wall's gray"
        clear = (surfaces.parts == 1) & ~widened(surfaces.parts == 2, 4)
        assert np.abs(frames[k].pixels[clear].astype(int) - 149).max() <= 6, "and the wall stays gray"
    assert np.abs(np.diff(colors, axis=0)).max() < 8, "the same surface keeps its color"


def test_where_a_picture_is_minified_its_pixels_are_averaged():
    """A fine checkerboard seen at a third of its size is gray; single samples of it are black or white."""
    board = (np.indices((96, 96)).sum(0) % 2 * 255).astype(np.uint8)
    source = prepare(np.repeat(board[..., None], 3, -1))
    x, y = (np.stack(np.meshgrid(np.arange(20) * 3.0 + 15, np.arange(20) * 3.0 + 15)).reshape(2, -1)) + 0.5
    axes = np.repeat(np.array([[3.0], [0], [0], [3]], np.float32), len(x), 1)
    averaged = sample_averaged(source, x, y, axes)
    assert np.abs(averaged - 127.5).max() < 20
    assert np.abs(sample(source, x, y) - 127.5).min() > 100
    stretched = sample_averaged(source, x, y, axes * np.array([[1], [1], [0], [1 / 3]], np.float32))
    assert np.abs(stretched - 127.5).max() < 70, "along one axis alone"
    ramp = prepare(np.repeat((np.arange(96) * 2).astype(np.uint8)[None, :, None], 96, 0).repeat(3, 2))
    np.testing.assert_allclose(sample_averaged(ramp, x, y, axes)[0], (x - 0.5) * 2, atol=1)


def test_a_camera_that_moves_back_sees_what_an_average_of_rays_sees(tmp_path, generate):
    count = 4
    things = stage(count, ball=False)
    things = [replace(thing, wave=3 * thing.wave) for thing in things[:2]]
    poses = [looking((0, 0, -1 - 5.0 * k), (0, 0, 9)) for k in range(count)]
    near = film(things, poses, [LENS] * count, WIDTH, HEIGHT, samples=3)
    shot = shot_of(tmp_path, boxes(things, count), poses, [LENS] * count, WIDTH, HEIGHT, first=near.shot.first_frame)
    frames = generate(shot)
    scene = scene_of(shot)
    grid = (np.indices((4, 4)).reshape(2, -1).T + 0.5) / 4 - 0.5
    centers = np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), -1).reshape(-1, 2)
    truth = np.mean([near.truth(3, centers + shift) for shift in grid], axis=0).reshape(HEIGHT, WIDTH, 3)
    key, here = scene.surfaces(0), scene.surfaces(3)
    from motion_bridge.geometry.correspondence import follow

    seen = follow(scene, 3, 0, here, key).seen.reshape(HEIGHT, WIDTH)
    inside = seen & ~widened(here.fringe, 2) & ~widened(~seen, 2)
    assert inside.mean() > 0.1
    assert decibels(frames[3].pixels, truth, inside) > 35


def test_silhouettes_are_as_soft_as_those_of_the_key_picture(generate, monkeypatch):
    count = 3
    things = stage(count, ball=False)
    poses, _ = flight(count, WIDTH, HEIGHT)
    soft, hard = (film(things, poses, [LENS] * count, WIDTH, HEIGHT, samples=each) for each in (4, 1))
    surfaces = scene_of(soft.shot).surfaces(0)
    assert mixture(hard.shot.first_frame, surfaces) < 0.02 < 0.08 < mixture(soft.shot.first_frame, surfaces) < 0.2
    frames = generate(soft.shot)
    monkeypatch.setattr(frame_maker, "antialias", lambda colors, where, share: None)
    stairs = generate(soft.shot)
    grid = (np.indices((4, 4)).reshape(2, -1).T + 0.5) / 4 - 0.5
    centers = np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), -1).reshape(-1, 2)
    truth = np.mean([soft.truth(1, centers + shift) for shift in grid], axis=0).reshape(HEIGHT, WIDTH, 3)
    changed = (frames[1].pixels != stairs[1].pixels).any(-1)
    assert not (changed & ~scene_of(soft.shot).surfaces(1).fringe).any()
    changed &= ~widened(~where_was(soft.shot, 1, 0)[1], 1)  # what is filled is off anyway
    assert changed.sum() > 50
    assert decibels(frames[1].pixels, truth, changed) > decibels(stairs[1].pixels, truth, changed) + 1


def test_one_key_frame_is_enough_for_a_camera_that_stands(tmp_path):
    wall = [(CORNERS, FACES, placed(5, (0, 0, 9), (19, 9, 0.5))[k]) for k in range(5)]
    shot = shot_of(tmp_path, [("wall", (0.5,) * 3, wall)], [STILL] * 5, [LENS] * 5, WIDTH, HEIGHT)
    chosen = key_frames.choose(shot)
    assert chosen.positions == (0,) and chosen.never_seen.max() == 0
    assert chosen.sentence(5, 0.005) == "1 of 5 frames will be rendered."


def test_key_frames_are_added_until_little_is_never_seen(flown):
    _, shot = flown
    shares = {}
    for threshold in (0.2, 0.05, 0.005):
        chosen = key_frames.choose(shot, threshold)
        assert chosen.positions[0] == 0 and len(set(chosen.positions)) == len(chosen.positions)
        assert np.nanmax(chosen.never_seen) <= threshold
        shares[threshold] = len(chosen.positions)
    assert shares[0.2] <= shares[0.05] < shares[0.005]
    alone = key_frames._Coverage(shot, lambda done, total: None)
    assert max(alone.never_seen(k, [0]).mean() for k in range(COUNT)) > 0.05, "one would not do"
    kept = key_frames.choose(shot, 0.2, given=(0, 4))
    assert 4 in kept.positions


def test_what_would_render_every_frame_is_said():
    chosen = key_frames.KeyFrames(tuple(range(4)), np.zeros(4))
    assert "Raise the threshold" in chosen.sentence(4, 0.0001)


def test_every_nth_frame_and_the_last():
    assert key_frames.every(10, 4) == (0, 4, 8, 9)
    assert key_frames.every(1, 4) == (0,)


def test_choosing_may_be_stopped(flown):
    def stop(done, total):
        assert 0 < done <= total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_frames.choose(flown[1], progress=stop)


def test_work_ahead_comes_in_order_and_ends_with_whoever_takes_it():
    ended = []

    def numbers():
        try:
            yield from range(5)
            raise ValueError("the end")
        finally:
            ended.append(True)

    taken = one_ahead(numbers())
    assert [next(taken), next(taken)] == [0, 1]
    taken.close()
    assert ended == [True]
    with pytest.raises(ValueError, match="the end"):
        list(one_ahead(numbers()))
