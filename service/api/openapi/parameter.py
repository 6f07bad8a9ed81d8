"""Every parameter and request header of the document, made of the model that checks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.model import encode_ref
from service.api.parameters import NODE_FIELDS, Bounds, GraphParameters
from service.api.validation import LISTS, default_of

Parameter = dict[str, Any]

# connectors/model/ids.py is what decides; a pattern cannot tell what a key's own rules are.
_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
ADDRESS = rf"^{_NAME}(@{_NAME})?(:{_NAME}(:[\s\S]+)?)?$"
_NODE = rf"^{_NAME}(@{_NAME})?:{_NAME}:[\s\S]+$"
# Alone these are refused, or change the whole question: a page that lets people try a request must
# not fill them in, so neither a default nor an example stands where such pages look for one.
_NOT_BY_ITSELF = frozenset({"to", "paths", "table", "cursor"})


@dataclass(frozen=True, slots=True)
class Configured:
    """What of the settings the document tells.

    By source: an example address, and how the credential is written that it takes of its callers.
    `keyed` when callers need a key of this service.
    """

    bounds: Bounds
    addresses: Mapping[str, str]
    by_caller: Mapping[str, str]
    keyed: bool


def address_in_path(configured: Configured) -> Parameter:
    """Describe the address in `/graph/{node}`."""
    about = "The address, percent-encoded; an encoded and a literal `/` are both accepted."
    return _required("node", "path", about, configured)


def ref_in_path(configured: Configured) -> Parameter:
    """Describe the ref in `/graph/~{ref}`."""
    parameter = _required("ref", "path", "The address as unpadded base64url of its UTF-8.", configured)
    parameter["schema"]["pattern"] = "^[A-Za-z0-9_-]+$"
    for example in parameter["examples"].values():
        example["value"] = encode_ref(example["value"])
    return parameter


def address_in_query(configured: Configured) -> Parameter:
    """Describe the address in `/graph?node=`."""
    return _required("node", "query", "The address, percent-encoded.", configured)


def query_parameters(configured: Configured) -> list[Parameter]:
    """Describe every parameter but the node."""
    schema = GraphParameters.model_json_schema()
    return [
        _query_parameter(name, field, schema.get("$defs", {}), configured)
        for name, field in schema["properties"].items()
    ]


def caching_header() -> Parameter:
    """Describe the header about how old an answer may be."""
    return _header(
        "Cache-Control",
        "How old an answer may be, in HTTP's words: `no-cache`, `max-age`, `max-stale`, "
        "`only-if-cached`, `stale-if-error`, in seconds. Others are ignored; `max_age` wins.",
        "max-age=60, stale-if-error=600",
    )


def conditional_headers() -> list[Parameter]:
    """Describe the headers about what the caller takes or holds."""
    return [
        caching_header(),
        _header(
            "If-None-Match",
            "ETags of answers held: the answer is 304 if the graph is still the same.",
            'W/"2f0c8c1d6f4e4a5b8d7e6f5a4b3c2d1e"',
        ),
    ]


def credentials_headers(configured: Configured) -> list[Parameter]:
    """Describe `Upstream-Credentials`, if a source here takes one: where none does, it is a 400."""
    forms = sorted(configured.by_caller.items())
    if not forms:
        return []
    about = (
        "The caller's own credentials for sources, by name: an RFC 8941 dictionary of strings, each a "
        "scheme, a space and the value. They are passed through, never stored, never logged. Sources that "
        f"take one here: {', '.join(name for name, _ in forms)}."
    )
    return [_header("Upstream-Credentials", about, ", ".join(f'{name}="{form}"' for name, form in forms))]


def _required(name: str, place: str, about: str, configured: Configured) -> Parameter:
    return {
        "name": name,
        "in": place,
        "required": True,
        "description": about,
        "schema": {"type": "string", "pattern": ADDRESS},
        "examples": {
            source: {"summary": address, "value": address} for source, address in configured.addresses.items()
        },
    }


def _header(name: str, about: str, example: str) -> Parameter:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": about,
        "schema": {"type": "string"},
        "example": example,
    }


def _query_parameter(
    name: str, field: dict[str, Any], definitions: dict[str, Any], configured: Configured
) -> Parameter:
    schema = _plain(field, definitions)
    examples = schema.pop("examples", [])
    default = default_of(name, bounds=configured.bounds)
    if default not in (None, ()) and name not in _NOT_BY_ITSELF:
        schema["default"] = default
    if name in configured.bounds.caps:
        schema["maximum"] = configured.bounds.caps[name]
        examples = [min(example, schema["maximum"]) for example in examples]
    if name == "sources":
        schema["items"] = {"type": "string", "enum": list(configured.bounds.sources)}
        examples = configured.bounds.sources
    if name == "sort":
        names = "|".join(configured.bounds.sources)
        schema["pattern"] = rf"^(?:{'|'.join(NODE_FIELDS)}|(?:{names})\..+)$"
    if name == "to":
        schema["pattern"] = _NODE
        examples = list(configured.addresses.values())[:1]
    parameter = {
        "name": name,
        "in": "query",
        "required": False,
        "description": _meaning(name, default),
        "schema": schema,
    }
    if name in LISTS:
        schema["minItems"] = 1
        # Repeating the parameter does the same; a document can only tell one form.
        parameter |= {"style": "form", "explode": False}
        examples = [list(examples)]
    if not examples:
        return parameter
    if name in _NOT_BY_ITSELF:
        schema["examples"] = examples
        return parameter
    return parameter | {"example": examples[0]}


def _meaning(name: str, default: Any) -> str:
    about = GraphParameters.model_fields[name].description or ""
    told = name in _NOT_BY_ITSELF and default is not None
    return f"{about} By default `{default}`." if told else about


def _plain(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Give pydantic's schema of a field without null, references and what stands elsewhere."""
    told = {name: value for name, value in field.items() if name not in ("title", "description", "default")}
    for choice in told.pop("anyOf", []):
        told |= choice if choice.get("type") != "null" else {}
    if "const" in told:
        told["enum"] = [told.pop("const")]
    if "$ref" in told:
        definition = definitions[told.pop("$ref").rpartition("/")[2]]
        told |= {name: definition[name] for name in ("type", "enum")}
    if "items" in told:
        told["items"] = _plain(told["items"], definitions)
    return told
