"""The service of the how-to, as it stands on the page, under many requests at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from time import sleep

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sybil.example import Example

import stemmata
from tests.docs.reading import MARKDOWN

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "fastapi.md"
DIGITS = "acme/wandb-registry-model/Digits"


def service() -> FastAPI:
    """Return the application that the page builds, without trying it."""
    document = MARKDOWN.parse(PAGE)
    for example in document.examples():
        if "uvicorn.Server(" in text_of(example):
            break
        example.evaluate()
    app = document.namespace["app"]
    assert isinstance(app, FastAPI)
    return app


def text_of(example: Example) -> str:
    return str(example.parsed)


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
    assert not thread.is_alive()


@pytest.fixture
def client(reading_room: Path) -> Iterator[httpx.Client]:
    with stemmata.init(entity="vision", project="mnist") as run:
        for number in range(8):
            artifact = stemmata.Artifact("digits", "model")
            with artifact.new_file("weights.txt", "w") as file:
                file.write(f"weights {number}" * 1000)
            run.log_artifact(artifact)
    limits = httpx.Limits(max_connections=32)
    with (
        served(service()) as url,
        httpx.Client(base_url=url, limits=limits, timeout=60) as client,
    ):
        yield client


def test_many_requests_at_once_go_through_one_handle(client: httpx.Client) -> None:
    def promote(number: int) -> str:
        answer = client.post(
            "/links",
            json={"source": f"vision/mnist/digits:v{number % 8}", "target": DIGITS},
            headers={
                "x-user": f"user{number % 4}",
                "idempotency-key": f"key-{number % 8}-{number % 4}",
            },
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["name"])

    def read(number: int) -> bytes:
        name, ask = f"vision/mnist/digits:v{number % 8}", {"x-user": "reader"}
        assert client.get(f"/versions/{name}", headers=ask).json()["files"] == ["weights.txt"]
        answer = client.get(f"/files/{name}", params={"path": "weights.txt"}, headers=ask)
        assert answer.status_code == 200, answer.text
        return answer.content

    with ThreadPoolExecutor(24) as pool:
        promoted = [pool.submit(promote, number) for number in range(64)]
        contents = [pool.submit(read, number) for number in range(128)]
        names = [each.result(timeout=60) for each in promoted]
        for number, content in enumerate(contents):
            assert content.result(timeout=60).decode() == f"weights {number % 8}" * 1000
    # Each version has one link, whoever promoted it, and however often.
    assert sorted(set(names)) == [f"wandb-registry-model/Digits:v{n}" for n in range(8)]
    assert all(names[number] == names[number % 8] for number in range(64))
    with stemmata.open() as stemma:
        assert len(stemma.versions(DIGITS)) == 8
        linked = [e for e in stemma.history(DIGITS) if e.event.topic == "VersionLinked"]
        assert {each.actor for each in linked} <= {f"user{number}" for number in range(4)}


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/versions/vision/mnist/digits:v9", 404, "UnknownVersion"),
        ("/versions/vision/mnist/other", 404, "UnknownArtifact"),
        ("/versions/a/b/c/d", 422, "InvalidPath"),
        ("/versions/vision/mnist/digits?as_of=2026-03-03", 422, "InvalidMoment"),
        ("/files/vision/mnist/digits?path=nothing", 404, "UnknownEntry"),
    ],
)
def test_a_refusal_has_its_status_and_its_sentence(
    client: httpx.Client, path: str, status: int, error: str
) -> None:
    answer = client.get(path, headers={"x-user": "ada"})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["detail"]


def test_who_may_not_is_told_so(client: httpx.Client) -> None:
    with stemmata.open() as stemma:
        stemma.organize("Acme", people=["eve"])
        stemma.organize("Other", teams=["spies"], people=["mallory"])
    body = {"source": "vision/mnist/digits:v0", "target": DIGITS}
    answer = client.post("/links", json=body, headers={"x-user": "mallory"})
    assert (answer.status_code, answer.json()["error"]) == (403, "NotAMember")


def test_content_that_is_gone_is_no_fault_of_the_client(
    client: httpx.Client, reading_room: Path
) -> None:
    for blob in (reading_room / "blobs").rglob("*"):
        if blob.is_file():
            blob.chmod(0o600)
            blob.unlink()
    answer = client.get("/files/vision/mnist/digits:v0?path=weights.txt", headers={"x-user": "ada"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
