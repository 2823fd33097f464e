"""Depth estimators: tiny random ones, saved and loaded as the real ones are."""

import pytest
import torch
from motion_bridge.deforum import depths
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.models import depth
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
    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_features=["stage1", "stage2"],
        reshape_hidden_states=False,
    )
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
    with pytest.raises(ModelMissing, match=r"midas-dpt-large is not on this machine .*hf download Intel/dpt-large"):
        depth.load("midas-dpt-large", "cpu")
    with pytest.raises(BadInput, match="no depth model 'zoe'"):
        depth.load("zoe", "cpu")
    with pytest.raises(BadInput, match=r"config\.json is missing"):
        depth.load(str(tmp_path), "cpu")
