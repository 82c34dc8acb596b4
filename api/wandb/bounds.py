"""How much a query may ask for: executed without validation, nothing else keeps a small text from asking for endlessly much."""

from collections.abc import Mapping

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLError, InlineFragmentNode, SelectionSetNode

DEEPEST = 30
MOST_FIELDS = 20_000  # with every fragment written out; the SDK's largest query has some 300
MOST_RESOLVED = 500_000  # values in an answer: a page of 1,000 runs has some 40,000
# In introspection these lead from types to types: some levels of them would write the schema out a million times over.
BRANCHING = frozenset({"fields", "inputFields", "interfaces", "possibleTypes"})
MOST_BRANCHING = 2

Fragments = Mapping[str, FragmentDefinitionNode]


class Exhausted(BaseException):
    """The answer grew too large. No Exception, since GraphQL would put null in a field's place and go on."""


class Budget:
    """What is left of the values that one answer may have."""

    def __init__(self) -> None:
        self.left = MOST_RESOLVED

    def spend(self) -> None:
        """Raises Exhausted."""
        self.left -= 1
        if self.left < 0:
            raise Exhausted


def check(document: DocumentNode) -> None:
    """Raises GraphQLError for a query that is too deep or too large with its fragments written out, or has one that holds itself."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    size = _Size(fragments)
    for node in document.definitions:
        selected = getattr(node, "selection_set", None)
        if isinstance(selected, SelectionSetNode):
            fields, depth, branching = size.of(selected)
            if depth > DEEPEST:
                raise GraphQLError(f"A query is nested at most {DEEPEST} fields deep; this one is {depth}.")
            if fields > MOST_FIELDS:
                raise GraphQLError(f"A query asks for at most {MOST_FIELDS:,} fields, its fragments written out.")
            if branching > MOST_BRANCHING:
                raise GraphQLError(f"A query asks for {', '.join(sorted(BRANCHING))} at most {MOST_BRANCHING} levels deep.")


class _Size:
    """Fields, depth, and how often BRANCHING stands within itself; each fragment is measured once."""

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int, int]] = {}
        self._within: set[str] = set()

    def of(self, selected: SelectionSetNode | None) -> tuple[int, int, int]:
        fields = depth = branching = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                inner, levels, lists = self.of(node.selection_set)
                found = inner + 1, levels + 1, lists + (node.selection_set is not None and node.name.value in BRANCHING)
            elif isinstance(node, InlineFragmentNode):
                found = self.of(node.selection_set)
            else:
                assert isinstance(node, FragmentSpreadNode)
                found = self._fragment(node.name.value)
            fields, depth, branching = fields + found[0], max(depth, found[1]), max(branching, found[2])
        return fields, depth, branching

    def _fragment(self, name: str) -> tuple[int, int, int]:
        if name in self._within:
            raise GraphQLError(f"The fragment {name[:80]} holds itself.")
        if name not in self._known and name in self._fragments:
            self._within.add(name)
            self._known[name] = self.of(self._fragments[name].selection_set)
            self._within.discard(name)
        return self._known.get(name, (0, 0, 0))
