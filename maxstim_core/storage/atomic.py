"""Files and folders that are written whole or not at all, whoever is killed while writing.

Whatever is made is made aside, as a hidden *part* in the folder where it shall be, and gets its name by
one renaming. Where a name may be given once only, it is checked and given `exclusively`: of several
processes that want one name at the same moment, one gets it and the others are told.

A process that is killed leaves its parts. Their names say who made them, so that `sweep_leftovers`
removes those of processes that have ended, and never one that is being written:

========================  ===============================================================================
``.OWNER.part``           what is being made or removed
``.NAME.OWNER.was``       a folder with what is giving way to NAME; it is put back if NAME does not come
``.lock``, ``.NAME.lock``  held, by the operating system, by a process that lives
========================  ===============================================================================

OWNER is ``HOST-PID-START-RANDOM``: HOST a hash of the computer (on Linux also of the namespace of the
process ids, so that containers are told apart), START when the process began, in the system's own
count, or 0 where that cannot be known. Processes of other computers, as on a disk that several share,
cannot be asked whether they live: their parts count as left over once nothing in them has changed for
an hour. So does what has no owner in its name, as earlier versions left it.

Functions raise OSError where no other error is named: who calls them knows what to tell a person.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from maxstim_core.errors import MaxstimError

_OWNED = re.compile(
    r"\.((?P<name>.+)\.)?(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-(?P<start>\d+)-[0-9a-z_]+\.(part|was)"
)

_LEFT_OVER_SECONDS = 3600.0
"""How long a part whose owner cannot be asked must have been left alone."""

_PATIENCE_SECONDS = 30.0
"""How long a process waits for its turn to give a name, which takes the others milliseconds."""

_PAUSE_SECONDS = 0.01

_SETTLED_SECONDS = 2.0
"""A folder that changed less long ago may change once more without a new time: clocks of disks tick."""


# -- writing


def write_whole(path: str | os.PathLike, what: str, content: bytes | memoryview) -> None:
    """Write a file; what was there stays until all of the new one is.

    Args:
        path: Where to write it.
        what: What it is, for the refusal.
        content: What to write.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    path = Path(path)
    try:
        with aside(path.parent) as part:
            part.write_bytes(content)
            os.replace(part, path)
    except OSError as error:
        raise MaxstimError(
            f"The {what} could not be written to {path} ({error.strerror or error}); choose a folder "
            "that exists, is writable and has room."
        ) from error


@contextmanager
def aside(folder: str | os.PathLike) -> Iterator[Path]:
    """Give a path in a folder that nobody else uses, to make a file or a folder at.

    Whatever is there in the end is removed: give it its name before, by `put_in_place`.

    Args:
        folder: Where it shall be; it is there, or made together with what is made aside.
    """
    part = Path(folder) / part_name()
    try:
        yield part
    finally:
        discard(part)


def put_in_place(part: Path, target: Path, *, replaced: Iterable[Path] = ()) -> None:
    """Give a file or folder that was made aside its name.

    To be called within `exclusively(target.parent)`, where what may be replaced has been looked for.
    Whoever is killed in it loses nothing: either the old is there afterwards or the new.

    Args:
        part: What was made, in the folder of the target.
        target: The name.
        replaced: What gives way to it, of the same folder; what is not there is left out.

    Raises:
        FileExistsError: if there is something else of that name, even where the lock does not work.
        OSError: if it cannot be renamed; then what should be replaced is where it was.
    """
    old = [path for path in replaced if os.path.lexists(path)]
    if old == [target] and not os.path.isdir(target) and not os.path.isdir(part):
        os.replace(part, target)
        return
    if not old:
        _name(part, target)
        return
    was = target.with_name(f".{target.name}.{_owner()}.was")
    os.mkdir(was)
    try:
        for path in old:
            os.rename(path, was / path.name)
        _name(part, target)
    finally:
        _settle(was)


def remove_whole(path: Path, folder: Path) -> None:
    """Remove a file or folder at once: from the first moment on it is not there, whatever remains.

    Args:
        path: What to remove.
        folder: Where its remains may be meanwhile: one that is swept, on the same disk.
    """
    with aside(folder) as part:
        os.rename(path, part)


def discard(path: Path) -> None:
    """Remove a file or folder as far as possible; nothing happens if it is not there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            os.unlink(path)


def free_bytes(folder: Path) -> int:
    """Make sure that a folder can be written, make it if it is missing, and return the bytes free."""
    folder.mkdir(parents=True, exist_ok=True)
    with aside(folder) as probe:  # permissions do not tell of read-only disks, quotas and the like
        probe.write_bytes(b"maxstim")
    return shutil.disk_usage(folder).free


# -- one at a time


@contextmanager
def exclusively(folder: Path, wait_seconds: float = _PATIENCE_SECONDS) -> Iterator[None]:
    """Be the only one, of all processes and threads, who gives or takes names in a folder.

    What somebody who was killed was about to replace is put back first. Hold it for moments only, and
    not twice at once.

    Raises:
        BlockingIOError: if others do not let go of it in time.
    """
    with locked(folder / ".lock", wait_seconds):
        for was in _hidden(folder, ".was"):
            if _is_left_over(was):
                _settle(was)
        yield


@contextmanager
def locked(path: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold a lock file, which is removed in the end.

    The operating system lets go of it when its holder ends, however that happens: a file that was left
    behind holds nobody up. Where a disk knows no locks, everybody gets it.

    Args:
        path: The file. One that begins with a dot and ends in ``.lock`` is swept.
        wait_seconds: How long to wait for others.

    Raises:
        BlockingIOError: if others still hold it.
        OSError: if it cannot be made.
    """
    until = time.monotonic() + wait_seconds
    while (file := _lock(path)) is None:
        if time.monotonic() >= until:
            raise BlockingIOError(errno.EAGAIN, "another process is writing there")
        time.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        _unlock(path, file)


_held_here: set[str] = set()
"""Locks of this process: some disks do not tell its threads apart."""

_turn = threading.Lock()

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


def _lock(path: Path) -> int | None:
    """Open and lock a file; None if somebody else holds it."""
    key = os.path.abspath(path)
    with _turn:
        if key in _held_here:
            return None
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            if sys.platform == "win32":  # somebody is about to remove it
                return None
            raise
        if _is_locked_by_us(file) and _is_still(file, path):
            _held_here.add(key)
            return file
        os.close(file)
        return None


def _is_locked_by_us(file: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _NO_LOCKS
    return True


def _is_still(file: int, path: Path) -> bool:
    """Tell whether a file has not been removed by who held it before."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False


def _unlock(path: Path, file: int) -> None:
    with _turn:
        if sys.platform != "win32":  # there, an open file cannot be removed
            with suppress(OSError):
                os.unlink(path)
        os.close(file)
        if sys.platform == "win32":
            with suppress(OSError):  # somebody else has opened it already
                os.unlink(path)
        _held_here.discard(os.path.abspath(path))


# -- what others have left


def sweep_leftovers(folder: str | os.PathLike) -> None:
    """Remove the hidden parts that processes left in a folder when they were killed.

    What such a process was about to replace is put back. Nothing that somebody is still writing is
    touched, and nothing is raised. A folder that has not changed since it was found clean costs one
    look at its time.

    Args:
        folder: A folder of the data directory; it need not exist.
    """
    folder = Path(folder)
    try:
        changed = os.stat(folder).st_mtime_ns
        if _clean.get(folder) == changed:
            return
        hidden = _hidden(folder, (".part", ".was", ".lock"))
    except OSError:  # not there, or not for us
        return
    if not hidden and time.time() - changed / 1e9 > _SETTLED_SECONDS:
        _clean[folder] = changed
    for path in hidden:
        if path.name.endswith(".lock"):
            with suppress(OSError), locked(path):
                pass
        elif path.suffix == ".part" and _is_left_over(path):
            discard(path)
    if any(path.suffix == ".was" and _is_left_over(path) for path in hidden):
        with suppress(OSError), exclusively(folder, 0):  # who only looks does not wait
            pass


def sweep_parts_of_ended(folder: str | os.PathLike) -> None:
    """Remove only the parts of processes of this computer that have ended.

    For folders in which other programs have files too: the temporary one, and the data directory itself,
    which may be any.
    """
    with suppress(OSError):
        for path in _hidden(Path(folder), ".part"):
            if _is_running(path) is False:
                discard(path)


def part_name() -> str:
    """Return a hidden name that no other part has, and that tells whose it is."""
    return f".{_owner()}.part"


_clean: dict[Path, int] = {}
"""Folders without parts, and when they had changed last, in nanoseconds since 1970."""


def _hidden(folder: Path, endings: str | tuple[str, ...]) -> list[Path]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    return [folder / name for name in names if name[0] == "." and name.endswith(endings)]


def _is_left_over(part: Path) -> bool:
    """Tell whether nobody works at a part any more."""
    running = _is_running(part)
    if running is not None:
        return not running
    try:
        changed = part.stat().st_mtime
        if part.is_dir():
            changed = max([changed, *(path.stat().st_mtime for path in part.iterdir())])
    except OSError:
        return False
    return time.time() - changed > _LEFT_OVER_SECONDS


def _is_running(part: Path) -> bool | None:
    """Tell whether the process that made a part lives; None if that cannot be known."""
    owned = _OWNED.fullmatch(part.name)
    if owned is None or owned["host"] != _host() or sys.platform == "win32":
        return None
    pid, start = int(owned["pid"]), int(owned["start"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to somebody else
        pass
    now = _start(pid)
    # Another process may have got the number of one that has ended.
    return now is None or not start or now == start


def _owner() -> str:
    return f"{_host()}-{os.getpid()}-{_start(os.getpid()) or 0}-{uuid.uuid4().hex[:8]}"


@lru_cache(maxsize=1)
def _host() -> str:
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:  # only Linux has it
        namespace = ""
    return hashlib.sha256(f"{platform.node()} {namespace}".encode()).hexdigest()[:8]


def _start(pid: int) -> int | None:
    """When a process began, in ticks since the system did; -1 if it has ended but is not buried yet.

    Only Linux tells, and not of every process: None elsewhere.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # a program's name may hold anything
        return -1 if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


# -- renaming


def _name(part: Path, target: Path) -> None:
    """Rename to what is not there.

    Raises:
        FileExistsError: if it is there.
    """
    if os.path.isdir(part):
        if os.path.lexists(target):  # an empty folder would give way
            raise FileExistsError(errno.EEXIST, "it is there already", str(target))
        try:
            os.rename(part, target)
        except OSError as error:
            if os.path.lexists(part) and os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, "it is there already", str(target)) from error
            raise
        return
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links: here the lock alone keeps others away
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "it is there already", str(target)) from None
        os.rename(part, target)


def _settle(was: Path) -> None:
    """End a replacement: put back what should give way, unless the new one has come."""
    owned = _OWNED.fullmatch(was.name)
    if owned is None:
        return
    folder = was.parent
    with suppress(OSError):
        if not os.path.lexists(folder / owned["name"]):
            for path in list(was.iterdir()):
                if not os.path.lexists(folder / path.name):
                    os.rename(path, folder / path.name)
        part = folder / part_name()
        os.rename(was, part)  # its removal may be interrupted
        discard(part)
