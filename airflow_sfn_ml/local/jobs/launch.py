"""Run one command of a job; executed as a script by the job's process, standard library only.

usage: launch.py SPEC.json, where SPEC has `command`, `directory`, `root`, `mount`, `isolate` and `parent`.

With `mount`, the process first enters a mount namespace of its own in which `root` is /opt/ml: parallel jobs each
see their own, the rest of the file system stays as it is. Then the command runs as a child in the same session.
This process stays and waits, so that it can take the whole session down when the server that started it is gone: a
job never outlives the embedded AWS, however that ended.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import tempfile
import time

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
OPT_ML = "/opt/ml"
LINUX = os.uname().sysname == "Linux"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    options = None if data is None else data.encode()
    _check(_libc().mount(*encoded, ctypes.c_ulong(flags), options), f"mount {source} on {target}")


def _enter_namespace() -> None:
    """A mount namespace; without privileges, inside a user namespace that maps the user to itself."""
    libc, uid, gid = _libc(), os.getuid(), os.getgid()
    if uid != 0 or libc.unshare(CLONE_NEWNS) != 0:
        _check(libc.unshare(CLONE_NEWNS | CLONE_NEWUSER), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)


def present(root: str) -> None:
    """Make `root` appear as /opt/ml for this process and its children."""
    _enter_namespace()
    if not os.path.isdir(OPT_ML):
        _stand_in_for_opt()
    _mount(root, OPT_ML, None, MS_BIND | MS_REC)


def isolate() -> None:
    """Leave this process and its children no network but the loopback interface, as EnableNetworkIsolation does."""
    _check(_libc().unshare(CLONE_NEWNET), "unshare network")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def _stand_in_for_opt() -> None:
    """Cover /opt with a copy of its entries that also has an empty `ml`."""
    parent, name = os.path.split(OPT_ML)
    stage = tempfile.mkdtemp(prefix="opt-ml-")
    _mount("none", stage, "tmpfs", 0, "size=1m,mode=755")
    for entry in os.listdir(parent):
        there, here = os.path.join(parent, entry), os.path.join(stage, entry)
        if os.path.islink(there):
            os.symlink(os.readlink(there), here)
        elif os.path.isdir(there):
            os.mkdir(here)
            _mount(there, here, None, MS_BIND | MS_REC)
        elif os.path.isfile(there):
            open(here, "w").close()
            _mount(there, here, None, MS_BIND)
    os.mkdir(os.path.join(stage, name))
    _mount(stage, parent, None, MS_BIND | MS_REC)


def _die_with_parent(parent: int) -> None:
    """Take the session down when the server dies; the signal is SIGUSR1, so that SIGTERM stays a request to stop."""
    signal.signal(signal.SIGUSR1, lambda *_: os.killpg(0, signal.SIGKILL))
    if LINUX:
        _libc().prctl(PR_SET_PDEATHSIG, signal.SIGUSR1)
    if os.getppid() != parent:
        os.killpg(0, signal.SIGKILL)


def _execute(command: list[str], directory: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.chdir(directory)
        os.execvp(command[0], command)
    except FileNotFoundError:
        print(f'exec: "{command[0]}": executable file not found in $PATH', file=sys.stderr)
        code = 127
    except OSError as error:
        print(f'exec: "{command[0]}": {error.strerror}', file=sys.stderr)
        code = 126
    sys.stderr.flush()
    os._exit(code)


def _wait(child: int, parent: int) -> int:
    """The status of the child; where the kernel does not tell of the parent's death, look for it."""
    if LINUX:
        return os.waitpid(child, 0)[1]
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)
        time.sleep(0.2)


def main() -> int:
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    if spec["mount"]:
        present(spec["root"])
    if spec["isolate"]:
        isolate()
    _die_with_parent(spec["parent"])
    if not spec["command"]:
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        _execute(spec["command"], spec["directory"])
    code = os.waitstatus_to_exitcode(_wait(child, spec["parent"]))
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())
