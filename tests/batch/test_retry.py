"""What fails for a moment is tried again, three times in all; what stays wrong is not."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from mvd.batch.content import content_sha256, file_sha256
from mvd.batch.copying import copied
from mvd.batch.retry import WAITS_S, is_transient, patient
from mvd.errors import UnreadableSlide

ALWAYS_EIO = Path("/proc/self/mem")  # its first byte cannot be read: a real error of the system


class Failing:
    """Fails with errors, one after the other, then returns what it counted."""

    def __init__(self, *errors):
        self.errors, self.calls, self.waits = list(errors), 0, []

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def of(name):
    return OSError(getattr(errno, name), os.strerror(getattr(errno, name)))


@pytest.mark.parametrize("name", ["ESTALE", "EIO", "EAGAIN", "ETIMEDOUT", "EINTR", "ECONNRESET", "EBUSY"])
def test_what_is_of_the_moment_is_tried_three_times(name):
    failing = Failing(of(name), of(name))
    assert patient(failing, sleep=failing.waits.append) == 3
    assert failing.waits == list(WAITS_S)
    failing = Failing(*(of(name) for _ in range(9)))
    with pytest.raises(OSError, match=os.strerror(getattr(errno, name))):
        patient(failing, sleep=failing.waits.append)
    assert failing.calls == 3


@pytest.mark.parametrize(
    "error", [of("ENOENT"), of("EACCES"), of("ENOSPC"), of("EISDIR"), ValueError("no header"), KeyError(1)]
)
def test_what_stays_wrong_is_not_tried_again(error):
    failing = Failing(error)
    with pytest.raises(type(error)):
        patient(failing, sleep=failing.waits.append)
    assert (failing.calls, failing.waits) == (1, [])


def test_an_error_is_known_by_what_led_to_it_and_by_the_systems_words():
    told = UnreadableSlide("x.svs: cannot be opened")
    told.__cause__ = of("ESTALE")
    assert is_transient(told)
    assert is_transient(UnreadableSlide(f"x.mrxs: OpenSlide says {os.strerror(errno.EIO)}"))
    assert not is_transient(UnreadableSlide("x.svs: the file is empty; copy it again"))


@pytest.fixture
def recovering(tmp_path):
    """A file that gives an I/O error until, a moment after the first attempt, the storage is back."""
    try:
        ALWAYS_EIO.read_bytes()
    except OSError as error:
        if error.errno != errno.EIO:
            pytest.skip(f"no file of this system gives an I/O error ({error})")
    good, path = tmp_path / "good", tmp_path / "slide.tif"
    good.write_bytes(os.urandom(9_000_000))
    path.symlink_to(ALWAYS_EIO)

    def put_back():
        time.sleep(WAITS_S[0] / 2)
        os.replace(good, path)

    back = threading.Thread(target=put_back)
    back.start()
    yield path
    back.join()


def test_hashing_and_copying_go_on_when_the_storage_is_back(recovering, tmp_path):
    target = tmp_path / "copy"
    sha256 = patient(lambda: copied(recovering, target))
    assert sha256 == file_sha256(recovering) == file_sha256(target)
    assert target.read_bytes() == recovering.read_bytes()


def test_the_hash_of_a_slide_waits_for_the_storage(recovering):
    assert content_sha256(recovering) == file_sha256(recovering)


def test_storage_that_does_not_come_back_is_given_up(tmp_path):
    (tmp_path / "slide.tif").symlink_to(ALWAYS_EIO)
    began_s = time.monotonic()
    assert content_sha256(tmp_path / "slide.tif") == ""
    assert time.monotonic() - began_s < sum(WAITS_S) + 2
