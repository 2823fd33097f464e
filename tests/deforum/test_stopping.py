"""A fit that somebody stops ends soon, wherever it is, and no other work notices."""

import threading
import time

import pytest
from benchmarks.common import synthetic_shots
from motion_bridge.errors import Cancelled
from motion_bridge.geometry.cancellation import breathe, stoppable
from motion_bridge.schedules.camera.documents import for_metric, for_webui


@pytest.fixture(scope="module")
def shot():
    return synthetic_shots.make("crane", 96, 56, 12)


@pytest.mark.slow
@pytest.mark.parametrize("fit", [for_webui, for_metric])
def test_a_fit_asks_all_the_time_whether_it_shall_stop(shot, fit):
    """No stretch between two questions is more than a fifth of the whole; what other programs do does not count."""
    asked = [time.thread_time()]
    with stoppable(lambda: asked.append(time.thread_time()) is not None):
        fit(shot, 0.25)
    asked.append(time.thread_time())
    stretches = [after - before for before, after in zip(asked, asked[1:], strict=False)]
    assert len(stretches) > 50
    assert max(stretches) < (asked[-1] - asked[0]) / 5


@pytest.mark.parametrize("patience", [0, 7, 40])
def test_it_ends_where_it_is_told_to(shot, patience):
    left = iter(range(patience))
    with pytest.raises(Cancelled, match="nothing was written"), stoppable(lambda: next(left, None) is None):
        for_webui(shot, 0.25)


def test_other_threads_and_later_work_go_on():
    went_on = []

    def work() -> None:
        breathe()
        went_on.append("other thread")

    with stoppable(lambda: True):
        other = threading.Thread(target=work)
        other.start()
        other.join()
        with pytest.raises(Cancelled):
            breathe()
    breathe()
    assert went_on == ["other thread"]
