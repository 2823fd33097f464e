"""Fetching models over a network that breaks, lies, refuses and fills the disk."""

import errno
import os

import pytest
from hub_server import Hub, Repository
from klein_hub import COMMIT, FILES, KLEIN, NOT_NEEDED, WEIGHTS, contents
from motion_bridge.errors import BadInput, DownloadFailed, ModelMissing
from motion_bridge.model_registry import catalog, download, registry

NEEDED = {path: content for path, content in FILES.items() if path not in NOT_NEEDED}
SIZE = sum(map(len, NEEDED.values()))
TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors"
TOKEN = "hf_secret"


def fetch(name="flux.2-klein-4b", token="", revision="", tell=lambda progress: None):
    return download.fetch(catalog.find(name), token, tell, revision, pause=0.01)


def files_of(folder):
    return {path: content for path, content in contents(folder).items() if path != download.RECORD}


def test_only_the_files_that_are_needed_arrive(hub, models):
    told = []
    folder = fetch(tell=told.append)
    assert folder == models / "flux.2-klein-4b"
    assert files_of(folder) == NEEDED
    assert hub.sent == SIZE
    assert (told[-1].done, told[-1].total) == (SIZE, SIZE)
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert registry.folder_of(registry.MODELS["flux.2-klein-4b"]) == folder


def test_a_model_that_is_here_needs_no_network(hub, models):
    fetch()
    hub.requests.clear()
    assert fetch() == models / "flux.2-klein-4b"
    assert hub.requests == []


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub, models):
    hub.break_after = [100, 20_000, 0, 300_000, 65_536]
    assert files_of(fetch()) == NEEDED
    assert hub.sent - SIZE < 5 * 65_536  # what was still on its way


def test_a_server_that_knows_no_ranges_sends_all_again(hub, models):
    hub.ranges = False
    hub.break_after = [None] * 8 + [300_000]
    assert files_of(fetch()) == NEEDED


def test_a_connection_that_always_breaks_ends_in_a_sentence_and_keeps_what_arrived(hub, models):
    hub.break_after = [500_000 if at == 8 else 0 if at > 8 else None for at in range(40)]
    with pytest.raises(DownloadFailed, match=r"connection broke 6 times at .* kept"):
        fetch()
    arrived = hub.sent
    hub.break_after = []
    assert not (models / "flux.2-klein-4b").exists()
    assert catalog.state(catalog.find("flux.2-klein-4b")).presence is catalog.Presence.INCOMPLETE
    assert files_of(fetch()) == NEEDED
    assert hub.sent - SIZE < 200_000 and arrived > 500_000


def test_a_slow_connection_is_waited_for_and_tells_how_far_it_is(hub, models):
    hub.rate = 4_000_000
    told = []
    assert files_of(fetch(tell=told.append)) == NEEDED
    assert len({each.done for each in told}) > 20


def test_a_connection_that_stalls_counts_as_lost(hub, models, monkeypatch):
    monkeypatch.setattr("motion_bridge.model_registry.hub.STALL", 0.2)
    hub.hang_after = [None, None, 100_000, 0, 5000]
    assert files_of(fetch()) == NEEDED
    assert hub.sent - SIZE < 5 * 65_536


def test_bytes_that_are_not_the_publishers_are_thrown_away(hub, models):
    hub.repositories[KLEIN].lies = {TRANSFORMER}
    with pytest.raises(DownloadFailed, match=f"{TRANSFORMER} arrived damaged"):
        fetch()
    part = models / "flux.2-klein-4b.part"
    assert not (part / TRANSFORMER).exists()
    assert not list((part / download.ARRIVING).iterdir())
    hub.repositories[KLEIN].lies = set()
    before = hub.sent
    assert files_of(fetch()) == NEEDED
    assert hub.sent - before < 3 * len(WEIGHTS)  # not all of it again


def test_small_files_are_compared_too(hub, models):
    hub.repositories[KLEIN].lies = {"tokenizer/tokenizer.json"}
    with pytest.raises(DownloadFailed, match=r"tokenizer/tokenizer\.json arrived damaged"):
        fetch()


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model_says_where_to_agree(hub, models, status):
    dev = catalog.find("flux.1-dev")
    files = {"model_index.json": b"{}", "transformer/a.safetensors": b"12345"}
    hub.repositories[dev.repository] = Repository(files, dev.revision, TOKEN, status)
    with pytest.raises(ModelMissing, match=f"{dev.repository} is gated.*https://huggingface.co/{dev.repository}"):
        fetch("flux.1-dev")
    with pytest.raises(ModelMissing, match="gated") as refused:
        fetch("flux.1-dev", "hf_of_somebody_else")
    assert "somebody" not in str(refused.value)
    assert (fetch("flux.1-dev", TOKEN) / "transformer/a.safetensors").read_bytes() == b"12345"


def test_a_redirect_to_another_host_is_followed_without_the_token(hub, models):
    with Hub("localhost") as cdn:
        hub.cdn = cdn
        assert files_of(fetch(token=TOKEN)) == NEEDED
        assert len(cdn.requests) == 4
        assert not [each for each in cdn.requests if each[2]]
    assert {each[2] for each in hub.requests} == {f"Bearer {TOKEN}"}


def test_a_login_of_another_program_is_not_used(hub, models, tmp_path, monkeypatch):
    """A token comes from the environment or the preferences, and from nowhere else."""
    (tmp_path / "login").write_text("hf_of_another_program")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "login"))
    fetch()
    assert {each[2] for each in hub.requests} == {None}


def test_the_token_is_in_no_file_that_stays(hub, models):
    assert not [path for path, content in contents(fetch(token=TOKEN)).items() if TOKEN.encode() in content]


def test_a_repository_that_moved_is_followed(hub, models):
    hub.repositories["bfl/klein"] = hub.repositories[KLEIN]
    hub.repositories[KLEIN] = Repository({}, COMMIT, renamed_to="bfl/klein")
    assert files_of(fetch()) == NEEDED


def test_a_revision_that_is_gone_says_what_to_do(hub, models):
    hub.repositories[KLEIN].commit = "d" * 40
    with pytest.raises(ModelMissing, match=r"has no revision e7b7dc27.*--revision main"):
        fetch()
    assert files_of(fetch(revision="main")) == NEEDED


def test_another_revision_keeps_the_files_that_are_the_same(hub, models):
    hub.break_after = [None] * 8 + [10_000] + [0] * 10
    with pytest.raises(DownloadFailed):
        fetch()
    hub.break_after = []
    changed = dict(FILES) | {"scheduler/scheduler_config.json": b'{"shift": 3}', TRANSFORMER: WEIGHTS[7:]}
    changed.pop("tokenizer/chat_template.jinja")
    hub.repositories[KLEIN] = Repository(changed, "d" * 40)
    folder = fetch(revision="main")
    wanted = {path: content for path, content in changed.items() if path not in NOT_NEEDED}
    assert files_of(folder) == wanted


def test_a_newer_revision_takes_the_place_of_a_model_that_is_here(hub, models):
    fetch()
    changed = dict(FILES) | {TRANSFORMER: WEIGHTS[7:]}
    hub.repositories[KLEIN] = Repository(changed, "d" * 40)
    assert (fetch(revision="main") / TRANSFORMER).read_bytes() == WEIGHTS[7:]
    assert [each.name for each in models.iterdir()] == ["flux.2-klein-4b"]


def test_a_disk_too_small_is_said_before_anything_is_fetched(hub, models, monkeypatch):
    monkeypatch.setattr("motion_bridge.model_registry.download.SPARE", 1e18)
    with pytest.raises(BadInput, match=r"0\.0 GB are still to come and .* GB are free.*MOTION_BRIDGE_MODELS"):
        fetch()
    assert hub.sent == 0


def test_a_disk_that_fills_up_meanwhile_keeps_what_arrived(hub, models, monkeypatch):
    written, write = [0], os.write

    def full(descriptor, content):
        written[0] += len(content)
        if written[0] > 1_500_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr("motion_bridge.model_registry.download.os.write", full)
    with pytest.raises(BadInput, match=r"disk of .* is full .*kept"):
        fetch()
    monkeypatch.undo()
    os.environ["MOTION_BRIDGE_MODELS"] = str(models)
    try:
        assert catalog.state(catalog.find("flux.2-klein-4b")).gigabytes > 0.001
    finally:
        del os.environ["MOTION_BRIDGE_MODELS"]


def test_no_network_is_one_sentence(models, hub, monkeypatch):
    hub.__exit__()
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1 cannot be reached"):
        fetch()


def test_two_downloads_of_one_model_do_not_mix(hub, models):
    from motion_bridge.takes import lock

    part = models / "flux.2-klein-4b.part"
    part.mkdir(parents=True)
    with lock.held(part), pytest.raises(BadInput, match="process"):
        fetch()


def test_verify_finds_what_changed_and_repair_fetches_only_that(hub, models):
    folder = fetch()
    assert download.verify(folder, lambda progress: None) == []
    (folder / TRANSFORMER).write_bytes(WEIGHTS[::-1])
    (folder / "vae/config.json").unlink()
    damaged = download.verify(folder, lambda progress: None)
    assert damaged == ["transformer/diffusion_pytorch_model.safetensors", "vae/config.json"]
    before = hub.sent
    download.reopen(folder, damaged)
    assert files_of(fetch()) == NEEDED
    assert hub.sent - before == len(WEIGHTS) + len(FILES["vae/config.json"])


def test_removing_cuts_a_link_and_leaves_what_it_led_to(models, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "weights").write_bytes(b"1")
    models.mkdir()
    (models / "lcm").symlink_to(mine, target_is_directory=True)
    assert download.remove("lcm") == 1
    assert (mine / "weights").exists() and not (models / "lcm").exists()


def test_a_repository_with_hostile_names_writes_nothing_outside(hub, models, tmp_path):
    hostile = {
        "../evil.json": b"1",
        "tokenizer/../../evil.json": b"1",
        "/evil.json": b"1",
        "tokenizer\\evil.json": b"1",
    }
    hub.repositories[KLEIN].files = {**FILES, **hostile}
    assert files_of(fetch()) == NEEDED
    assert not list(tmp_path.rglob("*evil*"))
