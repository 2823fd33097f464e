"""What somebody asks for in words becomes a Shot: schedules, settings, presets, other programs' files. No torch."""

import json
import subprocess
import sys
from pathlib import Path

import motion_bridge
import numpy as np
import pytest
from motion_bridge import shot as shots
from motion_bridge.engines import settings_parser
from motion_bridge.engines.deforum import presets, settings_import, settings_translation
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.shot_builder import shot_of
from motion_bridge.errors import BadInput
from motion_bridge.schedules import Context, values
from motion_bridge.schedules.webui_defaults import NAMES, SCHEDULES
from motion_bridge.shot import GenerationSettings

FILES = json.loads((Path(__file__).parents[1] / "data/deforum_settings.json").read_text(encoding="utf-8"))


@pytest.fixture
def file(tmp_path):
    def write(**entries):
        path = tmp_path / "deforum_settings.txt"
        path.write_text(json.dumps(entries), encoding="utf-8")
        return path

    return write


def asked(**more):
    return shot_of(frames=10, width=64, height=64, **more)[0]


@pytest.mark.slow
def test_the_package_imports_neither_torch_nor_numpy_until_it_is_asked():
    program = (
        "import sys, motion_bridge; assert 'numpy' not in sys.modules\n"
        "from motion_bridge import DeforumFlux; DeforumFlux('some-model')\n"
        "assert not {'torch', 'diffusers', 'av', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(motion_bridge.__file__).parents[1])


def test_every_schedule_of_the_field_can_be_asked_for_with_and_without_its_last_word():
    for name in SCHEDULES:
        assert settings_parser.parse(engine, {name: "0:(1)"}).schedules == {name: "0:(1)"}
    assert settings_parser.parse(engine, {"strength": 0.5, "noise": "0:(0), 9:(1)"}).schedules == {
        "strength_schedule": "0:(0.5)",
        "noise_schedule": "0:(0), 9:(1)",
    }


def test_a_schedule_may_be_a_text_a_number_numbers_by_frame_or_one_a_frame():
    for given in ("0:(1), 2:(3)", {0: 1, 2: 3}, [1, 2, 3], np.array([1.0, 2.0, 3.0])):
        text = asked(zoom=given).schedules["zoom"]
        assert values(text, Context(3), "zoom").tolist() == [1, 2, 3]
    assert asked(zoom="1.02").schedules["zoom"] == asked(zoom=1.02).schedules["zoom"] == "0:(1.02)"


def test_denoise_is_the_other_side_of_strength():
    text = asked(denoise="0:(0.25), 4:(0.5), 6:(t/20)").schedules["strength_schedule"]
    denoise = values("0:(0.25), 4:(0.5), 6:(t/20)", Context(10), "denoise")
    assert values(text, Context(10), "strength") + denoise == pytest.approx(np.ones(10))


def test_words_of_the_command_line_take_the_type_of_their_setting():
    words = ["cadence=3", "use_init=no", "perlin_persistence=.25", "motion=3D", "fov=0:(40)"]
    assert settings_parser.parse(engine, settings_parser.assignments(words)) == GenerationSettings(
        settings={"cadence": 3, "use_init": False, "perlin_persistence": 0.25, "motion": "3D"},
        schedules={"fov_schedule": "0:(40)"},
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"zom": 1}, "no setting or schedule 'zom'; did you mean 'zoom'?"),
        ({"strenght": 1}, "did you mean 'strength'?"),
        ({"cadance": 1}, "did you mean 'cadence'?"),
        ({"cadence": "two"}, "cadence is 'two'; it must be a whole number."),
        ({"cadence": 1.5}, "cadence is 1.5; it must be a whole number."),
        ({"use_init": "perhaps"}, "it must be true or false"),
        ({"zoom": "0:(1), 5:(2*"}, "zoom, key 5, column 13: a value is missing"),
        ({"zoom": object()}, "a schedule is a text such as"),
        ({"zoom": 1.1, "rotation_3d_y": 1}, "zoom moves nothing while the motion is 3D; it belongs to motion 2D"),
        ({"translation_z": 1, "motion": "2D"}, "translation_z moves nothing while the motion is 2D"),
        ({"preset": "smoth"}, "did you mean 'smooth'?"),
        ({"prompt": {5: "hills"}}, "The prompts begin at frame 5; give one for frame 0, where the job does."),
        ({"prompt": {"max_g": "hills"}}, "prompts, key max_g"),
        ({"frames": 0}, "frames is 0"),
        ({"width": 0}, "0x64 pixels are no picture"),
        ({"first_frame": "nowhere.png"}, "nowhere.png is not there"),
        ({"first_frame": np.zeros((8, 8))}, "must be uint8 (H, W, 3)"),
        ({"first_frame": np.zeros((8, 8, 3), np.uint8)}, "has 8x8 pixels, not 64x64"),
        ({"settings": "nowhere.txt"}, "nowhere.txt cannot be read"),
        ({"shot": "nowhere", "frames": None, "width": None, "height": None}, "no shot.json"),
        ({"shot": "nowhere"}, "frames cannot be chosen for a Shot"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_before_anything_is_loaded(words, says):
    with pytest.raises(BadInput) as caught:
        shot_of(**{"frames": 10, "width": 64, "height": 64, **words})
    assert says in str(caught.value)


def test_without_a_scene_the_picture_begins_with_the_prompt_and_stands_still_unless_it_is_moved():
    shot = asked(prompt={0: "hills", "max_f/2": "sea"})
    assert shot.prompts == {0: "hills", 4: "sea"}
    assert shot.settings["use_init"] is False and shot.settings["motion"] == "2D"
    assert set(values(shot.schedules["zoom"], Context(10), "zoom")) == {1.0}
    assert asked(rotation_3d_y="0:(1)").settings["motion"] == "3D"
    for begun in ({"mode": "video", "guide_video": "walk.mp4"}, {"guided_images": {"0": "a.png"}}):
        assert asked(**begun).settings["use_init"] is True
    first = np.full((24, 32, 3), 7, np.uint8)
    given, _ = shot_of(first_frame=first)
    assert given.settings["use_init"] is True and (given.width, given.height) == (32, 24)
    assert np.array_equal(given.first_frame, first)


def test_a_keyword_goes_before_the_preset_and_the_preset_before_the_file(file):
    path = file(diffusion_cadence=7, sampling_mode="nearest", zoom="0:(1.5)", max_frames=9, fps=12, W=80, H=48, seed=5)
    shot, _ = shot_of(settings=path, preset="smooth", zoom="0:(2)")
    smooth = presets.PRESETS["smooth"].values
    assert shot.settings["cadence"] == smooth["cadence"] and shot.settings["sampling"] == "nearest"
    assert shot.schedules["zoom"] == "0:(2)"
    assert (len(shot.frames), shot.fps, shot.width, shot.height, shot.seed) == (9, 12, 80, 48, 5)


def test_a_strength_that_is_asked_for_is_not_hidden_by_a_start_sigma_below_it():
    shot = asked(preset="smooth", strength=0.8)
    assert shot.schedules["strength_schedule"] == "0:(0.8)"
    assert values(shot.schedules["start_sigma"], Context(10), "start_sigma")[0] < 0
    assert asked(preset="smooth", start_sigma=0.3).schedules["start_sigma"] == "0:(0.3)"


MOVED = ("complete", "painted_keys")  # presets that move key pictures, so that they need a scene


@pytest.mark.parametrize("name", MOVED)
def test_a_preset_that_moves_key_pictures_is_refused_where_no_scene_moves(name):
    with pytest.raises(BadInput, match=r"known is 'keep'.*motion 2D is asked for too"):
        asked(preset=name)


@pytest.mark.parametrize("name", [each for each in presets.PRESETS if each not in MOVED])
def test_a_preset_asks_for_nothing_that_does_not_exist(name):
    assert asked(preset=name).settings["cadence"] == presets.PRESETS[name].values["cadence"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("model", ["flux.2-klein-4b", "sd-1.5"])
def test_public_settings_files_become_jobs(name, model, tmp_path):
    path = tmp_path / "settings.txt"
    path.write_text(json.dumps(FILES[name]["settings"]), encoding="utf-8")
    shot, notices = shot_of(model=model, settings=path)
    assert len(shot.frames) == FILES[name]["max_frames"]
    assert set(shot.settings) <= set(engine.defaults) and set(shot.schedules) <= set(engine.schedules)
    context = Context(len(shot.frames), FILES[name]["seed"])
    compared = 0
    for schedule in set(FILES[name]["expected"]) & set(shot.schedules) - {"steps_schedule", "seed_schedule", *NAMES}:
        expected = FILES[name]["expected"][schedule]
        found = values(shot.schedules[schedule], context, schedule)
        assert found[expected["frames"]] == pytest.approx(expected["values"], abs=1e-9), schedule
        compared += 1
    assert compared >= 2
    assert model == "sd-1.5" or not {"cfg_scale_schedule", "steps_schedule"} & set(shot.schedules)
    assert not any("did you mean" in notice for notice in notices)


def test_a_files_words_become_this_engines(file, monkeypatch):
    monkeypatch.setattr(settings_translation, "located", Path)  # the estimators are on this machine
    imported = settings_import.read(
        file(
            animation_mode="3D",
            border="wrap",
            padding_mode="reflection",
            sampling_mode="bilinear",
            depth_algorithm="Depth-Anything-V2-Small",
            color_coherence="Match Frame 0 HSV",
            noise_type="uniform",
            use_mask=True,
            mask_file="mask.png",
            invert_mask=True,
            use_init=True,
            steps=30,
            hybrid_composite="Normal",
            hybrid_comp_mask_type="Depth",
            hybrid_motion="Perspective",
            hybrid_flow_method="RAFT",
            video_init_path="guide.mp4",
            use_looper=True,
            init_images='{"0": "first.png", "max_f": "last.png"}',
            diffusion_redo="2",
            enable_perspective_flip=True,
            restore_faces=True,
            prompts={"0": "hills --neg fog", "max_f": "sea"},
            animation_prompts_positive="oil painting",
            animation_prompts_negative="text",
            max_frames=20,
            seed=-1,
        ),
        "sd-1.5",
    )
    assert dict(imported.generation.settings) == {
        "motion": "3D",
        "padding": "reflection",
        "sampling": "bilinear",
        "depth_model": "depth-anything-v2-small",
        "color_coherence": "HSV",
        "noise_type": "gaussian",
        "noise_pull": True,
        "legacy_colormatch": True,
        "seed_behavior": "schedule",
        "use_noise_mask": True,
        "extract_nth_frame": 1,
        "extract_from_frame": 0,
        "mask_file": "mask.png",
        "mask_invert": True,
        "hybrid_composite": "Normal",
        "hybrid_mask": "Depth",
        "hybrid_motion": "Perspective",
        "hybrid_flow_method": "DIS Fine",
        "guide_video": "guide.mp4",
        "guided_images": {"0": "first.png", "max_f": "last.png"},
        "redo": 2,
        "perspective_flip": True,
    }
    assert imported.generation.schedules == {"steps_schedule": "0:(30)", "detail_amount": "0:(0)"}
    assert imported.generation.prompts == {0: "oil painting hills --neg fog text", 19: "oil painting sea --neg text"}
    assert imported.generation.seed is None
    assert imported.notices == (
        "use_init: a file's first frame is on another machine; give one here (--first-frame, first_frame=)",
        "restore_faces: faces are not restored here",
    )


def test_what_was_meant_for_stable_diffusion_is_not_asked_of_flux(file):
    path = file(steps=25, cfg_scale_schedule="0:(7)", prompts={"0": "hills --neg fog"}, strength_schedule="0:(0.6)")
    imported = settings_import.read(path, "flux.2-klein-4b")
    assert imported.generation.schedules == {"strength_schedule": "0:(0.6)"} and imported.generation.prompts == {
        0: "hills"
    }
    assert len(imported.notices) == 2


def test_a_file_may_use_this_engines_own_names(file):
    path = file(motion="affine", start_sigma="0:(0.6)", cadence=2, guide_video="walk.mp4", noise_type="moving")
    imported = settings_import.read(path)
    assert imported.generation.settings == {
        "motion": "affine",
        "cadence": 2,
        "guide_video": "walk.mp4",
        "noise_type": "moving",
    }
    assert imported.generation.schedules == {"start_sigma": "0:(0.6)"}
    assert not imported.notices


def test_a_scenes_shot_keeps_its_motion_and_takes_the_words(tmp_path):
    scene = shots.Shot(**{**vars(asked()), "frames": tuple(range(5, 15)), "settings": {"motion": "scene"}})
    shots.save(scene, tmp_path / "shot")
    shot, _ = shot_of(shot=tmp_path / "shot", model="sd-1.5", prompt={5: "hills", 9: "sea"}, noise=0.1, seed=4)
    assert shot.settings == {"motion": "scene", "model": "sd-1.5"} and shot.seed == 4
    assert shot.prompts == {5: "hills", 9: "sea"} and shot.schedules["noise_schedule"] == "0:(0.1)"
    assert shots.differences(shot, scene) == ["seed", "prompts", "settings", "schedules"]
    with pytest.raises(BadInput, match="zoom moves nothing while the motion is scene"):
        shot_of(shot=tmp_path / "shot", zoom=1.1)
    with pytest.raises(BadInput, match="give one for frame 5"):
        shot_of(shot=tmp_path / "shot", prompt={7: "sea"})
