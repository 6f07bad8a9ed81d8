"""How the shapes of what is answered become schemas; a shape is a model that only the document is made of.

Answers are assembled as plain records; tests hold real ones against these shapes. Enums are open:
the words in use today are listed, and a client is not to fail on another.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import CoreSchema

from service.api.openapi.wording import listed

Count: TypeAlias = Annotated[int, Field(ge=0)]
Attributes: TypeAlias = dict[str, Any]


def open_word(words: Mapping[str, str], about: str) -> WithJsonSchema:
    """Describe a text that is one of these words, with what each means, or some later one."""
    return WithJsonSchema(
        {
            "type": "string",
            "description": f"{about}\n\n{listed(words)}",
            "x-extensible-enum": [str(word) for word in words],
        }
    )


def sometimes(about: str | None = None) -> Any:
    """Describe a member that only some answers have; `about`, or its type, says which."""
    # A default would stand in the schema, and say that null could come.
    return Field(default_factory=lambda: None, description=about)


class _Untitled(GenerateJsonSchema):
    """Leaves out titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:  # noqa: ARG002 - pydantic's hook
        """Say no."""
        return False


def write_schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """Give the schemas of these shapes and of all they consist of, by name."""
    _, schema = models_json_schema(
        [(model, "serialization") for model in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def refer(model: type[BaseModel]) -> dict[str, str]:
    """Refer to a shape from elsewhere in the document."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}
