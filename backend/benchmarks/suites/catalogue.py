"""Which scenes the suites have, and where they lie: DIR/SUITE/SCENE holds frame_0001.png … and the Shot in shot/.

That is a take's layout, so the scenes can also be collected as clips for training.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.shot import Shot
from motion_bridge.takes.writer import frame_name
from numpy.typing import NDArray

VERSION = 1  # of the scenes; other pictures need another number
FRAMES = 57  # 9 of the first chunk and 12 of each later one
ENDS = (8, 20, 32, 44, 56, 68, 80)  # positions of the frames that end chunks
PERIOD = 80  # frames of the long suite's camera loop
LENGTHS = (81, 241, 481, 961)  # each ends where the loop closes
DRAGGED = ((0, 0), (0.7, 0), (1.0, 0.6), (1.0, 0.6), (0.3, 0.5), (0.0, 0.15), (0.8, 0.0))  # meters; see `handled`


@dataclass(frozen=True)
class Scene:
    suite: str
    name: str
    frames: int = FRAMES
    rendered: int = FRAMES  # frames that are pictures; after them they repeat
    followed: tuple[str, ...] = ()  # objects that get tracks of their own beside the grid

    @property
    def place(self) -> str:
        return f"{self.suite}/{self.name.replace(' ', '-')}"

    @property
    def built_by(self) -> tuple[str, dict[str, Any]]:
        """The function in suites_scenes.py, and what it is given beside the number of frames."""
        more = {"loop": {"period": PERIOD}, "handled": {"borders": ENDS, "goals": DRAGGED}}
        return self.name.replace(" ", "_"), more.get(self.name, {})


SCENES = (
    *(Scene("camera", name) for name in ("pan", "dolly", "orbit", "arc")),
    Scene("object", "rigid", followed=("ball", "star")),
    Scene("object", "articulated", followed=("upper arm", "forearm", "hand")),
    Scene("object", "occluding", followed=("ball", "ring")),
    *(
        Scene("counterfactual", name, followed=("ball", "box", "star"))
        for name in ("ball right", "ball up", "apart", "camera left", "crossed")
    ),
    Scene("interactive", "handled", ENDS[-1] + 1, ENDS[-1] + 1, followed=("ball",)),
    Scene("long", "loop", LENGTHS[-1], PERIOD),
)
SUITES = tuple(dict.fromkeys(scene.suite for scene in SCENES))


def of(suite: str) -> tuple[Scene, ...]:
    """The scenes of a suite."""
    return tuple(scene for scene in SCENES if scene.suite == suite)


def load(folder: Path, scene: Scene) -> tuple[Shot, NDArray[np.uint8]]:
    """A scene's Shot and its true pictures (T, H, W, 3). BadInput when it was not made, or not to the end."""
    place = folder / scene.place
    missing = [number for number in range(1, scene.rendered + 1) if not (place / frame_name(number)).is_file()]
    if missing or not (place / "shot" / "shot.json").is_file():
        raise BadInput(
            f"{place} does not hold the whole scene; make the scenes first, with a Python that has bpy: "
            f"python -m benchmarks suites --make --python PYTHON --folder {folder}"
        )
    pictures = np.stack([png.read(place / frame_name(number)) for number in range(1, scene.rendered + 1)])
    return shots.load(place / "shot"), pictures[np.arange(scene.frames) % scene.rendered]
