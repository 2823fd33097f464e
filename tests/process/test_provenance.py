"""What frames and movies were made with: said in the file, read back by others, restored, published, signed."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from backend_processes import a_shot, contents
from command_line import run
from motion_bridge import __version__
from motion_bridge import shot as shots
from motion_bridge.cli import main as commands
from motion_bridge.engines import runner
from motion_bridge.errors import BadInput
from motion_bridge.media import mp4, png
from motion_bridge.provenance import record, restoring, xmp
from motion_bridge.shot import GenerationSettings
from motion_bridge.takes import writer

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
OURS = "{urn:motion-bridge:provenance:1:}"
ASKED = GenerationSettings(
    {1: "a <valley> & dawn", 3: "dusk"}, {1: "text"}, 7, {"model": "sketch"}, {"zoom": "0:(1.02)"}
)


@pytest.fixture
def told():
    return record.Record("deforum", "flux.2-klein-4b", "e7b7dc", xmp.TRAINED, "5h0t", ASKED)


def properties(packet):
    """As a program that knows XMP reads them."""
    (description,) = ElementTree.fromstring(re.sub(r"<\?xpacket.*?\?>", "", packet)).iter(f"{RDF}Description")
    return {each.tag: each.text for each in description}


def frame(path, chunks, size=(72, 128)):
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    path.write_bytes(png.encode(pixels, chunks))
    return path


@pytest.fixture
def take(tmp_path):
    """Two frames of a real job, by the engine that everybody has."""
    shot = replace(a_shot(count=2), prompts={1: "hills"}, seed=5)
    return made(shot, tmp_path)


def made(shot, folder, name="take"):
    depth = np.full((len(shot.frames), shot.height, shot.width), 4, np.float32)
    shots.save(replace(shot, depth=depth), folder / f"{name}-shot")
    job = runner.JobRequest(1, folder / f"{name}-shot", str(folder / name), "reproject", resume=True)
    list(runner.run(job, list, lambda: False))
    return folder / name


def test_a_frame_says_in_the_words_of_iptc_what_it_was_made_with(told):
    said = properties(told.chunks(4)[xmp.PNG_KEY])
    assert said[f"{IPTC}DigitalSourceType"].endswith("/digitalsourcetype/trainedAlgorithmicMedia")
    assert said[f"{IPTC}AISystemUsed"] == "flux.2-klein-4b" and said[f"{IPTC}AISystemVersionUsed"] == "e7b7dc"
    assert said[f"{IPTC}AIPromptInformation"] == "dusk"
    assert said["{http://ns.adobe.com/xap/1.0/}CreatorTool"] == f"Motion Bridge {__version__}"
    ours = {name: said[f"{OURS}{name}"] for name in ("Model", "Revision", "Seed", "Shot", "Frame", "Negative")}
    assert list(ours.values()) == ["flux.2-klein-4b", "e7b7dc", "7", "5h0t", "4", "text"]
    assert properties(told.chunks(1)[xmp.PNG_KEY])[f"{OURS}Prompt"] == "a <valley> & dawn"


def test_prompts_with_anything_in_them_stay_xml(told):
    odd = replace(told, generation=replace(ASKED, prompts={0: "\0\x1b]]>&<\U0001f600"}))
    assert properties(odd.chunks(1)[xmp.PNG_KEY])[f"{OURS}Prompt"] == "\ufffd\ufffd]]>&<\U0001f600"
    assert xmp.fields(told.chunks(1)[xmp.PNG_KEY])["motionbridge:Prompt"] == "a <valley> & dawn"


def test_a_frame_that_no_model_made_says_so(take):
    said = properties(png.read_text(take / "frame_0001.png")[xmp.PNG_KEY])
    assert said[f"{IPTC}DigitalSourceType"].endswith("/algorithmicMedia")
    assert f"{IPTC}AISystemUsed" not in said and said[f"{OURS}Prompt"] == "hills"
    assert said[f"{OURS}Shot"] == shots.digest(take.parent / "take-shot")


def test_kept_pixels_beside_painted_ones_are_a_composite():
    from motion_bridge.engines import base
    from motion_bridge.engines.deforum.engine import engine as deforum
    from motion_bridge.engines.video.engine import engine as video

    assert deforum.source_type(base.completed(deforum, {})) == xmp.TRAINED
    assert deforum.source_type(base.completed(deforum, {"known": "keep"})) == xmp.COMPOSITE
    assert video.source_type(base.completed(video, {})) == xmp.TRAINED


def test_what_a_frame_says_beside_its_identity_decides_nothing(take):
    """A take that an older version began goes on, and a resumed one has the same bytes."""
    whole = contents(take)
    first = take / "frame_0001.png"
    first.write_bytes(png.encode(png.read(first), {writer.KEY: png.read_text(first)[writer.KEY]}))
    (take / "frame_0002.png").unlink()
    job = runner.JobRequest(1, take.parent / "take-shot", str(take), "reproject", resume=True)
    list(runner.run(job, list, lambda: False))
    assert contents(take)["frame_0002.png"] == whole["frame_0002.png"]


def test_settings_are_restored_from_any_frame(tmp_path, told):
    found = restoring.restored(frame(tmp_path / "a.png", told.chunks(1)))
    assert (found.engine, found.generation, found.notices) == ("deforum", ASKED, ())


def test_a_license_is_never_accepted_by_a_file(tmp_path, told):
    asked = replace(ASKED, settings={"model": "ltx-2", "accept_license": True, "allow_remote": True})
    found = restoring.restored(frame(tmp_path / "a.png", replace(told, generation=asked).chunks(1)))
    assert found.generation.settings == {"model": "ltx-2"}


def test_older_frames_are_restored_from_the_shot_beside_them(take):
    first = take / "frame_0001.png"
    first.write_bytes(png.encode(png.read(first), {writer.KEY: png.read_text(first)[writer.KEY]}))
    alone = restoring.restored(first)
    assert alone.engine == "reproject" and "older version" in alone.notices[0]
    shutil.copytree(take.parent / "take-shot", take / "shot")
    found = restoring.restored(first)
    assert found.generation.prompts == {1: "hills"} and found.generation.seed == 5 and not found.notices


@pytest.mark.parametrize(
    "chunks",
    [
        {},
        {writer.KEY: "[]"},
        {writer.KEY: '{"engine": 3, "settings": {}, "shot": ""}'},
        {record.KEY: "{"},
        {record.KEY: '{"engine": "deforum"}'},
        {record.KEY: '{"a": ' + "[" * 100 + "]" * 100 + "}"},
    ],
)
def test_a_foreign_or_hostile_picture_is_refused_in_a_sentence(tmp_path, chunks):
    with pytest.raises(BadInput):
        restoring.restored(frame(tmp_path / "a.png", chunks))


def test_a_job_like_a_frame(tmp_path, take):
    """`render --like FRAME` asks for what the frame was made with; another engine is refused."""
    again = tmp_path / "again"
    shot = take.parent / "take-shot"
    done = run("render", shot, "--output", again, "--like", take / "frame_0002.png", "--engine", "reproject")
    assert done.returncode == 0, done.stderr
    assert json.loads(run("provenance", again / "frame_0001.png", "--json").stdout)["prompts"] == {"1": "hills"}
    refused = run("render", shot, "--output", tmp_path / "x", "--like", take / "frame_0002.png", "--engine", "testing")
    assert refused.returncode == 2 and "--engine reproject" in refused.stderr


def test_a_movie_says_what_its_frames_say(tmp_path, take):
    pytest.importorskip("av")
    from motion_bridge.media import movie, video

    pictures = [png.read(path) for path in sorted(take.glob("frame_*.png"))]
    movie.write(tmp_path / "take.mp4", pictures, 24, xmp=record.movie_packet(take))
    packet = mp4.read_uuid_box(tmp_path / "take.mp4", mp4.XMP)
    assert mp4.is_whole(tmp_path / "take.mp4") and packet is not None
    said = properties(packet.decode())
    assert said[f"{OURS}Prompt"] == "hills" and said[f"{OURS}Seed"] == "5" and f"{OURS}Frame" not in said
    assert len(video.read_footage(tmp_path / "take.mp4").frames) == 2, "other programs still play it"
    assert "hills" in json.loads(run("provenance", tmp_path / "take.mp4").stdout).values()


def test_publishing_replaces_nothing(tmp_path, told):
    from motion_bridge.provenance import publishing

    source = frame(tmp_path / "frame_0001.png", told.chunks(1))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "frame_0001.png").write_bytes(b"another take's")
    with pytest.raises(BadInput, match="is there already"):
        list(publishing.publish(source, tmp_path / "out"))
    assert (tmp_path / "out" / "frame_0001.png").read_bytes() == b"another take's"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A chain and a key as a certificate authority issues them for Content Credentials."""
    folder = tmp_path_factory.mktemp("certificate")
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here to make a certificate")
    (folder / "leaf.cnf").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    usage = "-addext keyUsage=critical,keyCertSign,cRLSign"
    authority = f'-subj "/O=Test/CN=Authority" -addext basicConstraints=critical,CA:TRUE {usage}'
    sign = "openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3000"
    lines = (
        "openssl ecparam -name prime256v1 -genkey -noout -out ca.key",
        f"openssl req -x509 -new -key ca.key -days 3650 {authority} -out ca.pem",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out leaf.key",
        'openssl req -new -key leaf.key -subj "/O=Test/CN=Artist" -out leaf.csr',
        f"{sign} -extfile leaf.cnf -out leaf.pem",
        "cat leaf.pem ca.pem > chain.pem",
    )
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=folder, check=True, capture_output=True)
    return folder / "chain.pem", folder / "leaf.key"


def test_a_signed_copy_verifies_and_a_changed_one_does_not(tmp_path, told, certificate):
    pytest.importorskip("c2pa")
    from motion_bridge.provenance import publishing, signature

    source = frame(tmp_path / "frame_0001.png", told.chunks(1))
    before = source.read_bytes()
    (copy,) = publishing.publish(source, tmp_path / "out", signer=signature.Signer(*certificate))
    assert signature.read(copy.path) == signature.Signature("Valid", "Artist", xmp.TRAINED)
    np.testing.assert_array_equal(png.read(copy.path), png.read(source))
    assert restoring.restored(copy.path).generation == ASKED and source.read_bytes() == before
    changed = bytearray(copy.path.read_bytes())
    at = changed.rindex(b"flux.2-klein-4b</motionbridge:Model>")
    body = changed[at : at + 4]
    changed[at : at + 4] = body[::-1]
    copy.path.write_bytes(_with_checksums(bytes(changed)))
    found = signature.read(copy.path)
    assert found is not None and found.state == "Invalid"


def _with_checksums(data):
    """The same PNG with right checksums everywhere."""
    chunks, at = [], len(png.SIGNATURE)
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        chunks.append(png.chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += length + 12
    return png.SIGNATURE + b"".join(chunks)


def test_a_signed_movie_verifies(tmp_path, take, certificate):
    pytest.importorskip("c2pa")
    pytest.importorskip("av")
    from motion_bridge.media import movie
    from motion_bridge.provenance import publishing, signature

    pictures = [png.read(path) for path in sorted(take.glob("frame_*.png"))]
    movie.write(tmp_path / "take.mp4", pictures, 24, xmp=record.movie_packet(take))
    (copy,) = publishing.publish(tmp_path / "take.mp4", tmp_path / "out", signer=signature.Signer(*certificate))
    assert signature.read(copy.path) == signature.Signature("Valid", "Artist", xmp.ALGORITHMIC)


def test_a_watermark_is_read_back_and_another_is_not(tmp_path, told):
    pytest.importorskip("imwatermark")
    from motion_bridge.provenance import publishing, watermark

    rows, columns = np.mgrid[0:512, 0:512]
    pixels = np.stack([60 + rows // 8 + columns // 8, 80 + columns // 6, 70 + (rows + columns) // 9], -1).astype(
        np.uint8
    )
    pixels += np.random.default_rng(2).integers(0, 16, pixels.shape, np.uint8)
    source = tmp_path / "frame_0001.png"
    source.write_bytes(png.encode(pixels, told.chunks(1)))
    (copy,) = publishing.publish(source, tmp_path / "out", text="studio-7")
    seen = png.read(copy.path)
    assert copy.watermarked and watermark.holds(seen, "studio-7") and not watermark.holds(seen, "studio-8")
    assert np.abs(seen.astype(int) - pixels).mean() < 3
    assert restoring.restored(copy.path).generation == ASKED


def test_without_its_packages_publishing_says_which(tmp_path, told, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    source = frame(tmp_path / "frame_0001.png", told.chunks(1))
    monkeypatch.setattr("motion_bridge.provenance.signature.find_spec", lambda name: None)
    code = commands.main(["publish", str(source), "--output", str(tmp_path / "o"), *_pems(tmp_path)])
    assert code == 3
    assert commands.main(["publish", str(source), "--output", str(tmp_path)]) == 2, "nothing is overwritten"


def _pems(folder):
    for name in ("a.pem", "b.pem"):
        (folder / name).write_text("")
    return ["--certificate", str(folder / "a.pem"), "--key", str(folder / "b.pem")]
