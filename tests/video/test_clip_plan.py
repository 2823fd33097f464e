"""Which frames a model draws for a Shot: at its own rate, in its own counts, nothing cut."""

import pytest
from motion_bridge.engines.video import clip_plan, frame_size
from motion_bridge.engines.video.clip_plan import plan
from motion_bridge.errors import BadInput
from motion_bridge.model_registry.video_registry import FAMILIES

VACE, SANA, LTX = FAMILIES["wan-vace"], FAMILIES["sana-wm"], FAMILIES["ltx-2"]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("fps", [12.0, 16.0, 23.976, 24.0, 30.0, 60.0])
@pytest.mark.parametrize("count", [1, 2, 5, 40, 250])
def test_every_frame_of_the_shot_comes_of_one_clip_that_lasts_long_enough(family, fps, count):
    found = plan(range(count), fps, family)
    assert [k for clip in found.clips for k in clip.frames] == list(range(count))
    for clip in found.clips:
        assert clip.count % family.step == 1 and family.step < clip.count <= family.most
        for k in clip.frames:
            assert clip.first - 1e-6 <= k * family.fps / fps <= clip.last + 1e-6
    for before, after in zip(found.clips, found.clips[1:], strict=False):
        assert after.first + after.carried == before.last + 1 and after.carried == family.carried


def test_the_models_times_are_those_of_its_rate():
    found = plan(range(24), 24.0, VACE)
    assert [found.shot_time(i) for i in range(4)] == [0, 1.5, 3, 4.5]


def test_what_is_carried_held_and_drawn_at_another_rate_is_said():
    long = " ".join(plan(range(250), 24.0, VACE).notices)
    assert "made in 3 clips" in long and "the last 5 frames begin the next one" in long
    assert "draws 16 frames a second and this shot has 24" in long
    assert "2 longer than the shot" in " ".join(plan(range(3), 16.0, VACE).notices)
    assert plan(range(81), 16.0, VACE).notices == ()


def test_frames_that_a_shot_leaves_out_are_left_out():
    found = plan([0, 10, 20], 16.0, VACE)
    assert found.clips[0].count == 21 and list(found.clips[0].frames) == [0, 1, 2]


@pytest.mark.parametrize(("length", "says"), [(16, "choose 13 or 17"), (80, "77 or 81"), (5, "choose 9")])
def test_a_length_that_the_model_does_not_take_is_refused_with_the_nearest_ones(length, says):
    with pytest.raises(BadInput, match=says):
        clip_plan.check_length(VACE, length)
    with pytest.raises(BadInput, match="8k"):
        clip_plan.check_length(SANA, 16)


@pytest.mark.parametrize(
    ("family", "shot", "size"),
    [
        (VACE, (832, 480), (832, 480)),
        (VACE, (1920, 1080), (848, 480)),
        (VACE, (1080, 1920), (480, 848)),
        (SANA, (1280, 704), (1280, 704)),
        (LTX, (1920, 1080), (960, 512)),
    ],
)
def test_a_model_draws_about_its_own_area_in_the_shape_of_the_shot(family, shot, size):
    assert frame_size.chosen(family, "", *shot) == size


@pytest.mark.parametrize(
    ("text", "says"), [("830x480", "832x480 would do"), ("832", "write it like"), ("8x8", "16x16"), ("832x0", "832x16")]
)
def test_a_size_that_is_no_multiple_is_refused_with_one_that_is(text, says):
    with pytest.raises(BadInput, match=says):
        frame_size.read(VACE, text)
