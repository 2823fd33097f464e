"""The parameter nodes of deforum-comfy-nodes: a workflow keeps their values in this order, without names."""

from typing import Any

from .webui_defaults import ALL

_MOTION = ("angle", "zoom", "translation_x", "translation_y", "translation_z", "transform_center_x") + (
    "transform_center_y",
    "rotation_3d_x",
    "rotation_3d_y",
    "rotation_3d_z",
)
_COLOR = ("color_coherence", "color_coherence_image_path", "color_coherence_video_every_N_frames") + (
    "color_force_grayscale",
    "legacy_colormatch",
)
_NOISE = ("enable_noise_multiplier_scheduling", "noise_multiplier_schedule", "amount_schedule", "kernel_schedule") + (
    "sigma_schedule",
    "threshold_schedule",
    "noise_type",
)

NODES: dict[str, dict[str, Any]] = {  # node → its parameters in their order, with their defaults
    "DeforumPromptNode": {"prompts": {}},
    "DeforumBaseParamsNode": {
        "width": 512,
        "height": 512,
        "seed_schedule": "0: (-1)",
        "seed_behavior": "fixed",
        "sampler_name": "euler",
        "scheduler": "normal",
        "prompt_weighting": True,
        "normalize_prompt_weights": True,
        "log_weighted_subprompts": False,
    },
    "DeforumAnimParamsNode": {"animation_mode": "None", "max_frames": 120, "border": "wrap"},
    "DeforumTranslationParamsNode": {name: ALL[name] for name in _MOTION},
    "DeforumDepthParamsNode": {
        "use_depth_warping": True,
        "depth_algorithm": "Zoe",
        "midas_weight": 0.2,
        "padding_mode": "border",
        "sampling_mode": "bicubic",
        "save_depth_maps": False,
    },
    "DeforumNoiseParamsNode": {
        **{name: ALL[name] for name in _NOISE},
        "perlin_w": 8,
        "perlin_h": 8,
        "perlin_octaves": 4,
        "perlin_persistence": 0.5,
    },
    "DeforumColorParamsNode": {**{name: ALL[name] for name in _COLOR}, "color_coherence": "None"},
    "DeforumDiffusionParamsNode": {
        "noise_schedule": "0: (0.065)",
        "strength_schedule": "0: (0.65)",
        "contrast_schedule": "0: (1.0)",
        "cfg_scale_schedule": "0: (7)",
        "enable_steps_scheduling": False,
        "steps_schedule": "0: (25)",
        "enable_ddim_eta_scheduling": False,
        "ddim_eta_schedule": "0:(0)",
        "enable_ancestral_eta_scheduling": False,
        "ancestral_eta_schedule": "0:(1)",
    },
    "DeforumCadenceParamsNode": {
        "diffusion_cadence": 4,
        "optical_flow_cadence": "None",
        "cadence_flow_factor_schedule": "0: (1)",
        "optical_flow_redo_generation": "None",
        "redo_flow_factor_schedule": "0: (1)",
        "diffusion_redo": "0",
    },
    "DeforumHybridParamsNode": {
        "hybrid_use_first_frame_as_init_image": True,
        "hybrid_motion": "None",
        "hybrid_motion_use_prev_img": False,
        "hybrid_flow_consistency": False,
        "hybrid_consistency_blur": 2,
        "hybrid_flow_method": "RAFT",
        "hybrid_composite": "None",
    },
    "DeforumHybridScheduleNode": {"hybrid_flow_factor_schedule": "0:(1)"},
}
COMFYUI: dict[str, Any] = {name: value for parameters in NODES.values() for name, value in parameters.items()}
