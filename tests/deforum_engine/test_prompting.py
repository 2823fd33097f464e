"""The small languages of a job: weighted prompts, masks, guided images, steady depth."""

import numpy as np
import pytest
import torch
from motion_bridge.engines.deforum.loop import depth, guided_images, mask_expressions, prompt_weights, scene_motion
from motion_bridge.errors import BadInput
from motion_bridge.models.prompt_encoding import Blend
from motion_bridge.schedules import Context


def read(text, dialect="superset", before="", k=0):
    return prompt_weights.read(text, k + 1, k, Context(dialect=dialect), spherical=False, before=before)


def weights(prompt):
    return {text: pytest.approx(weight) for text, weight in prompt.parts}


def test_a_plain_prompt_stays_a_text():
    assert read("a clock at 12:30 --neg fog", before="people") == ("a clock at 12:30", "people, fog")
    assert read("") == ("", "")


def test_prompts_joined_by_and_share_the_picture():
    wanted, _ = read("(red hills):1 AND a blue sea:3")
    assert weights(wanted) == {"red hills": 0.25, "a blue sea": 0.75}
    wanted, _ = read("one:`t/2` AND two:`1-t/2`", k=1)
    assert weights(wanted) == {"one": 0.5, "two": 0.5}


def test_a_weighted_word_lies_on_the_line_from_the_prompt_without_it():
    wanted, _ = read("a (red:1.3) hill")
    assert weights(wanted) == {"a red hill": 1.3, "a hill": -0.3}
    assert read("a (red:1) hill")[0] == "a red hill"
    assert weights(read("((a)) b")[0]) == {"a b": 1.21, "b": pytest.approx(-0.21)}
    assert weights(read("[a] b")[0])["a b"] == pytest.approx(1 / 1.1)
    assert read(r"a \(real\) hill")[0] == "a (real) hill"


def test_a_word_of_no_weight_leaves_no_gap():
    assert weights(read("a cat, (dog:0.5), bird")[0]) == {"a cat, dog, bird": 0.5, "a cat, bird": 0.5}


def test_classic_weights_below_zero_are_avoided():
    wanted, unwanted = read("red hills:1 fog:-0.5 sea:3", "classic", before="people")
    assert weights(wanted) == {"red hills": 0.25, "sea": 0.75}
    assert unwanted == "people, fog"


def test_wrong_weights_name_the_frame():
    with pytest.raises(BadInput, match=r"prompt at frame 1: .*sum to 0"):
        read("a:1 AND b:-1")
    with pytest.raises(BadInput, match="too many; at most 24"):
        read(" ".join(f"(w{at})" for at in range(25)))


def test_between_two_prompts_both_count():
    prompts = {0: "red", 10: "blue"}
    assert prompt_weights.texts(prompts, 5, "held") == "red"
    text = prompt_weights.texts(prompts, 2, "linear")
    wanted, _ = prompt_weights.read(text, 3, 2, Context(), spherical=True)
    assert isinstance(wanted, Blend) and wanted.spherical
    assert weights(wanted) == {"red": 0.8, "blue": 0.2}


def area(text):
    masks = {"a": torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]]), "b": torch.tensor([[[[1.0, 0.0, 1.0, 0.0]]]])}
    return mask_expressions.area(text, masks.__getitem__, lambda path: masks["b"])[0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a}", [1, 1, 0, 0]),
        ("!{a}", [0, 0, 1, 1]),
        ("{a} & [b.png]", [1, 0, 0, 0]),
        ("{a} | {b}", [1, 1, 1, 0]),
        ("{a} ^ {b}", [0, 1, 1, 0]),
        ("{a} \\ {b}", [0, 1, 0, 0]),
        ("!({a} | {b})", [0, 0, 0, 1]),
        ("{a} | {b} & !{a}", [1, 1, 1, 0]),
    ],
)
def test_masks_are_put_together_by_signs(text, expected):
    assert area(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a} &", "missing at its end"),
        ("({a}", "never closed"),
        ("{a} {b}", "nothing to its left"),
        ("cat", "means nothing"),
    ],
)
def test_a_wrong_mask_is_shown(text, message):
    with pytest.raises(BadInput, match=message):
        area(text)


class Fixed:
    """A plan whose schedules are constant."""

    def __init__(self, **values):
        self.values = values

    def __call__(self, name, k):
        return self.values[name]


def test_guided_images_swing_between_their_frames_as_in_the_webui():
    plan = Fixed(blendFactorMax=0.35, blendFactorSlope=0.25, tweening_frames_schedule=10)
    towards = guided_images.GuidedImages({0: torch.zeros(1), 30: torch.ones(1)})
    assert [float(towards.at(k)) for k in (0, 29, 30, 90)] == [0, 0, 1, 1]
    assert towards.weight(0, plan) == pytest.approx(0.10)
    assert towards.weight(5, plan) == pytest.approx(0.35 - 0.25 * np.cos(1))
    assert towards.weight(20, plan) == guided_images.OUTSIDE


def test_two_looks_at_one_thing_are_brought_to_one_scale_though_a_third_of_it_changed(rng):
    before = torch.tensor(rng.random((1, 40, 60)), dtype=torch.float32)
    near = (before - 0.3) / 1.7 + torch.tensor(rng.normal(0, 1e-3, (1, 40, 60)), dtype=torch.float32)
    near[:, :14] = torch.tensor(rng.random((1, 14, 60)) * 5, dtype=torch.float32)
    scale, shift = depth.fit_line(near, before, torch.ones(1, 40, 60, dtype=torch.bool))
    assert scale == pytest.approx(1.7, rel=0.01)
    assert shift == pytest.approx(0.3, abs=0.01)


class Jittery:
    """An estimator whose scale and shift change at every look."""

    kind = "midas"

    def __init__(self, truth):
        self.truth, self.looks = truth, 0

    def __call__(self, picture):
        self.looks += 1
        return self.truth * (1 + 0.3 * (self.looks % 3)) + 4 * (self.looks % 2)


def test_an_estimators_scale_stays_the_same_over_a_job_and_when_it_is_resumed(rng):
    truth = torch.tensor(rng.random((1, 32, 48)), dtype=torch.float32) * 20
    still = scene_motion.Motion(torch.zeros(1, 32, 48, 2), torch.zeros(1, 32, 48, dtype=torch.bool))
    pictures = [torch.full((1, 3, 32, 48), k / 9) for k in range(6)]
    seen = depth.Estimated(Jittery(truth), classic=True)
    notes, z = [], []
    for k, picture in enumerate(pictures):
        notes.append(seen.follow(picture, still if k else None))
        z.append(seen.z(k, picture))
    assert max(float((each - z[0]).abs().max()) for each in z) < 1e-3
    loose = depth.Estimated(Jittery(truth), classic=True)
    assert float((loose.z(0, pictures[0]) - loose.z(1, pictures[1])).abs().max()) > 0.1
    later = Jittery(truth)
    later.looks = 3
    again = depth.Estimated(later, classic=True)
    again.restore(pictures[3], notes[3])
    assert torch.allclose(again.z(3, pictures[3]), z[3])
