"""Every public call that the founding plan shows runs as it is written there, on models that are tiny."""

import inspect
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import tiny_diffusion as tiny
from motion_bridge import (
    PRESETS,
    DeforumFlux,
    DepthEstimator,
    KleinPreviewPipeline,
    VideoInputProcessor,
    create_pipeline,
)
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.media import png
from motion_bridge.model_registry import registry
from motion_bridge.models import depth as estimators
from motion_bridge.schedules import Context, values
from motion_bridge.takes import writer

SMALL = {"width": 96, "height": 64, "steps": 2}


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return DeforumFlux(str(tiny.save("flux2-klein", tmp_path_factory.mktemp("klein"))), device="cpu")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Seven frames at 12 a second, of a picture that shifts by four pixels at each."""
    path = tmp_path_factory.mktemp("film") / "walk.mkv"
    still = cv2.resize(np.random.default_rng(1).integers(0, 255, (20, 40, 3), np.uint8), (200, 100))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=12)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
        for k in range(7):
            shown = np.ascontiguousarray(still[10:74, 4 * k : 4 * k + 96])
            for packet in stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def picture(seed=3):
    small = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), np.uint8)
    return cv2.resize(small, (96, 64), interpolation=cv2.INTER_CUBIC)


def test_animate_has_the_plans_parameters_in_its_order_with_its_defaults():
    said = inspect.signature(DeforumFlux.animate).parameters
    positional = [each for each in said.values() if each.kind is each.POSITIONAL_OR_KEYWORD][1:]
    assert [(each.name, each.default) for each in positional[1:]] == [
        ("zoom", "0:(1.0)"),
        ("angle", "0:(0)"),
        ("translation_x", "0:(0)"),
        ("translation_y", "0:(0)"),
        ("translation_z", "0:(0)"),
        ("frames", 60),
        ("fps", 24),
        ("strength", None),
        ("output", None),
        ("seed", None),
        ("preset", "smooth"),
    ]
    assert positional[0].name == "prompt"


@pytest.mark.slow
def test_animate_as_written_makes_a_new_folder_and_names_it(klein, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = klein.animate("a valley", frames=2, **SMALL)
    second = klein.animate(
        prompt="a valley",
        zoom="0:(1.0)",
        angle="0:(0)",
        translation_x="0:(0)",
        translation_y="0:(0)",
        translation_z="0:(1.5)",
        frames=2,
        fps=24,
        strength=None,
        output=None,
        seed=None,
        preset="smooth",
        **SMALL,
    )
    assert (first, second) == (tmp_path / "animation_001", tmp_path / "animation_002")
    assert writer.there(second) == ["frame_0000.png", "frame_0001.png"]
    made = shots.load(second / "shot")
    assert made.settings["motion"] == "3D", "a zoom that stands still conflicts with nothing"
    assert values(made.schedules["start_sigma"], Context(2), "start_sigma")[0] == PRESETS["smooth"].strength


def test_a_schedule_that_moves_still_conflicts(klein, tmp_path):
    with pytest.raises(BadInput, match="zoom moves nothing while the motion is 3D"):
        klein.animate("a valley", zoom="0:(1.01)", translation_z="0:(1)", output=tmp_path / "take", **SMALL)
    assert not (tmp_path / "take").exists()


@pytest.mark.parametrize("prompt", [None, "", "  ", {0: ""}])
def test_no_prompt_and_an_empty_one_are_refused(klein, tmp_path, prompt):
    with pytest.raises(BadInput, match="There is no prompt; say what the frames show"):
        klein.animate(prompt, output=tmp_path / "take", frames=1, **SMALL)
    assert not (tmp_path / "take").exists()


def test_a_settings_file_goes_before_defaults_and_after_what_is_asked_for(klein, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(
        '{"animation_mode": "2D", "max_frames": 3, "W": 96, "H": 64, "zoom": "0:(1.1)", "fps": 12,'
        ' "prompts": {"0": "hills"}, "diffusion_cadence": 1}'
    )
    made = shots.load(klein.animate(settings=file, output=tmp_path / "a", steps=2) / "shot")
    assert (len(made.frames), made.fps, made.schedules["zoom"], made.settings["cadence"]) == (3, 12, "0:(1.1)", 1)
    made = shots.load(klein.animate(settings=file, output=tmp_path / "b", steps=2, zoom="0:(1.0)", frames=1) / "shot")
    assert (len(made.frames), made.schedules["zoom"]) == (1, "0:(1.0)")


def test_flux_dev_means_flux_1_dev(tmp_path, monkeypatch):
    assert registry.resolve("flux-dev") == "flux.1-dev"
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelMissing, match=r"flux\.1-dev is not on this machine"):
        next(DeforumFlux("flux-dev", device="cpu").stream(prompt="hills", frames=1, width=64, height=64))


PROMISED = {  # mode, color coherence, noise, sharpened
    "smooth": ("pixel", "LAB", "perlin", True),
    "creative": ("latent", "Latent", "gaussian", True),
    "cinematic": ("pixel", "LAB", "perlin", True),
    "fast_preview": ("latent", None, "gaussian", False),
}


@pytest.mark.parametrize("name", PROMISED)
def test_a_preset_holds_what_its_name_promises(klein, name):
    preset = PRESETS[name]
    found = (preset.mode, preset.color_coherence, preset.noise_type, preset.sharpen_amount > 0)
    assert found == PROMISED[name]
    assert preset.name and preset.description and preset.noise_scale > 0
    assert PRESETS["fast_preview"].sharpen_amount == 0 and PRESETS["creative"].strength > PRESETS["smooth"].strength
    assert len(list(klein.stream(prompt="hills", preset=name, frames=3, **SMALL))) == 3


@pytest.mark.slow
def test_generate_from_video_is_as_long_as_the_video_and_keeps_its_motion(klein, film, tmp_path):
    kept = klein.generate_from_video(film, {0: "red hills"}, strength=0.5, preserve_motion=True, output=tmp_path / "a")
    alone = klein.generate_from_video(film, "red hills", 0.5, False, tmp_path / "b")
    made = shots.load(kept / "shot")
    assert (len(made.frames), made.fps, made.width, made.height) == (7, 12, 96, 64)
    assert made.settings["mode"] == "video"
    names = [writer.frame_name(k) for k in made.frames]
    assert writer.there(kept) == writer.there(alone) == names
    assert not np.array_equal(png.read(kept / names[6]), png.read(alone / names[6]))
    assert values(shots.load(alone / "shot").schedules["video_preserve"], Context(7), "video_preserve").max() == 0


def test_video_mode_lasts_as_long_as_its_video(klein, film, tmp_path):
    asked = {"mode": "video", "guide_video": str(film), "preserve_motion": False, **SMALL}
    made = klein.animate("hills", output=tmp_path / "a", **asked)
    assert len(shots.load(made / "shot").frames) == 7


def test_a_video_input_has_frames_and_optical_flow(film):
    processor = VideoInputProcessor(str(film), target_fps=12)
    frames = processor.extract_frames()
    assert len(frames) == len(processor) == 7 and frames[0].shape == (64, 96, 3)
    flows = processor.get_optical_flow()
    assert len(flows) == 6 and flows[0].shape == (64, 96, 2)
    assert np.median(flows[2][16:48, 24:72, 0]) == pytest.approx(4, abs=0.5)
    assert len(VideoInputProcessor(film, target_fps=6)) == 4
    with pytest.raises(BadInput, match="is not there"):
        VideoInputProcessor("none.mp4")


def test_a_preview_frame_follows_the_picture_before_it(klein):
    alone = klein.preview_frame("red hills", width=96, height=64)
    assert alone.shape == (64, 96, 3) and alone.dtype == np.uint8
    before = picture()
    calm = {"start_sigma": 0, "noise": 0, "feedback": "pixel", "padding": "wrap"}
    assert np.array_equal(klein.preview_frame("red hills", before, **calm), before)
    shifted = klein.preview_frame("red hills", before, {"translation_x": "0:(8)"}, **calm)
    assert np.array_equal(shifted, np.roll(before, 8, axis=1))
    again = klein.preview_frame("red hills", prev_image=before, motion_params={"zoom": "0:(1.05)"})
    assert again.shape == before.shape and not np.array_equal(again, before)


def test_stream_animation_calls_back_with_each_frame_as_it_comes(klein):
    heard = []
    prompts, moves = {0: "red hills", 2: "blue sea"}, {"zoom": "0:(1.05)"}
    stream = klein.stream_animation(prompts, moves, lambda i, frame: heard.append((i, frame)), frames=3, **SMALL)
    first = next(stream)
    assert [i for i, _ in heard] == [0] and heard[0][1] is first
    assert len(list(stream)) == 2 and [i for i, _ in heard] == [0, 1, 2]


def test_the_klein_pipeline_is_klein_of_its_size():
    assert KleinPreviewPipeline("4b").model == "flux.2-klein-4b"
    assert KleinPreviewPipeline(size="9b", device="cpu").model == "flux.2-klein-9b"
    assert {KleinPreviewPipeline("4b").model, KleinPreviewPipeline("9b").model} <= set(registry.MODELS)


def test_a_pipeline_generates_an_animation(klein, tmp_path):
    pipe = create_pipeline(version=klein.model, device="cpu")
    made = pipe.generate_animation(
        prompts={0: "red hills"},
        motion_params={"zoom": "0:(1.02)", "angle": "0:(1)"},
        num_frames=2,
        fps=12,
        strength=0.6,
        output_path=tmp_path / "take",
        seed=4,
        mode="latent",
        color_coherence="Latent",
        **SMALL,
    )
    shot = shots.load(made / "shot")
    assert (len(shot.frames), shot.fps, shot.seed, shot.settings["feedback"]) == (2, 12, 4, "latent")


@pytest.fixture
def midas(tmp_path, monkeypatch):
    """An estimator that takes what is low in the picture for near, in place of 1.4 GB of MiDaS."""

    def see(picture):
        rows = picture.new_tensor(np.linspace(3.0, 9.0, picture.shape[-2], dtype=np.float32))
        return rows[None, :, None].expand(picture.shape[0], -1, picture.shape[-1])

    asked = []
    model = estimators.DepthModel(see, estimators.KNOWN["dpt"][1])
    monkeypatch.setattr(estimators, "load", lambda name, device: asked.append(name) or model)
    return asked


def test_depth_is_between_0_and_1_and_near_things_move_more(midas):
    estimator = DepthEstimator("DPT_Large")
    image = picture()
    depth = estimator.estimate(image)
    assert midas == ["midas-dpt-large"]
    assert depth.shape == (64, 96) and depth.min() == 0 and depth.max() == 1
    assert depth[60].mean() > depth[4].mean(), "low is near, and near is 1"
    moved = estimator.warp_with_depth(image, depth, translation_z=10.0, fov=40.0)
    assert moved.shape == image.shape and moved.dtype == np.uint8
    assert np.array_equal(estimator.warp_with_depth(image, depth, 0.0), image)
    ramp = np.broadcast_to(2 * np.arange(96, dtype=np.uint8)[None, :, None], image.shape).copy()
    off = np.abs(estimator.warp_with_depth(ramp, depth, 10.0).astype(int) - ramp)[:, 10:40].mean((1, 2))
    assert off[56:].mean() > 1.5 * off[:8].mean() > 0, "a step forward moves what is near farther"
    with pytest.raises(BadInput, match="it must be the picture's"):
        estimator.warp_with_depth(image, depth[:10], 1.0)


def test_the_plans_documents_and_examples_stand_under_its_names():
    root = Path(__file__).resolve().parents[2]
    for name in ("docs/MIGRATION_FROM_SD_DEFORUM.md", "docs/API_REFERENCE.md"):
        assert (root / name).is_file()
    for name in ("simple_zoom", "3d_rotation", "prompt_journey", "klein_preview"):
        assert (root / "examples" / f"{name}.py").is_file()
    reference = (root / "docs/API_REFERENCE.md").read_text(encoding="utf-8")
    for name in ("DeforumFlux", "create_pipeline", "KleinPreviewPipeline", "DepthEstimator", "VideoInputProcessor"):
        assert f"`{name}" in reference, name
    for name in ("generate_from_video", "preview_frame", "stream_animation", "preserve_motion", *PRESETS):
        assert name in reference, name
