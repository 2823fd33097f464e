"""The few kinds of failure, one class for each remedy.

A message is a sentence that names the thing, the place and the remedy; it is shown to people as it is, in a report,
on the terminal or over the wire.
"""

import difflib
import traceback
from collections.abc import Iterable


class MotionBridgeError(Exception):
    """Base of all failures that a person can read."""

    kind = "internal"
    exit_code = 3


class BadInput(MotionBridgeError):
    """The request cannot be carried out as it is written; the message says what to change."""

    kind = "bad_input"
    exit_code = 2


class ModelMissing(MotionBridgeError):
    """A model is not on this machine; the message says how to get it."""

    kind = "model_missing"


class DownloadFailed(MotionBridgeError):
    """A download ended early; what has arrived stays, and asking again continues it."""

    kind = "download_failed"


class OutOfMemory(MotionBridgeError):
    """The job does not fit; the message says what would."""

    kind = "oom"


class BackendFailed(MotionBridgeError):
    """The backend process ended, fell silent or broke; finished frames stay where they are."""

    kind = "backend_failed"


class ProtocolError(MotionBridgeError):
    """Bytes on the pipe that are no message of this protocol; the link is dropped."""

    kind = "protocol"


class Cancelled(MotionBridgeError):
    """Somebody stopped the job."""

    kind = "cancelled"
    exit_code = 4


KINDS = {
    cls.kind: cls
    for cls in (
        MotionBridgeError,
        BadInput,
        ModelMissing,
        DownloadFailed,
        OutOfMemory,
        BackendFailed,
        ProtocolError,
        Cancelled,
    )
}


def of_kind(kind: str, message: str) -> MotionBridgeError:
    """The error that a message from the other process stands for; unknown kinds become the base class."""
    return KINDS.get(kind, MotionBridgeError)(message)


def typed(fault: BaseException) -> MotionBridgeError:
    """The failure that a person reads in the place of whatever was raised."""
    match fault:
        case MotionBridgeError():
            return fault
        case KeyboardInterrupt():
            return Cancelled("Cancelled; what is finished is kept.")
        case MemoryError():
            return OutOfMemory("Memory ran out; make the picture smaller.")
        case OSError():
            where = f"{fault.filename}: " if fault.filename else ""
            return BadInput(f"{where}{fault.strerror or fault}.")
    return MotionBridgeError(f"It failed: {type(fault).__name__}: {fault}")


def nearest(name: str, there: Iterable[str]) -> str:
    """The end of a sentence about a name that is not there: the nearest one that is."""
    near = difflib.get_close_matches(name, list(there), 1)
    return f"; did you mean {near[0]!r}?" if near else "."


def release_frames(fault: BaseException) -> None:
    """Forget the local variables of all functions that an error and its causes came through; the traceback stays.

    An error that is kept keeps them alive otherwise, and with them arrays whose files Windows then cannot delete.
    """
    met: set[int] = set()
    waiting: list[BaseException | None] = [fault]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in met:
            met.add(id(each))
            traceback.clear_frames(each.__traceback__)
            waiting += [each.__cause__, each.__context__]
