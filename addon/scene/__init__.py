"""The scene as a Shot: cameras, surfaces, tracks, the first frame. Everything is read as the render would see it."""
