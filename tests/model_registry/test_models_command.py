"""`motion-bridge models` in a process of its own: what it prints, what it asks, and how it takes being killed."""

import json
import os
import random
import subprocess
import sys
import time

import pytest
from hub_server import Repository, Sparse
from klein_hub import COMMIT, FILES, KLEIN, NOT_NEEDED, contents
from motion_bridge.model_registry import catalog

COMMAND = [sys.executable, "-m", "motion_bridge", "models"]
DEADLINE = 120
SECRET = "hf_secret_of_mine"


def models_command(*words, **environment):
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=DEADLINE, env=os.environ | environment
    )


def events(answer):
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_list_says_state_size_memory_and_license(models):
    answer = models_command("list", "--json")
    assert answer.returncode == 0, answer.stderr
    klein = next(each for each in events(answer) if each["name"] == "flux.2-klein-4b")
    assert (klein["state"], klein["download"], klein["memory"], klein["asks"]) == ("missing", 16, 19, "")
    assert "FLUX.1-dev non-commercial, gated" in models_command("list").stdout


@pytest.mark.slow
def test_get_verify_remove(hub, models):
    answer = models_command("get", "flux.2-klein-4b", "--json")
    assert answer.returncode == 0, answer.stderr
    first, *_, before, last = events(answer)
    assert first["event"] == "note" and "Apache-2.0" in first["message"]
    assert before["event"] == "progress" and before["done"] == before["total"] > 4_000_000
    assert last == {"event": "done", "message": last["message"], "folder": str(models / "flux.2-klein-4b")}
    assert set(contents(models / "flux.2-klein-4b")) - {"download.json"} == FILES.keys() - NOT_NEEDED
    assert models_command("verify", "flux.2-klein-4b").returncode == 0
    (models / "flux.2-klein-4b/vae/config.json").write_bytes(b"[]")
    damaged = models_command("verify", "flux.2-klein-4b")
    assert damaged.returncode == 3 and "vae/config.json" in damaged.stderr and "--repair" in damaged.stderr
    assert models_command("get", "flux.2-klein-4b", "--repair").returncode == 0
    assert models_command("verify", "flux.2-klein-4b").returncode == 0
    assert models_command("remove", "flux.2-klein-4b").returncode == 0
    assert list(models.iterdir()) == []
    assert models_command("remove", "flux.2-klein-4b").returncode == 2


def test_a_license_that_limits_is_agreed_to_before_a_byte_is_fetched(hub, models):
    turbo = catalog.find("sdxl-turbo")
    hub.repositories[turbo.repository] = Repository({"unet/a.fp16.safetensors": b"1"}, turbo.revision)
    refused = models_command("get", "sdxl-turbo")
    assert refused.returncode == 2
    assert "non-commercial" in refused.stderr and "--accept-license" in refused.stderr and turbo.page in refused.stderr
    assert hub.requests == []
    assert models_command("get", "sdxl-turbo", "--accept-license").returncode == 0


@pytest.mark.parametrize("fault", ["gated", "damaged", "gone", "none"])
def test_the_token_is_in_no_line_whatever_happens(hub, models, fault):
    repository = hub.repositories[KLEIN]
    if fault == "gated":
        repository.gated, repository.token = 403, "hf_of_another"
    elif fault == "damaged":
        repository.lies = {"vae/config.json"}
    elif fault == "gone":
        repository.commit = "d" * 40
    answer = models_command("get", "flux.2-klein-4b", HF_TOKEN=SECRET)
    assert answer.returncode == (0 if fault == "none" else 3)
    assert any(each[2] == f"Bearer {SECRET}" for each in hub.requests)
    assert SECRET not in answer.stdout + answer.stderr
    assert not [path for path, content in contents(models).items() if SECRET.encode() in content]


@pytest.mark.slow
def test_offline_nothing_is_asked_and_what_is_here_counts(hub, models):
    assert models_command("get", "flux.2-klein-4b", HF_HUB_OFFLINE="1").returncode == 3
    assert hub.requests == []
    assert models_command("get", "flux.2-klein-4b").returncode == 0
    hub.requests.clear()
    assert models_command("get", "flux.2-klein-4b", HF_HUB_OFFLINE="1").returncode == 0
    assert models_command("verify", "flux.2-klein-4b", HF_HUB_OFFLINE="1").returncode == 0
    assert hub.requests == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_an_interrupt_keeps_what_arrived_and_says_so(hub, models):
    hub.rate = 1_000_000
    with subprocess.Popen([*COMMAND, "get", "flux.2-klein-4b"], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: hub.sent > 200_000)
        process.send_signal(2)
        said = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 4 and "kept" in said


@pytest.mark.slow
def test_ten_kills_of_a_large_download_cost_little(hub, models):
    """MOTION_BRIDGE_DUMMY sets its size; the published number was measured with 2 GB."""
    size = int(float(os.environ.get("MOTION_BRIDGE_DUMMY", "200e6")))
    hub.repositories[KLEIN] = Repository({"model_index.json": b"{}", "vae/a.safetensors": Sparse(size)}, COMMIT)
    dice, again = random.Random(13), []
    for at in sorted(dice.uniform(0.02, 0.98) for _ in range(10)):
        sent, held = hub.sent, arrived(models)
        with subprocess.Popen([*COMMAND, "get", "flux.2-klein-4b"], stderr=subprocess.DEVNULL) as process:
            wait_until(lambda at=at: hub.sent > at * size or process.poll() is not None)
            process.kill()
        again.append(hub.sent - sent - (arrived(models) - held))
    assert models_command("get", "flux.2-klein-4b").returncode == 0
    assert models_command("verify", "flux.2-klein-4b").returncode == 0
    twice = hub.sent - size
    print(
        f"{size / 1e6:.0f} MB: {twice / 1e6:.1f} MB fetched twice over ten kills, at most {max(again) / 1e6:.1f} a kill"
    )
    assert max(again) <= 10e6
    assert twice <= 10 * 10e6


def arrived(models):
    return sum(path.stat().st_size for path in models.glob("*/.arriving/sha256-*"))


def wait_until(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
