"""Numbers and addresses that are valid in form and belong to nobody: each says by its look that it is made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

from cim import normalize
from cim.demo.places import City
from cim.models.customer import Gender

_PREFIXES = """
130 131 132 133 135 136 137 138 139 150 151 152 155 156 157 158 159 166 176 177 178 180 181 185 186 187 188 189 191 199
"""
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_DOMAINS = ("example.com", "example.cn", "example.com", "example.org")


class Identities:
    """Hands out every number and address once."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._prefixes = _PREFIXES.split()
        self._taken: set[str] = set()

    def mobile(self) -> str:
        """A mobile number with four zeros in the middle."""
        return self._once(lambda: f"{self._chance.choice(self._prefixes)}0000{self._chance.randrange(10_000):04d}")

    def landline(self, city: City) -> str:
        """A number behind the city's area code that begins with 5555; "" where the area has no code."""
        if city.area_code == "-":
            return ""
        last = city.digits - 4
        return self._once(lambda: f"{city.area_code}-5555{self._chance.randrange(10**last):0{last}d}")

    def email(self, name: str) -> str:
        """An address at a domain called example: most are reserved for that (RFC 2606)."""
        local = "".join(part for part in normalize.pinyin(name) if part.isascii() and part.isalnum())[:24] or "info"
        domain = self._chance.choice(_DOMAINS)
        return self._once(lambda: f"{local}{self._chance.randrange(1, 1000)}@{domain}")

    def wechat(self, name: str) -> str:
        """A WeChat account that begins with demo_."""
        local = "".join(part[:1] for part in normalize.pinyin(name)) or "x"
        return self._once(lambda: f"demo_{local[:6]}{self._chance.randrange(10_000):04d}")

    def uscc(self, city: City) -> str:
        """A credit code whose organisation number begins with MADEM; the check character is right (GB 32100)."""
        from stdnum.cn import uscc

        def made() -> str:
            body = f"91{city.code}MADEM" + "".join(self._chance.choices(_CREDIT, k=4))
            return body + str(uscc.calc_check_digit(body))

        return self._once(made)

    def id_number(self, city: City, birthday: date, gender: Gender) -> str:
        """An identity number of a whole city, which no district ever issued; the check digit is right (GB 11643)."""
        from stdnum.cn import ric

        def made() -> str:
            order = self._chance.randrange(0, 500) * 2 + (gender is Gender.MALE)
            body = f"{city.code}{birthday:%Y%m%d}{order:03d}"
            return body + str(ric.calc_check_digit(body + "0"))

        return self._once(made)

    def _once(self, make: Callable[[], str]) -> str:
        while (value := make()) in self._taken:
            pass
        self._taken.add(value)
        return value
