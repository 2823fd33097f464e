"""Training stages run from one command each, and an interrupted run goes on as if nothing had happened."""

import json
import shutil

import pytest
import torch
from motion_bridge.engines.motionstream.checkpoints import checkpoint, inference_config, load
from motion_bridge.errors import BadInput
from safetensors.torch import load_file
from training.common import loop
from training.video import pack
from training.video.stages import load_codec, load_source, main


def run(stage, folder, steps=1):
    main([stage, "--folder", str(folder), "--steps", str(steps), "--threads", "1"])


def test_a_run_that_breaks_off_goes_on_as_if_it_had_not(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)

    def train(folder, breaks_at=None):
        torch.manual_seed(0)
        model = torch.nn.Linear(8, 3)

        def loss(step, generator):
            if step == breaks_at:
                raise KeyboardInterrupt
            given = torch.randn(16, 8, generator=generator)
            return (model(given) - given[:, :3]).square().mean()

        return loop.train(folder, model, loss, steps=60, rate=1e-2)

    whole = train(tmp_path / "whole").state_dict()
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", breaks_at=23)
    again = train(tmp_path / "parts").state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    lines = (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert losses[-1] < losses[0]


def test_each_part_of_a_model_may_learn_at_its_own_rate(tmp_path):
    torch.manual_seed(0)
    parts = torch.nn.ModuleDict({"quick": torch.nn.Linear(4, 1), "slow": torch.nn.Linear(4, 1)})
    before = {name: tensor.clone() for name, tensor in parts.state_dict().items()}

    def loss(step, generator):
        given = torch.randn(8, 4, generator=generator)
        return sum((part(given) - 3).square().mean() for part in parts.values())

    loop.train(tmp_path, parts, loss, steps=20, rate={"quick": 1e-2, "slow": 1e-4})
    moved = {name: (tensor - before[name]).abs().max() for name, tensor in parts.state_dict().items()}
    assert moved["quick.bias"] > 20 * moved["slow.bias"] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_every_stage_leaves_weights_that_the_next_one_finds(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for stage in ("codec", "teacher", "causal", "ways", "ode", "dmd"):
        run(stage, tmp_path)
    weights = {stage: load_file(tmp_path / f"{stage}.safetensors") for stage in ("teacher", "causal", "ode", "dmd")}
    head = "head.proj.weight"
    assert torch.equal(weights["causal"][head], weights["teacher"][head])  # frozen after the teacher
    before, after = (weights[stage]["student.proj_out.weight"] for stage in ("ode", "dmd"))
    assert not torch.equal(before, after)

    pack.main(["--folder", str(tmp_path), "--to", str(tmp_path / "model")])
    packed = load.load(str(tmp_path / "model"))
    assert torch.allclose(packed.generator.student.proj_out.weight, after, atol=1e-3)
    assert (
        packed.generator.usage == inference_config.read(tmp_path / "model") and packed.generator.usage.answers == "rest"
    )
    assert checkpoint.load(tmp_path / "model" / "teacher").config["num_layers"] == 1


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("stage", "before"), [("teacher", "codec"), ("causal", "teacher"), ("dmd", "ode")])
def test_a_stage_says_which_one_must_come_before_it(folder, tmp_path, stage, before):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "codec.safetensors").rename(tmp_path / "kept")
    if before != "codec":
        (tmp_path / "kept").rename(tmp_path / "codec.safetensors")
        if before != "teacher":
            run("teacher", tmp_path, steps=0)
    with pytest.raises(BadInput, match=f"run the stage {before} first"):
        run(stage, tmp_path)


def test_without_clips_nothing_can_be_trained(tmp_path):
    with pytest.raises(BadInput, match="run the stage clips first"):
        run("codec", tmp_path)


def test_the_linear_codec_shows_the_clips_before_any_training(folder):
    codec, source = load_codec(folder), load_source(folder)
    frames = source.bank.pictures([0, 5], slice(0, 17))
    with torch.no_grad():
        latents = codec.encoder(frames)
        shown, _ = codec.decoder(latents)
    error = (shown - frames).square().mean()
    assert 10 * torch.log10(4 / error) > 20  # decibels
    assert 0.5 < latents.std() < 2
    assert torch.allclose(latents, torch.from_numpy(source.latents[[0, 5], :, :5]).float(), atol=0.01)
