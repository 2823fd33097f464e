"""Talking to the Hugging Face hub, or to the server that HF_ENDPOINT names: what is there, and its bytes.

The library is huggingface_hub; its own way to save files begins each one anew after its process was killed, so here
the bytes are taken from where they broke off. The token goes into one header of requests to the hub itself and
nowhere else: no sentence holds it, and redirects to other hosts leave it out.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput, DownloadFailed, ModelMissing

STALL = 30.0  # seconds without a byte after which a connection counts as lost
_HARMLESS = re.compile(r"[\w\-+][\w.\-+]*(/[\w\-+][\w.\-+]*)*", re.ASCII)


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. digest: `sha256:` and the content's, or for small files `git:` and the blob's SHA-1."""

    path: str
    size: int
    digest: str

    def hasher(self) -> Any:
        """What takes the file's bytes and ends as its digest."""
        if self.digest.startswith("sha256:"):
            return hashlib.sha256()
        return hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)

    def is_digest(self, hasher: Any) -> bool:
        return hasher.hexdigest() == self.digest.partition(":")[2]


class ConnectionLost(Exception):
    """The connection broke; where it did, the rest can be asked for."""


def commit_of(repository: str, revision: str | None, token: str) -> str:
    """The commit that a branch, tag or commit means; the sentences of `explained` where there is none."""
    from huggingface_hub import HfApi

    with explained(repository, revision):
        return HfApi(token=token or False).model_info(repository, revision=revision, timeout=STALL).sha or ""


def files_of(repository: str, revision: str, token: str) -> list[RemoteFile]:
    """All files of a repository at a commit. BadInput for a name that no repository of models needs."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    with explained(repository, revision):
        tree = list(HfApi(token=token or False).list_repo_tree(repository, recursive=True, revision=revision))
    found = []
    for each in tree:
        if isinstance(each, RepoFile) and _HARMLESS.fullmatch(each.path):  # others are never asked for
            digest = f"sha256:{each.lfs.sha256}" if each.lfs else f"git:{each.blob_id}"
            found.append(RemoteFile(each.path, int(each.size), digest))
    return found


@contextmanager
def opened(
    repository: str, revision: str, file: RemoteFile, start: int, token: str
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """A file's bytes as they arrive, and the place of the first one: `start`, or 0 where the server sends all.

    ConnectionLost when the connection breaks; else the sentences of `explained`.
    """
    import httpx2
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

    headers = build_hf_headers(token=token or False, library_name="motion-bridge") | {"accept-encoding": "identity"}
    if start:
        headers["range"] = f"bytes={start}-"
    url = hf_hub_url(repository, file.path, revision=revision)
    with explained(repository, revision):
        try:
            with http_stream_backoff("GET", url, headers=headers, timeout=STALL, retry_on_exceptions=()) as response:
                hf_raise_for_status(response)
                yield (start if response.status_code == 206 else 0), response.iter_bytes()
        except httpx2.TransportError:
            raise ConnectionLost from None


@contextmanager
def explained(repository: str, revision: str | None) -> Iterator[None]:
    """Turn what the library raises into a sentence with its remedy. No word of the library's gets into it."""
    import httpx2
    from huggingface_hub import constants, errors

    host = httpx2.URL(constants.ENDPOINT).host
    try:
        yield
    except errors.GatedRepoError:
        raise ModelMissing(
            f"{repository} is gated, and this account may not read it. Agree to its terms at "
            f"https://huggingface.co/{repository}, then give a token of that account in the preferences or as HF_TOKEN."
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelMissing(
            f"{repository} has no revision {revision} any more. Update Motion Bridge, which names the one that it was "
            "made for; or take the newest: --revision main."
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelMissing(
            f"{host} shows no {repository} to this account. If a token is set, look whether it is valid; if the "
            "repository is private, set one in the preferences or as HF_TOKEN."
        ) from None
    except (errors.EntryNotFoundError, errors.OfflineModeIsEnabled) as fault:
        if isinstance(fault, errors.OfflineModeIsEnabled):
            raise DownloadFailed(
                "HF_HUB_OFFLINE is set, so nothing is fetched. Unset it, or copy the folder."
            ) from None
        raise DownloadFailed(f"A file of {repository} is gone from {host}; ask again later.") from None
    except errors.HFValidationError:
        raise BadInput(f"{revision!r} is not a revision of {repository}; name a branch, a tag or a commit.") from None
    except errors.HfHubHTTPError as fault:
        status = fault.response.status_code
        if status in (401, 403):
            raise ModelMissing(
                f"{host} refused {repository} to this account ({status}). Agree to its terms at "
                f"https://huggingface.co/{repository}, and give a valid token in the preferences or as HF_TOKEN."
            ) from None
        raise DownloadFailed(
            f"{host} answered {status} for {repository}. What has arrived is kept; try later."
        ) from None
    except httpx2.TransportError as fault:
        kind = "did not answer" if isinstance(fault, httpx2.TimeoutException) else "cannot be reached"
        raise DownloadFailed(f"{host} {kind}. What has arrived is kept; try again when the network works.") from None
