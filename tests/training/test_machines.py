"""Several processes train one model: what comes out is what one process makes that sees all their clips."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
import two_processes
from safetensors.torch import load_file
from training.common import loop
from training.video import dmd, student, teacher
from training.video import stages as command


@pytest.fixture(scope="module")
def runs(folder, base, tmp_path_factory):
    """What two processes leave behind: the stages of a run, and its first one broken off and taken up again."""
    place = tmp_path_factory.mktemp("machines")
    for name in ("whole", "parts", "alone"):
        (place / name).mkdir()
        (place / name / "clips").symlink_to(place / "clips")
        (place / name / "ode.safetensors").symlink_to("causal.safetensors")
    (place / "clips").mkdir()
    for name in ("frames.npy", "points.npy", "visible.npy", "clips.json"):
        (place / "clips" / name).symlink_to(folder / "clips" / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = "--multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"
    start = [sys.executable, "-m", "accelerate.commands.launch", *options.split(), "--main_process_port", str(port)]
    start += [two_processes.__file__]
    env = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([*start, str(place), str(base)], env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    return place


@pytest.mark.slow
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(runs):
    whole, parts = (load_file(runs / name / "teacher.safetensors") for name in ("whole", "parts"))
    (kept,) = (runs / "parts" / "teacher").glob("state-*")  # the older one is gone, and the one that was cut short
    assert {"__0_0.distcp", "__1_0.distcp"} <= {path.name for path in kept.iterdir()}  # a piece of each process
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["teacher", "causal", "dmd"])
def test_two_processes_learn_what_one_learns_from_the_clips_of_both(runs, base, monkeypatch, stage):
    train, begun = loop.train, {}

    def train_on_all(folder, model, loss, **given):
        def mean(step, _):
            drawn = [loop._generator(0, step, SimpleNamespace(process_index=number)) for number in range(2)]
            return sum(loss(step, generator) for generator in drawn) / 2

        part = getattr(model, "streamer", model)  # what the stage keeps
        begun.update({name: tensor.clone() for name, tensor in part.state_dict().items()})
        return train(folder, model, mean, **{**given, "machines": None})

    for module in (teacher, student, dmd):
        monkeypatch.setattr(module, "train", train_on_all)
    monkeypatch.setattr(command, "FULL", two_processes.recipe())
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    for name in ("teacher", "causal"):  # the stages before this one are those of the two processes
        (runs / "alone" / f"{name}.safetensors").unlink(missing_ok=True)
        if name != stage:
            (runs / "alone" / f"{name}.safetensors").symlink_to(runs / "whole" / f"{name}.safetensors")
    two_processes.run(stage, runs / "alone", base)
    alone, both = (load_file(runs / name / f"{stage}.safetensors") for name in ("alone", "whole"))
    moved, apart = (torch.cat([(alone[k] - other[k]).flatten() for k in alone]).norm() for other in (begun, both))
    assert moved > 0.03
    assert apart < 1e-3 * moved
