"""What every error is made of: a code of the HTTP contract and its text in both languages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Language(StrEnum):
    """Language of the texts people read."""

    RU = "ru"  # the default
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """A phrase in both languages."""

    ru: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the phrase in `language`."""
        return self.ru if language is Language.RU else self.en


class CallerError(Exception):
    """A request that cannot be served as it stands; `code` and `text()` go to the caller."""

    code: ClassVar[int]
    ru: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, *, retry_after_s: int | None = None, **fields: object) -> None:
        self.fields = fields
        self.retry_after_s = retry_after_s
        super().__init__(self.text(Language.EN))

    def text(self, language: Language) -> str:
        """Say in `language` what is wrong and what to do about it."""
        template = self.ru if language is Language.RU else self.en
        fields = {
            name: value.in_language(language) if isinstance(value, Text) else value
            for name, value in self.fields.items()
        }
        return template.format(**fields)
