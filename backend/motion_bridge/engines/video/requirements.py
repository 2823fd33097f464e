"""What a job asks of a model, as far as it can be judged before anything is loaded."""

from collections.abc import Mapping
from typing import Any

from ...errors import BadInput
from ...files import home
from ...model_registry import video_registry
from ...model_registry.video_registry import FAMILIES, VideoFamily


def chosen(asked: Mapping[str, Any]) -> tuple[VideoFamily | None, str]:
    """The family, where the model's name says it or its folder does, and the control that will be used."""
    name = video_registry.family_of(asked["model"])
    if name is None:
        name = video_registry.family_in(home.expand(asked["model"], "The model"))
    family = FAMILIES[name] if name else None
    return family, asked["control"] or (family.controls[0] if family else "")


def check_control(family: VideoFamily, control: str) -> None:
    """BadInput for a control that the model does not take."""
    if control and control not in family.controls:
        able = [other.label for other in FAMILIES.values() if control in other.controls]
        raise BadInput(
            f"{family.label} is not told the scene's {control}; it takes {', '.join(family.controls)}. "
            f"For {control} choose {' or '.join(able)}."
        )


def check_license(family: VideoFamily, accepted: bool) -> None:
    """BadInput for a model whose license has to be accepted and is not."""
    if family.terms and not accepted:
        raise BadInput(
            f"{family.label} comes under the {family.license}, which not everybody can accept. Read it at "
            f"{family.terms}, then set accept_license."
        )
