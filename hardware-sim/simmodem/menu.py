"""What the network answers to USSD codes: pages, some of which lead to others (TS 22.090)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FINAL, NEEDS_REPLY, TERMINATED, NOT_SUPPORTED = 0, 1, 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer; `choices` are the pages that replies to it lead to, and it waits for one if it has any.

    `delay_s` None: the answer never comes. `kind` is the <m> of +CUSD where it does not follow from the choices.
    `error` is the +CME ERROR that the modem answers instead.
    """

    text: str = ""
    choices: Mapping[str, "Page"] = field(default_factory=lambda: MappingProxyType({}))
    delay_s: float | None = 0.0
    kind: int | None = None
    error: int | None = None

    @property
    def m(self) -> int:
        if self.kind is not None:
            return self.kind
        return NEEDS_REPLY if self.choices else FINAL


UNKNOWN = Page(text="Unknown service code")
END = Page(kind=TERMINATED)

MENU: Mapping[str, Page] = {
    "*100#": Page(text="Balance: 123.45 RUB"),
    "*102#": Page(text="Баланс: 57,30 руб."),
    "*111#": Page(
        text='Menu "All"\r\n1 Balance\r\n2 Services\r\n0 End',
        choices={
            "1": Page(text="Balance: 123.45 RUB"),
            "2": Page(text="1 News\r\n0 End", choices={"1": Page(text="Новости подключены"), "0": END}),
            "0": END,
        },
    ),
    "*200#": Page(delay_s=None),
    "*201#": Page(text="Late", delay_s=5.0),
    "*202#": Page(error=30),
    "*203#": Page(kind=NOT_SUPPORTED),
}
