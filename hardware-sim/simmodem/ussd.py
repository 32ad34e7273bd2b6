"""One modem's USSD session with the network, and how strings look on its line (TS 27.007 §7.15, TS 23.038 §5)."""

from simmodem import alphabet
from simmodem.agenda import Appointment
from simmodem.equipment import CmeError, Equipment
from simmodem.menu import NEEDS_REPLY, UNKNOWN, Page
from simmodem.profiles import UssdOrder

GSM_DCS, UCS2_DCS = 15, 72
CR = 0x0D


class UssdSession:
    """At most one session at a time; `is_open` while the network owes an answer or waits for one."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._page: Page | None = None
        self._pending: Appointment | None = None
        self._is_awaited = False

    @property
    def is_open(self) -> bool:
        return self._page is not None or self._is_awaited

    def reset(self) -> None:
        """Forget the session, and the answer that was still to come."""
        if self._pending is not None:
            self._pending.cancel()
        self._page, self._pending, self._is_awaited = None, None, False

    def cancel(self) -> None:
        """End the session as the user wants it."""
        if self.is_open:
            self._equipment.network.dialled.append((self._equipment.index, None))
        self.reset()

    def ask(self, string: str, dcs: int) -> bool:
        """Send a code or a reply; tells whether the final result waits for the answer. Raises CmeError."""
        text = self._read(string, dcs)
        if self._is_awaited or not self._equipment.is_served:
            raise CmeError(3 if self._is_awaited else 30)
        self._equipment.network.dialled.append((self._equipment.index, text))
        pages = self._page.choices if self._page is not None else self._equipment.network.menu
        page = pages.get(text, UNKNOWN)
        if page.error is not None:
            raise CmeError(page.error)
        self._page, self._is_awaited = None, True
        if page.delay_s is not None:
            self._pending = self._equipment.agenda.after(page.delay_s, lambda: self._answer(page))
        return self._equipment.profile.ussd_order is not UssdOrder.AFTER_OK

    def _answer(self, page: Page) -> None:
        terminal, order = self._equipment.terminal, self._equipment.profile.ussd_order
        self.reset()
        if not self._equipment.is_alive:
            return
        self._page = page if page.m == NEEDS_REPLY else None
        line = f"+CUSD: {page.m}{self._written(page.text)}"
        if order is UssdOrder.AFTER_OK:
            terminal.urc(line)
            return
        terminal.info(line)
        if order is UssdOrder.BEFORE_OK:
            terminal.final("OK")
        else:
            terminal.drop()

    def _written(self, text: str) -> str:
        if not text:
            return ""
        septets = alphabet.to_septets(text)
        if septets is None:
            return f',"{_utf16(text)}",{UCS2_DCS}'
        if self._equipment.profile.packs_ussd:
            codes = [code for unit in septets for code in unit]
            filler = [CR] if len(codes) % 8 == 7 else []
            return f',"{alphabet.pack(codes + filler).hex().upper()}",{GSM_DCS}'
        return f',"{_utf16(text) if self._equipment.settings.cscs == "UCS2" else text}",{GSM_DCS}'

    def _read(self, string: str, dcs: int) -> str:
        is_packed = self._equipment.profile.packs_ussd and dcs == GSM_DCS
        if not is_packed and dcs != UCS2_DCS and self._equipment.settings.cscs != "UCS2":
            return string
        try:
            octets = bytes.fromhex(string)
            if not is_packed:
                return octets.decode("utf-16-be")
        except ValueError:
            raise CmeError(50) from None
        return alphabet.to_text(alphabet.unpack(octets, 8 * len(octets) // 7)).removesuffix("\r")


def _utf16(text: str) -> str:
    return text.encode("utf-16-be").hex().upper()
