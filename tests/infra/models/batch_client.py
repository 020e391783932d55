"""A process that asks some requests in batches, and prints what it heard: to be killed at any moment.

``python -m tests.infra.models.batch_client FOLDER URL COUNT``
"""

import json
import sys
from pathlib import Path

from infra.models.faults import Habits
from schemas.chat import Answer, NoReply
from tests.infra.models.asking import Pick, ask, part, requests

QUICK = Habits(first_wait_s=0.002, longest_wait_s=0.02, straight=5, gather_s=0.05, look_s=0.02)


def asked(folder: Path, url: str, count: int) -> list[Answer]:
    """The answers to so many different requests."""
    model = part(url, mode="batch", usd_per_million_in=1.0)
    return ask(folder, model, requests(count, Pick), habits=QUICK)


if __name__ == "__main__":
    given = asked(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    sys.stdout.write(json.dumps([one.reason if isinstance(one, NoReply) else one.text for one in given]))
