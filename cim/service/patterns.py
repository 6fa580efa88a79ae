"""Patterns that an administrator may type: regular expressions of which it is certain that they end soon on any value."""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from cim.errors import Invalid

LONGEST = 200
"""Characters of a pattern, and of a value that is compared with one."""
_MOST_WAYS = 200_000
_ONE_WAY = {ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN, ops.AT}


def checked(pattern: str) -> str:
    """The pattern, when it can be read and cannot run away. Raises Invalid at the field "parameter".

    Taken are characters, sets, groups, alternatives, anchors and repeats. A repeat of something that can itself be read
    in several ways, `(a+)+` or `(a|b)*`, is refused, and so are references and looking around: on an unlucky value
    they take longer than anybody waits."""
    if not pattern or len(pattern) > LONGEST:
        raise Invalid("parameter", "Enter a pattern of at most {limit} characters.", limit=LONGEST)
    try:
        ways = _ways(_parser.parse(pattern))
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Invalid("parameter", "This pattern cannot be read: {reason}.", reason=str(error)[:80]) from error
    if ways > _MOST_WAYS:
        raise Invalid(
            "parameter", "This pattern could take very long: do not repeat what already holds a repeat or a |."
        )
    return pattern


def fits(pattern: str, value: str) -> bool:
    """Whether the whole value matches. A longer value than any pattern is made for does not."""
    return len(value) <= LONGEST and _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _ways(parsed: Any) -> int:
    """In how many ways a value can be read by these nodes one after the other, at most (capped)."""
    ways = 1
    for op, argument in parsed:
        ways = min(ways * _ways_of(op, argument), _MOST_WAYS + 1)
    return ways


def _ways_of(op: Any, argument: Any) -> int:
    if op in _ONE_WAY:
        return 1
    if op is ops.SUBPATTERN:
        return _ways(argument[-1])
    if op is ops.BRANCH:
        return sum(_ways(branch) for branch in argument[1])
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
        least, most, body = argument
        least, most, each = min(int(least), LONGEST), min(int(most), LONGEST), _ways(body)
        ways = 0
        for count in range(least, most + 1):
            ways += min(each**count, _MOST_WAYS + 1)
        return ways
    return _MOST_WAYS + 1
