"""`from motion_bridge import DeforumFlux`: ten lines make an animation, on a model that is tiny and knows nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
from motion_bridge import DeforumFlux
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.media import png
from motion_bridge.models import load
from motion_bridge.takes import writer

SMALL = {"width": 96, "height": 64, "steps": 2}


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return DeforumFlux(str(tiny.save("flux2-klein", tmp_path_factory.mktemp("klein"))), device="cpu")


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_ten_lines_of_the_front_page_make_a_take(klein, tmp_path):
    seen = []
    output = klein.animate(
        output=tmp_path / "valley",
        prompt="a valley",
        zoom="0:(1.02)",
        frames=4,
        on_frame=lambda number, pixels: seen.append((number, pixels.shape)),
        **SMALL,
    )
    assert output == tmp_path / "valley"
    assert writer.there(output) == [f"frame_{k:04d}.png" for k in range(4)]
    assert seen == [(k, (64, 96, 3)) for k in range(4)]
    shot = shots.load(output / "shot")
    assert shot.prompts == {0: "a valley"} and shot.schedules["zoom"] == "0:(1.02)"
    assert json.loads(png.read_text(output / "frame_0003.png")["motion_bridge"])["notes"]["prompt"] == "a valley"


def test_a_stream_yields_the_very_frames_that_a_take_holds(klein, tmp_path):
    wishes = {"prompt": {0: "red hills", 2: "blue sea"}, "rotation_3d_y": 1.5, "frames": 4, "cadence": 2, **SMALL}
    wishes |= {"preset": "smooth", "fps": 24}
    streamed = list(klein.stream(**wishes))
    folder = klein.animate(output=tmp_path / "take", **wishes)
    assert len(streamed) == 4
    for k, pixels in enumerate(streamed):
        assert pixels.dtype == np.uint8
        assert np.array_equal(pixels, png.read(folder / writer.frame_name(k)))
    assert not np.array_equal(streamed[0], streamed[3])


def test_a_take_is_resumed_by_its_folder_alone_or_by_the_same_words_and_by_no_others(klein, tmp_path):
    wishes = {"prompt": "red hills", "zoom": 1.05, "frames": 4, **SMALL}
    whole = contents(klein.animate(output=tmp_path / "take", **wishes))
    for again in ({}, wishes):
        for number in (1, 3):
            (tmp_path / "take" / writer.frame_name(number)).unlink()
        klein.animate(output=tmp_path / "take", resume=True, **again)
        assert contents(tmp_path / "take") == whole
    with pytest.raises(BadInput, match="begun with other prompts"):
        klein.animate(output=tmp_path / "take", resume=True, **{**wishes, "prompt": "blue sea"})
    with pytest.raises(BadInput, match="holds a take already"):
        klein.animate(output=tmp_path / "take", **wishes)
    assert contents(tmp_path / "take") == whole


def test_a_movie_holds_every_frame_at_its_rate(klein, tmp_path):
    klein.animate(
        output=tmp_path / "take",
        prompt="red hills",
        frames=5,
        fps=23.976,
        movie=tmp_path / "take.mp4",
        **{**SMALL, "width": 97},
    )
    with av.open(str(tmp_path / "take.mp4")) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert float(container.streams.video[0].average_rate) == pytest.approx(23.976, abs=1e-3)
    assert len(shown) == 5 and shown[0].shape == (64, 96, 3)
    last = png.read(tmp_path / "take/frame_0004.png")
    assert shown[4].mean((0, 1)) == pytest.approx(last.mean((0, 1)), abs=2)
    with pytest.raises(BadInput, match=r"ends in \.mp4"):
        klein.animate(output=tmp_path / "other", prompt="red hills", movie=tmp_path / "take.avi")
    assert not (tmp_path / "other").exists()


def test_a_scenes_shot_is_animated_along_its_own_motion(klein, tmp_path):
    poses = [scenes.pose((0.3 * k, 0, 0)) for k in range(3)]
    shot = scenes.shot(poses, [scenes.intrinsics(80, 64)] * 3, 80, 64, prompts={1: "a wall"})
    still = {"start_sigma": 0, "noise": 0, "amount": 0, "color_coherence": "None"}
    first, _, last = klein.stream(shot=shot, **still)
    assert np.array_equal(first, shot.first_frame)
    stands = replace(shot, camera=replace(shot.camera, pose=np.repeat(shot.camera.pose[:1], 3, 0)))
    stands = replace(stands, depth=np.repeat(np.asarray(shot.depth)[:1], 3, 0), objects=None)
    unmoved = list(klein.stream(shot=stands, **still))[-1]
    assert np.array_equal(unmoved, first) and not np.array_equal(last, first)
    shots.save(shot, tmp_path / "shot")
    folder = klein.animate(output=tmp_path / "take", shot=tmp_path / "shot", **still)
    assert np.array_equal(png.read(folder / "frame_0003.png"), last)


def test_a_settings_file_is_animated_and_what_is_not_done_is_a_warning(klein, tmp_path):
    path = tmp_path / "deforum_settings.txt"
    path.write_text(
        json.dumps(
            {
                "animation_mode": "2D",
                "max_frames": 3,
                "W": 96,
                "H": 64,
                "angle": "0:(5)",
                "strength_schedule": "0:(0.7)",
                "steps": 25,
                "prompts": {"0": "hills"},
                "diffusion_cadence": 1,
                "tiling": True,
            }
        )
    )
    with pytest.warns(UserWarning) as warned:
        made = list(klein.stream(settings=path))
    assert len(made) == 3 and made[0].shape == (64, 96, 3)
    assert any("tiling" in str(warning.message) for warning in warned)
    assert all(warning.filename == __file__ for warning in warned)


def test_wrong_words_and_missing_models_are_sentences_and_leave_nothing_behind(klein, tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="did you mean 'zoom'"):
        klein.stream(zom=1.02)
    with pytest.raises(BadInput, match="did you mean 'prompt'"):
        klein.animate(output=tmp_path / "take", promt="hills")
    with pytest.raises(BadInput, match="chosen once for all"):
        klein.stream(model="sd-1.5")
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not (tmp_path / "take").exists()
    with pytest.raises(ModelMissing, match="models get"):
        next(DeforumFlux("flux.1-schnell", device="cpu").stream(prompt="hills", frames=1, width=64, height=64))


def test_a_model_is_loaded_once_for_many_animations(klein, monkeypatch):
    wishes = {"prompt": "red hills", "frames": 2, **SMALL}
    first = list(klein.stream(**wishes))
    monkeypatch.setattr(load, "load_model", lambda *_: pytest.fail("the model was loaded again"))
    again = list(klein.stream(**wishes))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_words_said_to_a_stream_are_painted_from_then_on(klein):
    wishes = {"prompt": "red hills", "frames": 4, "start_sigma": 0.9, **SMALL}
    plain, stream = list(klein.stream(**wishes)), klein.stream(**wishes)
    heard = [next(stream), next(stream)]
    stream.say("blue sea")
    heard += list(stream)
    same = [np.array_equal(a, b) for a, b in zip(plain, heard, strict=True)]
    assert same == [True, True, False, False]


def test_a_preview_shows_the_frames_of_latent_feedback_and_listens_too(klein):
    wishes = {"prompt": "red hills", "frames": 4, "zoom": 1.05, **SMALL}
    plain = list(klein.preview(preset="fast_preview", **wishes))
    assert len(plain) == 4
    fed = klein.stream(preset="fast_preview", cadence=1, feedback="latent", **wishes)
    assert all(np.array_equal(a, b) for a, b in zip(plain, fed, strict=True))
    stream = klein.preview(preset="fast_preview", **wishes)
    heard = [next(stream)]
    stream.say("blue sea")
    heard += list(stream)
    assert np.array_equal(heard[0], plain[0]) and not np.array_equal(heard[3], plain[3])
    with pytest.raises(BadInput, match="A preview makes every frame"):
        next(klein.preview(cadence=2, **wishes))


EXAMPLES = Path(__file__).parents[2] / "examples"


def test_without_any_model_on_the_machine_the_sketch_paints_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.warns(UserWarning, match="so the sketch paints that comes along"):
        stream = DeforumFlux(device="cpu").stream(prompt="green hills at sunset", frames=1)
    made = next(stream)
    assert made.shape == (128, 128, 3)
    sky, ground = made[:32].reshape(-1, 3).mean(0), made[-40:].reshape(-1, 3).mean(0)
    assert ground[1] > ground[0] + 20 and ground[1] > ground[2] + 20, "the hills are not green"
    assert sky[0] > sky[1], "the sky is not that of a sunset"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simple_zoom", "3d_rotation", "prompt_journey", "klein_preview"])
def test_an_example_runs_as_it_stands(klein, tmp_path, name):
    streams = name == "klein_preview"
    output = tmp_path / ("made.mp4" if streams else "made")
    options = ["--model", klein.model, "--frames", "4", "--size", "64"]
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(output), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "frame 3" in done.stdout
    with av.open(str(tmp_path / "made.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4
    assert streams or writer.there(output) == [f"frame_{k:04d}.png" for k in range(4)]
