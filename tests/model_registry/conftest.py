"""A hub on loopback that has one model, and a folder for models that is the test's own."""

import sys

import pytest
from hub_server import Hub, Repository
from klein_hub import COMMIT, FILES, KLEIN


@pytest.fixture
def hub(monkeypatch):
    """The hub that this process and those it starts talk to."""
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    with Hub() as server:
        server.repositories[KLEIN] = Repository(dict(FILES), COMMIT)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield server


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The models folder."""
    folder = tmp_path / "models"
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(folder))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    if "huggingface_hub" in sys.modules:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    return folder
