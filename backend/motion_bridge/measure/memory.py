"""How much memory this process has needed at most."""

import resource
import sys


def peak() -> float:
    """MiB so far: what was allocated at once on a GPU that torch uses, else what the process held."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
