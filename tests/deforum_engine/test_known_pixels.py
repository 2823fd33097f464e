"""Known pixels: what key pictures show is moved exactly, what none shows is painted once and keeps its surface."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_diffusion as tiny
from disk import Disk, made_and_told
from mesh_shots import boxes, shot_of
from motion_bridge.engines.base import completed
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.reproject.engine import engine as reproject
from motion_bridge.engines.reproject.frame_buffer import Source
from motion_bridge.engines.reproject.frame_maker import Maker
from motion_bridge.errors import BadInput, Cancelled
from motion_bridge.geometry.computed_maps import with_maps
from motion_bridge.geometry.scene import scene_of
from motion_bridge.geometry.visible_surfaces import widened
from ray_scene import film, intrinsics, looking, stage

WIDTH, HEIGHT, COUNT = 128, 80, 24
FAMILIES = [*tiny.MAKERS]


def there_and_back(count):
    """A camera that goes to the right and comes back."""
    side = 2.2 * np.sin(np.linspace(0, 2 * np.pi, count, endpoint=False))
    return [looking((each, -0.4, -3), (0.3 * each, 0, 6)) for each in side]


def made_shot(folder, count=COUNT, size=(WIDTH, HEIGHT), **settings):
    things = stage(count, ball=False)
    lens = intrinsics(0.9 * size[0], *size)
    traced = film(things, there_and_back(count), [lens] * count, *size)
    camera = traced.shot.camera
    shot = shot_of(folder, boxes(things, count), camera.pose, camera.intrinsics, *size, first=traced.shot.first_frame)
    return replace(
        shot,
        prompts={1: "red hills"},
        schedules={"steps_schedule": "0:(1)", "start_sigma": "0:(0.9)"},
        settings={"device": "cpu", "model": "sketch", "known": "keep", **settings},
    )


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    return made_shot(tmp_path_factory.mktemp("shot"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}

    def get(family):
        if family not in made:
            made[family] = str(tiny.save(family, tmp_path_factory.mktemp(family)))
        return made[family]

    return get


def run(shot, disk=None, changes=list):
    return made_and_told(engine.frames(with_maps(shot), disk or Disk(), changes))


def with_settings(shot, **settings):
    return replace(shot, settings={**shot.settings, **settings})


def reprojection(shot, keys):
    """Every frame as reproject makes it of key pictures, (H, W, 3), and where they show nothing, (H, W)."""
    scene = scene_of(shot)
    maker = Maker(scene, {k: Source(k, picture, scene.surfaces(k)) for k, picture in keys.items()})
    for k in range(len(shot.frames)):
        here = scene.surfaces(k)
        gathered = maker.known(k, here)
        picture = maker.filled(gathered, k, here, list(maker.keys.values()))
        yield picture, gathered.unknown.reshape(here.index.shape)


def assert_known_pixels_are_the_reprojection(shot, frames, keys, band=3):
    never_seen = []
    for frame, (moved, unknown) in zip(frames, reprojection(shot, keys), strict=True):
        known = ~widened(unknown, band)
        assert np.abs(frame.pixels - moved)[known].max(initial=0) <= 1, frame.index
        never_seen.append(unknown.mean())
    assert max(never_seen) > 0.02, "something is never seen"


@pytest.mark.parametrize("family", ["sketch", *FAMILIES])
def test_keep_changes_nothing_that_is_known_and_paints_the_rest(shot, folders, family):
    shot = with_settings(shot, model="sketch" if family == "sketch" else folders(family))
    frames, told = run(shot)
    assert [frame.index for frame in frames] == list(range(COUNT))
    np.testing.assert_array_equal(frames[0].pixels, shot.first_frame)
    assert_known_pixels_are_the_reprojection(shot, frames, {0: shot.first_frame})
    painted = [index for frame in frames for index in frame.notes["painted"]]
    assert painted and len(painted) == len(set(painted)) <= 6
    assert any(f"{len(painted)} of {COUNT} frames" in sentence for sentence, _ in told)
    filled = [frame.pixels for frame in made_and_told(reproject.frames(replace(shot, settings={}), Disk(), list))[0]]
    assert any(np.abs(filled[k].astype(int) - frames[k].pixels).max() > 25 for k in painted), "the model painted"


def test_what_was_painted_is_the_same_when_it_is_seen_again(shot):
    frames, _ = run(shot)
    scene = scene_of(shot)
    first = Source(0, shot.first_frame, scene.surfaces(0))
    maker, again = Maker(scene, {0: first}), 0
    moved = list(reprojection(shot, {0: shot.first_frame}))
    for k in range(1, COUNT // 4):  # the camera passes the same places on its way back
        there = COUNT // 2 - k
        assert np.allclose(shot.camera.pose[k], shot.camera.pose[there])
        for at in [index for frame in frames[: k + 1] for index in frame.notes["painted"]]:
            if at not in maker.painted:
                picture = next(
                    frame.state[frame.notes["painted"].index(at)] for frame in frames if at in painted_of(frame)
                )
                maker.painted.add(scene.surfaces(at), at, np.ascontiguousarray(picture[..., :3]), picture[..., 3] > 0)
        here = scene.surfaces(k)
        painted = moved[k][1] & ~maker.known(k, here).unknown.reshape(HEIGHT, WIDTH) & ~widened(here.fringe, 2)
        again += painted.sum()
        assert np.abs(frames[k].pixels.astype(int) - frames[there].pixels)[painted].max(initial=0) <= 2
    assert again > 1000


def painted_of(frame):
    return frame.notes["painted"]


@pytest.mark.parametrize("settings", [{}, {"known": "guide"}, {"restyle": True}], ids=str)
@pytest.mark.parametrize("states", [True, False])
def test_an_interrupted_job_continues_byte_for_byte(shot, settings, states):
    if not states and settings:
        pytest.skip("what lies beside the frames may be lost where frames are as they were made")
    shot = with_settings(shot, **settings)
    whole, _ = run(shot)
    for stop in (1, 5, 13):
        rest, _ = run(shot, Disk(whole[:stop], states))
        assert [frame.index for frame in rest] == list(range(stop, COUNT))
        for frame in rest:
            np.testing.assert_array_equal(frame.pixels, whole[frame.index].pixels)
            assert frame.notes == whole[frame.index].notes


def test_guide_paints_over_everything_with_little_noise(shot):
    kept, _ = run(shot)
    guided, _ = run(with_settings(shot, known="guide", guide_sigma=0.3))
    strong, _ = run(with_settings(shot, known="guide", guide_sigma=0.8))
    change, more = (
        np.mean([np.abs(a.pixels.astype(int) - b.pixels).mean() for a, b in zip(kept, each, strict=True)])
        for each in (guided, strong)
    )
    assert 0.5 < change < more
    still, _ = run(with_settings(shot, known="guide", guide_sigma=0.0))
    assert all(np.abs(a.pixels.astype(int) - b.pixels).max() <= 1 for a, b in zip(kept, still, strict=True))


def test_painted_keys_show_the_restyled_first_picture_moved(shot):
    frames, _ = run(with_settings(shot, restyle=True))
    assert np.abs(frames[0].pixels.astype(int) - shot.first_frame).mean() > 5, "the first picture is the prompt's"
    assert_known_pixels_are_the_reprojection(shot, frames, {0: frames[0].pixels})


def test_key_pictures_of_the_scene_are_known_and_less_is_painted(shot, tmp_path):
    things = stage(COUNT, ball=False)
    middle = COUNT // 4
    traced = film(things, shot.camera.pose, shot.camera.intrinsics, WIDTH, HEIGHT)
    key = np.clip(np.rint(traced.truth(middle)), 0, 255).astype(np.uint8)
    frames, _ = run(replace(shot, key_pictures={shot.frames[middle]: key}))
    np.testing.assert_array_equal(frames[middle].pixels, key)
    alone, _ = run(shot)
    assert sum(len(each.notes["painted"]) for each in frames) < sum(len(each.notes["painted"]) for each in alone)


def test_a_changed_prompt_holds_for_what_is_painted_afterwards(shot):
    calls = iter([[], *[[{"prompts": {1: "blue sea"}}]] * 10_000])
    frames, _ = run(shot, changes=lambda: next(calls))
    assert frames[-1].notes["prompt"] == "blue sea"


def test_a_cancelled_job_ends_while_it_plans(shot):
    def cancelled():
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        run(shot, changes=cancelled)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"motion": "3D"}, "known is 'keep'.*motion 3D is asked for too"),
        ({"mode": "interpolation"}, "known is 'keep'.*mode interpolation is asked for too"),
        ({"known": "repaint", "restyle": True}, "restyle generates key pictures"),
        ({"known": "all"}, "known is 'all'"),
        ({"guide_sigma": 1.5}, "guide_sigma is 1.5"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(shot, settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        run(with_settings(shot, **settings))


def test_a_shot_whose_key_pictures_see_nothing_is_refused(shot):
    turned = shot.camera.pose.copy()
    turned[0] = looking((0, 0, -3), (0, 0, -60))
    with pytest.raises(BadInput, match=r"No key picture shows anything of the scene \(frame 1\)"):
        run(replace(shot, camera=replace(shot.camera, pose=turned)))


def test_a_shot_without_geometry_is_refused(shot):
    with pytest.raises(BadInput, match="no depth"):
        run(replace(shot, geometry=None))


def test_presets_say_which_pixels_are_known():
    for preset in engine.presets.values():
        settings = completed(engine, {name: preset.values[name] for name in ("known", "restyle")})
        assert settings["known"] in ("repaint", "keep")
    assert engine.presets["complete"].values["known"] == engine.presets["painted_keys"].values["known"] == "keep"
    assert engine.presets["painted_keys"].values["restyle"]
