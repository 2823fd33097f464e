"""What the engine `reproject` shows, against the ray-traced scene."""

from dataclasses import replace

import numpy as np
import pytest
from motion_bridge.engines.reproject.inpaint import HATCH, MARK
from motion_bridge.geometry.correspondence import where_was
from motion_bridge.geometry.scene import scene_of
from motion_bridge.geometry.visible_surfaces import widened
from ray_scene import Thing, film, flight, intrinsics, looking, placed, stage

WIDTH, HEIGHT, COUNT = 160, 96, 12
STILL = looking((0, 0, -3), (0, 0, 6))
LENS = intrinsics(150, WIDTH, HEIGHT)


def decibels(picture, truth, where):
    return 10 * np.log10(255**2 / np.mean((picture.astype(float) - truth)[where] ** 2))


def clearly_seen(shot, k):
    """Pixels of frame k whose points the first frame shows, and those of them that stood off its silhouettes, (H, W).

    Along a silhouette a picture's colors are mixed, so there the engine takes those beside it.
    """
    xy, seen = where_was(shot, k, 0)
    at = np.where(seen[..., None], xy, 0).astype(int)
    row, column = np.minimum(at[..., 1], shot.height - 1), np.minimum(at[..., 0], shot.width - 1)
    mixed = widened(scene_of(shot).surfaces(0).fringe, 2)[row, column]
    return seen, seen & ~mixed


def flown(**wanted):
    return film(stage(COUNT), *flight(COUNT, WIDTH, HEIGHT, wanted.pop("mirrored", False)), WIDTH, HEIGHT, **wanted)


def from_above():
    poses, _ = flight(COUNT, WIDTH, HEIGHT)
    zoom = [intrinsics(14 + k / 4, WIDTH, HEIGHT) for k in range(COUNT)]
    return film(stage(COUNT), poses, zoom, WIDTH, HEIGHT, orthographic=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "made", [flown, lambda: flown(mirrored=True), from_above], ids=["perspective", "mirrored", "orthographic"]
)
def test_what_the_first_frame_saw_is_where_it_belongs_in_every_frame(made, generate):
    scene = made()
    frames = generate(scene.shot)
    assert len(frames) == COUNT
    for k in range(1, COUNT):
        seen, clear = clearly_seen(scene.shot, k)
        assert clear.mean() > 0.2
        assert decibels(frames[k].pixels, scene.truth(k), clear) > 40
        assert np.median(np.abs(frames[k].pixels - scene.truth(k))[clear]) <= 0.5
        assert decibels(frames[k].pixels, scene.truth(k), seen) > 28


def test_a_scene_that_stands_still_shows_the_first_frame_byte_for_byte(generate):
    scene = film(stage(5, ball=False), [STILL] * 5, [LENS] * 5, WIDTH, HEIGHT, samples=3)
    for frame in generate(scene.shot).values():
        assert np.array_equal(frame.pixels, scene.shot.first_frame)
        assert frame.notes == {"revealed": 0, "remembers": []}


def test_a_camera_that_comes_back_sees_the_first_frame_byte_for_byte(generate):
    away = looking((1.5, -0.5, -2), (0.5, 0, 6), 10)
    scene = film(stage(3, ball=False), [STILL, away, STILL], [LENS] * 3, WIDTH, HEIGHT, samples=3)
    frames = generate(scene.shot)
    assert np.array_equal(frames[0].pixels, scene.shot.first_frame)
    assert np.abs(frames[1].pixels.astype(int) - scene.shot.first_frame).mean() > 5
    assert np.array_equal(frames[2].pixels, scene.shot.first_frame)


def test_an_object_that_passed_behind_another_comes_out_as_it_went_in(generate):
    count = 9
    at = np.stack([np.linspace(-3, 3, count), np.zeros(count), np.full(count, 6)], -1)
    things = [
        Thing("static", "block", placed(count, (0, 0, 9), (9, 9, 0.5)), (120, 110, 90)),
        Thing("static", "block", placed(count, (0, 0, 3), (1, 9, 0.3)), (190, 90, 80)),
        Thing("ball", "ball", placed(count, at, (0.8, 0.8, 0.8)), (80, 110, 200)),
    ]
    scene = film(things, [STILL] * count, [LENS] * count, WIDTH, HEIGHT)
    hidden = [k for k in range(count) if not (scene.shot.objects.index[k] == 2).any()]
    assert hidden and hidden[0] > 0 and hidden[-1] < count - 2
    frames = generate(scene.shot)
    _, clear = clearly_seen(scene.shot, count - 2)
    ball = (scene.shot.objects.index[count - 2] == 2) & clear
    assert ball.sum() > 200
    assert decibels(frames[count - 2].pixels, scene.truth(count - 2), ball) > 35


def shutter(count=30):
    """A red door slides off a striped wall, then a blue one slides over the place and off again."""
    t = np.arange(count, dtype=float)
    red = np.stack([np.clip(t * 0.35, 0, 3.5), 0 * t, 0 * t + 4], -1)
    blue = np.stack([-6 + np.clip(t - 11, 0, None) * 0.7, 0 * t, 0 * t + 3.5], -1)
    things = [
        Thing("static", "block", placed(count, (0, 0, 9), (19, 9, 0.5)), (120, 110, 90), 1.0),
        Thing("red", "block", placed(count, red, (1, 1.2, 0.1)), (220, 60, 60), 0.1),
        Thing("blue", "block", placed(count, blue, (1.6, 2, 0.1)), (60, 60, 220), 0.1),
    ]
    return film(things, [STILL] * count, [LENS] * count, WIDTH, HEIGHT)


@pytest.mark.slow
def test_what_was_invented_is_the_same_after_something_passed_before_it(generate):
    scene = shutter()
    frames = generate(scene.shot)
    index = scene.shot.objects.index
    before = 10
    covered = (index == 3).any(0) & (index[before] == 1) & (index[29] == 1)
    invented = covered & (index[0] == 2) & ~widened(index[0] != 2, 2)
    hidden = [k for k in range(before, 30) if (index[k][invented] == 3).all()]
    assert invented.sum() > 300 and hidden
    change = np.abs(frames[29].pixels.astype(int) - frames[before].pixels)[invented]
    assert change.mean() < 1 and change.max() <= 6
    assert frames[29].notes["remembers"]


def test_what_nobody_saw_continues_its_own_surface_and_no_outline_stays(generate):
    count = 8
    at = np.stack([np.linspace(0, 2.4, count), np.zeros(count), np.full(count, 4)], -1)
    things = [
        Thing("static", "block", placed(count, (0, 0, 9), (19, 9, 0.5)), (90, 140, 90), 0.0),
        Thing("red", "block", placed(count, at, (1, 1.2, 0.1)), (220, 60, 60), 0.0),
    ]
    plain = film(things, [STILL] * count, [LENS] * count, WIDTH, HEIGHT, samples=4)
    frames = generate(plain.shot)
    for k in range(2, count):
        wall = (plain.shot.objects.index[k] == 1) & ~widened(scene_of(plain.shot).surfaces(k).fringe, 2)
        assert np.abs(frames[k].pixels - plain.truth(k))[wall].max() <= 2


def test_mark_unseen_hatches_exactly_what_the_first_frame_does_not_show(generate):
    scene = flown(settings={"mark_unseen": True})
    frames = generate(scene.shot)
    row, column = np.indices((HEIGHT, WIDTH))
    hatch = np.array(MARK)[(row + column) // HATCH % 2]
    for k in (0, 3, COUNT - 1):
        _, seen = where_was(scene.shot, k, 0)
        marked = (frames[k].pixels == hatch).all(-1)
        assert np.array_equal(marked, ~seen)
        assert frames[k].notes["revealed"] == (~seen).sum()
        assert k == 0 or 0.02 < marked.mean() < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 2, 7, 13, 22, 29])
def test_a_resumed_job_makes_the_same_bytes(stop, generate):
    scene = shutter()
    whole = generate(scene.shot)
    resumed = generate(scene.shot, {k: whole[k] for k in range(stop)})
    for k in range(30):
        assert np.array_equal(whole[k].pixels, resumed[k].pixels), k
        assert whole[k].notes == resumed[k].notes


@pytest.mark.slow
def test_frames_that_are_missing_in_the_middle_are_made_the_same(generate):
    scene = shutter()
    whole = generate(scene.shot)
    missing = {0, 5, 6, 14, 25}
    again = generate(scene.shot, {k: frame for k, frame in whole.items() if k not in missing})
    for k in missing:
        assert np.array_equal(whole[k].pixels, again[k].pixels), k
        assert whole[k].notes == again[k].notes


def test_after_a_cut_every_thing_has_its_usual_color(generate):
    other = looking((0, 0, 30), (0, 0, 9))
    things = [
        Thing("static", "block", placed(2, (0, 0, 9), (4, 2, 0.5)), (90, 140, 90), 0.0),
        Thing("hidden", "ball", placed(2, (0, 0, 14)), (60, 60, 220), 0.0),
    ]
    scene = film(things, [STILL, other], [LENS] * 2, WIDTH, HEIGHT)
    frames = generate(scene.shot)
    wall = scene.shot.objects.index[1] == 1
    assert wall.sum() > 1000
    assert np.abs(frames[1].pixels - scene.truth(1))[wall].max() < 3


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 5), (3, 3)])
def test_the_smallest_pictures_work(size, generate):
    width, height = size
    poses, _ = flight(4, width, height)
    scene = film(stage(4), poses, [intrinsics(2, width, height)] * 4, width, height)
    frames = generate(scene.shot)
    assert [frames[k].pixels.shape for k in range(4)] == [(height, width, 3)] * 4


def test_a_thin_pole_keeps_its_color_beside_a_moving_background(generate):
    poses = [looking((x, 0, -3), (x, 0, 6)) for x in np.linspace(0, 0.6, 7)]
    things = [
        Thing("static", "block", placed(7, (0, 0, 9), (19, 9, 0.5)), (60, 160, 60), 0.0),
        Thing("static", "block", placed(7, (0.2, 0, 1), (0.04, 5, 0.02)), (230, 40, 40), 0.0),
    ]
    scene = film(things, poses, [LENS] * 7, WIDTH, HEIGHT)
    frames = generate(scene.shot)
    for k in range(7):
        pole = scene.depth(k) < 5
        assert pole.any(1).all()
        assert np.abs(frames[k].pixels - scene.truth(k))[pole].mean() < 8


@pytest.mark.slow
def test_what_is_filled_over_many_frames_stays_as_grainy_as_what_is_known(generate):
    """Each frame fills a strip beside what the one before it filled; grain laid over grain must not grow."""
    count = 48
    wall = [Thing("static", "block", placed(count, (0, 0, 6), (40, 40, 0.5)), (120, 110, 90), 0.0)]
    poses = [looking((0.05 * k, 0, -3), (0.05 * k, 0, 6)) for k in range(count)]
    shot = film(wall, poses, [intrinsics(150, WIDTH, HEIGHT)] * count, WIDTH, HEIGHT).shot
    grain = np.random.default_rng(3).normal(0, 25, shot.first_frame.shape)
    noisy = np.clip(shot.first_frame + grain, 0, 255).astype(np.uint8)
    last = generate(replace(shot, first_frame=noisy))[count - 1].pixels.astype(float)
    _, seen = where_was(shot, count - 1, 0)
    assert (~seen).mean() > 0.1
    assert last[~seen].std() < 1.35 * noisy.std()
