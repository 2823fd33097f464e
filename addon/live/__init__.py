"""A session in which the scene is changed while the engine streams."""
