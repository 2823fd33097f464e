"""A repository like FLUX.2 Klein's: the files that are needed, and others."""

KLEIN = "black-forest-labs/FLUX.2-klein-4B"
COMMIT = "e7b7dc27f91deacad38e78976d1f2b499d76a294"
WEIGHTS = bytes(range(256)) * 4096  # 1 MiB
FILES = {
    "model_index.json": b'{"_class_name": "Flux2KleinPipeline"}',
    "README.md": b"# Not needed",
    "flux-2-klein-4b.safetensors": bytes(5000),  # the same weights for another program
    "scheduler/scheduler_config.json": b"{}",
    "text_encoder/config.json": b"{}",
    "text_encoder/model-00001-of-00002.safetensors": WEIGHTS[::-1],
    "text_encoder/model-00002-of-00002.safetensors": WEIGHTS[5:],
    "text_encoder/model.safetensors.index.json": b"{}",
    "tokenizer/tokenizer.json": b'{"model": {}}',
    "tokenizer/chat_template.jinja": b"{{ messages }}",
    "transformer/config.json": b"{}",
    "transformer/diffusion_pytorch_model.safetensors": WEIGHTS,
    "transformer/diffusion_pytorch_model.bin": b"pickle",
    "vae/config.json": b"{}",
    "vae/diffusion_pytorch_model.safetensors": WEIGHTS[1:],
    "vae/diffusion_pytorch_model.fp16.safetensors": WEIGHTS[2:],
}
NOT_NEEDED = {
    "README.md",
    "flux-2-klein-4b.safetensors",
    "transformer/diffusion_pytorch_model.bin",
    "vae/diffusion_pytorch_model.fp16.safetensors",
}


def contents(folder):
    """Every file of a folder and its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
