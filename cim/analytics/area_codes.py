"""Which province a Chinese landline rings in, by the beginning of its area code."""

from __future__ import annotations

_PROVINCES = {
    "110000": "10",
    "310000": "21",
    "120000": "22",
    "500000": "23",
    "130000": "31 335",
    "140000": "35 349",
    "150000": "47 482 483",
    "210000": "24 41 421 427 429",
    "220000": "43 440",
    "230000": "45 464 467 468 469",
    "320000": "25 51 52",
    "330000": "57 580",
    "340000": "55 56",
    "350000": "59",
    "360000": "79 701",
    "370000": "53 54 631 632 633 634 635",
    "410000": "37 39",
    "420000": "27 71 722 724 728",
    "430000": "73 743 744 745 746",
    "440000": "20 75 76 660 662 663 668",
    "450000": "77",
    "460000": "898",
    "510000": "28 81 82 83",
    "520000": "85",
    "530000": "87 88 691 692",
    "540000": "891 892 893 894 895 896 897",
    "610000": "29 91",
    "620000": "93 94",
    "630000": "97",
    "640000": "95",
    "650000": "99 901 902 903 906 908 909",
}
_BY_BEGINNING = {beginning: code for code, several in _PROVINCES.items() for beginning in several.split()}


def province_of_phone(e164: str) -> str:
    """The code of the province of a landline in E.164; "" for mobiles, service numbers, other countries and no number."""
    number = e164.partition(";")[0]
    national = number.removeprefix("+86")
    if national == number or national.startswith(("400", "800")) or (national[:1] == "1" and national[:2] != "10"):
        return ""
    return next((_BY_BEGINNING[national[:n]] for n in (3, 2) if national[:n] in _BY_BEGINNING), "")
