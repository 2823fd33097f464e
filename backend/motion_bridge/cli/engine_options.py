"""--settings, --preset and --set: what an engine is told on the command line, of Blender or of the backend."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..engines import base as engines
from ..engines import precedence, settings_parser
from ..engines.base import ImportedSettings
from ..errors import BadInput
from ..provenance.restoring import CONSENTS, restored
from ..shot import UNSPECIFIED, GenerationSettings


@dataclass(frozen=True)
class EngineOptions:
    """What the options say."""

    generation: GenerationSettings = UNSPECIFIED  # prompts at the frames of the job
    named: frozenset[str] = frozenset()  # the schedules that --set names
    notices: tuple[str, ...] = ()  # what of a settings file has no meaning here


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    presets = [f"{', '.join(each.presets)} ({name})" for name, each in engines.loadable().items() if each.presets]
    parser.add_argument(
        "--settings", metavar="FILE", help="a Deforum or Parseq settings file; for other engines JSON of their settings"
    )
    parser.add_argument("--preset", metavar="NAME", help=f"settings that go together: {'; '.join(presets)}")
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="a setting or a schedule: --set cadence=2 --set 'zoom=0:(1.02)'; can be given again",
    )
    parser.add_argument("--like", metavar="FRAME", help="prompts, seed, settings and schedules of a frame made before")


def read(options: argparse.Namespace, engine: str, frames: Sequence[int], own: Mapping[str, Any]) -> EngineOptions:
    """What the options mean for an engine and a job's frames. own: the settings that hold without them.

    BadInput for names that the engine does not know, with the nearest one, and for files that cannot be read.
    """
    found = engines.find(engine)
    named = settings_parser.parse(found, settings_parser.assignments(options.set or ()))
    if options.preset and not found.presets:
        raise BadInput(f"Engine {engine} has no presets; omit --preset.")
    model = str(named.settings.get("model", own.get("model", "")))
    if options.like and options.settings:
        raise BadInput("--like and --settings say the same things; give one of them.")
    if options.like:
        return _like(options, engine, named)
    file = found.read_settings_file(Path(options.settings), model) if options.settings else ImportedSettings()
    generation = precedence.combined(found, file=file.at(frames), preset=options.preset or "", named=named)
    return EngineOptions(generation, frozenset(named.schedules), file.notices)


def _like(options: argparse.Namespace, engine: str, named: GenerationSettings) -> EngineOptions:
    """What a frame was made with, a preset and named settings on top."""
    found, before = engines.find(engine), restored(Path(options.like))
    if before.engine != engine:
        raise BadInput(f"{options.like} was made by engine {before.engine}: say --engine {before.engine}.")
    settings = {name: value for name, value in before.generation.settings.items() if name in found.defaults}
    gone = sorted(before.generation.settings.keys() - settings.keys() - set(CONSENTS))
    file = replace(before.generation, settings=engines.checked(found, settings))
    generation = precedence.combined(found, file=file, preset=options.preset or "", named=named)
    lost = (f"this version has no {', '.join(gone)}",) if gone else ()
    return EngineOptions(generation, frozenset(named.schedules), (*before.notices, *lost))
