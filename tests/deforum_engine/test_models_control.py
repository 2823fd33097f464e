"""Structure and reference pictures: what they are drawn from, and that every family that takes them follows them."""

import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.pipelines.controlnet.pipeline_controlnet import StableDiffusionControlNetPipeline
from diffusers.pipelines.controlnet.pipeline_controlnet_sd_xl import StableDiffusionXLControlNetPipeline
from diffusers.pipelines.flux.pipeline_flux_controlnet import FluxControlNetPipeline
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.models import control_images, image_model
from motion_bridge.models.image_model import Conditioning, ControlImage, NoiseSeed, image_to_image
from motion_bridge.models.load import ModelSelection, load_model

WIDTH, HEIGHT = 96, 64
CONTROLLED = {"sd": "sd", "lcm": "lcm", "sdxl": "sdxl", "flux": "flux", "flux-union": "flux", "flux-hint": "flux"}


def of_seed(seed):
    return torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of a family's tiny pipeline, or of a ControlNet."""
    made = {}

    def get(kind, save):
        if (kind, save) not in made:
            made[kind, save] = save(kind, tmp_path_factory.mktemp(kind))
        return str(made[kind, save])

    return get


@pytest.fixture(scope="module")
def controlled(saved):
    made = {}

    def get(net):
        if net not in made:
            folder, beside = saved(CONTROLLED[net], tiny.save), saved(net, tiny.save_control)
            made[net] = load_model(
                ModelSelection(folder, "cpu", (WIDTH, HEIGHT), control="depth", control_model=beside)
            )
        return made[net]

    return get


@pytest.mark.slow
@pytest.mark.parametrize("net", CONTROLLED)
def test_a_controlnet_changes_the_picture_as_strongly_as_it_is_told_to(controlled, net):
    model, picture, shape = controlled(net), of_seed(1), of_seed(2)

    def made(strength, shown=shape):
        conditioning = Conditioning("red hills", steps=2, structure=ControlImage(shown, "depth", strength))
        return image_to_image(model, picture, 0.7, conditioning, NoiseSeed(3))

    alone = image_to_image(model, picture, 0.7, Conditioning("red hills", steps=2), NoiseSeed(3))
    assert torch.allclose(made(0.0), alone, atol=1e-5)
    differences = [float((made(strength) - alone).abs().mean()) for strength in (0.1, 1.0)]
    assert 0 < differences[0] < differences[1]
    assert not torch.equal(made(1.0), made(1.0, of_seed(4)))
    assert torch.equal(made(1.0), made(1.0))


def test_a_flux_controlnet_does_what_diffusers_pipeline_does(controlled, saved, monkeypatch):
    # theirs draws the structure's latents with a little noise, ours takes their middle
    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mode())
    for net in ("flux", "flux-union", "flux-hint"):
        model, shape = controlled(net), of_seed(2)
        with torch.inference_mode():
            noise = image_model.noise_for(model.encode(of_seed(1)), NoiseSeed(5))
            conditioning = Conditioning("red hills", steps=2, structure=ControlImage(shape, "depth", 0.6))
            found = model.decode(model.denoise(torch.zeros_like(noise), noise, 1.0, conditioning, 5)).clamp(0, 1)
            beside = FluxControlNetModel.from_pretrained(saved(net, tiny.save_control))
            pipeline = FluxControlNetPipeline(**model.parts.pipeline.components, controlnet=beside)
            pipeline.set_progress_bar_config(disable=True)
            expected = pipeline(
                "red hills",
                control_image=shape * 2 - 1,
                control_mode=2 if net == "flux-union" else None,
                controlnet_conditioning_scale=0.6,
                latents=model.pack(noise),
                num_inference_steps=2,
                guidance_scale=model.guidance,
                width=WIDTH,
                height=HEIGHT,
                output_type="pt",
            ).images
        assert (found - expected).abs().max() < 1e-4, net


@pytest.mark.parametrize(
    ("net", "pipeline_class"),
    [("sd", StableDiffusionControlNetPipeline), ("sdxl", StableDiffusionXLControlNetPipeline)],
)
def test_a_stable_diffusion_controlnet_does_what_diffusers_pipeline_does(controlled, saved, net, pipeline_class):
    model, shape = controlled(net), of_seed(2)
    with torch.inference_mode():
        noise = image_model.noise_for(model.encode(of_seed(1)), NoiseSeed(5))
        conditioning = Conditioning("red hills", "", 4.0, 3, ControlImage(shape, "depth", 0.6))
        found = model.denoise(torch.zeros_like(noise), noise, 1.0, conditioning, 5)
        beside = ControlNetModel.from_pretrained(saved(net, tiny.save_control))
        more = {"requires_safety_checker": False} if net == "sd" else {"add_watermarker": False}
        pipeline = pipeline_class(**model.parts.pipeline.components, controlnet=beside, **more)
        pipeline.set_progress_bar_config(disable=True)
        expected = pipeline(
            "red hills",
            image=shape,
            controlnet_conditioning_scale=0.6,
            latents=noise,
            num_inference_steps=3,
            guidance_scale=4.0,
            width=WIDTH,
            height=HEIGHT,
            output_type="latent",
        ).images
    assert (found - expected).abs().max() < 1e-3 * expected.abs().max()


def test_a_model_made_for_structure_follows_it_and_wants_it(saved):
    folder = saved("flux-control", tiny.save)
    model = load_model(ModelSelection(folder, "cpu", (WIDTH, HEIGHT), control="depth"))

    def made(shape, strength=1.0):
        conditioning = Conditioning("hills", steps=2, structure=ControlImage(shape, "depth", strength))
        return image_to_image(model, of_seed(1), 0.7, conditioning, NoiseSeed(3))

    assert not torch.equal(made(of_seed(2)), made(of_seed(4)))
    with pytest.raises(BadInput, match="set control to depth or canny"):
        image_to_image(model, of_seed(1), 0.7, Conditioning("hills", steps=2), NoiseSeed(3))
    with pytest.raises(BadInput, match=r"control_strength is 0\.5, make it 1"):
        made(of_seed(2), 0.5)
    with pytest.raises(BadInput, match="was made to follow structure"):
        load_model(ModelSelection(folder, "cpu", (WIDTH, HEIGHT)))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["flux2", "flux2-klein"])
def test_a_reference_is_read_along_and_encoded_once(saved, family):
    model = load_model(ModelSelection(saved(family, tiny.save), "cpu", (WIDTH, HEIGHT)))
    encoded = []
    model.parts.pipeline.vae.encoder.register_forward_pre_hook(lambda *_: encoded.append(1))
    shown, reference = of_seed(1), torch.rand(1, 3, 50, 70, generator=torch.Generator().manual_seed(2))

    def made(reference):
        return image_to_image(model, shown, 0.7, Conditioning("hills", steps=2, reference=reference), NoiseSeed(3))

    alone, with_it = made(None), made(reference)
    assert with_it.shape == alone.shape
    assert not torch.equal(with_it, alone)
    encoded.clear()
    assert torch.equal(made(reference), with_it)
    assert len(encoded) == 1  # the picture; the reference is remembered


def test_a_reference_does_what_diffusers_pipeline_does(saved):
    model = load_model(ModelSelection(saved("flux2-klein", tiny.save), "cpu", (WIDTH, HEIGHT)))
    bytes_shown = (of_seed(2)[0].permute(1, 2, 0) * 255).round().byte().numpy()
    reference = (torch.from_numpy(bytes_shown).float() / 255).permute(2, 0, 1)[None]
    from PIL import Image

    with torch.inference_mode():
        noise = image_model.noise_for(model.encode(of_seed(1)), NoiseSeed(5))
        conditioning = Conditioning("hills", steps=2, reference=reference)
        found = model.decode(model.denoise(torch.zeros_like(noise), noise, 1.0, conditioning, 5)).clamp(0, 1)
        expected = model.parts.pipeline(
            image=Image.fromarray(bytes_shown),
            prompt="hills",
            latents=noise,
            num_inference_steps=2,
            guidance_scale=1.0,
            width=WIDTH,
            height=HEIGHT,
            output_type="pt",
        ).images
    assert (found - expected).abs().max() < 1e-4


def test_what_a_model_does_not_take_is_refused_by_name(saved):
    with pytest.raises(BadInput, match="follows no structure; set control to none"):
        load_model(ModelSelection(saved("flux2-klein", tiny.save), "cpu", control="depth"))
    with pytest.raises(BadInput, match="control is 'pose'; choose one of none, depth, canny"):
        load_model(ModelSelection(saved("sd", tiny.save), "cpu", control="pose"))
    model = load_model(ModelSelection(saved("sd", tiny.save), "cpu"))
    with pytest.raises(BadInput, match="takes no reference picture"):
        image_to_image(model, of_seed(1), 0.5, Conditioning("a", steps=1, reference=of_seed(2)), NoiseSeed(1))


def test_a_controlnet_that_is_not_here_says_how_to_get_it(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    sd = saved("sd", tiny.save)
    with pytest.raises(ModelMissing, match=r"sd-canny is not on this machine .*models get sd-canny"):
        load_model(ModelSelection(sd, "cpu", control="canny"))
    with pytest.raises(BadInput, match=r"flux\.1-depth is not for depth on a sd model; choose one of sd-depth"):
        load_model(ModelSelection(sd, "cpu", control="depth", control_model="flux.1-depth"))
    with pytest.raises(BadInput, match="did you mean 'sd-depth'"):
        load_model(ModelSelection(sd, "cpu", control="depth", control_model="sd-deph"))
    (tmp_path / "sd-canny").mkdir()
    with pytest.raises(BadInput, match=r"cannot be loaded as a ControlNet: config\.json is missing"):
        load_model(ModelSelection(sd, "cpu", control="canny"))


def planes(height=60, width=80, focal=70.0):
    """Depth of two walls that meet in a corner, and of a board in front of them."""
    v, u = np.mgrid[:height, :width] + 0.5
    rays = np.stack([(u - width / 2) / focal, (v - height / 2) / focal, np.ones_like(u)], -1)
    depth = np.maximum(5 / (rays @ np.array([0.5, 0.1, 1])), 5 / (rays @ np.array([-0.5, 0.1, 1])))
    depth[20:40, 20:36] = 2
    return depth.astype(np.float32), focal


def test_a_wall_keeps_its_gray_while_the_camera_moves_on():
    depth = np.full((3, 4, 6), 8, np.float32)
    depth[1, :, :3] = 2
    depth[2, 0] = np.inf
    ends = control_images.near_range(depth)
    assert ends == pytest.approx((0, 0.5))
    grays = [control_images.of_depth(each, ends) for each in depth]
    assert grays[0].shape == (1, 3, 4, 6)
    assert torch.allclose(grays[0], torch.tensor(0.25))
    assert float(grays[1][0, 0, 0, 0]) == 1 and float(grays[1][0, 0, 0, 5]) == 0.25
    assert float(grays[2][0, 0, 0, 0]) == 0 and float(grays[2][0, 0, 1, 0]) == 0.25


def test_one_leaf_before_the_lens_does_not_own_the_range():
    depth = np.full((1, 100, 100), 10, np.float32)
    depth[0, :, 50:] = 5
    depth[0, 0, :10] = 0.01
    assert control_images.near_range(depth) == pytest.approx((0.1, 0.2))


@pytest.mark.parametrize("precision", [np.float32, np.float16])
def test_edges_are_where_surfaces_end_or_bend_and_nowhere_else(precision):
    depth, focal = planes()
    found = control_images.of_edges(depth.astype(precision), None, focal)[0, 0].numpy() > 0
    board = np.zeros_like(found)
    board[20:40, 20:36] = True
    rim = board & ~(np.roll(board, 1, 0) & np.roll(board, -1, 0) & np.roll(board, 1, 1) & np.roll(board, -1, 1))
    assert found[rim].all()
    corner = np.zeros_like(found)
    corner[:, 39:41] = True
    assert found[corner].reshape(-1, 2).any(1).all()
    assert not found[~rim & ~corner].any()


def test_things_that_touch_are_told_apart_by_what_they_are():
    flat = np.full((8, 8), 3, np.float32)
    index = np.ones((8, 8), np.uint16)
    index[:, 5:] = 2
    found = control_images.of_edges(flat, index, 10.0)[0, 0]
    assert found[:, 4].all() and found.sum() == 8
