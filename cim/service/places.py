"""Which regions the team made, renamed or removed, as plain data: whoever reads a region needs no database for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cim import divisions, normalize
from cim.models.region import RegionLevel


@dataclass(frozen=True)
class Places:
    """What differs from the shipped divisions. `named` leads from the comparable form of a name (or a code) to the code,
    `gone` from the code of a removed region to the one that stands for it ("" for none), `above` to the nearest region
    over a removed one."""

    named: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    above: Mapping[str, str] = field(default_factory=dict)

    def find(self, text: str) -> str | None:
        """The code of a region given by code or name; None when nothing, or more than one, is called so."""
        if self.named and (own := self.named.get(normalize.squeeze(text))):
            return own
        known = divisions.load().get(text)
        code = text if known and known.level != "district" else divisions.find(text)
        return self.gone.get(code, code) or None if code else None

    def of_address(self, address: str) -> str | None:
        """The code of the city, else the province, that an address begins with. A removed one gives its successor, else
        the region above it."""
        place = divisions.parse(address) if address.strip() else None
        code = (place.city or place.province) if place else ""
        if code in self.gone:
            code = self.gone[code] or self.above.get(code, "")
        return code or None


SHIPPED = Places()


def label(name: str | None, level: str | None, parent: str | None) -> str:
    """How a list shows a region: "江苏省南京市", "北京市", "华东"."""
    if not name:
        return ""
    return f"{parent or ''}{name}" if level == RegionLevel.CITY else name
