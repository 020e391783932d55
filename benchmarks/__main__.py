"""Every benchmark in turn, each as a program of its own: ``python -m benchmarks [NAME...]``.

With names only these: planning, idle, toy, shots, watch_speed, frames, generate. What they print is Markdown or JSON
lines; what was seen, and on which machine, is kept in ``docs/benchmarks``. An hour or more on two cores, on a machine
that does nothing else.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARKS = {
    "planning": ("machinery.py", "planning"),
    "idle": ("machinery.py", "idle"),
    "toy": ("machinery.py", "toy"),
    "shots": ("shots.py",),
    "watch_speed": ("watch_speed.py",),
    "frames": ("frames.py",),
    "generate": ("generate.py",),
}


def main(names: list[str]) -> int:
    """Runs them; gives how many failed."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark {', '.join(map(repr, unknown))}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or BENCHMARKS:
        script, *arguments = BENCHMARKS[name]
        print(f"\n## {name}\n", flush=True)
        failed += subprocess.run([sys.executable, str(HERE / script), *arguments], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
