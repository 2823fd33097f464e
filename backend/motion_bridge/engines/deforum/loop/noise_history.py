"""Moving noise depends on all the motion before a frame, so its addresses are carried from key frame to key frame."""

from dataclasses import replace

from . import warped_noise
from .context import LoopContext
from .loop_state import LoopState


def needs_noise_history(context: LoopContext) -> bool:
    """Whether a resumed job must follow the motion of finished frames again."""
    return context.settings["noise_type"] == "moving" and context.settings["mode"] != "interpolation"


def carry_noise(context: LoopContext, state: LoopState) -> LoopState:
    """The addresses of noise at the frame at work; new ones where it reveals something."""
    if not needs_noise_history(context):
        return state
    addresses, motion = state.noise_addresses, state.motion
    if not addresses.numel():
        height, width = state.feedback.shape[-2:]
        addresses = warped_noise.addresses(height, width, 0, context.device)
    revealed = context.space.mask(motion.revealed[:, None].float())[:, 0] > 0.5
    return replace(
        state, noise_addresses=warped_noise.carry(addresses, context.space.flow(motion.flow), revealed, state.frame)
    )
