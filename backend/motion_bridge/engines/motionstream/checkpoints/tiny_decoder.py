"""The tiny decoder's folder: config.json and its weights."""

import json
from pathlib import Path

from safetensors.torch import save_file

from ....errors import BadInput
from ....files import json_text, writing
from ....models import safetensors_file
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


def load(folder: Path) -> TinyDecoder:
    """A decoder from its folder; BadInput lists what is missing, superfluous or misshapen."""
    try:
        decoder = TinyDecoder(**json_text.read_object(folder / "config.json"))
        state = safetensors_file.read(folder / FILE)
    except (BadInput, OSError, ValueError, TypeError, RuntimeError, MemoryError) as fault:
        raise BadInput(f"{folder} does not hold a tiny decoder: {fault}.") from None
    if wrong := faults(state, decoder.state_dict()):
        raise BadInput(f"{folder / FILE} does not fit its config.json. {' '.join(wrong)}")
    decoder.load_state_dict(state)
    return decoder.eval().requires_grad_(False)
