"""Motion Bridge: generated video that follows the motion of a Blender scene.

Importing this package imports nothing heavy: engines load what they need when a job asks for them.
"""

__version__ = "0.1.0"
