"""`python -m training KIND …` from backend/: train the models of the package, or full-size ones, stage by stage."""

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {  # words → the module with `main`
    ("video",): "video.stages",
    ("video", "collect"): "video.collect",
    ("video", "lessons"): "video.lessons",
    ("video", "pack"): "video.pack",
    ("video", "report"): "video.report",
    ("image",): "image.stages",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Hand the other words to the command that the first ones name; each explains itself with --help."""
    words = tuple(sys.argv[1:] if arguments is None else arguments)
    named = next((words[:n] for n in (2, 1) if words[:n] in COMMANDS), None)
    if named is None:
        sys.exit("usage: python -m training " + " | ".join(" ".join(name) for name in COMMANDS) + " [--help]")
    import_module(f".{COMMANDS[named]}", __package__).main(words[len(named) :])


if __name__ == "__main__":
    main()
