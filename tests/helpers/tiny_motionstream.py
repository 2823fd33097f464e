"""Tiny random models and Shots, saved to disk as the real ones are and read through the same path."""

import json
from pathlib import Path

import numpy as np
import torch
from motion_bridge.engines.motionstream.checkpoints import load
from motion_bridge.engines.motionstream.checkpoints.inference_config import Usage
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.sketch_vae import Decoder, Encoder
from motion_bridge.engines.motionstream.network.student import Student
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from motion_bridge.shot import Camera, Shot, Tracks

USAGE = Usage(32, 32, any_size=False, text="words", levels=tuple(sigmas(2)), carries=True)
SHAPE = dict(
    patch_size=(1, 2, 2),
    num_attention_heads=2,
    attention_head_dim=24,
    in_channels=16,
    out_channels=4,
    text_dim=32,
    freq_dim=32,
    ffn_dim=64,
    num_layers=2,
    rope_max_seq_len=64,
)


def networks(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Student(**SHAPE).eval(), TrackHead(64, 4), Encoder(4), Decoder(4)


def save(folder, usage=USAGE, seed=0):
    """A sketch-shaped model with random weights."""
    load.save(folder, usage, *networks(seed))
    return folder


def shot(frames=30, width=48, height=40, count=9, settings=None, **more):
    """A Shot whose points drift to the right, with two prompts."""
    steps = np.arange(frames)
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(-(-count // 3))), -1).reshape(-1, 2)[:count]
    xy = (grid[:, None] * (10, 8) + (8, 8) + steps[None, :, None] * (0.5, 0)).astype(np.float32)
    visible = np.logical_and(xy >= 0, xy < (width, height)).all(axis=-1)
    intrinsics = np.tile([[50.0, 0, width / 2], [0, 50.0, height / 2], [0, 0, 1]], (frames, 1, 1))
    fields = {
        "frames": tuple(range(1, frames + 1)),
        "fps": 24.0,
        "width": width,
        "height": height,
        "camera": Camera(np.tile(np.eye(4), (frames, 1, 1)), intrinsics, np.zeros(frames, bool)),
        "first_frame": np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8),
        "tracks": Tracks(xy, np.asarray(visible), ("ball",) * count, ("grid",) * count),
        "prompts": {1: "red disc", 22: "blue box"},
        "seed": 5,
        "settings": settings or {},
    }
    return Shot(**{**fields, **more})


def trackwan_layout():
    """Names, shapes and original names of the published track-conditioned Wan's tensors."""
    return json.loads((Path(__file__).parents[1] / "data" / "trackwan_layout.json").read_text(encoding="utf-8"))
