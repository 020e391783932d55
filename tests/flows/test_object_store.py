"""A dataset whose versions lie on an object store, as a user meets it: real processes and a server that speaks S3."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import datasets
import duckdb
import pytest

from storage.store import Store
from tests.flows.toys import write_footage, write_toy
from tests.storage.object_store import BUCKET, before, leading_to, nobody, passed_on, served

pytestmark = pytest.mark.slow
RUSHES = str(Path(sys.executable).with_name("rushes"))
ADDRESS = f"s3://{BUCKET}/toy films"


@dataclass(frozen=True)
class Site:
    """A server with a version on it, and the machine that published it."""

    endpoint: str
    folder: Path
    told: str

    def rushes(self, *arguments: object, endpoint: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        with leading_to(endpoint or self.endpoint):
            env = os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache")} | more
        env.pop("PREFECT_API_URL", None)
        return subprocess.run(
            [RUSHES, *map(str, arguments)],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def build(self, *more: object, **env: str) -> "subprocess.CompletedProcess[str]":
        return self.rushes("build", "toy_notes.py", "footage", "--to", ADDRESS, "--engine", "inline", *more, **env)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    write_toy(folder)
    write_footage(folder / "footage")
    with served() as endpoint:
        told = Site(endpoint, folder, "").build()
        assert told.returncode == 0, told.stderr
        yield Site(endpoint, folder, told.stdout)


def one_line(told: "subprocess.CompletedProcess[str]") -> str:
    lines = told.stderr.splitlines()
    assert len(lines) == 1, told.stderr
    assert "Traceback" not in told.stderr
    assert "canary" not in told.stderr + told.stdout
    return lines[0]


def test_a_build_publishes_to_the_address_and_works_in_the_cache(site: Site) -> None:
    assert f"dataset  {ADDRESS}/versions/1\n" in site.told
    assert f"report   {ADDRESS}/versions/1/report.html" in site.told
    (work,) = (site.folder / "cache" / "rushes").iterdir()
    assert work.name.startswith("films-toy-films-")
    assert (work / "cells").is_dir()
    assert [path.name for path in (work / "versions").iterdir() if not path.name.startswith(".lock")] == []
    with leading_to(site.endpoint):
        assert b"<title>" in (Store(ADDRESS).read("versions/1/report.html") or b"")


def test_the_same_build_again_sends_nothing(site: Site) -> None:
    with before(site.endpoint, passed_on) as proxy:
        told = site.build(endpoint=os.environ["AWS_ENDPOINT_URL"])
    assert told.returncode == 0, told.stderr
    assert "(nothing has changed since)" in told.stdout
    assert [path for path in proxy.wrote() if "/probe/" not in path] == []


def test_duckdb_and_datasets_read_what_is_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)  # else it opens no address at all
    with leading_to(site.endpoint):
        files = Store(ADDRESS).files
        with duckdb.connect() as connection:
            connection.register_filesystem(files)
            found = connection.execute(f"SELECT text FROM '{ADDRESS}/versions/1/notes/*.parquet' ORDER BY 1").fetchall()
        assert found == [("weighs 4",), ("weighs 5",)]
        rows = datasets.load_dataset(
            "parquet",
            data_files=f"{ADDRESS}/versions/1/notes/*.parquet",
            split="train",
            cache_dir=str(site.folder / "hf"),
        )
        assert sorted(rows["text"]) == ["weighs 4", "weighs 5"]


def test_sql_explain_status_and_verify_work_from_another_machine(site: Site, tmp_path: Path) -> None:
    elsewhere = {"XDG_CACHE_HOME": str(tmp_path)}
    told = site.rushes("sql", "SELECT text FROM notes ORDER BY 1", "--to", ADDRESS, "--format", "csv", **elsewhere)
    assert told.stdout == "text\nweighs 4\nweighs 5\n", told.stderr
    told = site.rushes("explain", site.folder / "footage" / "a.mp4", "--to", ADDRESS, **elsewhere)
    assert "outcome published, n_samples 1" in told.stdout, told.stderr
    told = site.rushes("status", "--to", ADDRESS, **elsewhere)
    assert "version 1 of toy_notes" in told.stdout, told.stderr
    told = site.rushes("doctor", "--to", ADDRESS, **elsewhere)
    assert f"{ADDRESS}: conditional writes, reads what was written, tells MD5" in told.stdout, told.stderr
    told = site.rushes("verify", "--to", ADDRESS, **elsewhere)
    assert told.stdout == f"{ADDRESS}: every file is as it was written\n", told.stderr


def test_sql_reads_that_version_and_the_cells_and_nothing_else(site: Site) -> None:
    with leading_to(site.endpoint):
        Store(f"s3://{BUCKET}/other").put("secret.csv", b"a,b\n1,2\n")
    asked = site.rushes("sql", "SELECT count(*) AS n FROM workspace.heavy", "--to", ADDRESS, "--format", "csv")
    assert asked.stdout == "n\n3\n", asked.stderr
    for hostile in (f"FROM 's3://{BUCKET}/other/secret.csv'", "FROM read_text('/etc/passwd')"):
        told = site.rushes("sql", hostile, "--to", ADDRESS)
        assert told.returncode == 2
        assert "disabled by configuration" in one_line(told)


def test_verify_finds_a_flipped_bit_on_the_store_and_the_next_build_publishes_anew(site: Site) -> None:
    with leading_to(site.endpoint):
        store = Store(ADDRESS)
        (name,) = store.below("versions/1/notes")
        content = bytearray(store.read(name) or b"")
        content[len(content) // 2] ^= 1
        store.put(name, bytes(content))
    told = site.rushes("verify", "--to", ADDRESS)
    assert told.returncode == 1
    assert f"damaged  {name}: its sha256 is" in told.stdout
    again = site.build()
    assert f"dataset  {ADDRESS}/versions/2\n" in again.stdout, again.stderr
    assert site.rushes("verify", "--to", ADDRESS).returncode == 0


def test_a_store_that_ignores_conditions_is_refused_before_anything_is_built(site: Site, tmp_path: Path) -> None:
    with before(site.endpoint, lambda _: "unconditional"):
        told = site.build("--work", tmp_path / "work", endpoint=os.environ["AWS_ENDPOINT_URL"])
    assert told.returncode == 2
    assert "ignores the condition `If-None-Match: *`" in told.stderr.splitlines()[-1]
    assert not (tmp_path / "work" / "cells").exists()


def test_what_is_wrong_with_an_address_is_told_in_a_line(site: Site, tmp_path: Path) -> None:
    for arguments, said in (
        (("--to", "s3://nowhere/x"), "s3://nowhere/x: there is no such bucket"),
        (("--to", "s4://films/x"), "no kind of store is called 's4'"),
        (("--to", f"s3://{BUCKET}/nothing"), f"s3://{BUCKET}/nothing holds no published version"),
        (("--to", "footage", "--work", "x"), "--work is for addresses"),
    ):
        told = site.rushes("sql", "SHOW TABLES", *arguments)
        assert told.returncode == 2
        assert said in one_line(told)


def test_an_endpoint_at_which_nobody_answers_ends_a_build_before_it_begins(site: Site, tmp_path: Path) -> None:
    told = site.build("--work", tmp_path / "work", endpoint=nobody())
    assert told.returncode == 1
    assert "no answer" in told.stderr.splitlines()[-1]
    assert not (tmp_path / "work" / "cells").exists()
