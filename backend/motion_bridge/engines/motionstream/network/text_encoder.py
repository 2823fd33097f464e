"""What somebody says, and what the first frame shows, as numbers for cross-attention.

The sketch knows words by a fixed direction each. Wan's models read through UMT5, and some of them look at the first
frame through CLIP as well; both encoders run once for each prompt or picture and are never needed between chunks.
"""

import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....errors import BadInput
from ....model_registry.folder_check import weight_faults
from ....models import device as machine
from ....models.offload import stream
from .inference import for_inference
from .sketch_config import embed_words

READING = 0.6e9  # bytes beside the weights while a text is read, and what fragmentation wastes
LENGTH = 512  # tokens; what is behind a text's end is zeros
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Words:
    """The sketch's: (1, 12, width) for a prompt; zeros for none."""

    def __call__(self, prompt: str) -> Tensor:
        return embed_words(re.findall(r"\w+", prompt))[None]


class T5:
    """Wan's text encoder, from the folders `tokenizer` and `text_encoder` of a model."""

    def __init__(self, folder: Path, device: str, dtype: torch.dtype):
        """BadInput when a folder is missing or not whole."""
        from transformers import AutoTokenizer, UMT5EncoderModel

        place = folder / "text_encoder"
        if not place.is_dir() or not (folder / "tokenizer").is_dir():
            raise BadInput(f"{folder} has no text_encoder and tokenizer; copy both from the model's repository.")
        if faults := list(weight_faults(place, "text_encoder/")):
            raise BadInput(f"{place} cannot be loaded: {' '.join(faults)}")
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True)
            encoder = UMT5EncoderModel.from_pretrained(
                str(place), dtype=dtype, use_safetensors=True, local_files_only=True
            )
        except (OSError, ValueError, KeyError) as fault:
            raise BadInput(f"{folder} does not hold a text encoder that can be used: {fault}") from None
        self._encoder: nn.Module = for_inference(encoder, "cpu")
        self._device = device
        self._streamed = False  # whether its layers come to the device one by one
        self._read: dict[str, Tensor] = {}  # every prompt of the job, so that none is read twice

    @torch.no_grad()
    def __call__(self, prompt: str) -> Tensor:
        """(1, 512, width). The encoder is on the device only while it reads: it is larger than the video model.

        Where it does not fit even then, as its 11 GB on a small card, its layers come one by one.
        """
        words = " ".join(prompt.split())
        if words not in self._read:
            read = self._tokenizer(
                words, max_length=LENGTH, truncation=True, add_special_tokens=True, return_tensors="pt"
            ).to(self._device)
            if not self._streamed and not self.fits():
                self._streamed = True
                stream(self._encoder, self._device, "leaf_level")
            try:
                if not self._streamed:
                    self._encoder.to(self._device)
                found = self._encoder(read.input_ids, read.attention_mask).last_hidden_state
            finally:
                if not self._streamed:
                    self._encoder.to("cpu")
                _give_back(self._device)
            self._read[words] = functional.pad(found, (0, 0, 0, LENGTH - found.shape[1]))
        return self._read[words]

    def fits(self) -> bool:
        """Whether the device has room for the whole encoder beside what is there now."""
        if not self._device.startswith("cuda"):
            return True
        size = sum(weight.nbytes for weight in self._encoder.parameters())
        return size + READING <= machine.device("cuda").free


@torch.no_grad()
def look_at(picture: Tensor, folder: Path, device: str, dtype: torch.dtype) -> Tensor:
    """What CLIP sees in a picture (3, H, W) in -1 … 1, by the encoder in `image_encoder`: (1, patches, width).

    The last layer but one, as Wan's models were trained with. BadInput when the folder is missing or not whole.
    """
    from transformers import CLIPVisionModel

    place = folder / "image_encoder"
    if not place.is_dir():
        raise BadInput(f"{folder} has no image_encoder, which this model needs; copy it from the model's repository.")
    if faults := list(weight_faults(place, "image_encoder/")):
        raise BadInput(f"{place} cannot be loaded: {' '.join(faults)}")
    encoder = CLIPVisionModel.from_pretrained(str(place), dtype=dtype, use_safetensors=True, local_files_only=True)
    side = int(encoder.config.to_dict()["image_size"])
    small = functional.interpolate(
        (picture[None].float() + 1) / 2, (side, side), mode="bicubic", align_corners=False, antialias=True
    ).clamp(0, 1)
    mean, std = (torch.tensor(each)[None, :, None, None] for each in (CLIP_MEAN, CLIP_STD))
    shown = ((small - mean) / std).to(device, dtype)
    try:
        return for_inference(encoder, device)(shown, output_hidden_states=True).hidden_states[-2]
    finally:
        for_inference(encoder, "cpu")
        _give_back(device)


def _give_back(device: str) -> None:
    """Memory of a card that torch would keep for itself."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
