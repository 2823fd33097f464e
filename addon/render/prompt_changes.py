"""Prompts that somebody types while a job runs, as changes for its engine."""

from dataclasses import dataclass, field
from typing import Any

from ..properties import prompt_markers


@dataclass(frozen=True)
class Prompts:
    """The words of a scene, by frame."""

    texts: dict[int, str] = field(default_factory=dict)

    @staticmethod
    def of(scene: Any) -> "Prompts":
        """As they stand now."""
        return Prompts(prompt_markers.prompts(scene))

    def since(self, before: "Prompts") -> dict[str, str]:
        """What was changed or is new, as the protocol has it."""
        return {str(frame): text for frame, text in self.texts.items() if before.texts.get(frame) != text}
