"""The weights of a student: read from any of the known layouts, checked name by name, and saved in one.

The layout is that of the open 52-channel checkpoints: the transformer under diffusers' names, and the track head beside
it as `track_encoder.*`. Its input channels are, in this order, noise (16), mask (4), first frame (16), tracks (16).
Files without channels for tracks (Wan I2V, Wan-Move) or for a first frame too (Wan T2V) are widened with zeros: the new
channels say nothing until they are trained. Fun-Control's channels are noise, control and first frame; its control is
left out. Nothing that is missing, too much or of another shape is passed over.
"""

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed, WanTransformer3DModel
from safetensors.torch import save_file
from torch import Tensor, nn

from ....errors import BadInput
from ....files import json_text, writing
from ....model_registry.folder_check import weight_faults
from ....models import safetensors_file
from ..network.conditioning import MASK_CHANNELS
from ..network.inference import for_inference
from ..network.student import Student
from ..network.track_head import TrackHead
from .key_mapping import HEAD, UNUSED, diffusers_name, listed

IDENTITY_WIDTH, TRACK_CHANNELS = 64, 16  # of a head that a file without one is given
HEAD_WIDTH = 128  # of Wan's attention, where no config says otherwise
FILE = "diffusion_pytorch_model.safetensors"
TI2V_LATENT = 48  # channels of the latents of Wan2.2 TI2V-5B, and of no other
PRECISE = ("time_embedder", "scale_shift_table", "norm1.", "norm2.")  # parts of names that stay in float32

State = dict[str, Tensor]


@dataclass(frozen=True)
class Weights:
    """What a folder holds, under our names and in our shapes."""

    config: dict[str, Any]  # of the transformer
    transformer: State
    head: State
    said: tuple[str, ...]  # what was added to make it fit


def load(folder: Path) -> Weights:
    """The weights in a component's folder: safetensors, in one file or many, and a config.json.

    BadInput lists what is missing, superfluous or misshapen.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is missing; this is not a video model, or copying it was interrupted.")
    if wrong := list(weight_faults(folder, f"{folder.name}/")):
        raise BadInput(f"{folder} cannot be loaded: {' '.join(wrong)}")
    found: State = {}
    for path in sorted(folder.glob("*.safetensors")):
        found.update(safetensors_file.read(path))
    return fit(found, json_text.read_object(folder / "config.json"), str(folder))


def fit(found: Mapping[str, Tensor], config: Mapping[str, Any], where: str) -> Weights:
    """Tensors under any known names → a student's and its head's. BadInput lists what does not fit."""
    named = {diffusers_name(name): tensor for name, tensor in found.items()}
    named = {name: tensor for name, tensor in named.items() if not UNUSED.fullmatch(name)}
    head = {name.removeprefix(HEAD): tensor for name, tensor in named.items() if name.startswith(HEAD)}
    transformer = {name: tensor for name, tensor in named.items() if not name.startswith(HEAD)}
    said: list[str] = []
    shape = _config(transformer, config, where)
    head = _head(head, said)
    _widen(transformer, shape, head, said, where)
    with torch.device("meta"):
        expected = Student(**shape).state_dict()
        expected_head = TrackHead(*_head_shape(head)).state_dict()
    if wrong := [*faults(transformer, expected), *faults(head, expected_head, HEAD)]:
        raise BadInput(f"{where} does not hold a model of this kind. {' '.join(wrong)}")
    return Weights(shape, transformer, head, tuple(said))


def build(weights: Weights, device: str, dtype: torch.dtype) -> tuple[Student, TrackHead]:
    """The networks, ready for use; what must be precise stays in float32."""
    with torch.device("meta"):
        student = Student(**weights.config)
        head = TrackHead(*_head_shape(weights.head))
    rotary = (student.config[name] for name in ("attention_head_dim", "patch_size", "rope_max_seq_len"))
    student.rope = WanRotaryPosEmbed(*rotary)
    placed = {name: tensor.to(device, _dtype(name, dtype)) for name, tensor in weights.transformer.items()}
    student.load_state_dict(placed, assign=True)
    head.load_state_dict({name: tensor.to(device, dtype) for name, tensor in weights.head.items()}, assign=True)
    return for_inference(student, device), for_inference(head, device)


def cast(network: nn.Module, dtype: torch.dtype) -> None:
    """Bring a network's parameters to a precision, as `build` does."""
    for name, parameter in network.named_parameters():
        parameter.data = parameter.data.to(_dtype(name, dtype))


def save(transformer: WanTransformer3DModel, head: TrackHead, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write a student (or a teacher) and its head as one component. dtype: of the file; None keeps each tensor's."""
    state = {**transformer.state_dict(), **{HEAD + name: tensor for name, tensor in head.state_dict().items()}}
    config = {name: value for name, value in dict(transformer.config).items() if name in _PARAMETERS}
    _write(state, config, head.temporal_conv.weight, folder, dtype)


def save_weights(weights: Weights, folder: Path) -> None:
    """Write weights that were read from another layout in this one."""
    state = {**weights.transformer, **{HEAD + name: tensor for name, tensor in weights.head.items()}}
    _write(state, weights.config, weights.head["temporal_conv.weight"], folder, None)


def _write(state: State, config: Mapping[str, Any], conv: Tensor, folder: Path, dtype: torch.dtype | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: tensor.detach().to("cpu", dtype or tensor.dtype).contiguous() for name, tensor in state.items()}
    save_file(kept, folder / FILE)
    tracks = {"id_dim": conv.shape[1], "track_channels": conv.shape[0], "use_bias": True}
    said = {"_class_name": "CausalTrackWanTransformer3DModel", **config, "track_config": tracks}
    writing.write(folder, "config.json", (json.dumps(said, indent=1, sort_keys=True) + "\n").encode())


_PARAMETERS = set(inspect.signature(WanTransformer3DModel.__init__).parameters) - {"self"}


def _config(state: State, config: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The transformer's configuration; what its tensors show counts more than what config.json says."""
    shape = {name: value for name, value in config.items() if name in _PARAMETERS}
    patch = state.get("patch_embedding.weight")
    if patch is None or patch.dim() != 5:
        raise BadInput(f"{where} does not hold a Wan transformer: patch_embedding.weight is missing or misshapen.")
    head_width = int(shape.get("attention_head_dim", HEAD_WIDTH))
    shape.update(
        attention_head_dim=head_width,
        num_attention_heads=max(1, patch.shape[0] // head_width),
        in_channels=patch.shape[1],
        patch_size=tuple(patch.shape[2:]),
        num_layers=1 + max((int(name.split(".")[1]) for name in state if name.startswith("blocks.")), default=-1),
        cross_attn_norm="blocks.0.norm2.weight" in state,
    )
    cells = patch.shape[2] * patch.shape[3] * patch.shape[4]
    for field, name, axis, parts in (
        ("out_channels", "proj_out.bias", 0, cells),
        ("ffn_dim", "blocks.0.ffn.net.0.proj.bias", 0, 1),
        ("text_dim", "condition_embedder.text_embedder.linear_1.weight", 1, 1),
        ("freq_dim", "condition_embedder.time_embedder.linear_1.weight", 1, 1),
        ("image_dim", "condition_embedder.image_embedder.norm1.weight", 0, 1),
        ("added_kv_proj_dim", "blocks.0.attn2.add_k_proj.weight", 1, 1),
    ):
        if name in state and state[name].dim() > axis:
            shape[field] = state[name].shape[axis] // parts
        elif field in ("image_dim", "added_kv_proj_dim"):
            shape[field] = None
    return shape


def _head(found: State, said: list[str]) -> State:
    """The head's tensors: those of the file, with zeros for biases it was trained without, or a head of zeros."""
    if not found:
        said.append("The file holds no track head: the track map says nothing to this model until one is trained.")
        with torch.device("meta"):
            blank = TrackHead(IDENTITY_WIDTH, TRACK_CHANNELS).state_dict()
        return {name: torch.zeros(tensor.shape) for name, tensor in blank.items()}
    head = dict(found)
    for layer in ("temporal_conv", "proj"):
        weight = head.get(f"{layer}.weight")
        if weight is not None and f"{layer}.bias" not in head:
            head[f"{layer}.bias"] = torch.zeros(weight.shape[0], dtype=weight.dtype)
    return head


def _head_shape(head: State) -> tuple[int, int]:
    """Identity width and channels, from the tensors."""
    conv = head.get("temporal_conv.weight")
    return (conv.shape[1], conv.shape[0]) if conv is not None and conv.dim() == 5 else (IDENTITY_WIDTH, TRACK_CHANNELS)


def _widen(state: State, shape: dict[str, Any], head: State, said: list[str], where: str) -> None:
    """Give the patch embedding the channels that it lacks, at zero."""
    latent, tracks = int(shape.get("out_channels") or 0), _head_shape(head)[1]
    full, there = 2 * latent + MASK_CHANNELS + tracks, int(shape["in_channels"])
    names = {latent: "a mask, a first frame and tracks", full - tracks: "tracks"}
    if latent == TI2V_LATENT:
        raise BadInput(
            f"{where} is Wan2.2 TI2V-5B: a noise level for each token tells it of the first frame, where this engine "
            "writes channels, so it would ignore the picture. Start from Wan2.1 of 1.3B or 14B."
        )
    if there == full:
        return
    weight = state["patch_embedding.weight"]
    if there == 3 * latent and there not in names:  # Fun-Control: noise, control, first frame
        blank = weight.new_zeros(weight.shape[0], MASK_CHANNELS + tracks, *weight.shape[2:])
        parts = [weight[:, :latent], blank[:, :MASK_CHANNELS], weight[:, 2 * latent :], blank[:, MASK_CHANNELS:]]
        state["patch_embedding.weight"], shape["in_channels"] = torch.cat(parts, dim=1), full
        said.append(
            f"The patch embedding of a Fun-Control model was fitted to {full} channels: its control channels are left "
            "out, and there are zeros for a mask and tracks."
        )
        return
    if there not in names:
        raise BadInput(
            f"{where} takes {there} channels; a Wan model of {latent} latent channels takes {latent}, "
            f"{full - tracks} or, with tracks, {full}; Fun-Control {3 * latent}."
        )
    blank = weight.new_zeros(weight.shape[0], full - there, *weight.shape[2:])
    state["patch_embedding.weight"] = torch.cat([weight, blank], dim=1)
    shape["in_channels"] = full
    said.append(f"The patch embedding was widened from {there} to {full} channels, with zeros for {names[there]}.")


def faults(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], prefix: str = "") -> list[str]:
    """What is missing, superfluous or misshapen, each as a sentence that lists all of it."""
    missing = [prefix + name for name in expected if name not in found]
    extra = [prefix + name for name in found if name not in expected]
    misshapen = [
        f"{prefix}{name} is {tuple(tensor.shape)} and should be {tuple(expected[name].shape)}"
        for name, tensor in found.items()
        if name in expected and tensor.shape != expected[name].shape
    ]
    return [
        *([f"Missing: {listed(missing)}."] if missing else []),
        *([f"Not known: {listed(extra)}."] if extra else []),
        *([f"Misshapen: {'; '.join(misshapen)}."] if misshapen else []),
    ]


def _dtype(name: str, dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if any(part in name for part in PRECISE) else dtype
