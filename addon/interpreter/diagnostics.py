"""What the backend's Python says about itself."""

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.errors import BadInput, MotionBridgeError
from . import command as backend

PATIENCE = 30  # seconds; importing everything that a full installation has may take some

report = ""  # the last answer, for the preferences to show


def ask() -> tuple[bool, str]:
    """Run `motion-bridge doctor` in the backend's Python: whether it is fit, and what it says."""
    global report
    fine, report = _run()
    return fine, report


def report_of(engine: str, python: str) -> str | None:
    """What the last answer says of an engine: ready, or what it lacks; None where that Python was not asked."""
    if f" at {python}\n" not in report:
        return None
    start = f"Engine {engine}: "
    return next((line.removeprefix(start) for line in report.splitlines() if line.startswith(start)), None)


def _run() -> tuple[bool, str]:
    try:
        answer = launch.ask([*backend.command()[:-1], "doctor"], PATIENCE)
    except BadInput as fault:
        return False, str(fault)
    except OSError as fault:
        return False, f"The backend's Python does not start: {fault}. Choose another in the preferences."
    except launch.TimeoutExpired:
        return False, f"The backend's Python gave no answer within {PATIENCE} seconds; choose another."
    output = (answer.stdout.strip() or answer.stderr.strip() or "It said nothing.").strip()
    if answer.code not in (0, MotionBridgeError.exit_code):
        return False, f"The backend's Python {launch.how_it_ended(answer.code)}. {output}"
    return answer.code == 0, output
