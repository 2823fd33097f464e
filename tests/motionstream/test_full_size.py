"""Full-size models, with tiny random networks: the whole Wan autoencoder as a stream, and other people's folders."""

import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tiny_motionstream as tiny
import tiny_wan as full
import torch
from disk import Disk
from motion_bridge.cli import main
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.motionstream.checkpoints import checkpoint, inference_config, load, tiny_decoder
from motion_bridge.engines.motionstream.checkpoints.convert import convert
from motion_bridge.engines.motionstream.engine import engine
from motion_bridge.engines.motionstream.network import text_encoder, wan_vae
from motion_bridge.engines.motionstream.network.student import Student
from motion_bridge.engines.motionstream.network.tiny_decoder import TinyDecoder
from motion_bridge.errors import BadInput
from safetensors.torch import load_file, save_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    return full.save(tmp_path_factory.mktemp("full"))


def small(settings, **more):
    return tiny.shot(width=64, height=48, frames=14, settings={"device": "cpu", **settings}, **more)


def run(shot, made=()):
    return list(frames_alone(engine.frames(shot, Disk(made), list)))


@pytest.fixture(autouse=True)
def little(monkeypatch):
    """The area that open checkpoints draw is brought down to what a test can wait for."""
    monkeypatch.setattr(inference_config, "OPEN", replace(inference_config.OPEN, width=64, height=48, grey=2))


@pytest.mark.slow
def test_streaming_decode_is_whole_decode():
    vae = full.vae()
    latents = torch.randn(1, 16, 7, 4, 6, generator=torch.Generator().manual_seed(0))
    decoder = wan_vae.WanDecoder(vae)
    mean, std = (torch.tensor(each).view(1, -1, 1, 1, 1) for each in (vae.config.latents_mean, vae.config.latents_std))
    with torch.no_grad():
        whole = vae.decode(latents * std + mean).sample
    parts, memory = [], None
    for start, stop in ((0, 1), (1, 4), (4, 7)):
        shown, memory = decoder(latents[:, :, start:stop], memory)
        parts.append(shown)
    assert whole.shape == (1, 3, 25, 32, 48)
    torch.testing.assert_close(torch.cat(parts, dim=2), whole, atol=1e-4, rtol=0)


def test_two_streams_of_one_autoencoder_do_not_disturb_each_other():
    decoder = wan_vae.WanDecoder(full.vae())
    one, other = torch.randn(2, 1, 16, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    _, memory = decoder(one)
    decoder(other)
    again, _ = decoder(other, memory)
    _, fresh = decoder(one)
    expected, _ = decoder(other, fresh)
    assert torch.equal(again, expected)


def test_the_first_frame_is_encoded_as_the_start_of_a_clip_that_goes_on_grey():
    vae = full.vae()
    picture = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    first = wan_vae.encode_first(vae, picture, grey=3)
    clip = torch.zeros(1, 3, 13, 32, 48)
    clip[0, :, 0] = picture
    mean, std = (torch.tensor(each).view(1, -1, 1, 1, 1) for each in (vae.config.latents_mean, vae.config.latents_std))
    with torch.no_grad():
        whole = ((vae.encode(clip).latent_dist.mode() - mean) / std)[0]
    assert torch.equal(first.latent, whole[:, 0])
    assert torch.equal(first.unknown(range(1, 6)), torch.cat([whole[:, 1:], whole[:, 3:].expand(-1, 2, -1, -1)], dim=1))


@pytest.mark.slow
def test_an_open_checkpoint_streams_one_frame_and_then_twelve_at_a_time(folder):
    made = run(small({"model": str(folder)}))
    assert [frame.notes["chunk"] for frame in made] == [0] + 12 * [1] + [2]
    assert all(frame.pixels.shape == (48, 64, 3) and frame.pixels.std() > 0 for frame in made)
    rest = run(small({"model": str(folder)}), made[:5])
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(made[5:], rest, strict=True))


@pytest.mark.slow
def test_prompt_and_first_frame_reach_the_model_by_their_encoders(folder):
    plain = run(small({"model": str(folder)}))[1].pixels
    assert not np.array_equal(plain, run(small({"model": str(folder)}, prompts={1: "fog"}))[1].pixels)
    loaded = load.load(str(folder))
    pictures = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one, other = (loaded.look(picture) for picture in pictures)
    assert one.shape == (1, 5, 20) and not torch.equal(one, other)
    words = loaded.words("a red   hill")
    assert words.shape == (1, 512, 16) and torch.equal(words, loaded.words("a red hill"))
    assert not words[0, 20:].any(), "behind its end a text is zeros"


@pytest.mark.parametrize("part", ["text_encoder", "image_encoder", "vae", "transformer"])
def test_a_folder_without_one_of_its_parts_is_refused_by_name(folder, tmp_path, part):
    shutil.copytree(folder, tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / part)
    with pytest.raises(BadInput, match=part):
        run(small({"model": str(tmp_path / "model")}))


def test_an_autoencoder_whose_weights_do_not_fit_is_refused(folder, tmp_path):
    shutil.copytree(folder / "vae", tmp_path / "vae")
    (path,) = (tmp_path / "vae").glob("*.safetensors")
    state = load_file(path)
    state["decoder.conv_more.weight"] = state.pop("decoder.conv_in.weight")
    save_file(state, path)
    with pytest.raises(BadInput, match=r"decoder\.conv_in\.weight, decoder\.conv_more\.weight"):
        wan_vae.load(tmp_path / "vae", "cpu", torch.float32)


def test_an_open_checkpoint_has_no_tiny_decoder_and_says_so(folder):
    with pytest.raises(BadInput, match="no tiny decoder"):
        run(small({"model": str(folder), "decoder": "tiny"}))


@pytest.mark.slow
def test_a_tiny_decoder_at_full_size_streams_and_is_taken_where_there_is_one(folder, tmp_path):
    torch.manual_seed(3)
    decoder = TinyDecoder(16, (12, 8, 8, 8), 1).eval()
    latents = torch.randn(1, 16, 7, 4, 6)
    with torch.no_grad():
        whole, _ = decoder(latents)
        first, memory = decoder(latents[:, :, :3])
        second, _ = decoder(latents[:, :, 3:], memory)
    assert whole.shape == (1, 3, 25, 32, 48)
    torch.testing.assert_close(torch.cat([first, second], dim=2), whole, atol=1e-4, rtol=0)
    assert sum(each.numel() for each in TinyDecoder().parameters()) == pytest.approx(9.84e6, rel=0.01)
    shutil.copytree(folder, tmp_path / "model")
    tiny_decoder.save(decoder, tmp_path / "model" / "tiny_decoder")
    best, small_one, full_one = (
        run(small({"model": str(tmp_path / "model"), "decoder": name}))[1].pixels for name in ("", "tiny", "full")
    )
    assert np.array_equal(best, small_one) and not np.array_equal(best, full_one)
    state = load_file(tmp_path / "model" / "tiny_decoder" / tiny_decoder.FILE)
    save_file({**state, "more": torch.zeros(1)}, tmp_path / "model" / "tiny_decoder" / tiny_decoder.FILE)
    with pytest.raises(BadInput, match="Not known: more"):
        load.load(str(tmp_path / "model"))


def original_names(student):
    """The weights as Wan's own releases name them."""
    state = student.state_dict()
    named = {}
    for name, facts in tiny.trackwan_layout()["tensors"].items():
        for block in range(2 if "{i}" in name else 1):
            if name.format(i=block) in state and "original" in facts:
                named[facts["original"].format(i=block)] = state[name.format(i=block)]
    assert len(named) == len(state)
    return named


def test_wan_moves_weights_are_converted_and_run(folder, tmp_path, capsys):
    moving = full.transformer(in_channels=36, image_dim=None, added_kv_proj_dim=None)
    source = tmp_path / "wan-move"
    shutil.copytree(folder, source, ignore=shutil.ignore_patterns("transformer", "image_encoder"))
    save_file(original_names(moving), source / "weights.safetensors")
    (source / "config.json").write_text('{"attention_head_dim": 24, "dim": 48, "in_dim": 36}', encoding="utf-8")
    assert main.main(["convert", str(source), "--output", str(tmp_path / "out"), "--kind", "wan-move"]) == 0
    told = capsys.readouterr()
    assert "widened from 36 to 52 channels, with zeros for tracks" in told.err and "Saved: " in told.out
    loaded = checkpoint.load(tmp_path / "out" / "transformer")
    weight = loaded.transformer["patch_embedding.weight"]
    assert torch.equal(weight[:, :36], moving.patch_embedding.weight) and not weight[:, 36:].any()
    use = inference_config.read(tmp_path / "out")
    assert use.carries
    inference_config.write(replace(use, width=64, height=48, grey=2), tmp_path / "out")
    made = run(small({"model": str(tmp_path / "out")}))
    assert len(made) == 14
    with pytest.raises(BadInput, match="not empty"):
        convert(source, tmp_path / "out")


def test_a_folder_with_nothing_to_convert_is_refused(tmp_path, capsys):
    assert main.main(["convert", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "holds no safetensors" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_text_to_video_weights_are_widened_for_first_frame_and_tracks(tmp_path):
    plain = Student(**{**full.SHAPE, "in_channels": 16, "image_dim": None, "added_kv_proj_dim": None})
    save_file(plain.state_dict(), tmp_path / "t2v.safetensors")
    # no config.json: attention is taken to be 128 wide, as in all of Wan's models, and 48 is not
    with pytest.raises(BadInput, match="Misshapen"):
        convert(tmp_path / "t2v.safetensors", tmp_path / "out", "wan")


def taehv_names(widths, channels=16):
    """The names and shapes of a published TAEHV file, whose encoder nobody needs here."""
    state, place = {"decoder.1.weight": (widths[0], channels, 3, 3), "decoder.1.bias": (widths[0],)}, 3
    for width, wider, times in zip(widths, widths[1:], (1, 2, 2), strict=False):
        for block in range(place, place + 3):
            for layer, seen in ((0, 2 * width), (2, width), (4, width)):
                state[f"decoder.{block}.conv.{layer}.weight"] = (width, seen, 3, 3)
                state[f"decoder.{block}.conv.{layer}.bias"] = (width,)
        state[f"decoder.{place + 4}.conv.weight"] = (width * times, width, 1, 1)
        state[f"decoder.{place + 5}.weight"] = (wider, width, 3, 3)
        place += 6
    state |= {"decoder.22.weight": (3, widths[-1], 3, 3), "decoder.22.bias": (3,), "encoder.0.weight": (64, 3, 3, 3)}
    make = torch.Generator().manual_seed(0)
    inputs = {name: math.prod(shape[1:]) or 1 for name, shape in state.items()}  # so that nothing grows on its way
    return {name: torch.randn(shape, generator=make) / inputs[name] ** 0.5 for name, shape in state.items()}


def test_taehvs_own_file_is_a_tiny_decoder(folder, tmp_path):
    place = tmp_path / "model" / "tiny_decoder"
    shutil.copytree(folder, tmp_path / "model")
    place.mkdir()
    save_file(taehv_names((12, 8, 8, 8)), place / "taew2_1.safetensors")
    decoder = tiny_decoder.load(place)
    latents = torch.randn(1, 16, 7, 4, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole, _ = decoder(latents)
        first, memory = decoder(latents[:, :, :1])
        second, memory = decoder(latents[:, :, 1:4], memory)
        third, _ = decoder(latents[:, :, 4:], memory)
    assert whole.shape == (1, 3, 25, 32, 48) and whole.abs().max() <= 1 and whole.std() > 0.05
    torch.testing.assert_close(torch.cat([first, second, third], dim=2), whole, atol=1e-5, rtol=0)
    made = run(small({"model": str(tmp_path / "model"), "decoder": "tiny"}))
    assert len(made) == 14 and made[5].pixels.std() > 0
    published = taehv_names((256, 128, 64, 64))
    assert sum(t.numel() for name, t in published.items() if name.startswith("decoder.")) == pytest.approx(
        9.84e6, rel=0.01
    )
    save_file(published, place / "taew2_1.safetensors")
    assert tiny_decoder.load(place)(torch.zeros(1, 16, 1, 2, 2))[0].shape == (1, 3, 1, 16, 16)


def test_a_taehv_file_that_does_not_fit_or_is_a_pickle_is_refused(tmp_path):
    state = taehv_names((12, 8, 8, 8))
    save_file({**state, "decoder.22.weight": torch.zeros(12, 8, 3, 3)}, tmp_path / "taew2_2.safetensors")
    with pytest.raises(BadInput, match=r"decoder\.22\.weight is \(12, 8, 3, 3\) and should be \(3, 8, 3, 3\)"):
        tiny_decoder.load(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / "taew2_2.safetensors")
    with pytest.raises(BadInput, match="does not hold a TAEHV decoder"):
        tiny_decoder.load(tmp_path)
    (tmp_path / "taew2_2.safetensors").unlink()
    torch.save({}, tmp_path / "taew2_1.pth")
    with pytest.raises(BadInput, match="is a pickle"):
        tiny_decoder.load(tmp_path)


def test_text_and_picture_encoders_are_on_the_device_only_while_they_read(folder, monkeypatch):
    """cpu:0 stands for a card: a device of another name, on which the same numbers come out."""
    import transformers

    moves = []
    for kind in (transformers.UMT5EncoderModel, transformers.CLIPVisionModel):
        real = kind.to

        def watched(self, device, real=real, name=kind.__name__):
            moves.append((name, str(device)))
            return real(self, device)

        monkeypatch.setattr(kind, "to", watched)
    words = text_encoder.T5(folder, "cpu:0", torch.float32)
    first = words("a red hill")
    assert torch.equal(words("a  red hill"), first)  # read once
    assert moves == [("UMT5EncoderModel", place) for place in ("cpu", "cpu:0", "cpu")]
    moves.clear()
    text_encoder.look_at(torch.zeros(3, 48, 64), folder, "cpu:0", torch.float32)
    assert moves == [("CLIPVisionModel", place) for place in ("cpu:0", "cpu")]


def test_a_text_encoder_that_does_not_fit_is_read_through_layer_by_layer_with_the_same_numbers(folder, monkeypatch):
    whole = text_encoder.T5(folder, "cpu", torch.float32)("a red hill")
    small = text_encoder.T5(folder, "cpu", torch.float32)
    monkeypatch.setattr(small, "fits", lambda: False)
    assert torch.equal(small("a red hill"), whole)
    assert not torch.equal(small("a blue sea"), whole)
