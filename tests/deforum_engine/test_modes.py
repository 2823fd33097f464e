"""Every mode of the engine runs from end to end, does what its name says, and continues as if it had never stopped."""

from dataclasses import replace
from functools import lru_cache

import av
import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
from disk import Disk, made_and_told
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import feedback_space
from motion_bridge.errors import BackendFailed, BadInput
from motion_bridge.models import load
from motion_bridge.models.image_model import latent_to_latent

WIDTH, HEIGHT, COUNT = 80, 64, 5
MODES = {
    "2D": {"motion": "2D"},
    "2D latent": {"motion": "2D", "feedback": "latent"},
    "3D": {"motion": "3D", "cadence": 2},
    "scene": {"motion": "scene"},
    "scene latent": {"motion": "scene", "feedback": "latent", "cadence": 2},
    "flow": {"motion": "flow", "hybrid_flow_consistency": True},
    "RANSAC": {"motion": "perspective"},
    "RANSAC latent": {"motion": "affine", "feedback": "latent", "noise_type": "gaussian"},
    "video": {"mode": "video", "cadence": 2, "optical_flow_cadence": "DIS Medium"},
    "video latent": {"mode": "video", "feedback": "latent"},
    "interpolation": {"mode": "interpolation", "use_init": False, "prompt_blending": "spherical"},
    "hybrid": {"motion": "2D", "hybrid_motion": "Optical Flow", "hybrid_composite": "Normal", "hybrid_mask": "Depth"},
    "redo": {"motion": "2D", "redo": 1, "optical_flow_redo_generation": "DIS Medium", "color_coherence": "Latent"},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of tiny models by their family; each is loaded once."""
    made = {}

    def get(family):
        if family not in made:
            made[family] = str(tiny.save(family, tmp_path_factory.mktemp(family)))
        return made[family]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "load_model", lru_cache(load.load_model))
        yield get


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """A video at 12 frames a second in which a picture shifts two pixels at each of ours."""
    path = tmp_path_factory.mktemp("guide") / "guide.mkv"
    still = cv2.resize(np.random.default_rng(1).integers(0, 255, (24, 36, 3), np.uint8), (288, 192))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH * 2, HEIGHT * 2, "bgr0"
        for k in range(COUNT):
            shown = still[40 : 40 + HEIGHT * 2, 40 + 8 * k : 40 + 8 * k + WIDTH * 2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return str(path)


@pytest.fixture
def travelling(models, guide):
    """A camera that slides past a wall and a ball."""

    def make(family="flux2-klein", schedules=None, count=COUNT, **settings):
        poses = [scenes.pose((0.2 * k, 0, 0.1 * k), (0, -0.5 * k, 0)) for k in range(count)]
        centers = np.array([[-1.0 + 0.3 * k, 0.3, 5.0] for k in range(count)])
        moving = {"translation_z": "0:(4)", "rotation_3d_y": "0:(0.5)", "zoom": "0:(1.04)", "angle": "0:(1)"}
        return scenes.shot(
            poses,
            [scenes.intrinsics(WIDTH, HEIGHT)] * count,
            WIDTH,
            HEIGHT,
            centers,
            prompts={1: "red hills", 5: "a blue sea"},
            schedules={"steps_schedule": "0:(2)", "start_sigma": "0:(0.6)", **moving, **(schedules or {})},
            settings={"model": models(family), "device": "cpu", "guide_video": guide, **settings},
            seed=11,
        )

    return make


def run(shot, disk=None):
    return list(frames_alone(engine.frames(shot, disk or Disk(), list)))


def latents(frame) -> np.ndarray:
    assert frame.state is not None
    return frame.state


def same(one, other):
    return np.array_equal(one.pixels, other.pixels) and one.notes == other.notes


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_mode_runs_and_continues_byte_for_byte_wherever_it_was_interrupted(travelling, mode):
    shot = travelling(**MODES[mode])
    whole = run(shot)
    assert [frame.index for frame in whole] == list(range(COUNT))
    assert all(frame.pixels.std() > 1 for frame in whole)
    assert all(frame.state is None or latents(frame).dtype == np.float32 for frame in whole)
    for stop in range(1, COUNT):
        rest = run(shot, Disk(whole[:stop]))
        assert [frame.index for frame in rest] == list(range(stop, COUNT))
        assert all(same(a, b) for a, b in zip(whole[stop:], rest, strict=True)), f"after a stop at {stop}"
        kept = [(latents(a), latents(b)) for a, b in zip(whole[stop:], rest, strict=True) if b.state is not None]
        assert all(np.array_equal(a, b) for a, b in kept)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["2D", "3D", "scene latent", "RANSAC", "video", "interpolation"])
def test_a_mode_runs_on_stable_diffusion_too(travelling, mode):
    made = run(travelling("sd", **MODES[mode]))
    assert [frame.index for frame in made] == list(range(COUNT))
    assert all(frame.pixels.std() > 1 for frame in made)


@pytest.mark.slow
def test_latents_that_were_deleted_are_made_again_without_touching_finished_frames(travelling):
    shot = travelling(**MODES["scene latent"])
    whole = run(shot)
    rest = run(shot, Disk(whole[:3], states=False))
    assert [frame.index for frame in rest] == [3, 4]
    assert all(same(a, b) for a, b in zip(whole[3:], rest, strict=True))


def test_latents_that_stand_still_are_never_decoded_and_encoded_again(travelling):
    """At sigma 0 without noise a latent job shows its first frame for ever; a pixel job may lose a little each time."""
    calm = {"start_sigma": "0:(0.6), 1:(0)", "noise_schedule": "0:(0)", "amount_schedule": "0:(0)"}
    calm |= {"zoom": "0:(1)", "angle": "0:(0)"}
    made = run(travelling(schedules=calm, motion="2D", feedback="latent", color_coherence="None"))
    for frame in made[1:]:
        assert np.array_equal(frame.pixels, made[0].pixels)
        assert np.array_equal(latents(frame), latents(made[0]))


def test_latents_go_where_the_picture_goes(travelling):
    calm = {"start_sigma": "0:(0)", "noise_schedule": "0:(0)", "amount_schedule": "0:(0)"}
    calm |= {"zoom": "0:(1)", "angle": "0:(0)", "translation_x": "0:(8)"}
    made = run(travelling(schedules=calm, motion="2D", feedback="latent", color_coherence="None", padding="wrap"))
    assert np.allclose(latents(made[2]), np.roll(latents(made[0]), 2, axis=3), atol=1e-5)


def test_the_statistics_of_latents_are_kept(travelling):
    loud = {"noise_schedule": "0:(0.4)", "color_amount": "0:(1)"}
    kept = run(travelling(schedules=loud, motion="2D", feedback="latent"))
    drifting = run(travelling(schedules=loud, motion="2D", feedback="latent", color_coherence="None"))

    def distance(frames):
        size = [latents(frame).std((2, 3)) for frame in frames]
        return np.abs(size[-1] / size[0] - 1).mean()

    assert distance(kept) < 1e-3
    assert distance(drifting) > 0.05


def test_interpolation_leads_from_one_prompt_to_the_next_without_feedback(travelling):
    made = run(travelling(**MODES["interpolation"], seed_behavior="fixed", feedback="latent"))
    assert made[2].notes["prompt"] == "(red hills):0.5 AND  (a blue sea):0.5"
    step = [np.abs(latents(a) - latents(b)).mean() for a, b in zip(made, made[1:], strict=False)]
    across = np.abs(latents(made[0]) - latents(made[-1])).mean()
    assert across > 0 and max(step) < across


def test_prompts_can_be_blended_in_any_mode(travelling):
    held = run(travelling(motion="2D"))
    blended = run(travelling(motion="2D", prompt_blending="linear"))
    assert held[2].notes["prompt"] == "red hills"
    assert "AND" in blended[2].notes["prompt"]
    assert np.array_equal(held[0].pixels, blended[0].pixels)
    assert not np.array_equal(held[2].pixels, blended[2].pixels)


def test_the_video_mode_shows_the_video_and_keeps_what_was_painted_on_it(travelling, guide):
    calm = {"start_sigma": "0:(0)", "noise_schedule": "0:(0)", "amount_schedule": "0:(0)"}
    plain = {"mode": "video", "color_coherence": "None"}
    shown = run(travelling(schedules={**calm, "video_preserve": "0:(0)"}, **plain))
    with av.open(guide) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for k in (0, 2, 4):
        expected = cv2.resize(frames[k // 2], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        assert np.abs(shown[k].pixels.astype(int) - expected).max() <= 1
    painted = {**calm, "start_sigma": "0:(0.6), 1:(0)"}
    left = [
        np.abs(a.pixels.astype(int) - b.pixels).mean()
        for a, b in zip(run(travelling(schedules=painted, **plain)), shown, strict=True)
    ]
    assert left[0] > 5
    assert 0.3 * left[0] < left[1] < 0.8 * left[0]


def test_guided_images_draw_the_job_towards_them(travelling, tmp_path):
    for name, color in (("red", (0, 0, 220)), ("blue", (220, 30, 0))):
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), np.full((40, 40, 3), color, np.uint8))
    towards = {"0": str(tmp_path / "red.jpg"), "max_f/2": str(tmp_path / "blue.jpg")}
    calm = {"image_strength_schedule": "0:(1)", "start_sigma": "0:(-1)", "noise_schedule": "0:(0)"}
    calm |= {"blendFactorMax": "0:(0.9)", "color_correction_factor": "0:(0.9)"}
    made = run(travelling(schedules=calm, motion="2D", guided_images=towards, color_coherence="None"))
    red, _, blue = made[1].pixels.reshape(-1, 3).mean(0)
    assert red > 3 * blue
    red, _, blue = made[4].pixels.reshape(-1, 3).mean(0)
    assert blue > red


def test_the_first_picture_may_come_from_a_file_or_the_guide_and_be_kept_to_a_share(travelling, tmp_path):
    cv2.imwrite(str(tmp_path / "start.png"), np.full((10, 10, 3), (30, 200, 30), np.uint8))
    kept = run(travelling(init_image=str(tmp_path / "start.png"), init_strength=1.0), Disk())[0]
    assert (kept.pixels == (30, 200, 30)).all()
    from_guide = run(travelling(init_image="guide", init_strength=1.0))[0]
    assert from_guide.pixels.std() > 20 and not np.array_equal(from_guide.pixels, travelling().first_frame)
    changed = run(travelling(init_image=str(tmp_path / "start.png"), init_strength=0.2))[0]
    assert np.abs(changed.pixels.astype(int) - kept.pixels).mean() > 3


def test_masks_are_written_as_expressions_and_may_come_from_a_video(travelling, guide, tmp_path):
    left = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    left[:, : WIDTH // 2] = 255
    cv2.imwrite(str(tmp_path / "left.png"), left)
    still = {"start_sigma": "0:(0.6)", "zoom": "0:(1)", "angle": "0:(0)", "noise_schedule": "0:(0)"}
    still |= {"mask_schedule": '0:("!{init_mask}")', "amount_schedule": "0:(0)"}
    shot = travelling(schedules=still, motion="2D", mask_file=str(tmp_path / "left.png"), mask_overlay_blur=0)
    made = run(shot)
    assert np.array_equal(made[-1].pixels[:, : WIDTH // 2], shot.first_frame[:, : WIDTH // 2])
    assert np.abs(made[-1].pixels[:, WIDTH // 2 :].astype(int) - shot.first_frame[:, WIDTH // 2 :]).mean() > 5
    from_video = run(travelling(motion="2D", mask_video=guide, use_noise_mask=True))
    assert not np.array_equal(from_video[-1].pixels, run(travelling(motion="2D"))[-1].pixels)


def test_weights_change_the_picture_smoothly(travelling):
    def made(text):
        shot = replace(travelling(motion="2D", count=1), prompts={1: text})
        return run(shot)[0].pixels.astype(int)

    plain, strong, weak = made("red hills"), made("(red:1.3) hills"), made("(red:1.01) hills")
    assert np.abs(strong - plain).mean() > np.abs(weak - plain).mean()
    assert np.array_equal(made("(red:`2/2`) hills"), plain)


def test_it_is_told_before_the_first_frame_which_schedules_have_no_effect(travelling):
    shot = travelling(schedules={"freeu_b1": "0:(1.3)", "sampler_schedule": '0: ("Euler a")'}, motion="2D", count=2)
    made, told = made_and_told(engine.frames(shot, Disk(), list))
    ignored = [(sentence.split(" ", 1)[0], at) for sentence, at in told if "has no effect" in sentence]
    assert ignored == [("freeu_b1", 0), ("sampler_schedule", 0)]
    assert not any("said" in frame.notes for frame in made)


@pytest.mark.parametrize(
    ("settings", "schedules", "message"),
    [
        ({"mode": "dream"}, {}, "mode is 'dream'; choose one of feedback, video, interpolation"),
        ({"mode": "video", "guide_video": ""}, {}, "mode is 'video', which needs a guide_video"),
        ({"feedback": "latent", "color_coherence": "LAB"}, {}, "LAB works on pixels"),
        ({"hybrid_mask": "Video Depth", "hybrid_composite": "Normal"}, {}, "needs a depth_model"),
        ({"guided_images": "{0: a}"}, {}, "guided_images is not valid JSON"),
        ({"guided_images": {"0": "/no/such.png"}}, {}, "guided_images: /no/such.png is not there"),
        ({"init_image": "/no/such.png"}, {}, "init_image: /no/such.png is not there"),
        ({"mask_video": "/no/such.mp4"}, {}, "mask_video: /no/such.mp4 is not there"),
        ({"mask_file": "/no/such.png"}, {}, "mask_file: /no/such.png is not there"),
        ({"mask_file": __file__}, {}, "mask_file: "),
        ({"reference": "/no/such.png"}, {}, "reference: /no/such.png is not there"),
        ({"reference": __file__}, {}, "is not a picture that can be read"),
        ({"color_reference": "/no/such.png"}, {}, "color_reference: /no/such.png is not there"),
        ({"guide_video": "/no/such.mp4", "mode": "video"}, {}, "guide_video: /no/such.mp4 is not there"),
        ({"use_noise_mask": True}, {}, "give a mask_file or a mask_video"),
        ({}, {"mask_schedule": '0:("{everywhere}"), 4:("[/no/such.png]")'}, "mask_schedule: /no/such.png is not there"),
        ({"working_size": 20}, {}, "working_size is 20"),
        ({"mask_file": "/"}, {}, "mask_file: / is a folder; name a file"),
        ({"loras": [["/no/such.safetensors", 1]]}, {}, "loras: /no/such.safetensors is not there"),
        ({"device": "tpu"}, {}, "device is 'tpu'; choose one of"),
        ({}, {"mask_schedule": '0:("{human_mask}")'}, "no mask {human_mask}"),
        ({}, {"mask_schedule": '0:("<cat>")'}, "no model here"),
        ({}, {"mask_schedule": '0:("{everywhere} &")'}, "a mask is missing at its end"),
        ({"redo": -1}, {}, "redo is -1"),
    ],
)
def test_what_cannot_be_is_refused_before_the_model_is_loaded(travelling, monkeypatch, settings, schedules, message):
    monkeypatch.setattr("motion_bridge.models.load.load_model", lambda *_: pytest.fail("the model was loaded"))
    with pytest.raises(BadInput) as caught:
        run(travelling(schedules=schedules, **settings))
    assert message in str(caught.value)


def test_a_frame_is_painted_so_many_times_more_and_settles(travelling, monkeypatch):
    seen = []

    def counted(model, latent, sigma, conditioning, noise_seed):
        seen.append(noise_seed.seed)
        return latent_to_latent(model, latent, sigma, conditioning, noise_seed)

    monkeypatch.setattr(feedback_space, "latent_to_latent", counted)
    plain = run(travelling(motion="2D", feedback="latent", count=2))
    assert len(seen) == 2
    again = run(travelling(motion="2D", feedback="latent", count=2, redo=2, optical_flow_redo_generation="DIS Medium"))
    assert len(seen) == 2 + 1 + (1 + 2 + 1) and len(set(seen[3:])) == 4  # each by a seed of its own
    assert np.array_equal(plain[0].pixels, again[0].pixels) and not np.array_equal(plain[1].pixels, again[1].pixels)


def test_a_subseed_leads_from_one_seed_to_another(travelling):
    def made(seed, **schedules):
        texts = {f"{name}_schedule": f"0:({value})" for name, value in schedules.items()}
        return run(replace(travelling(schedules=texts, motion="2D", use_init=False, count=1), seed=seed))[0].pixels

    one, other = made(11), made(99)
    assert np.array_equal(made(11, subseed=99), one)  # by no share
    assert np.abs(made(11, subseed=99, subseed_strength=1).astype(int) - other).max() <= 1
    assert np.array_equal(made(11, subseed=-1, subseed_strength=0.5), made(11, subseed=-1, subseed_strength=0.5))
    near, far = (np.abs(made(11, subseed=99, subseed_strength=s).astype(int) - one).mean() for s in (0.1, 0.7))
    assert 0 < near < far


def test_prompts_must_begin_with_the_job(travelling):
    with pytest.raises(BadInput, match="The prompts begin at frame 3; give one for frame 1"):
        run(replace(travelling(), prompts={3: "late"}))
    with pytest.raises(BadInput, match=r"prompt at frame 1: the weights of .* sum to 0"):
        run(replace(travelling(), prompts={1: "a:1 AND b:-1"}))


def test_a_video_shorter_than_the_job_says_so(travelling):
    with pytest.raises(BadInput, match="this job needs"):
        run(travelling(mode="video", count=30))


def test_a_nan_in_the_latents_fails_with_the_frames_number(travelling, monkeypatch):
    def broken(model, latent, sigma, conditioning, noise_seed):
        if noise_seed.seed == 13:
            latent = latent * float("nan")
        return latent_to_latent(model, latent, sigma, conditioning, noise_seed)

    monkeypatch.setattr(feedback_space, "latent_to_latent", broken)
    made = []
    with pytest.raises(BackendFailed, match="Frame 3 failed"):
        for frame in frames_alone(engine.frames(travelling(motion="2D", feedback="latent"), Disk(), list)):
            made.append(frame.index)
    assert made == [0, 1]
