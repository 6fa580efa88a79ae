"""Satisfaction figures against hand-worked answers."""

import pytest

from cim.analytics import satisfaction


def test_the_example_of_the_definitions() -> None:
    """DATA.md section 5: 10,9,9,8,7,6,3,10,0,10 has five promoters and three detractors."""
    found = satisfaction.nps([10, 9, 9, 8, 7, 6, 3, 10, 0, 10])
    assert found.n == 10
    assert found.value == pytest.approx(20)
    # sqrt((.5 + .3 - .04) / 10) = .27568
    assert found.low == pytest.approx(20 - 1.96 * 27.568, abs=0.01)
    assert found.high == pytest.approx(20 + 1.96 * 27.568, abs=0.01)


def test_bounds_and_nothing() -> None:
    assert satisfaction.nps([]).value is None
    everybody = satisfaction.nps([10, 10])
    assert (everybody.value, everybody.low, everybody.high) == (100, 100, 100)
    assert satisfaction.nps([7, 8]).value == 0
    assert satisfaction.csat([]).value is None
    assert satisfaction.csat([5, 4, 3, 1]).value == 0.5
    assert satisfaction.ces([7, 1]).value == 4
    assert satisfaction.ces([]).n == 0
