"""How much memory this process takes."""

import resource
import sys
from pathlib import Path


def peak() -> float:
    """MiB at most so far: what was allocated at once on a GPU that torch uses, else what the process held."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def held() -> float:
    """MiB now: what is allocated on a GPU that torch uses, else what the process holds, or peak."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return torch.cuda.memory_allocated() / 2**20
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * resource.getpagesize() / 2**20 if told.exists() else peak()
