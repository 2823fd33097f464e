"""Whether a feedback loop burns or blurs: what slowly changes in its pictures, against the first of them and a control.

A picture is looked at in LAB, in HSV and by its frequencies; everything is a share of what the first frames had, so
that a slope of 0.05 for every 100 frames is five percent in each of them. The control is the same first picture under
the same motion with nothing generated: what happens to it is the camera's doing.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

FIRST = 6  # frames that are the measure of all others
SPAN = 100  # frames that a slope is given for
ALLOWED = 0.05  # of difference to the control's slope
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
KNEE = 6 / 29
CURVES = {  # name → what it is
    "color": "how far the LAB means went, in LAB deviations",
    "contrast": "LAB deviation",
    "saturation": "mean saturation (HSV)",
    "vivid": "99th percentile of saturation",
    "clipped": "share of pixels with a channel at its end, in all pixels",
    "sharpness": "deviation of the Laplacian",
    "detail": "amplitude above a quarter of the Nyquist frequency",
}

Picture = NDArray[np.uint8]
Curves = dict[str, NDArray[np.float64]]


def look(pixels: Picture) -> dict[str, NDArray[np.float64]]:
    """What is measured of one picture (H, W, 3)."""
    rgb = pixels.astype(np.float64) / 255
    lab, most, least = _lab(rgb), rgb.max(-1), rgb.min(-1)
    saturation = np.where(most > 0, (most - least) / np.maximum(most, 1e-9), 0)
    grey = rgb.mean(-1)
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return {
        "mean": lab.mean((0, 1)),
        "contrast": np.linalg.norm(lab.std((0, 1))),
        "saturation": saturation.mean(),
        "vivid": np.quantile(saturation, 0.99),
        "clipped": ((pixels <= 1) | (pixels >= 254)).any(-1).mean(),
        "sharpness": laplacian.std(),
        "detail": _detail(grey),
    }  # type: ignore[return-value]


def curves(pictures: Iterable[Picture]) -> Curves:
    """Each measurement at every frame, against that of the first ones: (T,) each."""
    looks = [look(pixels) for pixels in pictures]
    series = {name: np.stack([each[name] for each in looks]) for name in looks[0]}
    first = {name: values[:FIRST].mean(0) for name, values in series.items()}
    away = np.linalg.norm(series.pop("mean") - first["mean"], axis=-1)
    found = {"color": away / max(float(first["contrast"]), 1e-9)}
    for name, values in series.items():
        found[name] = values - first[name] if name == "clipped" else values / max(float(first[name]), 1e-9)
    return found


def slopes(found: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """How much each changes in 100 frames, by least squares."""
    return {name: float(SPAN * np.polyfit(np.arange(len(values)), values, 1)[0]) for name, values in found.items()}


def drifting(found: Mapping[str, float], control: Mapping[str, float]) -> list[str]:
    """The measurements whose slope is further from the control's than allowed."""
    return [name for name in CURVES if abs(found[name] - control[name]) > ALLOWED]


def _detail(grey: NDArray[np.float64]) -> float:
    """Root of the energy above a quarter of Nyquist, of the picture and its mirror images side by side.

    So its edges are no jumps, which would count as detail; and no window is needed against them, which would weigh
    things by where the camera has them.
    """
    whole = np.block([[grey, grey[:, ::-1]], [grey[::-1], grey[::-1, ::-1]]])
    energy = np.abs(np.fft.rfft2(whole - whole.mean())) ** 2
    frequency = np.hypot(np.fft.fftfreq(whole.shape[0])[:, None], np.fft.rfftfreq(whole.shape[1]))
    return float(np.sqrt(energy[frequency > 0.125].sum()))


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T / WHITE
    f = np.where(xyz > KNEE**3, np.cbrt(xyz), xyz / (3 * KNEE**2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)
