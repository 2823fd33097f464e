"""What frames were made with: the record that each carries, and what it says to other programs.

Beside the text chunk that decides whether a frame belongs to a job (takes/writer.py), a frame has two: the record, JSON
from which its settings can be restored, and an XMP packet. Both follow from the job alone, so bytes stay reproducible.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import BadInput
from ..files import json_text
from ..media import png
from ..shot import GenerationSettings, prompt_at
from ..takes import writer
from . import xmp

KEY = "motion_bridge_record"  # the text chunk's name
SOFTWARE = "Motion Bridge"
LARGEST = 1 << 19  # bytes of a record; what a longer one would say stands in the take's Shot


@dataclass(frozen=True)
class Record:
    """Of a job. generation: prompts by frame number, seed, schedules; settings are complete."""

    engine: str
    model: str  # its name, or its folder's; empty where none takes part
    revision: str  # of the model; empty where nobody knows
    source_type: str  # one of IPTC's
    shot: str  # its digest
    generation: GenerationSettings
    version: str = __version__  # of the software

    def chunks(self, number: int) -> dict[str, str]:
        """The text chunks of a frame by its number."""
        told = {"software": SOFTWARE, **asdict(self)}
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, allow_nan=False)
        own = {KEY: text} if len(text.encode()) <= LARGEST else {}
        prompt, negative = (prompt_at(each, number) for each in (self.generation.prompts, self.generation.negative))
        return own | {xmp.PNG_KEY: self._packet(prompt, negative, str(number))}

    def movie_packet(self, numbers: list[int]) -> str:
        """The packet of a movie of these frames: every prompt once, in their order."""
        asked = self.generation
        said = [
            dict.fromkeys(prompt_at(each, number) for number in numbers) for each in (asked.prompts, asked.negative)
        ]
        prompt, negative = ("\n".join(filter(None, texts)) for texts in said)
        return self._packet(prompt, negative, "")

    def _packet(self, prompt: str, negative: str, frame: str) -> str:
        taught = self.source_type != xmp.ALGORITHMIC
        fields = {
            "xmp:CreatorTool": f"{SOFTWARE} {self.version}",
            "Iptc4xmpExt:DigitalSourceType": xmp.SOURCE_TYPES + self.source_type,
            "Iptc4xmpExt:AISystemUsed": (self.model or self.engine) if taught else "",
            "Iptc4xmpExt:AISystemVersionUsed": self.revision if taught else "",
            "Iptc4xmpExt:AIPromptInformation": prompt if taught else "",
            "motionbridge:Software": SOFTWARE,
            "motionbridge:Version": self.version,
            "motionbridge:Engine": self.engine,
            "motionbridge:Model": self.model,
            "motionbridge:Revision": self.revision,
            "motionbridge:Prompt": prompt,
            "motionbridge:Negative": negative,
            "motionbridge:Seed": str(self.generation.seed or 0),
            "motionbridge:Shot": self.shot,
            "motionbridge:Frame": frame,
        }
        return xmp.packet(fields)


def of_frame(path: Path) -> Record | None:
    """What a frame says of itself; None for a picture without a record. BadInput for a damaged or hostile one."""
    return of_text(png.read_text(path).get(KEY), str(path))


def of_fields(said: Mapping[str, str]) -> Record:
    """The record of a movie, from its packet's properties."""
    own = {name: said.get(f"motionbridge:{name}", "") for name in ("Engine", "Model", "Revision", "Shot", "Version")}
    source_type = said.get("Iptc4xmpExt:DigitalSourceType", "").rpartition("/")[2]
    words = (own["Engine"], own["Model"], own["Revision"], source_type, own["Shot"])
    return Record(*words, GenerationSettings(), own["Version"])


def movie_packet(take: Path) -> str:
    """What a movie of a take says of itself, by its first frame's record; empty where that has none."""
    names = writer.there(take)
    try:
        found = of_frame(take / names[0]) if names else None
    except BadInput:
        found = None
    numbers = sorted(int(name.removeprefix("frame_").removesuffix(".png")) for name in names)
    return found.movie_packet(numbers) if found else ""


def of_text(text: str | None, where: str) -> Record | None:
    """The same of the chunk's text."""
    if text is None:
        return None
    found = json_text.parse(text, where)
    try:
        words = {name: found[name] for name in ("engine", "model", "revision", "source_type", "shot", "version")}
        if not all(isinstance(word, str) for word in words.values()):
            raise TypeError
        return Record(**words, generation=generation_of(found["generation"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput(f"{where}: what it was made with cannot be read.") from None


def generation_of(found: Mapping[str, Any]) -> GenerationSettings:
    """Settings from JSON; ValueError, TypeError, KeyError for anything else."""
    prompts, negative = (
        {int(frame): _word(text) for frame, text in found[name].items()} for name in ("prompts", "negative")
    )
    seed = found["seed"]
    if seed is not None and type(seed) is not int:
        raise TypeError
    settings, schedules = dict(found["settings"]), {name: _word(text) for name, text in found["schedules"].items()}
    return GenerationSettings(prompts, negative, seed, settings, schedules)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
