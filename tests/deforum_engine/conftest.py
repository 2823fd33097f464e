"""The Deforum engine's tests: bytes must repeat, on however many cores."""

import importlib.util

import numpy as np
import pytest

if importlib.util.find_spec("torch"):
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


@pytest.fixture(autouse=True)
def _needs_torch():
    pytest.importorskip("torch")


@pytest.fixture
def rng():
    return np.random.default_rng(20)
