"""A process that hangs ends, and says where it hung."""

import subprocess
import sys
from pathlib import Path

HANGING = """
import sys, threading
from pathlib import Path
from infra.hangs import Hangs
hangs = Hangs(0.3, Path(sys.argv[1]))
for _ in range(3):
    hangs.goes_on()
    threading.Event().wait(0.1)
hangs.done()
threading.Event().wait(0.5)
print("what goes on, or is done, lives", flush=True)
hangs.goes_on()
def stuck_here(): threading.Event().wait(60)
stuck_here()
"""


def test_what_goes_on_lives_and_what_hangs_ends_with_its_stacks_told(tmp_path: Path) -> None:
    told = tmp_path / "runs" / "hangs.txt"
    command = [sys.executable, "-c", HANGING, str(told)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "what goes on, or is done, lives\n")
    assert "in stuck_here" in told.read_text()
