"""What a sweep tries next: pure choosing, without a database.

`plan` reads a sweep's config, `spaces` are its parameters' values, `choosing` takes points of them for grid and random search, `bayes` by what runs
gave, and `hyperband` says which runs are not worth going on with.
"""
