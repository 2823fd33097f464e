"""Depth estimators: tiny random ones, saved and loaded as the real ones are."""

import sys
from types import SimpleNamespace

import pytest
import torch
from motion_bridge.engines.deforum.loop import depth as depths
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.models import depth, midas_small
from safetensors.torch import save_file
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
)


def dpt():
    return DPTForDepthEstimation(
        DPTConfig(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=16,
            image_size=32,
            patch_size=8,
            backbone_out_indices=[0, 1, 2, 3],
            neck_hidden_sizes=[8, 8, 8, 8],
            fusion_hidden_size=8,
            is_hybrid=False,
        )
    )


def depth_anything():
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28, "patch_size": 14}
    backbone = Dinov2Config.from_dict({**shape, "out_features": ["stage1", "stage2"], "reshape_hidden_states": False})
    return DepthAnythingForDepthEstimation(
        DepthAnythingConfig(
            backbone_config=backbone,
            reassemble_hidden_size=16,
            patch_size=14,
            neck_hidden_sizes=[8, 8],
            reassemble_factors=[2, 1],
            fusion_hidden_size=8,
            head_hidden_size=8,
        )
    )


@pytest.fixture(scope="module", params=[(dpt, "midas"), (depth_anything, "depth-anything")])
def saved(request, tmp_path_factory):
    make, kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        make().save_pretrained(folder)
    return folder, kind


def test_an_estimator_gives_a_depth_for_every_pixel(saved):
    folder, kind = saved
    model = depth.load(str(folder), "cpu")
    picture = torch.rand(1, 3, 48, 72, generator=torch.Generator().manual_seed(1))
    near = model(picture)
    assert model.kind == kind
    assert near.shape == (1, 48, 72) and torch.isfinite(near).all()
    assert torch.equal(near, model(picture))


def test_the_legacy_warp_sees_an_estimators_depth_as_its_dialect_does(saved):
    folder, kind = saved
    model = depth.load(str(folder), "cpu")
    picture = torch.rand(1, 3, 48, 72, generator=torch.Generator().manual_seed(1))
    ranked = depths.Estimated(model, classic=False).z(0, picture)
    top = 2.0 if kind == "midas" else 2.3
    assert top - 1 <= ranked.min() and ranked.max() <= top
    classic = depths.Estimated(model, classic=True).z(0, picture)
    assert torch.allclose(classic, (50 - model(picture)) / 19)


def test_a_depth_model_that_is_missing_or_incomplete_says_so(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelMissing, match=r"midas-dpt-large is not on this machine .*models get midas-dpt-large"):
        depth.load("midas-dpt-large", "cpu")
    with pytest.raises(BadInput, match="no depth model 'zoe'"):
        depth.load("zoe", "cpu")
    with pytest.raises(BadInput, match=r"config\.json is missing"):
        depth.load(str(tmp_path), "cpu")


class Lite(torch.nn.Module):
    """The shape of timm's EfficientNet-Lite3, with next to nothing in it."""

    def __init__(self):
        super().__init__()
        self.conv_stem = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.bn1 = torch.nn.BatchNorm2d(8)
        widths, strides = (8, 32, 48, 96, 136, 232, 384), (1, 2, 2, 2, 1, 2, 1)
        into = (8, *widths[:-1])
        self.blocks = torch.nn.Sequential(
            *(
                torch.nn.Sequential(torch.nn.Conv2d(a, b, 3, stride=step, padding=1))
                for a, b, step in zip(into, widths, strides, strict=True)
            )
        )


def published(model):
    """The state of a MidasSmall under the names that MiDaS published."""
    places = {"conv_stem": "1.0", "bn1": "1.1", "blocks.0": "1.3", "blocks.1": "1.4", "blocks.2": "2.0"}
    places |= {"blocks.3": "3.0", "blocks.4": "3.1", "blocks.5": "4.0", "blocks.6": "4.1"}
    found = {}
    for name, value in model.state_dict().items():
        kind, rest = name.split(".", 1)
        if kind == "decoder":
            found[f"scratch.{rest}"] = value
        else:
            ours = next(each for each in places if rest.startswith(f"{each}."))
            found[f"pretrained.layer{places[ours]}{rest.removeprefix(ours)}"] = value
    return found


@pytest.mark.slow
def test_midas_small_is_read_under_its_published_names_where_timm_is(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=lambda name, pretrained: Lite(), __spec__=1))
    folder = tmp_path / "midas-small"
    folder.mkdir()
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    with pytest.raises(ModelMissing, match=r"midas_v21_small_256\.pt .* is a pickle"):
        depth.load("midas-small", "cpu")
    model = midas_small.MidasSmall(Lite()).eval()
    save_file(published(model), folder / midas_small.FILE)
    loaded = depth.load("midas-small", "cpu")
    picture = torch.rand(1, 3, 48, 72, generator=torch.Generator().manual_seed(1))
    assert loaded.kind == "midas" and loaded(picture).shape == (1, 48, 72)
    shown = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    assert torch.equal(loaded.network(shown), model(shown))
    save_file({"scratch.layer1_rn.weight": torch.zeros(1)}, folder / midas_small.FILE)
    with pytest.raises(BadInput, match="is not MiDaS small"):
        depth.load("midas-small", "cpu")


def test_without_timm_midas_small_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(midas_small, "find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match=r"needs the package timm .* depth-anything-v2-small"):
        depth.load("midas-small", "cpu")
