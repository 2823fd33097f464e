"""New takes by what an older one was told: another seed, more frames, or a part of it once more."""

import secrets
from dataclasses import replace
from typing import Any

import bpy

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.shot import GenerationSettings, Shot
from .. import take
from ..properties import prompt_markers, settings_of
from ..scene.first_frame import FromFile
from ..take import Take
from ..take_summary import engine_of
from .request import Changes, TakeRequest, fresh

LARGEST_SEED = 2**31 - 1  # of Blender's numbers


def random_seed() -> int:
    """One that nobody has used."""
    return secrets.randbelow(LARGEST_SEED)


def with_new_seed(scene: bpy.types.Scene, old: Take, seed: int) -> TakeRequest:
    """The same frames by the same settings, with another seed. BadInput as for `shot_of`."""
    shot = shot_of(old)
    return _again(scene, old, replace(shot.generation, seed=seed), shot.frames, None)


def extended(scene: bpy.types.Scene, old: Take, more: int) -> TakeRequest:
    """The frames that follow, begun from the last picture of the old take, which is their first frame.

    more: how many. BadInput where the old take is not whole.
    """
    shot, frames = shot_of(old), old.frames()
    last = shot.frames[-1]
    if last not in frames:
        raise BadInput(f"{old.name} is not finished; resume it before it is extended.")
    step = shot.frames[-1] - shot.frames[-2] if len(shot.frames) > 1 else 1
    numbers = tuple(range(last, last + more * step + 1, step))
    return _again(scene, old, shot.generation, numbers, FromFile(str(frames[last])))


def regenerated(scene: bpy.types.Scene, old: Take, first: int, last: int) -> TakeRequest:
    """Some of its frames once more, begun from the old picture of the first of them. BadInput where it has none."""
    shot, frames = shot_of(old), old.frames()
    numbers = tuple(number for number in shot.frames if first <= number <= last)
    if not numbers:
        raise BadInput(f"{old.name} has no frame from {first} to {last}; it has {shot.frames[0]} to {shot.frames[-1]}.")
    if numbers[0] not in frames:
        raise BadInput(f"Frame {numbers[0]} of {old.name} is not finished; resume it first.")
    return _again(scene, old, shot.generation, numbers, FromFile(str(frames[numbers[0]])))


def shot_of(old: Take) -> Shot:
    """What a take was made from. BadInput where its Shot is missing or damaged."""
    return shots.load(old.shot)


def restore(scene: bpy.types.Scene, old: Take) -> None:
    """Set engine, prompts, seed, the engine's settings and the frame range as a take had them.

    A seed that is larger than Blender's numbers becomes its remainder. BadInput, before anything is changed, for an
    engine that is not here and for settings that it does not take.
    """
    shot = shot_of(old)
    settings: Any = settings_of(scene)
    engine = engine_of(old) or settings.engine
    found = engines.find(engine)
    known = {name: value for name, value in shot.settings.items() if name in found.defaults}
    engines.checked(found, known)
    before, settings.engine = settings.engine, engine
    try:
        settings.show_engine(replace(shot.generation, settings=known))
    except (TypeError, ValueError, AttributeError, OverflowError) as fault:
        settings.engine = before
        raise BadInput(f"{old.name} has settings that the panel cannot show: {fault}") from None
    prompt_markers.clear(scene)
    for frame, text in shot.prompts.items():
        prompt_markers.add(scene, frame, text)
    settings.active_prompt = 0
    settings.negative = next(iter(shot.negative.values()), "")
    settings.seed = shot.seed % (LARGEST_SEED + 1)
    settings.draft.step = 1
    scene.frame_start, scene.frame_end = shot.frames[0], shot.frames[-1]
    scene.frame_step = shot.frames[1] - shot.frames[0] if len(shot.frames) > 1 else 1


def _again(
    scene: bpy.types.Scene, old: Take, generation: GenerationSettings, frames: tuple[int, ...], first: FromFile | None
) -> TakeRequest:
    engine = engine_of(old) or settings_of(scene).engine
    reading: dict[str, Any] = {"frames": frames, "draft_step": 1}
    if first is not None:
        reading["first_frame"] = first
    folder = take.output_folder(settings_of(scene).output)
    return replace(fresh(take.new(folder), scene, engine, Changes(reading, generation)), numbered=True)
