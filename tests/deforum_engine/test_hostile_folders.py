"""Folders that somebody else made: each is refused with a sentence before anything in it is opened as a model."""

import json
import os
import shutil
import struct

import pytest
import tiny_diffusion as tiny
from motion_bridge.errors import BadInput, OutOfMemory
from motion_bridge.models.load import ModelSelection, load, load_model
from safetensors.torch import load_file, save_file

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return {family: tiny.save(family, tmp_path_factory.mktemp(family)) for family in ("sd", "flux", "flux2-klein")}


@pytest.fixture
def folder(made, tmp_path):
    def copy(family):
        return shutil.copytree(made[family], tmp_path / family)

    return copy


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def refused(folder, match):
    with pytest.raises(BadInput, match=match) as caught:
        load(str(folder), "cpu")
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("family", ["sd", "flux", "flux2-klein"])
def test_what_is_whole_loads(folder, family):
    load(str(folder(family)), "cpu")


@pytest.mark.parametrize("family", ["sd", "flux", "flux2-klein"])
def test_a_tokenizer_without_its_vocabulary_is_refused(folder, family):
    where = folder(family)
    names = [each.name for each in where.iterdir() if each.name.startswith("tokenizer")]
    for name in names:
        (where / name / "tokenizer.json").unlink()
    refused(where, f"{names[0]}/ has no vocabulary: tokenizer.json")


def test_a_vocabulary_in_two_files_needs_both(folder):
    where = folder("sd")
    content = json.loads((where / "tokenizer" / "tokenizer.json").read_text())
    (where / "tokenizer" / "tokenizer.json").unlink()
    (where / "tokenizer" / "vocab.json").write_text(json.dumps(content["model"]["vocab"]))
    refused(where, r"tokenizer/ has no vocabulary: .* vocab\.json and merges\.txt is missing")
    (where / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    load(str(where), "cpu")


@pytest.mark.parametrize("vocabulary", [{}, {"a": 0}, None, "words"])
def test_a_vocabulary_without_words_is_refused(folder, vocabulary):
    where = folder("sd")
    path = where / "tokenizer" / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"] = vocabulary
    path.write_text(json.dumps(content))
    refused(where, r"tokenizer/tokenizer\.json holds no vocabulary")


@pytest.mark.parametrize(
    ("component", "entry"),
    [
        ("unet", "UNet2DConditionModel"),
        ("unet", "ab"),
        ("unet", None),
        ("unet", ["diffusers"]),
        ("unet", [None, None]),
        ("unet", [["diffusers"], "UNet2DConditionModel"]),
        ("scheduler", ["diffusers", "StableDiffusionPipeline"]),
        ("scheduler", ["diffusers", "DiffusionPipeline"]),
        ("scheduler", ["transformers", "CLIPTextModel"]),
        ("text_encoder", ["transformers", "AutoModel"]),
        ("text_encoder", ["transformers", "pipeline"]),
        ("tokenizer", ["transformers", "AutoTokenizer"]),
        ("vae", ["diffusers.models", "AutoencoderKL"]),
        ("vae", ["my_vae", "AutoencoderKL"]),
    ],
)
def test_a_component_of_a_class_that_is_not_on_the_list_is_refused(folder, component, entry):
    where = folder("sd")
    change(where / "model_index.json", **{component: entry})
    refused(where, f"{component} is .*(a library and a class belong there|whose code would have to be run)")


def test_a_part_that_no_such_pipeline_has_is_refused(folder):
    where = folder("sd")
    change(where / "model_index.json", prior=["diffusers", "FluxPipeline"])
    refused(where, "prior is no part of a StableDiffusionPipeline")


@pytest.mark.parametrize("saved_from", [None, 7, ["code", "Pipeline"], "DiffusionPipeline", "x" * 100_000])
def test_a_pipeline_of_another_class_is_refused(folder, saved_from):
    where = folder("sd")
    change(where / "model_index.json", _class_name=saved_from)
    refused(where, "this engine runs")


def test_a_registered_name_with_another_models_folder_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path / "models"))
    shutil.copytree(folder("sd"), tmp_path / "models" / "flux.1-dev")
    refused("flux.1-dev", "holds a StableDiffusionPipeline; flux.1-dev is a FluxPipeline")


@pytest.mark.parametrize(
    "values",
    [
        {"attn_implementation": "somebody/kernels"},
        {"_attn_implementation": "kernels-community/flash-attn2"},
        {"_attn_implementation": "flash_attention_2"},
        {"text_config": {"_attn_implementation_internal": "somebody/kernels:1"}},
        {"attn_implementation": {"text_config": "somebody/kernels"}},
        {"experts_implementation": "somebody/kernels"},
    ],
)
def test_an_attention_that_would_be_fetched_from_a_hub_is_refused(folder, values):
    where = folder("flux2-klein")
    change(where / "text_encoder" / "config.json", **values)
    refused(where, r"text_encoder/config\.json wants .* whose code would have to be run")


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"weight_map": None},
        {"weight_map": []},
        {"weight_map": {}},
        {"weight_map": {"a": 1}},
        {"weight_map": {"a": ["b"]}},
        {"weight_map": {"a": "../unet/diffusion_pytorch_model.safetensors"}},
        {"weight_map": {"a": "/etc/passwd"}},
        {"weight_map": {"a": "..\\a.safetensors"}},
        {"weight_map": {"a": "gone.safetensors"}},
        DEEP,
        "\0",
        '{"weight_map": NaN}',
    ],
)
def test_an_index_of_nonsense_is_refused(folder, content):
    where = folder("sd")
    index = where / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(content if isinstance(content, str) else json.dumps(content))
    refused(where, r"unet")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "text_encoder/config.json",
        "tokenizer/tokenizer.json",
        "tokenizer/tokenizer_config.json",
    ],
)
@pytest.mark.parametrize(
    "content", [DEEP, '{"a":' * 5000 + "1" + "}" * 5000, "\ud800", "", "7", "{", '{"a": NaN}', "{}"]
)
def test_documents_of_nonsense_are_refused(folder, name, content):
    where = folder("sd")
    (where / name).write_bytes(content.encode("utf-8", "surrogatepass"))
    if (name, content) in (("tokenizer/tokenizer_config.json", "{}"), ("scheduler/scheduler_config.json", "{}")):
        load(str(where), "cpu")  # all of it has defaults
    else:
        refused(where, str(where))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("unet", {"cross_attention_dim": 10**9}),
        ("unet", {"layers_per_block": 10**6}),
        ("unet", {"block_out_channels": "wide"}),
        ("unet", {"block_out_channels": []}),
        ("unet", {"down_block_types": ["os.system"]}),
        ("vae", {"latent_channels": -4}),
        ("vae", {"scaling_factor": "x"}),
        ("text_encoder", {"num_hidden_layers": 10**8}),
        ("text_encoder", {"vocab_size": 10**12}),
        ("text_encoder", {"hidden_size": "x"}),
        ("vae", {"_class_name": "AutoencoderTiny"}),
    ],
)
def test_numbers_that_no_network_has_are_refused(folder, name, values):
    where = folder("sd")
    change(where / name / "config.json", **values)
    refused(where, str(where))


def test_a_decoder_wider_than_any_memory_does_not_fit(folder):
    where = folder("sd")
    change(where / "vae" / "config.json", block_out_channels=[1 << 23] * 4)
    with pytest.raises(OutOfMemory, match="No size would fit"):
        load(str(where), "cpu")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 1 << 62),
        struct.pack("<Q", 99 << 20) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 10) + b'{"a":null}',
        struct.pack("<Q", 31) + b'{"a":{"shape":["x"],"b":"c"}   }',
        struct.pack("<Q", len(DEEP)) + DEEP.encode(),
    ],
)
def test_weights_with_a_header_of_nonsense_are_refused(folder, header):
    where = folder("sd")
    (where / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(header)
    refused(where, "unet/diffusion_pytorch_model.safetensors cannot be loaded")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
@pytest.mark.parametrize(
    "name",
    ["model_index.json", "unet/config.json", "tokenizer/tokenizer.json", "vae/diffusion_pytorch_model.safetensors"],
)
def test_a_pipe_instead_of_a_file_is_refused_at_once(folder, name):
    where = folder("sd")
    (where / name).unlink()
    os.mkfifo(where / name)
    refused(where, "device, pipe or socket")


def test_a_lora_that_brings_its_own_base_is_refused(folder):
    where = folder("sd")
    (where / "text_encoder" / "adapter_config.json").write_text('{"base_model_name_or_path": "somebody/model"}')
    refused(where, "adds weights of another model")


@pytest.mark.parametrize("file", ["unet/diffusion_pytorch_model", "text_encoder/model", "vae/diffusion_pytorch_model"])
def test_weights_that_are_missing_are_not_made_up(folder, file):
    where = folder("sd")
    weights = load_file(where / f"{file}.safetensors")
    gone = [name for name, weight in weights.items() if weight.dim() > 1][-1]
    del weights[gone]
    save_file(weights, where / f"{file}.safetensors")
    refused(where, f"{file.split('/')[0]} cannot be loaded: its files lack .*{gone}; download it again")


def test_a_network_of_another_kind_is_no_controlnet(made):
    with pytest.raises(BadInput, match=r"config\.json is of 'UNet2DConditionModel'; a ControlNetModel belongs there"):
        load_model(ModelSelection(str(made["sd"]), "cpu", control="depth", control_model=str(made["sd"] / "unet")))
