"""What the model is shown beside the picture and the words, in whole jobs: structure, a reference, LoRA strengths."""

from dataclasses import replace
from typing import Any

import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from disk import Disk, made_and_told
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import conditioning
from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.models import load
from motion_bridge.models.image_model import Conditioning
from motion_bridge.models.stable_diffusion import StableDiffusion
from motion_bridge.shot import Shot
from safetensors.torch import save_file

WIDTH, HEIGHT, COUNT = 72, 64, 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}

    def get(kind, save=tiny.save):
        if (kind, save) not in made:
            made[kind, save] = save(kind, tmp_path_factory.mktemp(kind))
        return str(made[kind, save])

    return get


def shot_of(model, schedules=None, **settings) -> Shot:
    poses = [scenes.pose((0.2 * k, 0, 0.1 * k), (0, 0, 0)) for k in range(COUNT)]
    return scenes.shot(
        poses,
        [scenes.intrinsics(WIDTH, HEIGHT)] * COUNT,
        WIDTH,
        HEIGHT,
        np.array([[-1.0, 0.3, 5.0]] * COUNT),
        prompts={1: "red hills"},
        schedules={"steps_schedule": "0:(2)", **(schedules or {})},
        settings={"model": model, "device": "cpu", **settings},
        seed=11,
    )


def run(shot, disk=None):
    return list(frames_alone(engine.frames(shot, disk or Disk(), list)))


def differ(some, others):
    return [not np.array_equal(a.pixels, b.pixels) for a, b in zip(some, others, strict=True)]


@pytest.fixture
def seen_by_model(monkeypatch):
    """What Stable Diffusion is asked for at each frame."""
    found: list[Conditioning] = []
    real = StableDiffusion.denoise

    def denoise(self: Any, latent: Any, noise: Any, sigma: float, conditioning: Conditioning, seed: int) -> Any:
        found.append(conditioning)
        return real(self, latent, noise, sigma, conditioning, seed)

    monkeypatch.setattr(StableDiffusion, "denoise", denoise)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["depth", "canny"])
def test_the_scenes_structure_reaches_the_model_at_every_frame(folders, seen_by_model, kind):
    asked = {"control": kind, "control_model": folders("sd", tiny.save_control)}
    made = run(shot_of(folders("sd"), {"control_strength": "0:(1), 2:(0.5)"}, **asked))
    assert [
        conditioning.structure.strength for conditioning in seen_by_model if conditioning.structure
    ] == pytest.approx([1, 0.75, 0.5])
    seen = [each.structure.picture for each in seen_by_model if each.structure]
    assert all(each.shape == (1, 3, HEIGHT, WIDTH) and 0 <= each.min() < each.max() <= 1 for each in seen)
    assert not torch.equal(seen[0], seen[1])
    assert all(differ(made, run(shot_of(folders("sd")))))


def test_grays_of_depth_are_steady_over_the_shot(folders, seen_by_model):
    asked = {"control": "depth", "control_model": folders("sd", tiny.save_control)}
    shot = shot_of(folders("sd"), **asked)
    run(shot)
    assert shot.depth is not None
    grays = [
        float(each.structure.picture[0, 0, 10, 36]) / (1 / float(depth[10, 36]) - 1 / float(np.max(shot.depth)))
        for each, depth in zip(seen_by_model, shot.depth, strict=True)
        if each.structure
    ]
    assert grays == pytest.approx([grays[0]] * COUNT, rel=1e-3)


@pytest.mark.slow
def test_flux_depth_control_runs_a_whole_job(folders):
    made = run(shot_of(folders("flux-control"), control="depth"))
    assert [frame.index for frame in made] == list(range(COUNT))


def test_structure_without_depth_is_refused_before_the_model_is_loaded(folders):
    shot = shot_of("no such folder", control="depth", motion="2D")
    bare = Shot(**{**vars(shot), "depth": None, "objects": None})
    with pytest.raises(BadInput, match="control follows the scene's depth, which this Shot does not hold"):
        run(bare)


def test_what_the_settings_need_of_the_scene_includes_structure():
    assert "depth" in engine.needs({**engine.defaults, "motion": "2D", "control": "canny"})
    assert not engine.needs({**engine.defaults, "motion": "2D"})


@pytest.mark.slow
def test_the_first_frame_is_read_along_by_all_that_follow(folders, tmp_path):
    model = folders("flux2-klein")
    alone, referred = run(shot_of(model)), run(shot_of(model, reference="first"))
    assert differ(alone, referred) == [False, True, True]
    rest = run(shot_of(model, reference="first"), Disk(referred[:2]))
    assert np.array_equal(rest[0].pixels, referred[2].pixels)
    other = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    (tmp_path / "face.png").write_bytes(png.encode(other))
    assert all(differ(alone, run(shot_of(model, reference=str(tmp_path / "face.png")))))


def test_a_reference_for_a_model_that_takes_none_is_refused_at_once(folders):
    with pytest.raises(BadInput, match=r"takes no reference picture; set reference to none, or use FLUX\.2"):
        run(shot_of(folders("sd"), reference="first"))


@pytest.mark.slow
def test_lora_strengths_are_schedules(folders, seen_by_model, tmp_path):
    pytest.importorskip("peft")
    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_v"
    ones = {f"{name}.lora_A.weight": torch.ones(2, 16), f"{name}.lora_B.weight": torch.ones(16, 2)}
    save_file(ones, tmp_path / "one.safetensors")
    file = str(tmp_path / "one.safetensors")
    made = run(shot_of(folders("sd"), loras=[[file, "0:(0), 2:(1)"], file, [file, 0.25]]))
    weights = [each.lora_weights for each in seen_by_model]
    assert weights == [(0.0, 1.0, 0.25), (0.5, 1.0, 0.25), (1.0, 1.0, 0.25)]
    assert all(differ(made, run(shot_of(folders("sd")))))


@pytest.mark.parametrize("wrong", ["a.safetensors", [["a.safetensors", [1]]], [{"file": "a"}], [[1, 2]]])
def test_a_list_of_loras_that_is_none_says_how_to_write_it(folders, wrong):
    with pytest.raises(BadInput, match=r'write \[\["FILE\.safetensors", 0\.8\]'):
        run(shot_of(folders("sd"), loras=wrong))


def test_a_resumed_job_keeps_the_precision_it_began_with(folders, monkeypatch):
    shot = shot_of(folders("sd"), precision="fp8")
    whole = run(shot)
    assert whole[0].notes["precision"] == "fp8"
    asked = []
    real = conditioning.choice
    monkeypatch.setattr(conditioning, "choice", lambda *given: asked.append(real(*given)) or asked[-1])
    rest = run(shot_of(folders("sd")), Disk(whole[:2]))
    assert [choice.precision for choice in asked] == ["fp8"]
    assert np.array_equal(rest[0].pixels, whole[2].pixels)


def test_it_is_told_once_how_the_model_runs_and_what_size_it_takes(folders, capfd, monkeypatch):
    monkeypatch.setattr(load, "_last", [])  # a model that is loaded already says nothing
    _, told = made_and_told(engine.frames(shot_of(folders("flux2-klein")), Disk(), list))
    assert all(at == 0 for _, at in told)
    (runs,) = [sentence for sentence, _ in told if "runs on" in sentence]
    assert "runs on cpu in fp32; all of it stays there" in runs
    (size,) = [sentence for sentence, _ in told if "multiples" in sentence]
    assert size == (
        "The model takes sizes in multiples of 16: frames are made at 80x64, their edges mirrored, and cut to 72x64."
    )
    assert "multiples of" not in capfd.readouterr().err, "it is said a second time"


@pytest.mark.parametrize("texts", [{"negative": {3: "people"}}, {"prompts": {1: "hills", 3: "hills --neg people"}}])
def test_a_negative_prompt_that_begins_late_is_refused_before_the_first_frame(folders, texts):
    shot = replace(shot_of(folders("flux2-klein")), **texts)
    made = []
    with pytest.raises(BadInput, match="knows no negative prompt; take the negative out"):
        made.extend(frames_alone(engine.frames(shot, Disk(), list)))
    assert not made
