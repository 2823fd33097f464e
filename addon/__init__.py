"""Motion Bridge inside Blender."""


def register() -> None:
    pass


def unregister() -> None:
    pass
