"""What a client sends that the schema has no place for is left out, as is what it asks for: a newer client's fields must not fail its query."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    type_from_ast,
)

Note = Callable[[str], None]


def variables_known(schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """The variables without the fields that their types lack; `note` is told the name of each that is left out."""
    found = dict(variables)
    for definition in document.definitions:
        for variable in definition.variable_definitions or () if isinstance(definition, OperationDefinitionNode) else ():
            name = variable.variable.name.value
            if name in found:
                found[name] = _known(found[name], type_from_ast(schema, variable.type), note)
    return found


def _known(value: Any, kind: Any, note: Note) -> Any:
    if isinstance(kind, GraphQLNonNull):
        return _known(value, kind.of_type, note)
    if isinstance(kind, GraphQLList):
        return [_known(item, kind.of_type, note) for item in value] if isinstance(value, list) else _known(value, kind.of_type, note)
    if not isinstance(kind, GraphQLInputObjectType) or not isinstance(value, dict):
        return value
    for name in value.keys() - kind.fields.keys():
        note(f"{kind.name}.{name}")
    return {name: _known(inner, kind.fields[name].type, note) for name, inner in value.items() if name in kind.fields}
