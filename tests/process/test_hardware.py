"""Free memory is asked of each system in its own way, and an answer that makes no sense counts as none."""

import sys

import pytest
from motion_bridge import hardware, launch

VM_STAT = """Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10000.
Pages active:                            400000.
Pages inactive:                          300000.
Pages speculative:                         5000.
Pages throttled:                              0.
Pages wired down:                        150000.
Pages purgeable:                           2000.
"Translation faults":                 123456789.
File-backed pages:                       200000.
"""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (launch.Answer(0, VM_STAT, ""), (10_000 + 300_000 + 5_000) * 16384),
        (launch.Answer(0, VM_STAT.replace("\n", "\r\n"), ""), (10_000 + 300_000 + 5_000) * 16384),
        (launch.Answer(1, VM_STAT, ""), None),
        (launch.Answer(0, "", ""), None),
        (launch.Answer(0, "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n", ""), None),
    ],
)
def test_macos_is_asked_by_vm_stat(monkeypatch, answer, expected):
    asked = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(launch, "ask", lambda command, patience: asked.append(command) or answer)
    assert hardware.memory_free() == expected
    assert asked == [["/usr/bin/vm_stat"]]


def test_a_mac_without_an_answer_is_no_failure(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    free = hardware.memory_free()
    assert free is None or free > 0


def test_the_system_that_runs_this_says_what_is_free():
    free = hardware.memory_free()
    assert free is not None and free > 1 << 20
