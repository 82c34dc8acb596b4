"""GraphQL over the schema in sdl/: parsed once for each text, executed without validation.

Clients of many versions ask for fields that we never heard of. Executed without validation, a field that the schema lacks is left out of the answer
instead of failing the query, so that newer clients lose what is new and nothing else; what was left out is logged once.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import structlog
from graphql import (
    REMOVE,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    NamedTypeNode,
    NameNode,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    build_schema,
    default_field_resolver,
    execute_sync,
    get_named_type,
    parse,
    visit,
)
from graphql.language import FieldNode
from graphql.pyutils import is_awaitable

from api import problems
from api.wandb import bounds, inputs
from api.wandb.asking import Asking
from api.wandb.resolvers import AREAS

log = structlog.get_logger(__name__)

MOST_TOKENS = 20_000  # the longest query of the SDK has some 2,000
MOST_KNOWN_QUERIES = 500
ANYTHING = "JSON"  # a scalar that takes whatever comes: variables of types that the schema lacks are read as such

Resolver = Callable[..., Any]


def answer(asking: Asking, query: str, variables: Mapping[str, Any] | None, operation: str | None) -> dict[str, Any]:
    """`data` and, when something went wrong, `errors`. Raises Problem 503 and what else is not the asker's doing."""
    try:
        document = _parsed(query)
    except GraphQLError as error:
        return {"data": None, "errors": [{"message": error.message}]}
    except RecursionError:
        return {"data": None, "errors": [{"message": f"A query is nested at most {bounds.DEEPEST} fields deep."}]}
    values = inputs.variables_known(schema(), document, variables or {}, _note_unknown)
    try:
        result = execute_sync(schema(), document, context_value=asking, variable_values=values, operation_name=operation or None)
    except bounds.Exhausted:
        return {"data": None, "errors": [{"message": f"An answer holds at most {bounds.MOST_RESOLVED:,} values; ask for fewer at once."}]}
    finally:
        asking.close()
    return _shown(result)


@cache
def schema() -> GraphQLSchema:
    """Built at its first use: a service that no SDK talks to does without."""
    folder = files("api.wandb").joinpath("sdl")
    parts = sorted((part for part in folder.iterdir() if part.name.endswith(".graphql")), key=lambda part: (part.name != "base.graphql", part.name))
    built = build_schema("\n".join(part.read_text() for part in parts))
    for area in AREAS:
        for name, resolver in area.FIELDS.items():
            type_name, _, field_name = name.partition(".")
            kind = built.type_map[type_name]
            assert isinstance(kind, GraphQLObjectType), type_name
            kind.fields[field_name].resolve = _called(resolver)
        for name, which in getattr(area, "KINDS", {}).items():
            abstract = built.type_map[name]
            assert isinstance(abstract, GraphQLInterfaceType), name
            abstract.resolve_type = _known_by(which)
    for kind in built.type_map.values():
        for field in kind.fields.values() if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__") else ():
            field.resolve = field.resolve or _attribute
    return built


def _known_by(which: Callable[[Any], str]) -> Callable[..., str]:
    return lambda value, *_: which(value)


def _called(resolver: Resolver) -> Callable[..., Any]:
    def called(parent: Any, info: GraphQLResolveInfo[Asking], **arguments: Any) -> Any:
        info.context.budget.spend()
        return resolver(parent, info.context, **arguments)

    return called


def _attribute(parent: Any, info: GraphQLResolveInfo[Asking], **arguments: Any) -> Any:
    info.context.budget.spend()
    return default_field_resolver(parent, info, **arguments)


@lru_cache(MOST_KNOWN_QUERIES)
def _parsed(query: str) -> DocumentNode:
    """The query, its variables of unknown types read as anything. Raises GraphQLError for what is no GraphQL, is too long or too deep."""
    document = parse(query, no_location=True, max_tokens=MOST_TOKENS)
    bounds.check(document)
    types = TypeInfo(schema())
    look = _Look(types)
    return visit(document, TypeInfoVisitor(types, look))  # type: ignore[no-any-return]


class _Look(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._types.get_parent_type()
        if parent is not None and self._types.get_field_def() is None:
            _note_unknown(f"{parent.name}.{node.name.value}")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> Any:
        parent = get_named_type(self._types.get_parent_input_type())
        if not isinstance(parent, GraphQLInputObjectType) or node.name.value in parent.fields:
            return None
        _note_unknown(f"{parent.name}.{node.name.value}")
        return REMOVE

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> VariableDefinitionNode | None:
        named: Any = node.type
        while not isinstance(named, NamedTypeNode):
            named = named.type
        if named.name.value in schema().type_map:
            return None
        _note_unknown(named.name.value)
        return VariableDefinitionNode(
            variable=node.variable, type=NamedTypeNode(name=NameNode(value=ANYTHING)), default_value=node.default_value, directives=node.directives
        )


@lru_cache(2000)
def _note_unknown(name: str) -> None:
    """Logged once for each name: the cache is the memory of which."""
    log.info("the wandb SDK asks for what is not known here", name=name[:200])


def _shown(result: Any) -> dict[str, Any]:
    assert isinstance(result, ExecutionResult) and not is_awaitable(result)  # noqa: PT018 - no resolver is asynchronous
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": [_told(error) for error in result.errors]}


def _told(error: GraphQLError) -> dict[str, Any]:
    """What the SDK shows its user. Raises what is our trouble and not the query's."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return {"message": error.message, "path": error.path}
    problem = problems.problem_for(original)
    if problem.status_code >= 500:
        raise original
    if original.__class__.__name__ in ("Unauthorized", "SweepIsGone"):  # which the SDK tells by the status
        raise original
    return {"message": problem.detail, "path": error.path, "extensions": {"status": problem.status_code}}
