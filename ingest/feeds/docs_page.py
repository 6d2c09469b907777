"""The page at /docs: the OpenAPI document as plain HTML, with nothing from elsewhere and no script."""

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final

from ingest.feeds.problems import MEANINGS
from schemas.refusal import MEANING, Refusal

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "code,pre{font:14px/1.4 ui-monospace,monospace;background:#f2f4f7}pre{padding:.7rem;overflow:auto}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccd2da;padding:.25rem .6rem;text-align:left;vertical-align:top}"
    "h2{border-top:1px solid #ccd2da;padding-top:1rem}"
)


def docs_page(document: dict[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    return "".join(
        (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>',
            f"<style>{_STYLE}</style><h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>",
            '<p>Machines read <a href="/openapi.json">/openapi.json</a>.</p>',
            *_operations(document),
            *_refusals(),
            *_problems(),
            *_schemas(document),
        )
    )


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p><b>{escape(operation.get('summary', ''))}.</b> {escape(operation.get('description', ''))}</p>"
            if operation.get("security"):
                yield "<p>Needs <code>Authorization: Bearer bw_&lt;keyid&gt;_&lt;secret&gt;</code>.</p>"
            rows = [(p["name"], p["in"], p.get("description", "")) for p in operation.get("parameters", ())]
            yield from _table(("parameter", "in", "meaning"), rows)
            yield from _body(operation.get("requestBody", {}))
            answers = [(s, a.get("description", "")) for s, a in operation["responses"].items()]
            yield from _table(("status", "meaning"), answers)


def _body(body: dict[str, Any]) -> Iterator[str]:
    for media_type, content in body.get("content", {}).items():
        yield f"<h3>Body: <code>{escape(media_type)}</code></h3>"
        for example in content.get("examples", {}).values():
            value = example["value"]
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            yield f"<pre>{escape(text)}</pre>"


def _refusals() -> Iterator[str]:
    yield "<h2>Codes of refused events</h2><p>In <code>rejected[].code</code>:</p>"
    yield from _table(("code", "what to change"), [(str(code), MEANING[code]) for code in Refusal])


def _problems() -> Iterator[str]:
    yield "<h2>Problems of whole requests</h2><table><tr><th>code</th><th>status</th><th>meaning</th><th>do</th></tr>"
    for code, meaning in MEANINGS.items():
        yield f'<tr id="problem-{code}"><td><code>{code}</code></td><td>{meaning.status}</td>'
        yield f"<td>{escape(meaning.title)}</td><td>{escape(meaning.advice)}</td></tr>"
    yield "</table>"


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        text = json.dumps(schema, indent=1, ensure_ascii=False)
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{escape(text)}</pre></details>'


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield f"<table><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
    yield "</table>"
