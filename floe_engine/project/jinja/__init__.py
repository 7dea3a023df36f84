"""A dbt template understood without being run: jinja2's own parser, and values for what it finds.

`syntax` parses, `values` are what an expression can be, `operations` works with known ones,
`macros` finds macros, `reading` walks a template, `calls` are the facts that come out. What stands
in a template is never compiled or executed, and no template can make the walk long.
"""
