"""The engine itself: every frame is made, goes where the scene goes, and a job continues as if it had never stopped."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from disk import Disk
from motion_bridge import shot as shots
from motion_bridge.engines import runner as jobs
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import (
    color_match,
    context,
    feedback_space,
    images,
    optical_flow,
    scene_motion,
    warp,
)
from motion_bridge.engines.deforum.settings import SETTINGS
from motion_bridge.errors import BackendFailed, BadInput
from motion_bridge.ipc.events import FrameMade
from motion_bridge.media import png
from motion_bridge.models import load
from motion_bridge.shot import Shot

WIDTH, HEIGHT, COUNT = 80, 64, 6
STILL = {  # nothing but motion
    "strength_schedule": "0:(1)",
    "noise_schedule": "0:(0)",
    "amount_schedule": "0:(0)",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny.save("sd", tmp_path_factory.mktemp("sd")))


@pytest.fixture
def travelling(model):
    """A camera that slides and turns past a wall and a ball, over six frames."""
    poses = [scenes.pose((0.2 * k, 0.02 * k, 0.15 * k), (0, -0.5 * k, 0.4 * k)) for k in range(COUNT)]
    centers = np.array([[-1.0 + 0.3 * k, 0.3, 5.0] for k in range(COUNT)])

    def make(schedules=None, cuts=(), **settings):
        return scenes.shot(
            poses,
            [scenes.intrinsics(WIDTH, HEIGHT)] * COUNT,
            WIDTH,
            HEIGHT,
            centers,
            prompts={1: "red hills", 4: "a blue sea"},
            schedules={"steps_schedule": "0:(2)", **(schedules or {})},
            settings={"model": model, "device": "cpu", **settings},
            cuts=cuts,
            seed=11,
        )

    return make


def run(shot, disk=None, changes=list):
    return list(frames_alone(engine.frames(shot, disk or Disk(), changes)))


@pytest.mark.parametrize("cadence", [1, 2, 3, 5])
def test_all_frames_are_made_in_order_at_any_cadence(travelling, cadence):
    made = run(travelling(cadence=cadence))
    assert [frame.index for frame in made] == list(range(COUNT))
    assert all(frame.pixels.shape == (HEIGHT, WIDTH, 3) and frame.pixels.dtype == np.uint8 for frame in made)
    assert all(frame.pixels.std() > 1 for frame in made)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"cadence": 3}, {"noise_type": "perlin"}, {"motion": "3D", "cadence": 2}])
def test_a_job_interrupted_anywhere_continues_byte_for_byte(travelling, settings):
    shot = travelling({"translation_z": "0:(4)", "rotation_3d_y": "0:(0.5)"}, **settings)
    whole = run(shot)
    for stop in range(1, COUNT):
        rest = run(shot, Disk(whole[:stop]))
        assert [frame.index for frame in rest] == list(range(stop, COUNT))
        for a, b in zip(whole[stop:], rest, strict=True):
            assert np.array_equal(a.pixels, b.pixels), f"frame {b.index} after a stop at {stop}"
            assert a.notes == b.notes


@pytest.mark.slow
def test_a_hole_in_the_middle_is_filled_with_what_was_there(travelling):
    whole = run(travelling())
    again = run(travelling(), Disk(frame for frame in whole if frame.index != 3))
    assert [frame.index for frame in again] == [3]
    assert np.array_equal(again[0].pixels, whole[3].pixels)


@pytest.mark.parametrize("cadence", [1, 2, 3, 5])
def test_content_is_where_the_camera_is(travelling, cadence):
    """Without diffusion the picture only moves; it must then show at each frame what the true flow fetches."""
    shot = travelling(STILL, cadence=cadence, color_coherence="None")
    smooth = cv2.GaussianBlur(np.random.default_rng(1).random((HEIGHT, WIDTH, 3), np.float32), (0, 0), 4)
    picture = cv2.normalize(smooth, np.empty_like(smooth), 0, 255, cv2.NORM_MINMAX).round().astype(np.uint8)
    shot = Shot(**{**vars(shot), "first_frame": picture})
    made = run(shot)
    for k in range(1, COUNT):
        truth = scene_motion.motion(shot, k, 0)
        places = (warp.positions(HEIGHT, WIDTH, truth.flow) + truth.flow[0]).numpy().astype(np.float32)
        seen = cv2.erode((~truth.revealed[0]).numpy().astype(np.uint8), np.ones((5, 5))) == 1
        assert np.quantile(displacement(picture, made[k].pixels, places)[seen], 0.9) <= 0.5


def displacement(source, shown, places):
    """How far each pixel is from showing the source at its place: difference over slope, small where it is flat."""
    x, y = cv2.split(places - 0.5)
    expected = cv2.remap(source.astype(np.float32), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    slope = np.linalg.norm(np.gradient(expected, axis=(0, 1)), axis=(0, 3))
    return np.linalg.norm(shown - expected, axis=-1) / np.maximum(slope, 8)


def test_a_picture_that_only_stands_still_is_never_changed(travelling):
    shot = travelling(STILL)
    still = Shot(
        **{
            **vars(shot),
            "camera": type(shot.camera)(
                *(None if each is None else np.repeat(each[:1], COUNT, 0) for each in vars(shot.camera).values())
            ),
            "depth": np.repeat(shot.depth[:1], COUNT, 0),
            "objects": None,
        }
    )
    for frame in run(still):
        assert np.array_equal(frame.pixels, still.first_frame)


@pytest.mark.slow
def test_prompts_seeds_and_strength_reach_the_model(travelling):
    plain = run(travelling())
    assert plain[0].notes == {"prompt": "red hills", "negative": "", "seed": 11, "precision": "fp32"}
    assert plain[3].notes["prompt"] == "a blue sea"
    assert [frame.notes["seed"] for frame in plain] == list(range(11, 11 + COUNT))
    kept = run(travelling({"strength_schedule": "0:(0.9)"}))
    changed = run(travelling({"strength_schedule": "0:(0.1)"}))
    # hardly anything is replaced, and the random autoencoder's own error is in both
    first = run(travelling({"strength_schedule": "0:(0.999)"}))[0].pixels.astype(int)
    assert np.abs(kept[0].pixels - first).mean() < np.abs(changed[0].pixels - first).mean()


def test_a_prompt_can_be_changed_while_the_job_runs(travelling):
    shot, said = travelling(), []
    frames = frames_alone(engine.frames(shot, Disk(), lambda: [said.pop()] if said else []))
    made = [next(frames), next(frames)]
    said.append({"prompts": {1: "green woods"}})
    made += frames
    assert [frame.notes["prompt"] for frame in made[:3]] == ["red hills", "red hills", "green woods"]


def test_revealed_pixels_can_be_given_more_noise(travelling):
    quiet = {**STILL, "revealed_noise": "0:(0)"}
    loud = {**STILL, "revealed_noise": "0:(0.5)"}
    a, b = run(travelling(quiet, color_coherence="None"))[1], run(travelling(loud, color_coherence="None"))[1]
    revealed = scene_motion.motion(travelling(), 1, 0).revealed[0].numpy()
    assert 0 < revealed.mean() < 0.5
    assert np.array_equal(a.pixels[~revealed], b.pixels[~revealed])
    assert np.abs(a.pixels[revealed].astype(int) - b.pixels[revealed]).mean() > 5


def test_a_cut_begins_a_picture_of_its_own(travelling):
    made = run(travelling(STILL, cuts=(4,), cadence=3, color_coherence="None"))
    step = [np.abs(a.pixels.astype(int) - b.pixels).mean() for a, b in zip(made, made[1:], strict=False)]
    assert max(step) == step[2] > 3 * step[1]


@pytest.mark.parametrize("motion", ["2D", "3D"])
@pytest.mark.parametrize("flip", [False, True])
def test_schedules_move_the_picture_without_any_scene(travelling, motion, flip):
    shot = travelling({**STILL, "zoom": "0:(1.05)", "translation_z": "0:(20)"}, motion=motion, perspective_flip=flip)
    bare = Shot(**{**vars(shot), "depth": None, "objects": None})
    made = run(bare)
    assert np.array_equal(made[0].pixels, bare.first_frame)
    assert np.abs(made[-1].pixels.astype(int) - made[0].pixels).mean() > 3


@pytest.fixture
def guide_video(tmp_path):
    path = tmp_path / "guide.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 24, (WIDTH * 2, HEIGHT * 2))
    wide = cv2.resize(np.random.default_rng(3).integers(0, 255, (30, 60, 3), np.uint8), (WIDTH * 5, HEIGHT * 3))
    for k in range(COUNT + 2):
        writer.write(wide[20 : 20 + HEIGHT * 2, 40 + 4 * k : 40 + 4 * k + WIDTH * 2])
    writer.release()
    return str(path)


@pytest.mark.parametrize("motion", ["flow", "perspective", "affine"])
def test_a_guide_video_lends_its_motion(travelling, guide_video, motion):
    made = run(travelling(STILL, motion=motion, guide_video=guide_video, color_coherence="None", padding="wrap"))
    before, after = made[0].pixels.astype(np.float32), made[4].pixels.astype(np.float32)
    (x, y), _ = cv2.phaseCorrelate(before.mean(-1), after.mean(-1))
    assert (x, y) == (pytest.approx(-8, abs=1.5), pytest.approx(0, abs=1))


@pytest.mark.parametrize("when", ["Before Motion", "Normal", "After Generation"])
def test_a_guide_video_is_mixed_into_the_picture(travelling, guide_video, when):
    without = run(travelling(STILL))
    mixed = run(travelling(STILL, guide_video=guide_video, hybrid_composite=when, hybrid_mask="Blend"))
    assert np.abs(mixed[2].pixels.astype(int) - without[2].pixels).mean() > 5


def test_a_mask_and_a_reference_of_colors_come_from_files(travelling, tmp_path):
    area = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    area[:, : WIDTH // 2] = 255
    (tmp_path / "mask.png").write_bytes(png.encode(area))
    colors = np.full((8, 8, 3), (200, 40, 40), np.uint8)
    (tmp_path / "colors.png").write_bytes(png.encode(colors))
    shot = travelling(
        mask_file=str(tmp_path / "mask.png"), mask_overlay_blur=0, color_reference=str(tmp_path / "colors.png")
    )
    made = run(shot)
    assert np.array_equal(made[0].pixels[:, WIDTH // 2 :], shot.first_frame[:, WIDTH // 2 :])
    assert np.abs(made[2].pixels[:, : WIDTH // 3].reshape(-1, 3).mean(0) - (200, 40, 40)).max() < 4


def test_values_that_are_no_numbers_fail_with_the_frames_number_and_nothing_black_is_made(travelling, monkeypatch):
    real = feedback_space.image_to_image

    def broken(model, picture, sigma, conditioning, noise_seed):
        if noise_seed.seed == 13:
            model.pipeline.unet.conv_out.weight.data.fill_(float("nan"))
        return real(model, picture, sigma, conditioning, noise_seed)

    monkeypatch.setattr(feedback_space, "image_to_image", broken)
    monkeypatch.setattr(load, "_last", [])  # this test's own, for it is spoilt
    made = []
    with pytest.raises(BackendFailed, match="Frame 3 failed"):
        for frame in frames_alone(engine.frames(travelling(), Disk(), list)):
            made.append(frame)
    assert [frame.index for frame in made] == [0, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"motion": "4D"}, "motion is '4D'; choose one of scene, 2D"),
        ({"cadence": 0}, "cadence is 0"),
        ({"color_coherence": "CMYK"}, "color_coherence is 'CMYK'"),
        ({"motion": "flow"}, "needs a guide_video"),
        ({"mask_file": "/no/such.png"}, "mask_file: /no/such.png is not there"),
        ({"model": "flux.3"}, "no model 'flux.3'"),
        ({"seed_behavior": "often"}, "seed_behavior is 'often'; choose one of"),
        ({"strength": 0.5}, "Unknown setting 'strength'"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_made(travelling, settings, message):
    with pytest.raises(BadInput, match=message.replace("(", r"\(")):
        run(travelling(**settings))


def test_an_unknown_schedule_names_the_nearest_real_one(travelling):
    with pytest.raises(BadInput, match="'strenght_schedule'; did you mean 'strength_schedule'"):
        run(travelling({"strenght_schedule": "0:(1)"}))


def test_a_scene_without_depth_is_refused_where_its_motion_is_wanted(travelling):
    with pytest.raises(BadInput, match="read it again with depth"):
        run(Shot(**{**vars(travelling()), "depth": None}))


def test_any_size_is_taken_as_it_is(travelling):
    poses = [scenes.pose((0.1 * k, 0, 0)) for k in range(2)]
    odd = scenes.shot(poses, [scenes.intrinsics(83, 69)] * 2, 83, 69, settings=travelling().settings)
    assert [frame.pixels.shape for frame in run(odd)] == [(69, 83, 3)] * 2
    small = scenes.shot(poses, [scenes.intrinsics(40, 69)] * 2, 40, 69, settings=travelling().settings)
    with pytest.raises(BadInput, match="40x69 is too small"):
        run(small)


def test_a_job_writes_its_frames_and_a_resumed_one_makes_only_what_is_missing(travelling, tmp_path):
    shots.save(travelling(cadence=2), tmp_path / "shot")
    order = jobs.JobRequest(1, tmp_path / "shot", str(tmp_path / "take"), "deforum", resume=False)
    list(jobs.run(order, list, lambda: False))
    names = [f"frame_{k + 1:04d}.png" for k in range(COUNT)]
    before = {name: (tmp_path / "take" / name).read_bytes() for name in names}
    for name in names[2:4]:
        (tmp_path / "take" / name).unlink()
    events = list(jobs.run(replace(order, resume=True), list, lambda: False))
    assert [event.index for event in events if isinstance(event, FrameMade)] == [2, 3]
    assert {name: (tmp_path / "take" / name).read_bytes() for name in names} == before


def test_only_the_scenes_own_motion_needs_its_geometry():
    for motion in ("2D", "flow", "affine"):
        assert not engine.needs({**engine.defaults, "motion": motion})
    assert engine.needs(engine.defaults) == {"depth", "objects"}


def test_the_engine_can_be_asked_about_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from motion_bridge.engines.deforum.engine import engine\n"
        "print(engine.accepts, engine.defaults['motion'])"
    )
    backend = Path(context.__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=backend, capture_output=True, text=True, check=True)
    assert "scene" in done.stdout


def test_bytes_and_floats_are_the_same_picture():
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(images.to_bytes(images.from_bytes(pixels, "cpu")), pixels)
    assert images.to_bytes(torch.full((1, 3, 2, 2), 1.7)).max() == 255


def test_what_the_loop_can_do_is_what_its_settings_offer():
    for name, there in {
        "padding": warp.PADDINGS,
        "sampling": warp.KERNELS,
        "feedback": context.SPACES,
        "color_coherence": ("auto", "None", *color_match.SPACES, "Latent"),
        "hybrid_flow_method": optical_flow.METHODS,
        "optical_flow_cadence": ("None", *optical_flow.METHODS),
        "optical_flow_redo_generation": ("None", *optical_flow.METHODS),
    }.items():
        assert set(SETTINGS[name].values) == set(there), name
