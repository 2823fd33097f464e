"""The engine as a job runs it: from the command line, with frames on disk, resumed, cancelled, refused."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from motion_bridge import shot as shots
from motion_bridge.media import png

FAMILIES = {
    "wan-vace": (),
    "wan-i2v": (),
    "sana-wm": (),
    "ltx-2": ("accept_license=true", "size=128x64"),
}


@pytest.fixture
def stored(short_film, tmp_path):
    shots.save(replace(short_film.shot, settings={}), tmp_path / "shot")
    return tmp_path / "shot"


def render(stored, out, *settings, resume=False):
    words = [sys.executable, "-m", "motion_bridge", "render", str(stored), "--engine", "video", "--output", str(out)]
    words += ["--json", *(["--resume"] if resume else [])]
    for each in ("size=96x64", "steps=2", "device=cpu", *settings):
        words += ["--set", each]
    done = subprocess.run(words, capture_output=True, text=True)
    return done, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_renders_from_the_command_line(model_of, stored, tmp_path, family):
    settings = [f"model={model_of(family)}", *FAMILIES[family]]
    if family == "ltx-2":
        import tiny_video

        settings.append(f"lora={tiny_video.save_lora(tmp_path / 'tiny-ref0.5.safetensors')}")
    done, events = render(stored, tmp_path / "out", *settings)
    assert done.returncode == 0, done.stderr
    assert sum(event["event"] == "saved" for event in events) == 10
    assert any(event["event"] == "progress" and event["stage"] == "Denoising" for event in events)
    pictures = [png.read(path) for path in sorted((tmp_path / "out").glob("frame_*.png"))]
    assert len(pictures) == 10 and all(picture.shape == (64, 96, 3) for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) > 5


@pytest.mark.slow
def test_a_job_whose_frames_are_lost_is_resumed_to_the_same_bytes(model_of, stored, tmp_path):
    settings = (f"model={model_of('wan-vace')}", "length=9")
    assert render(stored, tmp_path / "out", *settings)[0].returncode == 0
    whole = {path.name: path.read_bytes() for path in sorted((tmp_path / "out").glob("*.png"))}
    for name in list(whole)[4:]:
        (tmp_path / "out" / name).unlink()
    assert render(stored, tmp_path / "out", *settings, resume=True)[0].returncode == 0
    assert {path.name: path.read_bytes() for path in sorted((tmp_path / "out").glob("*.png"))} == whole


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("model=wan2.1-vace-1.3b", "length=16"), "choose 13 or 17"),
        (("model=sana-wm", "length=17", "size=100x64"), "96x64 would do"),
        (("model=ltx-2",), "accept_license"),
        (("model=gen3c",), "export --format gen3c"),
        (("model=wan2.1-vace-1.3b", "control=camera"), "For camera choose SANA-WM"),
    ],
)
def test_what_a_model_does_not_take_is_bad_input_before_anything_is_loaded(stored, tmp_path, settings, says):
    done, _ = render(stored, tmp_path / "out", *settings)
    assert done.returncode == 2 and says in done.stdout + done.stderr
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("*.png"))


def test_a_model_that_is_not_there_is_named_with_its_size_and_license(stored, tmp_path):
    done, _ = render(stored, tmp_path / "out", "model=wan2.1-vace-1.3b")
    assert done.returncode == 3 and "19 GB, license: Apache-2.0" in done.stdout + done.stderr


def test_a_shot_without_depth_is_refused_by_a_warp_and_taken_by_a_camera(model_of, short_film, tmp_path):
    shots.save(replace(short_film.shot, settings={}, depth=None, objects=None), tmp_path / "shot")
    done, _ = render(tmp_path / "shot", tmp_path / "warp", f"model={model_of('wan-vace')}")
    assert done.returncode == 2 and "needs depth" in done.stdout + done.stderr
    settings = (f"model={model_of('sana-wm')}", "resampling=nearest")
    done, events = render(tmp_path / "shot", tmp_path / "camera", *settings)
    assert done.returncode == 0, done.stderr
    assert sum(event["event"] == "saved" for event in events) == 10


def test_a_folder_with_a_pickle_or_a_foreign_class_is_refused(model_of, stored, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(model_of("wan-vace"), folder)
    weights = next((folder / "transformer").glob("*.safetensors"))
    weights.rename(weights.with_suffix(".bin"))
    done, _ = render(stored, tmp_path / "out", f"model={folder}")
    assert done.returncode == 2 and "transformer" in done.stdout + done.stderr
    index = json.loads((folder / "model_index.json").read_text())
    index["transformer"] = ["os", "system"]
    (folder / "model_index.json").write_text(json.dumps(index))
    done, _ = render(stored, tmp_path / "other", f"model={folder}")
    assert done.returncode == 2 and "whose code would have to be run" in done.stdout + done.stderr
