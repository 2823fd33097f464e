"""motion-bridge remote HOST serve | test"""

import argparse
import signal

from .. import launch, terminal
from ..errors import BackendFailed
from ..ipc import server
from ..ipc.channel import Sender
from ..remote import host
from ..remote.relay import Relay

PATIENCE = 60  # seconds; the other machine imports everything that it has to say what it has


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", metavar="HOST", help="user@host, ssh://user@host:port, or a name of ~/.ssh/config")
    parser.add_argument("action", choices=("serve", "test"), help="serve Blender; or ask the other machine what it has")
    parser.add_argument(
        "--program", default="", metavar="PATH", help="where motion-bridge is there, if not on the PATH"
    )


def run(arguments: argparse.Namespace) -> int:
    host.command(arguments.host, [], arguments.program)  # refused before anything is started
    if arguments.action == "test":
        return test(arguments.host, arguments.program)
    return serve(arguments.host, arguments.program)


def serve(name: str, program: str) -> int:
    """Be a backend to whoever holds the pipe; ends when that closes stdin."""
    source, sink = server.claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    relay = Relay(Sender(sink, server.AHEAD), name, program)
    relay.start(source)
    while True:
        relay.work()


def test(name: str, program: str) -> int:
    """Print what `motion-bridge doctor` says there."""
    try:
        answer = launch.ask(host.command(name, ["doctor"], program), PATIENCE)
    except OSError as fault:
        raise BackendFailed(f"ssh cannot be started: {fault}. Install OpenSSH's client.") from None
    except launch.TimeoutExpired:
        raise BackendFailed(f"{name} gave no answer within {PATIENCE} s.") from None
    if answer.code == 0 and answer.stdout:
        for line in answer.stdout.splitlines():
            terminal.say(line)
        gpus = next((line for line in answer.stdout.splitlines() if line.startswith("GPU: ")), "GPU: unknown")
        terminal.say(f"{name} answers. {gpus}")
        return 0
    raise BackendFailed(host.explained(name, answer.code, answer.stderr))
