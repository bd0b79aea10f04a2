#!/usr/bin/env python3
"""Renders docs/openapi.yaml as the page that an API node shows at /docs.

    api_page.py           writes Sources/HTTPAPI/Documentation/page.html
    api_page.py --check   says whether that file is what would be written

Needs PyYAML and markdown-it-py. The page needs nothing but itself: no script, no font, no image.
"""
import html
import json
import pathlib
import sys

import yaml
from markdown_it import MarkdownIt

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs/openapi.yaml"
PAGE = ROOT / "Sources/HTTPAPI/Documentation/page.html"
METHODS = ["get", "post", "patch", "put", "delete"]
markdown = MarkdownIt("commonmark").enable("table")

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0550ae, #79b8ff) }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
a { color: var(--link) }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
h3 { margin-top: 2rem }
code, pre { font: .875rem/1.45 ui-monospace, monospace }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; overflow-wrap: normal }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { border: 1px solid var(--line); padding: .35rem .5rem; text-align: left; vertical-align: top }
td p { margin: 0 }
.method { font-weight: 700; margin-right: .5rem }
nav ul { columns: 18rem; padding-left: 1.2rem }
section.operation { border-left: 3px solid var(--line); padding-left: 1rem; margin-top: 2rem }
@media (max-width: 40rem) { th, td { padding: .25rem } section.operation { padding-left: .5rem } }
""".strip()


class Page:
    def __init__(self, document):
        self.document = document
        self.parts = []

    def resolve(self, node):
        """What a reference stands for, with the name of its last part."""
        name = None
        while isinstance(node, dict) and "$ref" in node:
            path = node["$ref"].removeprefix("#/").split("/")
            name = path[-1]
            node = self.document
            for part in path:
                node = node[part]
        return node, name

    def add(self, text):
        self.parts.append(text)

    def text(self, source):
        self.add(markdown.render(source or ""))

    # What a schema says, in one line of words.
    def type_of(self, schema):
        schema, name = self.resolve(schema)
        if name and schema.get("type") == "object":
            return f'<a href="#schema-{name}">{name}</a>'
        if "anyOf" in schema or "oneOf" in schema:
            return " or ".join(self.type_of(part) for part in schema.get("anyOf") or schema["oneOf"])
        types = schema.get("type", "any")
        types = types if isinstance(types, list) else [types]
        words = []
        for kind in types:
            if kind == "array":
                words.append("array of " + self.type_of(schema.get("items", {})))
            elif kind == "string" and "format" in schema:
                words.append(html.escape(schema["format"]))
            else:
                words.append(html.escape(kind))
        return " or ".join(words)

    def limits_of(self, schema):
        schema, _ = self.resolve(schema)
        names = {
            "minimum": "at least {}", "maximum": "at most {}", "minLength": "at least {} characters",
            "maxLength": "at most {} characters", "minItems": "at least {} elements", "maxItems": "at most {} elements",
            "default": "default {}",
        }
        words = [form.format(json.dumps(schema[key])) for key, form in names.items() if key in schema]
        if "enum" in schema:
            words.append("one of " + ", ".join(f"<code>{html.escape(json.dumps(v))}</code>" for v in schema["enum"]))
        for pattern in (schema.get("pattern"), self.resolve(schema.get("items", {}))[0].get("pattern")):
            if pattern and len(pattern) < 120:
                words.append(f"matches <code>{html.escape(pattern)}</code>")
        return "; ".join(words)

    def fields(self, schema):
        """A table of the members of an object, those of its parts too."""
        schema, _ = self.resolve(schema)
        for part in schema.get("allOf", []):
            part, _ = self.resolve(part)
            schema = {**schema, "properties": {**part.get("properties", {}), **schema.get("properties", {})}}
        if not schema.get("properties"):
            return
        required = schema.get("required", [])
        self.add("<table><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>")
        for name, member in schema["properties"].items():
            resolved, _ = self.resolve(member)
            self.row(f"<code>{html.escape(name)}</code>{' (required)' if name in required else ''}", member,
                     resolved.get("description"))
        self.add("</tbody></table>")
        for name, member in schema["properties"].items():
            resolved, reference = self.resolve(member)
            if resolved.get("type") == "object" and not reference and resolved.get("properties"):
                self.add(f"<p><code>{html.escape(name)}</code>:</p>")
                self.fields(member)

    def row(self, head, schema, description):
        limits = self.limits_of(schema)
        meaning = markdown.render(description or "")
        if limits:
            meaning += f"<p>{limits}</p>"
        self.add(f"<tr><td>{head}</td><td>{self.type_of(schema)}</td><td>{meaning}</td></tr>")

    def examples(self, content):
        found = {}
        if "example" in content:
            found["Example"] = content["example"]
        for name, example in content.get("examples", {}).items():
            found[f"Example: {name}"] = example["value"]
        for name, value in found.items():
            shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            self.add(f"<p>{html.escape(name)}</p><pre><code>{html.escape(shown)}</code></pre>")

    def parameters(self, parameters):
        if not parameters:
            return
        self.add("<h4>Parameters</h4><table><thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead><tbody>")
        for parameter in parameters:
            parameter, _ = self.resolve(parameter)
            description = parameter.get("description", "")
            values = [e["value"] for e in parameter.get("examples", {}).values()]
            values += [parameter["example"]] if "example" in parameter else []
            for value in values:
                description += f"\n\nExample: `{value}`"
            required = ", required" if parameter.get("required") else ""
            self.row(f"<code>{html.escape(parameter['name'])}</code> ({parameter['in']}{required})",
                     parameter["schema"], description)
        self.add("</tbody></table>")

    def body(self, content_by_type):
        for kind, content in content_by_type.items():
            schema, name = self.resolve(content["schema"])
            choices = schema.get("anyOf") or ([content["schema"]] if name else [])
            if choices:
                self.add(f"<p><code>{kind}</code>: {' or '.join(self.type_of(choice) for choice in choices)}</p>")
            else:
                self.add(f"<p><code>{kind}</code></p>")
                self.fields(schema)
            self.examples(content)

    def operation(self, method, path, operation, shared):
        self.add(f'<section class="operation" id="{operation["operationId"]}">')
        label = f'<span class="method">{method.upper()}</span><code>{html.escape(path)}</code>'
        self.add(f"<h3>{label}</h3><p><strong>{html.escape(operation['summary'])}</strong></p>")
        self.text(operation.get("description"))
        self.parameters(shared + operation.get("parameters", []))
        if "requestBody" in operation:
            self.add("<h4>Body</h4>")
            self.body(operation["requestBody"]["content"])
        self.add("<h4>Answers</h4>")
        short = []
        for status, response in operation["responses"].items():
            response, name = self.resolve(response)
            if name:
                short.append(f'<a href="#response-{name}">{status}</a>')
                continue
            self.add(f"<p><strong>{status}</strong> {markdown.renderInline(response['description'])}</p>")
            for field, header in response.get("headers", {}).items():
                header, _ = self.resolve(header)
                self.add(f"<p><code>{field}</code>: {markdown.renderInline(header['description'])}</p>")
            self.body(response.get("content", {}))
        if short:
            self.add(f"<p>Errors: {', '.join(short)}</p>")
        self.add("</section>")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method], item.get("parameters", [])

    def render(self):
        info = self.document["info"]
        self.add('<!doctype html><html lang="en"><head><meta charset="utf-8">')
        self.add('<meta name="viewport" content="width=device-width, initial-scale=1">')
        self.add(f"<title>{info['title']}: the API</title><style>{STYLE}</style></head><body>")
        self.add(f"<header><h1>{info['title']}</h1><p>{info['summary']} Version {info['version']}. "
                 'For programs: <a href="/openapi.yaml">/openapi.yaml</a>.</p></header><nav><ul>')
        for method, path, operation, _ in self.operations():
            self.add(f'<li><a href="#{operation["operationId"]}">{html.escape(operation["summary"])}</a></li>')
        self.add('<li><a href="#delivery">What your receiver gets</a></li><li><a href="#errors">Errors</a></li>'
                 '<li><a href="#schemas">Objects</a></li></ul></nav><main>')
        self.text(info["description"])
        for tag in self.document["tags"]:
            self.add(f"<h2>{tag['name']}</h2><p>{tag['description']}</p>")
            for method, path, operation, shared in self.operations():
                if tag["name"] in operation["tags"]:
                    self.operation(method, path, operation, shared)
        self.add("<h2>Deliveries to your receiver</h2>")
        for item in self.document["webhooks"].values():
            self.operation("post", "your targetUrl", item["post"], [])
        self.add('<h2 id="errors">Errors</h2>')
        for name, response in self.document["components"]["responses"].items():
            example = response["content"]["application/json"]["example"]
            self.add(f'<h3 id="response-{name}">{example["statusCode"]} {example["error"]}</h3>')
            self.text(response["description"])
            fields = ", ".join(f"<code>{field}</code>" for field in response.get("headers", {}))
            self.add(f"<p>Header fields: {fields}</p>" if fields else "")
            self.add(f"<pre><code>{html.escape(json.dumps(example))}</code></pre>")
        self.add('<h2 id="schemas">Objects</h2>')
        for name, schema in self.document["components"]["schemas"].items():
            if schema.get("type") == "object":
                self.add(f'<h3 id="schema-{name}">{name}</h3>')
                self.text(schema.get("description"))
                self.fields(schema)
        self.add("</main></body></html>\n")
        return "".join(self.parts)


def main():
    page = Page(yaml.safe_load(SOURCE.read_text())).render()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != page:
            sys.exit(f"{PAGE.relative_to(ROOT)} is not what {SOURCE.relative_to(ROOT)} says: run scripts/lib/api_page.sh")
        return
    PAGE.write_text(page)


main()
