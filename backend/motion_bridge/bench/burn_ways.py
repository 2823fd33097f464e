"""The ways of making frames that `bench burn` compares: naive loops, the engine's modes, its presets."""

NAIVE = ("naive, sharpened", "naive, matched", "naive, plain")
MODES = ("2D pixel", "2D latent", "3D pixel", "3D latent", "scene pixel", "scene latent")
PRESETS = ("smooth", "creative", "cinematic", "fast_preview")
WAYS = (*NAIVE, *MODES, *PRESETS)
