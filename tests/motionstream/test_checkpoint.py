"""Weights of every known layout are read, checked name by name, and nothing that does not fit is passed over."""

import json

import pytest
import tiny_motionstream as tiny
import torch
from motion_bridge.engines.motionstream.checkpoints import checkpoint, inference_config, load
from motion_bridge.engines.motionstream.checkpoints.convert import convert
from motion_bridge.engines.motionstream.checkpoints.key_mapping import HEAD, UNUSED, diffusers_name, listed
from motion_bridge.engines.motionstream.network.student import Student
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from motion_bridge.engines.motionstream.network.track_map import cells_by_rounding, embed_ids, track_map
from motion_bridge.errors import BadInput, ModelMissing
from safetensors.torch import load_file, save_file

LAYOUT = tiny.trackwan_layout()
WITH_PICTURE = {**tiny.SHAPE, "image_dim": 20, "added_kv_proj_dim": 48}


def each_tensor():
    return [(name, facts) for name, facts in LAYOUT["tensors"].items() if not UNUSED.fullmatch(name.format(i=0))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    student, head, *_ = tiny.networks()
    place = tmp_path_factory.mktemp("checkpoint") / "transformer"
    checkpoint.save(student, head, place)
    return place


def state_of(folder):
    return load_file(folder / checkpoint.FILE)


def config_of(folder):
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("size", ["1.3B", "14B"])
def test_the_open_checkpoints_have_exactly_our_names_and_shapes(size):
    expected = {}
    for name, facts in each_tensor():
        for block in range(LAYOUT["blocks"][size] if "{i}" in name else 1):
            expected[name.format(i=block)] = tuple(facts[size])
    config = LAYOUT["config"][size]
    with torch.device("meta"):
        ours = {name: tuple(tensor.shape) for name, tensor in Student(**config).state_dict().items()}
        head = TrackHead(64, 16).state_dict()
        ours |= {HEAD + name: tuple(tensor.shape) for name, tensor in head.items()}
        found = {name: torch.empty(shape) for name, shape in expected.items()}
    assert ours == expected
    weights = checkpoint.fit(found, config, "here")
    assert weights.said == () and {**config, **weights.config} == {**weights.config, "pos_embed_seq_len": None}


@pytest.mark.parametrize("program", ["fastvideo", "original"])
def test_other_programs_names_are_understood(program):
    for name, facts in each_tensor():
        if program in facts:
            assert diffusers_name(facts[program].format(i=7)) == name.format(i=7)
        assert diffusers_name(name.format(i=7)) == name.format(i=7)


def test_what_a_folder_holds_is_what_was_saved(folder):
    student, head, *_ = tiny.networks()
    weights = checkpoint.load(folder)
    read, read_head = checkpoint.build(weights, "cpu", torch.float32)
    for one, other in ((student, read), (head, read_head)):
        assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in one.state_dict().items())
    clip, told = torch.randn(1, 16, 3, 8, 8), torch.randn(1, 5, 32)
    nothing: list = [None] * 2
    with torch.no_grad():
        before = student.chunk(clip, torch.ones(1), student.read_text(told), nothing)[0]
        after = read.chunk(clip, torch.ones(1), read.read_text(told), nothing)[0]
    assert torch.equal(before, after)


def test_weights_in_several_files_and_in_half_precision_are_read(folder, tmp_path):
    state = {name: tensor.bfloat16() for name, tensor in state_of(folder).items()}
    names = sorted(state)
    for number, part in enumerate((names[:20], names[20:])):
        save_file({name: state[name] for name in part}, tmp_path / f"part-{number}.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config_of(folder)), encoding="utf-8")
    student, _ = checkpoint.build(checkpoint.load(tmp_path), "cpu", torch.bfloat16)
    assert student.blocks[0].attn1.to_q.weight.dtype == torch.bfloat16
    assert student.scale_shift_table.dtype == student.blocks[0].norm2.weight.dtype == torch.float32


def test_missing_superfluous_and_misshapen_tensors_are_all_listed(folder):
    state = state_of(folder)
    for block in (0, 1):
        del state[f"blocks.{block}.attn2.to_k.bias"]
    del state["track_encoder.proj.weight"]
    state["blocks.1.attn3.weight"] = torch.zeros(2)
    state["proj_out.weight"] = torch.zeros(16, 47)
    with pytest.raises(BadInput) as fault:
        checkpoint.fit(state, config_of(folder), "there")
    said = str(fault.value)
    assert "Missing: blocks.0-1.attn2.to_k.bias." in said
    assert "Missing: track_encoder.proj.weight." in said
    assert "Not known: blocks.1.attn3.weight." in said
    assert "proj_out.weight is (16, 47) and should be (16, 48)" in said


def test_a_list_of_names_leaves_none_out():
    names = [f"blocks.{k}.a" for k in (0, 1, 2, 5)] + ["b", "blocks.3.c"]
    assert listed(names) == "blocks.0-2,5.a, b, blocks.3.c"


@pytest.mark.parametrize(("channels", "says"), [(12, "for tracks"), (4, "for a mask, a first frame and tracks")])
def test_wans_own_weights_are_widened_with_zeros_and_it_is_said(channels, says, tmp_path):
    torch.manual_seed(0)
    plain = Student(**{**tiny.SHAPE, "in_channels": channels})
    weights = checkpoint.fit(plain.state_dict(), {"attention_head_dim": 24}, "there")
    assert "no track head" in weights.said[0]
    # a head made for 64-wide identities has 16 channels, as the open checkpoints do
    assert weights.said[1] == f"The patch embedding was widened from {channels} to 28 channels, with zeros {says}."
    student, head = checkpoint.build(weights, "cpu", torch.float32)
    clip, told = torch.randn(1, 28, 3, 8, 8), torch.randn(1, 5, 32)
    with torch.no_grad():
        wide = student.chunk(clip, torch.ones(1), student.read_text(told), [None] * 2)[0]
        own = plain.chunk(clip[:, :channels], torch.ones(1), plain.read_text(told), [None] * 2)[0]
    torch.testing.assert_close(wide, own, atol=1e-6, rtol=1e-5)
    assert not any(tensor.any() for tensor in head.state_dict().values())


def test_channels_that_no_wan_model_has_are_refused():
    odd = Student(**{**tiny.SHAPE, "in_channels": 13}).state_dict()
    with pytest.raises(BadInput, match="takes 13 channels; a Wan model of 4 latent channels takes 4, 12 or"):
        checkpoint.fit(odd, {"attention_head_dim": 24}, "there")
    with pytest.raises(BadInput, match="does not hold a Wan transformer"):
        checkpoint.fit({"a": torch.zeros(1)}, {}, "there")


def test_a_head_trained_without_biases_gets_zeros_which_say_the_same(folder):
    state = {name: tensor for name, tensor in state_of(folder).items() if not name.endswith("conv.bias")}
    weights = checkpoint.fit(state, config_of(folder), "there")
    assert weights.said == () and not weights.head["temporal_conv.bias"].any()


def test_a_model_that_looks_at_the_first_frame_twice_sees_what_the_teachers_forward_sees():
    torch.manual_seed(0)
    student = Student(**WITH_PICTURE).eval()
    clip, words, seen = torch.randn(1, 16, 3, 8, 8), torch.randn(1, 512, 32), torch.randn(1, 7, 20)
    with torch.no_grad():
        text = student.read_text(words, seen)
        ours = student.chunk(clip, torch.tensor([0.7]), text, [None] * 2)[0]
        theirs = student(clip, torch.tensor([700.0]), words, encoder_hidden_states_image=seen).sample
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    head = {HEAD + name: tensor for name, tensor in TrackHead(64, 4).state_dict().items()}
    weights = checkpoint.fit({**student.state_dict(), **head}, {"attention_head_dim": 24, "image_dim": 3}, "there")
    assert weights.config["image_dim"] == 20, "config.json counted more than the weights"


def test_the_track_head_gives_the_open_checkpoints_numbers():
    case = LAYOUT["head_case"]
    head = TrackHead(8, 4)
    c, d, t = torch.meshgrid(torch.arange(4), torch.arange(8), torch.arange(4), indexing="ij")
    o, i = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    with torch.no_grad():
        head.temporal_conv.weight.copy_(((((c + 1) * 3 + (d + 1) * 5 + (t + 1) * 7) % 11 - 5) / 10)[..., None, None])
        head.temporal_conv.bias.copy_(torch.tensor(case["temporal_conv.bias"]))
        head.proj.weight.copy_(((((o + 1) * 2 + (i + 1) * 3) % 7 - 3) / 10)[..., None, None, None])
        head.proj.bias.copy_(torch.tensor(case["proj.bias"]))
    across = torch.arange(9) / 8
    half, one = torch.full((9,), 0.5), torch.ones(9)
    points = torch.stack([torch.stack([across, half], -1), torch.stack([one, across], -1)])
    visible = torch.ones(2, 9, dtype=torch.bool)
    visible[1, 4:7] = False
    drawn = track_map(points, visible, embed_ids(torch.tensor(case["ids"]), 8), 3, 5, cells_by_rounding)
    with torch.no_grad():
        found = head(drawn[None], starts_clip=True)
        empty = head(torch.zeros_like(drawn)[None], starts_clip=True)
    assert list(found.shape) == case["expected"]["shape"]
    for latent, channel in ((0, 0), (1, 0), (2, 3)):
        expected = torch.tensor(case["expected"][f"latent{latent}_ch{channel}"])
        torch.testing.assert_close(found[0, channel, latent].flatten(), expected.flatten(), atol=1e-4, rtol=0)
    assert found.sum().item() == pytest.approx(case["expected"]["sum"], abs=1e-3)
    torch.testing.assert_close(
        empty[0, :, 1, 1, 2], torch.tensor(case["all_hidden_cell_per_channel"]), atol=1e-4, rtol=0
    )


def test_identities_are_embedded_as_the_open_checkpoints_do():
    (found,) = embed_ids(torch.tensor([3]), 64)
    facts = LAYOUT["id3_dim64"]
    torch.testing.assert_close(found[:4], torch.tensor(facts["cos_0_3"]), atol=1e-6, rtol=0)
    torch.testing.assert_close(found[32:36], torch.tensor(facts["sin_0_3"]), atol=1e-6, rtol=0)
    torch.testing.assert_close(found[[31, 63]], torch.tensor([facts["cos_31"], facts["sin_31"]]), atol=1e-6, rtol=0)


def test_an_open_checkpoint_is_run_with_the_noise_levels_it_was_trained_with():
    assert [round(level, 8) for level in inference_config.OPEN.levels] == LAYOUT["student_sigmas"]
    assert [1000 * level for level in inference_config.OPEN.levels] == pytest.approx(LAYOUT["student_timesteps"])


def test_a_pickle_is_refused(folder, tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    torch.save({}, tmp_path / "weights.bin")
    with pytest.raises(BadInput, match="is a pickle"):
        checkpoint.load(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"not one")
    with pytest.raises(BadInput, match="is damaged or cut short"):
        checkpoint.load(tmp_path)


def test_how_a_model_is_run_stands_beside_its_weights(tmp_path):
    inference_config.write(tiny.USAGE, tmp_path)
    assert inference_config.read(tmp_path) == tiny.USAGE
    assert inference_config.read(tmp_path / "elsewhere") == inference_config.OPEN
    said = json.loads((tmp_path / inference_config.FILE).read_text())
    for change, complaint in (
        ({"chunk": 0}, "chunk is 0"),
        ({"levels": [0.9, 0.5]}, "must fall from 1"),
        ({"cells": "hexagons"}, "cells is 'hexagons'"),
        ({"version": 2}, "another format or version"),
        ({"speed": 3}, "does not say how its model is run"),
    ):
        (tmp_path / inference_config.FILE).write_text(json.dumps({**said, **change}))
        with pytest.raises(BadInput, match=complaint):
            inference_config.read(tmp_path)


def test_a_codec_that_does_not_fit_is_refused_with_every_name(tmp_path):
    tiny.save(tmp_path)
    path = tmp_path / "codec" / load.CODEC
    state = load_file(path)
    del state["decoder.enter.bias"]
    save_file({**state, "decoder.exit.bias": torch.zeros(1)}, path)
    with pytest.raises(BadInput, match=r"Missing: decoder\.enter\.bias\. Not known: decoder\.exit\.bias\."):
        load.load(str(tmp_path))


def test_a_known_model_that_is_not_here_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelMissing, match="hf download H1yori233/Track-v0"):
        load.folder_of("track-v0")
    (tmp_path / "track-v0").mkdir()
    assert load.folder_of("track-v0") == tmp_path / "track-v0"


def test_comfyuis_prefix_is_understood(folder):
    for prefix in ("model.diffusion_model.", "diffusion_model."):
        state = {prefix + name: tensor for name, tensor in state_of(folder).items()}
        weights = checkpoint.fit(state, config_of(folder), "there")
        assert weights.said == () and weights.transformer.keys() == checkpoint.load(folder).transformer.keys()


def test_fun_controls_first_frame_is_kept_and_its_control_is_left_out_and_said():
    """Its channels are noise, control, first frame; ours noise, mask, first frame, tracks."""
    torch.manual_seed(0)
    with torch.device("meta"):
        wide = Student(**{**tiny.SHAPE, "in_channels": 48, "out_channels": 16}).state_dict()
    state = {name: torch.zeros(tensor.shape) for name, tensor in wide.items()}
    state["patch_embedding.weight"] = torch.randn(state["patch_embedding.weight"].shape)
    before = state["patch_embedding.weight"]
    weights = checkpoint.fit(state, {"attention_head_dim": 24}, "there")
    weight = weights.transformer["patch_embedding.weight"]
    assert weight.shape[1] == 52 and torch.equal(weight[:, :16], before[:, :16])
    assert torch.equal(weight[:, 20:36], before[:, 32:]) and not weight[:, 16:20].any() and not weight[:, 36:].any()
    assert any("control channels are left out" in line for line in weights.said)


def test_wans_five_billion_model_is_refused_by_name():
    with torch.device("meta"):
        shapes = Student(**{**tiny.SHAPE, "in_channels": 48, "out_channels": 48}).state_dict()
    state = {name: torch.zeros(tensor.shape) for name, tensor in shapes.items()}
    with pytest.raises(BadInput, match=r"Wan2\.2 TI2V-5B.*Start from Wan2\.1"):
        checkpoint.fit(state, {"attention_head_dim": 24}, "there")


@pytest.mark.parametrize("pair", load.EXPERTS)
def test_a_pair_of_experts_is_refused_because_one_would_be_forgotten(tmp_path, pair):
    for name in pair:
        (tmp_path / "model" / name).mkdir(parents=True)
    with pytest.raises(BadInput, match=f"two experts of Wan2.2 A14B, {pair[0]} for strong noise"):
        load.load(str(tmp_path / "model"))
    with pytest.raises(BadInput, match="two experts"):
        convert(tmp_path / "model", tmp_path / "out", "wan")
