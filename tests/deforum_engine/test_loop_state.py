"""The loop's state is one frozen value, and its steps are verbs on it that use everything they take."""

import ast
import dataclasses
import inspect

import pytest
import torch
from motion_bridge.engines.deforum.loop import loop, steps
from motion_bridge.engines.deforum.loop.loop_state import LoopState

STEPS = [step for name, step in vars(steps).items() if inspect.isfunction(step) and step.__module__ == steps.__name__]


def test_a_state_is_never_changed_but_followed_by_another():
    state = LoopState({1: "hills"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.frame = 2  # type: ignore[misc]
    first = state.at(0).after(torch.ones(1, 3, 2, 2))
    later = first.at(4).after(torch.zeros(1, 3, 2, 2))
    assert state.is_first and not first.is_first
    assert (later.before, later.frame) == (4, 4)
    assert torch.equal(later.reference, torch.ones(1, 3, 2, 2)), "the first frame stays the reference"


@pytest.mark.parametrize("name", ["warp", "composite", "match_color", "add_noise", "img2img", "apply_mask", "decode"])
def test_the_fields_verbs_are_the_loops(name):
    step = getattr(steps, name)
    assert list(inspect.signature(step).parameters)[:2] == ["context", "state"]
    assert getattr(loop, name) is step


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_uses_each_of_its_parameters_itself(step):
    """A parameter that is only handed on to another step is one too many; context and state are every step's."""
    tree = ast.parse(inspect.getsource(step))
    others = {each.__name__ for each in STEPS}
    handed_on = {id(arg) for call in calls(tree) if call.func.id in others for arg in call.args}
    used = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and id(each) not in handed_on}
    assert set(inspect.signature(step).parameters) - {"context", "state"} <= used


def test_the_order_of_the_steps_is_the_fields():
    called = [call.func.id for call in calls(ast.parse(inspect.getsource(loop.generate_frame)))]
    order = ["warp", "blend_video", "desaturate", "adjust_contrast", "sharpen", "add_noise", "redo"]
    assert [name for name in called if name in order] == order
    assert called[-1] == "apply_mask" and called.index("redo") < len(called) - 1 - called[::-1].index("img2img")


def calls(tree):
    """Calls of functions by their plain names, in the order of the text."""
    found = [each for each in ast.walk(tree) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
    return sorted(found, key=lambda call: (call.lineno, -call.col_offset))
