"""What an engine is told beside the camera and the scene: one value from the panel or the command line to the Shot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class GenerationSettings:
    """Everything that somebody asks for in words and numbers; empty where nothing is asked for."""

    prompts: Mapping[int, str] = field(default_factory=dict)  # by frame number, held from there until the next
    negative: Mapping[int, str] = field(default_factory=dict)  # what must not be shown, likewise
    seed: int | None = None  # None: nobody says; a Shot then has 0
    settings: Mapping[str, Any] = field(default_factory=dict)  # the engine's own, by name
    schedules: Mapping[str, str] = field(default_factory=dict)  # Deforum's language, by name; key 0 is the first frame

    def over(self, below: "GenerationSettings") -> "GenerationSettings":
        """This on top of others: each setting and schedule goes before theirs, prompts replace theirs as a whole."""
        return GenerationSettings(
            self.prompts or below.prompts,
            self.negative or below.negative,
            below.seed if self.seed is None else self.seed,
            {**below.settings, **self.settings},
            {**below.schedules, **self.schedules},
        )

    def fields(self) -> dict[str, Any]:
        """The same as fields of a Shot."""
        return {
            "prompts": self.prompts,
            "negative": self.negative,
            "seed": self.seed or 0,
            "settings": self.settings,
            "schedules": self.schedules,
        }


UNSPECIFIED = GenerationSettings()  # nothing is asked for


def key_at(keys: Iterable[int], frame: int) -> int | None:
    """The key that holds at a frame: the last one at or before it; None before the first."""
    return max((key for key in keys if key <= frame), default=None)


def prompt_at(prompts: Mapping[int, str], frame: int) -> str:
    """The prompt that holds at a frame; empty before the first key."""
    key = key_at(prompts, frame)
    return "" if key is None else prompts[key]
