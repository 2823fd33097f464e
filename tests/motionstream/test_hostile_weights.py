"""Weights from strangers: a file that is none is refused at once, and a folder is never followed into itself."""

import os

import pytest
import tiny_motionstream as tiny
import torch
from motion_bridge.engines.motionstream.checkpoints.convert import convert
from motion_bridge.errors import BadInput
from motion_bridge.models import safetensors_file
from safetensors.torch import save_file


def test_a_whole_file_is_read(tmp_path):
    save_file({"a": torch.arange(3)}, tmp_path / "a.safetensors")
    assert safetensors_file.read(tmp_path / "a.safetensors")["a"].tolist() == [0, 1, 2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["missing", "pipe", "folder", "device", "empty", "text", "cut", "header"])
def test_what_is_not_whole_is_a_sentence_and_nobody_waits(tmp_path, kind):
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(1000)}, path)
    whole = path.read_bytes()
    path.unlink()
    contents = {"empty": b"", "text": b"not one", "cut": whole[:-40], "header": b"\xff" * 8 + whole[8:]}
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind != "missing":
        {"pipe": os.mkfifo, "folder": os.mkdir, "device": lambda path: path.symlink_to("/dev/zero")}[kind](path)
    with pytest.raises(BadInput, match=r"a\.safetensors"):
        safetensors_file.read(path)


@pytest.mark.skipif(os.name == "nt", reason="links without privileges")
@pytest.mark.timeout(120)
@pytest.mark.fault("A model to convert holds links to itself, pipes and devices", "in the folders that are taken along")
def test_only_files_are_taken_along_with_a_converted_model(tmp_path):
    source = tiny.save(tmp_path / "model")
    beside = source / "text_encoder"
    beside.mkdir(exist_ok=True)
    (tmp_path / "blob").write_text("words")
    (beside / "config.json").symlink_to(tmp_path / "blob")
    for name in ("one", "two"):
        (beside / name).symlink_to(source)  # two, so that following them would double at each step
    (beside / "zero").symlink_to("/dev/zero")
    os.mkfifo(beside / "pipe")
    convert(source, tmp_path / "converted")
    taken = sorted((tmp_path / "converted" / "text_encoder").iterdir())
    assert [path.name for path in taken if path.name in ("config.json", "one", "two", "zero", "pipe")] == [
        "config.json"
    ]
    assert taken[0].read_text() == "words"
