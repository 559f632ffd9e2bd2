"""Handlers that do what handlers should not, for test_misbehaving; a file of their own, deployed as it is."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading

calls = 0


def count():
    global calls
    calls += 1
    return calls


def closed_output_lives(event, context):
    if count() == 1:
        os.close(1)
        os.close(2)
        raise ValueError("nobody hears this")
    return calls


def close_everything(event, context):
    os.closerange(0, 1024)


def replace_output(event, context):
    sys.stdout = None
    return count()


def move_away(event, context):
    os.chdir("/")
    os.umask(0o777)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return count()


def leave_threads(event, context):
    threading.Thread(target=threading.Event().wait).start()
    return count()


def leave_daemon(event, context):
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    return count()


def square(number):
    return number * number


def use_pool(event, context):
    with multiprocessing.Pool(2) as pool:
        return pool.map(square, [1, 2, 3])


def kill_everybody(event, context):
    for target in (-1, os.getppid()):
        with contextlib.suppress(OSError):
            os.kill(target, signal.SIGKILL)
    return count()


def recurse(event, context):
    return recurse(event, context)


def nest(event, context):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def raise_untold(event, context):
    class Untold(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    raise Untold


def raise_much(event, context):
    raise ValueError("x" * 5_000_000)


def exit_3(event, context):
    sys.exit(3)


def interrupt(event, context):
    raise KeyboardInterrupt


def crash(event, context):
    ctypes.string_at(0)


def stop(event, context):
    os.kill(os.getpid(), signal.SIGSTOP)


def pretend(event, context):
    print(f"END RequestId: {context.aws_request_id}")
    print(f"REPORT RequestId: {context.aws_request_id}\tDuration: 1.00 ms", end="")
    return 1
