"""The settings of the ComfyUI engine, each described once: defaults, `--set` and the panel follow this."""

from ..setting import FILE, Choice, Setting, by_name

GRAY, FILL = "gray", "fill"  # what stands in MB video where no picture shows the scene

SETTINGS = by_name(
    (
        Setting(
            "workflow",
            "",
            "Workflow",
            "A workflow that ComfyUI saved with Export (API); its nodes are told by titles such as MB video",
            names=FILE,
        ),
        Setting("server", "http://127.0.0.1:8188", "Server", "The address of the running ComfyUI"),
        Setting(
            "allow_remote",
            False,
            "Allow Another Machine",
            "Send pictures, depth and prompts to a server that is not this machine",
        ),
        Setting(
            "chunk",
            81,
            "Chunk",
            "Frames that one run of the workflow makes; longer shots take several. 1: frame by frame",
            least=1,
            usual=241,
            unit="frames",
        ),
        Setting(
            "overlap",
            1,
            "Overlap",
            "Frames at the start of a chunk that the chunk before has made, so that the model continues them",
            least=0,
            usual=16,
            unit="frames",
        ),
        Setting(
            "frame_step",
            4,
            "Frame Step",
            "The model makes a multiple of this many frames, plus one: 4 for Wan, 8 for LTX, 1 for any number",
            least=1,
            usual=8,
        ),
        Setting(
            "multiple",
            16,
            "Size Multiple",
            "Both sides of the pictures are made a multiple of this by repeating their last pixels; the frames are "
            "cut back",
            least=1,
            most=128,
            unit="px",
        ),
        Setting(
            "holes",
            GRAY,
            "Unseen",
            "What MB video holds where no picture shows the scene",
            (
                Choice(GRAY, "Gray", "Mid gray, as models expect that are given a mask, such as VACE"),
                Choice(FILL, "Filled", "The surface around it continued, for workflows that paint over a picture"),
            ),
        ),
    )
)
DEFAULTS = {name: setting.default for name, setting in SETTINGS.items()}
