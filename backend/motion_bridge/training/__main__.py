"""`python -m motion_bridge.training STAGE --folder DIR`: one command for each stage; run it again to go on."""

import argparse
from pathlib import Path

import torch

from .codec import train_codec


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m motion_bridge.training", description=__doc__)
    parser.add_argument("stage", choices=["codec"])
    parser.add_argument(
        "--folder", type=Path, required=True, help="keeps the state; later stages read earlier ones here"
    )
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop early, keeping the state")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    train_codec(chosen.folder / "codec", chosen.steps, chosen.minutes, chosen.seed)


if __name__ == "__main__":
    main()
