"""A job that is killed again and again arrives at the same bytes. MOTION_BRIDGE_KILLS=100 makes a hundred of ten."""

import os
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from blender_kills import Attack, kills
from blender_program import Blender
from motion_bridge.media import png

COUNT = int(os.environ.get("MOTION_BRIDGE_KILLS", "10"))
SEED = int(os.environ.get("MOTION_BRIDGE_SEED", "11"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(60 * COUNT + 600),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"),
]


@pytest.mark.fault("Blender, its backend or both are killed", "SIGKILL while reading and while generating 200 frames")
def test_a_job_that_is_killed_again_and_again_arrives_at_the_same_bytes(
    blender: Blender, scene_file: Path, tmp_path: Path, injected
):
    picture = tmp_path / "first.png"
    picture.write_bytes(png.encode(np.random.default_rng(2).integers(0, 256, (72, 128, 3), np.uint8)))
    chance = random.Random(SEED)

    def attack(name: str) -> Attack:
        return Attack(blender, scene_file, picture, tmp_path / name, chance)

    undisturbed = attack("undisturbed")
    undisturbed.finish()
    whole = everything(undisturbed.folder)
    assert sum(name.startswith("frame_") for name in whole) == 200

    done, takes, attempts = Counter(), 0, 0
    attacked = attack("take_0")
    for kill in kills(COUNT * 3, SEED):
        attempts += 1
        if kill.moment == "reading" and (attacked.folder / "shot" / "shot.json").is_file():
            attacked.finish()
            assert everything(attacked.folder) == whole
            takes += 1
            attacked = attack(f"take_{takes}")
        done[kill] += attacked.kill(kill)
        if done.total() == COUNT:
            break
    attacked.finish()
    assert everything(attacked.folder) == whole
    assert done.total() == COUNT, f"only {done.total()} kills struck in {attempts} attempts"
    print({f"{kill.victim}, {kill.moment}": times for kill, times in done.items()})
    injected(COUNT)


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a take and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
