"""What a model is called in a frame's record: a name and a revision, never the path of a person's folder."""

from pathlib import Path

from .. import __version__
from ..errors import BadInput
from ..files import json_text
from . import registry


def named(model: str) -> tuple[str, str]:
    """A model's name and the commit of its files, as far as that is known. model: a registered name, or a folder."""
    if not model:
        return "", ""
    if Path(model).is_dir():
        return Path(model).name, _recorded(Path(model))
    own = registry.models_folder() / model
    if own.is_dir():
        return model, _recorded(own)
    known = registry.MODELS.get(model)
    return model, (known.revision or __version__) if known else ""


def _recorded(folder: Path) -> str:
    """The commit that a download has noted."""
    try:
        return str(json_text.read_object(folder / registry.RECORD).get("revision", ""))
    except BadInput:
        return ""
