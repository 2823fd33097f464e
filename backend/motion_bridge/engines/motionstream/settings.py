"""The settings of the MotionStream engine, each described once: defaults, `--set` and the panel follow this."""

from ...model_registry.video_models import MODELS, SKETCH
from ..setting import FOLDER, Choice, Setting, by_name, defaults, device

SETTINGS = by_name(
    (
        Setting(
            "model",
            SKETCH,
            "Model",
            "The video model that draws the frames",
            tuple(Choice(name, name.replace("-", " ").title(), about) for name, about in MODELS.items()),
            names=FOLDER,
        ),
        device("Enough for the sketch"),
        Setting(
            "decoder",
            "",
            "Decoder",
            "What turns the model's latents into pictures",
            (
                Choice("", "Best", "The tiny one where the model has it"),
                Choice("tiny", "Tiny", "A small one that keeps up with the stream"),
                Choice("full", "Full", "The model's own autoencoder: finer, and several times as slow"),
            ),
        ),
        Setting(
            "steps",
            0,
            "Steps",
            "Denoising steps per chunk. Automatic: what the model was trained for",
            least=1,
            usual=50,
            automatic=0,
        ),
        Setting(
            "chunk",
            0,
            "Chunk",
            "Latent frames that are generated together, four pictures each. Automatic: what the model was trained for",
            least=1,
            usual=30,
            automatic=0,
        ),
        Setting(
            "sink",
            -1,
            "Sink",
            "First chunks that stay in the attention cache for good. Automatic: what the model was trained for",
            least=0,
            usual=10,
            automatic=-1,
        ),
        Setting(
            "window",
            -1,
            "Window",
            "Latest chunks that stay in the attention cache. Automatic: what the model was trained for",
            least=0,
            usual=20,
            automatic=-1,
        ),
        Setting(
            "precision",
            "",
            "Precision",
            "The numbers that the model computes in",
            (
                Choice("", "Best", "Half precision on a graphics card, full on the processor"),
                Choice("float32", "Full", "32 bits: exact, and several times as slow on a graphics card"),
                Choice("bfloat16", "Half", "16 bits"),
                Choice("fp8", "Eight Bits", "8 bits in the matrix products; needs torchao and a recent NVIDIA card"),
            ),
        ),
        Setting(
            "attention",
            "",
            "Attention",
            "What computes the attention",
            (
                Choice("", "Best", "The fastest that is installed"),
                Choice("native", "torch", "Runs everywhere"),
                Choice("cudnn", "cuDNN", "NVIDIA cards"),
                Choice("flash3", "FlashAttention 3", "NVIDIA Hopper cards with flash_attn_interface installed"),
            ),
        ),
        Setting(
            "compile",
            False,
            "Compile",
            "Compile the model's blocks when a job starts: half a minute or more at first, faster chunks after that",
        ),
        Setting(
            "graphs",
            False,
            "CUDA Graphs",
            "Record the model's passes once and replay them. NVIDIA cards only",
        ),
        Setting(
            "refresh_sink",
            False,
            "Refresh Sink",
            "Replace the sink by a later chunk once the picture has moved far from it",
        ),
    )
)
DEFAULTS = defaults(SETTINGS)
