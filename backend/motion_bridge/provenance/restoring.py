"""The settings of a frame that was made before, whichever version made it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import shot as shots
from ..errors import BadInput
from ..files import json_text
from ..media import png
from ..shot import GenerationSettings
from ..takes import shot_copy, writer
from . import record

CONSENTS = ("accept_license", "allow_remote")  # a person gives them, never a file


@dataclass(frozen=True)
class Restored:
    """What a frame was made with. notices: what of it is not known."""

    engine: str
    generation: GenerationSettings
    notices: tuple[str, ...] = ()


def restored(frame: Path) -> Restored:
    """From the frame's own record; of older frames from what they say and the Shot that lies beside them.

    BadInput for a picture that was not made here.
    """
    texts = png.read_text(frame)
    if (found := record.of_text(texts.get(record.KEY), str(frame))) is not None:
        return Restored(found.engine, _without_consents(found.generation))
    try:
        fields: dict[str, Any] = json_text.parse(texts[writer.KEY], str(frame))
        engine, settings, digest = fields["engine"], dict(fields["settings"]), fields["shot"]
        if not isinstance(engine, str):
            raise TypeError
    except (KeyError, TypeError, ValueError):
        raise BadInput(f"{frame} was not made by Motion Bridge, so it has no settings to restore.") from None
    own = GenerationSettings(settings=settings)
    folder = frame.parent / shot_copy.FOLDER
    if (folder / "shot.json").is_file() and shots.digest(folder) == digest:
        own = replace(shots.load(folder).generation, settings=settings)
        return Restored(engine, _without_consents(own))
    missing = "its Shot is not beside it, so prompts, seed and schedules are not known"
    return Restored(engine, _without_consents(own), (f"{frame.name} is of an older version and {missing}.",))


def _without_consents(asked: GenerationSettings) -> GenerationSettings:
    kept = {name: value for name, value in asked.settings.items() if name not in CONSENTS}
    return replace(asked, settings=kept)
