"""What a workflow file says, how a shot is cut into chunks, and which servers are asked."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from comfyui_server import workflow
from motion_bridge.engines import base
from motion_bridge.engines.comfyui import address, chunks
from motion_bridge.engines.comfyui import workflow as workflows
from motion_bridge.errors import BadInput
from motion_bridge.media import apng, png


@pytest.fixture
def read(tmp_path):
    def read(nodes):
        (tmp_path / "flow.json").write_text(json.dumps(nodes))
        return workflows.read(str(tmp_path / "flow.json"))

    return read


def test_the_engine_is_there_without_its_packages():
    engine = base.find("comfyui")
    assert engine.label == "ComfyUI" and engine.packages == ("requests", "websockets")


def test_it_needs_of_a_shot_what_the_titles_ask_for(read):
    engine = base.find("comfyui")
    asked = {
        title: engine.needs({"workflow": str(read(workflow(node1=title)).path)}) for title in ("MB video", "MB depth")
    }
    assert asked == {"MB video": {"depth", "objects"}, "MB depth": {"depth"}}
    assert engine.needs({"workflow": str(read(workflow(node1="MB first frame")).path)}) == frozenset()


def test_titles_are_recognized_whatever_their_case_and_spaces(read):
    assert set(read(workflow(node1=" mb  VIDEO ")).slots) == {"video"}


def test_an_unknown_title_of_ours_is_refused_with_those_there_are(read):
    with pytest.raises(BadInput, match="'MB vidoe'; the titles are MB first frame, MB video"):
        read(workflow(node1="MB vidoe"))


def test_without_titles_the_only_node_of_a_type_has_its_role(read):
    nodes = workflow()
    for node in nodes.values():
        del node["_meta"]
    nodes["9"] = {"class_type": "KSampler", "inputs": {"seed": 3, "steps": 20}}
    found = read(nodes)
    assert set(found.slots) == {"first_frame", "seed"} and found.output == "3"


def test_two_nodes_of_a_type_have_no_role_without_a_title(read):
    nodes = workflow()
    nodes["4"] = {"class_type": "LoadImage", "inputs": {"image": "style.png"}, "_meta": {"title": "Style"}}
    assert set(read(nodes).slots) == {"video"}


def test_an_input_that_comes_from_another_node_is_not_overwritten(read):
    nodes = workflow()
    nodes["5"] = {"class_type": "CLIPTextEncode", "inputs": {"text": ["6", 0]}}
    assert "prompt" not in read(nodes).slots
    nodes["5"]["_meta"] = {"title": "MB prompt"}
    with pytest.raises(BadInput, match="CLIPTextEncode cannot be 'MB prompt'"):
        read(nodes)


def test_filling_changes_a_copy(read):
    found = read(workflow())
    before = copy.deepcopy(found.nodes)
    assert found.filled({"video": "a.png"})["1"]["inputs"]["image"] == "a.png"
    assert found.nodes == before


def test_a_workflow_of_the_editor_is_refused_with_the_remedy(read):
    with pytest.raises(BadInput, match=r"Export \(API\)"):
        read({"nodes": [], "links": [], "version": 0.4})


@pytest.mark.parametrize(
    "nodes",
    [
        {},
        {"1": 3},
        {"1": {"inputs": {}}},
        {"1": {"class_type": "A", "inputs": []}},
        workflow(node3="Preview", node2="MB output", node1="MB output"),
    ],
)
def test_what_is_not_a_workflow_is_refused(read, nodes):
    with pytest.raises(BadInput):
        read(nodes)


@pytest.mark.parametrize(
    ("frames", "chunk", "overlap", "step", "wanted"),
    [
        (81, 81, 1, 4, [(0, 81, 81, 0)]),
        (82, 81, 1, 4, [(0, 81, 81, 0), (80, 2, 5, 1)]),
        (5, 81, 1, 4, [(0, 5, 5, 0)]),
        (6, 81, 1, 8, [(0, 6, 9, 0)]),
        (3, 1, 1, 4, [(0, 1, 1, 0), (1, 1, 1, 0), (2, 1, 1, 0)]),
        (1, 81, 1, 4, [(0, 1, 1, 0)]),
        (12, 5, 2, 4, [(0, 5, 5, 0), (3, 5, 5, 2), (6, 5, 5, 2), (9, 3, 5, 2)]),
    ],
)
def test_chunks(frames, chunk, overlap, step, wanted):
    found = chunks.chunks(frames, chunk, overlap, step)
    assert [(each.start, each.count, each.length, each.known) for each in found] == wanted


@pytest.mark.parametrize("overlap", [0, 1, 2, 4])
@pytest.mark.parametrize("frames", range(1, 30))
def test_every_frame_is_made_once(frames, overlap):
    kept = [k for chunk in chunks.chunks(frames, 5, overlap, 4) for k in chunk.kept]
    assert kept == list(range(frames))


def test_lengths_that_no_model_makes_are_refused_with_the_nearest():
    with pytest.raises(BadInput, match="can make 81 or 85"):
        chunks.chunks(100, 82, 1, 4)
    with pytest.raises(BadInput, match="overlap is 5"):
        chunks.chunks(100, 5, 5, 4)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8188"),
        ("localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8188", "http://[::1]:8188"),
        ("https://localhost/comfy/", "https://localhost/comfy"),
    ],
)
def test_addresses_of_this_machine_as_people_write_them(text, url):
    assert address.checked(text, False) == url


@pytest.mark.parametrize(
    "text", ["10.0.0.3:8188", "http://comfy.example", "0.0.0.0", "127.0.0.1.example", "localhost.evil"]
)
def test_another_machine_is_asked_only_when_allowed(text):
    with pytest.raises(BadInput, match="another machine"):
        address.checked(text, False)
    assert address.checked(text, True)


@pytest.mark.parametrize(
    "text", ["", "ftp://localhost", "http://", "http://me:secret@localhost", "http://localhost:port"]
)
def test_what_is_not_an_address_is_refused(text):
    with pytest.raises(BadInput):
        address.checked(text, True)


def test_an_animated_png_shows_its_pictures_without_loss():
    image = pytest.importorskip("PIL.Image")
    import io

    pictures = np.random.default_rng(0).integers(0, 256, (5, 9, 12, 3), np.uint8)
    data = apng.encode(pictures, 23.976)
    with image.open(io.BytesIO(data)) as file:
        assert file.n_frames == 5
        for k in range(5):
            file.seek(k)
            np.testing.assert_array_equal(np.asarray(file.convert("RGB")), pictures[k])
    np.testing.assert_array_equal(png.decode(data, "it"), pictures[0])


EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "comfyui").glob("*.json"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_can_be_fed(file):
    found = workflows.read(str(file))
    assert {"prompt", "negative", "seed"} <= set(found.slots)
    links = [value[0] for node in found.nodes.values() for value in node["inputs"].values() if workflows.is_link(value)]
    assert set(links) <= set(found.nodes), "every link leads to a node"
    assert found.nodes[found.output]["class_type"] == "PreviewImage"


def test_the_examples_ask_for_what_their_names_say():
    asked = {file.stem: set(workflows.read(str(file)).slots) - {"prompt", "negative", "seed"} for file in EXAMPLES}
    assert asked == {
        "first_frame_to_video": {"first_frame", "frames"},
        "frame_by_frame": {"video"},
        "vace_depth": {"depth", "first_frame"},
        "vace_warp_and_mask": {"video", "mask"},
    }
