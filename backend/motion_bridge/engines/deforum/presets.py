"""Six ways to begin: a preset is a handful of settings and schedules under one word.

Each says the same things, so that one leaves nothing of another behind: where feedback lives (pixels or latents), the
kind of noise, color coherence or none, sharpening, what becomes of known pixels. What is asked for beside a preset goes
before it. How each was measured stands in docs/presets.md.
"""

from dataclasses import dataclass

from ..base import Preset


@dataclass(frozen=True)
class AnimationPreset(Preset):
    """A preset by the words of animation tools."""

    @property
    def name(self) -> str:
        return self.title

    @property
    def description(self) -> str:
        return self.purpose

    @property
    def strength(self) -> float:
        """The share of noise that generation starts from."""
        return self.values["start_sigma"]

    @property
    def mode(self) -> str:
        """What is fed back: pixel or latent."""
        return self.values["feedback"]

    @property
    def color_coherence(self) -> str | None:
        """What colors are matched in where nothing else is asked for; None: they may drift."""
        return None if self.values["color_coherence"] == "None" else {"pixel": "LAB", "latent": "Latent"}[self.mode]

    @property
    def noise_type(self) -> str:
        return self.values["noise_type"]

    @property
    def noise_scale(self) -> float:
        return self.values["noise"]

    @property
    def sharpen_amount(self) -> float:
        return self.values["amount"]


REPAINT = {"known": "repaint", "restyle": False}
MOVED = {  # pictures that are moved and never fed back, so that nothing has to be cleaned or held
    "cadence": 1,
    "feedback": "pixel",
    "color_coherence": "None",
    "noise_type": "gaussian",
    "noise": 0.0,
    "amount": 0.0,
    "known": "keep",
}

PRESETS = {
    "smooth": AnimationPreset(
        "Smooth",
        "Most coherent over time: little is generated anew, and two of three frames are warped, not generated",
        {
            "start_sigma": 0.55,
            "cadence": 3,
            "feedback": "pixel",
            "color_coherence": "auto",
            "noise_type": "perlin",
            "noise": 0.02,
            "amount": 0.05,
            **REPAINT,
        },
    ),
    "creative": AnimationPreset(
        "Creative",
        "The prompt leads: much is generated anew at every frame, and the picture keeps changing",
        {
            "start_sigma": 0.85,
            "cadence": 1,
            "feedback": "latent",
            "color_coherence": "auto",
            "noise_type": "gaussian",
            "noise": 0.05,
            "amount": 0.1,
            **REPAINT,
        },
    ),
    "cinematic": AnimationPreset(
        "Cinematic",
        "The camera leads: subjects keep their shape, and what comes into view is generated more freely",
        {
            "start_sigma": 0.65,
            "cadence": 2,
            "feedback": "pixel",
            "color_coherence": "auto",
            "noise_type": "perlin",
            "noise": 0.03,
            "revealed_noise": 0.15,
            "amount": 0.08,
            **REPAINT,
        },
    ),
    "fast_preview": AnimationPreset(
        "Fast Preview",
        "To judge the motion: every fourth frame is generated, in few steps, and colors are left alone",
        {
            "start_sigma": 0.6,
            "cadence": 4,
            "feedback": "latent",
            "color_coherence": "None",
            "noise_type": "gaussian",
            "noise": 0.02,
            "amount": 0.0,
            "steps": 4,
            **REPAINT,
        },
    ),
    "complete": AnimationPreset(
        "Complete",
        "The scene's own pictures, moved exactly; only what none of them shows is painted, once",
        {"start_sigma": 0.95, **MOVED, "restyle": False},
    ),
    "painted_keys": AnimationPreset(
        "Painted Keys",
        "The first picture in the prompt's look, moved exactly; only what it does not show is painted, once",
        {"start_sigma": 0.75, **MOVED, "restyle": True},
    ),
}
