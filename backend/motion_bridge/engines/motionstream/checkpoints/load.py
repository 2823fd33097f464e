"""A model's name or folder to everything that a stream needs of it.

    motionstream.json            how it is run (usage.py); without it, as the open causal checkpoints are
    transformer/                 config.json and safetensors: the student, and the head as track_encoder.*
    codec/codec.safetensors      the sketch's own encoder.* and decoder.*
    vae/                         or Wan's autoencoder, as diffusers saves it
    tiny_decoder/                and, where somebody has trained one, tiny_decoder.py for it
    text_encoder/ tokenizer/     UMT5, where text is t5
    image_encoder/               CLIP, where the transformer looks at the first frame through it

The sketch lies in the package. Other names are folders in the models folder, or in the Hugging Face cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from safetensors.torch import save_file
from torch import Tensor, nn

from ....errors import BadInput, ModelMissing
from ....files import home
from ....model_registry import registry
from ....model_registry.video_models import MODELS, SKETCH
from ....models import safetensors_file
from ..network import wan_vae
from ..network.acceleration import PLAIN, Acceleration, accelerate
from ..network.conditioning import FirstFrame
from ..network.sketch_vae import Decoder, Encoder
from ..network.student import Text
from ..network.text_encoder import T5, Words, look_at
from ..network.track_head import STRIDE, TrackHead
from . import checkpoint, inference_config, tiny_decoder
from .generator import Generator
from .inference_config import Usage

SKETCH_FOLDER = Path(__file__).parents[3] / "weights" / "sketch-video"
REPOSITORIES = {"track-v0": "H1yori233/Track-v0"}
DECODERS = ("", "tiny", "full")
CODEC = "codec.safetensors"
EXPERTS = (("transformer", "transformer_2"), ("high_noise_model", "low_noise_model"))  # diffusers', and Wan's own


@dataclass(frozen=True)
class Model:
    """A generator, and the way from pictures and words to what it is told."""

    generator: Generator
    encode: Callable[[Tensor], FirstFrame]  # a picture (3, H, W) in -1 … 1, at a size of fit.size_for
    look: Callable[[Tensor], Tensor | None]  # what the transformer sees of the first frame beside that
    words: Callable[[str], Tensor]
    said: tuple[str, ...]  # what was added to the weights

    def read(self, prompt: str, seen: Tensor | None) -> Text:
        """A prompt, and what `look` saw, for every layer."""
        place = self.generator.student.proj_out.weight
        return self.generator.student.read_text(self.words(prompt).to(place), seen)


def load(
    name: str,
    device: str = "cpu",
    decoder: str = "",
    change: Callable[[Usage], Usage] = lambda own: own,
    speed: Acceleration = PLAIN,
) -> Model:
    """The model of that name, or in that folder, on a device.

    decoder: tiny or full; empty for the tiny one where there is one. change: what is to differ from the model's own
    usage. speed: how its passes are made fast. BadInput lists what is missing or does not fit; ModelMissing says where
    to get a known model.
    """
    folder = folder_of(name)
    if decoder not in DECODERS:
        raise BadInput(f"decoder is {decoder!r}; choose tiny or full, or leave it empty.")
    refuse_expert_pair(folder)
    own = change(inference_config.read(folder))
    dtype = speed.dtype(device)
    weights = checkpoint.load(folder / "transformer")
    student, head = checkpoint.build(weights, device, dtype)
    accelerate(student, speed)
    encode, decode = _codec(folder, decoder, own, device, dtype)
    words = Words() if own.text == "words" else T5(folder, device, dtype)

    def look(picture: Tensor) -> Tensor | None:
        return None if student.config["image_dim"] is None else look_at(picture, folder, device, dtype)

    return Model(Generator(student, head, decode, own), encode, look, words, weights.said)


def folder_of(name: str) -> Path:
    """Where a model's folder is. BadInput for a name that nobody knows."""
    if name == SKETCH:
        if not (SKETCH_FOLDER / inference_config.FILE).is_file():
            raise ModelMissing(f"{SKETCH_FOLDER} does not hold the sketch model; install motion-bridge again.")
        return SKETCH_FOLDER
    for folder in (home.expand(name, "The model"), registry.models_folder() / name):
        if folder.is_dir():
            return folder
    if name not in MODELS:
        raise BadInput(f"There is no video model {name!r}; choose one of {', '.join(MODELS)}, or name a folder.")
    repository = REPOSITORIES[name]
    return registry.cached(
        repository,
        None,
        f"{name} is not on this machine (about 25 GB; read its license on its card). "
        f"Get it with: hf download {repository} --local-dir {registry.models_folder() / name}",
    )


def refuse_expert_pair(folder: Path) -> None:
    """BadInput for Wan2.2 A14B, of which one network would be loaded and the other forgotten."""
    for high, low in EXPERTS:
        if (folder / high).is_dir() and (folder / low).is_dir():
            raise BadInput(
                f"{folder} holds the two experts of Wan2.2 A14B, {high} for strong noise and {low} for faint; a stream "
                "runs one network at every noise level. Take Wan2.1, or distill the pair into one network first."
            )


def save(
    folder: Path,
    use: Usage,
    transformer: WanTransformer3DModel,
    head: TrackHead,
    encoder: Encoder,
    decoder: Decoder,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a sketch model's folder. dtype: of the files; None keeps the networks' own."""
    inference_config.write(use, folder)
    checkpoint.save(transformer, head, folder / "transformer", dtype)
    parts = {"encoder": encoder, "decoder": decoder}
    state = {
        f"{part}.{name}": tensor for part, network in parts.items() for name, tensor in network.state_dict().items()
    }
    (folder / "codec").mkdir(exist_ok=True)
    save_file(
        {name: tensor.detach().to("cpu", dtype or tensor.dtype).contiguous() for name, tensor in state.items()},
        folder / "codec" / CODEC,
    )


def _codec(folder: Path, wanted: str, use: Usage, device: str, dtype: torch.dtype):
    """How pictures become latents, and the decoder that was asked for."""
    own, full, tiny = folder / "codec" / CODEC, folder / "vae", folder / "tiny_decoder"
    if wanted != "full" and own.is_file():
        encoder, decoder = _own_codec(own, device)
        return lambda picture: _encode_first(encoder, picture, device), decoder
    if wanted == "tiny" and not tiny.is_dir():
        raise BadInput(f"{folder} has no tiny decoder (tiny_decoder/); choose the decoder full.")
    if not full.is_dir():
        raise BadInput(f"{folder} has no full decoder (vae/); choose the decoder tiny.")
    vae = wan_vae.load(full, device, dtype)
    decoder = wan_vae.WanDecoder(vae)
    if wanted != "full" and tiny.is_dir():
        decoder = tiny_decoder.load(tiny).to(device, dtype)
    return lambda picture: wan_vae.encode_first(vae, picture, use.grey), decoder


def _own_codec(path: Path, device: str) -> tuple[Encoder, Decoder]:
    state = safetensors_file.read(path)
    channels = next((tensor.shape[1] for name, tensor in state.items() if name == "decoder.enter.weight"), 16)
    encoder, decoder = Encoder(channels), Decoder(channels)
    networks = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    if faults := checkpoint.faults(state, networks.state_dict()):
        raise BadInput(f"{path} does not hold this codec. {' '.join(faults)}")
    networks.load_state_dict(state)
    networks.to(device).eval().requires_grad_(False)
    return encoder, decoder


@torch.no_grad()
def _encode_first(encoder: Encoder, picture: Tensor, device: str) -> FirstFrame:
    """The picture alone, and four frames of grey alone: this encoder remembers nothing from one to the next."""
    latent = encoder(picture[None, :, None].to(device))[0, :, 0]
    blank = torch.zeros(1, 3, 1 + STRIDE, *picture.shape[1:], device=device)
    return FirstFrame(latent.cpu(), encoder(blank)[0, :, 1].cpu())
