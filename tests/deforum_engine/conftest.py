"""The Deforum engine's tests need torch; where it is not installed, there is nothing to collect here."""

import importlib.util

import numpy as np
import pytest

if importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


@pytest.fixture
def rng():
    return np.random.default_rng(20)
