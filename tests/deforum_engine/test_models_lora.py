"""LoRA files: they change the picture by their strength, and one that was made for another model is refused by name."""

import pytest
import tiny_diffusion as tiny
import torch
from motion_bridge.errors import BackendFailed, BadInput
from motion_bridge.models import lora
from motion_bridge.models.image_model import Conditioning, NoiseSeed, image_to_image
from motion_bridge.models.load import ModelSelection, load_model
from safetensors.torch import save_file

RANK = 2
PARTS = {  # family → the name of a projection, as LoRA files of that family write it
    "flux2-klein": "transformer.transformer_blocks.0.attn.to_v",
    "flux": "transformer.transformer_blocks.0.attn.to_v",
    "sd": "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_v",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    made = {}

    def get(family):
        if family not in made:
            made[family] = tiny.save(family, tmp_path_factory.mktemp(family))
        return str(made[family])

    return get


def file_for(pipeline, name, path, seed=0):
    """A LoRA of one projection, large enough to be seen."""
    part, _, inner = name.partition(".")
    weight = getattr(pipeline, part).get_submodule(inner).weight
    generator = torch.Generator().manual_seed(seed)
    down = torch.randn(RANK, weight.shape[1], generator=generator)
    up = torch.randn(weight.shape[0], RANK, generator=generator)
    save_file({f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, path)
    return path


def picture():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))


def made_by(model, *weights):
    conditioning = Conditioning("red hills", steps=2, lora_weights=tuple(weights) or None)
    return image_to_image(model, picture(), 0.7, conditioning, NoiseSeed(3))


@pytest.mark.slow
@pytest.mark.parametrize("family", PARTS)
def test_a_lora_changes_the_picture_by_its_strength_at_every_frame(saved, family, tmp_path):
    pytest.importorskip("peft")
    plain = load_model(ModelSelection(saved(family), "cpu", (64, 64)))
    one = file_for(plain.parts.pipeline, PARTS[family], tmp_path / "one.safetensors")
    two = file_for(plain.parts.pipeline, PARTS[family], tmp_path / "two.safetensors", seed=1)
    alone = made_by(plain)
    changed = load_model(ModelSelection(saved(family), "cpu", (64, 64), loras=((one, 1.0), (two, 0.0))))
    first = made_by(changed)
    assert not torch.allclose(first, alone, atol=1e-4)
    assert torch.allclose(made_by(changed, 0.0, 0.0), alone, atol=1e-5)
    assert torch.equal(made_by(changed, 1.0, 0.0), first)
    assert not torch.allclose(made_by(changed, 1.0, 1.0), first, atol=1e-4)
    half = (made_by(changed, 0.5, 0.0) - alone).abs().mean()
    assert 0 < half < (first - alone).abs().mean()


def test_a_lora_of_the_text_encoder_changes_how_prompts_read(saved, tmp_path):
    pytest.importorskip("peft")
    plain = load_model(ModelSelection(saved("sd"), "cpu", (64, 64)))
    name = "text_encoder.encoder.layers.0.self_attn.q_proj"
    if not hasattr(plain.parts.pipeline.text_encoder, "encoder"):
        name = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj"
    file = file_for(plain.parts.pipeline, name, tmp_path / "words.safetensors")
    model = load_model(ModelSelection(saved("sd"), "cpu", (64, 64), loras=((file, 1.0),)))
    strong, none = made_by(model, 1.0), made_by(model, 0.0)
    assert not torch.equal(strong, none)
    assert torch.allclose(none, made_by(plain), atol=1e-5)
    assert torch.equal(made_by(model, 1.0), strong)


def test_a_lora_for_another_model_names_what_does_not_fit(saved, tmp_path):
    pytest.importorskip("peft")
    file = tmp_path / "other.safetensors"
    weights = {}
    for at in range(6):
        for factor, shape in (("A", (RANK, 32)), ("B", (32, RANK))):
            weights[f"transformer.transformer_blocks.{at}.attn.to_q.lora_{factor}.weight"] = torch.zeros(shape)
    save_file(weights, file)
    with pytest.raises(
        BadInput, match=r"other\.safetensors was made for another model; 5 parts.*blocks\.1\.attn.* and 1 more"
    ):
        load_model(ModelSelection(saved("flux2-klein"), "cpu", (64, 64), loras=((file, 1.0),)))


def test_a_lora_of_another_width_says_that_it_does_not_fit(saved, tmp_path):
    pytest.importorskip("peft")
    name, file = PARTS["flux2-klein"], tmp_path / "wide.safetensors"
    wide = {f"{name}.lora_A.weight": torch.zeros(RANK, 64), f"{name}.lora_B.weight": torch.zeros(64, RANK)}
    save_file(wide, file)
    with pytest.raises(BadInput, match=r"wide\.safetensors does not fit this model: .*size mismatch"):
        load_model(ModelSelection(saved("flux2-klein"), "cpu", (64, 64), loras=((file, 1.0),)))


@pytest.mark.slow
def test_lora_files_that_are_missing_broken_or_pickled_are_refused(saved, tmp_path):
    pytest.importorskip("peft")

    def loaded(file):
        load_model(ModelSelection(saved("flux2-klein"), "cpu", (64, 64), loras=((file, 1.0),)))

    with pytest.raises(BadInput, match=r"gone\.safetensors is not there"):
        loaded(tmp_path / "gone.safetensors")
    (tmp_path / "old.bin").write_bytes(b"pickle")
    with pytest.raises(BadInput, match=r"old\.bin is not a safetensors file; others are not opened"):
        loaded(tmp_path / "old.bin")
    (tmp_path / "cut.safetensors").write_bytes(b"\x00" * 5)
    with pytest.raises(BadInput, match=r"cut\.safetensors cannot be read as a LoRA"):
        loaded(tmp_path / "cut.safetensors")
    save_file({}, tmp_path / "empty.safetensors")
    with pytest.raises(BadInput, match=r"empty\.safetensors is empty"):
        loaded(tmp_path / "empty.safetensors")


def test_without_peft_it_says_what_to_install(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(lora, "find_spec", lambda name: None)
    with pytest.raises(BackendFailed, match="pip install peft"):
        load_model(ModelSelection(saved("flux2-klein"), "cpu", (64, 64), loras=((tmp_path / "a.safetensors", 1.0),)))
