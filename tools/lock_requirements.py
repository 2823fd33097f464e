"""Write what the GPU backend needs beside torch, with checksums: backend/motion_bridge/installation/requirements.txt.

    python tools/lock_requirements.py        uv must be installed; versions are those of constraints/torch.txt

torch and what its CUDA builds bring are left out: uv chooses those for the machine.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "backend/motion_bridge/installation/requirements.txt"
EXTRAS = ("deforum", "motionstream", "video", "comfyui")  # of what every engine needs
CHOSEN_BY_TORCH = re.compile(r"(cuda-|nvidia-|triton|httpx2-jsfetch)")
HEAD = (
    "# What the GPU backend needs beside torch, with the checksums of its files. Made by tools/lock_requirements.py.\n"
)


def main() -> None:
    options = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-package", "torch")
    quiet = ("--quiet", "--no-annotate", "--no-header", "--no-emit-index-url")
    extras = (*(f"--extra={name}" for name in EXTRAS), "-c", "constraints/torch.txt")
    command = ["uv", "pip", "compile", *options, *quiet, *extras, "backend/pyproject.toml"]
    locked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    blocks = re.split(r"\n(?=\S)", locked.strip())
    TARGET.write_text(
        HEAD + "".join(f"{each}\n" for each in blocks if not CHOSEN_BY_TORCH.match(each)), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
