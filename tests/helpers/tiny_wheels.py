"""Wheels that hold nothing but their names and some bytes, in a folder; the pinned uv as a wheel."""

import hashlib
import random
import sys
import zipfile
from pathlib import Path

from motion_bridge.installation import uv
from motion_bridge.installation.uv import Wheel

PACKAGES = ("diffusers", "transformers", "accelerate", "safetensors", "numpy")


def build(folder, name, version="1.0", size=1000, files=5, needs=()):
    """A wheel with some files of noise; its path."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    noise = random.Random(f"{name} {version}")
    info = f"{name}-{version}.dist-info"
    contents = {f"{name}/part_{at}.bin": noise.randbytes(size // files) for at in range(files)}
    contents[f"{name}/__init__.py"] = f'__version__ = "{version}"\n'.encode()
    needed = "".join(f"Requires-Dist: {each}\n" for each in needs)
    contents[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}".encode()
    contents[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in (*contents, f"{info}/RECORD")).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in contents.items():
            archive.writestr(zipfile.ZipInfo(each), content)
    return path


def packages(folder, torch="2.13.0", size=4_000_000):
    """A folder with what a small recipe needs, and its requirements with checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in PACKAGES:
        wheel = build(folder, name, size=size)
        lines.append(f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    build(folder, "torch", torch, 4 * size, 200, ("numpy",))
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(lines))
    return requirements


def uv_wheel(folder, program):
    """The wheel of a uv program for this machine, and what is pinned of it."""
    path = Path(folder) / uv.this_wheel().name
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(program, f"uv-{uv.VERSION}.data/scripts/{uv.PROGRAM}")
    return Wheel(path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def install_command(root, recipe):
    """A process of its own that installs a recipe."""
    code = (
        "import sys; from pathlib import Path; from motion_bridge.installation import environment as e\n"
        "from motion_bridge.installation.uv import Wheel\n"
        "e.expected_size = lambda: 0.0\n"
        "root, torch, requirements, python, name, digest = sys.argv[1:]\n"
        "recipe = e.Recipe(torch, '', Path(requirements), python, Path(requirements).parent, Wheel(name, digest))\n"
        "print(e.install(Path(root), recipe, lambda *told: print(*told, flush=True)))\n"
    )
    words = (root, recipe.torch, recipe.requirements, recipe.python, recipe.wheel.name, recipe.wheel.digest)
    return [sys.executable, "-c", code, *map(str, words)]
