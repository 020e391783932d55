"""T17: no text of footage, users or models gets out of the report, the card or the exports of a version."""

import json
import re
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import html5lib
import markdown_it
import yaml  # type: ignore[import-untyped]  # it brings no types

from storage.blobs import Blobs
from storage.layout import Workspace
from storage.publish import publish
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.crash_steps import unchecked
from tests.chaos.hostile_markup import PAYLOADS, Text, full_of, harmless, hostile
from tests.storage.runs import parts

SPECIAL = re.compile("<[|\uff5c]|<(?!image>)/?[A-Za-z!]|<<[A-Z]|\\[/?[A-Z_]{3,}\\]")
LOADS = ("src", "href", "action", "formaction", "data", "srcset", "poster", "background", "ping", "xlink:href")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CONTROL = "<script>document.documentElement.setAttribute('data-pwned','1')</script><img src={}>"


def show(folder: Path, scale: Scale) -> Shown:
    """Publishes one run twice, with hostile texts and with plain ones, and compares what readers of each would see."""
    with listening() as (port, hits):
        bad = version(folder / "hostile", hostile(port))
        good = version(folder / "plain", harmless())
        page = (bad / "report.html").read_text("utf-8")
        extra = sum(abs(n) for n in differences(shape(page), shape((good / "report.html").read_text("utf-8"))))
        card = sum(abs(n) for n in differences(*(shape(rendered(one)) for one in (bad, good))))
        heads = keys(bad) == keys(good)
        lines, tokens = exported(bad)
        seen = browsed(folder, bad / "report.html", port, hits) if scale.whole else "not opened in a browser (small)"
    policy = "default-src 'none'; img-src data:; style-src 'sha256-" in page
    outside = sum(not address.startswith(("#", "data:image/")) for address in addresses(page))
    figures = (
        f"{len(PAYLOADS)} payloads: {extra} extra elements or attributes in the report, {outside} external addresses, "
        f"CSP {'strict' if policy else 'missing'}; {card} in the card, "
        f"YAML head {'as it was' if heads else 'changed'}; "
        f"{tokens} special tokens in {lines} lines of JSONL; {seen}"
    )
    calm = "executed" not in seen or seen.startswith("in a browser 0 executed, 0 requests")
    return Shown(not (extra or card or outside or tokens) and policy and heads and lines > 0 and calm, figures)


def version(folder: Path, text: Text) -> Path:
    """A published version of the run, full of these texts. The checks, which know no markup, are left out."""
    workspace = Workspace(folder)
    run = full_of(workspace, parts(Blobs(workspace.blobs)), text)
    with patch("storage.publish.check", unchecked):
        return publish(workspace, run, tools={"ffmpeg": text()}).path


def shape(page: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, counted."""
    parsed = html5lib.parse(page, namespaceHTMLElements=False)
    return Counter((str(one.tag), tuple(sorted(map(str, one.attrib)))) for one in parsed.iter())


def addresses(page: str) -> Iterator[str]:
    """Every address that the page would load or lead to."""
    for one in html5lib.parse(page, namespaceHTMLElements=False).iter():
        yield from (value for name, value in one.attrib.items() if name in LOADS)


def differences(some: Counter[Any], others: Counter[Any]) -> list[int]:
    """By how many each kind of element differs."""
    return [some[kind] - others[kind] for kind in some.keys() | others.keys() if some[kind] != others[kind]]


def rendered(folder: Path) -> str:
    """The card as a reader of Markdown shows it, HTML and tables allowed."""
    text = (folder / "README.md").read_text("utf-8").split("\n---\n", 1)[1]
    return str(markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def keys(folder: Path) -> list[tuple[str, str]]:
    """The keys of the card's YAML head, with the types of their values."""
    head = (folder / "README.md").read_text("utf-8").split("---\n", 2)[1]
    return [(key, type(value).__name__) for key, value in yaml.safe_load(head).items()]


def exported(folder: Path) -> tuple[int, int]:
    """How many lines the exports have, and how many special tokens that are none of ours stand in them."""
    lines = [line for path in folder.rglob("*.jsonl") for line in path.read_text("utf-8").split("\n") if line]
    texts = [text for line in lines for text in _texts(json.loads(line))]
    marks = sum(line.count("<image>") for line in lines) - sum(len(json.loads(line)["images"]) for line in lines)
    return len(lines), sum(len(SPECIAL.findall(text)) for text in texts) + marks


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def browsed(folder: Path, report: Path, port: int, hits: list[str]) -> str:
    """What a real browser did with the report, once a page without protection has shown that it would do something."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return "browser: skipped, no chromium here"
    control = folder / "control.html"
    control.write_text(CONTROL.format(f"http://127.0.0.1:{port}/control"))
    if not (_executes(program, control, folder) and hits):
        return "browser: skipped, it executes and loads nothing even where nothing keeps it from that"
    hits.clear()
    executed = _executes(program, report, folder)
    return f"in a browser {int(executed)} executed, {len(hits)} requests"


def _executes(program: str, page: Path, folder: Path) -> bool:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom")
    command = [program, *options, f"--user-data-dir={folder / 'browser'}", page.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    parsed = html5lib.parse(said, namespaceHTMLElements=False)
    return "data-pwned" in parsed.attrib


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port on loopback, and the first line of every request that comes there."""
    hits: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    hits.append(line.recv(200).decode("latin-1").partition("\r")[0])
                    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], hits
        server.shutdown(socket.SHUT_RDWR)


BAR = Bar("T17", "no text breaks out of a report, a card or an export", show)
