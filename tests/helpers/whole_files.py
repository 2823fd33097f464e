"""Whole settings files, as each program in each version wrote them: every key, with the program's own paths."""

import json
from collections.abc import Mapping
from typing import Any

from motion_bridge.schedules.comfyui_defaults import NODES
from motion_bridge.schedules.programs import COMFYUI, NOTEBOOK, PROGRAMS, STUDIO, WEBUI, XLABS, Program

PATHS = {  # where the tables leave out an address, and what stands there in files that people share
    "video_init_path": "https://deforum.github.io/a1/V1.mp4",
    "video_mask_path": "https://deforum.github.io/a1/VM1.mp4",
    "mask_file": "https://deforum.github.io/a1/M1.jpg",
    "init_image": "C:\\SD\\inputs\\I1.png",
    "soundtrack_path": "https://deforum.github.io/a1/A1.mp3",
    "colormatch_image": "https://www.saasdesign.io/palette-3-min-980x588.png",
    "init_mse_image": "/content/drive/MyDrive/AI/beetle.jpg",
    "color_coherence_image_path": "https://upload.wikimedia.org/Grautoene.png",
    "outdir": "/content/drive/MyDrive/AI/StableDiffusion/2023-01/StableFun",
    "init_images": json.dumps(
        {"0": "https://deforum.github.io/a1/Gi1.png", "max_f/4-5": "Gi2.png", "max_f-20": "https://deforum.github.io/x"}
    ),
}
PROMPTS = {"0": "red hills --neg nsfw", "30": "a (blue:1.2) sea, <lora:waves:0.7>", "max_f-1": "[hills:sea:0.5]"}


def written(program: Program, **changes: Any) -> dict[str, Any]:
    """The whole file of a program with its defaults, its paths and some prompts."""
    document = {name: PATHS[name] if value == "" and name in PATHS else value for name, value in program.keys.items()}
    if "init_images" in document:
        document["init_images"] = PATHS["init_images"]
    document["animation_prompts" if program.name == STUDIO else "prompts"] = dict(PROMPTS)
    return {**document, **changes}


def text(program: Program, **changes: Any) -> str:
    """That file as text; ComfyUI keeps it as a workflow."""
    document = written(program, **changes)
    return json.dumps(workflow(document) if program.name == COMFYUI else document, indent=4)


def workflow(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow of ComfyUI whose nodes hold these settings."""
    lines = ",\n".join(f'{frame}:"{prompt}"' for frame, prompt in settings["prompts"].items())
    nodes = [
        {
            "id": at,
            "type": kind,
            "mode": 0,
            "inputs": [{"name": "deforum_data", "type": "deforum_data", "link": None}],
            "widgets_values": [lines if name == "prompts" else settings[name] for name in names],
        }
        for at, (kind, names) in enumerate(NODES.items())
    ]
    other = {"id": 99, "type": "CheckpointLoaderSimple", "mode": 0, "widgets_values": ["v1-5-pruned.safetensors"]}
    return {"last_node_id": 99, "last_link_id": 0, "nodes": [other, *nodes], "links": [], "version": 0.4}


# What people change first: each program's own modes and choices, on top of every key.
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "3D": {"animation_mode": "3D"},
    "2D": {"animation_mode": "2D"},
    "Interpolation": {"animation_mode": "Interpolation"},
    "cadence": {"animation_mode": "2D", "diffusion_cadence": "3", "optical_flow_cadence": "RAFT"},
    "coherence": {"animation_mode": "2D", "color_coherence": ""},
    "still zoom": {"animation_mode": "3D", "zoom": "0: (0)"},
}
HAVE = {name: {program.name for program in PROGRAMS} for name in VARIANTS}
FIRST_ONES = (WEBUI, NOTEBOOK, XLABS)
