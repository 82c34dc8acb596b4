"""The wandb SDK's wire protocol: its runs are client runs of the same store, with the same permissions, as those of the REST interface.

routes.py    POST /graphql; the caller is known by then, as for every other route (api/auth.py takes the SDK's Basic authentication)
graphql.py   parses and executes a query over the schema
sdl/         the schema, a file an area: `extend type Query { ... }`; types are named as the SDK's fragments name them
resolvers/   what fields give, a module an area: FIELDS = {"Query.viewer": viewer, "Run.tags": tags}
asking.py    what a resolver is handed beside its parent: who asks, and the database
ids.py       the opaque ids that the SDK is given

A resolver is `def field(parent, asking, **arguments)`, and runs in a thread. Its parent is what the resolver of the type gave: for a Run the
store's row, for a Project the store's project. Fields without a resolver are taken from the parent: by key from a mapping, else by attribute.
It raises what the services raise (store.errors, api.problems): the SDK is told in GraphQL's `errors`, with status 200; trouble of the database
that passes is answered as 503 instead, which the SDK tries again.
"""
