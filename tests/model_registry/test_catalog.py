"""What can be fetched, which of its files, and what is here of it."""

import pytest
from motion_bridge.errors import BadInput
from motion_bridge.model_registry import catalog
from motion_bridge.model_registry.catalog import Presence


def needed(name, *paths):
    return set(catalog.find(name).needed(list(paths)))


def test_half_precision_is_taken_where_a_model_is_fetched_in_it():
    paths = (
        "model_index.json",
        "sd_xl_base_1.0.safetensors",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.fp16.safetensors",
        "unet/diffusion_flax_model.msgpack",
        "vae_1_0/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/pytorch_model.bin",
        "text_encoder/model.fp16.safetensors",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "safety_checker/model.fp16.safetensors",
    )
    assert needed("sdxl", *paths) == {
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16.safetensors",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
    }


def test_a_part_without_half_precision_is_taken_as_it_is():
    assert "vae/diffusion_pytorch_model.safetensors" in needed("sdxl", "vae/diffusion_pytorch_model.safetensors")


def test_the_index_of_shards_that_are_not_taken_is_not_taken_either():
    paths = (
        "unet/diffusion_pytorch_model.safetensors.index.json",
        "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
        "unet/diffusion_pytorch_model.safetensors.index.fp16.json",
        "unet/diffusion_pytorch_model.fp16-00001-of-00001.safetensors",
        "unet/pytorch_model.bin.index.json",
    )
    assert needed("sdxl", *paths) == set(paths[2:4])


def test_a_controlnet_lies_at_the_root_of_its_repository():
    paths = (
        "config.json",
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "a/b.json",
    )
    assert needed("sdxl-depth", *paths) == set(paths[:2])


@pytest.mark.parametrize(
    "name", ["flux.1-dev", "flux.1-schnell", "sdxl-turbo", "flux.1-depth", "depth-anything-v2-large"]
)
def test_gated_and_non_commercial_models_ask_to_be_agreed_to(name):
    entry = catalog.find(name)
    assert entry.asks and entry.page in entry.asks


@pytest.mark.parametrize("name", ["flux.2-klein-4b", "lcm", "midas-dpt-large", "sd-1.5"])
def test_free_models_ask_nothing(name):
    assert not catalog.find(name).asks


def test_a_name_that_is_misspelled_gets_the_nearest_one():
    with pytest.raises(BadInput, match=r"did you mean 'flux\.2-klein-4b'"):
        catalog.find("flux2-klein-4b")


def test_what_is_here_is_told_without_opening_it(models):
    entry = catalog.find("flux.2-klein-4b")
    assert catalog.state(entry).presence is Presence.MISSING
    (models / "flux.2-klein-4b.part").mkdir(parents=True)
    (models / "flux.2-klein-4b.part" / "x").write_bytes(bytes(1000))
    assert catalog.state(entry).presence is Presence.INCOMPLETE
    assert catalog.state(entry).gigabytes == pytest.approx(1e-6)
    (models / "flux.2-klein-4b.part").rename(models / "flux.2-klein-4b")
    assert catalog.state(entry).presence is Presence.READY


def test_blenders_python_finds_what_other_programs_fetched(models, tmp_path, monkeypatch):
    """It has no huggingface_hub."""
    monkeypatch.setattr("motion_bridge.model_registry.registry.find_spec", lambda name: None)
    entry = catalog.find("flux.2-klein-4b")
    assert catalog.state(entry).presence is Presence.MISSING
    cached = tmp_path / "hf/hub/models--black-forest-labs--FLUX.2-klein-4B/snapshots" / entry.revision
    cached.mkdir(parents=True)
    state = catalog.state(entry)
    assert (state.presence, state.folder, state.ours) == (Presence.READY, cached, False)


def test_every_video_model_that_the_menu_names_can_be_fetched():
    from motion_bridge.model_registry import video_registry

    for name, model in video_registry.MODELS.items():
        entry = catalog.find(name)
        assert (entry.kind, entry.repository, entry.gigabytes) == (
            catalog.VIDEO_MODEL,
            model.repository,
            model.download,
        )
        limited = bool(video_registry.FAMILIES[model.family].license) or model.gated
        assert bool(entry.asks) == limited, name
    assert needed(
        "wan2.2-i2v-14b",
        "model_index.json",
        "transformer_2/diffusion_pytorch_model-00001-of-00012.safetensors",
        "transformer/config.json",
        "text_encoder/model.safetensors",
        "assets/logo.png",
        "high_noise_model/model.safetensors",
    ) == {
        "model_index.json",
        "transformer_2/diffusion_pytorch_model-00001-of-00012.safetensors",
        "transformer/config.json",
        "text_encoder/model.safetensors",
    }


def test_a_missing_video_model_names_the_command_that_gets_it(tmp_path, monkeypatch):
    from motion_bridge.errors import ModelMissing
    from motion_bridge.model_registry import video_registry

    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with pytest.raises(ModelMissing, match="motion-bridge models get sana-wm"):
        video_registry.folder_of("sana-wm")
