"""The video models that have a name."""

SKETCH = "sketch"
MODELS = {  # name: what it is; others are named by their folders
    SKETCH: "A toy of 64x64 pixels that lies in the package: it shows the motion, not more",
    "track-v0": "1.3B, 480p, an open checkpoint that follows tracks; about 25 GB, needs an NVIDIA card",
}
