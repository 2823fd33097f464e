"""Settings files: read in all their ages, written so that the webui's loader takes them whole."""

import json

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.schedules import Context, settings_files, webui_writer
from motion_bridge.schedules.webui_defaults import ALL, CONTROLNET, SCHEDULES


def document(**changes):
    given = {"translation_z": "0:(0), 23:(4.6)"}
    return webui_writer.document(given, width=832, height=480, max_frames=24, fps=24, seed=7, **changes)


def test_a_written_file_has_every_key_and_reads_back_alike():
    written = document(prompts={0: "a meadow", 12: "a forest"}, negative={6: "rain"}, changes={"border": "wrap"})
    assert set(ALL) == set(written) and len(ALL) == 162 + 5 * len(CONTROLNET) + 8
    assert written["legacy_colormatch"] is False and written["add_soundtrack"] == "None"
    assert written["prompts"] == {"0": "a meadow", "6": "a meadow --neg rain", "12": "a forest --neg rain"}
    back = settings_files.read(webui_writer.text(written), "written")
    values, notices = settings_files.evaluate(back, back.context("webui"))
    assert not notices and not back.notices
    assert (back.width, back.height, back.max_frames, back.fps, back.seed) == (832, 480, 24, 24, 7)
    assert np.allclose(values["translation_z"], np.linspace(0, 4.6, 24)) and back.values["border"] == "wrap"
    assert set(values) == {name for name in SCHEDULES if name in ALL}


def test_motion_that_was_not_asked_for_stands_still():
    written = document()
    values, _ = settings_files.evaluate(settings_files.read(webui_writer.text(written), "written"), Context(24))
    assert set(values["zoom"]) == {1} and set(values["angle"]) == {0} and set(values["translation_x"]) == {0}
    assert written["diffusion_cadence"] == 1


def test_a_file_is_written_as_the_webui_writes_it(tmp_path):
    webui_writer.write(tmp_path / "deforum_settings.txt", {}, width=512, height=512, max_frames=3, fps=12.5, mode="2D")
    content = (tmp_path / "deforum_settings.txt").read_text(encoding="utf-8")
    assert content.startswith('{\n    "W": 512,\n') and json.loads(content)["animation_mode"] == "2D"


@pytest.mark.parametrize(
    ("schedules", "changes", "message"),
    [
        ({"translaton_z": "0:(1)"}, {}, "The webui has no schedule 'translaton_z'; did you mean 'translation_z'?"),
        ({"zoom": "0:(where(t>1,2,1))"}, {}, "zoom, column"),
        ({"zoom": "3:(1)"}, {}, "webui needs a key at frame 0"),
        ({}, {"boder": "wrap"}, "The webui has no setting 'boder'; did you mean 'border'?"),
        ({}, {"border": "wrapped"}, "border is 'wrapped'; the webui knows replicate, wrap"),
        ({}, {"W": 64}, "W is given twice"),
    ],
)
def test_what_the_webui_would_not_understand_is_not_written(schedules, changes, message):
    with pytest.raises(BadInput) as caught:
        webui_writer.document(schedules, width=64, height=64, max_frames=9, fps=24, changes=changes)
    assert message in str(caught.value)


def test_a_misspelt_schedule_is_named_with_the_nearest_real_one():
    given = {"translaton_x": "0:(3)", "zoom": "0:(1.5)", "W": 64, "colour": "red"}
    back = settings_files.read(json.dumps(given), "mine.txt")
    assert "'translaton_x' and the webui ignores it; did you mean 'translation_x'?" in back.notices[0]
    assert "ignored, because no program that is known here writes them: colour" in back.notices[1]
    values, notices = settings_files.evaluate(back, Context(2))
    assert values == {"translaton_x": [3, 3], "zoom": [1.5, 1.5]} and not notices


def test_a_stranger_that_cannot_be_read_is_left_out_with_a_notice():
    back = settings_files.read(json.dumps({"mystery": "0:(wobble(t))", "zoom": "0:(1)"}), "mine.txt")
    values, notices = settings_files.evaluate(back, Context(2))
    assert (
        list(values) == ["zoom"] and "left out: mystery, key 0, column 4: there is no function 'wobble'" in notices[0]
    )


def test_a_stranger_with_quotes_holds_words():
    back = settings_files.read(json.dumps({"mood_schedule": '0: ("calm"), 1: ("wild")'}), "mine.txt")
    assert settings_files.evaluate(back, Context(3))[0] == {"mood_schedule": ["calm", "wild", "wild"]}


def test_an_empty_schedule_is_an_error_as_it_is_in_the_webui():
    back = settings_files.read(json.dumps({"zoom": "", "angle": "0:(1)"}), "mine.txt")
    with pytest.raises(BadInput, match=r"^zoom, column 1: there is no key"):
        settings_files.evaluate(back, Context(3))


def test_old_files_mean_today_what_they_meant():
    given = {
        "cn_1_weight": 0.7,
        "flip_2d_perspective": True,
        "color_coherence": "Match Frame 0 LAB",
        "fill": 1,
        "hybrid_composite": True,
        "optical_flow_cadence": False,
        "near_plane": 200,
        "fov": 40,
        "animation_prompts": {"0": "a", "max_f-1": "b"},
        "max_frames": 10.0,
        "seed": "12",
    }
    back = settings_files.read("\ufeff" + json.dumps(given), "old.txt")
    assert back.schedules == {"cn_1_weight": "0:(0.7)", "near_schedule": "0:(200)", "fov_schedule": "0:(40)"}
    assert back.values["enable_perspective_flip"] is True and back.values["color_coherence"] == "LAB"
    assert back.values["fill"] == "original" and back.values["hybrid_composite"] == "Normal"
    assert back.values["optical_flow_cadence"] == "None"
    assert back.prompts == {"0": "a", "max_f-1": "b"} and back.max_frames == 10 and back.seed == 12


def test_strength_is_turned_around_for_files_in_which_it_means_the_opposite():
    content = json.dumps({"strength_schedule": "0:(0.65)"})
    kept = settings_files.read(content, "webui.txt")
    made_anew = settings_files.read(content, "xlabs.txt", strength_means="denoise")
    assert settings_files.denoise(kept, Context(2)) == pytest.approx([0.35, 0.35])
    assert settings_files.denoise(made_anew, Context(2)) == pytest.approx([0.65, 0.65])


def test_a_bare_schedule_and_a_shots_header_are_read_too():
    assert settings_files.read("0:(1), 3:(4)\n", "-").schedules == {"schedule": "0:(1), 3:(4)\n"}
    header = {"format": "motion-bridge shot", "frames": [5, 6, 7], "fps": 30, "width": 4, "height": 2, "seed": 3}
    back = settings_files.read(
        json.dumps({**header, "schedules": {"angle": "0:(s)"}, "prompts": {"5": "x"}}), "shot.json"
    )
    assert settings_files.evaluate(back, back.context())[0] == {"angle": [3, 3, 3]} and not back.notices


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "file is not valid JSON"),
        ('{"zoom": "0:(1)",}', "file is not valid JSON: "),
        ("[1, 2]", "file holds no settings"),
        ("[" * 100_000, "nested more than 64 levels deep"),
        ('{"zoom": ["0:(1)"]}', "file: zoom is a list; a schedule is a text like 0:(1)."),
        ('{"max_frames": "many"}', "file: max_frames is 'many', which is not a number."),
        ('{"max_frames": 1.5}', "file: max_frames is 1.5, which is not a whole number."),
        ('{"max_frames": Infinity}', "Infinity is not a number"),
        ('{"prompts": 3}', "file: prompts must be an object"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused_in_a_sentence(content, message):
    with pytest.raises(BadInput) as caught:
        settings_files.read(content, "file")
    assert message in str(caught.value)
