"""How a command ends: exit codes, one clear line for what went wrong, and what happens on Ctrl-C."""

import contextlib
import signal
import sys
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from schemas.errors import BadInput, RushesError, WiringError

NOTHING_DONE, BAD_INPUT = 1, 2
INTERRUPTED = 128
AGAIN_S = 0.05
RESUME = "what is finished is kept; run the same command again to go on from there"


class Interrupted(BaseException):
    """Somebody asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def say(text: str) -> None:
    """One line on standard error, whatever the text holds."""
    line = " ".join(text.split())
    print(f"rushes: {line}".encode("utf-8", "backslashreplace").decode(), file=sys.stderr, flush=True)


@contextlib.contextmanager
def ending(*, debug: bool = False) -> Iterator[None]:
    """Ends the process with the right code and one line whatever happens inside; ``debug`` adds the traceback."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as asked:
        number = asked.number if isinstance(asked, Interrupted) else signal.SIGINT
        say(f"stopped; {RESUME}")
        sys.exit(INTERRUPTED + number)
    except RushesError as error:
        _fail(error, str(error), BAD_INPUT if isinstance(error, BadInput | WiringError) else NOTHING_DONE, debug)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(INTERRUPTED + signal.SIGPIPE)
    except Exception as error:  # noqa: BLE001 -- the last place where anybody can say what went wrong
        text = f"an error that Rushes did not expect: {type(error).__name__}: {error}; --debug shows where"
        _fail(error, text, NOTHING_DONE, debug)


def _fail(error: Exception, text: str, code: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exception(error)
    say(text)
    sys.exit(code)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and a second kind of goodbye, SIGHUP, end what is inside as Ctrl-C does: cleanly.

    Not in the middle of an import, where some compiled modules swallow whatever is raised, but right after it. Others
    raise an error of their own instead, as DuckDB does: any error after the signal is taken for the end asked for.
    What is ignored when the command starts, as ``nohup`` does it, stays so.
    """
    asked: list[int] = []

    def leave(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if not _is_importing(frame):
            raise Interrupted(number)
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    def again(_: int, frame: FrameType | None) -> None:
        leave(asked[0], frame)

    ends = [one for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT) if signal.getsignal(one) != signal.SIG_IGN]
    handlers = dict.fromkeys(ends, leave) | {signal.SIGALRM: again}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    except Exception as error:
        if asked:
            raise Interrupted(asked[0]) from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
