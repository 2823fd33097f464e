"""The tiny decoder's folder: config.json and its weights; or TAEHV's own safetensors and nothing else."""

import json
from pathlib import Path

from safetensors.torch import save_file

from ....errors import BadInput
from ....files import json_text, writing
from ....models import safetensors_file
from ..network.taehv import DECODER, TaehvDecoder, widths_of
from ..network.tiny_decoder import TinyDecoder
from .checkpoint import faults

FILE = "decoder.safetensors"


def save(decoder: TinyDecoder, folder: Path) -> None:
    """Write a decoder's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    writing.write(folder, "config.json", (json.dumps(decoder.shape) + "\n").encode())
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in decoder.state_dict().items()}, folder / FILE
    )


def load(folder: Path) -> TinyDecoder | TaehvDecoder:
    """A decoder from its folder; BadInput lists what is missing, superfluous or misshapen."""
    others = sorted(path for path in folder.glob("*.safetensors") if path.name != FILE)
    if not (folder / FILE).exists() and others:
        return load_taehv(others[0])
    if not (folder / FILE).exists() and (pickles := sorted(folder.glob("*.pth"))):
        raise BadInput(f"{pickles[0]} is a pickle, which can run code when it is read; save it as safetensors.")
    try:
        decoder = TinyDecoder(**json_text.read_object(folder / "config.json"))
        state = safetensors_file.read(folder / FILE)
    except (BadInput, OSError, ValueError, TypeError, RuntimeError, MemoryError) as fault:
        raise BadInput(f"{folder} does not hold a tiny decoder: {fault}.") from None
    if wrong := faults(state, decoder.state_dict()):
        raise BadInput(f"{folder / FILE} does not fit its config.json. {' '.join(wrong)}")
    decoder.load_state_dict(state)
    return decoder.eval().requires_grad_(False)


def load_taehv(path: Path) -> TaehvDecoder:
    """The decoder out of a TAEHV file (taew2_1 and its kin), whose encoder is left out. BadInput as `load` has it."""
    found = safetensors_file.read(path)
    state = {name: tensor for name, tensor in found.items() if name.startswith(DECODER)}
    channels, widths = widths_of(state)
    if not widths:
        raise BadInput(f"{path} does not hold a TAEHV decoder: there are no {DECODER}1.weight … {DECODER}20.weight.")
    decoder = TaehvDecoder(channels, widths)
    if wrong := faults(state, decoder.state_dict()):
        raise BadInput(f"{path} does not hold a TAEHV decoder of Wan2.1's latents. {' '.join(wrong)}")
    decoder.load_state_dict(state)
    return decoder.eval().requires_grad_(False)
