"""A tape without its secrets: no PIN, no message text, no number, and every byte of the rest where it was.

What is not known to be harmless is masked: digits become zeros (those of a PIN asterisks), letters x. Nothing changes
its length, so what was read in pieces stays in these pieces, and the dialogue can be played again.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from smsgw.at.commands import Command
from smsgw.at.events import read_final
from smsgw.at.urcs import TWO_LINE, is_urc
from smsgw.gsm.masking import mask_pdu
from smsgw.gsm.reader import PduError
from smsgw.modem.tape import GAP, Chunk, Direction

_LINE_END = re.compile(rb"[\r\n]")
_PDU = re.compile(r"[0-9A-Fa-f]{16,}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_BODY = re.compile(r"[0-9A-Fa-f]*[\x1a\x1b\r]?")
_QUOTED = re.compile(r'"[^"]*"?')
_NUMBER = re.compile(r"[0-9]{7,}")
_NAME = re.compile(r"[+^#!*$%&_]?[A-Z][A-Z0-9]*")
_UNKNOWN = re.compile(r"[^\x00-\x20\x7f]")
_LONG_DIGITS = re.compile(r"([0-9A-Fa-f]{6})([0-9A-Fa-f]+)")
_FIRST_FIELD = re.compile(r"[^,]*,")

# What stands in quotes behind these says where something lies or how the network is, never who wrote what.
_HARMLESS_QUOTES = ("+CPMS", "+CMTI", "+CDSI", "+COPS", "+CREG", "+CGREG", "+CEREG", "+CRSM", "+CSCS", "+QIND")
_TEXT_HEADERS = (*TWO_LINE, "+CMGR:", "+CMGL:")  # in text mode the message itself follows
_LONGEST_ANSWER = 40  # about the modem itself: a revision
_BEFORE = " \0>"  # blanks, and the prompt, which has no line end
_EMPTY_VERIFY = 10  # hex digits of a command to the SIM that stand before what is verified (ETSI TS 102 221 §10.1)


def redact(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Mask what must not leave the memory."""
    kept = list(chunks)
    ears = _Ears()
    masked: list[bytes | None] = []
    for chunk in kept:
        match chunk.direction:
            case Direction.WROTE:
                ears.command = chunk.command or ears.command
                masked.append(_wrote(chunk))
            case Direction.HEARD:
                ears.hear(chunk.data)
                masked.append(None)
            case Direction.EVENT:
                if chunk.data == GAP:
                    ears.lose_the_thread()
                masked.append(chunk.data)
    heard = ears.close()
    result = []
    position = 0
    for chunk, data in zip(kept, masked, strict=True):
        if data is None:
            data = heard[position : position + len(chunk.data)]
            position += len(data)
        result.append(replace(chunk, data=data, command=None))
    return result


def redact_words(text: str) -> str:
    """Mask the numbers in a sentence of ours that quotes a modem."""
    return _NUMBER.sub(_zeros, _PDU.sub(_zeros, text))


# ── what the gateway wrote ──


def _wrote(chunk: Chunk) -> bytes:
    text = chunk.data.decode("latin-1")
    if chunk.command is None:
        masked = _HEX.sub(_pdu, text) if _BODY.fullmatch(text) else _unknown(text)
    else:
        masked = _secret_command(text) if chunk.command.secret else _command_line(text)
    return masked.encode("latin-1")


def _secret_command(text: str) -> str:
    name, equals, rest = text.partition("=")
    return name + equals + re.sub(r"[0-9A-Za-z]", "*", rest)


def _command_line(text: str) -> str:
    if "+CSIM=" in text:
        head, quote, apdu = text.partition('"')
        return head + quote + apdu[:_EMPTY_VERIFY] + re.sub(r"[0-9A-Fa-f]", "0", apdu[_EMPTY_VERIFY:])
    return _parameters(text, text)


# ── what the modem said ──


class _Ears:
    """Puts lines together and masks each by what it can be: who is being answered, and what was announced."""

    def __init__(self) -> None:
        self.command: Command | None = None
        self.is_text = False  # the lines of a message may follow
        self._masked = bytearray()
        self._line = b""
        self._is_secret = False
        self._in_the_dark = False  # what came before is not kept

    def hear(self, data: bytes) -> None:
        """Take what was read."""
        start = 0
        self._note_secret()
        for end in _LINE_END.finditer(data):
            self._line += data[start : end.start()]
            self._end_line()
            self._masked += end[0]
            start = end.end()
        self._line += data[start:]

    def lose_the_thread(self) -> None:
        """Something is missing here: what comes is the rest of an unknown line, and the answer to nobody knows what."""
        self._masked += _unknown(self._line.decode("latin-1")).encode("latin-1")
        self._line = b""
        self._in_the_dark = True
        self.command, self.is_text = None, True

    def close(self) -> bytes:
        """Return all that was said, masked; the last line may be half a one."""
        self._end_line()
        return bytes(self._masked)

    def _note_secret(self) -> None:
        """A line is secret if a PIN was under way when any piece of it came."""
        self._is_secret = (self._is_secret and bool(self._line)) or (self.command is not None and self.command.secret)

    def _end_line(self) -> None:
        text = self._line.decode("latin-1")
        self._masked += (_unknown(text) if self._in_the_dark else self._mask(text)).encode("latin-1")
        self._line, self._in_the_dark = b"", False
        self._is_secret = self.command is not None and self.command.secret

    def _mask(self, text: str) -> str:
        bare = text.lstrip(_BEFORE)
        return text[: len(text) - len(bare)] + self._mask_bare(bare, bare.rstrip(_BEFORE)) if bare else text

    def _mask_bare(self, text: str, bare: str) -> str:
        if self._is_secret and "ERROR" not in text and not self.is_text and not is_urc(bare):
            return re.sub(r"[0-9]", "*", text)  # an echo of the PIN, perhaps with holes
        if read_final(bare) is not None:
            self.is_text = False
            return _NUMBER.sub(_zeros, text)
        if _PDU.fullmatch(bare) and not self._answers_with(bare):
            self.is_text = False
            return _PDU.sub(_pdu, text)
        return self._sentence(text, bare)

    def _sentence(self, text: str, bare: str) -> str:
        if bare.startswith(_TEXT_HEADERS):
            self.is_text = True
        elif self.is_text and not is_urc(bare):
            return _unknown(text)
        if bare.count('"') % 2:
            self.is_text = True  # a text of several lines
        if self._answers_with(bare):
            return _LONG_DIGITS.sub(_head_only, text)
        if is_urc(bare) or bare.startswith("AT") or (_NAME.match(bare) and bare[:1] in "+^#!*$%&_"):
            return _parameters(text, bare)
        return _unknown(text)

    def _answers_with(self, bare: str) -> bool:
        """Tell whether it is an answer about modem or SIM themselves: who made it, what its number is."""
        command = self.command
        if command is None or not command.bare or is_urc(bare):
            return False
        is_prefixed = not bare[:1].isalnum()
        return bare.startswith(command.prefixes) if is_prefixed else len(bare) <= _LONGEST_ANSWER


def _parameters(text: str, bare: str) -> str:
    """Mask the strings and numbers of a line that begins with a name."""
    name = _NAME.match(bare.removeprefix("AT"))
    if name is not None and name[0] == "+CUSD" and '"' not in text:
        head = _FIRST_FIELD.match(text)
        return text if head is None else head[0] + _letters(text[head.end() :])
    if name is None or name[0] not in _HARMLESS_QUOTES:
        text = _QUOTED.sub(lambda found: _letters(found[0]), text)
    return _NUMBER.sub(_zeros, _PDU.sub(_pdu, text))


def _pdu(found: re.Match[str]) -> str:
    digits = found[0]
    try:
        masked = mask_pdu(bytes.fromhex(digits)).hex()
    except (PduError, ValueError):
        return "0" * len(digits)
    return masked if digits == digits.lower() else masked.upper()


def _zeros(found: re.Match[str]) -> str:
    return "0" * len(found[0])


def _head_only(found: re.Match[str]) -> str:
    """The type of a modem, the country and issuer of a SIM; whose it is stays out."""
    return found[1] + "0" * len(found[2])


def _letters(text: str) -> str:
    return "".join(character if character in '",+*#' else _unknown(character) for character in text)


def _unknown(text: str) -> str:
    return _UNKNOWN.sub(lambda found: "0" if found[0] in "0123456789" else "x", text)
