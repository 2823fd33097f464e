"""What was measured of a stream, as text and tables for people."""

from .run import STEADY, Found


def text(found: Found) -> str:
    stages = "\n".join(f"| {name} | {value:.1f} |" for name, value in found.stages.items())
    memory = ", ".join(f"{value:,.0f} at chunk {chunk}" for chunk, value in found.memory.items())
    return (
        f"{found.model} at {found.size} on {found.device}; {found.usage}; {found.chunks} chunks\n\n"
        f"| a chunk, ms | |\n|---|---|\n| p50 | {found.p50:.1f} |\n| p95 | {found.p95:.1f} |\n"
        f"| max | {found.largest:.1f} |\n{stages}\n\n"
        f"{found.frames_a_second:.1f} frames/s by the clock; p50 {found.busy:.1f} ms by the processor's own time\n"
        f"the first frame after {found.first_frame:.0f} ms\n"
        f"late over early chunks, made in turn: {found.late / found.early:.3f} "
        f"({'steady' if found.steady else 'NOT steady'}, within {STEADY:.0%})\n"
        f"memory, MiB: {memory} ({'flat' if found.flat else 'NOT flat'})\n"
        f"arithmetic: {found.operations:.3g} TFLOP a chunk; {found.limit_frames:.1f} frames/s at most "
        f"({found.limit_from})"
    )
