"""Other people's video models, each fed with what it takes of a Shot: exact cameras, warped pictures, depth, edges.

Read in this order: settings, clip_plan, clip_scene, known_pixels and the other controls, generate; then the adapters in
pipelines/, one a family. docs/video.md says what each model obeys and loses.
"""
