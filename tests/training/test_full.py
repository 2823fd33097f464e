"""The full-size path, run with tiny networks in Wan's own layout, in bfloat16, through accelerate."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from motion_bridge.errors import BadInput
from motion_bridge.motionstream import checkpoint
from motion_bridge.motionstream.track_head import TrackHead
from motion_bridge.training import __main__ as command
from motion_bridge.training import full, loop
from motion_bridge.training.recipe import FULL
from safetensors.torch import load_file


def neighbour(name):
    """A module of the MotionStream tests, which know how to save tiny models."""
    path = Path(__file__).parents[1] / "motionstream" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"motionstream_{name}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Wan's weights without a track head, as T2V has them: 16 channels."""
    wan = neighbour("full")
    folder = wan.save(tmp_path_factory.mktemp("wan"))
    plain = wan.transformer(in_channels=16, image_dim=None, added_kv_proj_dim=None)
    with torch.no_grad():
        head = TrackHead(64, 16)
        for tensor in head.parameters():
            tensor.zero_()
    checkpoint.save(plain, head, folder / "transformer")
    return folder


@pytest.fixture
def run(folder, base, tmp_path, monkeypatch):
    """Stages at full size with batches of one clip of two chunks."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    stages = {name: replace(getattr(FULL, name), sizes=((1, 6),)) for name in ("teacher", "causal", "ode", "dmd")}
    monkeypatch.setattr(command, "FULL", replace(FULL, way=3, every=1, **stages))
    (tmp_path / "clips").mkdir()
    for name in ("frames.npy", "points.npy", "visible.npy", "clips.json"):
        (tmp_path / "clips" / name).symlink_to(folder / "clips" / name)

    def run(stage, steps=1):
        place = ["--folder", str(tmp_path), "--base", str(base)]
        command.main([stage, "--steps", str(steps), "--threads", "1", *place])
        path = tmp_path / f"{stage}.safetensors"
        return load_file(path) if path.exists() else {}

    return run


def test_every_stage_runs_at_full_size_and_goes_on_where_it_was(run, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    run("teacher", steps=1)
    again = run("teacher", steps=2)  # goes on from the pieces of the first
    assert (tmp_path / "teacher" / "state").is_dir()
    assert again["transformer.patch_embedding.weight"].shape[1] == 52
    assert all(tensor.dtype == torch.float32 and tensor.isfinite().all() for tensor in again.values())
    assert again["head.proj.weight"].any()  # the base had none
    for stage in ("causal", "ways", "ode", "dmd"):
        made = run(stage)
    assert {name.split(".")[0] for name in made} == {"student", "head"}


def test_the_widened_channels_are_learned(base):
    teacher = full.base_teacher(FULL, base)
    weight = teacher.transformer.patch_embedding.weight
    assert not weight[:, 16:].any() and weight[:, :16].any() and weight.requires_grad
    assert teacher.head.proj.weight.any() and teacher.answers == "velocity" and not teacher.carries


def test_clips_that_wans_autoencoder_cannot_take_are_refused(folder, base, tmp_path):
    import numpy as np

    (tmp_path / "clips").mkdir()
    for name in ("frames", "points", "visible"):
        np.save(tmp_path / "clips" / f"{name}.npy", np.load(folder / "clips" / f"{name}.npy")[:, :32])
    (tmp_path / "clips" / "clips.json").write_text(json.dumps([{"words": [], "look": 0}] * 8))
    with pytest.raises(BadInput, match="32 frames"):
        full.base_source(tmp_path, base, "cpu")
