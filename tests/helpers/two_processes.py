"""Run by `accelerate launch` in test_machines.py: FOLDER BASE, banks of clips and Wan-shaped weights to begin with."""

import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from training.common import loop
from training.video import stages as command
from training.video.batch import Source
from training.video.recipe import FULL

STEPS = 4
RATES = {"teacher": 0.02, "causal": 0.02, "dmd": {"streamer": 0.02, "critic": 0.02}}  # so that a few steps go far


def recipe():
    """The full size's, with batches of one short clip and every third step of distribution matching the student's."""
    stages = {name: replace(getattr(FULL, name), sizes=((1, 6),), rate=rate) for name, rate in RATES.items()}
    return replace(FULL, every=3, **stages)


class Interrupted(Exception):
    pass


def run(stage, folder, base):
    command.main([stage, "--steps", str(STEPS), "--threads", "1", "--folder", str(folder), "--base", str(base)])


def interrupted(stage, folder, base, before):
    """The same, broken off when it asks for the clips of a step."""
    draw, asked = Source.draw, []

    def counted(*given):
        asked.append(given)
        if len(asked) > before:
            raise Interrupted
        return draw(*given)

    with patch.object(Source, "draw", counted), patch.object(loop, "SAVE_EVERY", 0.0):
        try:
            run(stage, folder, base)
        except Interrupted:
            return
    raise AssertionError("it was to break off")


if __name__ == "__main__":
    command.FULL = recipe()
    folder, base = map(Path, sys.argv[1:])
    run("teacher", folder / "whole", base)
    interrupted("teacher", folder / "parts", base, before=2)
    (folder / "parts" / "teacher" / "state-00000003").mkdir(exist_ok=True)  # a save that was cut short
    run("teacher", folder / "parts", base)
    run("causal", folder / "whole", base)
    run("dmd", folder / "whole", base)
