"""A job inside Blender: read the scene, have the backend make frames, show and place them."""
