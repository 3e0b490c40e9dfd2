"""Runs a command that cannot outlive its parent: ``python tethered.py PARENT_PID PROGRAM ARGUMENTS…``

The kernel kills the command when the thread that started it ends (PR_SET_PDEATHSIG); the wish survives the exec. It runs a little
nicer than the web server beside it. Set here, in the fresh child, because code between fork and exec is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ties this process to its parent, then becomes the command."""
    parent, program = int(arguments[0]), arguments[1]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the wish was made
            os._exit(1)
    os.nice(5)
    os.execv(program, arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
