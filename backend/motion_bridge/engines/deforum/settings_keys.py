"""What every key of other programs' settings files is here: used, approximated, or ignored, and why.

The importer (settings_import.py) says in a sentence what a file asks for in vain, and docs/settings-keys.md lists all
of it: both are made from these tables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...schedules.settings_files import today
from .schedules import READ

UNIT = re.compile(r"(?:cn_\d+|controlnet)_(.+)")  # ControlNet's keys, of whichever unit

USED: dict[str, str] = {
    "W": "width, where no Shot gives it",
    "H": "height, where no Shot gives it",
    "width": "the same as `W`",
    "height": "the same as `H`",
    "seed": "the seed; -1 is 0, because a job that is resumed must know its seeds",
    "max_frames": "the number of frames, where no Shot gives it",
    "fps": "the frame rate, where no Shot gives it",
    "prompts": "prompts by frame or expression, with `--neg`, weights and backticks; late ones are filled backwards",
    "animation_prompts": "the same as `prompts`",
    "cond_prompts": "prompts, where `prompts` is absent",
    "uncond_prompts": "negative prompts, where the model takes any",
    "neg_prompts": "negative prompts, where the model takes any",
    "animation_prompts_positive": "stands before every prompt",
    "animation_prompts_negative": "stands before every negative prompt",
    "prompt_weighting": "whether a notebook's `text:weight` is a weight",
    "animation_mode": "2D and 3D: `motion`; Video Input and Interpolation: `mode`",
    "border": "`padding`, in 2D",
    "padding_mode": "`padding`, in 3D",
    "sampling_mode": "`sampling`",
    "seed_behavior": "the same",
    "seed_iter_N": "the same",
    "steps": "`steps_schedule`, for models of the kind that the file was made for",
    "scale": "guidance, `cfg_scale_schedule`, where the file schedules none",
    "enable_steps_scheduling": "whether `steps_schedule` holds",
    "enable_subseed_scheduling": "whether the subseed schedules hold",
    "enable_noise_multiplier_scheduling": "whether `noise_multiplier_schedule` holds",
    "enable_perspective_flip": "`perspective_flip`",
    "flip_2d_perspective": "`perspective_flip`",
    "color_coherence": "LAB, HSV, RGB, None; Image and Video Input: `color_reference`; anything else is LAB, as there",
    "color_coherence_image_path": "`color_reference`, with `color_coherence` Image",
    "color_coherence_video_every_N_frames": "the same",
    "color_force_grayscale": "the same",
    "legacy_colormatch": "the same; a file without it means true, as there",
    "diffusion_cadence": "`cadence`",
    "diffusion_redo": "`redo`",
    "noise_type": "perlin; uniform: gaussian, which is what it is there",
    "perlin_w": "the same",
    "perlin_h": "the same",
    "perlin_octaves": "the same",
    "perlin_persistence": "the same",
    "use_mask": "whether `mask_file` and `mask_schedule` hold",
    "mask_file": "the same, with `use_mask`",
    "invert_mask": "`mask_invert`",
    "mask_contrast_adjust": "the same",
    "mask_brightness_adjust": "the same",
    "mask_overlay_blur": "the same",
    "mask_schedule": "the same, with `use_mask`",
    "use_mask_video": "whether `video_mask_path` holds",
    "video_mask_path": "`mask_video`, with `use_mask_video`",
    "use_noise_mask": "the same",
    "noise_mask_schedule": "the same, with `use_noise_mask`",
    "video_init_path": "`guide_video`; looked for where something follows it",
    "extract_nth_frame": "which of the video's frames belong to the job's",
    "extract_from_frame": "the video's frame that belongs to the job's first",
    "hybrid_motion": "the same",
    "hybrid_motion_use_prev_img": "the same",
    "hybrid_flow_consistency": "the same",
    "hybrid_consistency_blur": "the same",
    "hybrid_composite": "the same",
    "hybrid_comp_mask_type": "`hybrid_mask`",
    "hybrid_comp_mask_inverse": "the same",
    "hybrid_comp_mask_equalize": "the same",
    "hybrid_comp_mask_auto_contrast": "the same",
    "use_looper": "whether `init_images` hold; the seeds then follow `seed_schedule`, as there",
    "init_images": "`guided_images`, with `use_looper`",
    "parseq_manifest": "a Parseq document: its fields replace the file's schedules",
    "parseq_use_deltas": "whether Parseq's positions are taken as steps",
    "parseq_non_schedule_overrides": "whether Parseq gives the frames, the rate and the cadence",
    "cfg_scale_schedule": "guidance, for models of the kind that the file was made for",
    "steps_schedule": "with `enable_steps_scheduling`, for models of the kind that the file was made for",
    "distilled_cfg_scale_schedule": "guidance of models that have it in their weights",
    "seed_schedule": "with `seed_behavior` schedule",
    "subseed_schedule": "with `enable_subseed_scheduling`",
    "subseed_strength_schedule": "with `enable_subseed_scheduling`",
    "noise_multiplier_schedule": "with `enable_noise_multiplier_scheduling`",
    "near_plane": "`near_schedule`",
    "far_plane": "`far_schedule`",
    "fov": "`fov_schedule`",
    "head_prompt": "stands before every prompt (AnimateDiff)",
    "tail_prompt": "stands behind every prompt (AnimateDiff)",
    "prompt_map": "prompts by frame (AnimateDiff)",
    "n_prompt": "the negative prompt (AnimateDiff), where the model takes any",
}
SCHEDULED = "the same"  # of every schedule that the loop reads and that has no entry of its own

APPROXIMATED: dict[str, str] = {
    "strength": "the strength schedule holds at every frame; with an init image this would hold at the first",
    "optical_flow_cadence": "DIS Medium, DIS Fine, Farneback; another flow by the nearest of them, which is said",
    "optical_flow_redo_generation": "DIS Medium, DIS Fine, Farneback; another flow by the nearest, which is said",
    "hybrid_flow_method": "DIS Medium, DIS Fine, Farneback; another flow by the nearest of them, which is said",
    "use_depth_warping": "an estimator where it is on this machine, otherwise the Shot's depth, otherwise flat",
    "depth_algorithm": "MiDaS and Depth Anything V2; another by MiDaS; none on this machine: `use_depth_warping`",
    "use_zoe_depth": "true: Zoe, which is approximated by MiDaS",
    "overlay_mask": "true always: what the mask keeps is laid over the picture",
    "extract_to_frame": "the job ends with its frames, the video may be longer",
    "strength_0_no_init": "true always: without a first frame the first one is made from the prompt alone",
    "normalize_prompt_weights": "true always",
    "hybrid_use_full_video": "true always",
    "near_schedule": "nothing is cut off in front, there as here",
    "far_schedule": "nothing is cut off behind, there as here",
}


@dataclass(frozen=True)
class Ignored:
    """Keys of one purpose. A key asks for something where its switch is on and its value is none of `inert`."""

    reason: str
    names: tuple[str, ...]
    switch: str = ""
    inert: tuple[Any, ...] = ()


NOTHING = (None, False, 0, "", "None", "none", "Disabled", {}, [])  # values by which no key asks for anything
HOUSEKEEPING = "these keys are about the other program's files, display and memory"
NEVER_TAKEN = "a file's first frame is on another machine; give one here (--first-frame, first_frame=)"
SAMPLER = "each model is run with the sampler and the levels that it was taught for"
NO_ETA = "the samplers here draw no noise of their own"
GRADIENTS = "no gradients of other losses steer the sampling here"

IGNORED: tuple[Ignored, ...] = (
    Ignored(
        HOUSEKEEPING,
        ("batch_name", "outdir", "filename_format", "save_samples", "save_settings", "display_samples", "timestring")
        + ("save_sample_per_step", "show_sample_per_step", "show_info_on_ui", "show_controlnet_tab", "make_grid")
        + ("grid_rows", "n_batch", "n_samples", "log_weighted_subprompts", "save_depth_maps", "bit_depth_output")
        + ("overwrite_extracted_frames", "hybrid_generate_inputframes", "hybrid_comp_save_extra_frames")
        + ("delete_imgs", "delete_input_frames", "store_frames_in_ram", "image_path", "mp4_path", "render_steps")
        + ("path_name_modifier", "max_video_frames", "use_manual_settings", "ffmpeg_location", "ffmpeg_crf")
        + (
            "ffmpeg_preset",
            "skip_video_creation",
            "skip_video_for_run_all",
            "make_gif",
            "fetched_parseq_manifest_summary",
        )
        + ("sd_model_name", "sd_model_hash", "deforum_git_commit_id", "models_path", "frames_cache", "raw_seed")
        + ("mask_preset_names", "current_user_os", "tmp_deforum_run_duplicated_folder", "operation_id", "engine")
        + ("raw_batch_name", "clipseg_model", "initial_info", "first_frame", "dry_run", "skip_hybrid_paths")
        + ("frame_idx", "start_frame", "turbo_steps", "turbo_prev_frame_idx", "turbo_next_frame_idx")
        + ("device", "precision", "half_precision", "C", "f", "cond_uncond_sync", "seed_internal", "prompt")
        + ("cond_prompt", "uncond_prompt", "init_latent", "init_sample", "init_sample_raw", "init_c", "mask_sample")
        + ("mask_image", "noise_mask", "name", "path", "context_schedule", "unet_batch_size", "compile", "output"),
    ),
    Ignored(SAMPLER, ("sampler", "sampler_name", "scheduler")),
    Ignored(SAMPLER, ("sampler_schedule",), "enable_sampler_scheduling"),
    Ignored(SAMPLER, ("sampler_schedule",), "enable_schedule_samplers"),
    Ignored(SAMPLER, ("scheduler_schedule",), "enable_scheduler_scheduling"),
    Ignored(NO_ETA, ("ddim_eta",)),
    Ignored(NO_ETA, ("ddim_eta_schedule",), "enable_ddim_eta_scheduling"),
    Ignored(NO_ETA, ("ancestral_eta_schedule",), "enable_ancestral_eta_scheduling"),
    Ignored(
        "prompts are encoded as the model was taught with them", ("clipskip_schedule",), "enable_clipskip_scheduling"
    ),
    Ignored("prompts are encoded as the model was taught with them", ("clip_skip",), "", (1,)),
    Ignored("a job has one model", ("checkpoint_schedule",), "enable_checkpoint_scheduling"),
    Ignored(
        "no InstructPix2Pix model is run here", ("pix2pix_img_cfg_scale_schedule", "pix2pix_img_cfg_scale"), "never"
    ),
    Ignored(
        "they switch on what stands beside them",
        ("enable_sampler_scheduling", "enable_schedule_samplers", "enable_scheduler_scheduling", "freeu_enabled")
        + ("enable_ddim_eta_scheduling", "enable_ancestral_eta_scheduling", "enable_clipskip_scheduling")
        + ("enable_checkpoint_scheduling", "kohya_hrfix_enabled", "seed_enable_extras"),
        "never",
    ),
    Ignored(NEVER_TAKEN, ("use_init", "hybrid_use_init_image")),
    Ignored(NEVER_TAKEN, ("init_image", "init_image_box"), "use_init"),
    Ignored(
        "a guide video gives motion and pictures, not the first frame; --set init_image=guide asks for that",
        ("hybrid_use_first_frame_as_init_image",),
        "hybrid_motion",
    ),
    Ignored("textures are not made to repeat here", ("tiling",)),
    Ignored("faces are not restored here", ("restore_faces",)),
    Ignored("no model of people's outlines is run here", ("hybrid_generate_human_masks",)),
    Ignored("the alpha channel of a first frame is not a mask here", ("use_alpha_as_mask",)),
    Ignored("what a mask lets change starts from what was there", ("fill",), "use_mask", ("original", 1)),
    Ignored("masked pictures are painted whole", ("full_res_mask", "full_res_mask_padding"), "use_mask"),
    Ignored("a picture that comes out black is kept", ("reroll_blank_frames", "reroll_patience"), "never"),
    Ignored("every frame is painted; the preset fast_preview shows motion quickly", ("motion_preview_mode",)),
    Ignored("noise is drawn at the size of the picture", ("seed_resize_from_w", "seed_resize_from_h"), "", (-1,)),
    Ignored("subseeds are scheduled: subseed_schedule", ("subseed", "subseed_strength"), "seed_enable_extras"),
    Ignored("no second pass enlarges the picture", ("enable_hr",)),
    Ignored("no second pass enlarges the picture", ("firstphase_width", "firstphase_height"), "enable_hr"),
    Ignored("a file's old run is in another program's folder", ("resume_from_timestring",)),
    Ignored("a file's old run is in another program's folder", ("resume_timestring",), "resume_from_timestring"),
    Ignored("it had no effect there either", ("histogram_matching", "cutn", "cut_pow", "clip_name"), "never"),
    Ignored("it changes AdaBins' depth only, which is not run here", ("midas_weight",), "never"),
    Ignored("the aspect is aspect_ratio_schedule", ("aspect_ratio_use_old_formula",)),
    Ignored(
        "a run writes them beside prompts that hold them already", ("positive_prompts", "negative_prompts"), "never"
    ),
    Ignored("sound is laid under the strip in Blender's Sequencer", ("add_soundtrack", "audio_path")),
    Ignored("sound is laid under the strip in Blender's Sequencer", ("soundtrack_path",), "add_soundtrack"),
    Ignored("movies are upscaled by other programs", ("r_upscale_video",)),
    Ignored(
        "movies are upscaled by other programs",
        ("r_upscale_factor", "r_upscale_model", "r_upscale_keep_imgs"),
        "r_upscale_video",
    ),
    Ignored("no frames are interpolated; render more of them, or use cadence", ("frame_interpolation_engine",)),
    Ignored(
        "no frames are interpolated; render more of them, or use cadence",
        ("frame_interpolation_x_amount", "frame_interpolation_slow_mo_amount", "frame_interpolation_keep_imgs")
        + ("frame_interpolation_slow_mo_enabled", "frame_interpolation_use_upscaled"),
        "frame_interpolation_engine",
    ),
    Ignored("Interpolation blends from each prompt's frame to the next one's", ("interpolate_key_frames",)),
    Ignored(
        "Interpolation blends from each prompt's frame to the next one's",
        ("interpolate_x_frames",),
        "interpolate_key_frames",
    ),
    Ignored("strength_schedule holds at every frame; give it keys of its own", ("keyframe_strength_schedule",)),
    Ignored("image_strength_schedule holds at every frame", ("image_keyframe_strength_schedule",), "use_looper"),
    Ignored("which frames are painted is `cadence`", ("keyframe_distribution",)),
    Ignored("the camera is not shaken here; shake it with the rotation schedules", ("shake_name",), "shake_intensity"),
    Ignored("the camera is not shaken here", ("shake_intensity", "shake_speed"), "never"),
    Ignored(
        "FreeU changes the insides of one model family",
        ("freeu_b1", "freeu_b2", "freeu_s1", "freeu_s2"),
        "freeu_enabled",
    ),
    Ignored(
        "the hires fix changes the insides of one model family",
        tuple(f"kohya_hrfix_{name}" for name in ("block_number", "downscale_factor", "start_percent", "end_percent"))
        + tuple(f"kohya_hrfix_{name}" for name in ("downscale_after_skip", "downscale_method", "upscale_method")),
        "kohya_hrfix_enabled",
    ),
    Ignored("Wan has an engine of its own here", ("wan_mode",)),
    Ignored("structure control has settings of its own: control, control_strength", ("controlnet_map",)),
    Ignored(GRADIENTS, ("mean_scale", "var_scale", "exposure_scale", "colormatch_scale", "clip_scale", "blue_scale")),
    Ignored(GRADIENTS, ("aesthetics_scale", "init_mse_scale", "hybrid_use_video_as_mse_image", "ignore_sat_weight")),
    Ignored(
        GRADIENTS,
        ("exposure_target", "colormatch_image", "colormatch_n_colors", "init_mse_image", "gradient_wrt")
        + ("gradient_add_to", "decode_method", "grad_threshold_type", "clamp_grad_threshold", "clamp_start")
        + ("clamp_stop", "grad_inject_timing"),
        "never",
    ),
    Ignored("noise comes by noise_schedule", ("add_init_noise",)),
    Ignored("noise comes by noise_schedule", ("init_noise",), "add_init_noise"),
    Ignored("levels are not thresholded", ("dynamic_threshold", "static_threshold")),
    Ignored("a prompt holds for the whole picture", ("areas",), "use_areas"),
    Ignored("a prompt holds for the whole picture", ("use_areas",)),
    Ignored("the schedules of these names hold", ("contrast", "amount", "noise"), "never"),
    Ignored("colors are matched as `legacy_colormatch` says", ("color_match_at",), "", ("post",)),
    Ignored("no second model goes over the frames", ("enable_ad_pass",)),
    Ignored("no second model goes over the frames", ("adiff_pass_params",), "enable_ad_pass"),
    Ignored("no motion module is run here", ("motion_module", "motion_lora_map")),
    Ignored("LoRA files are named here: --set loras=…", ("lora_map",)),
    Ignored("guidance is cfg_scale_schedule", ("guidance_scale",)),
    Ignored("it belongs to AnimateDiff", ("prompt_fixed_ratio", "lcm_map", "gradual_latent_hires_fix_map"), "never"),
    Ignored("it belongs to AnimateDiff", ("ip_adapter_map", "img2img_map", "region_map", "stylize_config"), "never"),
)
CONTROLNET = "structure control has settings of its own: control, control_strength"
WAN = "Wan has an engine of its own here"

_BY_NAME: dict[str, tuple[Ignored, ...]] = {}
for _group in IGNORED:
    for _name in _group.names:
        _BY_NAME[_name] = (*_BY_NAME.get(_name, ()), _group)


def meaning(name: str) -> tuple[str, str]:
    """What a key is here: "used", "approximated", "ignored" or "unknown", and how or why."""
    if name in USED:
        return "used", USED[name]
    if name in APPROXIMATED:
        return "approximated", APPROXIMATED[name]
    if name in _BY_NAME:
        return "ignored", _BY_NAME[name][0].reason
    if UNIT.fullmatch(name):
        return "ignored", CONTROLNET
    if (now := today(name)) != name:
        return meaning(now)[0], f"the same as `{now}`"
    if name.startswith("wan_"):
        return "ignored", WAN
    return ("used", SCHEDULED) if name in READ else ("unknown", "no program that is known here writes it")


def asks(value: Any, inert: tuple[Any, ...] = ()) -> bool:
    """Whether a key's value asks for anything. A schedule's does."""
    return not any(value is each or (type(value) is type(each) and value == each) for each in (*NOTHING, *inert))


def in_vain(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """{why: the keys of a file that ask for something and are ignored}, housekeeping aside."""
    found: dict[str, list[str]] = {}
    for group in IGNORED:
        if group.reason == HOUSEKEEPING or (group.switch and not asks(values.get(group.switch))):
            continue
        for name in group.names:
            if name in values and asks(values[name], group.inert) and name not in found.get(group.reason, ()):
                found.setdefault(group.reason, []).append(name)
    units = sorted({match[0][: match.start(1)] for name in values if (match := UNIT.fullmatch(name))})
    on = [f"{unit}enabled" for unit in units if asks(values.get(f"{unit}enabled"))]
    if on:
        found.setdefault(CONTROLNET, []).extend(on)
    return found


def housekeeping(values: Mapping[str, Any]) -> int:
    """How many of a file's keys are about the other program's own files, display and memory."""
    return sum(1 for name in values if any(group.reason == HOUSEKEEPING for group in _BY_NAME.get(name, ())))
