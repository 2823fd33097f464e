"""The scene's motion in other programs' files, and theirs as a Blender camera."""
