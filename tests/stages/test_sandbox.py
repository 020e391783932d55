"""What a sandboxed child may and may not do."""

import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import ToolDown
from stages import sandbox
from stages.sandbox import Limits

SHORT = Limits(wall_s=20, cpu_s=10)
ROOT = Path(__file__).resolve().parents[2]


def _shell(script: str, limits: Limits = SHORT, inputs: tuple[Path, ...] = ()) -> sandbox.Finished:
    return sandbox.run(["bash", "-c", script], limits, inputs)


def _is_running(pid: int) -> bool:
    """Whether the process does anything: one that has ended but was not reaped by the machine's init does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_every_layer_holds_or_is_named_as_missing() -> None:
    layers = sandbox.layers()
    assert layers.session
    assert layers.rlimits
    assert ("files" in layers.missing) == (not layers.files)


def test_output_and_status_come_back() -> None:
    finished = _shell("echo out; echo err >&2; exit 3")
    assert (finished.stdout, finished.stderr_tail, finished.rc, finished.ended) == (b"out\n", "err\n", 3, "exit")
    assert finished.failure is None


def test_only_the_named_inputs_can_be_read(tmp_path: Path) -> None:
    if not sandbox.layers().files:
        pytest.skip("this kernel has no Landlock")
    ours, other = tmp_path / "ours", tmp_path / "other"
    ours.write_text("footage")
    other.write_text("secret")
    finished = _shell(f"cat {ours}; cat {other}; cat /etc/passwd", inputs=(ours,))
    assert finished.stdout == b"footage"
    assert finished.stderr_tail.count("Permission denied") == 2


def test_an_input_reached_through_a_link_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("footage")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert _shell(f"cat {tmp_path}/link", inputs=(tmp_path / "link",)).stdout == b"footage"


def test_a_name_that_is_not_utf8_can_be_an_input(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff\xfe.mp4"))
    path.write_text("footage")
    assert sandbox.run(["cat", str(path)], SHORT, (path,)).stdout == b"footage"


def test_a_child_has_a_session_of_its_own() -> None:
    finished = sandbox.run(
        sandbox.module("timeit", "-n1", "-r1", "import os; print(os.getsid(0) == os.getpid())"), SHORT
    )
    assert finished.stdout.startswith(b"True")


def test_a_child_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    """The parent is killed, so nothing of ours can clean up: the kernel has to."""
    if not sandbox.layers().parent_death:
        pytest.skip("this kernel sends no death signal")
    script = (
        "import sys; from stages import sandbox\n"
        "with sandbox.stream(['bash', '-c', 'echo $$; exec sleep 60'], sandbox.Limits(wall_s=60)) as child:\n"
        "    sys.stdout.buffer.write(child.stdout.readline()); sys.stdout.flush(); child.stdout.read(1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_running(child)
        parent.kill()
    started = time.monotonic()
    while _is_running(child):
        assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("limit", "value"), [("-c", "0"), ("-n", "64"), ("-f", "0"), ("-t", "10"), ("-v", str(2048 * 1024))]
)
def test_each_limit_is_in_force(limit: str, value: str) -> None:
    """Core dumps, open files, size of files, seconds of CPU, and address space, as the shell sees them."""
    assert _shell(f"ulimit -S {limit}").stdout.decode().strip() == value


def test_no_more_files_can_be_opened_than_allowed() -> None:
    few = Limits(wall_s=20, cpu_s=10, open_files=16)
    finished = sandbox.run(sandbox.module("timeit", "-n1", "-r1", "[open('/dev/null') for _ in range(32)]"), few)
    assert "Too many open files" in finished.stderr_tail


def test_no_descriptor_of_ours_is_inherited(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    with (tmp_path / "secret").open() as file:
        os.set_inheritable(file.fileno(), True)
        finished = _shell(f"cat <&{file.fileno()}; ls /proc/self/fd | wc -l")
    assert b"secret" not in finished.stdout


def test_the_working_directory_is_empty_and_nobody_elses() -> None:
    assert _shell("ls -A | wc -l; pwd").stdout.splitlines()[0] == b"0"


def test_no_other_process_can_be_looked_into() -> None:
    """Tracing and reading another's memory: the ways around all other layers."""
    if not sandbox.layers().sockets:
        pytest.skip("this kernel has no seccomp")
    script = (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.ptrace(16, 1, 0, 0), ctypes.get_errno())"
    )
    assert sandbox.run(sandbox.module("timeit", "-n1", "-r1", script), SHORT).stdout.startswith(b"-1 1")


def test_a_kernel_without_a_layer_is_told_of_and_the_others_hold() -> None:
    """Landlock and seccomp cannot be switched off for a test: the layers are told apart by name instead."""
    lacking = sandbox.Layers(session=True, parent_death=True, rlimits=True, landlock_abi=0, files=False, sockets=False)
    assert lacking.missing == ("files", "sockets")


def test_no_connection_can_be_made() -> None:
    if not sandbox.layers().sockets:
        pytest.skip("this kernel has no seccomp")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.0)
        finished = _shell(f"echo hello > /dev/tcp/127.0.0.1/{server.getsockname()[1]}")
        assert finished.rc != 0
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_environment_carries_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    finished = _shell("env; cat /proc/self/environ /proc/$PPID/environ 2>/dev/null")
    assert b"canary" not in finished.stdout
    assert b"PATH=" in finished.stdout


def test_nothing_can_be_written_but_into_the_given_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    roomy = Limits(wall_s=20, cpu_s=10, file_bytes=1 << 20)
    script = f"echo yes > out; echo no > {tmp_path}/outside"
    sandbox.run(["bash", "-c", script], roomy, folder=tmp_path / "mine")
    assert (tmp_path / "mine" / "out").read_text() == "yes\n"
    assert not (tmp_path / "outside").exists() or not sandbox.layers().files


def test_a_file_past_its_limit_ends_the_child() -> None:
    small = Limits(wall_s=20, cpu_s=10, file_bytes=1000)
    assert _shell("exec yes > out", small).failure == "decode_budget"
    assert _shell("yes > out; stat -c %s out", small).stdout in (b"1000\n", b"1024\n", b"0\n")


def test_the_deadline_ends_the_child_and_all_it_started() -> None:
    started = time.monotonic()
    finished = _shell("trap '' TERM; sleep 60 & echo $!; wait", Limits(wall_s=0.3, cpu_s=10))
    assert finished.ended == "deadline"
    assert finished.failure == "decode_timeout"
    assert time.monotonic() - started < 10
    while _is_running(int(finished.stdout)):  # killed, but not yet off the processor
        assert time.monotonic() - started < 10


def test_cpu_time_is_bounded() -> None:
    assert _shell("while :; do :; done", Limits(wall_s=30, cpu_s=1)).failure == "decode_timeout"


def test_memory_is_bounded() -> None:
    finished = sandbox.run(
        sandbox.module("timeit", "-n1", "-r1", "bytearray(1 << 30)"), Limits(wall_s=20, memory_bytes=256 << 20)
    )
    assert finished.failure == "decode_oom"
    ours = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # it begins as a copy of this process
    assert finished.peak_rss_bytes < ours + (512 << 20)


def test_a_flood_of_output_is_cut() -> None:
    finished = sandbox.run(["yes"], Limits(wall_s=20, cpu_s=10, stdout_bytes=1000))
    assert finished.failure == "decode_budget"
    assert len(finished.stdout) == 1000


def test_the_end_of_a_flood_of_messages_is_kept() -> None:
    finished = _shell("yes | head -c 3000000 >&2; echo last words >&2")
    assert finished.stderr_tail.endswith("last words\n")
    assert len(finished.stderr_tail) == 8192


def test_a_crash_is_told_from_an_error() -> None:
    assert _shell("kill -SEGV $$").failure == "decode_crash"
    assert _shell("exit 1").failure is None


def test_a_missing_program_is_the_worlds_fault() -> None:
    with pytest.raises(ToolDown, match="no-such-tool"):
        sandbox.run(["no-such-tool"], SHORT)


def test_one_of_our_modules_runs_and_can_import_its_own() -> None:
    finished = sandbox.run(
        sandbox.module("timeit", "-n1", "import stages.sandbox_keeper, schemas.errors, numpy, av"), SHORT
    )
    assert finished.rc == 0, finished.stderr_tail


def test_stdin_is_given() -> None:
    assert sandbox.run(["cat"], SHORT, stdin=b"x" * 300_000).stdout == b"x" * 300_000


def test_a_stream_is_read_block_by_block() -> None:
    with sandbox.stream(["bash", "-c", "yes | head -c 100000; echo done >&2"], SHORT) as child:
        assert child.read(65536) == b"y\n" * 32768
        assert child.read(65536) is None
        finished = child.finish()
    assert finished.rc == 0
    assert finished.stderr_tail == "done\n"


def test_leaving_a_stream_early_ends_its_child() -> None:
    with sandbox.stream(["bash", "-c", "echo $$; exec sleep 60"], SHORT) as child:
        pid = int(child.stdout.readline())
    assert not Path(f"/proc/{pid}").exists()


def test_a_stream_that_is_not_read_meets_its_deadline() -> None:
    with sandbox.stream(["yes"], Limits(wall_s=0.2)) as child:
        assert child._keeper.join().late


def test_children_of_many_threads_do_not_disturb_each_other() -> None:
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda code=code: results.append(_shell(f"exit {code}").rc)) for code in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(8))


def test_no_descriptor_and_no_folder_is_left_behind() -> None:
    _shell("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    folders = {_shell("pwd").stdout.strip() for _ in range(3)}
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(folders) == 3
    assert not any(Path(os.fsdecode(folder)).exists() for folder in folders)


def test_a_sandboxed_child_costs_little_more_than_starting_python() -> None:
    """In seconds of CPU, which a busy machine does not stretch as it does those of the clock."""

    def cpu_s(start: Callable[[], object]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(10):
            start()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 10

    bare = cpu_s(lambda: subprocess.run(["true"], check=True))
    python = cpu_s(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True))
    assert cpu_s(lambda: sandbox.run(["true"], SHORT)) < bare + 2 * python + 0.01
