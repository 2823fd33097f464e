"""One rule for files beside the Shot: looked for if and only if some frame uses them. No torch."""

import pytest
from motion_bridge.engines.deforum import input_files, schedule_limits
from motion_bridge.engines.deforum.engine import DEFAULTS
from motion_bridge.errors import BadInput
from motion_bridge.schedules import Context

STALE = "/content/video_in.mp4"
FLAT = {"motion": "2D"}


def check(settings, schedules=None, frames=3):
    input_files.check({**DEFAULTS, **FLAT, **settings}, schedules or {}, Context(frames))


@pytest.mark.parametrize(
    ("settings", "schedules", "frames"),
    [
        ({"guide_video": STALE}, {}, 3),
        ({"guide_video": STALE, "hybrid_motion": "Affine"}, {"hybrid_flow_factor_schedule": "0:(0)"}, 3),
        ({"guide_video": STALE, "hybrid_composite": "Normal"}, {"hybrid_comp_alpha_schedule": "0:(0)"}, 3),
        ({"guide_video": STALE, "hybrid_motion": "Affine"}, {}, 1),
        ({"guide_video": STALE, "hybrid_motion": "Affine", "mode": "interpolation"}, {}, 3),
        ({"guide_video": STALE, "hybrid_comp_mask_type": "Depth", "hybrid_mask": "Blend"}, {}, 3),
        ({"mask_file": STALE}, {"mask_schedule": '0:("{everywhere}")'}, 3),
        ({"mask_video": STALE}, {"mask_schedule": '0:("{everywhere}"), 3:("{video_mask}")'}, 3),
        (
            {"use_noise_mask": True, "mask_file": STALE},
            {"noise_schedule": "0:(0)", "mask_schedule": '0:("{everywhere}")'},
            3,
        ),
        ({}, {"mask_schedule": '0:("{everywhere}"), 9:("[/no/such.png]")'}, 3),
        ({"color_reference": STALE, "color_coherence": "None"}, {}, 3),
        ({"color_reference": STALE}, {"color_amount": "0:(0)"}, 3),
        ({"init_image": STALE, "use_init": False}, {}, 3),
        ({"init_image": "guide", "use_init": False}, {}, 3),
        ({"guided_images": {"9": STALE, "-4": "/old.png", "0": __file__}}, {}, 3),
        ({"loras": [[STALE, 0], [STALE, "0:(0)"]]}, {}, 3),
        ({"channel_weights": STALE}, {}, 3),
    ],
)
def test_a_file_that_no_frame_uses_is_not_looked_for(settings, schedules, frames):
    check(settings, schedules, frames)


@pytest.mark.parametrize(
    ("settings", "schedules", "message"),
    [
        ({"guide_video": STALE, "hybrid_motion": "Affine"}, {}, f"guide_video: {STALE} is not there"),
        ({"guide_video": STALE, "mode": "video"}, {}, f"guide_video: {STALE} is not there"),
        ({"guide_video": STALE, "motion": "flow"}, {}, f"guide_video: {STALE} is not there"),
        ({"hybrid_composite": "Normal"}, {"hybrid_comp_alpha_schedule": "0:(0), 2:(1)"}, "which needs a guide_video"),
        ({"mask_file": STALE}, {}, f"mask_file: {STALE} is not there"),
        ({"mask_video": STALE}, {"mask_schedule": '0:("{everywhere}"), 2:("{video_mask}")'}, f"mask_video: {STALE}"),
        ({}, {"mask_schedule": '0:("{everywhere}"), 2:("[/no/such.png]")'}, "mask_schedule: /no/such.png"),
        ({"mask_file": STALE, "use_noise_mask": True}, {}, f"mask_file: {STALE}"),
        ({"color_reference": STALE}, {"color_amount": "0:(0), 2:(1)"}, f"color_reference: {STALE}"),
        ({"init_image": STALE}, {}, f"init_image: {STALE}"),
        ({"init_image": STALE, "use_init": False}, {"mask_schedule": '0:("{everywhere}")'}, f"init_image: {STALE}"),
        ({"guided_images": {"2": STALE, "0": __file__}}, {}, f"guided_images: {STALE}"),
        ({"guided_images": {"7": STALE}}, {}, f"guided_images: {STALE}"),  # it holds before its frame too
        ({"reference": STALE}, {}, f"reference: {STALE}"),
        ({"loras": [[STALE, "0:(0), 2:(1)"]]}, {}, f"loras: {STALE}"),
        ({"channel_weights": STALE, "feedback": "latent"}, {}, f"channel_weights: {STALE}"),
        ({"mask_file": "https://deforum.github.io/a1/M1.jpg"}, {}, "is an address on the network; save the file here"),
        ({"init_image": "a\0b"}, {}, "init_image: a"),
        ({"init_image": "x" * 5000}, {}, "is not there"),
    ],
)
def test_a_file_that_some_frame_uses_is_looked_for(settings, schedules, message):
    with pytest.raises(BadInput) as caught:
        check(settings, schedules)
    assert message in str(caught.value)


def test_what_is_used_stays_and_what_is_not_is_gone():
    asked = {**DEFAULTS, **FLAT, "guide_video": STALE, "hybrid_composite": "Normal", "hybrid_mask": "Blend"}
    kept = input_files.used(asked, {}, Context(3))
    assert kept == asked
    gone = input_files.used(asked, {"hybrid_comp_alpha_schedule": "0:(0)"}, Context(3))
    assert gone == {**asked, "hybrid_composite": "None", "hybrid_mask": "None", "guide_video": ""}
    assert input_files.used(DEFAULTS, {}, Context(3)) == DEFAULTS


@pytest.mark.parametrize(
    ("settings", "schedules", "message"),
    [
        ({"motion": "2D"}, {"zoom": "0:(1), 2:(0)"}, "zoom is 0 at frame 12: a zoom is a factor"),
        ({"motion": "2D"}, {"zoom": "0:(0)"}, "zoom is 0 at frame 11: "),
        (
            {"motion": "2D"},
            {"translation_x": "0:(2**60)"},
            "translation_x is 1.15292e+18 at frame 11: nothing is moved",
        ),
        (
            {"motion": "3D"},
            {"fov_schedule": "0:(0)", "translation_z": "0:(1)"},
            "fov_schedule is 0 at frame 11: a lens",
        ),
        ({"motion": "3D"}, {"fov_schedule": "0:(180)", "translation_z": "0:(1)"}, "fov_schedule is 180 at frame 11"),
        ({"motion": "3D"}, {"aspect_ratio_schedule": "0:(0)", "translation_z": "0:(1)"}, "aspect_ratio_schedule is 0"),
        ({"motion": "2D", "perspective_flip": True}, {"perspective_flip_fv": "0:(0)"}, "perspective_flip_fv is 0"),
        ({"motion": "2D"}, {"color_amount": "0:(1), 2:(-1e300)"}, "color_amount is -5e+299 at frame 11: a value lies"),
    ],
)
def test_a_value_without_end_is_named_with_its_schedule_and_frame(settings, schedules, message):
    with pytest.raises(BadInput) as caught:
        schedule_limits.check({**DEFAULTS, **settings}, schedules, Context(3), (10, 11, 12))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "schedules"),
    [
        ({"motion": "3D"}, {"zoom": "0:(0)", "translation_z": "0:(1)"}),  # zoom moves nothing in 3D
        ({"motion": "2D"}, {"fov_schedule": "0:(0)"}),
        ({"motion": "3D"}, {"fov_schedule": "0:(0)", "translation_z": "0:(0)"}),  # nothing moves, so no lens is used
        ({"motion": "2D"}, {"zoom": "0:(0), 1:(1)"}),  # nothing moves into the first frame
        ({"motion": "scene"}, {"zoom": "0:(0)"}),
        ({"motion": "2D", "mode": "interpolation"}, {"zoom": "0:(0)"}),
        ({"motion": "2D"}, {"zoom": "0:(-1)", "perspective_flip_fv": "0:(0)"}),
    ],
)
def test_schedules_that_move_nothing_may_be_anything(settings, schedules):
    schedule_limits.check({**DEFAULTS, **settings}, schedules, Context(3), (10, 11, 12))
