"""A bank of a few drawn clips, and networks of a size at which every stage takes seconds."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _needs_torch():
    pytest.importorskip("torch")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Eight clips of 33 frames and a fitted codec."""
    import torch
    from training.video import stages as command

    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("training")
    command.write_bank(place / "clips", command.drawn(33, command.SIZE, 0), 8)
    command.main(["codec", "--folder", str(place), "--steps", "0", "--threads", "1"])
    return place


@pytest.fixture
def small(monkeypatch):
    """A transformer of one layer, and short batches."""
    from dataclasses import replace

    from training.video import codec
    from training.video import stages as command

    recipe = command.SKETCH
    narrow = {"num_layers": 1, "num_attention_heads": 2, "attention_head_dim": 16, "ffn_dim": 32}
    stages = {
        name: replace(getattr(recipe, name), sizes=((2, 6),))
        for name in ("teacher", "teacher2", "causal", "ode", "dmd")
    }
    recipe = replace(recipe, transformer={**recipe.transformer, **narrow}, way=3, **stages)
    monkeypatch.setattr(command, "SKETCH", recipe)
    monkeypatch.setattr(codec, "CLIPS", 1)
    return recipe


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Wan's weights without a track head, as T2V has them: 16 channels."""
    import tiny_wan as wan
    import torch
    from motion_bridge.engines.motionstream.checkpoints import checkpoint
    from motion_bridge.engines.motionstream.network.track_head import TrackHead

    folder = wan.save(tmp_path_factory.mktemp("wan"))
    plain = wan.transformer(in_channels=16, image_dim=None, added_kv_proj_dim=None)
    with torch.no_grad():
        head = TrackHead(64, 16)
        for tensor in head.parameters():
            tensor.zero_()
    checkpoint.save(plain, head, folder / "transformer")
    return folder
