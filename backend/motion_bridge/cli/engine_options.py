"""--settings, --preset and --set: what an engine is told on the command line, of Blender or of the backend."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..engines import base as engines
from ..engines import settings_parser
from ..engines.deforum import presets, settings_import
from ..engines.deforum.schedules import check_moving, over
from ..errors import BadInput
from ..files import json_text

DEFORUM = "deforum"  # the engine that knows presets and other programs' files


@dataclass(frozen=True)
class Given:
    """What the options say; where two speak of the same thing, --set goes before --preset and that before the file."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    schedules: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[int, str] = field(default_factory=dict)  # at the frames of the job
    seed: int | None = None
    notices: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """What is said at all, by the names of a Shot's fields."""
        every = {"settings": self.settings, "schedules": self.schedules, "prompts": self.prompts}
        said: dict[str, Any] = {name: dict(value) for name, value in every.items() if value}
        return said if self.seed is None else {**said, "seed": self.seed}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    parser.add_argument(
        "--settings", metavar="FILE", help="a Deforum or Parseq settings file; for other engines JSON of their settings"
    )
    parser.add_argument("--preset", metavar="NAME", help=f"of Deforum: {', '.join(presets.PRESETS)}")
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="a setting or a schedule: --set cadence=2 --set 'zoom=0:(1.02)'; can be given again",
    )


def given(options: argparse.Namespace, engine: str, frames: Sequence[int], own: Mapping[str, Any]) -> Given:
    """What the options mean for an engine and a job's frames. own: the settings that hold without them.

    BadInput for names that the engine does not know, with the nearest one, and for files that cannot be read.
    """
    found = engines.find(engine)
    words = settings_parser.sort(found, settings_parser.of_words(options.set or ()))
    if options.preset and engine != DEFORUM:
        raise BadInput(f"Engine {engine} has no presets; leave --preset away.")
    preset = presets.asked(options.preset) if options.preset else ({}, {})
    if options.settings and engine != DEFORUM:
        file = settings_parser.sort(found, _json(Path(options.settings)))
        return Given({**file[0], **words[0]}, over(file[1], words[1]))
    model = str(words[0].get("model", own.get("model", "")))
    imported = (
        settings_import.read(Path(options.settings), model)
        if options.settings
        else settings_import.ImportedSettings({}, {}, {})
    )
    settings = {**imported.settings, **preset[0], **words[0]}
    check_moving({**own, **settings}, words[1])
    return Given(
        settings,
        over(over(imported.schedules, preset[1]), words[1]),
        settings_import.at_frames(imported.prompts, frames),
        imported.seed,
        imported.notices,
    )


def _json(path: Path) -> dict[str, Any]:
    found = json_text.read(path)
    if not isinstance(found, dict):
        raise BadInput(f"{path} holds no settings: its JSON is no object.")
    return found
