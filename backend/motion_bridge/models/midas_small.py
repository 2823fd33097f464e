"""MiDaS v2.1 small: EfficientNet-Lite3, which timm has, and a small decoder; for machines where frames must be quick.

    picture ─ stem, blocks ─┬─ 1/4 ─ reduce ────────────────────────────── fuse ─ head ─ inverse depth
                            ├─ 1/8 ─ reduce ───────────────────── fuse ──┘
                            ├─ 1/16 ─ reduce ──────────── fuse ──┘
                            └─ 1/32 ─ reduce ──── fuse ──┘

Weights: the published file (midas_v21_small_256, MIT), converted to safetensors under its own names.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from ..errors import BadInput, ModelMissing
from . import safetensors_file

ENCODER = "tf_efficientnet_lite3"
SEEN = (32, 48, 136, 384)  # channels at 1/4, 1/8, 1/16, 1/32
WIDTH = (64, 128, 256, 512)  # of the decoder there
BLOCKS = ((0, 1), (2,), (3, 4), (5, 6))  # the encoder's, by resolution
FILE = "model.safetensors"
NAME, PUBLISHED = "midas-small", "midas_v21_small_256.pt of isl-org/MiDaS"


class Residual(nn.Module):
    """Two convolutions beside the way through."""

    def __init__(self, width: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(functional.relu(self.conv1(functional.relu(x))))


class Fuse(nn.Module):
    """What comes from below and what the encoder saw here, at twice the size."""

    def __init__(self, width: int, out: int):
        super().__init__()
        self.resConfUnit1 = Residual(width)
        self.resConfUnit2 = Residual(width)
        self.out_conv = nn.Conv2d(width, out, 1)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        x = x if seen is None else x + self.resConfUnit1(seen)
        x = functional.interpolate(self.resConfUnit2(x), scale_factor=2, mode="bilinear", align_corners=True)
        return self.out_conv(x)


class Decoder(nn.Module):
    """Inverse depth from the encoder's four feature maps, finest first."""

    def __init__(self):
        super().__init__()
        outs = (WIDTH[0], *WIDTH[:-1])
        for at, (seen, width, out) in enumerate(zip(SEEN, WIDTH, outs, strict=True), start=1):
            setattr(self, f"layer{at}_rn", nn.Conv2d(seen, width, 3, padding=1, bias=False))
            setattr(self, f"refinenet{at}", Fuse(width, out))
        self.output_conv = nn.ModuleDict(
            {"0": nn.Conv2d(64, 32, 3, padding=1), "2": nn.Conv2d(32, 32, 3, padding=1), "4": nn.Conv2d(32, 1, 1)}
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        seen = [getattr(self, f"layer{at}_rn")(feature) for at, feature in enumerate(features, start=1)]
        fuse = [getattr(self, f"refinenet{at}") for at in range(1, 5)]
        x = fuse[3](seen[3])
        for at in (2, 1, 0):
            x = fuse[at](x, seen[at])
        head = self.output_conv
        x = functional.interpolate(head["0"](x), scale_factor=2, mode="bilinear", align_corners=False)
        return functional.relu(head["4"](functional.relu(head["2"](x))))[:, 0]


class MidasSmall(nn.Module):
    """Pictures (B, 3, H, W) normalized as ImageNet's, sides multiples of 32 → inverse depth (B, H, W)."""

    def __init__(self, encoder: Any):
        super().__init__()
        self.encoder = encoder
        self.decoder = Decoder()

    def forward(self, picture: Tensor) -> Tensor:
        encoder, features = self.encoder, []
        x = encoder.bn1(encoder.conv_stem(picture))
        x = encoder.act1(x) if hasattr(encoder, "act1") else x  # newer versions of timm have it in bn1
        for stage in BLOCKS:
            for block in stage:
                x = encoder.blocks[block](x)
            features.append(x)
        return self.decoder(features)


def load(folder: Path) -> MidasSmall:
    """The estimator in a folder. ModelMissing without timm or weights, BadInput for weights of something else."""
    if find_spec("timm") is None:
        raise ModelMissing(
            "midas-small needs the package timm (pip install timm, which needs torchvision); depth-anything-v2-small "
            "is as quick and needs neither."
        )
    if not (folder / FILE).is_file():
        raise ModelMissing(
            f"{NAME} is not on this machine. {PUBLISHED} (80 MB, MIT) is a pickle; convert it on a machine you "
            f"can lose, and put it at {folder / FILE}."
        )
    from timm import create_model  # pyright: ignore[reportMissingImports]

    model = MidasSmall(create_model(ENCODER, pretrained=False))
    stored = safetensors_file.read(folder / FILE)
    known, wanted = _renamed(stored), model.state_dict()
    missing = [name for name in wanted if name not in known and not _unused(name)]
    if missing:
        raise BadInput(f"{folder / FILE} is not MiDaS small: {missing[0]} and {len(missing) - 1} more are missing.")
    try:
        model.load_state_dict({name: known.get(name, value) for name, value in wanted.items()})
    except RuntimeError as fault:
        raise BadInput(f"{folder / FILE} is not MiDaS small: {' '.join(str(fault).split())[:300]}") from None
    return model.eval()


def _unused(name: str) -> bool:
    """What the encoder has for naming pictures, and counters."""
    return name.startswith(("encoder.conv_head", "encoder.bn2", "encoder.classifier")) or "num_batches" in name


def _renamed(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published names (pretrained.layer1.3.0…, scratch.refinenet4…) as ours."""
    places = {"1.0": "conv_stem", "1.1": "bn1", "1.3": "blocks.0", "1.4": "blocks.1", "2.0": "blocks.2"}
    places |= {"3.0": "blocks.3", "3.1": "blocks.4", "4.0": "blocks.5", "4.1": "blocks.6"}
    found = {}
    for name, value in stored.items():
        if name.startswith("scratch."):
            found["decoder." + name.removeprefix("scratch.")] = value
        elif name.startswith("pretrained.layer"):
            layer, part, rest = name.removeprefix("pretrained.layer").split(".", 2)
            if f"{layer}.{part}" in places:
                found[f"encoder.{places[f'{layer}.{part}']}.{rest}"] = value
    return found
