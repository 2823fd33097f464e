"""The full-size path, run with tiny networks in Wan's own layout, in bfloat16, through accelerate."""

import json
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from motion_bridge.engines.motionstream.network import wan_vae
from motion_bridge.errors import BadInput
from safetensors.torch import load_file
from training.common import loop
from training.video import full
from training.video import stages as command
from training.video.recipe import FULL


@pytest.fixture
def run(folder, base, tmp_path, monkeypatch):
    """Stages at full size with batches of one clip of two chunks."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    stages = {
        name: replace(getattr(FULL, name), sizes=((1, 6),)) for name in ("teacher", "teacher2", "causal", "ode", "dmd")
    }
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


@pytest.mark.slow
def test_every_stage_runs_at_full_size_and_goes_on_where_it_was(run, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    run("teacher", steps=1)
    again = run("teacher", steps=2)  # goes on from the pieces of the first
    assert (tmp_path / "teacher" / "state-00000002").is_dir()
    assert again["transformer.patch_embedding.weight"].shape[1] == 52
    assert all(tensor.dtype == torch.float32 and tensor.isfinite().all() for tensor in again.values())
    assert again["head.proj.weight"].any()  # the base had none
    second = run("teacher2")  # the second time, its head stays as it is
    assert all(torch.equal(second[name], again[name]) for name in again if name.startswith("head."))
    assert not torch.equal(second["transformer.proj_out.weight"], again["transformer.proj_out.weight"])
    for stage in ("causal", "ways", "ode", "dmd"):
        made = run(stage)
    assert torch.equal(made["head.proj.weight"], second["head.proj.weight"])
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
        full.base_source(tmp_path / "clips", base, Accelerator())


def test_a_base_that_sees_the_first_frame_through_clip_as_well_is_refused_for_training(tmp_path):
    """No stage trains that branch, so nothing would say that it is out of date."""
    import tiny_wan

    folder = tiny_wan.save(tmp_path)  # with image_dim
    with pytest.raises(BadInput, match="through CLIP"):
        full.base_teacher(FULL, folder)


def test_first_frames_are_encoded_in_training_as_they_are_in_use(folder, base, tmp_path):
    """Wan's encoder remembers the picture while it sees the gray behind it."""
    import shutil

    shutil.copytree(folder / "clips", tmp_path / "clips", ignore=shutil.ignore_patterns("latents.npy"))
    source = full.base_source(tmp_path / "clips", base, Accelerator(cpu=True))
    batch = source.batch([0, 5], 4, torch.Generator().manual_seed(0))
    vae = wan_vae.load(base / "vae", "cpu", torch.float32)
    for clip, told in zip((0, 5), batch.first, strict=True):
        picture = source.bank.pictures([clip], slice(0, 1))[0, :, 0]
        used = wan_vae.encode_first(vae, picture, 30)
        assert torch.allclose(told.latent, used.latent, atol=2e-3)  # the bank keeps float16
        later = range(1, 9)  # as far as clips of 33 frames go
        assert torch.allclose(told.unknown(later), used.unknown(later), atol=2e-3)
    assert not torch.allclose(batch.first[0].unknown(range(1, 2)), batch.first[1].unknown(range(1, 2)), atol=2e-3)
