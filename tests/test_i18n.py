"""Every text a user may see has Chinese, with the same placeholders; languages do not leak between threads."""

import threading
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cim import i18n
from cim.i18n import _
from tools import messages


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end without a chosen language."""
    monkeypatch.delenv("CIM_LANG", raising=False)
    token = i18n._chosen.set(None)
    yield
    i18n._chosen.reset(token)


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """What is wrong between this code and this catalogue, by kind."""
    texts, complaints = messages.extract_all()
    return {"composed": complaints, **messages.differences(texts, messages.catalogue())}


class TestCatalogue:
    @pytest.mark.parametrize(
        ("kind", "advice"),
        [
            ("missing", "texts without Chinese; `make messages` prints the entries for cim/locale/zh.po"),
            ("placeholders", "Chinese with other {placeholders} than the English, or stray braces"),
            ("leftover", "entries of cim/locale/zh.po that no code uses; delete them"),
            ("not english", "texts in the code that are not English; Chinese belongs in cim/locale/zh.po"),
            ("composed", "texts put together in the code: no catalogue can hold them"),
        ],
    )
    def test_code_and_catalogue_agree(self, found: dict[str, list[str]], kind: str, advice: str) -> None:
        assert not found[kind], f"{len(found[kind])} {advice}:\n" + "\n".join(found[kind])

    def test_texts_are_found_in_every_kind_of_call(self) -> None:
        source = (
            '_("one")\nlabel = N_("two")\nraise Invalid("phone", "three {n}", n=1)\n'
            'raise errors.NotFound("four")\nraise Conflict(msgid="five")\nother("six")\n_(variable)\n_("sev" "en")\n'
        )
        texts, complaints = messages.extract(source, "x.py")
        assert [text.msgid for text in texts] == ["one", "two", "three {n}", "four", "five", "seven"]
        assert texts[2].place == "x.py:3"
        assert complaints == []

    def test_composed_texts_are_refused(self) -> None:
        complaints = messages.extract('_(f"Hello {name}")\nDenied("a" + b)\n', "x.py")[1]
        assert [line.split(":")[1] for line in complaints] == ["1", "2"]

    def test_differences_are_told_apart(self) -> None:
        found = messages.differences(
            {"Hello {name}": "a.py:1", "New": "a.py:2", "保存": "a.py:3"},
            {"Hello {name}": "你好 {nam}", "Gone": "没了", "保存": "保存"},
        )
        assert found == {
            "missing": ["a.py:2: 'New'"],
            "placeholders": ["a.py:1: 'Hello {name}' -> '你好 {nam}'"],
            "leftover": ["'Gone'"],
            "not english": ["a.py:3: '保存'"],
        }

    def test_an_entry_that_is_there_twice_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "zh.po"
        file.write_text('msgid ""\nmsgstr ""\n\nmsgid "a"\nmsgstr "甲"\n\nmsgid "a"\nmsgstr "乙"\n', "utf-8")
        with pytest.raises(ValueError, match=r'twice.*"a"'):
            messages.catalogue(file)

    def test_filled_in_entries_join_the_catalogue_once(self, tmp_path: Path) -> None:
        ours, theirs = tmp_path / "zh.po", tmp_path / "more.po"
        ours.write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "a"\nmsgstr "甲"\n', "utf-8"
        )
        theirs.write_text(
            messages.entry("a", "别的")
            + messages.entry('say "{b}"\n\\', "说“{b}”\n\\", "x.py:1")
            + messages.entry("c", ""),
            "utf-8",
        )
        assert [messages.merge([theirs], ours), messages.merge([theirs], ours)] == [1, 0]
        assert messages.catalogue(ours) == {"a": "甲", 'say "{b}"\n\\': "说“{b}”\n\\"}


class TestTranslation:
    def test_chinese_is_the_fallback_and_english_needs_no_catalogue(self) -> None:
        assert _("today") == "今天"
        i18n.use("en-GB")
        assert _("today") == "today"

    def test_a_text_without_chinese_is_shown_in_english(self) -> None:
        assert _("never written down {n}", n=3) == "never written down 3"

    @pytest.mark.parametrize(
        ("candidates", "language"),
        [
            (("en", "zh-CN"), "en"),
            ((None, "zh-Hant-TW"), "zh"),
            (("fr-FR", "en_US"), "en"),
            (("", " EN "), "en"),
            (("fr",), "zh"),
            ((), "zh"),
        ],
    )
    def test_the_first_known_candidate_wins(self, candidates: tuple[str | None, ...], language: str) -> None:
        i18n.use(*candidates)
        assert i18n.language() == language

    def test_the_environment_decides_for_those_without_a_choice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CIM_LANG", "en")
        assert i18n.language() == "en"
        monkeypatch.setenv("CIM_LANG", "tlh")
        assert i18n.language() == "zh"

    def test_a_block_gives_the_language_back(self) -> None:
        i18n.use("zh")
        with i18n.use("en"):
            assert i18n.language() == "en"
        assert i18n.language() == "zh"

    def test_a_context_without_choice_asks_the_registered_source(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(i18n, "_source", None)
        i18n.ask(lambda: "en-US")
        assert i18n.language() == "en"
        i18n.use("zh")
        assert i18n.language() == "zh"

    def test_threads_do_not_share_a_language(self) -> None:
        heard: dict[str, list[str]] = {"zh": [], "en": []}
        barrier = threading.Barrier(2)

        def speak(code: str) -> None:
            for _round in range(50):
                barrier.wait()
                i18n.use(code)
                barrier.wait()
                heard[code].append(_("today"))

        threads = [threading.Thread(target=copy_context().run, args=(speak, code)) for code in heard]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert heard == {"zh": ["今天"] * 50, "en": ["today"] * 50}

    def test_values_are_filled_in_once_and_never_evaluated(self) -> None:
        hostile = "{other} {0.__class__} {"
        assert _("Hi {name}, {other}", name=hostile, other="x") == f"Hi {hostile}, x"
        assert _("{name.__class__} {missing} 100%", name=1) == "{name.__class__} {missing} 100%"


class TestFormats:
    NOW = datetime(2026, 11, 21, 3, 4, 50, tzinfo=UTC)

    def test_dates(self) -> None:
        assert i18n.format_date(date(2026, 1, 2)) == "2026年1月2日"
        assert i18n.format_month(date(2026, 1, 2)) == "2026年1月"
        assert i18n.format_datetime(self.NOW) == "2026年11月21日 11:04"
        assert i18n.format_datetime(datetime(2026, 12, 31, 16, 30, tzinfo=UTC)) == "2027年1月1日 00:30"
        i18n.use("en")
        assert i18n.format_datetime(self.NOW, "UTC") == "Nov 21, 2026 03:04"

    @pytest.mark.parametrize(
        ("distance", "chinese", "english"),
        [
            (timedelta(seconds=-30), "刚刚", "just now"),
            (timedelta(minutes=-90), "90分钟前", "90 minutes ago"),
            (timedelta(hours=2), "2小时后", "in 2 hours"),
            (timedelta(days=-3), "3天前", "3 days ago"),
            (timedelta(days=-400), "13个月前", "13 months ago"),
        ],
    )
    def test_distances(self, distance: timedelta, chinese: str, english: str) -> None:
        assert i18n.format_relative(self.NOW + distance, self.NOW) == chinese
        with i18n.use("en"):
            assert i18n.format_relative(self.NOW + distance, self.NOW) == english

    def test_whole_days(self) -> None:
        today = date(2026, 11, 21)
        spoken = [i18n.format_relative(today + timedelta(days), today) for days in (-9, -1, 0, 1, 2)]
        assert spoken == ["9天前", "昨天", "今天", "明天", "2天后"]

    def test_a_naive_moment_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            i18n.format_datetime(datetime(2026, 1, 1))
        with pytest.raises(TypeError):
            i18n.format_relative(date(2026, 1, 1), self.NOW)

    def test_numbers(self) -> None:
        assert i18n.format_number(1234567.891) == "1,234,567.891"
        assert i18n.format_number(Decimal("12"), 2) == "12.00"
        assert i18n.format_percent(0.6315, 2) == "63.15%"
        assert i18n.format_percent(Decimal("-0.5"), 0) == "-50%"
        assert i18n.format_money(Decimal("-1234.5")) == "-¥1,234.50"
        assert i18n.format_money(Decimal("99999999999999.99")) == "¥99,999,999,999,999.99"
        assert i18n.format_money(Decimal("1234.5"), "USD", decimals=0) == "US$1,234"

    def test_nothing_is_shown_as_nothing(self) -> None:
        assert [i18n.format_date(None), i18n.format_datetime(None), i18n.format_relative(None, self.NOW)] == [
            "",
            "",
            "",
        ]
        assert [i18n.format_number(None), i18n.format_percent(None), i18n.format_money(None)] == ["", "", ""]
