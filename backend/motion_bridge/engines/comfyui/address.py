"""Where the server is, and whether pictures may be sent there."""

import ipaddress
from urllib.parse import urlsplit

from ...errors import BadInput

PORT = 8188  # ComfyUI's own


def checked(address: str, allow_remote: bool) -> str:
    """The server's URL without a slash at its end, such as http://127.0.0.1:8188.

    BadInput for what is not an address, and for another machine unless that is allowed.
    """
    host = host_of(address)
    if not allow_remote and not is_loopback(host):
        raise BadInput(
            f"The ComfyUI server {host} is another machine: pictures, depth and prompts of the scene would be sent "
            "there. Allow it once in the extension's preferences, or with --set allow_remote=true."
        )
    return _normal(address)


def host_of(address: str) -> str:
    """The machine that an address names; BadInput where it names none."""
    return urlsplit(_normal(address)).hostname or ""


def is_loopback(host: str) -> bool:
    """Whether the machine is this one."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _normal(address: str) -> str:
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise BadInput(f"{address!r} is not the address of a server; write it like http://127.0.0.1:{PORT}.")
    if parts.username or parts.password:
        raise BadInput("Leave name and password out of the server's address: the address is kept in every frame.")
    if port is None and "://" not in text:
        port = PORT
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
