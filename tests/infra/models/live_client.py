"""A process that asks some requests, eight at a time: ``python -m tests.infra.models.live_client FOLDER URL COUNT``."""

import json
import sys
from pathlib import Path

from schemas.chat import NoReply
from tests.infra.models.asking import Pick, ask, part, requests

if __name__ == "__main__":
    given = ask(Path(sys.argv[1]), part(sys.argv[2]), requests(int(sys.argv[3]), Pick))
    sys.stdout.write(json.dumps([one.reason if isinstance(one, NoReply) else one.text for one in given]))
