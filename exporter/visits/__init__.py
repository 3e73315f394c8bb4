"""Visits: one module per target kind; each asks all due questions of its target in one trip.

A module ``visits/<kind>.py`` has ``TARGET`` (the target type) and

    def is_lit(ways) -> bool: whether the way to such targets is configured
    async def visit(target, due, ways, seconds) -> Mapping[Question, value | Failure]

It returns an entry for every question in ``due``: the value that the question's reader made, or a
Failure. It raises SourceError when the whole trip failed (all of ``due`` then fail with its reason).
"""
