"""What the setting `known` asks for, as far as it can be refused before anything is read or loaded."""

from collections.abc import Mapping
from typing import Any

from ...errors import BadInput

REPAINT = "repaint"


def check(settings: Mapping[str, Any]) -> None:
    """BadInput where settings ask for known pixels and for something that has none."""
    known = settings["known"]
    if known == REPAINT:
        if settings["restyle"]:
            raise BadInput("restyle generates key pictures, and known is 'repaint', which moves none; set it to keep.")
        return
    if settings["mode"] != "feedback" or settings["motion"] != "scene":
        moved = f"mode {settings['mode']}" if settings["mode"] != "feedback" else f"motion {settings['motion']}"
        raise BadInput(
            f"known is {known!r}, which moves key pictures as the scene moves, and {moved} is asked for too. Set mode "
            "to feedback and motion to scene, or known to repaint."
        )
