"""`blender -b file.blend -c motion_bridge …`: the main job without a window, for scripts and farms.

`run` is the same for Python: the bpy module and batch scripts have no command line of Blender's. The lines printed
are those of `motion-bridge render`.
"""

import argparse
import re
import time
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge import terminal
from ...backend.motion_bridge.cli.parser import FRAMES, SEEDS, Parser, positive, whole
from ...backend.motion_bridge.engines.base import ENGINES
from ...backend.motion_bridge.errors import BadInput, MotionBridgeError, typed
from ...backend.motion_bridge.shot import GenerationSettings
from ...backend.motion_bridge.takes.output_path import check_file, check_output
from ..exchange import camera_import
from ..exchange.background_task import Worker
from ..exchange.export import FORMATS, KEYS, TARGETS, Export, choices_of
from ..properties import settings_of
from ..render import frame_range, request
from ..render.estimate import estimate, size_text
from ..render.job import PictureRequest
from ..render.session import PULSE, Session, render_picture
from ..render.shot_writer import ShotWriter
from ..scene.first_frame import FromFile
from ..scene.snapshot import Snapshot, snapshot
from ..take import Take
from ..takes_on_disk import remove_old, sizes
from ..viewer import movie
from . import engine_options, key_options, track_options
from .terminal import Stop, Teller, stopped_by_signals

NAME = "motion_bridge"
FRAMES_HELP = "such as 5, 1-48, -5-18, or 1-48x2 for every second one; default: the scene's range"
MAP_OPTIONS = {"depth": "depth", "index": "objects", "flow": "flow"}  # option → field of a Shot
MAP_HELP = {"depth": "the depth", "objects": "the object", "flow": "the motion since the frame before"}
_PROMPT = re.compile(r"\s*(-?\d+)\s*:\s*(.*)", re.DOTALL)
_handle: Any = None  # Blender's, of the registered command


def run(arguments: list[str]) -> int:
    """Carry out one command; its exit code: 0 done, 2 bad input, 3 backend failed, 4 cancelled."""
    try:
        options = parser().parse_args(join_negative_values(arguments))
    except SystemExit as end:  # argparse has said why, or printed the help
        return int(end.code or 0)
    with Teller(options.json) as tell:
        try:
            options.action(options, tell)
        except Exception as raised:
            fault = typed(raised)
            if type(fault) is MotionBridgeError and fault is not raised:  # nobody foresaw it
                terminal.trace()
            with suppress(terminal.OutputLost):  # then there is nowhere to tell it
                tell.failed(fault)
            return fault.exit_code
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    root = Parser(NAME, description="Generated frames that follow this scene's camera.")
    actions = root.add_subparsers(required=True, metavar="COMMAND")

    render = actions.add_parser("render", help="make frames")
    add_shot_options(render)
    render.add_argument("--output", required=True, metavar="DIR", help="the take: a folder for the frames")
    render.add_argument("--engine", choices=sorted(ENGINES), help="default: the scene's")
    render.add_argument("--resume", action="store_true", help="make only the frames that DIR lacks")
    render.set_defaults(action=make_frames)

    guess = actions.add_parser("estimate", help="say what render would cost: frames, disk, time")
    add_shot_options(guess)
    guess.add_argument("--output", metavar="DIR", help="as for render; not written to")
    guess.add_argument("--engine", choices=sorted(ENGINES), help="default: the scene's")
    guess.set_defaults(action=say_estimate)

    write = actions.add_parser("shot", help="write the Shot alone: what an engine is told about the scene")
    add_shot_options(write)
    write.add_argument("--output", required=True, metavar="DIR", help="the folder of the Shot")
    write.add_argument("--engine", choices=sorted(ENGINES), help="whose needs it serves; default: the scene's")
    for name, field in MAP_OPTIONS.items():
        write.add_argument(f"--{name}", action="store_true", help=f"draw {MAP_HELP[field]} of every pixel, too")
    write.set_defaults(action=write_shot)

    film = actions.add_parser("movie", help="write a take as an H.264 movie")
    film.add_argument("take", metavar="DIR", help="the folder with the frames")
    film.add_argument("--output", required=True, metavar="FILE", help="the movie, such as take.mp4")
    film.set_defaults(action=write_movie)

    export = actions.add_parser("export", help="write the scene's motion for another program")
    export.add_argument("--format", required=True, metavar="F", help=f"one of {', '.join(FORMATS)}")
    export.add_argument("--output", required=True, metavar="FILE", help="the file to write")
    export.add_argument("--frames", metavar="RANGE", help=FRAMES_HELP)
    targets = sorted(target.lower() for target in TARGETS)
    export.add_argument("--target", choices=targets, help="whose warp schedules are for; default: the scene's")
    export.add_argument(
        "--tolerance", type=positive(1e6, zero=True), help="pixels that few keys may cost; 0: a key at every frame"
    )
    keys = [each.lower() for each in KEYS]
    export.add_argument("--keys", choices=keys, help="where schedules have keys: where the artist put them, for one")
    track_options.add(export)
    export.set_defaults(action=export_motion)

    take_in = actions.add_parser("import", help="add the camera that another program's file describes")
    take_in.add_argument("file", metavar="FILE", help="the file, or COLMAP's folder")
    take_in.add_argument("--output", required=True, metavar="BLEND", help="the .blend file to save the scene in")
    take_in.add_argument(
        "--first", type=whole(-FRAMES, FRAMES), default=1, help="the timeline frame of the file's frame 0; default: 1"
    )
    take_in.add_argument("--scale", type=positive(1e9), default=1.0, help="scene units a depth unit; default: 1")
    take_in.add_argument("--set-range", action="store_true", help="give the scene the file's length")
    take_in.set_defaults(action=import_camera)

    old = actions.add_parser("takes", help="list an output folder's takes and their sizes, or delete old ones")
    old.add_argument("folder", metavar="DIR", help="the panel's output folder, which holds take_001 and so on")
    old.add_argument("--keep", type=whole(0, FRAMES), metavar="N", help="delete all but the newest N")
    old.set_defaults(action=list_takes)

    for action in (render, guess, write, film, export, take_in, old):
        action.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")
    return root


def add_shot_options(action: argparse.ArgumentParser) -> None:
    """What replaces the scene's own settings."""
    action.add_argument("--frames", metavar="RANGE", help=FRAMES_HELP)
    action.add_argument("--first-frame", metavar="FILE", help="the picture to start from")
    action.add_argument(
        "--prompt", action="append", metavar="'FRAME: TEXT'", help="a prompt and its first frame; can be given again"
    )
    action.add_argument("--seed", type=whole(*SEEDS))
    action.add_argument("--mark-unseen", action="store_true", help="mark what no key picture shows")
    key_options.add(action)
    track_options.add(action)
    engine_options.add(action)


def join_negative_values(arguments: list[str]) -> list[str]:
    """Write `--frames -5-18` as `--frames=-5-18`: argparse takes a value that begins with a minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in ("--frames", "--prompt", "--seed", "--first") and re.match(r"-\d", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def make_frames(options: argparse.Namespace, tell: Teller) -> None:
    """`render`"""
    take, scene = Take(check_output(options.output)), bpy.context.scene
    changes = changes_of(options, tell)
    choose = request.resumed if options.resume else request.fresh
    wanted = choose(take, scene, options.engine or settings_of(scene).engine, changes)
    with stopped_by_signals(tell) as stop:
        job = wanted.begin(bpy.context)
        stop.action = job.cancel
        Session(job, None).run(tell.event, stop.while_blender_renders)
    tell.done(f"Done: {tell.frames} frames made in {take.folder}")


def say_estimate(options: argparse.Namespace, tell: Teller) -> None:
    """`estimate`"""
    scene = bpy.context.scene
    engine = options.engine or settings_of(scene).engine
    found = estimate(bpy.context, request.request_of(scene, engine, changes_of(options, tell)), engine)
    tell.text(found.sentence(), "estimate", **asdict(found))


def list_takes(options: argparse.Namespace, tell: Teller) -> None:
    """`takes`"""
    folder = Path(options.folder).absolute()
    if not folder.is_dir():
        raise BadInput(f"The output folder {folder} is not there.")
    if options.keep is not None:
        gone, freed = remove_old(folder, options.keep)
        tell.text(f"{len(gone)} deleted, {size_text(freed)} freed", "deleted", takes=len(gone), bytes=freed)
    for each in sizes(folder):
        tell.text(f"{each.take.name}  {size_text(each.bytes)}", "take", name=each.take.name, bytes=each.bytes)


def write_shot(options: argparse.Namespace, tell: Teller) -> None:
    """`shot`"""
    folder, scene = check_output(options.output), bpy.context.scene
    if folder.is_dir() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty; choose another folder for the Shot.")
    wanted = request.request_of(scene, options.engine or settings_of(scene).engine, changes_of(options, tell))
    maps = {field for name, field in MAP_OPTIONS.items() if getattr(options, name)}
    wanted = replace(wanted, needs=wanted.needs | maps)
    with stopped_by_signals(tell) as stop:
        taken = snapshot(bpy.context, wanted)
        reading = ShotWriter(taken, folder, nullcontext())
        stop.action = reading.cancel
        render_pictures(reading, taken, tell, stop)
        reading.join()
    if reading.fault:
        raise reading.fault
    for sentence in taken.notes:
        tell.note(sentence)
    tell.saved(folder / "shot.json")


def render_pictures(reading: ShotWriter, taken: Snapshot, tell: Teller, stop: Stop) -> None:
    """Render the key pictures that a Shot wants, until it is whole."""
    asked, said = PictureRequest(taken.scene, taken.layer, taken.request.options), False
    while reading.running:
        if (frame := reading.wanted) is None:
            time.sleep(PULSE)
            continue
        if not said:
            tell.note(reading.sentence)
            said = True
        try:
            with stop.while_blender_renders():
                picture = render_picture(frame, asked)
        except BaseException:
            reading.cancel()
            raise
        reading.give(frame, picture)


def write_movie(options: argparse.Namespace, tell: Teller) -> None:
    """`movie`"""
    path = check_file(options.output)
    if path.suffix.lower() != ".mp4":
        raise BadInput(f"The movie {path} must be a file whose name ends in .mp4.")
    with stopped_by_signals(tell) as stop:
        stop.sentence, stop.unfinished = "Cancelled; there is no movie.", movie.part_of(path)
        tell.saved(movie.write(Take(Path(options.take).absolute()), path))


def export_motion(options: argparse.Namespace, tell: Teller) -> None:
    """`export`"""
    choices = choices_of(bpy.context.scene)
    for name in ("target", "keys"):
        if getattr(options, name):
            choices[name] = getattr(options, name).upper()
    if options.tolerance is not None:
        choices["tolerance"] = options.tolerance
    changes = track_options.changes(options, bpy.context.scene)
    if options.frames is not None:
        changes["frames"] = frame_range.parse(options.frames)
    with stopped_by_signals(tell) as stop:
        stop.sentence = "Cancelled; nothing was written."
        export = Export(bpy.context, options.format, options.output, changes, choices)
        worker = Worker(export)
        stop.action = worker.cancel
        worker.join()
        stop.action, stop.unfinished = None, movie.part_of(export.path)  # a movie is Blender's own work
        files, sentences = worker.finish()
    for sentence in sentences:
        tell.note(sentence)
    for path in files:
        tell.saved(path)


def import_camera(options: argparse.Namespace, tell: Teller) -> None:
    """`import`"""
    saved = check_file(options.output)
    if saved.suffix.lower() != ".blend":
        raise BadInput(f"The scene must be saved in a file whose name ends in .blend, not {saved}.")
    placing = camera_import.Placing(options.first, options.scale, True, options.set_range)
    _, sentences = camera_import.load(bpy.context, options.file, placing)
    for sentence in sentences:
        tell.note(sentence)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(saved), copy=True)
    except RuntimeError as fault:
        raise BadInput(f"{saved} was not written: {fault}") from None
    tell.saved(saved)


def changes_of(options: argparse.Namespace, tell: Teller) -> request.Changes:
    """What the options replace; an option of its own goes before a settings file."""
    scene = bpy.context.scene
    reading = {**track_options.changes(options, scene), **key_options.changes(options, scene)}
    if options.frames is not None:
        reading["frames"] = frame_range.parse(options.frames)
    if options.first_frame is not None:
        reading["first_frame"] = FromFile(str(Path(options.first_frame).absolute()))
    frames = reading.get("frames") or frame_range.span(scene.frame_start, scene.frame_end, scene.frame_step)
    told = engine_options.read(options, scene, frames)
    for notice in told.notices:
        tell.note(notice)
    own = GenerationSettings(
        prompts=dict(prompt_of(text) for text in options.prompt or ()),
        seed=options.seed,
        settings={"mark_unseen": True} if options.mark_unseen else {},
    )
    return request.Changes(reading, own.over(told.generation), told.named)


def prompt_of(text: str) -> tuple[int, str]:
    """A prompt's frame and words; BadInput when it names no frame."""
    found = _PROMPT.fullmatch(text)
    if not found:
        raise BadInput(f"The prompt {text!r} does not begin with a frame; write it as '1: a red house'.")
    return int(found[1]), found[2]


def register() -> None:
    global _handle
    _handle = bpy.utils.register_cli_command(NAME, run)


def unregister() -> None:
    bpy.utils.unregister_cli_command(_handle)
