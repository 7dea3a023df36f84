"""Macro files as anyone may write them: what they define is found, in time in line with their length."""

import time

from floe_engine.project.source_resources import macro_blocks


def test_a_macro_in_a_comment_is_none_and_a_comment_that_never_ends_hides_the_rest() -> None:
    named = macro_blocks("{# {% macro a() %}{% endmacro %} #}{% macro b() %}{% endmacro %}{# {% macro c() %}")
    assert [name for name, _ in named] == ["b"]


def test_a_file_of_comments_that_never_end_is_read_once() -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        assert not list(macro_blocks("{#" * size))
        return time.process_time() - started

    # Each looked for its end by itself before: an hour and a half for this file.
    assert seconds(500_000) < 5
