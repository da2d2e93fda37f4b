"""Real processes that do something at the same moment, or are killed while they do it."""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from maxstim_core.errors import MaxstimError

PATIENCE = 240

_context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":  # what takes long to load is loaded once
    _context.set_forkserver_preload(
        [
            *("pytest", "xarray", "h5netcdf"),
            *("maxstim_core.networks.unfitted", "maxstim_core.networks.user_networks"),
            "maxstim_core.stimuli.stored.import_movie",
        ]
    )

_CHANGES = {"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree"}
"""Python's audit events of what changes a folder; writing to a file is one more."""


def at_once(function, *arguments):
    """Call a function in one process for each of its arguments, all at the same moment.

    Returns:
        For each what it returned, or the MaxstimError that it raised.
    """
    gate = _context.Barrier(len(arguments))
    ways = [_context.Pipe(duplex=False) for _ in arguments]
    processes = [
        _context.Process(
            target=_race, args=(function, argument, gate, way[1], _environment()), daemon=True
        )
        for argument, way in zip(arguments, ways, strict=True)
    ]
    for process in processes:
        _start(process)
    told = []
    for receive, _ in ways:
        assert receive.poll(PATIENCE), "a process does not come back"
        told.append(receive.recv())
    for process in processes:
        process.join()
    return told


def killed_at(step, folder, function, *arguments):
    """Call a function in a process that is killed before it changes a folder for the `step`-th time.

    Returns:
        Whether it came to that; if not, it did all it had to.
    """
    process = _context.Process(
        target=_until, args=(step, str(folder), function, arguments, _environment()), daemon=True
    )
    _start(process)
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def busy(function, *arguments):
    """Call a function that does not return in a process; wait for its word, and return the process."""
    receive, send = _context.Pipe(duplex=False)
    process = _context.Process(
        target=_keep_busy, args=(function, arguments, send, _environment()), daemon=True
    )
    _start(process)
    assert receive.poll(PATIENCE)
    receive.recv()
    return process


def hidden(folder):
    """What is hidden anywhere in a folder."""
    return [path for path in Path(folder).rglob("*") if path.name.startswith(".")]


def receive_for_long(folder, ready):
    """What a server does that is sent a movie; here, so that its process needs no Panel."""
    from dashboard.add_movie.upload import UploadFile

    tempfile.tempdir = str(folder)
    upload = UploadFile()
    upload.expect("film.npy", 100)
    ready()
    time.sleep(600)


def _start(process):
    """Start a process from the real temporary folder: a socket lies in it, whose path must be short."""
    place, tempfile.tempdir = tempfile.tempdir, None
    try:
        process.start()
    finally:
        tempfile.tempdir = place


def _environment():
    return {key: value for key, value in os.environ.items() if key.startswith("MAXSTIM_")}


def _race(function, argument, gate, send, environment):
    os.environ.update(environment)
    gate.wait(PATIENCE)
    try:
        told = function(argument)
    except MaxstimError as error:
        told = error
    send.send(told)


def _until(step, folder, function, arguments, environment):
    os.environ.update(environment)
    count = 0

    def watch(event, values):
        nonlocal count
        writes = event == "open" and isinstance(values[2], int) and values[2] & os.O_CREAT
        if (event in _CHANGES or writes) and str(values[0]).startswith(folder):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    function(*arguments)
    sys.stdout.flush()
    os._exit(0)  # what the end of a process does is not counted


def _keep_busy(function, arguments, send, environment):
    os.environ.update(environment)
    function(*arguments, lambda: send.send("ready"))
