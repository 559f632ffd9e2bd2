"""The lock on a file that its owner removes: never two owners, whatever stands at the path."""

import os
import threading

import pytest

from jupyter_lambda.client.file_lock import FileLock


def test_only_one_has_it(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")

    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_release_removes_the_file_and_may_be_called_twice(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.acquire()

    lock.release()
    lock.release()

    assert not (tmp_path / "lock").exists()


def test_a_file_left_by_a_dead_owner_is_no_lock(tmp_path):
    (tmp_path / "lock").write_text("12345")
    lock = FileLock(tmp_path / "lock")

    assert lock.acquire()
    lock.release()


def test_a_removed_file_is_not_the_lock_any_more(tmp_path):
    """Its path leads to another file now, which somebody else may hold: so it is the path's file that counts."""
    path = tmp_path / "lock"
    former, latter = FileLock(path), FileLock(path)
    former.acquire()
    path.unlink()

    assert latter.acquire()
    assert not FileLock(path).acquire()
    latter.release()


def test_a_release_leaves_a_later_comers_file_alone(tmp_path):
    path = tmp_path / "lock"
    former, latter = FileLock(path), FileLock(path)
    former.acquire()
    path.unlink()
    latter.acquire()

    former.release()

    assert path.exists()
    assert not FileLock(path).acquire()
    latter.release()


def test_a_file_that_is_removed_between_opening_and_locking_is_not_kept(tmp_path):
    former, latter = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    former.acquire()
    opened_meanwhile = os.open(tmp_path / "lock", os.O_RDWR)
    former.release()

    assert not latter._keep(opened_meanwhile)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened_meanwhile)


def test_the_descriptor_is_not_inherited(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.acquire()

    assert not os.get_inheritable(lock._descriptor)
    lock.release()


def test_never_two_owners_while_many_take_and_remove(tmp_path):
    inside, worst, rounds = [0], [0], 200

    def contend():
        done = 0
        while done < rounds:
            lock = FileLock(tmp_path / "lock")
            if lock.acquire():
                inside[0] += 1
                worst[0] = max(worst[0], inside[0])
                inside[0] -= 1
                lock.release()
                done += 1

    threads = [threading.Thread(target=contend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert worst == [1]
