"""Plays a recording as a modem: answers what a gateway writes as the recorded modem did, and says where they part.

`Player` is sans-IO: bytes in, what is to be said out. `Replay` gives it a pty and a clock.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from simmodem.pty_host import WHOLE, PtyHost
from simmodem.recording import Entry
from simmodem.turns import CR, CTRL_Z, ESC, Kind, Said, is_submission, turns_of

NEAR = 12  # turns that a gateway may leave out before it is more likely to be asking again
REPLUG_S = 1.0  # until a port that was lost is there again
UNKNOWN = b"\r\nERROR\r\n"


class Player:
    """Keeps the place in the recording. `tell` gets a sentence for every departure."""

    def __init__(self, entries: Sequence[Entry], tell: Callable[[str], None]) -> None:
        self._turns = turns_of(entries)
        self._tell = tell
        self._next = 0
        self._detour: int | None = None  # the body that belongs to a command answered as before
        self._wants_body = False
        self._input = b""

    @property
    def is_over(self) -> bool:
        """Tell whether everything was played."""
        return self._next == len(self._turns)

    def rewind(self) -> None:
        """Begin at the beginning."""
        self._next, self._detour, self._wants_body = 0, None, False

    def feed(self, data: bytes) -> list[Said]:
        """Take what the gateway wrote, in pieces of any size, and return what the modem says to it."""
        said = self._play(0) if self._next == 0 else []
        self._input += data
        while (piece := self._take()) is not None:
            said += self._meet(*piece)
        return said

    def _take(self) -> tuple[Kind, str] | None:
        """Take the next whole thing that was written: an ESC, a line, or a body up to its Ctrl-Z."""
        ends = (ESC, CTRL_Z) if self._wants_body else (ESC, CR, CTRL_Z)
        places = [(place, end) for end in ends if (place := self._input.find(end)) >= 0]
        if not places:
            return None
        place, end = min(places)
        text, self._input = self._input[:place].decode("latin-1"), self._input[place + 1 :]
        if end == ESC:
            return Kind.ESCAPE, ""
        if end == CTRL_Z:
            return Kind.BODY, text
        return (Kind.COMMAND, text.strip()) if text.strip() else self._take()

    def _meet(self, kind: Kind, text: str) -> list[Said]:
        self._wants_body = False
        match kind:
            case Kind.BODY:
                return self._meet_body()
            case Kind.ESCAPE:
                return self._meet_escape()
            case _:
                return self._meet_command(text)

    def _meet_body(self) -> list[Said]:
        detour, self._detour = self._detour, None
        if detour is not None:
            return self._turns[detour].answer
        if not self.is_over and self._turns[self._next].kind is Kind.BODY:
            return self._play(self._next)
        self._depart("wrote a body that nothing had asked for", "silence")
        return []

    def _meet_escape(self) -> list[Said]:
        """An ESC leaves a prompt, or it begins a new session."""
        found = self._ahead(Kind.ESCAPE, "", NEAR)
        if found is not None:
            return self._skip_to(found)
        if not self.is_over:
            self._depart("began anew", "played from the beginning")
        self.rewind()
        said = self._play(0)
        found = self._ahead(Kind.ESCAPE, "", NEAR)
        return said + (self._skip_to(found) if found is not None else [])

    def _meet_command(self, text: str) -> list[Said]:
        self._detour = None
        if self.is_over and not self._turns[-1].is_answered:
            self._depart(f"wrote {text}", "silence, as at the end")
            return []
        # However long the modem was asked this and that before the next message went out, that one is meant.
        reach = len(self._turns) if is_submission(text) else NEAR
        if (found := self._ahead(Kind.COMMAND, text, reach)) is not None:
            return self._skip_to(found)
        if (found := self._behind(text)) is not None:
            return self._repeat(found, text)
        if (found := self._ahead(Kind.COMMAND, text, len(self._turns))) is not None:
            return self._skip_to(found)
        self._depart(f"wrote {text}, which is nowhere in the recording", "ERROR")
        return [Said(after_s=0.0, data=UNKNOWN)]

    def _ahead(self, kind: Kind, text: str, reach: int) -> int | None:
        for index in range(self._next, min(self._next + reach, len(self._turns))):
            if self._turns[index].answers_to(kind, text):
                return index
            if not self._turns[index].may_be_skipped:
                return None
        return None

    def _behind(self, text: str) -> int | None:
        for index in reversed(range(self._next)):
            turn = self._turns[index]
            if turn.answers_to(Kind.COMMAND, text) and turn.is_answered:
                return index
        return None

    def _skip_to(self, index: int) -> list[Said]:
        """Leave out what the gateway has left out; what the modem said unasked meanwhile is said all the same."""
        left_out = self._turns[self._next : index]
        if left_out:
            lines = ", ".join(f"{turn.text or turn.kind.name} (line {turn.number})" for turn in left_out)
            self._depart(f"left out {lines}", f"as in line {self._turns[index].number}")
        return [said for turn in left_out for said in turn.news] + self._play(index)

    def _repeat(self, index: int, text: str) -> list[Said]:
        turn = self._turns[index]
        self._depart(f"wrote {text} again", f"as in line {turn.number}")
        body = index + 1
        if turn.prompts and body < len(self._turns) and self._turns[body].kind is Kind.BODY:
            self._detour, self._wants_body = body, True
        return turn.answer

    def _play(self, index: int) -> list[Said]:
        turn = self._turns[index]
        self._next = index + 1
        self._wants_body = turn.prompts
        if self.is_over:
            self._tell(f"line {turn.number}: the recording is over with the answer to this")
        return turn.answer + turn.news

    def _depart(self, what: str, answer: str) -> None:
        place = "behind the end" if self.is_over else f"line {self._turns[self._next].number}"
        self._tell(f"{place}: the gateway {what}; answered: {answer}")


class Replay:
    """A recording on a pty behind `link`; an asynchronous context manager. `speed` None leaves no pauses at all.

    Whenever the gateway begins a new session after the end, the recording is played once more.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        link: Path,
        *,
        speed: float | None = None,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.host = PtyHost(link, WHOLE, self._received)
        self._player = Player(entries, tell)
        self._speed = speed
        self._queue: deque[Said] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.host.link.parent.mkdir, parents=True, exist_ok=True)
        self._loop = asyncio.get_running_loop()
        self.host.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self.host.close()

    def _received(self, data: bytes) -> None:
        self._say(hurried=True)  # a gateway that is ahead of the recording is not kept waiting
        if not self.host.is_plugged:
            return
        self._queue.extend(self._player.feed(data))
        self._say()

    def _say(self, *, hurried: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            pause_s = self._queue[0].after_s / self._speed if self._speed else 0.0
            if pause_s and not hurried:
                self._timer = self._loop.call_later(pause_s, self._say_due)
                return
            self._say_one(self._queue.popleft())

    def _say_due(self) -> None:
        self._timer = None
        self._say_one(self._queue.popleft())
        self._say()

    def _say_one(self, said: Said) -> None:
        if said.data is not None:
            self.host.write([said.data])
            return
        self._queue.clear()
        self.host.flush()
        self.host.unplug()
        self._player.rewind()
        self._timer = self._loop.call_later(REPLUG_S, self._replug)

    def _replug(self) -> None:
        self._timer = None
        self.host.plug()
