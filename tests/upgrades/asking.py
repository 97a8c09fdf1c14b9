"""Questions to a registry, and its answers as plain JSON: the same from every release that has the words.

Whatever is asked here was asked of the release that wrote a sample, too. A question that is added later
has no answer there, and is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from stemmata.reading.reader import Reader
from stemmata_domain.codec import time_text
from stemmata_domain.errors import StemmataError
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.version_index.views import Collection, Version

Answers = dict[str, Any]


def answers(stemma: Reader) -> Answers:
    """Return every answer by its question, as it is now and as it was at some positions."""
    head = stemma.position()
    found: Answers = {"log": [_recorded(each) for each in stemma.replay()]}
    found |= _asked(stemma)
    for at in (0, head // 4, head // 2, head - 20):
        then = stemma.as_of(at)
        found |= {f"as of {at}: {question}": told for question, told in _asked(then).items()}
    # As whoever reads the answers of another release has them.
    plain: Answers = json.loads(json.dumps(found))
    return plain


def _asked(reader: Reader) -> Answers:
    found: Answers = {}

    def ask(question: str, answer: Callable[..., object], name: str) -> None:
        try:
            found[question] = answer(name)
        except StemmataError as error:
            found[question] = f"{type(error).__name__}: {error}"

    lines: list[Collection] = list(reader.artifacts())
    for organization in reader.organizations():
        about = [
            organization.id,
            organization.entity,
            [*organization.teams],
            [*organization.people],
        ]
        found[f"organization {organization.name}"] = about
        for registry in reader.registries(organization.entity):
            place = f"{organization.entity}/{registry.full_name}"
            accepted = registry.accepted_types
            found[f"registry {place}"] = [
                *(registry.id, registry.visibility, registry.description, registry.core),
                *(None if accepted is None else sorted(accepted), registry.created_by),
                time_text(registry.created_at),
            ]
            lines += reader.collections(place)
            ask(f"usage {place}", lambda name: reader.usage(name).to_json(), place)
    for line in lines:
        name = f"{line.entity}/{line.project}/{line.name}"
        found[f"line {name}"] = _line(line)
        ask(f"usage {name}", lambda name: reader.usage(name).to_json(), name)
        ask(f"timeline {name}", lambda name: _each(reader.timeline(name)), name)
        ask(f"audit {name}", lambda name: _audited(reader, name), name)
        ask(f"history {name}", lambda name: [r.position for r in reader.history(name)], name)
        for version in reader.versions(name):
            called = f"{name}:{version.version}"
            for alias in (version.version, *version.aliases):
                ask(
                    f"resolve {name}:{alias}",
                    lambda name: _version(reader.resolve(name)),
                    f"{name}:{alias}",
                )
            ask(f"links {called}", lambda name: _links(reader, name), called)
            ask(f"lineage {called}", lambda name: reader.lineage(name).to_json(), called)
            ask(f"impact {called}", lambda name: reader.impact(name).to_json(), called)
            ask(f"usage {called}", lambda name: reader.usage(name).to_json(), called)
            ask(
                f"history {called}", lambda name: [r.position for r in reader.history(name)], called
            )
    found["unused"] = _each(reader.unused())
    for words in ("digits", "модели", "手写数字", "edited", "t1 ра"):
        ask(f"search {words}", lambda text: _hits(reader, text), words)
    return found


def _each(found: Iterable[Any]) -> list[Any]:
    return [each.to_json() for each in found]


def _audited(reader: Reader, name: str) -> list[Any]:
    # What happened stands in the log already.
    entries = _each(reader.audit(name, limit=1_000))
    kept = ("position", "what", "thing", "changes", "run")
    return [{key: each[key] for key in kept} for each in entries]


def _hits(reader: Reader, words: str) -> list[str]:
    return [each.full_name for each in reader.search(words)]


def _links(reader: Reader, name: str) -> list[Any]:
    return sorted([each.line, each.index] for each in reader.links(name))


def _recorded(recorded: RecordedEvent) -> Answers:
    return {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "id": recorded.id,
        "time": time_text(recorded.time),
        "actor": recorded.actor,
        "correlation": recorded.correlation,
        "key": recorded.key,
        "event": recorded.event.topic,
        "schema": recorded.event.schema_number,
        "payload": recorded.event.model_dump(mode="json"),
    }


def _line(line: Collection) -> list[Any]:
    return [
        *(line.id, line.is_link, line.type, line.description, sorted(line.tags)),
        *(time_text(line.created_at), line.created_by),
    ]


def _version(version: Version) -> Answers:
    return {
        "id": version.id,
        "line": version.line,
        "index": version.index,
        "type": version.type,
        "aliases": sorted(version.aliases),
        "tags": sorted(version.tags),
        "digest": version.digest,
        "manifest": version.manifest,
        "size": version.size,
        "file_count": version.file_count,
        "description": version.description,
        "metadata": dict(version.metadata),
        "created": [time_text(version.created_at), version.created_by, version.run],
        "linked": [time_text(version.linked_at), version.linked_by] if version.is_link else None,
        "source": version.source_qualified_name,
    }
