"""Parseq documents: read as Parseq renders them, written so that Parseq and Deforum take them."""

import json

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.schedules import Context, settings_files
from motion_bridge.schedules.parseq import document
from motion_bridge.schedules.parseq.seedrandom import Generator

OPTIONS = {"input_fps": 24, "output_fps": 24, "bpm": 120, "cadence": 1}


def field(curve, keys, frames=11, **options):
    """Frames 0 … of a field "fov" with keyframes at `keys` and one interpolation."""
    keyframes = [{"frame": frame, "fov": value} for frame, value in keys.items()]
    keyframes[0]["fov_i"] = curve
    given = {"options": {**OPTIONS, **options}, "managedFields": ["fov"], "keyframes": keyframes, "prompts": {}}
    return document.read(given, "doc").values["fov"]


THREE = {0: 5, 5: 0, 10: 10}


@pytest.mark.parametrize(
    ("curve", "expected"),
    [  # as Parseq's own tests have them
        ("round(tri(p=5, ps=1, a=2, c=10, li=0.5),2)", [11.6, 10.8, 9.2, 0, 0, 11.6, 10.8, 9.2, 0, 0, 11.6]),
        ("round(saw(p=10, ps=1, a=2, c=10),2)", [10.2, 10.4, 10.6, 10.8, 11, 11.2, 11.4, 11.6, 11.8, 10, 10.2]),
        ("pulse(p=5, ps=0, a=2, c=10, li=0.5, pw=1)", [12, 10, 10, 0, 0, 12, 10, 10, 0, 0, 12]),
        ("slide(to=-10, span=3)", [5, 0, -5, -10, -10, 0, -10 / 3, -20 / 3, -10, -10, 10]),
        ("round(bez(), 2)", [5, 4.68, 3.46, 1.54, 0.32, 0, 0.64, 3.09, 6.91, 9.36, 10]),
        ("round(bez(0.1,0.9,0.9,-0.5), 2)", [5, 3.36, 3.5, 3.7, 3.39, 0, 3.28, 3, 2.6, 3.23, 10]),
        ("round(bez(from=-10, to=10, span=3), 2)", [-10, -5.93, 5.93, 10, 10, -10, -5.93, 5.93, 10, 10, -10]),
        ("if (0) 2 else if (0) 3 else 4", [4] * 11),
        ("if ( 0 or 1 ) 2", [2] * 11),
        ("5*1+1", [6] * 11),
        ("5^4", [625] * 11),
        ("10-3-2", [9] * 11),  # operators group to the right there
        ("floor(1.555,2) # cut", [1.55] * 11),
        ("L", [5, 4, 3, 2, 1, 0, 2, 4, 6, 8, 10]),
        ("S", [5] * 5 + [0] * 5 + [10]),
        ("if f<5 S else L*2", [5] * 5 + [0, 4, 8, 12, 16, 20]),
        ("prev_computed_value+1", list(range(1, 12))),
        ("k", [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0]),
        ("next_keyframe-active_keyframe", [5] * 10 + [0]),
        ("1s+1b+1f", [37] * 11),
        ("-b", [-f / 12 for f in range(11)]),
        ("P", [5 - 2.5 * f + 0.3 * f * f for f in range(11)]),
        ('bez(curve="linear")', [5, 4, 3, 2, 1, 0, 2, 4, 6, 8, 10]),
        ("bez(x1=0, y1=0, x2=1, y2=1, from=1, d=10, offset=0.25)", [3.5] * 10 + [1]),
        ("slide(from=0, to=8, offset=0.5)", [4] * 10 + [0]),
        ("f2b(12)+b2f(1)+f2s(24)+s2f(1)", [1 + 12 + 1 + 24] * 11),
        ("_cbrt(8)+_sign(f-5)", [1] * 5 + [2] + [3] * 5),
        ("start_of_beat()", [0] * 11),
        ('start_of_beat(13.7, "u")+start_of_beat(f=25)', [12 + 24] * 11),
        ("if f<1 3 else computed_at(f-1)+1", list(range(3, 14))),
        ("computed_at(0-1, 9)", [9] * 11),
        ("if f<1 2 else computed_at(0-1)+computed_at(0)", [2] + [42] * 10),
        ("recompute_if(f%4==3, f)", [0, 0, 0, 3, 3, 3, 3, 7, 7, 7, 7]),
    ],
)
def test_an_interpolation_gives_what_parseq_renders(curve, expected):
    assert np.allclose(field(curve, THREE), expected, rtol=0, atol=1e-9)


# The values that seedrandom's own page shows.
def test_random_numbers_are_those_of_the_library_that_parseq_uses():
    draw = Generator("hello.")
    assert [draw(), draw()] == [0.9282578795792454, 0.3752569768646784]


def test_a_seeded_random_number_is_held_and_drawn_anew_at_keyframes():
    value = field("rand(min=10, max=20, seed=7, hold=3)", THREE)
    draw = Generator("7")
    first, second, third, fourth, fifth = (10 + 10 * draw() for _ in range(5))
    assert value.tolist() == [first] * 3 + [second] * 2 + [third] * 3 + [fourth] * 2 + [fifth]
    assert np.ptp(value) > 1
    assert (field("rand(s=7)-rand(s=7)", THREE) == 0).all(), "each place has a row of its own"
    assert len(set(field("rand(s=2.5)", THREE))) == 11


LABELLED = [
    {"frame": 0, "fov": 1, "info": "verse one"},
    {"frame": 3, "info": "chorus"},
    {"frame": 6},
    {"frame": 9, "info": "chorus"},
    {"frame": 10, "fov": 1},
]


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ('info_match("chorus")', [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0]),
        ('info_match(regex="^v.*one$")', [1, 1, 1] + [0] * 8),
        ('info_match_count("chorus|verse")', [1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3]),
        ('info_match_prev("chorus")', [-1, -1, -1, 3, 3, 3, 3, 3, 3, 9, 9]),
        ('info_match_next("chorus")', [3, 3, 3, 9, 9, 9, 9, 9, 9, -1, -1]),
        ('info_match_gap("chorus")', [-1, -1, -1, 6, 6, 6, 6, 6, 6, -1, -1]),
        ('info_match_progress("chorus")*6', [-6, -6, -6, 0, 1, 2, 3, 4, 5, -6, -6]),
    ],
)
def test_keyframes_are_found_by_their_labels(curve, expected):
    keyframes = [dict(LABELLED[0], fov_i=curve), *LABELLED[1:]]
    given = {"options": OPTIONS, "managedFields": ["fov"], "keyframes": keyframes}
    assert np.allclose(document.read(given, "doc").values["fov"], expected)


def measured(curve, points, kind):
    given = {
        "options": OPTIONS,
        "managedFields": ["fov"],
        "keyframes": [{"frame": 0, "fov_i": curve}, {"frame": 6}],
        "timeSeries": [{"alias": "loud", "ts": {"data": [{"x": x, "y": y} for x, y in points], "timestampType": kind}}],
    }
    return document.read(given, "doc").values["fov"]


def test_time_series_are_read_by_frame_and_by_time():
    points = [(1, 10.0), (3, 20.0), (5, 40.0)]
    assert measured("loud", points, 0).tolist() == [10, 10, 10, 10, 20, 20, 40], "the point before holds"
    assert measured("loud(f, 1)", points, 0).tolist() == [10, 10, 15, 20, 30, 40, 40]
    milliseconds = [(x * 1000 / 24, y) for x, y in points]
    assert np.allclose(measured("loud(frame=f, linear=1)+1", milliseconds, 1), [11, 11, 16, 21, 31, 41, 41])


@pytest.mark.parametrize(
    ("ts", "message"),
    [
        ({"data": [], "timestampType": 0}, "time series 'loud' must have from 1 to"),
        ({"data": [{"x": 1, "y": "high"}]}, "a point that is not two numbers"),
        ({"data": [{"x": 2, "y": 1}, {"x": 1, "y": 1}]}, "times that do not rise"),
        ({"data": [{"x": 1, "y": 1}], "timestampType": "days"}, "not known, 'days'"),
        (None, "time series 'loud' must have"),
    ],
)
def test_a_damaged_time_series_is_named(ts, message):
    given = {"options": OPTIONS, "keyframes": [{"frame": 0}, {"frame": 1}], "timeSeries": [{"alias": "loud", "ts": ts}]}
    with pytest.raises(BadInput) as caught:
        document.read(given, "doc")
    assert message in str(caught.value)


def test_a_pattern_that_could_take_for_ever_is_refused():
    for pattern in ("(a+)+b", "a*a*a*b", "x" * 200, "["):
        with pytest.raises(BadInput, match="the pattern"):
            field(f'info_match("{pattern}")', THREE)


def test_the_cubic_goes_through_its_keys_and_is_straight_at_the_ends():
    value = field("C", {0: 0, 10: 6, 20: -4, 40: 8})
    assert np.allclose(value[[0, 10, 20, 40]], [0, 6, -4, 8])
    bend = np.diff(value, 2)  # of a cubic, its second derivative at the frame between
    assert bend[1] == pytest.approx(2 * bend[0]) and bend[-2] == pytest.approx(2 * bend[-1])
    assert np.abs(np.diff(bend)).max() < 0.06


def test_the_example_of_the_format_renders_to_its_manifest():
    series = {"translation_z": np.array([0.0, 2, 2]), "rotation_3d_y": np.array([0.0, 5, 5])}
    written = document.document(series, fps=24, name="shot_010")
    assert written["managedFields"] == ["translation_z", "rotation_3d_y"]
    assert written["rendered_frames"][1] == {
        "frame": 1,
        "translation_z": 2,
        "rotation_3d_y": 5,
        "translation_z_delta": 2,
        "translation_z_pc": 50,
        "rotation_3d_y_delta": 5,
        "rotation_3d_y_pc": 50,
    }
    assert written["rendered_frames_meta"] == {
        "translation_z": {"max": 4, "min": 0, "isFlat": False},
        "rotation_3d_y": {"max": 10, "min": 0, "isFlat": False},
    }
    assert [key["translation_z"] for key in written["keyframes"]] == [0, 2, 4]


@pytest.mark.parametrize("part", ["manifest", "keyframes"])
def test_motion_survives_the_way_to_parseq_and_back(part):
    rng = np.random.default_rng(2)
    series = {
        **{name: rng.normal(0, 3, 240) for name in ("translation_x", "rotation_3d_y", "angle")},
        "zoom": 1 + rng.normal(0, 0.01, 240),
        "fov_schedule": rng.uniform(20, 90, 240),
        "kernel_schedule": np.full(240, 5.0),
        "blendFactorMax": rng.uniform(0, 1, 240),
        "strength_schedule": rng.uniform(0, 1, 240),
        "cfg_scale_schedule": rng.uniform(1, 9, 240),
    }
    written = document.document(series, fps=25)
    assert set(written["managedFields"]) >= {"scale", "strength", "fov", "antiblur_kernel", "guided_blendFactorMax"}
    if part == "keyframes":  # as Parseq's own interface would read it: it calculates anew
        del written["rendered_frames"], written["rendered_frames_meta"]
    back = settings_files.read(document.text(written), "doc")
    values, notices = settings_files.evaluate(back, back.context())
    assert back.max_frames == 240 and back.fps == 25 and not notices
    assert values.keys() == series.keys()
    for name, expected in series.items():
        assert np.allclose(values[name], expected, rtol=0, atol=2e-9), name


def test_a_field_without_managed_fields_is_managed_at_parseqs_defaults():
    given = {"options": OPTIONS, "prompts": {}, "keyframes": [{"frame": 0, "zoom": 1.2}, {"frame": 2}]}
    back = settings_files.read(json.dumps(given), "doc")
    values, _ = settings_files.evaluate(back, Context(4))
    assert values["zoom"] == pytest.approx([1.2, 1, 1, 1])  # positions 1.2, 1.2, 1.2; the last step is held
    assert values["translation_z"] == [10, 0, 0, 0] and values["noise_schedule"] == [0.08] * 4
    assert "no managedFields" in back.notices[0]


def test_a_rendered_manifest_is_taken_as_deforum_takes_it():
    given = {
        "options": {"output_fps": 30, "bpm": 100, "cadence": 3},
        "rendered_frames": [
            {"frame": 0, "angle": 4, "angle_delta": 4, "noise": 0.1, "deforum_prompt": "a --neg b"},
            {"frame": 1, "angle": 9, "angle_delta": 5, "noise": 0.2, "deforum_prompt": "a --neg b", "near": 3},
            {"frame": 3, "angle": 9, "angle_delta": 0, "noise": 0.3, "deforum_prompt": "c"},
        ],
    }
    back = settings_files.read(json.dumps(given), "doc")
    values, _ = settings_files.evaluate(back, back.context())
    assert values == {"angle": [4, 5, 5, 0], "noise_schedule": [0.1, 0.2, 0.2, 0.3]}
    assert back.prompts == {"0": "a --neg b", "3": "c"} and back.values == {"diffusion_cadence": 3}


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ("L +", "doc: fov, keyframe 0, column 4: a value is missing"),
        ("sin(3) + rand()", "'rand' without a seed is drawn anew whenever Parseq renders"),
        ("sin(3) + smrand(s=1)", "column 10: the function 'smrand' is not read here; render the document in Parseq"),
        ('"a"', 'column 1: the text "a" is not a number'),
        ('"a":0.5', 'the text "a" is not a number'),
        ("f:0.5", "column 2: ':' makes a prompt's weight"),
        ("loud+1", "the variable 'loud' is not read here"),
        ("info_match(3)", 'column 12: a text in "quotes" is expected'),
        ('bez(curve="easeInOutCubik")', "no curve 'easeInOutCubik'; did you mean 'easeInOutCubic'?"),
        ("computed_at(f)", "which is not calculated before frame 0"),
        ("rand(s=1, h=0)", "holds its value for less than no time"),
        ("1/(f-3)", "'/' by zero"),
        ("9^9^9^9", "the power is too large"),
        ("_log(0-1)", "has no value"),
        ("(" * 100 + "1" + ")" * 100, "brackets inside each other"),
        ("1+" * 2000 + "1", "at most 4000 are read"),
        ("1+" * 1000 + "1", "more than 300 parts"),
        ("open(1)", "the function 'open' is not read here"),
        ("f.real", "is not read here"),
    ],
)
def test_an_interpolation_that_cannot_be_read_is_named(curve, message):
    with pytest.raises(BadInput) as caught:
        field(curve, THREE)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keyframes": [{"frame": 0}]}, "at least 2 keyframes"),
        ({"keyframes": [{"frame": 1}, {"frame": 2}]}, "the first keyframe is at frame 1"),
        ({"keyframes": [{"frame": 0}, {"frame": 1e12}]}, "whole number from 0 to"),
        ({"keyframes": [{"frame": 0}, 3]}, "whole number from 0 to"),
        ({"options": {"output_fps": 0, "bpm": 1}}, "options.output_fps is 0; it must be a positive number"),
        ({"managedFields": []}, "managedFields must be a list"),
        ({"rendered_frames": [{"frame": 0, "fov": "wide"}]}, "fov at frame 0 is 'wide', which is not a number"),
        ({"rendered_frames": [{"frame": 2, "fov": 1}]}, "rendered_frames has no frame 0"),
    ],
)
def test_a_damaged_document_is_refused_in_a_sentence(change, message):
    given = {"options": OPTIONS, "managedFields": ["fov"], "keyframes": [{"frame": 0}, {"frame": 2}], **change}
    with pytest.raises(BadInput, match=r"^doc: ") as caught:
        settings_files.read(json.dumps(given), "doc")
    assert message in str(caught.value)
