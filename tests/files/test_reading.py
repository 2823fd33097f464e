"""What strangers leave in a folder is read within limits or refused in a sentence; nothing waits, nothing grows."""

import io
import os
import sys

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.files import json_text, npy, regular

posix = pytest.mark.skipif(os.name == "nt", reason="FIFOs, devices and links of POSIX")


@posix
def test_a_fifo_a_device_and_a_folder_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", "/dev/zero", tmp_path):
        with pytest.raises(BadInput, match="a file belongs there"):
            regular.read_bytes(path)


@posix
def test_a_link_is_followed_or_refused_as_the_caller_wants(tmp_path):
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "link").symlink_to("file")
    assert regular.read_bytes(tmp_path / "link") == b"here"
    with pytest.raises(BadInput, match="is a link"):
        regular.read_bytes(tmp_path / "link", links=False)
    (tmp_path / "endless").symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="device"):
        regular.read_bytes(tmp_path / "endless")


def test_a_file_above_its_limit_and_a_name_that_cannot_be_are_refused(tmp_path):
    (tmp_path / "big").write_bytes(bytes(11))
    with pytest.raises(BadInput, match="has 11 bytes; at most 10 are read"):
        regular.read_bytes(tmp_path / "big", 10)
    with pytest.raises(BadInput, match="there is no such file"):
        regular.read_bytes(tmp_path / "gone")
    for name in ("a\0b", "x" * 300):
        with pytest.raises(BadInput, match="cannot be read"):
            regular.read_bytes(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_file_whose_size_says_nothing_is_bounded_all_the_same():
    with pytest.raises(BadInput, match="more than 10 bytes"):
        regular.read_bytes("/proc/self/status", 10)


@pytest.mark.parametrize(
    ("text", "says"),
    {
        "a NaN": ('{"x": NaN}', "NaN is not a number"),
        "an infinity": ("[-Infinity]", "-Infinity is not a number"),
        "a number beyond floats": ('{"x": 1e400}', "1e400 is out of range"),
        "a number of a thousand digits": ("9" * 1000, "has 1000 digits"),
        "a number of ten thousand digits": ("9" * 10_000, "digits"),
        "lists without end": ("[" * 100_000, "64 levels"),
        "objects without end": ('{"a":' * 100_000, "64 levels"),
        "65 lists": ("[" * 65 + "]" * 65, "64 levels"),
        "half a letter": (r'{"path": "\ud800"}', "not Unicode"),
        "bytes that are no text": (b'"\xff"', "not Unicode"),
        "nothing": ("", "not valid JSON"),
        "a second value": ("{} {}", "not valid JSON"),
    }.values(),
)
def test_json_is_refused_with(text, says):
    with pytest.raises(BadInput, match=says):
        json_text.parse(text, "It")


def test_json_that_is_valid_is_read_however_it_was_saved(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + '{"größe": [1, 2.5, "\\ud83d\\ude00"]}'.encode())
    assert json_text.read_object(path) == {"größe": [1, 2.5, "😀"]}
    assert json_text.parse("[" * 64 + "]" * 64, "It") is not None
    path.write_text("[1]")
    with pytest.raises(BadInput, match=r"a\.json holds a list; a JSON object belongs there"):
        json_text.read_object(path)


def npy_bytes(header: bytes, body: bytes = b"", version: bytes = b"\x01\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + body


HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': %s}\n"
MISSHAPEN = {
    "nothing": b"",
    "another version": npy_bytes(HEADER % b"(1,)", bytes(4), b"\x09\x00"),
    "no dictionary": npy_bytes(b"[1, 2]"),
    "half an expression": npy_bytes(b"{'descr': ("),
    "an expression without end": npy_bytes(b"-" * 9000 + b"1"),
    "a shape that is a word": npy_bytes(HEADER % b"'big'"),
    "a shape that is true": npy_bytes(HEADER % b"(True,)", bytes(4)),
    "a negative side": npy_bytes(HEADER % b"(-1, -4)", bytes(16)),
    "a thousand sides": npy_bytes(HEADER % (b"(" + b"1," * 1000 + b")"), bytes(4)),
    "a terabyte that is not there": npy_bytes(HEADER % b"(1099511627776,)", bytes(4)),
    "sides that overflow to the right size": npy_bytes(HEADER % b"(4294967296, 4294967297)", bytes(16)),
    "nothing, of sides without end": npy_bytes(HEADER % b"(0, 4611686018427387904, 8)"),
    "nothing, of sides beyond every number": npy_bytes(HEADER % b"(0, 99999999999999999999999)"),
    "letters of no length, without end": npy_bytes(
        b"{'descr': '<U0', 'fortran_order': False, 'shape': (4611686018427387904, 8)}\n"
    ),
    "objects": npy_bytes(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", bytes(8)),
    "records": npy_bytes(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}\n", bytes(4)),
    "an unknown type": npy_bytes(b"{'descr': 'quux', 'fortran_order': False, 'shape': (1,)}\n", bytes(4)),
    "more than its shape": npy_bytes(HEADER % b"(1,)", bytes(5)),
}


@pytest.mark.parametrize("content", MISSHAPEN.values(), ids=MISSHAPEN.keys())
def test_an_array_file_is_refused_that_holds(content, tmp_path):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.npy"):
        npy.map_read_only(tmp_path / "a.npy")
    with pytest.raises(BadInput, match=r"a\.npy"):
        npy.of_bytes(content, "a.npy")


@pytest.mark.parametrize("array", [np.arange(12.0).reshape(3, 4), np.asfortranarray(np.eye(3)[:2]), np.zeros((0, 4))])
def test_an_array_comes_back_mapped(array, tmp_path):
    stream = io.BytesIO()
    np.save(stream, array)
    (tmp_path / "a.npy").write_bytes(stream.getvalue())
    found = npy.map_read_only(tmp_path / "a.npy")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
