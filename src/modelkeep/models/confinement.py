"""Lock the current process in: no new programs, no network, no writing, bounded resources.

Called by the child that loads a model, after every library it needs is imported and
before the first byte of the model is touched. Resource limits hold everywhere; Landlock and
seccomp hold where the kernel has them, and ``Confinement`` says which do.

Sources: Linux ``seccomp(2)``, ``landlock(7)``, ``setrlimit(2)``; audit architecture
numbers of ``linux/audit.h``.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from modelkeep.core import ModelkeepError

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # refuse: EPERM
_UNKNOWN_CALL: Final = 0x00050000 | 38  # ENOSYS: the C library then uses the older call
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_ARGUMENT: Final = 16  # first argument, eight bytes each
_THREAD, _WRITING = 0x00010000, 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000
_X32: Final = 0x40000000

# Numbers per architecture. Refused: starting programs and processes, sockets, signals to
# others, changing the file system, reaching into other processes or the kernel.
_REFUSED: Final = {
    "x86_64": """
        execve 59 execveat 322 fork 57 vfork 58 socket 41 connect 42 accept 43 accept4 288
        bind 49 listen 50 sendto 44 sendmsg 46 sendmmsg 307 socketpair 53 kill 62 tkill 200
        rt_sigqueueinfo 129 ptrace 101 process_vm_readv 310 process_vm_writev 311
        unlink 87 unlinkat 263 rename 82 renameat 264 renameat2 316 link 86 linkat 265
        symlink 88 symlinkat 266 mkdir 83 mkdirat 258 rmdir 84 mknod 133 mknodat 259 chmod 90
        fchmod 91 fchmodat 268 chown 92 fchown 93 lchown 94 fchownat 260 truncate 76 creat 85
        mount 165 umount2 166 pivot_root 155 chroot 161 unshare 272 setns 308 bpf 321
        init_module 175 finit_module 313 delete_module 176 kexec_load 246 reboot 169
        keyctl 250 add_key 248 request_key 249 perf_event_open 298 userfaultfd 323
        io_uring_setup 425 pidfd_open 434 pidfd_getfd 438 openat2 437 memfd_create 319
        setuid 105 setgid 106 personality 135 utimensat 280 setxattr 188 fsetxattr 190
    """,
    "aarch64": """
        execve 221 execveat 281 socket 198 connect 203 accept 202 accept4 242 bind 200
        listen 201 sendto 206 sendmsg 211 sendmmsg 269 socketpair 199 kill 129 tkill 130
        rt_sigqueueinfo 138 ptrace 117 process_vm_readv 270 process_vm_writev 271
        unlinkat 35 renameat 38 renameat2 276 linkat 37 symlinkat 36 mkdirat 34 mknodat 33
        fchmod 52 fchmodat 53 fchown 55 fchownat 54 truncate 45 mount 40 umount2 39
        pivot_root 41 chroot 51 unshare 97 setns 268 bpf 280 init_module 105
        finit_module 273 delete_module 106 kexec_load 104 reboot 142 keyctl 219 add_key 217
        request_key 218 perf_event_open 241 userfaultfd 282 io_uring_setup 425
        pidfd_open 434 pidfd_getfd 438 openat2 437 memfd_create 279 setuid 146 setgid 144
        personality 92 utimensat 88 setxattr 5 fsetxattr 7
    """,
}
_SPECIAL: Final = {  # architecture number, clone, clone3, open, openat
    "x86_64": (0xC000003E, 56, 435, 2, 257),
    "aarch64": (0xC00000B7, 220, 435, None, 56),
}
_RULESET, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same everywhere
_READ_FILE: Final = 1 << 2
_READ: Final = _READ_FILE | 1 << 3  # and list a directory
_LANDLOCK_1: Final = (1 << 13) - 1  # every right of the first version of Landlock


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds for this process from now on."""

    seccomp: bool
    landlock: bool


def confine(*, memory: int, seconds: int, readable: Iterable[str]) -> Confinement:
    """Lock this process in, for good.

    Args:
        memory: most bytes of address space.
        seconds: most CPU time.
        readable: directories whose files may still be read.

    Raises:
        ModelkeepError: the limits cannot be set.
    """
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (ValueError, OSError) as error:
        raise ModelkeepError(f"cannot limit the resources of the child: {error}") from error
    if sys.platform != "linux":
        return Confinement(seccomp=False, landlock=False)
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return Confinement(seccomp=False, landlock=False)
    landlock = _restrict_files(library, readable)
    return Confinement(seccomp=_filter_calls(library), landlock=landlock)


def _restrict_files(library: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Landlock: reading below some directories, nothing else."""
    rights = struct.pack("<Q", _LANDLOCK_1)
    ruleset = library.syscall(_RULESET, rights, ctypes.c_size_t(len(rights)), 0)
    if ruleset < 0:
        return False
    try:
        for folder in readable:
            try:
                place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # what is not there cannot be read
            rights_here = _READ if os.path.isdir(folder) else _READ_FILE  # noqa: PTH112 - text
            rule = struct.pack("<Qi", rights_here, place)
            added = library.syscall(_ADD_RULE, ruleset, 1, rule, 0)
            os.close(place)
            if added != 0:
                return False
        return int(library.syscall(_RESTRICT, ruleset, 0)) == 0
    finally:
        os.close(ruleset)


def _filter_calls(library: ctypes.CDLL) -> bool:
    """Seccomp: refuse the calls of the table, new processes and opening for writing."""
    machine = platform.machine()
    if machine not in _REFUSED:
        return False
    program = b"".join(_program(machine))
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    return int(library.prctl(_SET_SECCOMP, _FILTER_MODE, header, 0, 0)) == 0


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _program(machine: str) -> list[bytes]:
    """The filter: one comparison and one answer per call."""
    architecture, clone, clone3, open_, openat = _SPECIAL[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32, no=1),
        _step(_RETURN, _KILL),
        _step(_EQUAL, clone3, no=1),
        _step(_RETURN, _UNKNOWN_CALL),
    ]
    for number in _REFUSED[machine].split()[1::2]:
        steps += [_step(_EQUAL, int(number), no=1), _step(_RETURN, _REFUSE)]
    steps += _with_flag(clone, _ARGUMENT, _THREAD, present=_ALLOW, absent=_REFUSE)
    for number_, place in ((open_, 1), (openat, 2)):
        if number_ is not None:
            flags = _ARGUMENT + 8 * place
            steps += _with_flag(number_, flags, _WRITING, present=_REFUSE, absent=_ALLOW)
    steps.append(_step(_RETURN, _ALLOW))
    return steps


def _with_flag(
    number: int, argument: int, bits: int, *, present: int, absent: int
) -> list[bytes]:
    """An answer that depends on whether an argument has one of some bits."""
    return [
        _step(_EQUAL, number, no=4),
        _step(_LOAD, argument),
        _step(_ANY_BIT, bits, no=1),
        _step(_RETURN, present),
        _step(_RETURN, absent),
    ]
