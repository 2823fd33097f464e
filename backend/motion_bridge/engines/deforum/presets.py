"""Four ways to begin: a preset is a handful of settings and schedules under one word.

What is asked for beside a preset goes before it. The numbers are explained in docs/presets.md.
"""

from ..base import Preset

PRESETS = {
    "smooth": Preset(
        "Smooth",
        "Steady and calm: little is made anew, and two of three frames are moved rather than painted",
        {"start_sigma": 0.55, "cadence": 3, "noise": 0.02, "noise_type": "moving"},
    ),
    "creative": Preset(
        "Creative",
        "The prompt leads: much is made anew at every frame, and the picture keeps changing",
        {"start_sigma": 0.85, "cadence": 1, "noise": 0.05, "noise_type": "moving"},
    ),
    "cinematic": Preset(
        "Cinematic",
        "The camera leads: things keep their shape, and what comes into view is painted more freely",
        {
            "start_sigma": 0.65,
            "cadence": 2,
            "noise": 0.03,
            "revealed_noise": 0.15,
            "noise_type": "moving",
        },
    ),
    "fast_preview": Preset(
        "Fast Preview",
        "To judge the motion: every fourth frame is painted, in few steps",
        {"start_sigma": 0.6, "cadence": 4, "noise": 0.02, "steps": 4},
    ),
}
