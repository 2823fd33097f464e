"""Content Credentials (C2PA): a signature with the user's own certificate, through c2pa-python; and reading it back."""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import BackendFailed, BadInput, ModelMissing
from ..files import json_text, regular
from . import xmp
from .record import SOFTWARE, Record

KINDS = {".png": "image/png", ".mp4": "video/mp4"}
LARGEST = 1 << 20  # bytes of a certificate chain, and of a key
PACKAGE = "c2pa"


@dataclass(frozen=True)
class Signature:
    """What a file's signature says. state: Valid, Trusted or Invalid, as the library has it."""

    state: str
    signer: str
    source_type: str


class Signer:
    """The user's certificate chain and key, PEM files; the key is read when a file is signed and never printed."""

    def __init__(self, certificate: Path, key: Path):
        check_installed()
        self._chain, self._key = (regular.read_bytes(path, LARGEST) for path in (certificate, key))
        self._algorithm = _algorithm(self._chain, certificate)

    def sign(self, record: Record, kind: str, source: BinaryIO, target: BinaryIO) -> None:
        """Copy a file with a signature. kind: .png or .mp4. BadInput for a certificate that cannot sign."""
        import c2pa

        info = c2pa.C2paSignerInfo(self._algorithm, self._chain, self._key, None)
        try:
            with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(_manifest(record))) as builder:
                builder.sign(signer, KINDS[kind], source, target)
        except c2pa.C2paError as fault:
            raise BadInput(f"It cannot be signed with this certificate and key: {fault}") from None


def read(path: Path) -> Signature | None:
    """The signature of a file; None where it has none, or the library is not here. BadInput for a damaged one."""
    if find_spec(PACKAGE) is None or path.suffix.lower() not in KINDS:
        return None
    import c2pa

    with regular.open_regular(path) as file:
        try:
            with c2pa.Reader(KINDS[path.suffix.lower()], file) as reader:
                found = json_text.parse(reader.json(), str(path))
        except c2pa.C2paError as fault:
            if "ManifestNotFound" in str(fault) or "no JUMBF" in str(fault):
                return None
            raise BadInput(f"{path}: its signature cannot be read: {fault}") from None
    manifest = found["manifests"][found["active_manifest"]]
    made = [action for each in manifest["assertions"] for action in each["data"].get("actions", [])]
    source = next((action["digitalSourceType"] for action in made if "digitalSourceType" in action), "")
    signer = manifest.get("signature_info", {})
    state = found.get("validation_state", "Invalid")
    return Signature(state, str(signer.get("common_name") or signer.get("issuer", "")), source.rpartition("/")[2])


def check(path: Path) -> None:
    """BackendFailed unless a file that was signed a moment ago reads back as signed."""
    found = read(path)
    if found is None or found.state not in ("Valid", "Trusted"):
        raise BackendFailed(f"{path} was signed, but its signature does not verify; it is not to be published.")


def check_installed() -> None:
    if find_spec(PACKAGE) is None:
        raise ModelMissing("Signing needs the package c2pa-python: pip install 'motion-bridge[signing]'.")


def _manifest(record: Record) -> dict[str, Any]:
    generator = {"name": SOFTWARE, "version": record.version}
    about = " ".join(filter(None, (record.engine, record.model, record.revision)))
    made = {
        "action": "c2pa.created",
        "digitalSourceType": xmp.SOURCE_TYPES + record.source_type,
        "softwareAgent": generator,
        "description": about,
    }
    return {
        "claim_generator_info": [generator],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [made]}}],
    }


def _algorithm(chain: bytes, where: Path) -> bytes:
    """The signature algorithm that goes with a certificate's key."""
    from cryptography import x509  # c2pa-python brings it
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        key = x509.load_pem_x509_certificates(chain)[0].public_key()
    except ValueError:
        raise BadInput(f"{where} holds no certificate; name a PEM file with the chain, yours first.") from None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {256: b"es256", 384: b"es384", 521: b"es512"}.get(key.curve.key_size, b"es256")
    if isinstance(key, rsa.RSAPublicKey):
        return b"ps256"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return b"ed25519"
    raise BadInput(f"{where} has a key of a kind that C2PA does not know; use ECDSA, RSA or Ed25519.")
